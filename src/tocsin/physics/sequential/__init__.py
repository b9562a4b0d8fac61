"""Sequential tests whose rate of false alarms is set and not found out: CUSUM and SPRT, for counts and normal noise.

>>> test = cusum_for_counts(mean=100.0, ratio=1.5, run_length=100_000.0)
>>> round(test.reference), 1e5 <= test.run_length() < 1e6
(123, True)
"""

from tocsin.physics.sequential.cusum import (
    CountCusum,
    NormalCusum,
    cusum_for_counts,
    siegmund_run_length,
)
from tocsin.physics.sequential.sprt import CountSprt, NormalSprt, Outcome

__all__ = [
    "CountCusum",
    "CountSprt",
    "NormalCusum",
    "NormalSprt",
    "Outcome",
    "cusum_for_counts",
    "siegmund_run_length",
]
