"""From tracks in pixels to bodies: the scene for other perceivers, the tracks for everybody."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.camera_views import CameraView
from tocsin.contract.pictures import Frame, Scene, Track, Tracks
from tocsin.contract.raster import EMPTY, Raster
from tocsin.physics.tracking import Tracked

Floats = NDArray[np.float64]

STEP_S = 0.5
"""The speed on the ground is that over so long a way ahead."""


@dataclass(frozen=True, slots=True)
class Known:
    """The tracks of one crew in one frame, with their ids among all crews and their labels."""

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    tracked: Tracked


def scene(frame: Frame, known: tuple[Known, ...], *, extra_px: Floats, detected: bool) -> Scene:
    """All that was found in a frame."""
    boxes = np.concatenate([one.tracked.boxes for one in known])
    return Scene(
        frame=frame,
        ids=tuple(track for one in known for track in one.ids),
        labels=tuple(label for one in known for label in one.labels),
        boxes_px=Raster.of(boxes) if len(boxes) else EMPTY,
        scores=tuple(score for one in known for score in one.tracked.scores.tolist()),
        seen=tuple(seen for one in known for seen in one.tracked.seen.tolist()),
        confirmed=tuple(sure for one in known for sure in one.tracked.confirmed.tolist()),
        detected=detected,
        extra_px=Raster.of(extra_px) if len(extra_px) else EMPTY,
    )


def tracks(
    frame: Frame, known: tuple[Known, ...], view: CameraView, *, told: frozenset[int], every_s: float
) -> tuple[Tracks, frozenset[int]]:
    """The confirmed tracks, those of `told` that are over, and the ids told now."""
    height, width = frame.picture.shape[:2]
    made = [track for one in known for track in _tracks(one, view, (width, height))]
    ids = frozenset(track.id for track in made)
    body = Tracks(
        tracks=tuple(made),
        ended=tuple(sorted(told - ids)),
        every_s=every_s,
        calibrated=view.ground is not None,
        number=frame.number,
    )
    return body, ids


def _tracks(known: Known, view: CameraView, size: tuple[int, int]) -> list[Track]:
    rows = np.flatnonzero(known.tracked.confirmed)
    if not len(rows):
        return []
    tracked = known.tracked.only(known.tracked.confirmed)
    stands = _on_ground(tracked, view, size) if view.ground is not None else _in_picture(tracked, size)
    boxes = np.clip(tracked.boxes / (*size, *size), 0.0, 1.0).tolist()
    return [
        Track(
            id=known.ids[row],
            label=known.labels[row],
            box=(box[0], box[1], box[2], box[3]),
            since=since,
            score=round(score, 3),
            held=not seen,
            **stand,
        )
        for row, box, since, score, seen, stand in zip(
            rows.tolist(),
            boxes,
            tracked.since.tolist(),
            tracked.scores.tolist(),
            tracked.seen.tolist(),
            stands,
            strict=True,
        )
    ]


def _in_picture(tracked: Tracked, size: tuple[int, int]) -> list[dict[str, float]]:
    """Speeds in picture heights per second; up in the picture is north."""
    speeds = tracked.velocities_px_s / size[1]
    return [{"speed_east": east, "speed_north": -south} for east, south in speeds.tolist()]


def _on_ground(tracked: Tracked, view: CameraView, size: tuple[int, int]) -> list[dict[str, object]]:
    """Metres from the camera with covariance, and metres per second, for those that stand on the plane."""
    ground = view.ground
    assert ground is not None  # noqa: S101  # asked for only where it is calibrated
    set_up = np.array(view.camera.picture) / size
    feet = np.column_stack([tracked.boxes[:, [0, 2]].mean(axis=1), tracked.boxes[:, 3]])
    sd_px = 0.05 * (tracked.boxes[:, 3] - tracked.boxes[:, 1]) * set_up[1]
    here, covariance = ground.to_ground(feet * set_up, sd_px)
    there, _ = ground.to_ground((feet + STEP_S * tracked.velocities_px_s) * set_up, 0.0)
    speeds = (there - here) / STEP_S
    return [
        {
            "east_m": east,
            "north_m": north,
            "covariance_m2": (of[0][0], of[0][1], of[1][1]),
            "speed_east": speed[0],
            "speed_north": speed[1],
        }
        if np.isfinite([east, north, *speed]).all()
        else {}
        for (east, north), of, speed in zip(here.tolist(), covariance.tolist(), speeds.tolist(), strict=True)
    ]
