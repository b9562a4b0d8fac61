"""The clocks of cameras: by how much one is ahead of another follows from the ways that both saw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.joining.walks import Walk, apart, near

Floats = NDArray[np.float64]

_STEP_S = 0.1
_FINE_S = 0.02
_CLIPPED = 4.0  # a way that fits none counts this much, whatever the shift
_COMMON_S = 1.0  # common time below which two ways are not compared
_SURE = 8.0  # by how much the best shift must beat those beside it
_BESIDE_S = 0.5


@dataclass(slots=True)
class Clock:
    """How far a camera's clock is ahead of the reference, and whether that is known.

    `first`, `asked` and `last` are times of that clock: since when it runs without a leap, when it was last compared
    with others, and the latest.
    """

    reference: bool
    known: bool
    first: float
    asked: float
    last: float
    ahead_s: float = 0.0
    exchanged: float = -np.inf


def ahead(walks: Sequence[Walk], others: Sequence[Walk], about_s: tuple[float, float], floor: float) -> float | None:
    """How far the clock of `walks` is ahead of that of `others`, about so much; None where the ways do not tell.

    Every way of the one takes its best fit among the others' at each shift; the shift at which all fit best is the
    clock. Standing people fit at any shift and tell nothing; one walker tells, several tell better.

    >>> def way(shift):
    ...     walk = Walk()
    ...     for step in range(60):
    ...         walk.add(step / 10 + shift, np.array([step / 10 * 1.3, 0.1 * np.sin(step / 3)]), np.eye(2) * 0.01)
    ...     return walk
    >>> round(ahead([way(0.7)], [way(0.0)], (0.0, 2.0), 0.02), 1)
    0.7
    """
    shifts = about_s[0] + np.arange(-about_s[1], about_s[1] + 1e-9, _STEP_S)
    cost = _cost(walks, others, shifts, floor)
    if cost is None or not len(shifts):
        return None
    best = int(np.argmin(cost))
    beside = np.abs(shifts - shifts[best]) > _BESIDE_S
    if beside.any() and float(cost[beside].min()) - float(cost[best]) < _SURE:
        return None
    fine = shifts[best] + np.arange(-_STEP_S, _STEP_S + 1e-9, _FINE_S)
    finer = _cost(walks, others, fine, floor)
    return float(fine[int(np.argmin(finer))]) if finer is not None else float(shifts[best])


def _cost(walks: Sequence[Walk], others: Sequence[Walk], shifts: Floats, floor: float) -> Floats | None:
    total, told = np.zeros(len(shifts)), False
    for one in walks:
        best = np.full(len(shifts), _CLIPPED)
        longest = np.zeros(len(shifts))
        for other in others:
            if not near(one, other):
                continue
            mean, seconds = apart(one, other, shifts, floor)
            best = np.where(seconds >= _COMMON_S, np.minimum(best, mean), best)
            longest = np.maximum(longest, seconds)
        if longest.max() >= _COMMON_S:
            told = True
            total += best * float(np.minimum(longest.max(), 8.0))
    return total if told else None
