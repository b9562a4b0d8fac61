"""Which track takes which detection: the pairs whose sum is greatest."""

import numpy as np
from numpy.typing import NDArray

from tocsin.model.errors import ConfigError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def best_pairs(gain: Floats, allowed: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Rows and columns of the best assignment; only allowed pairs, each row and column at most once.

    >>> best_pairs(np.array([[0.9, 0.8], [0.85, 0.1]]), np.ones((2, 2), bool))
    (array([0, 1]), array([1, 0]))
    """
    rows, columns = np.nonzero(allowed)
    if len(set(rows.tolist())) == len(rows) == len(set(columns.tolist())):
        return rows, columns  # nobody competes
    try:
        from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]
    except ImportError:
        raise ConfigError("Tracking needs SciPy: pip install 'tocsin[vision]'.") from None
    rows, columns = linear_sum_assignment(np.where(allowed, gain, 0.0), maximize=True)
    kept = allowed[rows, columns]
    return rows[kept].astype(np.int64), columns[kept].astype(np.int64)
