"""Screening lanes as the dashboard counts them: what a body says of one passage, and what came of many."""

from functools import singledispatch

from msgspec import Struct

from tocsin.contract.cards import poisson_upper
from tocsin.model import Body

KIND = "cbrne.screening"
"""The kind of findings, and its subkinds, that are alarms of a lane."""

CLEAR, FOUND = "clear", "found"
"""What a second look gave: nothing, or what was looked for."""


class Passage(Struct, frozen=True, kw_only=True):
    """What a lane says of one person or thing that went through: alarm or not, and what a second look gave.

    `alarm` is None where it tells of the second look alone; `second_look` is `clear`, `found`, or empty while nobody
    looked again. `count` is how many went through, where a lane sums up those without an alarm.
    """

    alarm: bool | None = None
    second_look: str = ""
    count: int = 1


@singledispatch
def passage_of(body: Body) -> Passage | None:
    """What a body says of a passage; None for bodies that are none. The body of a lane registers itself here.

    >>> from tocsin.contract.bodies import Alive
    >>> passage_of(Alive()) is None
    True
    """
    del body
    return None


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


def _rates(false: int, screened: int) -> tuple[float, float]:
    """False alarms per passage, and the upper 95 % bound."""
    return false / screened, min(1.0, poisson_upper(false) / screened)
