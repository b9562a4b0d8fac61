"""What really happened before a camera, from the true ways, and how a detector's findings compare with it.

Between what must be found and what must not lies what may be found: somebody at the edge of an area, a way
against the direction that is just too short. Findings there count neither way.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, radians, sin
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.city.cameras import Area, Line
from tocsin.contract.camera_post import is_named
from tocsin.contract.outlines import Outline, Stroke
from tocsin.model import Finding
from tocsin.sim.lookout import Lens, hidden_shares
from tocsin.sim.walkers import Moment, Walker
from tocsin.suites.vision_detectors.staging import Ground

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LATE_S = 2.0
"""So long after its end an event may still be told."""


class Span(NamedTuple):
    """A time from and until, seconds of the run."""

    since: float
    until: float

    def holds(self, at: float) -> bool:
        """Whether it holds then."""
        return self.since <= at <= self.until

    def covers(self, at: float) -> bool:
        """Whether what is told then can be about it: during it, or a moment later."""
        return self.since <= at <= self.until + LATE_S


@dataclass(frozen=True, slots=True)
class Truth:
    """Events that must be found, and times at which a finding counts neither way."""

    events: tuple[Span, ...] = ()
    either: tuple[Span, ...] = ()


@dataclass(slots=True)
class Way:
    """The true way of one walker: times, places, speeds, whether seen well, and how far down."""

    label: str
    at_s: Floats
    places: Floats
    velocities: Floats
    seen: Bools
    down: Floats

    @property
    def speeds(self) -> Floats:
        """Metres per second."""
        speeds: Floats = np.linalg.norm(self.velocities, axis=1)
        return speeds


def ways(moments: Sequence[Moment], walkers: Sequence[Walker], lens: Lens, fine_px_m: float) -> list[Way]:
    """The true ways of all walkers; well seen from so many pixels per metre on."""
    rows: dict[int, list[tuple[float, Floats, Floats, bool, float]]] = {}
    for moment in moments:
        seen = well_seen(moment, walkers, lens, fine_px_m)
        for n, who in enumerate(moment.who.tolist()):
            row = (moment.at_s, moment.places[n], moment.velocities[n], bool(seen[n]), float(moment.down[n]))
            rows.setdefault(who, []).append(row)
    return [_way(walkers[who].label, own) for who, own in rows.items()]


def _way(label: str, rows: list[tuple[float, Floats, Floats, bool, float]]) -> Way:
    at_s, places, velocities, seen, down = zip(*rows, strict=True)
    return Way(label, np.array(at_s), np.array(places), np.array(velocities), np.array(seen), np.array(down))


def well_seen(moment: Moment, walkers: Sequence[Walker], lens: Lens, fine_px_m: float) -> Bools:
    """Who is whole in the picture, with pixels enough, and not mostly hidden."""
    boxes, depth = lens.boxes(moment, walkers)
    if not len(boxes):
        return np.zeros(0, dtype=bool)
    focal_px = lens.width / 2 / np.tan(np.radians(lens.pose.field_deg) / 2)
    whole = (boxes[:, 0] > 1) & (boxes[:, 2] < lens.width - 1) & (boxes[:, 3] < lens.height - 1) & (boxes[:, 1] > 1)
    seen: Bools = whole & (focal_px / np.maximum(depth, 0.1) >= fine_px_m) & (hidden_shares(boxes, depth) < 0.5)
    return seen


def spans(holds: Bools, at_s: Floats, least_s: float = 0.0) -> list[Span]:
    """The times over which something holds, those of at least so many seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    found = [Span(float(at_s[a]), float(at_s[b - 1])) for a, b in edges.reshape(-1, 2)]
    return [one for one in found if one.until - one.since >= least_s]


def _wider(some: Iterable[Span], before_s: float, after_s: float) -> list[Span]:
    return [Span(one.since - before_s, one.until + after_s) for one in some]


def _depths(way: Way, ground: Ground) -> Floats:
    outline = Outline.of(ground.corners_m, 1.0)
    return np.array([outline.depth(*place) for place in way.places.tolist()])


def _steady(seen: Bools, at_s: Floats, gap_s: float = 1.0) -> Bools:
    """Seen, but for short gaps."""
    steady = seen.copy()
    for one in spans(~seen, at_s):
        if one.until - one.since <= gap_s:
            steady |= (at_s >= one.since) & (at_s <= one.until)
    return steady


def trespasses(all_ways: Sequence[Way], grounds: Sequence[Ground]) -> Truth:
    """Who is surely inside a forbidden area for long enough, and who is near it."""
    events, either = [], []
    for ground in grounds:
        if not isinstance(ground.entry, Area) or not ground.entry.forbidden:
            continue
        for way in all_ways:
            depths = _depths(way, ground)
            if is_named(way.label, ground.entry.forbidden):
                events += spans((depths >= 0.3) & _steady(way.seen, way.at_s), way.at_s, 3.5)
                either += _wider(spans(depths >= -0.7, way.at_s), 1.0, 4.0)
    return Truth(tuple(events), tuple(either))


