"""Screening lanes as the dashboard counts them: which bodies are looks at an item, and what came of many."""

from functools import cache
from typing import Protocol, TypeGuard

from msgspec import Struct

from tocsin.contract.cards import false_rate_upper, poisson_upper
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


ITEMS_MAX = 1_000
"""Most items of one lane whose second look is awaited; that of an older one is not counted."""


class LaneCount(Struct):
    """What a lane has done: items, those that rang at the first look, how second looks ended, which items wait for one.

    Several devices at one item are one item.
    """

    last: str = ""
    items: int = 0
    alarms: int = 0
    cleared: int = 0
    confirmed: int = 0
    waiting: dict[str, None] = {}

    def take(self, seen: ScreeningLook, *, rings: bool) -> None:
        """Count one look. A second look counts for an item that rang, an unnamed one for any."""
        if seen.look <= 1:
            self.items += not seen.item or seen.item != self.last
            self.last = seen.item
            if rings and seen.item not in self.waiting:
                self.alarms += 1
                self._await(seen.item)
        elif not seen.item or seen.item in self.waiting:
            self.waiting.pop(seen.item, None)
            self.confirmed += rings
            self.cleared += not rings

    @property
    def false_rate(self) -> float:
        """False alarms per item: those that a second look cleared."""
        return self.cleared / self.items if self.items else 0.0

    @property
    def false_rate_upper(self) -> float:
        """Its upper 95 % bound."""
        return false_rate_upper(self.items, self.cleared)

    def worded(self) -> str:
        """The count in words, as findings and the row of the lane's sensor tell it.

        >>> LaneCount(items=200, alarms=9, cleared=8).worded()
        '200 screened, 9 alarms, 8 cleared: 4.0 % false, at most 7.2 %'
        """
        alarms = f"{self.alarms} alarm{'s' * (self.alarms != 1)}"
        rate = f"{100 * self.false_rate:.1f} % false, at most {100 * self.false_rate_upper:.1f} %"
        return f"{self.items} screened, {alarms}, {self.cleared} cleared: {rate}"

    def _await(self, item: str) -> None:
        if item:
            self.waiting[item] = None
        if len(self.waiting) > ITEMS_MAX:
            del self.waiting[next(iter(self.waiting))]


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
    """False alarms per item, and the upper 95 % bound."""
    return false / screened, min(1.0, poisson_upper(false) / screened)
