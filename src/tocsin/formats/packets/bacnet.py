"""BACnet/IP (ISO 16484-5, annex J): services asked of building automation, on which object and property."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import Malformed, Reader, Row

_PDUS = (
    "CONFIRMED_REQUEST",
    "UNCONFIRMED_REQUEST",
    "SIMPLE_ACK",
    "COMPLEX_ACK",
    "SEGMENT_ACK",
    "ERROR",
    "REJECT",
    "ABORT",
)
CONFIRMED = (
    *("acknowledge_alarm", "confirmed_cov_notification", "confirmed_event_notification", "get_alarm_summary"),
    *("get_enrollment_summary", "subscribe_cov", "atomic_read_file", "atomic_write_file", "add_list_element"),
    *("remove_list_element", "create_object", "delete_object", "read_property", "read_property_conditional"),
    *("read_property_multiple", "write_property", "write_property_multiple", "device_communication_control"),
    *("confirmed_private_transfer", "confirmed_text_message", "reinitialize_device", "vt_open", "vt_close", "vt_data"),
    *("authenticate", "request_key", "read_range", "life_safety_operation", "subscribe_cov_property"),
    *("get_event_information", "subscribe_cov_property_multiple", "confirmed_cov_notification_multiple"),
)
"""Confirmed services by their choice (21.2.1)."""

UNCONFIRMED = (
    *("i_am", "i_have", "unconfirmed_cov_notification", "unconfirmed_event_notification"),
    *("unconfirmed_private_transfer", "unconfirmed_text_message", "time_synchronization", "who_has", "who_is"),
    *("utc_time_synchronization", "write_group", "unconfirmed_cov_notification_multiple", "audit_notification"),
    *("who_am_i", "you_are"),
)
"""Unconfirmed services by their choice (21.2.2)."""

_OBJECTS = {
    0: "analog-input",
    1: "analog-output",
    2: "analog-value",
    3: "binary-input",
    4: "binary-output",
    5: "binary-value",
    8: "device",
    10: "file",
    13: "multi-state-input",
    14: "multi-state-output",
    19: "multi-state-value",
    21: "life-safety-point",
    30: "access-door",
}
_PROPERTIES = {28: "description", 75: "object-identifier", 76: "object-list", 77: "object-name", 81: "out-of-service"}
_PROPERTIES |= {
    85: "present-value",
    87: "priority-array",
    103: "reliability",
    111: "status-flags",
    112: "system-status",
}
_ON_PROPERTY = frozenset({"read_property", "write_property"})
_FUNCTIONS = {
    0x00: "BVLC-RESULT",
    0x01: "Write-Broadcast-Distribution-Table",
    0x04: "Forwarded-NPDU",
    0x05: "Register-Foreign-Device",
    0x08: "Delete-Foreign-Device-Table-Entry",
    0x0A: "Original-Unicast-NPDU",
    0x0B: "Original-Broadcast-NPDU",
}


class Bacnet(Reader):
    """One row of log bacnet per message."""

    service: ClassVar[str] = "bacnet"

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        shown = len(head) >= 4 and head[0] == 0x81 and head[1] <= 0x0C
        return shown and (0xBAC0 <= port <= 0xBACF or unpack_from(">H", head, 2)[0] == len(head))

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        del at
        if len(data) < 4 or data[0] != 0x81:
            raise Malformed("no message of BACnet/IP")
        row: Row = {"_path": "bacnet", "is_orig": is_orig}
        row["bvlc_function"] = _FUNCTIONS.get(data[1], f"function {data[1]}")
        if data[1] not in {0x04, 0x09, 0x0A, 0x0B}:
            return len(data), [row]
        return len(data), [row | _network(data[10 if data[1] == 0x04 else 4 :])]


def _network(npdu: bytes) -> Row:
    """Through the network layer to the application's."""
    if len(npdu) < 2 or npdu[0] != 1:
        raise Malformed("no network layer of BACnet")
    at = _after_addresses(npdu)
    if npdu[1] & 0x80:
        return {"pdu_type": "NETWORK", "pdu_service": f"network_message_{npdu[at]}"}
    return _application(npdu[at:])


def _after_addresses(npdu: bytes) -> int:
    """Where the content begins: after the target's address, the source's and the hop count that a target has."""
    control, at = npdu[1], 2
    for bit in (0x20, 0x08):
        if control & bit:
            at += 3 + npdu[at + 2]
    return at + 1 if control & 0x20 else at


def _application(apdu: bytes) -> Row:
    kind = apdu[0] >> 4
    if kind >= len(_PDUS):
        raise Malformed("no kind of BACnet message")
    row: Row = {"pdu_type": _PDUS[kind]}
    if kind == 1:
        return row | {"pdu_service": _name(UNCONFIRMED, apdu[1])} | _range(apdu)
    number = 2 if kind == 0 else 1
    row["invoke_id"] = apdu[number]
    return row if kind in {4, 6, 7} else row | _confirmed(kind, apdu, number + 1)


def _confirmed(kind: int, apdu: bytes, choice: int) -> Row:
    """The service of a message with invoke id, whose choice stands at `choice`, later where it is segmented."""
    segmented = bool(apdu[0] & 8)
    at = choice + (2 if segmented and kind in {0, 3} else 0)
    service = _name(CONFIRMED, apdu[at])
    row: Row = {"pdu_service": service}
    return row | _object(apdu[at + 1 :]) if kind in {0, 3} and service in _ON_PROPERTY else row


def _name(names: tuple[str, ...], choice: int) -> str:
    return names[choice] if choice < len(names) else f"service_{choice}"


def _range(apdu: bytes) -> Row:
    """Which device says I-Am."""
    if apdu[1] == 0 and len(apdu) >= 7 and apdu[2] == 0xC4:
        return _named_object(unpack_from(">I", apdu, 3)[0])
    return {}


def _named_object(packed: int) -> Row:
    kind = packed >> 22
    return {"object_type": _OBJECTS.get(kind, f"object-type-{kind}"), "instance_number": packed & 0x3FFFFF}


def _object(arguments: bytes) -> Row:
    """The object (context tag 0) and property (context tag 1) of Read- and WriteProperty."""
    if len(arguments) < 7 or arguments[0] != 0x0C or arguments[5] >> 3 != 0x03:
        return {}
    row = _named_object(unpack_from(">I", arguments, 1)[0])
    size = arguments[5] & 7
    number = int.from_bytes(arguments[6 : 6 + size])
    return row | {"property": _PROPERTIES.get(number, f"property-{number}")}
