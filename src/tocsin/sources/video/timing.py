"""How far apart pictures are, when those of a file were taken whatever it claims, and which of them are due."""

from collections import deque
from statistics import median

from tocsin.contract.streams import STEP_S

LEAP_S = 10.0
"""Longest pause in a file that is believed, where pictures are not far apart anyway (then LEAP_STEPS of them)."""

LEAP_STEPS = 20

EVERY_S = (0.001, 3600.0)
"""Between these, a distance between pictures is believed."""


class Every:
    """How far apart pictures are: the median of the last few steps.

    >>> every = Every(0.04)
    >>> [every.heed(step) for step in (0.1, 0.1, 9.0, 0.1)][-1]
    0.1
    """

    def __init__(self, told_s: float | None) -> None:
        self._steps: deque[float] = deque(maxlen=9)
        self.s = told_s if told_s is not None and EVERY_S[0] <= told_s <= EVERY_S[1] else 0.04

    def heed(self, step_s: float) -> float:
        """Take one step into account; gives the distance now."""
        if EVERY_S[0] <= step_s <= EVERY_S[1]:
            self._steps.append(step_s)
            self.s = median(self._steps)
        return self.s


class FileClock:
    """Dates the pictures of files one after another, whatever their containers claim.

    >>> clock = FileClock(100.0)
    >>> clock.begin(None, told_every_s=0.5)
    >>> [clock.at(told) for told in (7.0, 7.5, 2.0**60, 3.0)]
    [(100.0, False), (100.5, False), (101.0, True), (101.5, True)]
    """

    def __init__(self, start_at: float) -> None:
        self._next = start_at
        self._last: float | None = None
        self._told: float | None = None
        self._fresh = True
        self.every = Every(None)

    def begin(self, at: float | None, told_every_s: float | None) -> None:
        """A file begins, at its own time where that is later than what was."""
        self.every = Every(told_every_s)
        self._told, self._fresh = None, True
        if self._last is not None:
            self._next = self._last + self.every.s
        if at is not None:
            self._next = max(self._next, at)

    def at(self, told: float | None) -> tuple[float, bool]:
        """When a picture was taken, and whether its time jumped (then it is dated right behind the last)."""
        step, jumped = self._step(told)
        if not self._fresh and self._last is not None:
            self._next = self._last + step
        self._last, self._told, self._fresh = self._next, told, False
        return round(self._last, 6), jumped

    def _step(self, told: float | None) -> tuple[float, bool]:
        if told is None or self._told is None:
            return self.every.s, False
        step = told - self._told
        if step < 0.0 or step > max(LEAP_S, LEAP_STEPS * self.every.s):
            return self.every.s, True
        self.every.heed(step)
        return max(step, STEP_S), False


class Thinning:
    """Lets through at most so many pictures per second, by their times (0: all).

    >>> thinning = Thinning(2.0)
    >>> [at for at in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0) if thinning.takes(at)]
    [0.0, 0.6, 1.0]
    """

    def __init__(self, per_s_max: float) -> None:
        self._gap = 1.0 / per_s_max if per_s_max > 0.0 else 0.0
        self._due = float("-inf")

    def takes(self, at: float) -> bool:
        """Whether this picture is due."""
        if at < self._due - STEP_S:
            return False
        behind = at - self._due
        self._due = self._due + self._gap if behind < self._gap else at + self._gap
        return True
