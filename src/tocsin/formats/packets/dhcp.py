"""DHCP (RFC 2131): who asks for an address and who hands out addresses, routers and name servers."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import Malformed, Reader, Row, text
from tocsin.formats.packets.layers import address, mac

_KINDS = {
    1: "DISCOVER",
    2: "OFFER",
    3: "REQUEST",
    4: "DECLINE",
    5: "ACK",
    6: "NAK",
    7: "RELEASE",
    8: "INFORM",
}
_COOKIE = b"\x63\x82\x53\x63"
_LISTED_MAX = 8


class Dhcp(Reader):
    """One row of log dhcp per message; `routers` and `name_servers` are what a server hands out."""

    service: ClassVar[str] = "dhcp"

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig, port
        return len(head) >= 240 and head[236:240] == _COOKIE

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        del at, is_orig
        if len(data) < 240 or data[236:240] != _COOKIE:
            raise Malformed("no message of DHCP")
        options = _options(data)
        kind = options.get(53, b"\0")[0]
        row: Row = {"_path": "dhcp", "mac": mac(data[28:34]), "msg_types": [_KINDS.get(kind, f"unknown-{kind}")]}
        for name, at_byte in (("client_addr", 12), ("assigned_addr", 16)):
            if any(data[at_byte : at_byte + 4]):
                row[name] = address(data[at_byte : at_byte + 4])
        return len(data), [row | _told(options)]


_ADDRESS = (("server_addr", 54), ("requested_addr", 50))
_ADDRESSES = (("routers", 3), ("name_servers", 6))
_TEXTS = (("host_name", 12), ("domain", 15), ("client_software", 60))


def _told(options: dict[int, bytes]) -> Row:
    row: Row = {name: address(options[option]) for name, option in _ADDRESS if len(options.get(option, b"")) == 4}
    row |= {name: listed for name, option in _ADDRESSES if (listed := _addresses(options.get(option, b"")))}
    row |= {name: text(options[option]) for name, option in _TEXTS if option in options}
    if len(options.get(51, b"")) == 4:
        row["lease_time"] = float(unpack_from(">I", options[51])[0])
    return row


def _addresses(raw: bytes) -> list[str]:
    whole = min(len(raw) // 4, _LISTED_MAX)
    return [address(raw[4 * n : 4 * n + 4]) for n in range(whole)]


def _options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 240
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        value = _option(data, at)
        if value:
            found.setdefault(data[at], value)
        at += 2 + len(value)
    return found


def _option(data: bytes, at: int) -> bytes:
    size = data[at + 1]
    value = data[at + 2 : at + 2 + size]
    if len(value) < size:
        raise Malformed("an option beyond the end")
    return value
