"""What is known of each track beside its motion: when the detector saw it, what it looked like, how sure it is."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.perceivers.people.again import Look

Floats = NDArray[np.float64]

HITS = 2
"""A track is told once the detector has seen it so often."""

AGAIN = 0.35
"""Least correlation with which a track counts as found again: of those below, a third is elsewhere."""

SURE = 0.8
"""From this correlation on there is no doubt that it was found again."""

THERE = 0.5
"""A miss counts for so much where something stands out and looks as the track did: people bend, and detectors fail."""

CLEARLY = 0.55
"""From this score on it is told as soon as it was found again once."""

HIT, MISS, SURELY = 1.5, 1.6, 3.5
"""Log odds that a track is there: gained and lost by a look of the detector, and the most that it can have."""


@dataclass(slots=True)
class Sight:
    """One track. `looked` is when the detector last looked at its place, `verified` when it last found it there."""

    looked: float
    verified: float
    seen: float
    score: float
    size: tuple[float, float]
    look: Look | None = None
    hits: int = 1
    misses: int = 0
    agains: int = 0
    odds: float = 0.0
    match: float = 1.0
    stirred: bool = True
    filled: bool = False
    votes: dict[str, float] = field(default_factory=dict)

    @property
    def confirmed(self) -> bool:
        """Seen often enough to be told: twice by the detector, or once for sure and then found again."""
        return self.hits >= HITS or (self.score >= CLEARLY and self.agains > 0)

    @property
    def given_up(self) -> bool:
        """The detector looked for it in vain too often for what spoke for it."""
        return self.odds <= 0

    @property
    def found_again(self) -> bool:
        """Whether its look was found again in the present frame, well enough to stand for it."""
        return self.look is not None and self.match >= AGAIN and not self.given_up

    @property
    def label(self) -> str:
        """What it was called most often, weighted by score."""
        return max(self.votes, key=lambda name: (self.votes[name], name))

    def verify(self, at: float, name: str, score: float, box: Floats, look: Look | None) -> None:
        """The detector found it."""
        self.looked = self.verified = self.seen = at
        self.score, self.size = score, (float(box[2] - box[0]), float(box[3] - box[1]))
        self.votes[name] = self.votes.get(name, 0.0) + score
        self.look = look
        self.hits, self.misses, self.match, self.stirred = self.hits + 1, 0, 1.0, False
        self.odds = min(SURELY, max(self.odds, 0.0) + HIT * min(1.0, 0.5 + score))

    def miss(self, at: float) -> None:
        """The detector looked at its place and did not find it; if something is there, that says less."""
        self.looked = at
        self.misses += 1
        self.odds -= MISS * (THERE if self.filled and self.found_again else 1.0)
