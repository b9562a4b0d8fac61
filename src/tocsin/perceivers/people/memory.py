"""What is remembered of one camera between two frames; it is lost with the process and never stored."""

from dataclasses import dataclass, field

from tocsin.perceivers.people.crews import Crew
from tocsin.perceivers.people.loads import Load


@dataclass(slots=True)
class Watch:
    """One camera: its crews (a tracker per group of classes), how it keeps up, when and in which size it was seen."""

    crews: tuple[Crew, ...]
    size: tuple[int, int]
    at: float
    load: Load
    told: frozenset[int] = field(default_factory=frozenset)
