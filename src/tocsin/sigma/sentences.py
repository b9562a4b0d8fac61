"""A condition as a sentence where it is short, else as an indented list: comparisons in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from msgspec.structs import replace

from tocsin.sigma.rule import AllOf, AnyOf, Atom, Node, Not

VALUES_TOLD_MAX = 8
"""Most values that are repeated in one comparison."""

VALUE_CHARS_MAX = 80
"""Longest value that is repeated whole."""

SENTENCE_CHARS_MAX = 180
"""Longest condition that is told as one sentence."""

DEPTH_MAX = 8
"""Deepest list; what is nested deeper is told in one line."""

PARTS_TOLD_MAX = 40
"""Most parts of one list that are told."""

Group: TypeAlias = tuple[Atom, ...]
"""Comparisons of one field in one way, told together."""

_VERBS: dict[str, tuple[str, str]] = {
    "equals": ("is", "is not"),
    "contains": ("contains", "does not contain"),
    "startswith": ("starts with", "does not start with"),
    "endswith": ("ends with", "does not end with"),
    "re": ("matches the regular expression", "does not match the regular expression"),
    "cidr": ("is an address in", "is not an address in"),
    "lt": ("is less than", "is not less than"),
    "lte": ("is at most", "is not at most"),
    "gt": ("is more than", "is not more than"),
    "gte": ("is at least", "is not at least"),
}
_PRESENCE = {"exists": ("present", "absent"), "null": ("missing or null", "there")}
_REFERENCES = {
    "": ("is the same as", "differs from"),
    "startswith": ("starts with", "does not start with"),
    "endswith": ("ends with", "does not end with"),
    "contains": ("contains", "does not contain"),
}


def joined(parts: Sequence[str], word: str) -> str:
    """Parts as people list them.

    >>> joined(["a", "b", "c"], "or")
    'a, b or c'
    """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def quoted(value: str) -> str:
    """A value in quotes, cut where it is long, with a dot for what cannot be printed."""
    printable = "".join(letter if letter.isprintable() else "·" for letter in value[: VALUE_CHARS_MAX + 1])
    return f"'{printable}'" if len(printable) <= VALUE_CHARS_MAX else f"'{printable[: VALUE_CHARS_MAX - 1]}…'"


def condition_lines(node: Node) -> list[str]:
    """When a rule fires: one sentence, or a sentence and a list."""
    wanted, unwanted = _sides(node)
    when = phrase(wanted) if wanted else "anything happens there"
    unless = f", unless {phrase(unwanted)}" if unwanted else ""
    if len(when) + len(unless) <= SENTENCE_CHARS_MAX:
        return [f"Fires when {when}{unless}."]
    return _condition_list(wanted, unwanted, when)


def _condition_list(wanted: Node | None, unwanted: Node | None, when: str) -> list[str]:
    lines = _listed("Fires when", wanted, 1) if wanted else [f"Fires when {when}"]
    return lines + (_listed("unless", unwanted, 1) if unwanted else [])


def _sides(node: Node) -> tuple[Node | None, Node | None]:
    """What must hold, and what must not: `a and not b and not c` is a, unless b or c."""
    parts = node.parts if isinstance(node, AllOf) else (node,)
    wanted = [part for part in parts if not isinstance(part, Not)]
    unwanted = [part.part for part in parts if isinstance(part, Not)]
    return _one(AllOf, wanted), _one(AnyOf, unwanted)


def _one(kind: type[AllOf | AnyOf], parts: Sequence[Node]) -> Node | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return kind(parts=tuple(inner for part in parts for inner in _flat(kind, part)))


def _flat(kind: type[AllOf | AnyOf], part: Node) -> tuple[Node, ...]:
    return part.parts if isinstance(part, kind) else (part,)


# --- as a list ---


def _listed(start: str, node: Node, depth: int) -> list[str]:
    """A node as one line, or as a heading over its parts."""
    if not isinstance(node, AllOf | AnyOf) or len(_merged(node)) == 1:
        return [f"{start} {phrase(node)}"]
    heading = "all of these hold:" if isinstance(node, AllOf) else "any of these holds:"
    return [f"{start} {heading}", *_bullets(node, depth)]


def _bullets(node: AllOf | AnyOf, depth: int) -> list[str]:
    parts = _merged(node)
    lines = [line for part in parts[:PARTS_TOLD_MAX] for line in _bullet(part, depth)]
    more = len(parts) - PARTS_TOLD_MAX
    return lines + ([f"{'  ' * depth}- and {more} more"] if more > 0 else [])


def _bullet(part: Node | tuple[Group, str], depth: int) -> list[str]:
    bullet, text = f"{'  ' * depth}-", _part(part)
    if len(text) <= SENTENCE_CHARS_MAX or depth >= DEPTH_MAX or isinstance(part, tuple):
        return [f"{bullet} {text}"]
    if isinstance(part, Not):
        return _listed(f"{bullet} not so:", part.part, depth + 1)
    return _listed(bullet, part, depth + 1)


# --- as a sentence ---


def phrase(node: Node | None) -> str:
    """A condition as part of a sentence, however long."""
    if node is None:
        return ""
    if not isinstance(node, AllOf | AnyOf):
        return _part(node)
    word = "and" if isinstance(node, AllOf) else "or"
    told = _merged(node)[: PARTS_TOLD_MAX + 1]
    return f" {word} ".join(_part(part, inner=len(told) > 1) for part in told)


def _part(part: Node | tuple[Group, str], *, inner: bool = False) -> str:
    match part:
        case (group, word):
            return _comparison(group, word)
        case Atom():
            return _comparison((part,), "any")
        case Not(part=Atom() as atom):
            return _comparison((atom,), "any", negated=True)
        case Not():
            return f"not ({phrase(part.part)})"
        case AllOf() | AnyOf():
            text = phrase(part)
            return f"({text})" if inner and len(_merged(part)) > 1 else text
    return "the rule matches"


def _merged(node: AllOf | AnyOf) -> list[Node | tuple[Group, str]]:
    """Parts, with comparisons of one field in one way put together where that reads better."""
    word = "all" if isinstance(node, AllOf) else "any"
    groups: dict[Atom, list[Atom]] = {}
    order: list[Node | Atom] = []
    for part in node.parts:
        if not isinstance(part, Atom) or _stands_alone(part, word):
            order.append(part)
            continue
        kind = replace(part, digest="", value=None, pattern=())
        if kind not in groups:
            order.append(kind)
        groups.setdefault(kind, []).append(part)
    return [(tuple(groups[part]), word) if isinstance(part, Atom) and part in groups else part for part in order]


def _stands_alone(atom: Atom, word: str) -> bool:
    return word == "all" and atom.operator == "equals" and not atom.pattern


def _subject(atom: Atom) -> str:
    subject = atom.field or "any value"
    return f"the {atom.flags} of {subject} (UTC)" if atom.operator == "timepart" else subject


def _comparison(group: Sequence[Atom], word: str, *, negated: bool = False) -> str:
    atom, subject = group[0], _subject(group[0])
    if atom.operator in _PRESENCE:
        return f"{subject} is {_PRESENCE[atom.operator][negated]}"
    case = " (case matters)" if atom.cased else ""
    return f"{subject} {_predicate(atom, word if len(group) > 1 else '', negated=negated)}{_values(group, word)}{case}"


def _predicate(atom: Atom, word: str, *, negated: bool) -> str:
    verb = _verb(atom)[negated]
    if word and atom.operator == "re":
        return f"{verb.removesuffix(' the regular expression')} {word} of the regular expressions "
    return f"{verb} {word} of " if word else f"{verb} "


def _values(group: Sequence[Atom], word: str) -> str:
    values = [_value(each) for each in group[:VALUES_TOLD_MAX]]
    if len(group) > VALUES_TOLD_MAX:
        values.append(f"{len(group) - VALUES_TOLD_MAX} more")
    return joined(values, "and" if word == "all" else "or")


def _verb(atom: Atom) -> tuple[str, str]:
    if atom.operator == "fieldref":
        verbs = _REFERENCES.get(atom.flags, _REFERENCES[""])
        return verbs[0], verbs[1]
    if atom.operator == "equals" and len(atom.pattern) > 1:
        return ("is like", "is not like") if atom.field else ("is or contains", "neither is nor contains")
    return _VERBS.get(atom.operator, ("is", "is not"))


def _value(atom: Atom) -> str:
    value = atom.value
    if atom.operator == "fieldref":
        return f"the field {value}"
    if atom.operator == "re":
        return f"/{quoted(str(value))[1:-1]}/{atom.flags}"
    if atom.pattern == (None,):
        return "anything at all"
    return _plain_value(value) if atom.operator == "cidr" else _literal(value)


def _literal(value: str | float | bool | None) -> str:  # noqa: FBT001 - a value of a rule
    return quoted(value) if isinstance(value, str) and value else _plain_value(value)


def _plain_value(value: str | float | bool | None) -> str:  # noqa: FBT001 - a value of a rule
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value}" or "empty"
