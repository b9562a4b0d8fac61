"""Groups of classes that are followed apart, so that a bag never takes its bearer's track."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Detected
from tocsin.perceivers.people.again import found_again, remembered
from tocsin.perceivers.people.glimpse import Glimpse
from tocsin.perceivers.people.sights import AGAIN, Sight
from tocsin.physics.tracking import Tracked, Tracker, Tracking

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PERSON = "person"
VEHICLES = frozenset({"bicycle", "motorcycle", "car", "bus", "truck", "train", "boat"})

GROUPS = 3
"""Persons, vehicles, all else; their ids interleave, so that none is used twice."""

BLIND = 0.45
"""What a prediction alone is worth, beside a correlation, where a track has nothing to be known by."""

REACH, REACH_PER_S, REACH_NEW = 0.15, 0.6, 0.15
"""How far from its prediction a track is looked for, in shares of its height: always, per second, before it is sure."""


def group_of(label: str) -> int:
    """Which crew follows a class.

    >>> group_of("person"), group_of("bus"), group_of("suitcase")
    (0, 1, 2)
    """
    return 0 if label == PERSON else 1 if label in VEHICLES else 2


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One frame as crews see it: when it was, small pictures of it, and how the camera itself moved."""

    at: float
    glimpse: Glimpse
    motion: Floats | None = None


@dataclass(slots=True)
class Crew:
    """The tracker of one group, and what is known of each of its tracks beside their motion.

    `first` of its numbers were used by earlier trackers. `owns` and `located` are the tracks of the present frame
    and where they were found again, or should be.
    """

    group: int
    tracker: Tracker
    first: int = 0
    last: int = 0
    at: float = -np.inf
    sights: dict[int, Sight] = field(default_factory=dict)
    owns: list[int] = field(default_factory=list)
    located: Floats = field(default_factory=lambda: np.zeros((0, 4)))

    def id(self, own: int) -> int:
        """The id of a track among all crews.

        >>> Crew(2, Tracker()).id(1)
        3
        """
        return (self.first + own - 1) * GROUPS + self.group + 1

    def locate(self, seen: Seen) -> None:
        """Find the tracks again in a frame before the detector looks at it."""
        tracked = self.tracker.coast(seen.at, seen.motion)
        step_s = min(max(seen.at - self.at, 0.0), 1.0)
        self.at = seen.at
        self.owns = tracked.ids.tolist()
        self.sights = {own: self.sights[own] for own in self.owns}
        places = [
            self._found(own, box, seen.glimpse, step_s) for own, box in zip(self.owns, tracked.boxes, strict=True)
        ]
        self.located = np.array(places, np.float64).reshape(-1, 4)

    def hold(self, at: float) -> None:
        """Tell the tracker which tracks were found again: they are there, whether or not the detector looks."""
        again = np.array([self.sights[own].found_again for own in self.owns], np.bool_)
        rows = np.flatnonzero(again)
        self.tracker.follow(rows, self.located[rows])
        for row in rows.tolist():
            sight = self.sights[self.owns[row]]
            sight.seen, sight.agains = at, sight.agains + 1

    def take(self, seen: Seen, found: Detected, examined: Bools) -> Tracked:
        """Bring in what the detector found; `examined` says of which tracks it looked at the place."""
        boxes, scores = found.boxes.astype(np.float64), found.scores.astype(np.float64)
        tracked = self.tracker.update(seen.at, boxes, scores)
        looked = {own for own, yes in zip(self.owns, examined.tolist(), strict=True) if yes}
        for own, box, source in zip(tracked.ids.tolist(), tracked.boxes, tracked.source.tolist(), strict=True):
            if source >= 0:
                self._verify(own, seen, found.where(np.array([source])), box)
            elif own in looked:
                self.sights[own].miss(seen.at)
        self.last = max(self.last, *tracked.ids.tolist(), 0)
        self.sights = {own: self.sights[own] for own in tracked.ids.tolist()}
        return tracked

    def _found(self, own: int, box: Floats, glimpse: Glimpse, step_s: float) -> Floats:
        sight = self.sights[own]
        middle, half = (box[:2] + box[2:]) / 2, np.array(sight.size) / 2
        here = np.concatenate([middle - half, middle + half])
        if sight.look is None:
            sight.match = BLIND
            return here
        reach = REACH + REACH_PER_S * step_s + (0.0 if sight.confirmed else REACH_NEW)
        there, sight.match = found_again(glimpse, sight.look, here, reach * sight.size[1])
        return there if sight.match >= AGAIN else here

    def _verify(self, own: int, seen: Seen, found: Detected, box: Floats) -> None:
        """The detector saw it: `found` holds its one row."""
        at, name, score = seen.at, found.names[found.classes[0]], float(found.scores[0])
        size = float(box[2] - box[0]), float(box[3] - box[1])
        sight = self.sights.setdefault(own, Sight(at, at, at, score, size, hits=0))
        sight.verify(at, name, score, box, remembered(seen.glimpse, found.boxes[0].astype(np.float64)))


def crews(tracking: Tracking, size: tuple[int, int], after: Sequence[Crew] = ()) -> tuple[Crew, ...]:
    """One for each group, knowing nothing yet of a picture (height, width); ids go on behind those of earlier crews."""
    used = [one.first + one.last for one in after] or [0] * GROUPS
    return tuple(Crew(group, Tracker(tracking, size[1], size[0]), first) for group, first in enumerate(used))


def of_group(found: Detected, labels: Sequence[str], group: int) -> Detected:
    """What of it one crew follows."""
    return found.only(*(label for label in labels if group_of(label) == group))
