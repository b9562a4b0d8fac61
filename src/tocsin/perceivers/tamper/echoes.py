"""Frames remembered by their grain alone, and what of them is seen again."""

from dataclasses import dataclass, field

import numpy as np

from tocsin.perceivers.tamper.grain import PATCHES, Bits, likeness, whole_likeness
from tocsin.perceivers.tamper.small import Floats

FRAMES_MAX = 4_096
"""Most frames remembered: 164 s at 25 frames a second, 0.8 MB."""

FRESH_S = (1.5, 3.5)
"""How long ago the frames are with which a frame is compared to see whether it is fresh."""

LAG_S_MIN = 3.0
"""Nearest past in which a replay is looked for."""

ECHOES_MAX = 8
"""Most suspicions followed at a time."""

STATES_MAX = 12
"""Most states over which a suspicion is judged."""

INFORMED_MAX = 0.85
"""A patch that is usually this much alike tells nothing."""

SAMPLE = 256
"""How many remembered frames say what is usual of a patch."""

PATCHES_MIN = 12
"""Fewest patches that must tell something."""

SURE_S = 4.5
"""How long a stretch must be alike."""

SCORE_MIN, PEAK_MIN, CLEAR_MIN = 0.08, 0.12, 0.25
"""How much more alike than usual it must be, how much more than a frame beside it, and the sum of both."""

ASTRAY_MAX = 0.17
"""In so many of its states at most may it lie a frame or more beside its place: what is played again keeps step."""

STEADY = 0.1
"""All but so many of its states must be more alike than the frames beside them: chance is not steady."""

MARGIN_MIN = 0.03
"""How much more alike it must be than what was seen some seconds ago, share of bits."""

CHANGE_MIN = 0.1
"""Least share of bits by which two frames in a row differ that says anything about frames beside."""

LONG_S, LONG_SCORE = 8.5, 0.35
"""The same for a stretch that is not alike to the frame: what moves in it is."""


@dataclass(slots=True)
class Echo:
    """A suspicion: what is seen has been seen `lag_s` before, since `since`; how alike, by state and by patch."""

    lag_s: float
    since: float
    last: float
    scores: list[Floats] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    margins: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    every_s: float = 0.0

    @property
    def score(self) -> float:
        """How much more alike than usual half of the patches are at least (1 is equal)."""
        return float(np.nanmedian(np.mean(self.scores, axis=0)))

    @property
    def peak(self) -> float:
        """How much more alike it is than one frame earlier or later, as a share of how much frames differ."""
        return float(np.mean(self.peaks))

    @property
    def margin(self) -> float:
        """How much more alike it is than what was seen some seconds ago: grain that stays is no echo."""
        return float(np.mean(self.margins))

    @property
    def astray(self) -> float:
        """The share of states in which it was found nearer or further than it usually is."""
        away_s = np.abs(np.asarray(self.lags_s) - np.median(self.lags_s))
        return float(np.mean(away_s > self.every_s / 2))

    @property
    def lasts_s(self) -> float:
        """For how long it has held."""
        return self.last - self.since

    @property
    def clear(self) -> bool:
        """Whether it is more than what stays, and more than what moves alike."""
        score, peak = self.score, self.peak
        steady = self.astray <= ASTRAY_MAX and np.quantile(self.peaks, STEADY) >= 0.0
        more = steady and score >= SCORE_MIN and peak >= PEAK_MIN and score + peak >= CLEAR_MIN
        return self.margin >= MARGIN_MIN and (more or (self.lasts_s >= LONG_S and score >= LONG_SCORE))

    @property
    def sure(self) -> bool:
        """Whether it is beyond chance."""
        return self.lasts_s >= SURE_S and self.clear


