"""What was told in trials, and when: recall and delay per deed, false alarms per camera-hour of everyday."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Self

import numpy as np
from msgspec.structs import replace

from tocsin.contract.cards import Row, card_text, counted, poisson_upper, tally
from tocsin.contract.folding import folded
from tocsin.contract.pictures import PictureState
from tocsin.contract.resources import Resources
from tocsin.detectors.vision.tamper import Tamper
from tocsin.model import Finding, Observation
from tocsin.suites.tamper.deeds import Deed

States = Sequence[Observation[PictureState]]

WINDOW_S = 60.0
"""Length of the windows of a card."""

DETECTOR = Tamper()
GRADES = tuple(DETECTOR.default_nats)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One trial: on which clip, what was done (its grade; none where nothing was), and what was told from then on."""

    clip: str
    name: str
    grade: str = ""
    aimed: bool = False
    lasts_s: float
    told: tuple[tuple[float, str, str], ...]
    rows: dict[str, Row] = field(default_factory=dict)

    @classmethod
    def deed(cls, clip: str, deed: Deed, before: States, then: States) -> Self:
        """A deed, after so much peace."""
        told, lasts_s = _told(before, then)
        return cls(
            clip=clip, name=deed.name, grade=deed.kind, aimed=deed.aimed, lasts_s=lasts_s, told=_brief(told, then)
        )

    @classmethod
    def quiet(cls, clip: str, name: str, before: States, then: States) -> Self:
        """An everyday."""
        told, lasts_s = _told(before, then)
        rows = tally(then, told, WINDOW_S, GRADES)
        return cls(clip=clip, name=name, lasts_s=lasts_s, told=_brief(told, then), rows=rows)

    def delay_s(self, alarm_s_max: float) -> float | None:
        """How long it took until it was told as what it is; None where that took too long."""
        times = [after_s for after_s, grade, _ in self.told if grade == self.grade and after_s <= alarm_s_max]
        return min(times, default=None)


def _told(before: States, then: States) -> tuple[list[Finding], float]:
    """What the detector tells in `then`, having seen what was before."""
    if not then:
        return [], 0.0
    facts = folded(DETECTOR, [*before, *then], Resources())
    found = [fact for fact in facts if isinstance(fact, Finding) and fact.at >= then[0].at]
    return found, then[-1].at - then[0].at


def _brief(told: Iterable[Finding], then: States) -> tuple[tuple[float, str, str], ...]:
    return tuple((round(one.at - then[0].at, 2), one.grade, one.because) for one in told)


@dataclass(slots=True)
class Counted:
    """All trials so far."""

    alarm_s_max: float
    all: list[Happened] = field(default_factory=list)

    def add(self, one: Happened) -> None:
        """One more."""
        self.all.append(one)

    def only(self, wanted: Callable[[Happened], bool]) -> "Counted":
        """Some of them."""
        return Counted(self.alarm_s_max, [one for one in self.all if wanted(one)])

    @property
    def deeds(self) -> list[Happened]:
        """Trials in which something was done."""
        return [one for one in self.all if one.grade]

    @property
    def everyday(self) -> list[Happened]:
        """Trials in which nothing was."""
        return [one for one in self.all if not one.grade]

    @property
    def hours(self) -> float:
        """Camera-hours in which nothing was done."""
        return sum(one.lasts_s for one in self.everyday) / 3600

    def delays_s(self, some: Iterable[Happened]) -> list[float]:
        """The delays of those that were found."""
        return [delay for one in some if (delay := one.delay_s(self.alarm_s_max)) is not None]


def metrics_of(counted_: Counted, ending: str) -> dict[str, float]:
    """Recall per kind over what is aimed at, delays, and false alarms with their exposure and 95 % bound."""
    aimed = [one for one in counted_.deeds if one.aimed]
    found: dict[str, float] = {}
    for grade in GRADES:
        of_grade = [one for one in aimed if one.grade == grade]
        if of_grade:
            found[f"recall_{grade}{ending}"] = len(counted_.delays_s(of_grade)) / len(of_grade)
    delays = counted_.delays_s(aimed)
    if delays:
        found[f"delay_p90_s{ending}"] = float(np.quantile(delays, 0.9))
        found[f"delay_max_s{ending}"] = max(delays)
    return {**found, **_false(counted_, ending)}


def _false(counted_: Counted, ending: str) -> dict[str, float]:
    hours = counted_.hours
    if not hours:
        return {}
    false = sum(len(one.told) for one in counted_.everyday)
    return {
        f"false_alarms{ending}": float(false),
        f"camera_hours{ending}": hours,
        f"false_per_hour_upper95{ending}": poisson_upper(false) / hours,
    }


def told_per_deed(counted_: Counted) -> dict[str, Any]:
    """Per deed: how often it was found as what it is, or told as something else, how fast, and where it was missed."""
    names = dict.fromkeys((one.grade, one.name) for one in counted_.deeds)
    return {f"{grade} {name}": _of_deed(counted_, name) for grade, name in names}


def _of_deed(counted_: Counted, name: str) -> dict[str, Any]:
    trials = [one for one in counted_.deeds if one.name == name]
    delays = counted_.delays_s(trials)
    missed = [one for one in trials if one.delay_s(counted_.alarm_s_max) is None]
    return {
        "aimed": trials[0].aimed,
        "found": len(delays),
        "of": len(trials),
        "recall": len(delays) / len(trials),
        "delay_p90_s": float(np.quantile(delays, 0.9)) if delays else None,
        "told_as_another": sum(any(grade != one.grade for _, grade, _ in one.told) for one in missed),
        "missed_on": sorted(one.clip for one in missed),
    }


def told_per_everyday(counted_: Counted) -> dict[str, Any]:
    """Per everyday: camera-hours, and every false alarm."""
    names = dict.fromkeys(one.name for one in counted_.everyday)
    return {name: _of_everyday([one for one in counted_.everyday if one.name == name]) for name in names}


def _of_everyday(trials: Sequence[Happened]) -> dict[str, Any]:
    false = chain.from_iterable((f"{one.clip} {told[0]:.1f} s: {told[2]}" for told in one.told) for one in trials)
    return {"camera_hours": sum(one.lasts_s for one in trials) / 3600, "false": list(false)}


def cards_of(counted_: Counted, text: str) -> str:
    """The card that follows: windows of everyday, and those that rang, per grade."""
    rows = {grade: _sum([one.rows[grade] for one in counted_.everyday if one.rows], text) for grade in GRADES}
    return card_text(DETECTOR.kind, rows)


def _sum(rows: Sequence[Row], text: str) -> Row:
    windows, false = sum(row.windows for row in rows), sum(row.false_alarms for row in rows)
    return replace(rows[0], windows=windows, false_alarms=false, nats=counted(windows, false).nats, text=text)
