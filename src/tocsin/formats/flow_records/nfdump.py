"""Files of nfdump in layout 1 (nfcapd of the 1.6 releases): one-way flows, paired to connections."""

import bz2
from collections import OrderedDict
from collections.abc import Iterator
from ipaddress import ip_address
from struct import error as Truncated  # noqa: N812  # what it means here
from struct import unpack_from
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from tocsin.formats.flow_records.conn import Half, conn_row, state_of
from tocsin.model import BadInput

PENDING_MAX = 50_000
"""Most one-way flows that wait for the other way; the oldest is then given alone."""

PAIRED_S_MAX = 60.0
"""Two ways of one connection overlap or lie no further apart than this, in seconds."""

BLOCK_BYTES_MAX = 1 << 26
"""Longest block that is believed."""

_MAGIC = b"\x0c\xa5"
_HEAD_BYTES, _STATISTICS_BYTES = 140, 136
_BZ2, _UNREADABLE = 0x08, 0x01 | 0x10
_FLOW = 10
_IPV6, _WIDE_PACKETS, _WIDE_BYTES = 1, 2, 4
_FLAGS = "FSRPA"
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp"}


class Way(Struct):
    """One record: a flow in one direction. `ends` are source, port, destination, port."""

    proto: str
    ends: tuple[str, int, str, int]
    first: float
    last: float
    flags: str
    packets: int
    bytes: int


def is_nfdump(head: bytes) -> bool:
    """Whether a file that begins so is nfdump's."""
    return head[:2] == _MAGIC and len(head) > 4 and head[2:4] in {b"\x01\0", b"\x02\0"}


