"""The Common Industrial Protocol: services, request paths, routed and bundled messages, PCCC within.

Of payload only these facts are kept: the kind of an edit lock, the identity of an I/O module, the
name of the project, command and function of PCCC. Names of vendor-specific Logix classes are
those that published studies of that traffic use (Rockwell 1756-PM020 for program, symbol, template).
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain, pairwise, repeat
from struct import unpack_from

from tocsin.formats.packets.cip_names import CLASSES, PCCC, SERVICES, SERVICES_OF, STATUS
from tocsin.formats.packets.dialogue import PENDING_MAX, Malformed, Row, code, text

BUNDLED_MAX = 256
"""Most services of one Multiple Service Packet that are read."""

_MULTIPLE, _UNCONNECTED_SEND, _WRITE_LIST, _READ_LIST, _EXECUTE = 0x0A, 0x52, 0x04, 0x03, 0x4B
_ROUTER, _CONNECTIONS, _PROJECT, _MODULE, _LOCK, _STATE, _PCCC = 2, 6, 0x64, 0x69, 0x74, 0xAC, 0x67
_NESTED_MAX = 4
_OF_REQUEST = ("cip_service", "class_id", "class_name", "instance_id", "attribute_id", "path", "routed")
"""What an answer repeats of its request, which alone names it."""

Path = tuple[tuple[str, int], ...]
"""Segments of a request path: kind (class, instance, attribute, element, symbol) and number."""


class Cip:
    """One conversation: an answer is named by the request that it answers."""

    def __init__(self) -> None:
        self._asked: dict[int | None, list[Row]] = {}

    def take(self, message: bytes, *, is_orig: bool, sequence: int | None) -> list[Row]:
        """Rows of log cip for one message; `sequence` is None where it came unconnected."""
        if message[0] & 0x80:
            rows = self._answers(message, sequence)
        else:
            rows = _requests(message, {}, 0)
            self._remember(sequence, rows)
        for row in rows:
            row["_path"], row["is_orig"] = "cip", is_orig
            if sequence is not None:
                row["cip_sequence_count"] = sequence
        return rows

    def _remember(self, sequence: int | None, rows: list[Row]) -> None:
        if len(self._asked) >= PENDING_MAX:
            del self._asked[next(iter(self._asked))]
        self._asked[sequence] = rows

    def _answers(self, message: bytes, sequence: int | None) -> list[Row]:
        asked = self._asked.pop(sequence, [])
        service = message[0] & 0x7F
        first = asked[0] if asked and asked[0]["cip_service_code"] == code(service) else None
        rows = [_answer(message, first)]
        if service == _MULTIPLE:
            rows += _bundled_answers(message, asked[1:] if first else [])
        return rows


def _bundled_answers(message: bytes, asked: list[Row]) -> Iterator[Row]:
    parts = _bundled(message[4 + 2 * message[3] :])
    for part, request in zip(parts, chain(asked, repeat(None)), strict=False):
        yield _answer(part, request) | {"in_multiple": True}


def _requests(message: bytes, marks: Row, depth: int) -> list[Row]:
    """A request, and those that travel within it."""
    if depth > _NESTED_MAX:
        raise Malformed("messages nested too deeply")
    service, (path, data) = message[0], _parted(message)
    target, addressed = _addressed(path)
    if (service, target) == (_UNCONNECTED_SEND, _CONNECTIONS):
        size = unpack_from("<H", data, 2)[0]
        return _requests(data[4 : 4 + size], {**marks, "routed": True}, depth + 1)
    row = {"direction": "request", **_service(service, target), **addressed, "data_length": len(data), **marks}
    row |= _facts(service, target, data)
    if (service, target) != (_MULTIPLE, _ROUTER):
        return [row]
    return [row, *_bundled_requests(data, {**marks, "in_multiple": True}, depth + 1)]


def _parted(message: bytes) -> tuple[bytes, bytes]:
    """The path of a request and its data."""
    begin = 2 + 2 * message[1]
    if begin > len(message):
        raise Malformed("a path beyond the end")
    return message[2:begin], message[begin:]


def _bundled_requests(data: bytes, marks: Row, depth: int) -> list[Row]:
    inner = [_requests(part, marks, depth) for part in _bundled(data)]
    return list(chain.from_iterable(inner))


def _bundled(data: bytes) -> list[bytes]:
    """The messages of a Multiple Service Packet: a count, their offsets, then they themselves."""
    count = unpack_from("<H", data)[0]
    if not 0 < count <= BUNDLED_MAX:
        raise Malformed("no believable number of bundled services")
    offsets = [*unpack_from(f"<{count}H", data, 2), len(data)]
    return [data[begin:end] for begin, end in pairwise(offsets) if end - begin >= 2]


def _answer(message: bytes, asked: Row | None) -> Row:
    service, status = message[0] & 0x7F, message[2]
    row: Row = {"direction": "response", **_service(service, None)}
    row |= {"cip_status_code": code(status), "cip_status": STATUS.get(status, f"status {code(status)}")}
    if message[3]:
        row["cip_extended_status_code"] = code(unpack_from("<H", message, 4)[0])
    if asked is not None:
        row |= {name: asked[name] for name in _OF_REQUEST if name in asked}
        if (asked.get("class_id"), service, status) == (code(_PROJECT), _READ_LIST, 0):
            row |= _project(message[4:])
    return row


@lru_cache(maxsize=1_024)
def _service(service: int, target: int | None) -> Row:
    name = SERVICES_OF.get((target or 0, service)) or SERVICES.get(service) or f"service {code(service)}"
    return {"cip_service_code": code(service), "cip_service": name}


_SEGMENTS = {0x20: "class", 0x24: "instance", 0x28: "element", 0x2C: "point", 0x30: "attribute"}


def _path(raw: bytes) -> Path:
    """A padded request path; segments of other kinds end it."""
    segments, at = list[tuple[str, int]](), 0
    while at + 1 < len(raw):
        kind, width = _SEGMENTS.get(raw[at] & 0xFC), raw[at] & 3
        if kind is not None and width < 3:
            size = (2, 4, 6)[width]
            segments.append((kind, int.from_bytes(raw[at + (1 if width == 0 else 2) : at + size], "little")))
        elif raw[at] == 0x91:
            size = 2 + raw[at + 1] + (raw[at + 1] & 1)
            segments.append(("symbol", 0))
        elif raw[at] < 0x10:
            size = 2
        else:
            break
        at += size
    return tuple(segments)


def _number(path: Path, kind: str) -> int | None:
    """The last number of this kind in a path: what the request is addressed to."""
    return next((number for segment, number in reversed(path) if segment == kind), None)


@lru_cache(maxsize=4_096)
def _addressed(raw: bytes) -> tuple[int | None, Row]:
    """The class that a request is addressed to, and the fields that say so (shared by equal paths: only read)."""
    path = _path(raw)
    target, row = _number(path, "class"), Row()
    for kind in ("class", "instance", "attribute"):
        number = _number(path, kind)
        if number is not None:
            row[f"{kind}_id"] = code(number)
    if target is not None:
        row["class_name"] = CLASSES.get(target, f"class {code(target)}")
    if path:
        row["path"] = _shown(path)
    return target, row


def _shown(path: Path) -> str:
    return "/".join("symbol" if kind == "symbol" else code(number) for kind, number in path)


def _facts(service: int, target: int | None, data: bytes) -> Row:
    """The few facts of a request's payload that say what was done to a controller."""
    reader = _READERS.get((service, target))
    return {} if reader is None else reader(data)


