"""Frames of capture files: pcap in both byte orders and resolutions, pcapng with several interfaces."""

from collections import Counter
from collections.abc import Iterator
from struct import Struct, unpack_from
from typing import BinaryIO, NamedTuple

from tocsin.model import BadInput

FRAME_BYTES_MAX = 262_144
"""Longest frame that is believed (the largest snapshot length that capture tools write)."""

BLOCK_BYTES_MAX = 1 << 24
"""Longest block of a pcapng file that is believed."""

INTERFACES_MAX = 1_024
"""Most interfaces of one pcapng section."""

_PCAP_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
_TICK, _OFFSET = 9, 14
_OPTION_BYTES = {_TICK: 1, _OFFSET: 8}
"""Options of a pcapng interface that are read, and the least bytes that they have."""
_PACKET_LAYOUTS = {6: "IIIII", 2: "HxxIIII"}


class Frame(NamedTuple):
    """A captured frame: seconds UTC, link type (LINKTYPE_ registry), captured bytes, length on the wire."""

    at: float
    link: int
    data: bytes
    length: int


def is_capture(head: bytes) -> bool:
    """Whether a file that begins so (4 bytes or more, unpacked) is a pcap or pcapng."""
    return head[:4] in _PCAP_MAGIC or head[:4] == _PCAPNG_MAGIC


def frames(stream: BinaryIO, odd: Counter[str]) -> Iterator[Frame]:
    """All frames of a capture in their order; what ends or breaks too early is counted in `odd`.

    Raises BadInput where the stream is neither pcap nor pcapng.
    """
    magic = stream.read(4)
    if magic == _PCAPNG_MAGIC:
        return _pcapng(stream, odd)
    if magic in _PCAP_MAGIC:
        return _pcap(stream, *_PCAP_MAGIC[magic], odd)
    raise BadInput("This file is neither pcap nor pcapng: it begins with no magic number of theirs.")


def _pcap(stream: BinaryIO, order: str, tick_s: float, odd: Counter[str]) -> Iterator[Frame]:
    head = stream.read(20)
    if len(head) < 20:
        odd["capture_truncated"] += 1
        return iter(())
    link = unpack_from(f"{order}I", head, 16)[0] & 0xFFFF
    return _records(stream, Struct(f"{order}IIII"), link, tick_s, odd)


def _records(stream: BinaryIO, record: Struct, link: int, tick_s: float, odd: Counter[str]) -> Iterator[Frame]:
    while head := stream.read(record.size):
        if len(head) < record.size:
            odd["capture_truncated"] += 1
            return
        seconds, ticks, kept, length = record.unpack(head)
        if kept > FRAME_BYTES_MAX:
            odd["capture_broken"] += 1
            return
        data = stream.read(kept)
        if len(data) < kept:
            odd["capture_truncated"] += 1
            return
        yield Frame(seconds + ticks * tick_s, link, data, length)


class _Interface(NamedTuple):
    link: int
    tick_s: float
    offset_s: int


def _pcapng(stream: BinaryIO, odd: Counter[str]) -> Iterator[Frame]:
    order, interfaces, kind_raw = "<", list[_Interface](), _PCAPNG_MAGIC
    while kind_raw:
        if kind_raw == _PCAPNG_MAGIC:
            order, interfaces = "", []
        block = _block(stream, order)
        if block is None:
            odd["capture_truncated"] += 1
            return
        order, body = block
        kind = unpack_from(f"{order}I", kind_raw)[0]
        if kind == 1 and len(interfaces) < INTERFACES_MAX and len(body) >= 8:
            interfaces.append(_interface(order, body))
        elif (frame := _packet(order, kind, body, interfaces)) is not None:
            yield frame
        elif kind in {2, 3, 6}:
            odd["capture_broken_block"] += 1
        kind_raw = stream.read(4)
        if 0 < len(kind_raw) < 4:
            odd["capture_truncated"] += 1
            return


def _block(stream: BinaryIO, order: str) -> tuple[str, bytes] | None:
    """The rest of a block after its type: byte order (a section header, order "", says its own) and body."""
    head = stream.read(4 if order else 8)
    if len(head) < (4 if order else 8):
        return None
    if not order:
        order = "<" if head[4:] == b"\x4d\x3c\x2b\x1a" else ">"
    size = unpack_from(f"{order}I", head)[0]
    rest = size - 4 - len(head)
    if size % 4 or not 4 <= rest <= BLOCK_BYTES_MAX:
        return None
    body = stream.read(rest)
    return (order, body[:-4]) if len(body) == rest else None


def _interface(order: str, body: bytes) -> _Interface:
    options = dict(_options(order, body))
    offset_s = unpack_from(f"{order}q", options[_OFFSET])[0] if _OFFSET in options else 0
    return _Interface(unpack_from(f"{order}H", body)[0], _tick_s(options.get(_TICK)), offset_s)


def _options(order: str, body: bytes) -> Iterator[tuple[int, bytes]]:
    """The options of an interface that are read, where they are long enough."""
    at = 8
    while at + 4 <= len(body):
        option, size = unpack_from(f"{order}HH", body, at)
        value = body[at + 4 : at + 4 + size]
        if option in _OPTION_BYTES and len(value) >= _OPTION_BYTES[option]:
            yield option, value
        at += 4 + size + -size % 4


def _tick_s(value: bytes | None) -> float:
    """The resolution of time: a power of two or of ten; microseconds where nothing is said."""
    if value is None:
        return 1e-6
    return 2.0 ** -(value[0] & 0x7F) if value[0] & 0x80 else 10.0 ** -value[0]


def _packet(order: str, kind: int, body: bytes, interfaces: list[_Interface]) -> Frame | None:
    """The frame of an enhanced (6), old (2) or simple (3) packet block; None for any other."""
    if kind == 3 and len(body) >= 4 and interfaces:
        return Frame(0.0, interfaces[0].link, body[4:], unpack_from(f"{order}I", body)[0])
    if kind not in _PACKET_LAYOUTS or len(body) < 20:
        return None
    return _timed(order + _PACKET_LAYOUTS[kind], body, interfaces)


def _timed(layout: str, body: bytes, interfaces: list[_Interface]) -> Frame | None:
    """A packet with its time; None where it is of no known interface, or longer than its block."""
    number, high, low, kept, length = unpack_from(layout, body)
    if number >= len(interfaces) or kept > len(body) - 20:
        return None
    link, tick_s, offset_s = interfaces[number]
    return Frame(offset_s + (high << 32 | low) * tick_s, link, body[20 : 20 + kept], length)
