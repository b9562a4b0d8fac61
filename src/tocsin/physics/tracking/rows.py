"""What a tracker remembers of each track beside its motion: one array per quantity, one row per track."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(slots=True, eq=False, kw_only=True)
class Rows:
    """The tracks of one camera, or those it lost.

    `last` is the time of the latest detection and `latest` its box (centre, width, height), `pace` a speed smoothed
    over half a second, `missed` says that the frame before had no detection of it.
    """

    ids: Ints
    source: Ints
    hits: Ints
    since: Floats
    last: Floats
    scores: Floats
    belief: Floats
    hidden: Floats
    confirmed: Bools
    missed: Bools
    latest: Floats
    pace: Floats

    @classmethod
    def starting(cls, at: float, ids: Ints, boxes: Floats) -> "Rows":
        """New tracks from boxes (centre, width, height), without belief yet."""
        count = len(ids)
        return cls(
            ids=ids,
            source=np.full(count, -1),
            hits=np.ones(count, dtype=np.int64),
            since=np.full(count, at),
            last=np.full(count, at),
            scores=np.zeros(count),
            belief=np.zeros(count),
            hidden=np.zeros(count),
            confirmed=np.zeros(count, dtype=bool),
            missed=np.zeros(count, dtype=bool),
            latest=boxes,
            pace=np.zeros((count, 2)),
        )

    @classmethod
    def none(cls) -> "Rows":
        """No tracks."""
        return cls.starting(0.0, np.zeros(0, dtype=np.int64), np.zeros((0, 4)))

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, chosen: Bools | Ints | slice) -> "Rows":
        """Some rows."""
        return Rows(**{name: getattr(self, name)[chosen] for name in _NAMES})

    def joined(self, other: "Rows") -> "Rows":
        """These rows and those of another."""
        return Rows(**{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in _NAMES})


_NAMES = tuple(one.name for one in fields(Rows))
