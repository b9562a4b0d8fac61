"""Frames down to their transport: Ethernet with VLAN, Linux cooked, raw IP; IPv4, IPv6; TCP, UDP, ICMP, ARP."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from struct import unpack_from
from typing import Any

import dpkt  # type: ignore[import-untyped]
from msgspec import Struct

from tocsin.formats.packets.capture import Frame
from tocsin.formats.packets.dialogue import MALFORMED

ADDRESSES_KEPT = 65_536
"""Most addresses whose text is remembered."""

_TAGS_MAX = 4
_TYPES = {0x0800: dpkt.ip.IP, 0x86DD: dpkt.ip6.IP6, 0x0806: dpkt.arp.ARP}
_VLAN = frozenset({0x8100, 0x88A8, 0x9100})
_PPPOE = 0x8864
_PPP = {0x0021: 0x0800, 0x0057: 0x86DD}
BROKEN = (*MALFORMED, dpkt.Error, AttributeError, TypeError)
"""What dpkt raises on hostile bytes."""


class Segment(Struct):
    """One packet of a conversation. `size` is its payload in bytes, `length` counts from the IP header on.

    Flags are TCP's bits. For ICMP the ports are type and code, as Zeek has them.
    """

    at: float
    proto: str
    src: str
    sport: int
    dst: str
    dport: int
    data: bytes
    size: int
    length: int
    flags: int = 0
    seq: int = 0


class Resolution(Struct):
    """One ARP packet with the addresses of its frame."""

    at: float
    frame_src: bytes
    frame_dst: bytes
    arp: Any


@lru_cache(maxsize=ADDRESSES_KEPT)
def address(raw: bytes) -> str:
    """An IPv4 or IPv6 address as text."""
    return str(ip_address(raw))


def mac(raw: bytes) -> str:
    """A hardware address as Zeek writes it."""
    return raw.hex(":")


def decoded(frame: Frame, odd: Counter[str]) -> Segment | Resolution | None:
    """What a frame carries, or None; what is broken, cut or of no interest is counted in `odd`."""
    try:
        return _carried(frame, odd)
    except BROKEN:
        odd["malformed_packet"] += 1
        return None


def _carried(frame: Frame, odd: Counter[str]) -> Segment | Resolution | None:
    unwrap = _LINKS.get(frame.link)
    if unwrap is None:
        odd["unknown_link_type"] += 1
        return None
    ethertype, at, src, dst = unwrap(frame.data)
    parse = _TYPES.get(ethertype)
    if parse is None:
        odd["not_ip"] += 1
        return None
    packet = parse(frame.data[at:])
    if ethertype == 0x0806:
        return Resolution(frame.at, src, dst, packet)
    return _segment(frame, packet, max(0, frame.length - at), odd)


_Unwrapped = tuple[int, int, bytes, bytes]
"""Ethertype, where its packet begins, source and destination of the frame."""


def _ethernet(data: bytes) -> _Unwrapped:
    ethertype, at = unpack_from(">H", data, 12)[0], 14
    for _ in range(_TAGS_MAX):
        if ethertype not in _VLAN:
            break
        ethertype, at = unpack_from(">H", data, at + 2)[0], at + 4
    if ethertype == _PPPOE:
        ethertype, at = _PPP.get(unpack_from(">H", data, at + 6)[0], 0), at + 8
    return ethertype, at, data[6:12], data[:6]


def _cooked(data: bytes) -> _Unwrapped:
    return unpack_from(">H", data, 14)[0], 16, data[6:12], b""


def _cooked_2(data: bytes) -> _Unwrapped:
    return unpack_from(">H", data, 0)[0], 20, data[12:18], b""


def _raw(data: bytes) -> _Unwrapped:
    return {4: 0x0800, 6: 0x86DD}.get(data[0] >> 4, 0), 0, b"", b""


def _loopback(data: bytes) -> _Unwrapped:
    return _raw(data[4:])[0], 4, b"", b""


_LINKS: dict[int, Callable[[bytes], _Unwrapped]] = {
    0: _loopback,
    1: _ethernet,
    12: _raw,
    101: _raw,
    108: _loopback,
    113: _cooked,
    228: _raw,
    229: _raw,
    276: _cooked_2,
}


def _segment(frame: Frame, packet: Any, wire: int, odd: Counter[str]) -> Segment | None:  # noqa: ANN401  # dpkt's
    """A packet of IP as a segment; `wire` is what the frame had for it, captured or not."""
    if isinstance(packet, dpkt.ip.IP):
        length = packet.len or wire
        if packet.mf or packet.offset:
            odd["ip_fragment"] += 1
            if packet.offset:
                return None
    else:
        length = packet.plen + 40
        if any(isinstance(one, dpkt.ip6.IP6FragmentHeader) for one in packet.all_extension_headers):
            odd["ip_fragment"] += 1
    if len(frame.data) < frame.length:
        odd["packet_cut"] += 1
    return _transported(frame.at, packet, length, odd)


def _transported(at: float, packet: Any, length: int, odd: Counter[str]) -> Segment | None:  # noqa: ANN401  # dpkt's
    inner, src, dst = packet.data, address(packet.src), address(packet.dst)
    if isinstance(inner, dpkt.tcp.TCP):
        data = bytes(inner.data)
        return Segment(at, "tcp", src, inner.sport, dst, inner.dport, data, len(data), length, inner.flags, inner.seq)
    if isinstance(inner, dpkt.udp.UDP):
        data = bytes(inner.data)
        return Segment(at, "udp", src, inner.sport, dst, inner.dport, data, len(data), length)
    if isinstance(inner, dpkt.icmp.ICMP | dpkt.icmp6.ICMP6):
        size = max(0, length - (28 if len(packet.src) == 4 else 48))
        return Segment(at, "icmp", src, inner.type, dst, inner.code, b"", size, length)
    odd["unknown_transport"] += 1
    return None
