"""`tocsin evaluate false-alarms`: how often detectors ring while nothing happens; writes the cards that follow."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from msgspec.structs import replace

from tocsin.contract.cards import Row, card_text, counted, poisson_upper, tally
from tocsin.contract.walk import member_of
from tocsin.model import ConfigError, Fact, Finding, Incident, Observation
from tocsin.model.wire import unsealed
from tocsin.sim.score import cases_of
from tocsin.suites import Order, Rehearsed, Report, Verb, Workshop

F = TypeVar("F", bound=Fact)

Rows = dict[str, Row]
"""Per grade: windows watched, windows that rang."""


@dataclass(slots=True)
class Quiet:
    """What was counted over runs in which nothing happened."""

    rows: dict[str, Rows] = field(default_factory=dict)
    hours: float = 0.0
    findings: int = 0
    incidents: int = 0

    def add(self, run: Rehearsed, kinds: Sequence[str], window_s: float) -> None:
        """Count one more run; windows of different runs are different windows, also at the same hour."""
        seen, found = _only(Observation, run.log.read()), _only(Finding, run.concluded)
        for kind in kinds:
            member: Any = member_of("detectors", kind)
            own = [fact for fact in found if fact.kind == kind]
            rows = tally(watched(seen, member.accepts), own, window_s, tuple(member.default_nats))
            self.rows[kind] = {grade: _sum(self.rows.get(kind, {}).get(grade), row) for grade, row in rows.items()}
        self.hours += run.truth.hours
        self.findings += len({fact.id for fact in found})
        self.incidents += len(cases_of(_only(Incident, run.concluded)))


def _only(kind: type[F], facts: Iterable[Fact]) -> list[F]:
    return [fact for fact in facts if isinstance(fact, kind)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """Count, over quiet hours of the simulated city, the windows watched and the windows that rang.

    A window is `window_s` of one sensor. The look-alike is told beside and is in no card: its
    sensors really measure gas and crowds, only nobody is in danger. `cards` names a folder to
    write `<kind>.toml` into. Cards of network detectors are not made here: a simulated
    background of attacks is too weak a witness for them.
    """

    kind: ClassVar[str] = "false-alarms"
    verb: ClassVar[Verb] = "evaluate"

    quiet: str = "quiet-day"
    look_alike: str = "harmless-look-alike"
    look_alike_runs: int = 5
    kinds: tuple[str, ...] = ("cbrne.toxic", "cbrne.radiation", "crowd.density")
    window_s: float = 60.0
    cards: str = ""

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Run every seed, count, and write the cards where a folder is named."""
        seeds = order.seeds or (1000, 1001, 1002)
        if self.cards and not Path(self.cards).is_dir():
            raise ConfigError(f"{self.cards} is no folder: make it, or name content/cards.")
        calm = self._counted(self.quiet, seeds, order, workshop)
        like = self._counted(self.look_alike, seeds[: self.look_alike_runs], order, workshop)
        if self.cards:
            self._write(calm, order, seeds)
        return Report(
            suite=self.kind,
            command=order.command,
            data=f"scenarios {self.quiet}, {self.look_alike}",
            seed=seeds,
            metrics={**_metrics(calm), **_rows(calm, "")},
            peers={"one alarm per finding": _rate(calm.findings, calm.hours)},
            detail={"look_alike": {**_metrics(like), **_rows(like, ""), "findings": like.findings}},
        )

    def _counted(self, name: str, seeds: Sequence[int], order: Order, workshop: Workshop) -> Quiet:
        counts = Quiet()
        for seed in seeds:
            with workshop.rehearse(workshop.scenario(name), seed) as run:
                counts.add(run, self.kinds, self.window_s)
            order.say(
                f"{name} {seed}: {counts.findings} findings, {counts.incidents} incidents in {counts.hours:.1f} h"
            )
        return counts

    def _write(self, calm: Quiet, order: Order, seeds: Sequence[int]) -> None:
        span = f"seeds {min(seeds)}-{max(seeds)}"
        text = f"counted on {calm.hours:.0f} simulated quiet hours ({span}): {order.command}"
        for kind, rows in calm.rows.items():
            named = {grade: replace(row, text=text) for grade, row in rows.items()}
            Path(self.cards, f"{kind}.toml").write_text(card_text(kind, named), encoding="utf-8")


def watched(seen: Iterable[Observation[Any]], accepts: tuple[type, ...]) -> Iterator[Fact]:
    """The observations that a detector takes; bodies stay sealed where their source never sends its kind."""
    for fact in seen:
        opened = unsealed(fact)
        if isinstance(opened, Observation) and isinstance(opened.body, accepts):
            yield fact


def _sum(known: Row | None, more: Row) -> Row:
    if known is None:
        return more
    windows, false = known.windows + more.windows, known.false_alarms + more.false_alarms
    return replace(more, windows=windows, false_alarms=false, nats=counted(windows, false).nats)


def _metrics(counts: Quiet) -> dict[str, float]:
    return {"hours": counts.hours, "alarms": float(counts.incidents), **_rate(counts.incidents, counts.hours)}


def _rate(events: int, hours: float) -> dict[str, float]:
    """A rate with the upper 95 % limit of a Poisson count; nothing where nothing was watched."""
    if not hours:
        return {}
    return {"alarms_per_hour": events / hours, "alarms_per_hour_upper95": poisson_upper(events) / hours}


def _rows(counts: Quiet, prefix: str) -> dict[str, float]:
    return {
        f"{prefix}{kind}.{grade}.{name}": value
        for kind, rows in counts.rows.items()
        for grade, row in rows.items()
        for name, value in (("windows", row.windows), ("false", row.false_alarms), ("nats", row.nats))
    }
