"""What a command does to a controller: rows of control protocols, looked up in one table of codes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

from tocsin.contract.resources import Resources
from tocsin.model import ConfigError

TABLE = "network/controller_services.yaml"
"""Where the codes stand in the content."""

Row: TypeAlias = Mapping[str, Any]

_ADDRESSES = {"zeek": ("id.orig_h", "id.resp_h", "log"), "eve": ("src_ip", "dest_ip", "event_type")}
_GAPS = re.compile(r"[\s_-]+")


class Deed(Struct, frozen=True, forbid_unknown_fields=True):
    """What a command does: `routine` deeds are unusual only when new, `quiet` ones are never told."""

    says: str = ""
    technique: str = ""
    tactic: str = ""
    routine: bool = False
    quiet: bool = False
    covers: tuple[str, ...] = ()


class Mark(Struct, frozen=True, forbid_unknown_fields=True):
    """A code becomes another deed where a field of its row has this value."""

    code: int | str
    field: str
    value: int | str
    deed: str


class Many(Struct, frozen=True, forbid_unknown_fields=True):
    """A code on so many different objects becomes another deed."""

    code: int | str
    deed: str
    at_least: int


class Protocol(Struct, frozen=True, forbid_unknown_fields=True):
    """One control protocol: where its rows are found, how their code is read, what each code does."""

    title: str
    logs: tuple[str, ...]
    commands: dict[str, tuple[int | str, ...]]
    eve: tuple[str, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    replies: dict[str, tuple[bool | int | str, ...]] = {}
    names: dict[str, int] = {}
    marks: tuple[Mark, ...] = ()
    many: tuple[Many, ...] = ()


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    deeds: dict[str, Deed]
    protocols: dict[str, Protocol]


class Command(NamedTuple):
    """One request of a client to a controller: `spoken` names it, `thing` is the object that it names, if any."""

    at: float
    client: str
    controller: str
    protocol: str
    code: str
    deed: str
    spoken: str
    thing: str = ""


@lru_cache(maxsize=16_384)
def plain(code: int | str) -> str:
    """One written form of a code or name.

    >>> plain("0x4B@0x8E/0x74"), plain(5), plain("WRITE_SINGLE_COIL")
    ('75@142/116', '5', 'writesinglecoil')
    """
    return "".join(_piece(part) for part in re.split(r"([@/])", str(code)))


def _piece(text: str) -> str:
    try:
        return str(int(text, 0))
    except ValueError:
        return _GAPS.sub("", text).casefold()


def field(row: Row, name: str) -> Any:  # noqa: ANN401  # any JSON value
    """The value under a name, or inside nested objects where the name is dotted; None where there is none."""
    if name in row:
        return row[name]
    return _within(row, name.split(".")) if "." in name else None


def _within(row: Row, parts: Sequence[str]) -> Any:  # noqa: ANN401  # as field
    value: Any = row
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def _hex(code: str) -> str:
    return "/".join(hex(int(part)) if part.isdigit() else part for part in code.split("/"))


class Book:
    """One protocol of the table, ready to read rows."""

    def __init__(self, name: str, protocol: Protocol) -> None:
        self.name = name
        self.title = protocol.title
        self._keys = protocol.keys
        self._replies = _replies(protocol)
        self._names = {plain(name): plain(code) for name, code in protocol.names.items()}
        self._titles = {plain(code): name for name, code in reversed(protocol.names.items())}
        self._deeds = _deeds(protocol)
        self._marks = {plain(mark.code): mark for mark in protocol.marks}
        self.many = {plain(many.code): many for many in protocol.many}
        self._spoken = lru_cache(maxsize=4_096)(self._words)
        self._decided = lru_cache(maxsize=4_096)(self._decision)

    def command(self, row: Row, at: float, client: str, controller: str) -> Command | None:
        """What this row commands; None for answers and for rows without a code."""
        tried = self._tried(row)
        if not tried:
            return None
        code, deed, mark = self._decided(tried)
        if mark is not None and field(row, mark.field) == mark.value:
            code, deed = plain(mark.code), mark.deed
        return Command(at, client, controller, self.title, code, deed, self._spoken(code), str(row.get("path") or ""))

    def _decision(self, tried: tuple[str, ...]) -> tuple[str, str, Mark | None]:
        """The first of these codes that the table knows, what it does, and what may make it another deed."""
        code = next((one for one in tried if one in self._deeds), tried[-1])
        mark = next((self._marks[one] for one in tried if one in self._marks), None)
        return code, self._deeds.get(code, "other"), mark

    def _words(self, code: str) -> str:
        service, _, place = code.partition("@")
        name = self._titles.get(service) or f"function {_hex(service)}"
        return f"{name} on class {_hex(place)}" if place else name

    def _tried(self, row: Row) -> tuple[str, ...]:
        """The codes under which a row may stand in the table, the most telling first; none for an answer."""
        if any(str(field(row, name)) in values for name, values in self._replies):
            return ()
        return tuple(_cip_codes(row, self._names) if self.name == "cip" else self._codes(row))

    def _codes(self, row: Row) -> Iterator[str]:
        """The codes that a row gives, by one list of fields after another, until the table knows one."""
        for names in self._keys:
            values = [field(row, name) for name in names]
            if any(not isinstance(value, int | str) or value == "" for value in values):
                continue
            code = "/".join([self._known(value) for value in values])
            yield code
            if code in self._deeds:
                return

    def _known(self, value: int | str) -> str:
        code = plain(value)
        return self._names.get(code, code)


def _deeds(protocol: Protocol) -> dict[str, str]:
    return {plain(code): deed for deed, codes in protocol.commands.items() for code in codes}


def _replies(protocol: Protocol) -> list[tuple[str, frozenset[str]]]:
    return [(name, frozenset(map(str, values))) for name, values in protocol.replies.items()]


def _is_response(row: Row) -> bool:
    return row.get("is_orig") is False or str(row.get("direction", "request")).lower() == "response"


def _cip_service(row: Row) -> object:
    return row.get("cip_service_code") or row.get("cip_service") or field(row, "enip.request.cip.service")


def _cip_codes(row: Row, names: Mapping[str, str]) -> Iterator[str]:
    """Codes of a CIP request, the longest first: service@all classes, service@last class, service."""
    said = None if _is_response(row) else _cip_service(row)
    if not isinstance(said, int | str):
        return
    service = names.get(plain(said), plain(said))
    classes = _classes(row)
    if len(classes) > 1:
        yield f"{service}@{'/'.join(classes)}"
    if classes:
        yield f"{service}@{classes[-1]}"
    yield service


def _classes(row: Row) -> tuple[str, ...]:
    """The classes of a request path, outermost first; a last segment that is the attribute is none."""
    path = row.get("path")
    if not isinstance(path, str) or not path:
        one = row.get("class_id")
        return (plain(one),) if isinstance(one, int | str) and one != "" else ()
    return _classes_of(path, has_attribute=row.get("attribute_id") not in (None, ""))


@lru_cache(maxsize=16_384)
def _classes_of(path: str, *, has_attribute: bool) -> tuple[str, ...]:
    parts = [plain(part) for part in path.split("/")]
    if len(parts) > 2 and len(parts) % 2 and has_attribute:
        parts.pop()
    return tuple(parts[::2])


def _by_event(spoken: Iterable[tuple[Protocol, Book]]) -> dict[str, Book]:
    return {event: book for one, book in spoken for event in one.eve}


class Services:
    """The whole table: which rows command controllers, and what each command does."""

    def __init__(self, table: _Table) -> None:
        self.deeds = table.deeds
        books = {name: Book(name, protocol) for name, protocol in table.protocols.items()}
        self._pccc = books.get("pccc")
        spoken = [(one, books[name]) for name, one in table.protocols.items()]
        self._books = {
            "zeek": {log: book for one, book in spoken for log in one.logs},
            "eve": _by_event(spoken),
        }

    @classmethod
    def load(cls, resources: Resources) -> "Services":
        """Read the table; raises ConfigError naming what is wrong in it."""
        try:
            table = msgspec.convert(resources.document(TABLE), _Table, strict=False)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{TABLE}: {error}. Correct the table.") from error
        strangers = {deed for one in table.protocols.values() for deed in _named(one)} - table.deeds.keys()
        if strangers:
            raise ConfigError(f"{TABLE}: no deed {min(strangers)!r}: add it under deeds, or correct the name.")
        return cls(table)

    def many(self) -> dict[str, Many]:
        """The codes that are another deed when there are many of them."""
        books = [*self._books["zeek"].values(), *([self._pccc] if self._pccc else [])]
        return {code: many for book in books for code, many in book.many.items()}

    def book(self, row_format: str, row: Row) -> Book | None:
        """The protocol of a row; None where it is none of a controller."""
        names = _ADDRESSES.get(row_format)
        book = self._books[row_format].get(str(row.get(names[2]))) if names else None
        return self._pccc if book is not None and self._pccc is not None and "pccc_command" in row else book

    def command(self, row_format: str, row: Row, at: float) -> Command | None:
        """What a row commands, if it commands a controller."""
        book = self.book(row_format, row)
        if book is None:
            return None
        source, destination, _ = _ADDRESSES[row_format]
        client, controller = row.get(source), row.get(destination)
        if not isinstance(client, str) or not isinstance(controller, str):
            return None
        return book.command(row, at, client, controller)


def _named(protocol: Protocol) -> set[str]:
    return {*protocol.commands, *(mark.deed for mark in protocol.marks), *(many.deed for many in protocol.many)}
