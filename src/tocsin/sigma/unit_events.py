"""Unit events of rules: rows that must and must not match, read from `x.events.yml`, and run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from tocsin.model import BadInput, Place
from tocsin.sigma.admission import Marks
from tocsin.sigma.correlating import Correlator
from tocsin.sigma.documents import documents
from tocsin.sigma.matching import Matcher
from tocsin.sigma.rule import AllOf, Correlation, Rule
from tocsin.sigma.sentences import phrase
from tocsin.sigma.taxonomy import MARKS, Taxonomy
from tocsin.sigma.windows import Hit, Limits

EVENTS_MAX = 2_000
"""Most events in one file."""

TEXT_CHARS_MAX = 1_000_000
"""Longest file of events."""

DEPTH_MAX = 32
"""Deepest nesting in a row."""

_STEP_KEYS = frozenset({"format", "row", "at", "place"})
_LIMITS = Limits(settle_s=0.0)


class Step(Struct, frozen=True, kw_only=True):
    """One event of a try: a row of a format, when and where; no row lets time pass until `at`."""

    at: float
    format: str = ""
    row: dict[str, Any] | None = None
    place: Place | None = None


Try: TypeAlias = tuple[Step, ...]
"""What is tried together: one row for a rule, a sequence for a correlation."""


class UnitEvents(Struct, frozen=True, kw_only=True):
    """What one document of an events file holds. `rule` is the id or name of whose they are (empty: the file's)."""

    path: str
    line: int
    rule: str = ""
    match: tuple[Try, ...] = ()
    no_match: tuple[Try, ...] = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """How one try went: `number` counts from 1 within `match` or `no_match`.

    `problem` is empty where it went as expected; `fields` are those that made a rule hold.
    """

    rule: str
    expected: bool
    actual: bool
    number: int
    problem: str = ""
    fields: tuple[str, ...] = ()


# --- reading ---


def read_events(path: str, text: str) -> list[UnitEvents]:
    """The unit events of a file; raises BadInput with file, line and what to do.

    A document is `{format: zeek, match: [row, …], no_match: [row, …]}`. For a correlation each entry is a
    sequence `[{format: zeek, row: {…}, at: 5, place: {lon: 24.9, lat: 60.2}}, …]`; an entry with `at` alone
    lets time pass. Where `at` is left out, events are one second apart. Of several documents each names
    its `rule`.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise BadInput(f"{path}: the file has {len(text)} characters; {TEXT_CHARS_MAX} are read: keep fewer events.")
    found, refused = documents(path, text)
    if refused:
        raise BadInput(f"{refused[0].path}:{refused[0].line}: {refused[0].reason}")
    return [_document(path, document.line, document.data) for document in found]


def _document(path: str, line: int, data: dict[str, Any]) -> UnitEvents:
    where = f"{path}:{line}"
    unknown = sorted(data.keys() - {"format", "rule", "match", "no_match"})
    if unknown:
        raise BadInput(f"{where}: there is no {unknown[0]!r} here: format, rule, match and no_match.")
    return UnitEvents(
        path=path,
        line=line,
        rule=_text(data.get("rule", ""), f"{where}: rule"),
        match=_tries(data, "match", where),
        no_match=_tries(data, "no_match", where),
    )


def _text(value: Any, where: str) -> str:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str):
        raise BadInput(f"{where} must be text.")
    return value


def _tries(data: Mapping[str, Any], key: str, where: str) -> tuple[Try, ...]:
    entries = data.get(key) or []
    if not isinstance(entries, list):
        raise BadInput(f"{where}: {key} must be a list of rows, or of sequences for a correlation.")
    format_ = _text(data.get("format", ""), f"{where}: format")
    tries = [_try(entry, format_, f"{where}: {key} {number}") for number, entry in enumerate(entries, 1)]
    if sum(map(len, tries)) > EVENTS_MAX:
        raise BadInput(f"{where}: {key} holds more than {EVENTS_MAX} events: keep those that show something.")
    return tuple(tries)


def _try(entry: Any, format_: str, where: str) -> Try:  # noqa: ANN401 - whatever was written
    steps = entry if isinstance(entry, list) else [entry]
    if not steps:
        raise BadInput(f"{where} is empty: give at least one event.")
    places = [f"{where}, event {number}" for number in range(1, len(steps) + 1)] if isinstance(entry, list) else [where]
    return tuple(_in_turn(steps, places, format_))


def _in_turn(steps: Sequence[Any], places: Sequence[str], format_: str) -> Iterator[Step]:
    """The events of a try: one that says no time is a second after the one before it."""
    otherwise = 0.0
    for step, place in zip(steps, places, strict=True):
        made = _step(step, format_, otherwise, place)
        otherwise = made.at + 1.0
        yield made


def _step(step: Any, format_: str, otherwise: float, where: str) -> Step:  # noqa: ANN401 - whatever was written
    if not isinstance(step, dict):
        raise BadInput(f"{where} must be a mapping: a row, or format and row.")
    given = step if _wraps(step) else {"row": step}
    row = given.get("row")
    if row is None and "at" in given:
        return Step(at=_time(given["at"], where))
    if not isinstance(row, dict):
        raise BadInput(f"{where}: row must be a mapping of fields to values.")
    clean = _cleaned(row, where)
    format_ = _text(given.get("format", format_), f"{where}: format")
    if not format_:
        raise BadInput(f"{where} needs a format, such as `format: zeek`, there or for the whole file.")
    at = _time(given.get("at", clean.get("at", otherwise)), where)
    return Step(at=at, format=format_, row={**clean, "at": at}, place=_place(given.get("place"), clean, where))


def _wraps(step: Mapping[str, Any]) -> bool:
    """Whether a mapping holds a row, or a time, rather than being a row itself."""
    return step.keys() <= _STEP_KEYS and ("row" in step or step.keys() == {"at"})


def _time(value: Any, where: str) -> float:  # noqa: ANN401 - whatever was written
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e11:
        raise BadInput(f"{where}: at must be a number of seconds, such as 5 or 1700000000.0.")
    return float(value)


def _own_place(row: Mapping[str, Any]) -> dict[str, Any] | None:
    known = {name: row[name] for name in ("lon", "lat", "building", "floor") if row.get(name) is not None}
    return known if {"lon", "lat"} <= known.keys() else None


def _place(written: Any, row: Mapping[str, Any], where: str) -> Place | None:  # noqa: ANN401 - whatever was written
    """Where an event is: as written beside the row, else where the row says so itself."""
    if written is None:
        written = _own_place(row)
    if written is None:
        return None
    try:
        return msgspec.convert(written, Place)
    except msgspec.ValidationError as error:
        raise BadInput(f"{where}: place cannot be read ({error}): write {{lon: 24.94, lat: 60.17}}.") from None


def _cleaned(value: Any, where: str, depth: int = 0) -> Any:  # noqa: ANN401 - whatever was written
    """A value as a log could hold it: times as text, nothing that JSON does not know."""
    if depth > DEPTH_MAX:
        raise BadInput(f"{where} is nested deeper than {DEPTH_MAX} levels: flatten it.")
    match value:
        case dict():
            return {str(key): _cleaned(inner, where, depth + 1) for key, inner in value.items()}
        case list():
            return [_cleaned(inner, where, depth + 1) for inner in value]
        case dt.date():
            return value.isoformat()
        case int() if not -(2**63) <= value < 2**64:
            raise BadInput(f"{where} holds an integer beyond 64 bits: write it as text.")
        case None | str() | bool() | int() | float():
            return value
    raise BadInput(f"{where} holds a {type(value).__name__}: logs hold texts, numbers, lists and mappings.")


# --- running ---


def run_events(
    events: UnitEvents,
    target: Rule | Correlation,
    rules: Sequence[Rule],
    correlations: Sequence[Correlation],
    taxonomies: Mapping[str, Taxonomy],
) -> list[Outcome]:
    """Try a rule, or a correlation with the rules that it refers to, on its unit events.

    Raises BadInput where a correlation cannot be run at all, or there are no events to try.
    """
    if not (*events.match, *events.no_match):
        raise BadInput(f"{events.path}:{events.line}: there is nothing to try: give `match` and `no_match`.")
    if isinstance(target, Rule):
        bench: _RuleBench | _CorrelationBench = _RuleBench(target, taxonomies)
    else:
        bench = _CorrelationBench(target, rules, correlations, taxonomies)
    return [
        bench.outcome(steps, number, expected=expected)
        for expected, tries in ((True, events.match), (False, events.no_match))
        for number, steps in enumerate(tries, 1)
    ]


class _RuleBench:
    """Tries one rule on single rows."""

    def __init__(self, rule: Rule, taxonomies: Mapping[str, Taxonomy]) -> None:
        self._rule = rule
        self._taxonomies = taxonomies
        self._matcher = Matcher([rule], taxonomies)
        self._marks = Marks([rule], taxonomies)

    def outcome(self, steps: Try, number: int, *, expected: bool) -> Outcome:
        """Whether every row of one try (mostly there is one) matches."""
        rows = self._rows(steps)
        missing = [each for each in rows if not self._matcher.row(*each)]
        actual = bool(rows) and not missing
        fields = self._matcher.matched_fields(*rows[0], self._rule) if actual else ()
        problem = "" if actual == expected else self._problem(missing, fields, actual=actual)
        return Outcome(
            rule=self._rule.id, expected=expected, actual=actual, number=number, problem=problem, fields=fields
        )

    def _rows(self, steps: Try) -> list[tuple[str, dict[str, Any]]]:
        return [(step.format, marked(self._marks, step)) for step in steps if step.row is not None]

    def _problem(self, missing: Sequence[tuple[str, dict[str, Any]]], fields: Sequence[str], *, actual: bool) -> str:
        if actual:
            return f"It should not match, but does{', by ' if fields else ''}{', '.join(fields)}."
        return self._why_not(*missing[0]) if missing else "It should match, but holds no row."

    def _why_not(self, format_: str, row: dict[str, Any]) -> str:
        taxonomy = self._taxonomies.get(format_)
        if taxonomy is None:
            known = ", ".join(sorted(self._taxonomies)) or "none"
            return f"It should match, but there is no mapping for the format {format_!r}; there is: {known}."
        if not taxonomy.lane(row).feeds(self._rule.logsource):
            return f"It should match, but its row is read as {_sources(taxonomy, row)}, where the rule does not look."
        return f"It should match, but this does not hold: {'; '.join(self._failing(format_, row))}."

    def _failing(self, format_: str, row: dict[str, Any]) -> Iterator[str]:
        """The parts of the condition that the row fails, in words."""
        whole = self._rule.condition
        for part in whole.parts if isinstance(whole, AllOf) else (whole,):
            alone = msgspec.structs.replace(self._rule, condition=part)
            if not Matcher([alone], self._taxonomies).row(format_, row):
                yield phrase(part)


def _sources(taxonomy: Taxonomy, row: Mapping[str, Any]) -> str:
    sources = taxonomy.lane(row).logsources
    told = ["/".join(filter(None, (s.product, s.category, s.service))) or "anything" for s in sources]
    return " or ".join(told) or "no log source at all"


class _CorrelationBench:
    """Tries one correlation on sequences, with all the rules that it refers to."""

    def __init__(
        self,
        target: Correlation,
        rules: Sequence[Rule],
        correlations: Sequence[Correlation],
        taxonomies: Mapping[str, Taxonomy],
    ) -> None:
        self._target = target
        self._taxonomies = taxonomies
        needed = _needed(target, correlations)
        self._correlator = Correlator(needed, rules, _LIMITS)
        for refusal in self._correlator.refused:
            raise BadInput(f"{refusal.path}:{refusal.line}: {refusal.reason}")
        self._rules = [rule for rule in rules if self._correlator.listens(rule.id)]
        self._matcher = Matcher(self._rules, taxonomies)
        self._marks = Marks(self._rules, taxonomies)

    def outcome(self, steps: Try, number: int, *, expected: bool) -> Outcome:
        """Whether the correlation fires anywhere in one sequence."""
        state, fired, seen = None, list[Hit](), set[str]()
        for place, step in enumerate(steps):
            for hit in self._hits(step, f"{place}"):
                seen.add(hit.rule)
                state, told = self._correlator.step(state, hit)
                fired += told
            state, told = self._correlator.advance(state, step.at)
            fired += told
        actual = any(hit.rule == self._target.id for hit in fired)
        return Outcome(
            rule=self._target.id, expected=expected, actual=actual, number=number,
            problem=self._problem(fired, seen, expected=expected, actual=actual),
        )  # fmt: skip

    def _hits(self, step: Step, id_: str) -> Iterator[Hit]:
        if step.row is None or (taxonomy := self._taxonomies.get(step.format)) is None:
            return
        row = marked(self._marks, step)
        for rule in self._matcher.row(step.format, row):
            fields = taxonomy.fields(row, self._correlator.fields_of(rule.id))
            yield Hit(rule=rule.id, at=step.at, id=id_, fields=fields, place=step.place)

    def _problem(self, fired: Sequence[Hit], seen: set[str], *, expected: bool, actual: bool) -> str:
        if expected == actual:
            return ""
        if actual:
            return f"It should not fire, but does at {fired[0].at:g} s."
        silent = [rule.title for rule in self._rules if rule.id not in seen]
        if silent:
            return f"It should fire, but does not: no event matches {', '.join(map(repr, silent))}."
        return "It should fire, but does not, though each of its rules matches: look at times, groups and places."


def marked(marks: Marks, step: Step) -> dict[str, Any]:
    """The row of a step as admission would hand it over: with what rules need to know of names."""
    row = dict(step.row or {})
    digests = marks.of(step.format, row)
    return {**row, MARKS: list(digests)} if digests else row


def _by_reference(correlations: Sequence[Correlation]) -> dict[str, Correlation]:
    """By name and id; of equal ones the first."""
    return {reference: each for each in reversed(correlations) for reference in (each.name, each.id) if reference}


def _needed(target: Correlation, correlations: Sequence[Correlation]) -> list[Correlation]:
    """A correlation and those that it refers to, at any depth."""
    known = _by_reference(correlations)
    found: dict[str, Correlation] = {}
    pending = [target]
    while pending:
        each = pending.pop()
        if each.id not in found:
            found[each.id] = each
            pending += [known[reference] for reference in each.rules if reference in known]
    return list(found.values())
