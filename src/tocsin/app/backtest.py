"""`tocsin sigma backtest`: rules over recorded history through the whole flow, and what to expect of them per day."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import Struct

from tocsin.app.config import Settings
from tocsin.app.edit import replace_text
from tocsin.app.house import House, open_house
from tocsin.app.layout import RULES, city_folder
from tocsin.app.rulefiles import Named, book_of, named
from tocsin.city.context import City
from tocsin.contract.bodies import LogEvents
from tocsin.contract.cards import poisson_upper
from tocsin.contract.firing import counts_of
from tocsin.contract.rulebook import Rate, RuleBook
from tocsin.contract.sensor_rows import FORMAT, SensorRows
from tocsin.contract.walk import configured, member_of, members
from tocsin.engine.rerun import Rerun
from tocsin.model import Fact, Finding, Observation, Origin, Place, SourceState
from tocsin.sigma.rule import Correlation, Refusal, Rule

SETTLE_S = 60.0
"""Event time given after the end of a recording for windows that are still open."""

DAY_S, HOUR_S = 86_400.0, 3_600.0
DETECTORS = ("cyber.sigma", "physical.sigma")
CONCLUDED = ("finding", "health", "")
"""Categories of sensor facts for which the other detectors have to run."""


def span(days: float) -> str:
    """A stretch of history in words.

    >>> span(2.5), span(0.2), span(0.001)
    ('2.5 days', '4.8 hours', '1.4 minutes')
    """
    if days >= 1:
        return f"{days:.1f} days"
    return f"{days * 24:.1f} hours" if days * 24 >= 1 else f"{days * 1440:.1f} minutes"


def rate(per_day: float) -> str:
    """Alarms per day as people write them.

    >>> rate(1040.0), rate(3.21), rate(0.0412)
    ('1,040', '3.2', '0.041')
    """
    return f"{per_day:,.0f}" if per_day >= 100 else f"{per_day:.2g}"


class Forecast(Struct, frozen=True, kw_only=True):
    """What one rule did over history. `by_hour` are hits by the hour (UTC) in which they began.

    `days` is the time in which its log source was heard; `per_day_max` the upper 95 % bound
    (Poisson) of alarms per day, None where nothing of its log source was in the history.
    """

    id: str
    title: str
    level: str
    hits: int
    alarms: int
    days: float
    by_hour: dict[str, int]
    feeds_only: bool = False

    @property
    def per_day_max(self) -> float | None:
        """The bound, alarms per day."""
        return poisson_upper(self.alarms) / self.days if self.days > 0 else None

    def per_day_text(self) -> str:
        """The forecast in words."""
        if self.feeds_only:
            return "feeds correlations only"
        if self.per_day_max is None:
            return "unknown: nothing of its log source"
        if self.alarms == 0:
            return f"none in {span(self.days)}: at most {rate(self.per_day_max)}"
        return f"{rate(self.alarms / self.days)}, at most {rate(self.per_day_max)}"

    def busiest(self) -> str:
        """The hour with most hits."""
        hour = max(self.by_hour, key=lambda one: (self.by_hour[one], one), default="")
        return f"{hour} ({self.by_hour[hour]})" if hour else ""

    def row(self) -> dict[str, Any]:
        """All of it as one row of JSON."""
        per_day = self.alarms / self.days if self.days > 0 else None
        return {"type": "forecast", **msgspec.to_builtins(self), "per_day": per_day, "per_day_max": self.per_day_max}


class Told(Struct, frozen=True, kw_only=True):
    """A whole back-test: the forecasts, those that rang most first, and the history behind them."""

    forecasts: tuple[Forecast, ...]
    refused: tuple[Refusal, ...]
    days: float
    accepted: int
    rejected: int
    command: str

    def row(self) -> dict[str, Any]:
        """The history as one row of JSON."""
        told = {"days": self.days, "accepted": self.accepted, "rejected": self.rejected, "command": self.command}
        return {"type": "backtest", **told}


@dataclass
class Spans:
    """Told of all observations: from when to when each lane of each format was heard, file by file."""

    book: RuleBook
    rows: SensorRows = field(default_factory=SensorRows)
    spans: dict[tuple[str, int], list[list[float]]] = field(default_factory=dict)
    file: int = 0

    def observed(self, fact: Observation[Any]) -> None:
        """Note when its rows were."""
        if isinstance(fact.body, LogEvents):
            for row in fact.body.rows:
                self._note(fact.body.format, row, float(row["at"]))
        else:
            self._note(FORMAT, self.rows.row(fact), fact.at)

    def told(self, fact: Fact) -> None:
        """What is concluded is no history of its own."""

    def _note(self, format: str, row: dict[str, Any], at: float) -> None:
        taxonomy = self.book.taxonomies.get(format)
        found = self.spans.setdefault((format, taxonomy.lane(row).number if taxonomy is not None else -1), [])
        while len(found) <= self.file:
            found.append([at, at])
        found[self.file] = [min(found[self.file][0], at), max(found[self.file][1], at)]

    def days(self) -> float:
        """Time in which anything was heard, days."""
        return _union(span for spans in self.spans.values() for span in spans) / DAY_S

    def days_of(self, rule: Rule | Correlation) -> float:
        """Time in which the log source of a rule was heard; of a correlation, of the part heard least."""
        if isinstance(rule, Correlation):
            return min((self.days_of(one) for one in self.book.parts(rule)), default=0.0)
        if _is_concluded(rule):
            return self.days()  # that nothing was concluded is an answer too
        return _union(self._heard(rule)) / DAY_S

    def _heard(self, rule: Rule) -> Iterator[list[float]]:
        for (kind, lane), spans in self.spans.items():
            if self._feeds(kind, lane, rule):
                yield from spans

    def _feeds(self, format: str, lane: int, rule: Rule) -> bool:
        return lane >= 0 and self.book.taxonomies[format].lanes[lane].feeds(rule.logsource)


def _union(spans: Iterable[Sequence[float]]) -> float:
    """The length of some intervals together, where they overlap counted once."""
    total, end = 0.0, float("-inf")
    for first, last in sorted(map(tuple, spans)):
        total += max(0.0, last - max(first, end))
        end = max(end, last)
    return total


def backtest(paths: Sequence[Path], logs: Sequence[Path], city: Path | None) -> Told:
    """Run the rules of some files over recorded logs, as they would run in a city."""
    found = named(paths, city, alone=True)
    if any(one.feature == "correlation rules" for one in found.refused()):
        found = named(paths, city)  # it refers to rules of the city, or to ours
    place = City.load(city_folder(city)) if city is not None else City.empty("replay", Place(lon=0.0, lat=0.0))
    settings = Settings(origin=Origin.REPLAY, newcomers=SourceState.IN_SERVICE, off=_off(found))
    with tempfile.TemporaryDirectory(prefix="tocsin-backtest-") as folder:
        house = open_house(Path(folder), settings, place, recorded=True, rules=found.texts)
        spans, rerun = Spans(found.book, SensorRows(place)), Rerun(house.flow)
        house.flow.listen(spans)
        try:
            alarms = _alarms(rerun, spans, logs, house)
            return _told(found, spans, alarms, house, _command(paths, logs))
        finally:
            house.close(rerun.now)


def _off(found: Named) -> tuple[str, ...]:
    """What need not run: fusion, responders, and the other detectors unless rules read what they conclude."""
    every = [*_kinds("fusion"), *_kinds("responders")]
    if not any(map(_is_concluded, found.book.loaded.rules)):
        every += [kind for kind in _kinds("detectors") if kind not in DETECTORS]
    return tuple(every)


def _kinds(package: str) -> list[str]:
    return [cast("Any", one).kind for one in members(package)]


def _is_concluded(rule: Rule) -> bool:
    """Whether a rule reads what other detectors conclude."""
    return rule.logsource.product.lower() == FORMAT and rule.logsource.category.lower() in CONCLUDED


def _alarms(rerun: Rerun, spans: Spans, logs: Sequence[Path], house: House) -> dict[str, Finding]:
    """The findings of rules, each as it was told last."""
    alarms: dict[str, Finding] = {}
    for number, path in enumerate(logs):
        spans.file = number
        source = configured(member_of("sources", "replay"), {"paths": [str(path)]})
        for fact in rerun.run(source.start(house.resources), "replay"):
            _note(alarms, fact)
    for fact in rerun.settle(SETTLE_S):
        _note(alarms, fact)
    return alarms


def _note(alarms: dict[str, Finding], fact: Fact) -> None:
    if isinstance(fact, Finding) and fact.kind in DETECTORS:
        alarms[fact.id] = fact


def _told(found: Named, spans: Spans, alarms: dict[str, Finding], house: House, command: str) -> Told:
    counts = counts_of(state for kind in DETECTORS for state in house.graph.states_of(kind).values())
    hits = {name: one.hits for name, one in counts.items()}
    forecasts = [_forecast(one, spans, alarms, hits.get(one.id, 0)) for one in found.rules()]
    flow = house.flow.counts
    return Told(
        forecasts=tuple(sorted(forecasts, key=lambda one: (-one.alarms, -one.hits, one.title))),
        refused=tuple(found.refused()),
        days=spans.days(),
        accepted=flow.accepted,
        rejected=flow.rejected,
        command=command,
    )


def _forecast(rule: Rule | Correlation, spans: Spans, alarms: dict[str, Finding], hits: int) -> Forecast:
    mine = [one for one in alarms.values() if one.rule == rule.id]
    by_hour: Counter[str] = Counter()
    for one in mine:
        hour = datetime.fromtimestamp((one.since or one.at) // HOUR_S * HOUR_S, UTC)
        by_hour[f"{hour:%Y-%m-%d %H:00}"] += int(one.measure or 1)
    return Forecast(
        id=rule.id,
        title=rule.title,
        level=rule.level,
        hits=hits,
        alarms=len(mine),
        days=spans.days_of(rule),
        by_hour=dict(sorted(by_hour.items())),
        feeds_only=spans.book.feeds_only(rule.id),
    )


def _command(paths: Sequence[Path], logs: Sequence[Path]) -> str:
    """What to type to count the same again; names of files alone, since folders differ between machines."""
    options = " ".join(f"--log {path.name}" for path in logs)
    return f"tocsin sigma backtest {' '.join(path.name for path in paths)} {options}"


def save(told: Told, city: Path) -> Path:
    """Write what was counted into the city's own rates; rules whose log source was not heard are left out."""
    path = city / RULES / "rates.yaml"
    path.parent.mkdir(exist_ok=True)
    known = dict(book_of(city).rates)
    for one in told.forecasts:
        if one.per_day_max is not None and not one.feeds_only:
            known[one.id] = Rate(
                alarms=one.alarms, days=one.days, per_day_max=float(f"{one.per_day_max:.4g}"), command=told.command
            )
    text = msgspec.yaml.encode(dict(sorted(known.items()))).decode()
    replace_text(path, f"# Written by `tocsin sigma backtest --save`: a rule's alarms weigh what was counted.\n{text}")
    return path
