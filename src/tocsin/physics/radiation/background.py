"""Background by weather: what all counters of a place have in common."""

from collections.abc import Sequence


def common_factor(shares: Sequence[float], fewest: int = 3) -> float:
    """What all counters show against their own backgrounds alike: the median; 1 where too few speak.

    Rain, radon and pressure move all counters together; a source moves one or two.

    >>> common_factor([1.10, 1.12, 1.11, 6.0, 1.10])
    1.11
    """
    ordered = sorted(shares)
    if len(ordered) < fewest:
        return 1.0
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2.0
