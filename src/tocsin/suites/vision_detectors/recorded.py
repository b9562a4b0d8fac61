"""Recorded boxes (MOT15): public detections through our tracker, judged by what the labelled boxes give.

Areas, lines and directions are drawn at random where labelled people walk. A finding on the labelled boxes is an
event; one that only lenient settings give there counts neither way; all others on the detections are false.
"""

from collections.abc import Iterator, Sequence
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.city.cameras import Area, Camera, Line
from tocsin.contract.camera_cases import CAMERA
from tocsin.contract.folding import findings
from tocsin.contract.pictures import Track, Tracks
from tocsin.contract.walk import configured, member_of
from tocsin.model import ConfigError, Finding, Observation, Origin
from tocsin.physics.tracking import Tracker
from tocsin.sim.lookout import AS_LIVE
from tocsin.suites.vision_detectors.judging import Span, Tally, Truth
from tocsin.suites.vision_detectors.staging import Set
from tocsin.suites.vision_detectors.watching import AT

Floats = NDArray[np.float64]

KINDS = ("vision.zone", "vision.line", "vision.wrong-way")
"""What needs no metres, and happens within seconds."""

LENIENT: dict[str, dict[str, Any]] = {
    "vision.zone": {"confirm_s": 0.4, "frames_min": 1, "moved_heights": 0.0, "margin_heights": 0.0},
    "vision.line": {"margin_heights": 0.02, "settle_s": 0.0, "frames_min": 2},
    "vision.wrong-way": {"against_m": 2.0, "against_s": 0.5, "angle_deg": 75.0},
}
"""Settings under which a finding on labelled boxes excuses one on detections."""

APART_S = 3.0
"""A finding may be told so much earlier or later than on the labelled boxes."""

