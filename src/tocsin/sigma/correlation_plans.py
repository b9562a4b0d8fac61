"""Correlation rules made ready to run: references resolved, fields per rule, and how windows are judged."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from tocsin.model import BadInput, digest
from tocsin.sigma.rule import AllOf, AnyOf, Correlation, Named, Node, Not, Refusal, Rule
from tocsin.sigma.windows import Limits

MEMBERS_MAX = 60
"""Most rules that one correlation may refer to."""

ALTERNATIVES_MAX = 256
"""Most ways in which an extended condition may be met."""

THRESHOLD_MAX = 100_000
"""Most events that a condition may ask for."""

Mode: TypeAlias = Literal["rising", "closing", "absent"]
"""When a window is judged: at each event, at its end, or when nothing came for its whole length."""

Alternative: TypeAlias = tuple[tuple[int, ...], int]
"""One way to meet an extended condition: rules that must be seen (in the order listed), rules that must not (bits)."""

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}

_TEMPORAL = ("temporal", "temporal_ordered")
_COUNTED = ("event_count", "value_count", *_TEMPORAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One correlation, ready to run. `members` are the ids of its rules, each once; a bit stands for each.

    `stages` gives for each rule as listed its place in `members`; `nested` has the bits of those that are
    correlations. `groups`, `values` and `carried` name, per member, the fields to group by, the fields
    measured, and what other correlations want to know of its events, as (name, field).
    """

    rule: Correlation
    key: str
    members: tuple[str, ...]
    nested: int
    stages: tuple[int, ...]
    groups: tuple[tuple[str, ...], ...]
    values: tuple[tuple[str, ...], ...]
    carried: tuple[tuple[tuple[str, str], ...], ...]
    alternatives: tuple[Alternative, ...] | None
    mode: Mode
    continuous: bool
    outputs: bool
    extend_s: float
    events_max: int
    tests: tuple[tuple[Callable[[float, float], bool], float], ...]

    @property
    def ordered(self) -> bool:
        """Whether the order of events matters."""
        return self.rule.kind == "temporal_ordered"

    @property
    def temporal(self) -> bool:
        """Whether it asks which rules matched, rather than for a number."""
        return self.rule.kind in _TEMPORAL


def holds(plan: Plan, value: float | None) -> bool:
    """Whether a measure meets every condition; nothing measured meets none."""
    if value is None:
        return False
    for test, bound in plan.tests:  # noqa: SIM110 - asked twice for every event: a generator would take as long again
        if not test(value, bound):
            return False
    return True


@dataclass(slots=True)
class _Book:
    """Everything that can be referred to, and what has been worked out so far."""

    ids: dict[str, str]
    known: dict[str, Correlation]
    limits: Limits
    order: list[str] = field(default_factory=list)
    bad: dict[str, Refusal] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)

    def visit(self, id_: str, above: tuple[str, ...] = ()) -> None:
        """Put a correlation after those that it refers to, or note why it cannot be run."""
        if id_ in self.entered:
            return
        try:
            for reference in self.known[id_].rules:
                self._check_child(reference, (*above, id_))
            check(self.known[id_])
            alternatives(self.known[id_], members(self.known[id_], self.ids), self.ids)
            self.order.append(id_)
        except BadInput as error:
            self.bad[id_] = _refusal(self.known[id_], str(error))
        self.entered.add(id_)

    def _check_child(self, reference: str, above: tuple[str, ...]) -> None:
        child = self.ids.get(reference)
        if child is None:
            raise BadInput(f"No rule {reference!r} is loaded: correct the reference, or load the rule with it.")
        if child in above:
            raise BadInput("It refers to itself, directly or through others: break the circle.")
        if child in self.known:
            self.visit(child, above)
        if child in self.bad:
            raise BadInput(f"It refers to {self.known[child].title!r}, which cannot be run.")


def plans(
    correlations: Sequence[Correlation], rules: Sequence[Rule], limits: Limits
) -> tuple[list[Plan], list[Refusal]]:
    """Every correlation that can be run, those referred to before those that refer, and the rest with reasons."""
    known = {rule.id: with_default(rule) for rule in correlations}
    book = _Book(ids=_references(correlations, rules), known=known, limits=limits)
    for id_ in known:
        book.visit(id_)
    ready = [known[id_] for id_ in book.order]
    wanted = wishes(ready, book.ids)
    return [_plan(rule, ready, book, wanted) for rule in ready], list(book.bad.values())


def _references(correlations: Sequence[Correlation], rules: Sequence[Rule]) -> dict[str, str]:
    """Ids and names to ids; an id is never overruled by a name."""
    every: list[Rule | Correlation] = [*rules, *correlations]
    return {**{rule.name: rule.id for rule in reversed(every) if rule.name}, **{rule.id: rule.id for rule in every}}


