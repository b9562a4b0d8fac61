"""A slow reference: every rule on every row, atom by atom, sharing no code with the matcher."""

import ipaddress
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tocsin.sigma.rule import AllOf, AnyOf, Atom, Node, Not, Rule

Row = Mapping[str, Any]


def matches(rules: Sequence[Rule], mapping: Mapping[str, Any], row: Row) -> list[Rule]:
    """The rules that hold for a row under a mapping document."""
    lane = next((lane for lane in mapping["lanes"] if _routed(lane, row)), None)
    if lane is None:
        return []
    return [rule for rule in rules if _fed(rule, lane) and holds(rule.condition, row, mapping, lane)]


def holds(node: Node, row: Row, mapping: Mapping[str, Any], lane: Mapping[str, Any]) -> bool:
    match node:
        case AllOf(parts=parts):
            return all(holds(part, row, mapping, lane) for part in parts)
        case AnyOf(parts=parts):
            return any(holds(part, row, mapping, lane) for part in parts)
        case Not(part=part):
            return not holds(part, row, mapping, lane)
        case Atom():
            return _atom(node, row, mapping, lane)
    raise AssertionError(node)


def _routed(lane: Mapping[str, Any], row: Row) -> bool:
    for name, wanted in lane.get("when", {}).items():
        given = [text.lower() for text in _flat(_find(row, name))]
        if not any(str(_text(value)).lower() in given for value in (wanted if isinstance(wanted, list) else [wanted])):
            return False
    return True


def _fed(rule: Rule, lane: Mapping[str, Any]) -> bool:
    parts = ("category", "product", "service")
    return any(
        all(getattr(rule.logsource, part) in ("", str(source.get(part, "")).lower()) for part in parts)
        for source in lane["logsources"]
    )


def _names(field: str, mapping: Mapping[str, Any], lane: Mapping[str, Any]) -> list[str]:
    names = lane.get("fields", {}).get(field, mapping.get("fields", {}).get(field, [field]))
    return [names] if isinstance(names, str) else list(names)


def _find(row: Any, name: str) -> Any:
    if isinstance(row, list):
        found = [each for item in row if (each := _find(item, name)) is not None]
        return found or None
    if not isinstance(row, Mapping):
        return None
    if name in row:
        return row[name]
    head, _, tail = name.partition(".")
    return _deeper(row[head], tail) if tail and head in row else None


def _deeper(value: Any, path: str) -> Any:
    """Below the first step, no name with dots is taken whole."""
    head, _, tail = path.partition(".")
    if isinstance(value, list):
        found = [each for item in value if (each := _deeper(item, path)) is not None]
        return found or None
    if not isinstance(value, Mapping) or head not in value:
        return None
    return _deeper(value[head], tail) if tail else value[head]


def _value(field: str, row: Row, mapping: Mapping[str, Any], lane: Mapping[str, Any]) -> Any:
    for name in _names(field, mapping, lane):
        found = _find(row, name)
        if found is not None:
            return found
    return None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float | str) else None


def _flat(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    elif _text(value) is not None:
        yield str(_text(value))


def _there(value: Any) -> bool:
    return any(map(_there, value)) if isinstance(value, list) else value is not None


def _atom(atom: Atom, row: Row, mapping: Mapping[str, Any], lane: Mapping[str, Any]) -> bool:
    personal = {**mapping.get("personal", {}), **lane.get("personal", {})}
    value = _value(atom.field, row, mapping, lane)
    match atom.operator:
        case "exists":
            return _there(value)
        case "null":
            return not _there(value)
        case "fieldref":
            other = list(_flat(_value(str(atom.value), row, mapping, lane)))
            return any(_related(left, right, atom.flags) for left in _flat(value) for right in other)
    marked = atom.digest in row.get("~", ())
    if atom.field:
        if any(name in personal for name in (atom.field, *_names(atom.field, mapping, lane))):
            return marked
        return any(_compare(atom, text) for text in _flat(value))
    hidden = {"at", "~", *personal, *(name for field in personal for name in _names(field, mapping, lane))}
    return marked or any(_compare(atom, text) for text in _everywhere(row, hidden, ""))


def _everywhere(value: Any, hidden: set[str], path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if path + key not in hidden:
                yield from _everywhere(inner, hidden, f"{path}{key}.")
    elif isinstance(value, list):
        for inner in value:
            yield from _everywhere(inner, hidden, path)
    else:
        yield from _flat(value)


def _related(left: str, right: str, how: str) -> bool:
    left, right = left.lower(), right.lower()
    return {
        "": left == right,
        "startswith": left.startswith(right),
        "endswith": left.endswith(right),
        "contains": right in left,
    }[how]


def _compare(atom: Atom, text: str) -> bool:
    match atom.operator:
        case "re":
            flags = sum(getattr(re, flag.upper()) for flag in atom.flags)
            return re.search(str(atom.value), text, flags) is not None
        case "cidr":
            return _inside(str(atom.value), text)
        case "lt" | "lte" | "gt" | "gte":
            return _order(atom.operator, text, float(atom.value or 0))
        case "timepart":
            return _part(text, atom.flags) == atom.value
    shape = _shape(atom)
    return re.fullmatch(shape, text if atom.cased else text.lower(), re.DOTALL) is not None


def _shape(atom: Atom) -> str:
    """The comparison as a regular expression, over lower-case texts unless it is cased."""
    parts = atom.pattern or (str(_text(atom.value)),)
    texts = [".*" if part is None else "." if part is False else re.escape(_fold(str(part), atom)) for part in parts]
    before = ".*" if atom.operator in {"contains", "endswith"} else ""
    after = ".*" if atom.operator in {"contains", "startswith"} else ""
    return before + "".join(texts) + after


def _fold(text: str, atom: Atom) -> str:
    return text if atom.cased else text.lower()


def _inside(network: str, text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return False
    wide = ipaddress.ip_network(network)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped and wide.version == 4:
        address = address.ipv4_mapped
    return address in wide


def _order(operator: str, text: str, bound: float) -> bool:
    try:
        number = float(text)
    except ValueError:
        return False
    if "_" in text or not math.isfinite(number):
        return False
    return {"lt": number < bound, "lte": number <= bound, "gt": number > bound, "gte": number >= bound}[operator]


def _part(text: str, part: str) -> int | None:
    try:
        at = datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        try:
            at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            return None
    return at.isocalendar().week if part == "week" else int(getattr(at, part))
