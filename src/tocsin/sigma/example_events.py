"""Rows that a rule matches, made from its condition: one for each way in which it may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from itertools import chain, islice
from typing import Any, TypeAlias

from msgspec import Struct

from tocsin.sigma.admission import Marks
from tocsin.sigma.matching import Matcher
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Named, Node, Not, Rule
from tocsin.sigma.taxonomy import MARKS, Lane, Taxonomy

BRANCHES_MAX = 24
"""Most ways of holding for which a row is made."""

WAYS_MAX = 2_000
"""Most ways that are looked at in search of them."""

Literal: TypeAlias = tuple[Atom, bool]
"""A comparison and whether it must hold."""


class Example(Struct, frozen=True, kw_only=True):
    """A row of a format that a rule matches, and the fields by which it does."""

    format: str
    row: dict[str, Any]
    fields: tuple[str, ...]


def example_events(rule: Rule, taxonomies: Mapping[str, Taxonomy]) -> list[Example]:
    """Rows that match a rule, each tried: one per branch of its condition, where one can be made.

    None for branches that only a regular expression, a part of a time or contradictory comparisons
    lead to, and none where no mapping feeds the rule's log source.
    """
    matcher, marks = Matcher([rule], taxonomies), Marks([rule], taxonomies)
    found: dict[tuple[str, ...], Example] = {}
    lane = next(_lanes(rule, taxonomies), None)
    if lane is None:
        return []
    format_ = lane[0].format
    for way, row in _rows(rule, lane[1]):
        if len(found) >= BRANCHES_MAX:
            break
        tried = _with_marks(row, marks.of(format_, row))
        if matcher.row(format_, tried):
            fields = matcher.matched_fields(format_, tried, rule)
            found.setdefault(_branch(way), Example(format=format_, row=row, fields=fields))
    return list(found.values())


def _branch(way: Sequence[Literal]) -> tuple[str, ...]:
    """What tells branches apart: which fields are compared how; other values of a list are the same branch."""
    return tuple(sorted({f"{atom.field} {atom.operator} {holds}" for atom, holds in way}))


def _lanes(rule: Rule, taxonomies: Mapping[str, Taxonomy]) -> Iterator[tuple[Taxonomy, Lane]]:
    for format_ in sorted(taxonomies, key=lambda name: (name != rule.logsource.product, name)):
        for lane in taxonomies[format_].lanes:
            if lane.feeds(rule.logsource):
                yield taxonomies[format_], lane


def _ways(node: Node, *, wanted: bool) -> Iterator[tuple[Literal, ...]]:
    """The ways in which a condition holds (or does not), as comparisons; lazily, for they may be very many."""
    match node:
        case Atom():
            yield ((node, wanted),)
        case Not():
            yield from _ways(node.part, wanted=not wanted)
        case AllOf() | AnyOf() if isinstance(node, AllOf) is wanted:
            yield from _together(node.parts, wanted=wanted)
        case AllOf() | AnyOf():
            for part in node.parts:
                yield from _ways(part, wanted=wanted)
        case Named():
            return


def _rows(rule: Rule, lane: Lane) -> Iterator[tuple[tuple[Literal, ...], dict[str, Any]]]:
    """The ways in which a rule holds, each with a row for it, where one can be made."""
    for way in islice(_ways(rule.condition, wanted=True), WAYS_MAX):
        row = _row(way, lane)
        if row is not None:
            yield way, row


def _with_marks(row: dict[str, Any], digests: Sequence[str]) -> dict[str, Any]:
    return {**row, MARKS: list(digests)} if digests else row


def _together(parts: Sequence[Node], *, wanted: bool) -> Iterator[tuple[Literal, ...]]:
    """Every part, the first way of each first: one part at a time is varied, so that each way of each is seen."""
    firsts = list(chain.from_iterable(islice(_ways(part, wanted=wanted), 1) for part in parts))
    if len(firsts) < len(parts):
        return
    yield tuple(chain.from_iterable(firsts))
    for index, part in enumerate(parts):
        for way in islice(_ways(part, wanted=wanted), 1, WAYS_MAX):
            yield tuple(chain(*firsts[:index], way, *firsts[index + 1 :]))


# --- one row ---


def _row(way: Sequence[Literal], lane: Lane) -> dict[str, Any] | None:
    """A row in which some comparisons hold and others do not; None where that cannot be made."""
    row: dict[str, Any] = {name: _number_or_text(min(words)) for name, words in lane.when.items() if words}
    for field, literals in _by_field(way).items():
        value = _value(literals, row)
        if value is _IMPOSSIBLE:
            return None
        name = lane.names(field)[0]
        if not _has(row, name, value):
            row[name] = value
    return row


def _has(row: Mapping[str, Any], name: str, value: object) -> bool:
    """Whether a row says as much already; None is what every row says."""
    return value is None or str(row.get(name)).lower() == str(value).lower()


def _by_field(way: Sequence[Literal]) -> dict[str, list[Literal]]:
    """The comparisons of each field; a keyword is looked for in a field of its own."""
    found: dict[str, list[Literal]] = {}
    for atom, holds in way:
        found.setdefault(atom.field or "message", []).append((atom, holds))
    return found


def _number_or_text(word: str) -> int | str:
    return int(word) if word.isdecimal() and len(word) < 10 else word


_IMPOSSIBLE = object()
_PRESENCE = ("exists", "null")
_PARTIAL = ("contains", "startswith", "endswith")


def _value(literals: Sequence[Literal], row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a value of a log
    """A value of one field that fits what is asked of it; None leaves the field out."""
    if any(holds is (atom.operator == "null") for atom, holds in literals if atom.operator in _PRESENCE):
        return None
    wanted = [atom for atom, holds in literals if holds and atom.operator not in _PRESENCE]
    if not wanted:
        return "x" if any(atom.operator in _PRESENCE for atom, _ in literals) else None
    whole = next((atom for atom in wanted if atom.operator not in _PARTIAL), None)
    return _text(wanted) if whole is None else _whole(whole, row)


def _text(atoms: Sequence[Atom]) -> str:
    """One text that starts, contains and ends as asked."""
    parts = {"startswith": "", "contains": "", "endswith": ""}
    for atom in sorted(atoms, key=lambda atom: len(str(atom.value))):
        known = parts[atom.operator]
        value = str(atom.value)
        parts[atom.operator] = f"{known} {value}" if known and atom.operator == "contains" else value
    return parts["startswith"] + parts["contains"] + parts["endswith"]


_BEYOND = {"gt": 1, "lt": -1}
"""What added to a bound is beyond it."""


def _whole(atom: Atom, row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a value of a log
    match atom.operator:
        case "equals" if atom.pattern:
            return _filled(atom.pattern)
        case "equals" | "lte" | "gte":
            return atom.value
        case "cidr":
            return _host(str(atom.value))
        case "lt" | "gt" if isinstance(atom.value, int | float):
            return atom.value + _BEYOND[atom.operator]
        case "fieldref":
            return row.get(str(atom.value), _IMPOSSIBLE)
    return _IMPOSSIBLE


def _filled(pattern: Sequence[str | bool | None]) -> str:
    """A text that fits a pattern: nothing for `*`, one letter for `?`."""
    return "".join(part if isinstance(part, str) else "x" * (part is False) for part in pattern) or "x"


def _host(network: str) -> str:
    known = ip_network(network, strict=False)
    return str(known[min(1, known.num_addresses - 1)])
