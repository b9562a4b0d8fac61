"""Screening: what a device says of one item, how much that is worth by its operating curve, and each lane's count."""

from collections.abc import Mapping
from itertools import pairwise
from math import log
from typing import Any, ClassVar

from msgspec import Struct, ValidationError, convert

from tocsin.contract.cards import false_rate_upper
from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, Level, Observation

TABLE = "screening/curves.yaml"

FINDS = ("weapon", "explosive", "toxic", "biological")

ITEMS_MAX = 64
"""Most items of a lane whose second look is still awaited."""


class Screened(Body, frozen=True, tag="screening.result/1"):
    """What a device says of one item: a passage, a tray, a swab, a sample. Nobody is named.

    `device` is a name in `content/screening/curves.yaml`; `score` replaces `alarm` where the device tells one.
    `item` ties looks at the same thing together; `look` is 1 for the first, 2 for the second look that resolves it.
    """

    level: ClassVar[Level] = Level.ANONYMOUS
    device: str
    alarm: bool
    item: str = ""
    look: int = 1
    score: float | None = None
    flags: tuple[str, ...] = ()


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """From this score on: shares of harmless and dangerous items that reach it."""

    score_min: float
    false_alarm: float
    detection: float


class Curve(Struct, frozen=True, forbid_unknown_fields=True):
    """The operating curve of a device, and what it looks for."""

    finds: str
    false_alarm: float
    detection: float
    scores: tuple[Step, ...] = ()

    def nats(self, body: Screened) -> float:
        """The log-likelihood ratio of what it said: for danger above 0, against it below.

        >>> round(Curve("weapon", 0.05, 0.90).nats(Screened(device="gate", alarm=True)), 2)
        2.89
        """
        false, detected = self._shares(body)
        return log(detected / false)

    def _shares(self, body: Screened) -> tuple[float, float]:
        """The chance of just this answer for harmless and for dangerous items."""
        if body.score is None or not self.scores:
            return (self.false_alarm, self.detection) if body.alarm else (1 - self.false_alarm, 1 - self.detection)
        above = (0.0, 0.0)
        for step in self.scores:
            if body.score >= step.score_min:
                return step.false_alarm - above[0], step.detection - above[1]
            above = step.false_alarm, step.detection
        return 1.0 - above[0], 1.0 - above[1]

    def rings(self, body: Screened) -> bool:
        """Whether the answer speaks for danger."""
        return self.nats(body) > 0.0


def curves_from(resources: Resources) -> dict[str, Curve]:
    """The curves of the content; raises ConfigError naming the device that is wrong."""
    devices: Mapping[str, Any] = resources.document(TABLE).get("devices", {})
    return {name: _curve(name, row) for name, row in devices.items()}


def status_of(resources: Resources) -> str:
    """What to say of the table while nobody has read its numbers anywhere; empty where somebody has."""
    status = str(resources.document(TABLE).get("status", "unverified"))
    return "" if status.startswith("read ") else status


def _curve(name: str, row: object) -> Curve:
    try:
        curve = convert(row, Curve)
    except ValidationError as error:
        raise ConfigError(f"{TABLE}, {name}: {error}.") from error
    points = [(curve.false_alarm, curve.detection), *((one.false_alarm, one.detection) for one in curve.scores)]
    if curve.finds not in FINDS or not all(0.0 < false < found < 1.0 for false, found in points):
        raise ConfigError(f"{TABLE}, {name}: finds one of {', '.join(FINDS)}; 0 < false_alarm < detection < 1.")
    scores = [one.score_min for one in curve.scores]
    rising = all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(points[1:]))
    if scores != sorted(scores, reverse=True) or not rising:
        raise ConfigError(f"{TABLE}, {name}: scores go down, false_alarm and detection up.")
    return curve


class LaneCount(Struct):
    """What a lane has done: items, those that rang at the first look, how the second look ended, what it awaits.

    Several devices at one item are one item.
    """

    last: str = ""
    items: int = 0
    alarms: int = 0
    cleared: int = 0
    confirmed: int = 0
    open: list[str] = []

    def take(self, body: Screened, *, rings: bool) -> None:
        """Count one look."""
        if body.look <= 1:
            again = bool(body.item) and body.item == self.last
            self.last = body.item
            self.items += not again
            if rings and (not body.item or body.item not in self.open):
                self.alarms += 1
                self.open = [*self.open, *filter(None, (body.item,))][-ITEMS_MAX:]
        elif body.item in self.open:
            self.open = [item for item in self.open if item != body.item]
            self.confirmed += rings
            self.cleared += not rings

    @property
    def false_rate(self) -> float:
        """False alarms per item: those that the second look cleared."""
        return self.cleared / self.items if self.items else 0.0

    @property
    def false_rate_upper(self) -> float:
        """Its upper 95 % bound."""
        return false_rate_upper(self.items, self.cleared)

    def worded(self) -> str:
        """The count in words.

        >>> LaneCount(items=200, alarms=9, cleared=8).worded()
        '200 screened, 9 alarms, 8 cleared: 4.0 % false, at most 7.2 %'
        """
        rate = f"{100 * self.false_rate:.1f} % false, at most {100 * self.false_rate_upper:.1f} %"
        return f"{self.items} screened, {self.alarms} alarms, {self.cleared} cleared: {rate}"


class LaneRow(Struct, frozen=True):
    """What is told of a lane: its count since the start, false alarms per item, and their upper 95 % bound."""

    lane: str
    items: int
    alarms: int
    cleared: int
    confirmed: int
    false_rate: float
    false_rate_upper: float


class Lanes:
    """The counts of all lanes since the start, for people who look after them."""

    def __init__(self) -> None:
        self._counts: dict[str, LaneCount] = {}

    def take(self, fact: Observation[Screened]) -> str:
        """Count one look; gives the lane's count in words."""
        count = self._counts.setdefault(fact.source, LaneCount())
        count.take(fact.body, rings=fact.body.alarm)
        return count.worded()

    def rows(self) -> list[LaneRow]:
        """One row per lane that was heard, by name."""
        return [
            LaneRow(
                lane=lane,
                items=one.items,
                alarms=one.alarms,
                cleared=one.cleared,
                confirmed=one.confirmed,
                false_rate=round(one.false_rate, 6),
                false_rate_upper=round(one.false_rate_upper, 6),
            )
            for lane, one in sorted(self._counts.items())
        ]
