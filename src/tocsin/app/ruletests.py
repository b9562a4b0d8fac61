"""`tocsin sigma test` and `list`: rules tried on their unit events, and the rules of a city with their tuning."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tocsin.app.layout import data_of
from tocsin.app.rulefiles import Named, book_of, named
from tocsin.contract.firing import Firing, counts_of, tunings_of
from tocsin.contract.rulebook import EVENTS, RuleBook
from tocsin.engine.rows import RuleRow
from tocsin.engine.rules import rule_row
from tocsin.gate.keys import KeyRing
from tocsin.model import BadInput, NotFound, TocsinError
from tocsin.sigma.matching import Matcher
from tocsin.sigma.rule import Correlation, Refusal, Rule
from tocsin.sigma.unit_events import Outcome, UnitEvents, read_events, run_events
from tocsin.store.snapshots import states_at_rest

DETECTORS = ("cyber.sigma", "physical.sigma")


class Tried(Struct, frozen=True, kw_only=True):
    """What came of all tries: outcomes by rule, files that could not be tried, rules without events."""

    outcomes: tuple[tuple[str, Outcome], ...]
    problems: tuple[Refusal, ...]
    untried: tuple[str, ...]

    @property
    def failed(self) -> int:
        """How many tries went otherwise than expected, and files that could not be tried."""
        return sum(bool(one.problem) for _, one in self.outcomes) + len(self.problems)

    def rows(self) -> list[dict[str, Any]]:
        """All of it as rows of JSON."""
        told = [{"type": "try", "path": path, **msgspec.to_builtins(one)} for path, one in self.outcomes]
        told += [{"type": "problem", **msgspec.to_builtins(one)} for one in self.problems]
        told += [{"type": "untried", "path": path} for path in self.untried]
        return [*told, {"type": "test", "tried": len(self.outcomes), "failed": self.failed}]

    def lines(self) -> list[str]:
        """What people need to read: what failed, and how much was tried."""
        told = [_failure(path, one) for path, one in self.outcomes if one.problem]
        told += [f"{one.path}:{one.line}: {one.reason}" for one in self.problems]
        told += [
            f"note: {path} has no unit events: write {events_path(Path(path)).name} beside it." for path in self.untried
        ]
        return [*told, f"{len(self.outcomes)} tries, {self.failed} went wrong."]


def _failure(path: str, one: Outcome) -> str:
    return f"{path}: {'match' if one.expected else 'no_match'} {one.number}: {one.problem}"


def events_path(rule: Path) -> Path:
    """Where the unit events of a rule file lie."""
    return rule.with_name(f"{rule.stem}{EVENTS[0]}")


def run_unit_events(paths: Sequence[Path], city: Path | None) -> Tried:
    """Try every rule of some files on the events beside it."""
    found = named(paths, city)
    outcomes: list[tuple[str, Outcome]] = []
    problems = found.refused()
    for path in found.files:
        try:
            outcomes.extend((str(path), one) for one in _tried(found, path))
        except TocsinError as error:
            problems.append(Refusal(path=str(events_path(path)), line=1, feature="events", reason=str(error)))
    untried = tuple(str(path) for path in found.files if not events_path(path).is_file())
    return Tried(outcomes=tuple(outcomes), problems=tuple(problems), untried=untried)


def _tried(found: Named, path: Path) -> Iterator[Outcome]:
    events = events_path(path)
    if not events.is_file():
        return
    loaded = found.book.loaded
    for one in read_events(str(events), events.read_text(encoding="utf-8")):
        target = _target(one, [rule for rule in found.rules() if rule.path == str(path)], found.book)
        yield from run_events(one, target, loaded.rules, loaded.correlations, found.book.taxonomies)


def _target(events: UnitEvents, own: Sequence[Rule | Correlation], book: RuleBook) -> Rule | Correlation:
    """Whose events they are: the rule that they name, else the file's only one, else its only correlation."""
    if events.rule:
        return _target_named(events, book)
    correlations = [one for one in own if isinstance(one, Correlation)]
    for choice in (own, correlations):
        if len(choice) == 1:
            return choice[0]
    raise BadInput(f"{events.path}:{events.line}: the file holds {len(own)} rules: say whose these are with `rule:`.")


def _target_named(events: UnitEvents, book: RuleBook) -> Rule | Correlation:
    found = book.find(events.rule)
    if found is None:
        raise NotFound(f"{events.path}:{events.line}: no rule {events.rule!r} is loaded.")
    return found


def rule_rows(city: Path | None) -> tuple[list[RuleRow], tuple[Refusal, ...]]:
    """The rules of a city as its folder has them now, tuned as its last snapshot says, and what is refused."""
    book = book_of(city)
    states = _states(city) if city is not None else []
    unfed = {one.id for one in Matcher(book.loaded.rules, book.taxonomies).unfed}
    counts, tunings, now = counts_of(states), tunings_of(states), time.time()
    rows = [
        rule_row(one, book, counts.get(one.id), tunings.get(one.id), now=now, fed=one.id not in unfed)
        for one in book.every
    ]
    return sorted(rows, key=lambda row: (-row.hits - row.suppressed, row.title, row.id)), book.loaded.refused


def _states(city: Path) -> list[Firing]:
    """What the detectors remembered when a snapshot was last saved; the city may run meanwhile."""
    data = data_of(city)
    if not (data / "log").is_dir():
        return []
    keys = KeyRing.open(data / "private" / "keys")
    packed = [raw for kind in DETECTORS for raw in states_at_rest(data / "log", keys, kind).values()]
    return [msgspec.msgpack.decode(raw, type=Firing) for raw in packed]
