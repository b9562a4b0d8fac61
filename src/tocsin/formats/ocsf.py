"""Rows of logs as objects of the Open Cybersecurity Schema Framework (OCSF 1.3), by templates that are data."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tocsin.model import ConfigError

MILLISECONDS = 1_000
"""Time units per second of the schema (timestamp_t and durations)."""

SECONDS = 1
"""Time units per second in OCSF's own published Zeek examples, which write seconds."""

_ABSENT: Any = object()
_OURS = ("at", "log", "~")
_NUMBER = re.compile(r"\d{1,9}")
_ADDRESS = re.compile(r"[^\s<>,;\"']+@[^\s<>,;\"']+")

Resolve = Callable[[Mapping[str, Any], int], Any]
"""What a part of a template gives for a row and time units per second; `_ABSENT` where it gives nothing."""

Maker = Callable[[Mapping[str, Any]], Resolve]
"""What reads an object of a template."""


class Templates:
    """The `ocsf` part of a mapping: the first entry whose `when` holds makes the object.

    An entry is `{when, record, ignored}`. In `record`, a text `$name` is a field of the row, `$name|how`
    one that is converted (time, span, int, number, text, list, join, address, forwarded); other values
    stand as they are. Objects with a key `lookup` (and `map`, `else`), `sum_of`, `each_of` (and
    `with`, `as`), `joined` or `first_of` are computed. What is not there is left out, and an object that
    was to hold fields and holds none, or lacks one named in `needs`, with it. Fields that no part
    speaks of are laid under `unmapped`; those in `ignored` are not.

    >>> told = [{"record": {"class_uid": 4001, "activity_id": 6, "src_endpoint": {"ip": "$src"}}}]
    >>> Templates.of({"format": "x", "ocsf": told}).record({"src": "10.0.0.1", "b": 2, "at": 5.0})
    {'class_uid': 4001, 'activity_id': 6, 'src_endpoint': {'ip': '10.0.0.1'}, 'type_uid': 400106, 'unmapped': {'b': 2}}
    """

    def __init__(self, entries: Iterable["_Entry"]) -> None:
        self._entries = tuple(entries)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Templates":
        """Read the `ocsf` part of a mapping; raises ConfigError naming what is wrong in it."""
        try:
            return cls([_Entry(entry) for entry in document.get("ocsf") or ()])
        except (KeyError, TypeError, AttributeError) as error:
            message = f"The OCSF part of the mapping of {document.get('format', '?')} cannot be used: {error!r}."
            raise ConfigError(message) from error

    def record(self, row: Mapping[str, Any], per_s: int = MILLISECONDS) -> dict[str, Any] | None:
        """The object of a row; None where no entry speaks of such rows. `per_s` is time units per second."""
        entry = next((one for one in self._entries if one.holds(row)), None)
        return None if entry is None else entry.record(row, per_s)


