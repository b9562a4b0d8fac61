"""Zeek logs: rows of tab-separated logs, read by their own header, and of JSON logs."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from math import isfinite
from typing import Any

from msgspec import Struct

from tocsin.model import BadInput
from tocsin.model.untrusted import json_object

LABELS = ("label", "detailedlabel")
"""Columns that research data adds to say what a row truly was: an answer that nothing may see, dropped in every log."""

_YEAR_10000_S = 253_402_300_800

_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")


class Header(Struct, frozen=True, kw_only=True):
    """What the `#` lines of a tab-separated log say about the rows below them."""

    path: str
    fields: tuple[str, ...]
    types: tuple[str, ...]
    separator: str = "\t"
    set_separator: str = ","
    empty_field: str = "(empty)"
    unset_field: str = "-"


def is_header(line: bytes) -> bool:
    """Whether a line of a tab-separated log speaks about rows instead of being one."""
    return line.lstrip(b"\t ").startswith(b"#")


@lru_cache(maxsize=256)
def header_of(text: str) -> Header:
    r"""Read the `#` lines above the rows; raises BadInput where #fields and #types do not agree.

    >>> header_of("#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring").fields
    ('ts', 'query')
    """
    separator, said = _said(text)
    fields, types = (tuple(said.get(name, "").split(separator)) for name in ("fields", "types"))
    if not said.get("fields") or len(fields) != len(types):
        raise BadInput("This Zeek log has no header with matching #fields and #types above its rows.")
    words = ("set_separator", "empty_field", "unset_field")
    given = {word: _unescaped(said[word]) for word in words if said.get(word)}
    return Header(path=said.get("path", ""), fields=fields, types=types, separator=separator, **given)


def _said(text: str) -> tuple[str, dict[str, str]]:
    """The separator of a header, and what else its lines say by their names."""
    separator, said = "\t", {}
    for line in text.splitlines():
        name, _, rest = line.strip("\t ").partition(" " if "#separator" in line else separator)
        if name == "#separator":
            separator = _unescaped(rest.strip()) or "\t"
        else:
            said[name.lstrip("#")] = rest
    return separator, said


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "\\" in text else text


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def _whole(text: str) -> int:
    value = int(text)
    if not -(2**63) <= value < 2**64:
        raise ValueError(text)
    return value


def _truth(text: str) -> bool:
    if text not in {"T", "F"}:
        raise ValueError(text)
    return text == "T"


_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "time": _number,
    "interval": _number,
    "double": _number,
    "count": _whole,
    "int": _whole,
    "port": _whole,
    "bool": _truth,
}

_Column = tuple[str, Callable[[str], Any]]


def _reader(kind: str, header: Header) -> Callable[[str], Any]:
    """How to read one field of a Zeek type, such as `count` or `set[addr]`."""
    outer, bracket, inner = kind.partition("[")
    if not bracket:
        return _SCALARS.get(outer, _unescaped)
    item = _SCALARS.get(inner.rstrip("]"), _unescaped)
    separator, unset = header.set_separator, header.unset_field
    return lambda text: [item(part) for part in text.split(separator) if part != unset]


@lru_cache(maxsize=256)
def _columns(header: Header) -> Sequence[_Column]:
    return tuple((name, _reader(kind, header)) for name, kind in zip(header.fields, header.types, strict=True))


def tsv_row(header: Header, line: bytes) -> dict[str, Any]:
    """One row of a tab-separated log: `at` in seconds UTC, `log` its name, unset fields left out.

    Sets and vectors become lists. Raises BadInput, which repeats nothing of the content.
    """
    try:
        parts = line.decode().split(header.separator)
    except UnicodeDecodeError as error:
        raise BadInput(f"Byte {error.start} of this row is not UTF-8.") from None
    if len(parts) != len(header.fields):
        raise BadInput(f"This row has {len(parts)} fields, its header {len(header.fields)}.")
    row: dict[str, Any] = {}
    for (name, read), text in zip(_columns(header), parts, strict=True):
        if text != header.unset_field:
            row[name] = _value(name, read, text, header)
    return _finished(row, header.path)


def _value(name: str, read: Callable[[str], Any], text: str, header: Header) -> Any:  # noqa: ANN401  # per type
    if text == header.empty_field:
        return [] if header.types[header.fields.index(name)].endswith("]") else ""
    try:
        return read(text)
    except ValueError:
        raise BadInput(f"Field {name} of this row is not of its type.") from None


def json_row(log: str, line: bytes) -> dict[str, Any]:
    """One row of a JSON log named `log` (a `_path` in the row wins); as `tsv_row`.

    >>> json_row("conn", b'{"ts":3.5,"id.orig_h":"10.0.0.1"}')
    {'id.orig_h': '10.0.0.1', 'at': 3.5, 'log': 'conn'}
    """
    row = json_object(line)
    path = row.pop("_path", log)
    return _finished(row, path if isinstance(path, str) else log)


def _finished(row: dict[str, Any], log: str) -> dict[str, Any]:
    row["at"] = time_of(row.pop("ts", None))
    row["log"] = log
    for name in LABELS:
        row.pop(name, None)
    return row


def time_of(stamp: object) -> float:
    """Seconds UTC of `ts`: a number, or ISO 8601 as JSON::TS_ISO8601 writes it; raises BadInput."""
    if isinstance(stamp, str):
        return _iso_time(stamp)
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        raise BadInput("This row has no time (ts): it is not an event.")
    if not 0 <= stamp < _YEAR_10000_S:
        raise BadInput("The time (ts) of this row lies outside the years 1970 to 9999.")
    return float(stamp)


def _iso_time(stamp: str) -> float:
    try:
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            raise BadInput("The time (ts) of this row has no offset from UTC.")
        return max(0.0, moment.timestamp())
    except (ValueError, OverflowError):
        raise BadInput("The time (ts) of this row is not ISO 8601.") from None
