"""Modbus/TCP (Modbus messaging on TCP/IP 1.0b): which function on which registers, asked and answered."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import PENDING_MAX, Malformed, Row

FUNCTIONS = {
    1: "READ_COILS",
    2: "READ_DISCRETE_INPUTS",
    3: "READ_HOLDING_REGISTERS",
    4: "READ_INPUT_REGISTERS",
    5: "WRITE_SINGLE_COIL",
    6: "WRITE_SINGLE_REGISTER",
    7: "READ_EXCEPTION_STATUS",
    8: "DIAGNOSTICS",
    11: "GET_COMM_EVENT_COUNTER",
    12: "GET_COMM_EVENT_LOG",
    15: "WRITE_MULTIPLE_COILS",
    16: "WRITE_MULTIPLE_REGISTERS",
    17: "REPORT_SLAVE_ID",
    20: "READ_FILE_RECORD",
    21: "WRITE_FILE_RECORD",
    22: "MASK_WRITE_REGISTER",
    23: "READ_WRITE_MULTIPLE_REGISTERS",
    24: "READ_FIFO_QUEUE",
    43: "ENCAP_INTERFACE_TRANSPORT",
    90: "PROGRAM_UNITY",
}
"""Functions as Zeek names them (base/protocols/modbus); 90 is Schneider's own."""

VALUES_MAX = 16
"""Most written values that a row names."""

_EXCEPTIONS = {
    1: "ILLEGAL_FUNCTION",
    2: "ILLEGAL_DATA_ADDRESS",
    3: "ILLEGAL_DATA_VALUE",
    4: "SLAVE_DEVICE_FAILURE",
    5: "ACKNOWLEDGE",
    6: "SLAVE_DEVICE_BUSY",
    8: "MEMORY_PARITY_ERROR",
    10: "GATEWAY_PATH_UNAVAILABLE",
    11: "GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND",
}
_RANGED = frozenset({1, 2, 3, 4, 15, 16})
_SINGLE = frozenset({5, 6})
_UMAS = 90


class Modbus:
    """One row of log modbus per message, with the fields of ICSNPP's modbus_detailed in it."""

    service: ClassVar[str] = "modbus"

    def __init__(self) -> None:
        self.done = False
        self._asked: dict[int, Row] = {}

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        if len(head) < 8 or head[2:4] != b"\0\0":
            return False
        size, function = unpack_from(">H", head, 4)[0], head[7] & 0x7F
        return 2 <= size <= 254 and function in FUNCTIONS and (port == 502 or len(head) == 6 + size)

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        del at
        if len(data) < 8:
            return 0, []
        number, protocol, size, unit, function = unpack_from(">HHHBB", data)
        if protocol or not 2 <= size <= 260:
            raise Malformed("no message of Modbus")
        if len(data) < 6 + size:
            return 0, []
        body = data[8 : 6 + size]
        row: Row = {"_path": "modbus", "tid": number, "unit": unit, "is_orig": is_orig}
        row["func"] = FUNCTIONS.get(function & 0x7F, f"unknown-{function & 0x7F}")
        row |= self._request(number, function, body) if is_orig else self._response(number, function, body)
        return 6 + size, [row]

    def end(self) -> list[Row]:
        return []

    def _request(self, number: int, function: int, body: bytes) -> Row:
        asked = _asked(function, body)
        if len(self._asked) >= PENDING_MAX:
            del self._asked[next(iter(self._asked))]
        self._asked[number] = {name: asked[name] for name in ("address", "quantity") if name in asked}
        return {"pdu_type": "REQ", "request_response": "REQUEST", **asked}

    def _response(self, number: int, function: int, body: bytes) -> Row:
        row: Row = {"pdu_type": "RESP", "request_response": "RESPONSE", **self._asked.pop(number, {})}
        if function & 0x80:
            reason = body[0] if body else 0
            row["exception"] = _EXCEPTIONS.get(reason, f"unknown-{reason}")
        return row


def _asked(function: int, body: bytes) -> Row:
    """On which registers, how many, and what is written there."""
    if function == _UMAS and len(body) > 1:
        return {"umas_function": body[1]}
    if len(body) < 4:
        return {}
    address, second = unpack_from(">HH", body)
    if function in _SINGLE:
        return {"address": address, "quantity": 1, "values": str(second)}
    if function == 22:
        return {"address": address, "quantity": 1}
    if function == 23 and len(body) >= 8:
        return dict(zip(("address", "quantity"), unpack_from(">HH", body, 4), strict=True))
    row: Row = {"address": address, "quantity": second} if function in _RANGED else {}
    if function == 16 and len(body) > 5:
        written = (len(body) - 5) // 2
        row["values"] = ",".join(map(str, unpack_from(f">{min(written, VALUES_MAX)}H", body, 5)))
    return row