def _argument(data: bytes) -> Row:
    return {"argument": data[0]} if data else {}


def _pccc(data: bytes) -> Row:
    """Command and function of PCCC after the identity of the asker (1756-PM020, Execute PCCC)."""
    begin = data[0] if data else 0
    if begin + 4 >= len(data):
        return {}
    command, function = data[begin], data[begin + 4]
    if command & 0x0F not in {0x06, 0x07, 0x0F}:
        return {"pccc_command": code(command), "pccc_name": PCCC.get((command, -1), "other")}
    name = PCCC.get((command, function), "other")
    return {"pccc_command": code(command), "pccc_function": code(function), "pccc_name": name}


def _module(data: bytes) -> Row:
    """The identity under which an I/O module is entered in a project: attribute 2 of the list that is set."""
    if len(data) < 14 or unpack_from("<HH", data) != (unpack_from("<H", data)[0], 1):
        return {}
    if unpack_from("<H", data, 6)[0] != 2:
        return {}
    vendor, kind, product = unpack_from("<HHH", data, 8)
    return {"module_vendor_id": vendor, "module_device_type": kind, "module_product_code": product}


_READERS: dict[tuple[int, int | None], Callable[[bytes], Row]] = {
    (_EXECUTE, _LOCK): _argument,
    (_EXECUTE, _STATE): _argument,
    (_EXECUTE, _PCCC): _pccc,
    (_WRITE_LIST, _MODULE): _module,
}
"""By service and class: what reads the payload of a request."""


def _project(data: bytes) -> Row:
    """The name of the project in a controller: attribute 1 of the list that was read."""
    if len(data) < 8:
        return {}
    attribute, status, size = unpack_from("<HHH", data, 2)
    name = data[8 : 8 + size]
    return {"project_name": text(name)} if (attribute, status) == (1, 0) and 0 < len(name) == size else {}


def identity_row(data: bytes, *, is_orig: bool) -> Row:
    """A row of log cip_identity from the content of an identity object after its socket address."""
    vendor, kind, product, major, minor, status, serial, size = unpack_from("<HHHBBHIB", data)
    return {
        "_path": "cip_identity",
        "is_orig": is_orig,
        "vendor_id": vendor,
        "device_type_id": kind,
        "product_code": product,
        "revision": f"{major}.{minor}",
        "device_status": code(status),
        "serial_number": code(serial),
        "product_name": text(data[15 : 15 + size]),
    }
