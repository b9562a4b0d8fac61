"""What is remembered of one camera between two frames; it is lost with the process and never stored."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.perceivers.people.backdrop import Backdrop
from tocsin.perceivers.people.cells import Cells
from tocsin.perceivers.people.crews import Crew
from tocsin.perceivers.people.glimpse import Glimpse
from tocsin.perceivers.people.loads import Load

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(slots=True)
class Watch:
    """One camera: who is followed, what is usual, where it was looked at, how it keeps up.

    `under` is where tracks were in the last small picture, `told` are the ids told last, `due` when the next frame
    is to be analysed, `extra` and `extra_at` the boxes of persons that make no track, with their times.
    """

    size: tuple[int, int]
    crews: tuple[Crew, ...]
    glimpse: Glimpse
    backdrop: Backdrop
    cells: Cells
    load: Load
    at: float
    due: float
    under: Bools = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    told: frozenset[int] = field(default_factory=frozenset)
    extra: Floats = field(default_factory=lambda: np.zeros((0, 4)))
    extra_at: Floats = field(default_factory=lambda: np.zeros(0))
