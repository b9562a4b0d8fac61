"""Retention classes: which facts are kept under which keys, and from when on nothing is kept any more."""

from collections.abc import Callable
from math import floor

from tocsin.model import Fact, Level, Observation

RetentionClass = Callable[[Fact], str]
"""Names the class of a fact."""

CLASSES = ("ambient", "anonymous", "redacted+", "record")
"""The classes of the event log."""

_BY_LEVEL = {
    Level.AMBIENT: "ambient",
    Level.AGGREGATE: "ambient",
    Level.ANONYMOUS: "anonymous",
    Level.REDACTED: "redacted+",
    Level.CLEAR: "redacted+",
    Level.IDENTIFYING: "redacted+",
}


def class_of(fact: Fact) -> str:
    """The class by level of intrusion for observations; `record` for decisions, changes, ticks and all else."""
    return _BY_LEVEL[fact.level] if isinstance(fact, Observation) else "record"


def first_kept_hour(now: float, hours: float) -> int:
    """The earliest hour none of whose content is `hours` old at `now`: nothing is kept longer, much for an hour less.

    >>> first_kept_hour(now=10 * 3600.0, hours=3)
    8
    """
    return floor(now / 3600 - hours) + 1
