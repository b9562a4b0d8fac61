"""SNMP (RFC 1157, 3416): which version, reading or writing, and whether the community is a factory default."""

from typing import ClassVar

from tocsin.formats.packets.dialogue import Malformed, Reader, Row

_PDUS = {
    0xA0: "get",
    0xA1: "get-next",
    0xA2: "response",
    0xA3: "set",
    0xA4: "trap",
    0xA5: "get-bulk",
    0xA6: "inform",
    0xA7: "trap",
    0xA8: "report",
}
_VERSIONS = {0: "1", 1: "2c", 3: "3"}
_DEFAULTS = frozenset({(0x04, b"public"), (0x04, b"private")})


class Snmp(Reader):
    """One row of log snmp per message; communities are never told, only that one is a well-known default."""

    service: ClassVar[str] = "snmp"

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        return port in {161, 162} and head[:1] == b"\x30"

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        del at
        kind, body, _ = _element(data, 0)
        number, version, after = _element(body, 0)
        if kind != 0x30 or number != 0x02 or len(version) != 1 or version[0] not in _VERSIONS:
            raise Malformed("no message of SNMP")
        row: Row = {"_path": "snmp", "is_orig": is_orig, "version": _VERSIONS[version[0]]}
        if version[0] == 3:
            return len(data), [row]
        kind, community, after = _element(body, after)
        name = _PDUS.get(body[after], "other")
        row |= {"pdu": name, "get_requests": int(name in {"get", "get-next"}), "set_requests": int(name == "set")}
        row |= {"get_bulk_requests": int(name == "get-bulk"), "get_responses": int(name == "response")}
        if (kind, community.lower()) in _DEFAULTS:
            row["default_community"] = True
        return len(data), [row]


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    """A BER element: its tag, its content, and where the next one begins."""
    tag, size, at = data[at], data[at + 1], at + 2
    if size & 0x80:
        more = size & 0x7F
        if not 0 < more <= 4:
            raise Malformed("a length that is not definite")
        size, at = int.from_bytes(data[at : at + more]), at + more
    if at + size > len(data):
        raise Malformed("an element beyond the end")
    return tag, data[at : at + size], at + size
