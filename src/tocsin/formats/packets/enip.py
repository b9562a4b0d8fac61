"""EtherNet/IP encapsulation (CIP networks library, volume 2): commands, and the CIP messages within."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.cip import Cip, identity_row
from tocsin.formats.packets.dialogue import Framed, Malformed, Row, code

COMMANDS = {
    0x00: "NOP",
    0x04: "List Services",
    0x63: "List Identity",
    0x64: "List Interfaces",
    0x65: "Register Session",
    0x66: "Unregister Session",
    0x6F: "Send RR Data",
    0x70: "Send Unit Data",
    0x72: "Indicate Status",
    0x73: "Cancel",
}
"""Commands of the encapsulation."""

_CARRIERS = frozenset({0x6F, 0x70})
_CONNECTED, _UNCONNECTED, _IDENTITY = 0xB1, 0xB2, 0x0C
_ITEMS_MAX = 8


class Enip(Framed):
    """Reads one conversation with an EtherNet/IP device: rows of logs enip, cip and cip_identity."""

    service: ClassVar[str] = "enip"
    HEAD_BYTES: ClassVar[int] = 24

    def __init__(self) -> None:
        super().__init__()
        self._cip = Cip()

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        if len(head) < cls.HEAD_BYTES:
            return False
        command, size, _session, status = unpack_from("<HHII", head)
        fits = port == 44818 or len(head) == cls.HEAD_BYTES + size
        return command in COMMANDS and status <= 0x69 and head[20:24] == bytes(4) and fits

    def _size(self, data: bytes) -> int:
        command, size = unpack_from("<HH", data)
        if command not in COMMANDS:
            raise Malformed("no command of EtherNet/IP")
        return self.HEAD_BYTES + int(size)

    def _message(self, at: float, data: bytes, *, is_orig: bool) -> list[Row]:
        del at
        command, size, session, status = unpack_from("<HHII", data)
        body = data[self.HEAD_BYTES :]
        if command in _CARRIERS and size:
            return self._carried(body, is_orig=is_orig)
        row: Row = {
            "_path": "enip",
            "is_orig": is_orig,
            "enip_command_code": code(command),
            "enip_command": COMMANDS[command],
            "length": size,
            "session_handle": code(session),
            "enip_status": code(status),
            "options": code(unpack_from("<I", data, 20)[0]),
        }
        return [row, *_identities(command, body, is_orig=is_orig)]

    def _carried(self, body: bytes, *, is_orig: bool) -> list[Row]:
        rows: list[Row] = []
        for kind, item in _items(body, 6):
            rows += self._item(kind, item, is_orig=is_orig)
        return rows

    def _item(self, kind: int, item: bytes, *, is_orig: bool) -> list[Row]:
        if kind == _CONNECTED and len(item) > 2:
            return self._cip.take(item[2:], is_orig=is_orig, sequence=unpack_from("<H", item)[0])
        if kind == _UNCONNECTED and item:
            return self._cip.take(item, is_orig=is_orig, sequence=None)
        return []


def _items(body: bytes, offset: int) -> list[tuple[int, bytes]]:
    """The items of a common packet format: type and content."""
    count = unpack_from("<H", body, offset)[0]
    if count > _ITEMS_MAX:
        raise Malformed("more items than a packet has")
    offset += 2
    found = []
    for _ in range(count):
        kind, size = unpack_from("<HH", body, offset)
        found.append((kind, body[offset + 4 : offset + 4 + size]))
        offset += 4 + size
    return found


def _identities(command: int, body: bytes, *, is_orig: bool) -> list[Row]:
    """What a device says it is, in its answer to List Identity."""
    if command != 0x63 or len(body) < 2:
        return []
    return [identity_row(item[18:], is_orig=is_orig) for kind, item in _items(body, 0) if kind == _IDENTITY]