ANALYSED_PER_S = 5.0


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: labelled boxes and detections per frame as id, x1, y1, x2, y2, score (pixels)."""

    name: str
    size: tuple[int, int]
    frames_per_s: float
    frames: int
    truth: dict[int, Floats]
    found: dict[int, Floats]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.frames / self.frames_per_s

    @property
    def every(self) -> int:
        """Every so manyth frame is analysed."""
        return max(1, round(self.frames_per_s / ANALYSED_PER_S))


def sequences(folder: Path) -> list[Recording]:
    """All recordings of a folder in the form of the MOTChallenge; none where there is no such folder."""
    return [_sequence(path.parent) for path in sorted(folder.glob("*/seqinfo.ini"))]


def _sequence(folder: Path) -> Recording:
    told = ConfigParser()
    try:
        told.read_string((folder / "seqinfo.ini").read_text(encoding="utf-8"))
        info = told["Sequence"]
        size, frames = (int(info["imWidth"]), int(info["imHeight"])), int(info["seqLength"])
        truth = np.loadtxt(folder / "gt" / "gt.txt", delimiter=",", ndmin=2)
        found = np.loadtxt(folder / "det" / "det.txt", delimiter=",", ndmin=2)
        rate = float(info["frameRate"])
    except (OSError, IniError, KeyError, ValueError) as error:
        raise ConfigError(f"{folder} is no recording in the form of the MOTChallenge: {error}.") from error
    return Recording(folder.name, size, rate, frames, _by_frame(truth[truth[:, 6] != 0]), _by_frame(found))


def _by_frame(rows: Floats) -> dict[int, Floats]:
    boxes = np.column_stack([rows[:, 1], rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6], rows[:, 6]])
    frames = rows[:, 0].astype(np.int64)
    return {int(frame): boxes[frames == frame] for frame in np.unique(frames)}


_NO_BOXES = np.zeros((0, 6))


def labelled(of: Recording) -> list[Observation[Tracks]]:
    """The labelled boxes as if a perceiver had told them."""
    since: dict[int, float] = {}
    told = []
    for frame in range(1, of.frames + 1, of.every):
        at = AT + frame / of.frames_per_s
        rows = of.truth.get(frame, _NO_BOXES)
        told.append(_told(of, frame, [_track(of, row, at=since.setdefault(int(row[0]), at)) for row in rows]))
    return told


def tracked(of: Recording) -> list[Observation[Tracks]]:
    """The detections through our tracker. Scores of other detectors than ours are made usable by their ranks."""
    tracker, told = Tracker(AS_LIVE), []
    scores = np.sort(np.concatenate([rows[:, 5] for rows in of.found.values()] or [np.zeros(0)]))
    for frame in range(1, of.frames + 1, of.every):
        rows = of.found.get(frame, _NO_BOXES)
        ranks = np.searchsorted(scores, rows[:, 5]) / max(1, len(scores))
        now = tracker.update(frame / of.frames_per_s, rows[:, 1:5], 0.4 + 0.5 * ranks)
        sure = now.only(now.confirmed)
        boxes = zip(sure.ids.tolist(), sure.boxes, sure.since.tolist(), sure.seen.tolist(), strict=True)
        some = [_track(of, np.array([one, *box]), at=AT + since, held=not seen) for one, box, since, seen in boxes]
        told.append(_told(of, frame, some))
    return told


def _track(of: Recording, row: Floats, *, at: float, held: bool = False) -> Track:
    x1, y1, x2, y2 = np.clip(row[1:5] / (of.size * 2), 0.0, 1.0).tolist()
    return Track(id=int(row[0]), label="person", box=(x1, y1, x2, y2), since=at, held=held)


def _told(of: Recording, frame: int, tracks: Sequence[Track]) -> Observation[Tracks]:
    return Observation(
        at=AT + frame / of.frames_per_s,
        origin=Origin.REPLAY,
        source=CAMERA,
        seq=frame,
        body=Tracks(tracks=tuple(tracks), every_s=of.every / of.frames_per_s, number=frame),
        level=Tracks.level,
    )


def set_ups(of: Recording, chance: np.random.Generator, count: int) -> Iterator[Set]:
    """Cameras with an area, a lane and a line each, where labelled people walk."""
    feet = np.concatenate([_feet(rows) for rows in of.truth.values()]) / of.size
    heights = np.concatenate([rows[:, 4] - rows[:, 2] for rows in of.truth.values()]) / of.size[1]
    aspect = of.size[0] / of.size[1]
    for _ in range(count):
        (x, y), (u, v), (p, q) = feet[chance.integers(len(feet), size=3)]
        tall = float(np.median(heights))
        angle, long = float(chance.uniform(0, 2 * pi)), 1.2 * tall
        dx, dy = cos(angle) * long / aspect, sin(angle) * long
        line = Line(id="line", a=_clipped(x - dx, y - dy), b=_clipped(x + dx, y + dy), allowed="forward")
        yard = _block("yard", u, v, tall, aspect, forbidden=("person",))
        lane = _block("lane", p, q, 2 * tall, aspect, toward_deg=float(chance.uniform(0, 360)))
        yield Set.of(Camera(picture=of.size, areas=(yard, lane), lines=(line,), analytics=KINDS))


def _feet(rows: Floats) -> Floats:
    return np.column_stack([(rows[:, 1] + rows[:, 3]) / 2, rows[:, 4]])


def _clipped(x: float, y: float) -> tuple[float, float]:
    return min(1.0, max(0.0, float(x))), min(1.0, max(0.0, float(y)))


def _block(id: str, x: float, y: float, tall: float, aspect: float, **more: Any) -> Area:  # noqa: ANN401
    wide = tall / aspect
    corners = ((x - wide, y - tall / 2), (x + wide, y - tall / 2), (x + wide, y + tall / 2), (x - wide, y + tall / 2))
    return Area(id=id, ring=tuple(_clipped(*corner) for corner in corners), **more)


def compare(of: Recording, chance: np.random.Generator, count: int, tallies: dict[str, Tally]) -> None:
    """Count, over some set-ups, what is found on the detections against what the labelled boxes give."""
    true, seen = labelled(of), tracked(of)
    for number, made in enumerate(set_ups(of, chance, count)):
        for kind in KINDS:
            events = _said(kind, {}, true, made)
            either = _said(kind, LENIENT[kind], true, made)
            truth = Truth(tuple(_span(one, 0.0) for one in events), tuple(_span(one, 2.0) for one in either))
            told = _said(kind, {}, seen, made)
            tallies.setdefault(kind, Tally()).add(truth, told, AT, of.seconds, f"{of.name} {number}")


def _said(kind: str, settings: dict[str, Any], facts: Sequence[Observation[Tracks]], made: Set) -> list[Finding]:
    found = findings(configured(member_of("detectors", kind), settings), facts, made.resources)
    return list({one.id: one for one in reversed(found)}.values())


def _span(finding: Finding, more_s: float) -> Span:
    at = finding.at - AT
    return Span(at - APART_S - more_s, at + APART_S + more_s)
