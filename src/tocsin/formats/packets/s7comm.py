"""S7comm of Siemens controllers, in TPKT and COTP (RFC 1006): functions asked and how they were answered."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import Framed, Malformed, Row, code

FUNCTIONS = {
    0x00: "CPU Services",
    0x04: "Read Variable",
    0x05: "Write Variable",
    0x1A: "Request Download",
    0x1B: "Download Block",
    0x1C: "Download Ended",
    0x1D: "Start Upload",
    0x1E: "Upload",
    0x1F: "End Upload",
    0x28: "PLC Control",
    0x29: "PLC Stop",
    0xF0: "Setup Communication",
}
"""Functions by their code, as ICSNPP names them."""

_KINDS = {1: "Job-Request", 2: "Acknowledge", 3: "Acknowledge-Data", 7: "User-Data"}
_CONNECTS = {0xE0: "Connection Request", 0xD0: "Connection Confirm", 0x80: "Disconnect Request"}
_DATA = 0xF0
_USER_DATA = {
    (1, 0): "Programmer Commands",
    (3, 0): "Block Functions",
    (4, 0): "CPU Functions",
    (5, 0): "Security",
    (7, 0): "Time Functions",
}


class S7comm(Framed):
    """Rows of log s7comm; connections below it are rows of log cotp."""

    service: ClassVar[str] = "s7comm"
    HEAD_BYTES: ClassVar[int] = 7

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        if not _is_tpkt(head):
            return False
        return (head[5] == _DATA and head[7] in {0x32, 0x72}) or (port == 102 and head[5] in {_DATA, *_CONNECTS})

    def _size(self, data: bytes) -> int:
        size = int(unpack_from(">H", data, 2)[0])
        if data[0] != 3 or size < 7:
            raise Malformed("no packet of TPKT")
        return size

    def _message(self, at: float, data: bytes, *, is_orig: bool) -> list[Row]:
        del at
        kind = data[5]
        if kind in _CONNECTS:
            return [{"_path": "cotp", "is_orig": is_orig, "pdu_code": code(kind), "pdu_name": _CONNECTS[kind]}]
        body = data[5 + data[4] :] if kind == _DATA else b""
        return [{"_path": "s7comm", "is_orig": is_orig, **row} for row in _told(body)]


def _told(body: bytes) -> list[Row]:
    if body[:1] == b"\x72":
        return [{"protocol": "s7comm-plus", "rosctr_name": "S7comm-plus"}]
    if body[:1] != b"\x32" or len(body) < 10:
        return []
    kind, number = body[1], unpack_from(">H", body, 4)[0]
    row: Row = {"rosctr_code": kind, "rosctr_name": _KINDS.get(kind, f"unknown-{kind}"), "pdu_reference": number}
    at = 10
    if kind in {2, 3}:
        row |= {"error_class": code(body[10]), "error_code": code(body[11])}
        at = 12
    parameters = body[at : at + unpack_from(">H", body, 6)[0]]
    return [row | _function(kind, parameters)]


def _is_tpkt(head: bytes) -> bool:
    return len(head) >= 8 and head[:2] == b"\x03\x00"


def _function(kind: int, parameters: bytes) -> Row:
    if not parameters:
        return {}
    if kind == 7 and len(parameters) >= 7:
        group = parameters[5] & 0x0F
        name = _USER_DATA.get((group, 0), f"group {group}")
        return {"function_code": code(0), "function_name": name, "subfunction_code": code(parameters[6])}
    row: Row = {"function_code": code(parameters[0])}
    row["function_name"] = FUNCTIONS.get(parameters[0], f"function {code(parameters[0])}")
    return row | _items(parameters)


def _items(parameters: bytes) -> Row:
    """How many items are read or written."""
    return {"items": parameters[1]} if parameters[0] in {0x04, 0x05} and len(parameters) > 1 else {}
