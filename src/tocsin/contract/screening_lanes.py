"""Screening lanes as the dashboard counts them: which bodies are looks at an item, and what came of many."""

from functools import cache
from typing import Protocol, TypeGuard

from msgspec import Struct

from tocsin.contract.cards import poisson_upper
from tocsin.model import Body

KIND = "cbrne.screening"
"""The kind of findings, and its subkinds, that are alarms of a lane."""


class ScreeningLook(Protocol):
    """A body that says what a lane found of one item: a passage, a tray, a swab. Any body with these fields is one.

    `item` ties looks at the same thing together, empty where nothing does; `look` is 1 for the first, 2 for the second
    look, which resolves or confirms the alarm of the first.
    """

    @property
    def alarm(self) -> bool:
        """Whether it rang."""
        ...

    @property
    def item(self) -> str:
        """What was looked at."""
        ...

    @property
    def look(self) -> int:
        """Which look it was."""
        ...


@cache
def _looks(kind: type[Body]) -> bool:
    return {"alarm", "item", "look"} <= set(kind.__struct_fields__)


def is_look(body: Body) -> TypeGuard[ScreeningLook]:
    """Whether a body is a look of a screening lane.

    >>> from tocsin.contract.bodies import Alive
    >>> is_look(Alive())
    False
    """
    return _looks(type(body))


class Lane(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One lane since `since` (seconds UTC; counts begin anew with the process).

    `resolved` alarms were found to be nothing by a second look or a verdict (false, or a benign cause), `confirmed`
    ones to be right; others wait. `screened` is None where a lane tells of alarms alone: then nobody knows its rate.
    `false_rate` is false alarms per person or thing screened, `false_rate_max` its upper 95 % bound (one-sided, exact
    Poisson).
    """

    id: str
    name: str
    since: float
    last_at: float
    alarms: int = 0
    resolved: int = 0
    confirmed: int = 0
    screened: int | None = None
    false_rate: float | None = None
    false_rate_max: float | None = None


def lane_of(
    id: str, name: str, span: tuple[float, float], counts: tuple[int, int, int], screened: int | None = None
) -> Lane:
    """A lane with its rates; `span` is from when to when, `counts` are alarms, resolved, confirmed.

    What is told twice, by a second look and by a verdict, counts no more than there were alarms.

    >>> lane = lane_of("portal", "Portal", (0.0, 3600.0), (10, 9, 1), screened=1000)
    >>> lane.false_rate, round(lane.false_rate_max, 4)
    (0.009, 0.0157)
    """
    alarms, told_resolved, told_confirmed = counts
    confirmed = min(told_confirmed, alarms)
    resolved = min(told_resolved, alarms - confirmed)
    rates = _rates(resolved, screened) if screened else (None, None)
    return Lane(
        id=id,
        name=name,
        since=span[0],
        last_at=span[1],
        alarms=alarms,
        resolved=resolved,
        confirmed=confirmed,
        screened=screened,
        false_rate=rates[0],
        false_rate_max=rates[1],
    )


def worded(lane: Lane) -> str:
    """The count in words, as the row of the lane's sensor shows it.

    >>> worded(lane_of("portal", "Portal", (0.0, 3600.0), (9, 8, 0), screened=200))
    '200 screened, 9 alarms, 8 resolved: 4.0 % false, at most 7.2 %'
    """
    said = f"{lane.screened or 0} screened, {lane.alarms} alarm{'s' * (lane.alarms != 1)}, {lane.resolved} resolved"
    if lane.false_rate is None or lane.false_rate_max is None:
        return said
    return f"{said}: {100 * lane.false_rate:.1f} % false, at most {100 * lane.false_rate_max:.1f} %"


def _rates(false: int, screened: int) -> tuple[float, float]:
    """False alarms per item, and the upper 95 % bound."""
    return false / screened, min(1.0, poisson_upper(false) / screened)