_REFUSED = {"forward": (-1,), "backward": (1,), "none": (1, -1), "both": ()}


def crossings(all_ways: Sequence[Way], grounds: Sequence[Ground]) -> Truth:
    """Who surely passes a line in a direction that it refuses, and who is near it."""
    events: list[Span] = []
    either: list[Span] = []
    for ground in grounds:
        if isinstance(ground.entry, Line):
            stroke = Stroke(*ground.corners_m)
            for way in all_ways:
                if is_named(way.label, ground.entry.labels):
                    events += _passes(way, stroke, _REFUSED[ground.entry.allowed])
                    near = np.array([_near(stroke, place) for place in way.places.tolist()])
                    either += _wider(spans(near <= 0.7, way.at_s), 1.0, 4.0)
    return Truth(tuple(events), tuple(either))


def _passes(way: Way, stroke: Stroke, refused: tuple[int, ...]) -> list[Span]:
    """North is up on the ground and down in a picture: which side is left is turned here."""
    turned = [(east, -north) for east, north in way.places.tolist()]
    flat = Stroke((stroke.a[0], -stroke.a[1]), (stroke.b[0], -stroke.b[1]))
    steady = _steady(way.seen, way.at_s)
    found = []
    for n, (was, now) in enumerate(pairwise(turned)):
        if flat.passed(was, now) in refused:
            at = float(way.at_s[n + 1])
            around = (way.at_s >= at - 1.6) & (way.at_s <= at + 1.6)
            if steady[around].all() and around.sum() >= 12 and _both_sides(flat, turned, np.flatnonzero(around)):
                found.append(Span(at, at + 3.0))
    return found


def _both_sides(stroke: Stroke, places: Sequence[tuple[float, float]], rows: NDArray[np.int64]) -> bool:
    left = [stroke.left(*places[row]) for row in rows]
    return max(left) >= 0.6 and min(left) <= -0.6


def _near(stroke: Stroke, place: Sequence[float]) -> float:
    """How far a place is from a line between its ends."""
    (ax, ay), (bx, by) = stroke.a, stroke.b
    dx, dy = bx - ax, by - ay
    along = ((place[0] - ax) * dx + (place[1] - ay) * dy) / (dx * dx + dy * dy)
    along = min(1.0, max(0.0, along))
    return float(np.hypot(place[0] - ax - along * dx, place[1] - ay - along * dy))


def contraries(all_ways: Sequence[Way], grounds: Sequence[Ground]) -> Truth:
    """Who surely goes against the direction of an area, and who does a little."""
    events, either = [], []
    for ground in grounds:
        toward = ground.toward_deg
        if toward is None:
            continue
        for way in all_ways:
            inside = _depths(way, ground) >= 0.1
            for one in spans(inside & _steady(way.seen, way.at_s), way.at_s):
                back = _back_m(way, one, toward)
                events += spans(back >= 6.0, way.at_s[: len(back)])[:1] and [_from(way, back, 4.0, one)]
            for one in spans(_depths(way, ground) >= -0.5, way.at_s):
                back = _back_m(way, one, toward)
                either += [Span(_from(way, back, 1.5, one).since, one.until + 3.0)] if (back >= 1.5).any() else []
    return Truth(tuple(events), tuple(either))


def _back_m(way: Way, span: Span, toward_deg: float) -> Floats:
    """How far back from the farthest point along a bearing, over the whole way; nothing outside the span."""
    along = way.places @ np.array([sin(radians(toward_deg)), cos(radians(toward_deg))])
    within = (way.at_s >= span.since) & (way.at_s <= span.until)
    peak = np.maximum.accumulate(np.where(within, along, -np.inf))
    back: Floats = np.where(within, peak - along, 0.0)
    return back


def _from(way: Way, back: Floats, least_m: float, span: Span) -> Span:
    first = int(np.argmax(back >= least_m))
    return Span(float(way.at_s[first]), span.until)


def stays(all_ways: Sequence[Way], grounds: Sequence[Ground]) -> Truth:
    """Who surely stays longer than an area allows, and who nearly does."""
    events, either = [], []
    for ground in grounds:
        if not isinstance(ground.entry, Area) or ground.entry.loiter_s is None:
            continue
        for way in all_ways:
            long = spans((_depths(way, ground) >= 0.2) & _steady(way.seen, way.at_s, 1.5), way.at_s)
            least = ground.entry.loiter_s
            events += [Span(one.since + least - 3, one.until) for one in long if one.until - one.since >= least + 3]
            near = spans(_depths(way, ground) >= -0.5, way.at_s, 0.8 * least)
            either += [Span(one.since + 0.8 * least, one.until + 4.0) for one in near]
    return Truth(tuple(events), tuple(either))


