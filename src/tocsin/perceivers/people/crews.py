"""Groups of classes that are followed apart, so that a bag never takes its bearer's track."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Detected
from tocsin.physics.tracking import Tracked, Tracker, Tracking

Floats = NDArray[np.float64]

PERSON = "person"
VEHICLES = frozenset({"bicycle", "motorcycle", "car", "bus", "truck", "train", "boat"})

GROUPS = 3
"""Persons, vehicles, all else; their ids interleave, so that none is used twice."""


def group_of(label: str) -> int:
    """Which crew follows a class.

    >>> group_of("person"), group_of("bus"), group_of("suitcase")
    (0, 1, 2)
    """
    return 0 if label == PERSON else 1 if label in VEHICLES else 2


@dataclass(slots=True)
class Crew:
    """The tracker of one group, and for each of its tracks how often it was called what."""

    group: int
    tracker: Tracker
    first: int = 0
    last: int = 0
    votes: dict[int, dict[str, float]] = field(default_factory=dict)

    def id(self, own: int) -> int:
        """The id of a track among all crews; `first` of its numbers were used by an earlier tracker.

        >>> Crew(2, Tracker()).id(1)
        5
        """
        return (self.first + own - 1) * GROUPS + self.group + 1

    def label(self, own: int) -> str:
        """What a track was called most often, weighted by score."""
        votes = self.votes[own]
        return max(votes, key=lambda name: (votes[name], name))

    def follow(self, at: float, found: Detected, motion: Floats | None) -> Tracked:
        """Take what was found in one frame."""
        tracked = self.tracker.update(at, found.boxes.astype(np.float64), found.scores.astype(np.float64), motion)
        for own, row in zip(tracked.ids.tolist(), tracked.source.tolist(), strict=True):
            if row >= 0:
                votes = self.votes.setdefault(own, {})
                name = found.names[found.classes[row]]
                votes[name] = votes.get(name, 0.0) + float(found.scores[row])
        self.last = max(self.last, *tracked.ids.tolist(), 0)
        alive = set(tracked.ids.tolist())
        self.votes = {own: votes for own, votes in self.votes.items() if own in alive}
        return tracked


def crews(tracking: Tracking, after: Sequence[Crew] = ()) -> tuple[Crew, ...]:
    """One for each group, knowing nothing yet; ids go on behind those of earlier crews."""
    used = [one.first + one.last for one in after] or [0] * GROUPS
    return tuple(Crew(group, Tracker(tracking), first) for group, first in enumerate(used))


def of_group(found: Detected, labels: Sequence[str], group: int) -> Detected:
    """What of it one crew follows."""
    return found.only(*(label for label in labels if group_of(label) == group))
