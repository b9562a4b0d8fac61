"""From tracks in pixels to bodies: the scene for other perceivers, the tracks for everybody."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.camera_views import CameraView
from tocsin.contract.pictures import Frame, Scene, Track, Tracks
from tocsin.contract.raster import EMPTY, Raster
from tocsin.perceivers.people.sights import Sight

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STEP_S = 0.5
"""The speed on the ground is that over so long a way ahead."""

SD_SHARE = 0.05
"""Standard deviation of where somebody stands, in shares of the box's height."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """The tracks of one crew in one frame, row by row, with their ids among all crews.

    `seen` by the detector or found again in this very frame; `told` to everybody, not to perceivers alone.
    """

    ids: tuple[int, ...]
    sights: tuple[Sight, ...]
    boxes: Floats
    velocities_px_s: Floats
    since: Floats
    seen: Bools
    told: Bools


def scene(
    frame: Frame,
    known: tuple[Known, ...],
    *,
    extra_px: Floats,
    detected: bool,
    moving: Bools,
    motion: Floats | None = None,
) -> Scene:
    """All that was found in a frame."""
    boxes = np.concatenate([one.boxes for one in known])
    sights = [sight for one in known for sight in one.sights]
    return Scene(
        frame=frame,
        ids=tuple(track for one in known for track in one.ids),
        labels=tuple(sight.label for sight in sights),
        boxes_px=Raster.of(boxes) if len(boxes) else EMPTY,
        scores=tuple(round(sight.score, 3) for sight in sights),
        seen=tuple(seen for one in known for seen in one.seen.tolist()),
        confirmed=tuple(told for one in known for told in one.told.tolist()),
        detected=detected,
        extra_px=Raster.of(extra_px) if len(extra_px) else EMPTY,
        moving=Raster.of(moving.astype(np.uint8) * np.uint8(255)),
        motion=EMPTY if motion is None else Raster.of(motion),
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
    stands = _on_ground(known, view, size) if view.ground is not None else _in_picture(known, size)
    boxes = np.clip(known.boxes / (*size, *size), 0.0, 1.0).tolist()
    return [
        Track(
            id=known.ids[row],
            label=known.sights[row].label,
            box=(boxes[row][0], boxes[row][1], boxes[row][2], boxes[row][3]),
            since=float(known.since[row]),
            score=round(known.sights[row].score, 3),
            held=not known.seen[row],
            **stands[row],
        )
        for row in np.flatnonzero(known.told).tolist()
    ]


def _in_picture(known: Known, size: tuple[int, int]) -> list[dict[str, float]]:
    """Speeds in picture heights per second; up in the picture is north."""
    speeds = known.velocities_px_s / size[1]
    return [{"speed_east": east, "speed_north": -south} for east, south in speeds.tolist()]


def _on_ground(known: Known, view: CameraView, size: tuple[int, int]) -> list[dict[str, object]]:
    """Metres from the camera with covariance, and metres per second, for those that stand on the plane."""
    ground = view.ground
    assert ground is not None  # noqa: S101  # asked for only where it is calibrated
    set_up = np.array(view.camera.picture) / size
    feet = np.column_stack([known.boxes[:, [0, 2]].mean(axis=1), known.boxes[:, 3]])
    sd_px = SD_SHARE * (known.boxes[:, 3] - known.boxes[:, 1]) * set_up[1]
    here, covariance = ground.to_ground(feet * set_up, sd_px)
    there, _ = ground.to_ground((feet + STEP_S * known.velocities_px_s) * set_up, 0.0)
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
