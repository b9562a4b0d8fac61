"""DNP3 (IEEE 1815): functions asked of outstations, their answers, and the outputs that are operated."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import Framed, Malformed, Row

FUNCTIONS = (
    *("CONFIRM", "READ", "WRITE", "SELECT", "OPERATE", "DIRECT_OPERATE", "DIRECT_OPERATE_NR", "IMMED_FREEZE"),
    *("IMMED_FREEZE_NR", "FREEZE_CLEAR", "FREEZE_CLEAR_NR", "FREEZE_AT_TIME", "FREEZE_AT_TIME_NR", "COLD_RESTART"),
    *("WARM_RESTART", "INITIALIZE_DATA", "INITIALIZE_APPL", "START_APPL", "STOP_APPL", "SAVE_CONFIG"),
    *("ENABLE_UNSOLICITED", "DISABLE_UNSOLICITED", "ASSIGN_CLASS", "DELAY_MEASURE", "RECORD_CURRENT_TIME"),
    *("OPEN_FILE", "CLOSE_FILE", "DELETE_FILE", "GET_FILE_INFO", "AUTHENTICATE_FILE", "ABORT_FILE"),
    *("ACTIVATE_CONFIG", "AUTHENTICATE_REQ", "AUTHENTICATE_ERR"),
)
"""Functions of requests by their code, as Zeek names them."""

_ANSWERS = {0x81: "RESPONSE", 0x82: "UNSOLICITED_RESPONSE", 0x83: "AUTHENTICATE_RESP"}
_OPERATIONS = {0: "NUL", 1: "Pulse On", 2: "Pulse Off", 3: "Latch On", 4: "Latch Off"}
_TRIP = {0: "NUL", 1: "Close", 2: "Trip"}
_RELAY_BLOCK = (12, 1)
_INDEXED = {0x17: 1, 0x28: 2}
"""Qualifiers that put an index before each object, and how many bytes it has."""


class Dnp3(Framed):
    """One row of log dnp3 per application message; frames that only carry more of one are passed over."""

    service: ClassVar[str] = "dnp3"
    HEAD_BYTES: ClassVar[int] = 10

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig, port
        return len(head) >= 10 and head[:2] == b"\x05\x64" and head[2] >= 5

    def _size(self, data: bytes) -> int:
        if data[:2] != b"\x05\x64" or data[2] < 5:
            raise Malformed("no frame of DNP3")
        size = data[2] - 5
        return 10 + size + 2 * -(-size // 16)

    def _message(self, at: float, data: bytes, *, is_orig: bool) -> list[Row]:
        del at
        blocks = (data[n : min(n + 18, len(data)) - 2] for n in range(10, len(data), 18))
        row = _application(b"".join(blocks))
        if row is None:
            return []
        to, sender = unpack_from("<HH", data, 4)
        return [{"_path": "dnp3", "is_orig": is_orig, "source": sender, "destination": to, **row}]


def _application(body: bytes) -> Row | None:
    """The application header of a message's first fragment."""
    if len(body) < 3 or not body[0] & 0x40:
        return None
    function, parts = body[2], body[3:]
    if function in _ANSWERS:
        return {"fc_reply": _ANSWERS[function], **_indications(parts)}
    name = FUNCTIONS[function] if function < len(FUNCTIONS) else f"unknown-{function}"
    return {"fc_request": name, **_object(parts)}


def _indications(parts: bytes) -> Row:
    return {"iin": unpack_from("<H", parts)[0]} if len(parts) >= 2 else {}


def _object(parts: bytes) -> Row:
    """The first object that a request speaks about."""
    if len(parts) < 3:
        return {}
    row: Row = {"object": f"g{parts[0]}v{parts[1]}"}
    prefix = _INDEXED.get(parts[2])
    return row if prefix is None or tuple(parts[:2]) != _RELAY_BLOCK else row | _relay(parts[3:], prefix)


def _relay(parts: bytes, width: int) -> Row:
    """What a relay block does to which output; index and count have `width` bytes."""
    index, control = int.from_bytes(parts[width : 2 * width], "little"), parts[2 * width]
    return {
        "block_type": "Control Relay Output Block",
        "index_number": index,
        "operation_type": _OPERATIONS.get(control & 0x0F, "unknown"),
        "trip_control_code": _TRIP.get(control >> 6, "unknown"),
    }
