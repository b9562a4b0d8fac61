"""Why a rule held for a stored reading: the fields, their values, and what the rule asked of them."""

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from tocsin.city.context import City
from tocsin.contract.bodies import LogEvents
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.sensor_rows import FORMAT, SensorRows
from tocsin.engine.rules import Rules
from tocsin.model import NotFound, Observation
from tocsin.sigma.evaluating import Evaluator
from tocsin.sigma.matching import Matcher
from tocsin.sigma.rule import Atom, Correlation, Rule
from tocsin.sigma.spans import Span, spans
from tocsin.sigma.taxonomy import MARKS, Lane, Row, Taxonomy, entered, word_of, words

MATCHERS_MAX = 64
"""Most rules that stay compiled for the next question."""

VALUES_MAX = 20
"""Most values of one field that are told."""

WANTED_MAX = 50
"""Most literals of one field that are told."""


GONE = "The rules of that time are not kept any more: nothing can be marked."


class Mark(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field that made a rule hold; `field` as the rule names it, `native` where it lies in the row (dotted).

    `values` are what the row has there, `wanted` what the rule asked for and found. A keyword has no
    field: it was found somewhere in the row. A `personal` field has a token in the place of a name, and
    which of several names the rule found is not told.
    """

    field: str
    native: str = ""
    values: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    personal: bool = False


class Matched(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a rule held for one reading: `part` is the rule that read it, `rule` itself or one that it correlates.

    `digest` names the rules that were in force then, `spans` where the text of the part asks for what
    was found; `problem` says why nothing can be marked.
    """

    rule: str
    digest: str = ""
    part: str = ""
    fields: tuple[Mark, ...] = ()
    spans: tuple[Span, ...] = ()
    problem: str = ""


class RuleMarks:
    """Explains stored readings by the rules that were in force when they were read. Asked from any thread."""

    def __init__(self, rules: Rules, city: City | None) -> None:
        self._rules = rules
        self._sensor_rows = SensorRows(city)
        self._matchers: dict[tuple[str, str], Matcher] = {}
        self._lock = threading.Lock()

    def matched(self, names: Iterable[str], fact: Observation[Any], row: Row | None) -> tuple[Matched, ...]:
        """Why rules of these ids held for a reading: for its row of a log, or for what a sensor said."""
        try:
            book = self._rules.book_at(fact.pos)
        except NotFound:
            return tuple(Matched(rule=name, problem=GONE) for name in names)
        form, told = self._told(fact, row)
        with self._lock:
            return tuple(one for name in names for one in self._held(book, name, form, told))

    def _told(self, fact: Observation[Any], row: Row | None) -> tuple[str, Row]:
        """The format and row as rules read it; a whole batch, of which no row is asked for, has no fields."""
        if isinstance(fact.body, LogEvents):
            return fact.body.format, row or {}
        return FORMAT, self._sensor_rows.row(fact)

    def _held(self, book: RuleBook, name: str, format: str, row: Row) -> Iterator[Matched]:
        rule, taxonomy = book.find(name), book.taxonomies.get(format)
        if rule is None:
            yield Matched(rule=name, digest=book.digest, problem="This rule was not loaded when the reading came.")
        elif taxonomy is not None:
            for part in parts_of(rule, book):
                if self._matcher(book, part).row(format, row):
                    fields = tuple(_marks(taxonomy, row, part))
                    places = _spans(part, fields)
                    yield Matched(rule=rule.id, digest=book.digest, part=part.id, fields=fields, spans=places)

    def _matcher(self, book: RuleBook, part: Rule) -> Matcher:
        key = (book.digest, part.id)
        known = self._matchers.pop(key, None) or Matcher((part,), book.taxonomies)
        self._matchers[key] = known
        if len(self._matchers) > MATCHERS_MAX:
            del self._matchers[next(iter(self._matchers))]
        return known


def parts_of(rule: Rule | Correlation, book: RuleBook) -> tuple[Rule, ...]:
    """The rules about single events that a rule comes down to: itself, or those that a correlation refers to."""
    found: dict[str, Rule | Correlation] = {rule.id: rule}
    pending = [rule]
    for one in pending:
        for part in book.parts(one) if isinstance(one, Correlation) else ():
            if part.id not in found:
                found[part.id] = part
                pending.append(part)
    return _single(found.values())


def _single(rules: Iterable[Rule | Correlation]) -> tuple[Rule, ...]:
    return tuple(one for one in rules if isinstance(one, Rule))


def _spans(part: Rule, fields: Iterable[Mark]) -> tuple[Span, ...]:
    return spans(part.text, {one.field: one.wanted for one in fields})


def _marks(taxonomy: Taxonomy, row: Row, rule: Rule) -> Iterator[Mark]:
    """The fields by which a rule holds, in the order in which it names them."""
    lane = taxonomy.lane(row)
    for field, asked in _by_field(Evaluator(taxonomy, lane).holding(rule.condition, row)).items():
        personal = bool(field) and taxonomy.is_personal(lane, field)
        yield Mark(
            field=field,
            native=_native(lane, field, row),
            values=_values(lane, field, row),
            wanted=() if personal else _wanted(asked),
            personal=personal,
        )


def _by_field(atoms: Iterable[Atom]) -> dict[str, list[Atom]]:
    """What is asked of each field, less that it be absent: nothing there can be marked."""
    found: dict[str, list[Atom]] = {}
    for atom in atoms:
        if atom.operator != "null":
            found.setdefault(atom.field, []).append(atom)
    return found


def _values(lane: Lane, field: str, row: Row) -> tuple[str, ...]:
    found = words(lane.reader(field)(row)) if field else ()
    return tuple(dict.fromkeys(found))[:VALUES_MAX]


def _wanted(asked: Iterable[Atom]) -> tuple[str, ...]:
    """What the atoms of one field compare with."""
    return tuple(one for one in dict.fromkeys(map(_literal, asked)) if one)[:WANTED_MAX]


def _literal(atom: Atom) -> str:
    """What an atom compares with, as a rule writes it: wildcards are `*` and `?`."""
    if atom.operator == "exists":
        return ""
    if not atom.pattern:
        return word_of(atom.value) or ""
    return "".join(map(_sign, atom.pattern))


def _sign(part: object) -> str:
    """A piece of a pattern as a rule writes it."""
    if isinstance(part, str):
        return part
    return "*" if part is None else "?"


def _native(lane: Lane, field: str, row: Row) -> str:
    """Under which of its names a row has a field; empty for a keyword."""
    names = lane.names(field) if field else ()
    paths = ((name, tuple(name.split("."))) for name in names)
    return next((name for name, path in paths if row.get(name) is not None or entered(row, path) is not None), "")


def without_marks(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it was read: without the marks that admission left in it."""
    return {name: value for name, value in row.items() if name != MARKS}
