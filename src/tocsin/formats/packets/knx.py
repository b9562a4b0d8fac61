"""KNXnet/IP (ISO 22510): who opens tunnels, and which group addresses are written."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import Malformed, Reader, Row, code

SERVICES = {
    0x0201: "SEARCH_REQUEST",
    0x0202: "SEARCH_RESPONSE",
    0x0203: "DESCRIPTION_REQUEST",
    0x0204: "DESCRIPTION_RESPONSE",
    0x0205: "CONNECT_REQUEST",
    0x0206: "CONNECT_RESPONSE",
    0x0207: "CONNECTIONSTATE_REQUEST",
    0x0208: "CONNECTIONSTATE_RESPONSE",
    0x0209: "DISCONNECT_REQUEST",
    0x020A: "DISCONNECT_RESPONSE",
    0x0310: "DEVICE_CONFIGURATION_REQUEST",
    0x0311: "DEVICE_CONFIGURATION_ACK",
    0x0420: "TUNNELLING_REQUEST",
    0x0421: "TUNNELLING_ACK",
    0x0530: "ROUTING_INDICATION",
    0x0531: "ROUTING_LOST_MESSAGE",
    0x0950: "SECURE_WRAPPER",
}
"""Services of the frame (3/8/1)."""

_PLAIN = {
    0x000: "GroupValueRead",
    0x040: "GroupValueResponse",
    0x080: "GroupValueWrite",
    0x0C0: "IndividualAddressWrite",
    0x100: "IndividualAddressRead",
    0x140: "IndividualAddressResponse",
    0x180: "ADCRead",
    0x200: "MemoryRead",
    0x240: "MemoryResponse",
    0x280: "MemoryWrite",
    0x300: "DeviceDescriptorRead",
    0x340: "DeviceDescriptorResponse",
    0x380: "Restart",
}
_LONG = {
    0x2C0: "UserMemoryRead",
    0x2C2: "UserMemoryWrite",
    0x3D1: "AuthorizeRequest",
    0x3D3: "KeyWrite",
    0x3D5: "PropertyValueRead",
    0x3D6: "PropertyValueResponse",
    0x3D7: "PropertyValueWrite",
    0x3D8: "PropertyDescriptionRead",
    0x3DE: "IndividualAddressSerialNumberWrite",
    0x3E0: "DomainAddressWrite",
}
_QUIET = frozenset({0x0207, 0x0208, 0x0421, 0x0311})


class Knx(Reader):
    """One row of log knx per frame, but for acknowledgements and signs of life."""

    service: ClassVar[str] = "knx"

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig, port
        return len(head) >= 6 and head[:2] == b"\x06\x10" and unpack_from(">H", head, 4)[0] == len(head)

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        del at
        if len(data) < 6 or data[:2] != b"\x06\x10":
            raise Malformed("no frame of KNXnet/IP")
        service = unpack_from(">H", data, 2)[0]
        if service in _QUIET:
            return len(data), []
        row: Row = {"_path": "knx", "is_orig": is_orig, "service_code": code(service)}
        row["service_type"] = SERVICES.get(service, f"service {code(service)}")
        return len(data), [row | _carried(service, data)]


def _carried(service: int, data: bytes) -> Row:
    """The telegram that a frame carries, after the header of its connection where it has one."""
    if service == 0x0530:
        return _telegram(data[6:])
    return _telegram(data[6 + data[6] :]) if service in {0x0420, 0x0310} else {}


def _telegram(cemi: bytes) -> Row:
    """The telegram within: from which device, to which address, doing what (3/6/3, 3/3/7)."""
    if not cemi or cemi[0] not in {0x11, 0x29, 0x2E}:
        return {}
    at = 2 + cemi[1]
    is_group = bool(cemi[at + 1] & 0x80)
    source, target, size = unpack_from(">HHB", cemi, at + 2)
    row: Row = {"source": _individual(source), "destination": _group(target) if is_group else _individual(target)}
    if size == 0:
        return row
    return row | _doing(unpack_from(">H", cemi, at + 7)[0] & 0x3FF)


def _doing(number: int) -> Row:
    apci = number if number in _LONG else number & 0x3C0
    return {"apci": apci, "apci_name": _LONG.get(apci) or _PLAIN.get(apci, f"apci {code(apci)}")}


def _individual(number: int) -> str:
    return f"{number >> 12}.{number >> 8 & 15}.{number & 255}"


def _group(number: int) -> str:
    return f"{number >> 11}/{number >> 8 & 7}/{number & 255}"
