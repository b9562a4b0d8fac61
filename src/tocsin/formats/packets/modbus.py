"""Modbus/TCP (Modbus messaging on TCP/IP 1.0b): which function on which registers, asked and answered."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import PENDING_MAX, Framed, Malformed, Row

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
_RANGED = frozenset({1, 2, 3, 4, 5, 6, 15, 16, 22, 23})
_SINGLE = frozenset({5, 6, 22})
_UMAS = 90


class Modbus(Framed):
    """One row of log modbus per message, with the fields of ICSNPP's modbus_detailed in it."""

    service: ClassVar[str] = "modbus"
    HEAD_BYTES: ClassVar[int] = 8

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[int, Row] = {}

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        if len(head) < 8 or head[2:4] != b"\0\0":
            return False
        size, function = unpack_from(">H", head, 4)[0], head[7] & 0x7F
        return 2 <= size <= 254 and function in FUNCTIONS and (port == 502 or len(head) == 6 + size)

    def _size(self, data: bytes) -> int:
        protocol, size = unpack_from(">HH", data, 2)
        if protocol or not 2 <= size <= 260:
            raise Malformed("no message of Modbus")
        return 6 + int(size)

    def _message(self, at: float, data: bytes, *, is_orig: bool) -> list[Row]:
        del at
        number, unit, function = unpack_from(">HxxxxBB", data)
        row: Row = {"_path": "modbus", "tid": number, "unit": unit, "is_orig": is_orig}
        row["func"] = FUNCTIONS.get(function & 0x7F, f"unknown-{function & 0x7F}")
        told = self._request if is_orig else self._response
        return [row | told(number, function, data[8:])]

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


_RANGE_AT = {23: 4}
"""Where the range stands that is written: function 23 reads first."""


def _asked(function: int, body: bytes) -> Row:
    """On which registers, how many, and what is written there."""
    if function == _UMAS:
        return {"umas_function": body[1]}
    at = _RANGE_AT.get(function, 0)
    if len(body) < at + 4 or function not in _RANGED:
        return {}
    address, second = unpack_from(">HH", body, at)
    row: Row = {"address": address, "quantity": 1 if function in _SINGLE else second}
    return row | _written(function, second, body)


def _written(function: int, second: int, body: bytes) -> Row:
    """The values that a request writes, the first of many."""
    if function in {5, 6}:
        return {"values": str(second)}
    if function != 16:
        return {}
    count = min(max(0, len(body) - 5) // 2, VALUES_MAX)
    return {"values": ",".join(map(str, unpack_from(f">{count}H", body, 5)))}