def _refusal(rule: Correlation, reason: str) -> Refusal:
    return Refusal(path=rule.path, line=rule.line, feature="correlation", reason=reason)


def with_default(rule: Correlation) -> Correlation:
    """The condition that Sigma means where none is written: all rules; of an extended one, that it is met."""
    if rule.expression is not None:
        return replace(rule, conditions=(("gte", 1.0),))
    if rule.conditions or rule.kind not in _TEMPORAL:
        return rule
    return replace(rule, conditions=(("gte", float(len(rule.rules))),))


def check(rule: Correlation) -> None:
    """Raise BadInput, with what to do, for a correlation that can never be run."""
    for fault, reason in _faults(rule):
        if fault:
            raise BadInput(reason)


def _faults(rule: Correlation) -> list[tuple[bool, str]]:
    measured = rule.kind not in ("event_count", *_TEMPORAL)
    return [
        (not rule.rules, "It refers to no rule: list at least one under `rules`."),
        (len(rule.rules) > MEMBERS_MAX, f"It refers to {len(rule.rules)} rules; at most {MEMBERS_MAX} can be run."),
        (not rule.timespan_s > 0, "Its timespan must be longer than nothing, such as 5m."),
        (not rule.conditions, "It has no condition: give one such as `gte: 10`."),
        (measured and not value_names(rule), f"{rule.kind} needs `field` in its condition."),
        (not 0 <= rule.percentile <= 100, "Its percentile must lie between 0 and 100."),
        (rule.expression is not None and rule.kind not in _TEMPORAL, "Only temporal kinds take an extended condition."),
        (
            _asks_too_much(rule),
            f"It asks for more than {THRESHOLD_MAX} events in one window: ask for fewer in a shorter timespan.",
        ),
        (rule.near_m < 0, "`near` must not be negative."),
        (bool(rule.near_m) and _mode(rule) == "absent", "`near` needs events: absence has no place."),
    ]


def value_names(rule: Correlation) -> tuple[str, ...]:
    """The fields that are counted, summed, …: one, or a combination of several."""
    return rule.fields or ((rule.field,) if rule.field else ())


def _only_rises(rule: Correlation) -> bool:
    """Whether more events cannot end what holds."""
    return all(name in ("gt", "gte") for name, _ in rule.conditions)


def _asks_too_much(rule: Correlation) -> bool:
    return rule.kind in _COUNTED and any(bound > THRESHOLD_MAX for _, bound in rule.conditions)


def _mode(rule: Correlation) -> Mode:
    if rule.expression is not None:
        return "closing" if _negated(rule.expression) else "rising"
    if _only_rises(rule):
        return "rising"
    return "absent" if _only_zero(rule) else "closing"


def _only_zero(rule: Correlation) -> bool:
    """Whether no events or values at all meet the condition, and nothing else does."""
    counts = rule.kind in ("event_count", "value_count") and _met(rule, 0.0)
    return counts and any(_below_one(name, bound) for name, bound in rule.conditions)


def _below_one(name: str, bound: float) -> bool:
    return (name == "lt" and bound <= 1) or (name in ("lte", "eq") and bound < 1)


def _met(rule: Correlation, value: float) -> bool:
    return all(COMPARE[name](value, bound) for name, bound in rule.conditions)


def _negated(node: Node) -> bool:
    match node:
        case AllOf() | AnyOf():
            return any(_negated(part) for part in node.parts)
        case Not():
            return True
    return False


def wishes(ready: Sequence[Correlation], ids: Mapping[str, str]) -> dict[str, set[str]]:
    """For each rule and correlation, by id, the fields that correlations want to know of what it matched."""
    wanted: dict[str, set[str]] = {}
    for rule in reversed(ready):
        names = (*rule.group_by, *value_names(rule), *sorted(wanted.get(rule.id, set()) - set(rule.group_by)))
        for reference in rule.rules:
            mine = wanted.setdefault(ids[reference], set())
            mine.update(source_of(rule, reference, ids, name) for name in names)
    return wanted


def source_of(rule: Correlation, reference: str, ids: Mapping[str, str], name: str) -> str:
    """The field of one rule's events that a name of the correlation means: its alias there, else itself."""
    for written, source in rule.aliases.get(name, {}).items():
        if ids.get(written) == ids[reference]:
            return source
    return name


