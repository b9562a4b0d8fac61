"""From pySigma's condition tree to ours: values become atoms, encodings and expansions plain texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from tocsin.model import BadInput
from tocsin.sigma.regexes import bounded
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Node, Not, Operator

if TYPE_CHECKING:
    from sigma import types

Scalar: TypeAlias = str | float | bool | None
Parsed: TypeAlias = Any
"""A node or a value of pySigma's, which types its trees loosely."""
Pattern = tuple["str | bool | None", ...]

ANYTHING: Pattern = (None,)
"""The pattern of a lone `*`: some value, whichever."""


def node_of(condition: Parsed) -> Node:
    """Our tree of a condition as pySigma parsed it; raises BadInput where a value has no meaning here."""
    from sigma.conditions import (
        ConditionAND,
        ConditionFieldEqualsValueExpression,
        ConditionNOT,
        ConditionOR,
        ConditionValueExpression,
    )

    match condition:
        case ConditionAND():
            return every([node_of(part) for part in condition.args])
        case ConditionOR():
            return some([node_of(part) for part in condition.args])
        case ConditionNOT():
            return Not(part=node_of(condition.args[0]))
        case ConditionFieldEqualsValueExpression():
            return value_node(condition.field, condition.value)
        case ConditionValueExpression():
            return value_node("", condition.value)
    raise BadInput(f"A condition of kind {type(condition).__name__} has no meaning here.")


def every(parts: Sequence[Node]) -> Node:
    """All parts, flattened."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, AllOf) else (part,))]
    return flat[0] if len(flat) == 1 else AllOf(parts=tuple(flat))


def some(parts: Sequence[Node]) -> Node:
    """Any of the parts, flattened."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, AnyOf) else (part,))]
    return flat[0] if len(flat) == 1 else AnyOf(parts=tuple(flat))


def atom(
    field: str,
    operator: Operator,
    value: Scalar,
    *,
    pattern: Pattern = (),
    cased: bool = False,
    flags: str = "",
) -> Atom:
    """An atom with its digest, which is the same wherever the same comparison is written.

    >>> atom("Image", "endswith", "/SH").digest == atom("Image", "endswith", "/sh").digest
    True
    """
    same = (
        field,
        operator,
        _folded(value, operator, cased=cased),
        [_folded(part, operator, cased=cased) for part in pattern],
        cased,
        flags,
    )
    digest = blake2b(msgspec.json.encode(same), digest_size=12).hexdigest()
    return Atom(digest=digest, field=field, operator=operator, value=value, pattern=pattern, cased=cased, flags=flags)


def _folded(value: Scalar, operator: Operator, *, cased: bool) -> Scalar:
    if cased or operator in {"re", "fieldref"} or not isinstance(value, str):
        return value
    return value.lower()


def value_node(field: str, value: types.SigmaType) -> Node:
    """The comparison of a field with one value; `field` is empty for a keyword."""
    for kind, made in _makers():
        if isinstance(value, kind):
            return made(field, value)
    raise BadInput(f"A value of type {type(value).__name__} cannot be compared here.")


@cache
def _makers() -> list[tuple[type, Callable[[str, Any], Node]]]:
    from sigma import types

    return [
        (types.SigmaString, _text),
        (types.SigmaTimestampPart, _timepart),
        (types.SigmaNumber, lambda field, value: _literal(field, value.number)),
        (types.SigmaBool, lambda field, value: _literal(field, value.boolean)),
        (types.SigmaNull, lambda field, _value: atom(_named(field, "null"), "null", None)),
        (types.SigmaExists, _exists),
        (types.SigmaRegularExpression, _regex),
        (types.SigmaCIDRExpression, lambda field, value: atom(_named(field, "cidr"), "cidr", str(value.network))),
        (types.SigmaCompareExpression, _compared),
        (types.SigmaFieldReference, _reference),
        (types.SigmaExpansion, lambda field, value: some([value_node(field, each) for each in value.values])),
    ]


def _text(field: str, value: types.SigmaString) -> Node:
    from sigma.types import SigmaCasedString

    parts = _pattern(value)
    operator, literal, pattern = _shape(parts)
    shown = literal if literal is not None else str(value)
    return atom(field, operator, shown, pattern=pattern, cased=isinstance(value, SigmaCasedString))


def _pattern(value: types.SigmaString) -> Pattern:
    """Literal parts and wildcards, with what stands side by side joined.

    >>> from sigma.types import SigmaString
    >>> _pattern(SigmaString("a**b?"))
    ('a', None, 'b', False)
    """
    from sigma.types import Placeholder, SpecialChars

    wild: dict[Any, bool | None] = {SpecialChars.WILDCARD_MULTI: None, SpecialChars.WILDCARD_SINGLE: False}
    parts: list[str | bool | None] = []
    for part in value.s:
        kind = _literal_text(part) if isinstance(part, str | Placeholder) else wild[part]
        if parts and isinstance(kind, str) and isinstance(parts[-1], str):
            parts[-1] += kind
        elif kind != "" and not (kind is None and parts and parts[-1] is None):
            parts.append(kind)
    return tuple(parts)


def _literal_text(part: Parsed) -> str:
    """A literal; what still looks like a placeholder stood so in a value that filled one."""
    return part if isinstance(part, str) else f"%{part.name}%"


def _shape(parts: Pattern) -> tuple[Operator, str | None, Pattern]:
    match parts:
        case ():
            return "equals", "", ()
        case (str(whole),):
            return "equals", whole, ()
        case (None, str(inner), None):
            return "contains", inner, ()
        case (str(start), None):
            return "startswith", start, ()
        case (None, str(end)):
            return "endswith", end, ()
    return "equals", None, parts


def _literal(field: str, value: float | bool) -> Node:  # noqa: FBT001 - a value of a rule
    if field:
        return atom(field, "equals", value)
    return atom("", "contains", str(value).lower())


def _exists(field: str, value: types.SigmaExists) -> Node:
    there = atom(field, "exists", True)
    return there if value.exists else Not(part=there)


def _regex(field: str, value: types.SigmaRegularExpression) -> Node:
    text = str(value.regexp)
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    bounded(text, flags)
    return atom(field, "re", text, flags=flags)


def _compared(field: str, value: types.SigmaCompareExpression) -> Node:
    operators: dict[str, Operator] = {"LT": "lt", "LTE": "lte", "GT": "gt", "GTE": "gte"}
    return atom(_named(field, "a comparison"), operators[value.op.name], value.number.number)


def _timepart(field: str, value: types.SigmaTimestampPart) -> Node:
    part = value.timestamp_part.name.lower()
    return atom(_named(field, part), "timepart", value.number, flags=part)


def _reference(field: str, value: types.SigmaFieldReference) -> Node:
    how = {(True, True): "contains", (True, False): "startswith", (False, True): "endswith"}
    flags = how.get((value.starts_with, value.ends_with), "")
    return atom(_named(field, "fieldref"), "fieldref", value.field, flags=flags)


def _named(field: str, what: str) -> str:
    if not field:
        raise BadInput(f"{what} needs a field: keywords are texts.")
    return field