class Echoes:
    """The memory of one camera's frames. Bounded by FRAMES_MAX and by the oldest that is kept."""

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._times = np.full(FRAMES_MAX, -np.inf)
        self._bits = np.zeros((FRAMES_MAX, PATCHES), np.uint32)
        self._next = 0
        self._known = 0
        self.echoes: list[Echo] = []

    def remember(self, at: float, bits: Bits) -> None:
        """Keep one frame's grain, instead of the oldest."""
        self._times[self._next], self._bits[self._next] = at, bits
        self._next = (self._next + 1) % FRAMES_MAX
        self._known = min(self._known + 1, FRAMES_MAX)

    def __len__(self) -> int:
        return self._known

    def freshness(self, at: float, bits: Bits) -> float | None:
        """How far this frame's grain is from that of the last seconds (0: the same; 0.5: nothing in common)."""
        ages = at - self._times[: self._known]
        recent = (ages >= FRESH_S[0]) & (ages <= FRESH_S[1])
        if ages.size == 0 or not recent.any() or ages[ages < np.inf].max() < FRESH_S[1]:
            return None
        return 1.0 - float(likeness(bits, self._bits[: self._known][recent]).mean())

    def heard(self, at: float, bits: Bits, every_s: float, fresh: float | None) -> Echo | None:
        """Follow all suspicions; gives the one that holds longest, if any. `fresh` is the frame's freshness."""
        ages = at - self._times[: self._known]
        old = np.flatnonzero((ages >= LAG_S_MIN) & (ages <= self._memory_s))
        if old.size < PATCHES_MIN:
            return None
        change = 1.0 - float(likeness(bits, self._bits[self._next - 1]).mean())
        past = _Past(ages[old], self._bits[old], bits, max(change, CHANGE_MIN), 0.5 if fresh is None else fresh)
        self._follow(at, past, every_s)
        self._suspect(at, past, every_s)
        return max(self.echoes, key=lambda echo: (echo.sure, echo.lasts_s), default=None)

    def _follow(self, at: float, past: "_Past", every_s: float) -> None:
        """Judge each suspicion by the frame that it expects; drop those that fail."""
        floor = past.mean + past.deviation
        kept: dict[int, Echo] = {}
        for echo in self.echoes:
            best = past.near(echo.lag_s, max(1.5 * every_s, 0.05))
            if best is not None and past.whole[best] >= floor:
                past.add_to(echo, at, best, every_s)
                kept.setdefault(best, echo)
        self.echoes = list(kept.values())

    def _suspect(self, at: float, past: "_Past", every_s: float) -> None:
        """Take up the likest frames that nobody follows yet."""
        for best in past.likest(ECHOES_MAX):
            lag_s = float(past.ages[best])
            if len(self.echoes) >= 2 * ECHOES_MAX or past.whole[best] < past.mean + 2 * past.deviation:
                return
            if all(abs(lag_s - echo.lag_s) > 0.25 for echo in self.echoes):
                echo = Echo(lag_s, at, at)
                past.add_to(echo, at, best, every_s)
                self.echoes.append(echo)


class _Past:
    """The remembered frames against the present one: how old they are, how alike per patch and as a whole."""

    def __init__(self, ages: Floats, olds: Bits, now: Bits, change: float, fresh: float) -> None:
        self.ages, self._olds, self._now, self._change, self._fresh = ages, olds, now, change, fresh
        self.whole = whole_likeness(now, olds)
        self.mean, self.deviation = float(self.whole.mean()), float(self.whole.std())
        self._usual = likeness(now, olds[:: max(1, len(olds) // SAMPLE)]).mean(axis=0)
        self._informed = self._usual < INFORMED_MAX

    def near(self, lag_s: float, within_s: float) -> int | None:
        """The likest frame about so long ago."""
        near = np.flatnonzero((self.ages >= lag_s - within_s) & (self.ages <= lag_s + within_s))
        return int(near[self.whole[near].argmax()]) if near.size else None

    def likest(self, count: int) -> list[int]:
        """The likest frames, the likest first."""
        most = min(count, len(self.whole) - 1)
        found = np.argpartition(self.whole, -most)[-most:]
        return [int(one) for one in found[np.argsort(self.whole[found])[::-1]]]

    def add_to(self, echo: Echo, at: float, best: int, every_s: float) -> None:
        """Take one more state into a suspicion."""
        echo.last, echo.lag_s, echo.every_s = at, float(self.ages[best]), every_s
        echo.lags_s = [*echo.lags_s, echo.lag_s][-STATES_MAX:]
        echo.scores = [*echo.scores, self._scores(best)][-STATES_MAX:]
        echo.peaks = [*echo.peaks, self._above_neighbours(best) / self._change][-STATES_MAX:]
        echo.margins = [*echo.margins, float(self.whole[best]) - (1.0 - self._fresh)][-STATES_MAX:]

    def _scores(self, best: int) -> Floats:
        """How much more alike than usual each patch is (1: equal, 0: as usual)."""
        if self._informed.sum() < PATCHES_MIN:
            return np.zeros_like(self._usual)
        more = (likeness(self._now, self._olds[best]) - self._usual) / np.maximum(1 - self._usual, 0.05)
        return np.where(self._informed, more, np.nan)

    def _above_neighbours(self, best: int) -> float:
        """How much more alike the frame is than those one earlier and one later."""
        beside = [n for n in (best - 1, best + 1) if 0 <= n < len(self.whole)]
        return float(self.whole[best] - self.whole[beside].mean()) if beside else 0.0
