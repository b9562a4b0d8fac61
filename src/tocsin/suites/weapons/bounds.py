"""How little a count of finds may mean."""

from math import comb

_CHANCE = 0.05


def at_least(found: int, of: int) -> float:
    """Lower 95 % bound (one-sided, exact) of a share, after so many of so many were found.

    >>> round(at_least(3, 3), 3), at_least(0, 5), round(at_least(10, 14), 3)
    (0.368, 0.0, 0.46)
    """
    if not found:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _so_many(found, of, middle) < _CHANCE else (low, middle)
    return low


def _so_many(found: int, of: int, share: float) -> float:
    """Chance to find so many or more."""
    return sum(comb(of, n) * share**n * (1 - share) ** (of - n) for n in range(found, of + 1))