class _Entry:
    def __init__(self, text: Mapping[str, Any]) -> None:
        self._when = [(field, {_word(value) for value in values}) for field, values in (text.get("when") or {}).items()]
        self._resolve = _object(text["record"], always=True)
        self._known = {*_OURS, *(text.get("ignored") or ()), *_fields(text["record"])}

    def holds(self, row: Mapping[str, Any]) -> bool:
        return all(_word(row.get(field)) in values for field, values in self._when)

    def record(self, row: Mapping[str, Any], per_s: int) -> dict[str, Any]:
        found = self._resolve(row, per_s)
        made: dict[str, Any] = {} if found is _ABSENT else found
        if "activity_id" in made and "type_uid" not in made:
            made["type_uid"] = made["class_uid"] * 100 + made["activity_id"]
        if unmapped := {**_nested(self._unspoken(row)), **made.pop("unmapped", {})}:
            made["unmapped"] = unmapped
        return made

    def _unspoken(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What a row holds that no part of the template speaks of."""
        return {name: value for name, value in row.items() if name not in self._known and not _empty(value)}


def _word(value: object) -> str:
    return ("" if value is None else str(value)).lower()


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _fields(part: Any) -> Iterator[str]:  # noqa: ANN401  # any part of a template
    """Every field of rows that a template speaks of, by the key under which a row has it."""
    if _is_field(part):
        name = part[1:].partition("|")[0]
        yield from (name, name.partition(".")[0])
    for inner in _parts_of(part):
        yield from _fields(inner)


def _is_field(part: object) -> bool:
    return isinstance(part, str) and part.startswith("$")


def _parts_of(part: Any) -> Iterable[Any]:  # noqa: ANN401  # any part of a template
    """The parts directly inside an object or a list."""
    if isinstance(part, dict):
        return part.values()
    return part if isinstance(part, list) else ()


def _part(part: Any) -> Resolve:  # noqa: ANN401  # any part of a template
    if _is_field(part):
        name, _, how = part[1:].partition("|")
        return _field(name, how)
    if isinstance(part, list):
        return _list(part)
    if isinstance(part, dict):
        maker = next((make for name, make in _MAKERS.items() if name in part), _object)
        return maker(part)
    return lambda _row, _per_s: part


def _read(row: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  # any JSON value
    """A field by its key, or inside objects along a dotted name."""
    found: Any = row.get(name, _ABSENT)
    if found is _ABSENT and "." in name:
        found = _inside(row, name)
    return _ABSENT if found is None or found == "" else found


def _inside(row: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  # any JSON value
    found: Any = row
    for step in name.split("."):
        found = found.get(step, _ABSENT) if isinstance(found, Mapping) else _ABSENT
    return found


def _field(name: str, how: str) -> Resolve:
    convert = None if not how else _CONVERTERS[how]

    def resolve(row: Mapping[str, Any], per_s: int) -> Any:  # noqa: ANN401  # any JSON value
        value = _read(row, name)
        return value if value is _ABSENT or convert is None else convert(value, per_s)

    return resolve


def _object(part: Mapping[str, Any], *, always: bool = False) -> Resolve:
    """An object; without `always`, nothing where it was to hold fields and holds none."""
    needs = tuple(part.get("needs") or ())
    parts = {name: _part(inner) for name, inner in part.items() if name != "needs"}
    resolve = partial(_laid_out, parts, frozenset() if always else _telling(part))
    return partial(_where_given, needs, resolve) if needs else resolve


def _telling(part: Mapping[str, Any]) -> frozenset[str]:
    """The names in an object under which fields of rows are told."""
    return frozenset(name for name, inner in part.items() if next(_fields(inner), None) is not None)


def _where_given(needs: tuple[str, ...], resolve: Resolve, row: Mapping[str, Any], per_s: int) -> Any:  # noqa: ANN401
    """What `resolve` gives where a row holds all the fields that it needs."""
    return _ABSENT if any(_read(row, name) is _ABSENT for name in needs) else resolve(row, per_s)


def _laid_out(parts: Mapping[str, Resolve], telling: frozenset[str], row: Mapping[str, Any], per_s: int) -> Any:  # noqa: ANN401
    """The object of these parts; where some of them are `telling`, one of those must be there."""
    found = {name: value for name, one in parts.items() if (value := one(row, per_s)) is not _ABSENT}
    return found if found and not (telling and telling.isdisjoint(found)) else _ABSENT


def _list(part: list[Any]) -> Resolve:
    """Every item that is there; what an `each` gives is laid out among them."""
    return partial(_items, [(_part(one), isinstance(one, dict) and "each_of" in one) for one in part])


def _items(parts: Iterable[tuple[Resolve, bool]], row: Mapping[str, Any], per_s: int) -> Any:  # noqa: ANN401
    found: list[Any] = []
    for one, spread in parts:
        value = one(row, per_s)
        if value is not _ABSENT:
            found.extend(value if spread else [value])
    return found or _ABSENT


def _of_parts(name: str, combine: Callable[[list[Resolve], Mapping[str, Any], int], Any]) -> "Maker":
    """What makes one value of the parts that are listed under `name`."""
    return lambda part: partial(combine, [_part(one) for one in part[name]])


def _mapped(part: Mapping[str, Any]) -> Resolve:
    read, otherwise = _part(part["lookup"]), part.get("else", _ABSENT)
    table = {_word(name): value for name, value in part["map"].items()}
    return lambda row, per_s: table.get(_word(read(row, per_s)), otherwise)


def _sum(parts: list[Resolve], row: Mapping[str, Any], per_s: int) -> Any:  # noqa: ANN401  # a number, or nothing
    values = [value for one in parts if isinstance(value := one(row, per_s), int | float)]
    return sum(values) if values else _ABSENT


def _text_of(parts: list[Resolve], row: Mapping[str, Any], per_s: int) -> Any:  # noqa: ANN401  # a text, or nothing
    values = [str(value) for one in parts if (value := one(row, per_s)) is not _ABSENT]
    return " ".join(values) if values else _ABSENT


def _first(parts: list[Resolve], row: Mapping[str, Any], per_s: int) -> Any:  # noqa: ANN401  # any JSON value
    return next((value for one in parts if (value := one(row, per_s)) is not _ABSENT), _ABSENT)


def _each(part: Mapping[str, Any]) -> Resolve:
    """One object per element of a list; `$item` is the element, `$with` that of the second list beside it."""
    items, beside, form = _part(part["each_of"]), _part(part.get("with", [])), _part(part["as"])

    def resolve(row: Mapping[str, Any], per_s: int) -> Any:  # noqa: ANN401  # a list, or nothing
        values, others = _listed(items(row, per_s)), _listed(beside(row, per_s))
        found = []
        for index, value in enumerate(values):
            inner = {**row, "item": value, "with": others[index] if index < len(others) else None}
            found.append(form(inner, per_s))
        return [one for one in found if one is not _ABSENT] or _ABSENT

    return resolve


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  # any JSON value
    if value is _ABSENT:
        return []
    return value if isinstance(value, list) else [value]


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as objects, unless another field lies in their way."""
    found: dict[str, Any] = {}
    for name, value in flat.items():
        *way, last = name.split(".")
        inner = _object_at(found, way)
        if inner is not None and last not in inner:
            inner[last] = value
        else:
            found[name] = value
    return found


def _object_at(found: dict[str, Any], way: Iterable[str]) -> dict[str, Any] | None:
    """The object at the end of a way, which is made where it is free; None where another field lies in it."""
    inner: Any = found
    for step in way:
        inner = inner.setdefault(step, {}) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else None


def _time(value: object, per_s: int) -> Any:  # noqa: ANN401  # a number, or nothing
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return _ABSENT
        value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return _span(value, per_s)


def _span(value: object, per_s: int) -> Any:  # noqa: ANN401  # a number, or nothing
    return math.floor(round(value * per_s, 3)) if isinstance(value, int | float) and math.isfinite(value) else _ABSENT


def _int(value: object, _per_s: int) -> Any:  # noqa: ANN401  # a number, or nothing
    try:
        return int(value)  # type: ignore[call-overload]  # its TypeError is caught
    except (TypeError, ValueError, OverflowError):
        return _ABSENT


def _number(value: object, _per_s: int) -> Any:  # noqa: ANN401  # a number, or nothing
    found = _NUMBER.search(str(value))
    return int(found[0]) if found else _ABSENT


def _address(value: object, _per_s: int) -> Any:  # noqa: ANN401  # a text, or nothing
    found = _ADDRESS.search(str(value))
    return found[0] if found else str(value)


def _forwarded(value: object, _per_s: int) -> Any:  # noqa: ANN401  # a text, or nothing
    """Zeek's `proxied`: `X-FORWARDED-FOR -> 192.0.2.1` gives the address."""
    texts = [str(one) for one in _listed(value)]
    return next((one.partition("-> ")[2] for one in texts if one.upper().startswith("X-FORWARDED-FOR")), _ABSENT)


_MAKERS: "Mapping[str, Maker]" = {
    "lookup": _mapped,
    "sum_of": _of_parts("sum_of", _sum),
    "each_of": _each,
    "joined": _of_parts("joined", _text_of),
    "first_of": _of_parts("first_of", _first),
}

_CONVERTERS: Mapping[str, Callable[[Any, int], Any]] = {
    "time": _time,
    "span": _span,
    "int": _int,
    "number": _number,
    "text": lambda value, _per_s: str(value),
    "list": lambda value, _per_s: _listed(value),
    "join": lambda value, _per_s: ", ".join(str(one) for one in _listed(value)),
    "address": _address,
    "forwarded": _forwarded,
}