def _plan(rule: Correlation, ready: Sequence[Correlation], book: _Book, wanted: Mapping[str, set[str]]) -> Plan:
    mine = members(rule, book.ids)
    parents = _parents(rule, ready, book.ids)
    extra = sorted(wanted.get(rule.id, set()) - set(rule.group_by))
    ways = alternatives(rule, mine, book.ids)

    def fields(member: str, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(source_of(rule, member, book.ids, name) for name in names)

    return Plan(
        rule=rule,
        key=f"{rule.id} {digest(msgspec.json.encode((rule, mine, extra)))[:12]}",
        members=mine,
        nested=_bits_of(mine, book.known),
        stages=tuple(mine.index(book.ids[reference]) for reference in rule.rules),
        groups=tuple(fields(member, rule.group_by) for member in mine),
        values=tuple(fields(member, value_names(rule)) for member in mine),
        carried=tuple(tuple(zip(extra, fields(member, extra), strict=True)) for member in mine),
        alternatives=ways,
        mode=_mode(rule),
        continuous=_mode(rule) == "closing" and _holds_for_nothing(rule, ways),
        outputs=all(parent.generate for parent in parents),
        extend_s=min([rule.timespan_s, *(parent.timespan_s / 2 for parent in parents)]),
        events_max=_events_max(rule, book.limits),
        tests=tuple((COMPARE[name], bound) for name, bound in rule.conditions),
    )


def _parents(rule: Correlation, ready: Sequence[Correlation], ids: Mapping[str, str]) -> list[Correlation]:
    return [other for other in ready if rule.id in members(other, ids)]


def _bits_of(mine: Sequence[str], chosen: Collection[str]) -> int:
    return sum(1 << index for index, member in enumerate(mine) if member in chosen)


def _holds_for_nothing(rule: Correlation, ways: tuple[Alternative, ...] | None) -> bool:
    if ways is not None:
        return any(not needed for needed, _ in ways)
    return rule.kind not in ("value_avg", "value_percentile") and _met(rule, 0.0)


def _events_max(rule: Correlation, limits: Limits) -> int:
    """Enough that what is forgotten cannot undo a condition that was met."""
    most = limits.temporal_events_max if rule.kind in _TEMPORAL else limits.events_max
    asked = [int(bound) + 2 for _, bound in rule.conditions] if rule.kind in _COUNTED else []
    return max([min(most, limits.near_events_max) if rule.near_m else most, *asked])


def members(rule: Correlation, ids: Mapping[str, str]) -> tuple[str, ...]:
    """The ids of the rules that a correlation refers to, each once, in the order listed."""
    return tuple(dict.fromkeys(ids[reference] for reference in rule.rules))


def alternatives(rule: Correlation, ids_of: tuple[str, ...], ids: Mapping[str, str]) -> tuple[Alternative, ...] | None:
    """The ways to meet an extended condition; None where there is no such condition. Raises BadInput."""
    if rule.expression is None:
        return None
    found = {(tuple(sorted(seen)), missing) for seen, missing in _ways(rule.expression, ids_of, ids, wanted=True)}
    return tuple(sorted(found))


def _ways(
    node: Node, ids_of: tuple[str, ...], ids: Mapping[str, str], *, wanted: bool
) -> list[tuple[frozenset[int], int]]:
    """An expression as alternatives: rules seen and rules (bits) not seen."""
    match node:
        case Named():
            index = _index(node.rule, ids_of, ids)
            return [(frozenset([index]), 0)] if wanted else [(frozenset(), 1 << index)]
        case Not():
            return _ways(node.part, ids_of, ids, wanted=not wanted)
        case AllOf() | AnyOf():
            parts = [_ways(part, ids_of, ids, wanted=wanted) for part in node.parts]
            return (
                _all(parts) if isinstance(node, AllOf) is wanted else _bounded([way for part in parts for way in part])
            )
    raise BadInput("An extended condition may only name rules, joined by and, or, not.")


def _index(reference: str, ids_of: tuple[str, ...], ids: Mapping[str, str]) -> int:
    try:
        return ids_of.index(ids[reference])
    except (KeyError, ValueError):
        raise BadInput(f"The condition names {reference!r}, which is not among its rules: list it there.") from None


def _all(parts: Sequence[Sequence[tuple[frozenset[int], int]]]) -> list[tuple[frozenset[int], int]]:
    ways: list[tuple[frozenset[int], int]] = [(frozenset(), 0)]
    for part in parts:
        ways = _bounded([(seen | more, missing | bits) for seen, missing in ways for more, bits in part])
    return ways


def _bounded(ways: list[tuple[frozenset[int], int]]) -> list[tuple[frozenset[int], int]]:
    """Each alternative once, without those that ask for and forbid the same rule."""
    possible = [(seen, missing) for seen, missing in ways if not any(missing >> index & 1 for index in seen)]
    kept = list(dict.fromkeys(possible))
    if len(kept) > ALTERNATIVES_MAX:
        raise BadInput(f"The condition can be met in more than {ALTERNATIVES_MAX} ways: split it into several.")
    return kept
