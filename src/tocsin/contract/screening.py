"""Screening: what a device says of one item, how much that is worth by its operating curve."""

from collections.abc import Mapping
from itertools import pairwise
from math import log
from typing import Any, ClassVar

from msgspec import Struct, ValidationError, convert

from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, Level

TABLE = "screening/curves.yaml"

FINDS = ("weapon", "explosive", "toxic", "biological")


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
