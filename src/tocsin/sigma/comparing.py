"""How one value compares: what each operator of an atom means, in time linear in the value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from tocsin.sigma.regexes import bounded
from tocsin.sigma.rule import Atom
from tocsin.sigma.taxonomy import word_of

Test = Callable[[str], bool]
"""Whether the text of a value satisfies an atom."""

MILLISECONDS_FROM = 1e11
"""A time beyond this is in milliseconds: in seconds it would lie in the year 5138."""


def comparison(atom: Atom) -> Test:
    """The comparison of an atom with one value; not for `exists`, `null` and `fieldref`, which need the row.

    >>> from tocsin.sigma.atoms import atom
    >>> comparison(atom("Image", "endswith", "/sh"))("/bin/SH")
    True
    """
    match atom.operator:
        case "re":
            return bounded(str(atom.value), atom.flags)
        case "cidr":
            return _within(str(atom.value))
        case "lt" | "lte" | "gt" | "gte":
            return _ordered(atom.operator, float(atom.value or 0))
        case "timepart":
            return _part(atom.flags, atom.value)
    return _textual(atom)


def compared(left: Iterable[str], right: Iterable[str], how: str) -> bool:
    """Whether any text of a field stands to any of another as a field reference says, without regard to case."""
    ends = {text.lower() for text in right}
    return any(_stands(text.lower(), end, how) for text in left for end in ends)


def glob(pattern: Sequence[str | bool | None]) -> Test:
    """Whether a text is what a pattern describes: texts, None for any run of characters, False for any one.

    >>> glob(("a", None, "d", False))("abcde")
    True
    """
    segments: list[list[str | bool | None]] = [[]]
    for part in pattern:
        if part is None:
            segments.append([])
        else:
            segments[-1].append(part)
    first, *rest = [_merged(segment) for segment in segments]
    if not rest:
        return lambda text: len(text) == _width(first) and _fits(text, first, 0)
    *middle, last = rest
    return lambda text: _globbed(text, first, middle, last)


def _globbed(text: str, first: Segment, middle: Sequence[Segment], last: Segment) -> bool:
    end = len(text) - _width(last)
    at = _width(first)
    if at > end or not _fits(text, first, 0) or not _fits(text, last, end):
        return False
    for segment in middle:  # the leftmost fit leaves most room for the rest
        found = _found(text, segment, at, end)
        if found < 0:
            return False
        at = found + _width(segment)
    return True


Segment = tuple[tuple[int, str], ...]
"""Literal texts with their offsets, closed by (width, "")."""


def _merged(parts: Sequence[str | bool | None]) -> Segment:
    made: list[tuple[int, str]] = []
    width = 0
    for part in parts:
        if isinstance(part, str):
            made.append((width, part))
            width += len(part)
        else:
            width += 1
    return (*made, (width, ""))


def _width(segment: Segment) -> int:
    return segment[-1][0]


def _fits(text: str, segment: Segment, at: int) -> bool:
    return not segment[-1][0] or all(text.startswith(literal, at + offset) for offset, literal in segment)


def _found(text: str, segment: Segment, start: int, end: int) -> int:
    """Where a segment first fits wholly between two places; -1 if nowhere."""
    offset, literal = segment[0]
    if len(literal) == _width(segment):
        return text.find(literal, start, end)
    at = start
    while at + _width(segment) <= end:
        place = text.find(literal, at + offset, end) - offset
        if place < at or place + _width(segment) > end:
            return -1
        if _fits(text, segment, place):
            return place
        at = place + 1
    return -1


def _textual(atom: Atom) -> Test:
    cased = atom.cased
    wanted = _cased(word_of(atom.value) or "", cased=cased)
    pattern = tuple(_cased(part, cased=cased) if isinstance(part, str) else part for part in atom.pattern)
    match atom.operator:
        case "contains":
            return (lambda text: wanted in text) if cased else (lambda text: wanted in text.lower())
        case "startswith":
            return (lambda text: text.startswith(wanted)) if cased else (lambda text: text.lower().startswith(wanted))
        case "endswith":
            return (lambda text: text.endswith(wanted)) if cased else (lambda text: text.lower().endswith(wanted))
    if pattern:
        fits = glob(pattern)
        return fits if cased else (lambda text: fits(text.lower()))
    return (lambda text: text == wanted) if cased else (lambda text: text.lower() == wanted)


def _cased(text: str, *, cased: bool) -> str:
    return text if cased else text.lower()


def _within(network: str) -> Test:
    wide = ip_network(network)

    def within(text: str) -> bool:
        address = _address(text)
        if isinstance(address, IPv6Address) and wide.version == 4:
            address = address.ipv4_mapped
        return address is not None and address.version == wide.version and address in wide

    return within


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None


def _ordered(operator: str, bound: float) -> Test:
    orders: dict[str, Callable[[float], bool]] = {
        "lt": lambda number: number < bound,
        "lte": lambda number: number <= bound,
        "gt": lambda number: number > bound,
        "gte": lambda number: number >= bound,
    }
    order = orders[operator]

    def ordered(text: str) -> bool:
        number = number_of(text)
        return number is not None and order(number)

    return ordered


def number_of(text: str) -> float | None:
    """The number that a text is, as people and logs write one; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _part(part: str, wanted: object) -> Test:
    def fits(text: str) -> bool:
        at = moment(text)
        return at is not None and _part_of(at, part) == wanted

    return fits


def _part_of(at: datetime, part: str) -> int:
    return at.isocalendar().week if part == "week" else int(getattr(at, part))


def moment(text: str) -> datetime | None:
    """The time that a text is: seconds or milliseconds since 1970, or ISO 8601; UTC where it names no zone."""
    try:
        number = number_of(text)
        if number is not None:
            return datetime.fromtimestamp(number / 1000 if abs(number) >= MILLISECONDS_FROM else number, UTC)
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _stands(left: str, right: str, how: str) -> bool:
    match how:
        case "startswith":
            return left.startswith(right)
        case "endswith":
            return left.endswith(right)
        case "contains":
            return right in left
    return left == right
