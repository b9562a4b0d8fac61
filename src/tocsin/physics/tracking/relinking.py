"""Lost tracks of a picture that never moves: a new track takes up the one that would be there by now."""

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.tracking.assignment import best_pairs
from tocsin.physics.tracking.rows import Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PACE_S = 0.5  # over which the speed is smoothed that carries a lost track on
_CARRY_S = 1.0  # nobody keeps direction and speed for longer
_UNSEEN_S = 0.15  # a track that was seen a moment ago is not lost
_AWAY, _AWAY_PER_S, _DEPTH, _HEIGHT = 0.2, 0.2, 0.5, 0.2  # deviations: heights, per second, share of it, log size
_FAR = 4.0  # squared deviations


def successors(new: Rows, lost: Rows) -> tuple[Ints, Ints]:
    """Which new tracks (rows) go on with which lost ones (columns).

    >>> def one(id, at, x, pace):
    ...     row = Rows.starting(at, np.array([id]), np.array([[x, 50.0, 20, 60]]))
    ...     row.pace = np.array([[pace, 0.0]])
    ...     return row
    >>> [successors(one(9, 2.0, x, 0.0), one(4, 1.0, 100.0, 50.0))[0].tolist() for x in (150.0, 300.0)]
    [[0], []]
    """
    gap = new.since[:, None] - lost.last[None, :]
    carried = np.minimum(np.maximum(gap, 0.0), _CARRY_S)
    height = (new.latest[:, None, 3] + lost.latest[None, :, 3]) / 2
    across = (_AWAY + _AWAY_PER_S * np.maximum(gap, 0.0)) * height
    foot_new, foot_lost = new.latest[:, 1] + new.latest[:, 3] / 2, lost.latest[:, 1] + lost.latest[:, 3] / 2
    x = new.latest[:, None, 0] - lost.latest[None, :, 0] - lost.pace[None, :, 0] * carried
    y = foot_new[:, None] - foot_lost[None, :] - lost.pace[None, :, 1] * carried
    sizes = np.log(new.latest[:, None, 3] / lost.latest[None, :, 3]) / _HEIGHT
    far = (x / across) ** 2 + (y / (_DEPTH * across)) ** 2 + sizes**2
    return best_pairs(_FAR - far, (gap > 0) & (far < _FAR))


def worth_waiting(rows: Rows, at: float) -> NDArray[np.bool_]:
    """Which tracks are lost for now: confirmed, and unseen for a while."""
    return np.asarray(rows.confirmed & (rows.source < 0) & (at - rows.last > _UNSEEN_S))
