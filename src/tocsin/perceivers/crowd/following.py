"""Who is on the plan: people followed by where they must be now, by the tracker's numbers only where that agrees.

In a dense crowd a tracker in the picture exchanges numbers of neighbours now and then. On the plan, with places
in metres and people who cannot jump, most of that is undone; what a crowd's speed needs is ways, not numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.perceivers.crowd.layout import Gate
from tocsin.physics.crowd_flow import Slopes, Walking, crossings, slopes
from tocsin.physics.tracking.assignment import best_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PLACES = 16
"""Places remembered of each person: spread over the longer window in which a velocity is taken."""

NEVER = -1e12
"""Before all times: of a place not yet taken."""

SAME_NUMBER = 0.05
"""What the tracker's word is worth, as a share of the reach: it decides only between places that are as good."""

SPEED_SD_M_S = 1.0
UNREST_M2_S3 = 0.05
"""How fast people may be when first seen, and how much they change their speed (spectral density)."""

FASTEST_M_S = 3.0
"""So far beyond the reach somebody may have come since the last frame who still has the same number."""

USUAL_PART = 0.1
"""How fast it is learned how long it usually takes until somebody is seen again."""

MISSED = 2.0
"""Somebody not seen in so many usual looks is not here any more."""

COMPANY_M = 0.5
"""People so near move together where they are slow: what exchanges and noise add to one they take from another."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Times, distances and speeds within which somebody is taken for the same; `scale` is a metre on the plan."""

    window_s: float
    slow_window_s: float
    gap_s: float
    near: float
    band: float
    slow: float
    place_sd: float
    scale: float