def rushes(all_ways: Sequence[Way], _grounds: Sequence[Ground]) -> Truth:
    """When at least four surely run at once, and when some nearly do."""
    running = _counted(all_ways, 2.6, seen=True)
    near = _counted(all_ways, 1.9, seen=False)
    events = spans(running[1] >= 4, running[0], 2.4)
    return Truth(tuple(events), tuple(_wider(spans(near[1] >= 3, near[0]), 1.0, 3.0)))


def _counted(all_ways: Sequence[Way], least_m_s: float, *, seen: bool) -> tuple[Floats, Floats]:
    """How many people are that fast at each time."""
    times = np.unique(np.concatenate([way.at_s for way in all_ways] or [np.zeros(0)]))
    counts = np.zeros(len(times))
    for way in all_ways:
        if way.label == "person":
            fast = (way.speeds >= least_m_s) & (way.seen | (not seen))
            counts[np.searchsorted(times, way.at_s[fast])] += 1
    return times, counts


def scatterings(all_ways: Sequence[Way], _grounds: Sequence[Ground]) -> Truth:
    """When at least six of one group who stood begin to run within a second and a half."""
    starts = sorted(float(at) for way in all_ways if way.label == "person" for at in _starts(way))
    events: list[Span] = []
    either: list[Span] = []
    for at in starts:
        together = [one for one in starts if at <= one <= at + 1.5]
        if len(together) >= 8 and not any(one.holds(at) for one in events):
            events.append(Span(at, at + 6.0))
        if len(together) >= 4:
            either.append(Span(at - 1.0, at + 15.0))
    return Truth(tuple(events), tuple(either))


def _starts(way: Way) -> Floats:
    """When somebody who is seen begins to run after walking at most."""
    speeds = way.speeds
    fast = np.flatnonzero((speeds[1:] >= 1.9) & (speeds[:-1] < 1.9) & way.seen[1:]) + 1
    return np.array([way.at_s[row] for row in fast if speeds[max(0, row - 15) : row].mean() < 1.0])


def falls(all_ways: Sequence[Way], _grounds: Sequence[Ground]) -> Truth:
    """Who surely lies after standing for a while, and who is down at all."""
    events, either = [], []
    for way in all_ways:
        for one in spans((way.down > 0.9) & _steady(way.seen, way.at_s, 3.0), way.at_s, 8.0):
            before = (way.at_s >= one.since - 3.0) & (way.at_s < one.since - 1.0)
            if before.sum() >= 8 and way.seen[before].mean() > 0.8:
                events.append(Span(one.since, one.until))
        either += _wider(spans(way.down > 0.6, way.at_s), 1.0, 3.0)
    return Truth(tuple(events), tuple(either))


Judge = Callable[[Sequence[Way], Sequence[Ground]], Truth]

JUDGES: dict[str, Judge] = {
    "vision.zone": trespasses,
    "vision.line": crossings,
    "vision.wrong-way": contraries,
    "vision.loitering": stays,
    "vision.running": rushes,
    "vision.dispersal": scatterings,
    "vision.fall": falls,
}


@dataclass(slots=True)
class Tally:
    """Events that there were, that were found, and findings that were of none.

    `found`: each finding finds one event at most; `noticed`: at some finding somebody looks there in time,
    whoever it was about. Findings beyond the number of events are not false (`right` counts them all).
    """

    events: int = 0
    found: int = 0
    noticed: int = 0
    right: int = 0
    false: int = 0
    either: int = 0
    hours: float = 0.0
    delays_s: list[float] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    def told(self, most: int = 60) -> list[str]:
        """What went wrong and where: what was false first."""
        return sorted(self.runs, key=lambda run: "missed" in run)[:most]

    def add(  # what was true and what was said, of one run
        self, truth: Truth, findings: Sequence[Finding], began: float, lasting_s: float, run: str
    ) -> list[Finding]:
        """Count one run; gives the false findings. A finding counts once per id, at its first telling."""
        self.hours += lasting_s / 3600.0
        self.events += len(truth.events)
        first = {one.id: one for one in reversed(findings)}
        at_s = sorted(one.at - began for one in first.values())
        free = list(at_s)
        for event in sorted(truth.events, key=lambda one: (one.until, one.since)):
            told_at = next((at for at in free if event.covers(at)), None)
            self.noticed += any(map(event.covers, at_s))
            if told_at is None:
                self.runs.append(f"{run}: missed at {event.since:.0f} s")
            else:
                free.remove(told_at)
                self.found += 1
                self.delays_s.append(told_at - event.since)
        return [one for one in first.values() if self._is_false(truth, one.at - began, run)]

    def _is_false(self, truth: Truth, at: float, run: str) -> bool:
        """Count one finding as right, false, or neither."""
        if any(one.covers(at) for one in truth.events):
            self.right += 1
            return False
        if any(one.holds(at) for one in truth.either):
            self.either += 1
            return False
        self.false += 1
        self.runs.append(f"{run}: false at {at:.0f} s")
        return True
