"""What a Sigma rule is once it is read: its log source, its condition as a tree of atoms, its correlation."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Operator: TypeAlias = Literal[
    "equals",
    "contains",
    "startswith",
    "endswith",
    "re",
    "cidr",
    "exists",
    "null",
    "fieldref",
    "lt",
    "lte",
    "gt",
    "gte",
    "timepart",
]
"""How an atom compares, once modifiers are worked out: encodings and expansions have become plain values.

`neq` is a Not around the atom; a value with wildcards is `equals` on a pattern; `exists: false` is a
Not around `exists`. `timepart` compares the part of a time that `flags` names (minute, hour, day, week,
month, year, in UTC).
"""

Kind: TypeAlias = Literal[
    "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile"
]
"""Correlation types of the Sigma correlation specification 2.1."""


class Logsource(Struct, frozen=True, kw_only=True):
    """Where a rule looks; an empty part means any."""

    category: str = ""
    product: str = ""
    service: str = ""


class Atom(Struct, frozen=True, kw_only=True, tag="atom"):
    """One comparison of one field; `field` is empty for a keyword, which is looked for in every value.

    `value` is the text, number, regular expression, network or other field to compare with, and
    `pattern` its parts between wildcards (`*` None, `?` False) where it has any. `digest` names the
    comparison for ever: equal atoms of different rules share it. `flags` are those of a regular
    expression (`i`, `m`, `s`), how a field reference compares (`startswith`, `endswith`, `contains`;
    empty: equal), or which part of a time.
    """

    digest: str
    field: str
    operator: Operator
    value: str | int | float | bool | None
    pattern: tuple[str | bool | None, ...] = ()
    cased: bool = False
    flags: str = ""


class AllOf(Struct, frozen=True, kw_only=True, tag="all"):
    """Every part holds."""

    parts: tuple[Node, ...]


class AnyOf(Struct, frozen=True, kw_only=True, tag="any"):
    """At least one part holds."""

    parts: tuple[Node, ...]


class Not(Struct, frozen=True, kw_only=True, tag="not"):
    """The part does not hold."""

    part: Node


class Named(Struct, frozen=True, kw_only=True, tag="named"):
    """A rule by its id or name: a leaf of a correlation's `expression`, never of a rule's condition."""

    rule: str


Node: TypeAlias = Atom | AllOf | AnyOf | Not | Named


class Rule(Struct, frozen=True, kw_only=True):
    """A rule about single events. `path` and `line` say where it is written.

    `family` says which findings it makes, `cyber.sigma` or `physical.sigma`: written in a rule as the
    custom attribute `tocsin: {family: physical}`. `text` is the rule as it was written.
    """

    id: str
    title: str
    level: str
    logsource: Logsource
    condition: Node
    path: str = ""
    line: int = 0
    name: str = ""
    status: str = ""
    description: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    family: str = "cyber"
    text: str = ""


class Correlation(Struct, frozen=True, kw_only=True):
    """A rule about several events. `rules` are ids or names of rules or of other correlations.

    `aliases` maps an alias to the field per rule. `low`, `high` and `not_equal` hold the condition
    (counts, sums, …); `field` is what is counted or summed, `percentile` which one; where `value_count`
    counts combinations of several fields, `fields` has them all. `expression` is the extended condition
    of `temporal` and `temporal_ordered`: a tree over Named rules. `generate`: whether
    the rules it refers to also fire alone. `near_m` is our labelled extension for space:
    all events must lie within so many metres of each other (0: no such limit).
    """

    id: str
    title: str
    level: str
    kind: Kind
    rules: tuple[str, ...]
    timespan_s: float
    group_by: tuple[str, ...] = ()
    aliases: dict[str, dict[str, str]] = {}
    field: str = ""
    fields: tuple[str, ...] = ()
    percentile: float = 50.0
    conditions: tuple[tuple[Literal["gt", "gte", "lt", "lte", "eq", "neq"], float], ...] = ()
    expression: Node | None = None
    generate: bool = False
    near_m: float = 0.0
    path: str = ""
    line: int = 0
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    family: str = "cyber"
    text: str = ""


class Refusal(Struct, frozen=True, kw_only=True):
    """A rule that could not be loaded: where it is, which feature it stumbles on, and why."""

    path: str
    line: int
    feature: str
    reason: str


class Loaded(Struct, frozen=True, kw_only=True):
    """What was read of some files: every document is in one of the three."""

    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    refused: tuple[Refusal, ...] = ()