@dataclass(slots=True)
class Followed:
    """Rows of people: `places` at `times` (NaN where not seen), `clear` where each was last off each line."""

    gates: int
    next_id: int = 1
    at: float = NEVER
    ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    numbers: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    seen_at: Floats = field(default_factory=lambda: np.zeros(0))
    walking: Walking = field(default_factory=lambda: Walking.starting(np.zeros((0, 2)), 0.0, 0.0))
    places: Floats = field(default_factory=lambda: np.zeros((0, PLACES, 2)))
    times: Floats = field(default_factory=lambda: np.full(PLACES, NEVER))
    clear: Floats = field(init=False)
    side: NDArray[np.int8] = field(init=False)
    usual_s: float = 0.0

    def __post_init__(self) -> None:
        self.clear = np.zeros((0, self.gates, 2))
        self.side = np.zeros((0, self.gates), np.int8)

    def see(self, at: float, numbers: Ints, places: Floats, reach: Reach) -> None:
        """Take the people seen in one frame: those known are found again, the others begin."""
        self._forget(at - self.seen_at <= max(reach.gap_s, MISSED * self.usual_s))
        self._go_to(at, reach)
        rows, found = self._matched(numbers, places, reach)
        self.walking.seen(rows, places[found], reach.place_sd)
        if len(rows):
            self.usual_s += USUAL_PART * (float(np.median(at - self.seen_at[rows])) - self.usual_s)
        new = np.setdiff1d(np.arange(len(numbers)), found)
        self._add(places[new], reach)
        rows = np.concatenate([rows, np.arange(len(self.ids) - len(new), len(self.ids))])
        found = np.concatenate([found, new])
        self.places[rows, -1] = places[found]
        self.numbers[rows], self.seen_at[rows] = numbers[found], at

    @property
    def where(self) -> Floats:
        """Where everybody is now, those not seen as they must have walked on."""
        return self.walking.place

    def here(self, at: float, held_s: float) -> Bools:
        """Who counts: those seen lately, where people are looked at seldom within as many looks."""
        return at - self.seen_at <= max(held_s, MISSED * self.usual_s)

    def velocities(self, reach: Reach) -> Slopes:
        """The velocity of each row: over the window, and over the longer one where it is slow and noise would rule."""
        ago = np.maximum(self.times - self.times[-1], -2 * reach.slow_window_s)
        long = slopes(self.places, ago)
        recent = ago >= -reach.window_s - 1e-6
        short = slopes(self.places[:, recent], ago[recent])
        slow = ~short.known | (np.linalg.norm(long.velocity, axis=1) < reach.slow)
        velocity = np.where(slow[:, None], long.velocity, short.velocity)
        return Slopes(velocity, np.where(slow, long.variance, short.variance))

    def pass_over(self, gates: Sequence[Gate], reach: Reach) -> list[tuple[int, int]]:
        """Per line how many passed it with this frame, forward and backward."""
        smooth = self._smooth(reach)
        passed = []
        for n, gate in enumerate(gates):
            seen = crossings(self.clear[:, n], smooth, self.side[:, n], gate.ends, reach.band)
            off = np.abs(_distance(smooth, gate.ends)) > reach.band
            self.clear[:, n] = np.where(off[:, None], smooth, self.clear[:, n])
            self.side[:, n] = seen.side
            passed.append((seen.forward, seen.backward))
        return passed

    def _smooth(self, reach: Reach) -> Floats:
        """The mean place over the last window: half a window late, and calm; where they must be, if nobody was seen."""
        recent = self.places[:, self.times >= self.times[-1] - reach.window_s - 1e-6]
        there = np.isfinite(recent[..., :1])
        count = there.sum(axis=1)
        mean = np.where(there, recent, 0.0).sum(axis=1) / np.maximum(count, 1)
        return np.where(count > 0, mean, self.where)

    def _matched(self, numbers: Ints, places: Floats, reach: Reach) -> tuple[Ints, Ints]:
        """Rows and people that are the same: near to where they must be, rather under the same number."""
        apart = np.linalg.norm(self.where[:, None] - places[None], axis=2)
        same = self.numbers[:, None] == numbers[None]
        near, fast = apart <= reach.near, reach.near + FASTEST_M_S * reach.scale * (self.at - self.seen_at[:, None])
        gain = np.where(near, 1.0 - apart / reach.near + SAME_NUMBER * same, SAME_NUMBER / 2)
        return best_pairs(gain, near | (same & (apart <= fast)))

    def _go_to(self, at: float, reach: Reach) -> None:
        """Everybody walks on; a new place for each row, which a frame soon after the last takes over."""
        self.walking.go_on(at - self.at if len(self.ids) else 0.0, UNREST_M2_S3 * reach.scale**2)
        self.at = at
        if self.times[-1] - self.times[-2] >= reach.slow_window_s / (PLACES - 1) - 1e-6:
            self.places = np.roll(self.places, -1, axis=1)
            self.times = np.roll(self.times, -1)
        self.places[:, -1] = np.nan
        self.times[-1] = at
        self.places[:, self.times < at - reach.slow_window_s - 1e-6] = np.nan

    def _add(self, places: Floats, reach: Reach) -> None:
        n = len(places)
        self.ids = np.concatenate([self.ids, np.arange(self.next_id, self.next_id + n)])
        self.next_id += n
        self.numbers = np.concatenate([self.numbers, np.zeros(n, np.int64)])
        self.seen_at = np.concatenate([self.seen_at, np.full(n, NEVER)])
        self.walking = self.walking.joined(Walking.starting(places, reach.place_sd, SPEED_SD_M_S * reach.scale))
        self.places = np.concatenate([self.places, np.full((n, PLACES, 2), np.nan)])
        self.clear = np.concatenate([self.clear, np.zeros((n, self.gates, 2))])
        self.side = np.concatenate([self.side, np.zeros((n, self.gates), np.int8)])

    def _forget(self, kept: Bools) -> None:
        self.ids, self.numbers, self.seen_at = self.ids[kept], self.numbers[kept], self.seen_at[kept]
        self.walking, self.places = self.walking.kept(kept), self.places[kept]
        self.clear, self.side = self.clear[kept], self.side[kept]


def in_company(velocity: Floats, where: Floats, reach: Reach) -> Floats:
    """The same velocities, of slow people each as the mean of those around who are slow as well."""
    slow = np.linalg.norm(velocity, axis=1) < reach.slow
    apart = ((where[slow, None] - where[None, slow]) ** 2).sum(axis=2)
    weight = np.exp(-apart / (COMPANY_M * reach.scale) ** 2)
    calm = velocity.copy()
    calm[slow] = weight @ velocity[slow] / weight.sum(axis=1, keepdims=True)
    return calm


def _distance(points: Floats, ends: Floats) -> Floats:
    """How far points are to the right of a line."""
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    away: Floats = (points - ends[0]) @ np.array([along[1], -along[0]])
    return away