def pieces(file: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """Lines of Zeek's JSON log conn; a part that cannot be read comes as its beginning, with the reason."""
    try:
        for row in rows(file):
            yield msgspec.json.encode(row), ""
    except BadInput as error:
        yield _MAGIC, str(error)


def rows(file: BinaryIO) -> Iterator[dict[str, Any]]:
    """Rows of log conn; raises BadInput, after those that could be read, where the file is broken or compressed."""
    waiting: OrderedDict[tuple[Any, ...], Way] = OrderedDict()
    broken: BadInput | None = None
    try:
        for way in ways(file):
            yield from _paired(waiting, way)
    except BadInput as error:
        broken = error
    yield from (_row(way, None) for way in waiting.values())
    if broken is not None:
        raise broken


def ways(file: BinaryIO) -> Iterator[Way]:
    """The records of a file as they are; raises BadInput."""
    flags, blocks = _head(file)
    for _ in range(blocks):
        kind, body = _block(file, packed=bool(flags & _BZ2))
        if kind == 2:
            yield from _records(body)


def _head(file: BinaryIO) -> tuple[int, int]:
    """Flags and the number of blocks."""
    head = file.read(_HEAD_BYTES + _STATISTICS_BYTES)
    if len(head) < _HEAD_BYTES + _STATISTICS_BYTES or not is_nfdump(head):
        raise BadInput("This is no whole file of nfdump.")
    version, flags, blocks = unpack_from("<HII", head, 2)
    if version != 1:
        raise BadInput("This file has nfdump's layout 2: write it as text with nfdump -o json and read that.")
    if flags & _UNREADABLE:
        raise BadInput("This nfdump file is compressed by LZO or LZ4: rewrite it with nfdump -J 0 -r FILE.")
    return flags, blocks


def _block(file: BinaryIO, *, packed: bool) -> tuple[int, bytes]:
    head = file.read(12)
    if len(head) < 12:
        raise BadInput("This nfdump file ends within its blocks.")
    _count, size, kind, _flags = unpack_from("<IIHH", head)
    body = _body(file, size)
    return kind, _unpacked(body) if packed and kind == 2 else body


def _unpacked(body: bytes) -> bytes:
    try:
        return bz2.BZ2Decompressor().decompress(body, BLOCK_BYTES_MAX)
    except (OSError, ValueError):
        raise BadInput("A block of this nfdump file is not packed by bzip2, as its header says.") from None


def _body(file: BinaryIO, size: int) -> bytes:
    body = file.read(size) if size <= BLOCK_BYTES_MAX else b""
    if len(body) < size:
        raise BadInput("This nfdump file ends within a block.")
    return body


def _records(body: bytes) -> Iterator[Way]:
    at = 0
    while at + 4 <= len(body):
        kind, size = unpack_from("<HH", body, at)
        if size < 4 or at + size > len(body):
            raise BadInput("A record of this nfdump file has no believable length.")
        if kind == _FLOW:
            yield _flow(body[at : at + size])
        at += size


def _flow(record: bytes) -> Way:
    try:
        return _way(record)
    except Truncated:
        raise BadInput("A record of this nfdump file is too short for its flow.") from None


def _way(record: bytes) -> Way:
    flags, _map, first_ms, last_ms, first, last = unpack_from("<HHHHII", record, 4)
    bits, number = unpack_from("<BB", record, 21)
    sport, dport = unpack_from("<HH", record, 24)
    at, width = 32, 16 if flags & _IPV6 else 4
    source, target = (_address(record, at + n * width, width) for n in (0, 1))
    at += 2 * width
    packets, at = _count(record, at, wide=bool(flags & _WIDE_PACKETS))
    size, _ = _count(record, at, wide=bool(flags & _WIDE_BYTES))
    proto = _PROTOCOLS.get(number, f"ip-{number}")
    if proto == "icmp":
        sport, dport = dport >> 8, dport & 0xFF
    seen = _letters(bits) if proto == "tcp" else ""
    ends = (source, sport, target, dport)
    return Way(proto, ends, first + first_ms / 1000, last + last_ms / 1000, seen, packets, size)


def _address(record: bytes, at: int, width: int) -> str:
    if width == 4:
        return str(ip_address(unpack_from("<I", record, at)[0]))
    high, low = unpack_from("<QQ", record, at)
    return str(ip_address((high << 64 | low).to_bytes(16)))


def _count(record: bytes, at: int, *, wide: bool) -> tuple[int, int]:
    return unpack_from("<Q" if wide else "<I", record, at)[0], at + (8 if wide else 4)


def _letters(bits: int) -> str:
    return "".join(letter for place, letter in enumerate(_FLAGS) if bits >> place & 1)


def _paired(waiting: OrderedDict[tuple[Any, ...], Way], way: Way) -> Iterator[dict[str, Any]]:
    """Give the connection that this record completes, or let it wait for its other way."""
    source, sport, target, dport = way.ends
    forth, back = (way.proto, *way.ends), (way.proto, target, dport, source, sport)
    other = waiting.pop(back, None) if _has_answer(way) else None
    if other is not None and _is_near(way, other):
        yield _row(*((way, other) if _asks(way, other) else (other, way)))
        return
    yield from _waiting_on(waiting, forth, way, other)


def _has_answer(way: Way) -> bool:
    """Whether the record of its other way can be told from its own."""
    return way.ends[:2] != way.ends[2:] and way.proto != "icmp"


def _is_near(way: Way, other: Way) -> bool:
    return way.first - other.last <= PAIRED_S_MAX and other.first - way.last <= PAIRED_S_MAX


def _waiting_on(
    waiting: OrderedDict[tuple[Any, ...], Way], forth: tuple[Any, ...], way: Way, other: Way | None
) -> Iterator[dict[str, Any]]:
    """Let a record wait; what waited too long, or too many, stays without its other way."""
    if other is not None:
        yield _row(other, None)
    if (before := waiting.pop(forth, None)) is not None:
        yield _row(before, None)
    waiting[forth] = way
    if len(waiting) > PENDING_MAX:
        yield _row(waiting.popitem(last=False)[1], None)


def _asks(one: Way, other: Way) -> bool:
    """Whether the first of two ways is the originator's: it came first, or (at once) speaks to the lower port."""
    if one.first != other.first:
        return one.first < other.first
    return (one.flags == "S", one.ends[1]) > (other.flags == "S", other.ends[1])


def _row(orig: Way, resp: Way | None) -> dict[str, Any]:
    last = max(orig.last, resp.last if resp else orig.last)
    state = state_of(orig.proto, orig.flags, resp.flags if resp else "", answered=resp is not None)
    halves = Half(orig.flags, orig.packets, orig.bytes), Half()
    if resp is not None:
        halves = halves[0], Half(resp.flags, resp.packets, resp.bytes)
    else:
        halves[1].packets = 0
    duration = round(last - orig.first, 3)
    return conn_row(orig.first, duration, orig.proto, orig.ends, sides=halves, state=state)
