"""Who is and was near to a thing, and what a detector calls it: from the tracks of the last seconds."""

from collections import deque
from dataclasses import dataclass, field
from math import exp, hypot

from tocsin.contract.pictures import Box, Scene

PERSON = "person"

REMEMBERED = 64
"""Pictures of which it is remembered who stood where."""

BEGAN_S = 3.0
"""So long before and after something began to stand still, whoever was near may have left it."""

CALLED_S = 6.0
"""How fast what a detector called something is forgotten."""

CALLED_MIN = 0.3
"""A thing is called by a name that held for at least this share of the last time."""

OVERLAP_MIN = 0.3
"""A box calls a thing by its name where they cover at least this share of the thing."""


@dataclass(frozen=True, slots=True)
class Present:
    """The boxes (shares of the picture) of one moment, with their tracks and names."""

    at: float
    ids: tuple[int, ...]
    labels: tuple[str, ...]
    boxes: tuple[Box, ...]

    @classmethod
    def of(cls, scene: Scene, at: float) -> "Present":
        """Whom and what a scene holds, as far as it is sure of them."""
        height, width = scene.frame.picture.shape[:2]
        boxes = scene.boxes_px.array.reshape(-1, 4).tolist() if scene.ids else []
        sure = [n for n in range(len(scene.ids)) if scene.confirmed[n]]
        shares = [(b[0] / width, b[1] / height, b[2] / width, b[3] / height) for b in boxes]
        return cls(
            at,
            tuple(scene.ids[n] for n in sure),
            tuple(scene.labels[n] for n in sure),
            tuple(shares[n] for n in sure),
        )

    def nearest(self, box: Box, near_heights: float, aspect: float) -> tuple[float, int] | None:
        """The person nearest to a thing, if near: how many of their own heights away, and their track."""
        away = [
            (apart(one, box, aspect), track)
            for one, label, track in zip(self.boxes, self.labels, self.ids, strict=True)
            if label == PERSON
        ]
        best = min(away, default=None)
        return best if best is not None and best[0] <= near_heights else None

    def name(self, box: Box) -> str:
        """What the best box over a thing is called; empty where there is none."""
        named = [(_covered(box, one), label) for one, label in zip(self.boxes, self.labels, strict=True)]
        share, label = max(named, default=(0.0, ""))
        return label if share >= OVERLAP_MIN else ""


@dataclass(slots=True)
class Company:
    """What is remembered of one camera's people."""

    past: deque[Present] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def owner(self, box: Box, since: float, near_heights: float, aspect: float) -> int:
        """The track that was nearest when something began to stand still; 0 where nobody was near."""
        then = [one for one in self.past if abs(one.at - since) <= BEGAN_S]
        near = [found for one in then if (found := one.nearest(box, near_heights, aspect)) is not None]
        return min(near, default=(0.0, 0))[1]

    def last_near(self, box: Box, near_heights: float, aspect: float) -> float | None:
        """When somebody was last near, as far as that is remembered."""
        near = (one.at for one in reversed(self.past) if one.nearest(box, near_heights, aspect) is not None)
        return next(near, None)


@dataclass(slots=True)
class Called:
    """What a thing was called lately: names with how much they weigh, old ones less and less."""

    weights: dict[str, float] = field(default_factory=dict)
    at: float = 0.0

    def hear(self, name: str, at: float) -> None:
        """Take what it is called now, be it nothing."""
        kept = exp(-max(0.0, at - self.at) / CALLED_S) if self.weights else 0.0
        self.weights = {one: weight * kept for one, weight in self.weights.items() if weight * kept > 1e-3}
        self.weights[name] = self.weights.get(name, 0.0) + 1.0 - kept
        self.at = at

    @property
    def name(self) -> str:
        """The name that weighs most, if it weighs enough."""
        named = [(weight, name) for name, weight in self.weights.items() if name and weight >= CALLED_MIN]
        return max(named, default=(0.0, ""))[1]


def apart(person: Box, thing: Box, aspect: float) -> float:
    """How far a person's feet are from a thing, in heights of that person.

    >>> round(apart((0.4, 0.2, 0.5, 0.6), (0.6, 0.5, 0.7, 0.6), aspect=1.0), 3)
    0.375
    """
    x, y = (person[0] + person[2]) / 2, person[3]
    across = max(thing[0] - x, 0.0, x - thing[2]) * aspect
    down = max(thing[1] - y, 0.0, y - thing[3])
    return hypot(across, down) / max(person[3] - person[1], 1e-6)


def _covered(thing: Box, other: Box) -> float:
    """The share of a thing that a box covers."""
    wide = min(thing[2], other[2]) - max(thing[0], other[0])
    high = min(thing[3], other[3]) - max(thing[1], other[1])
    size = max((thing[2] - thing[0]) * (thing[3] - thing[1]), 1e-12)
    return max(wide, 0.0) * max(high, 0.0) / size
