"""The beginning of TLS (RFC 8446): the name that is asked for, versions, the fingerprint JA3; then no more."""

from hashlib import md5
from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import Framed, Malformed, Row, code, text

_VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv10", 0x0302: "TLSv11", 0x0303: "TLSv12", 0x0304: "TLSv13"}
_RECORD_BYTES_MAX = 16_640
_HANDSHAKE, _ALERT = 22, 21
_CLIENT_HELLO, _SERVER_HELLO = b"\x01", b"\x02"
_NAME, _CURVES, _POINTS, _ALPN, _SUPPORTED = 0, 10, 11, 16, 43


class Tls(Framed):
    """One row of log ssl: at the server's hello, or at the end where there is none."""

    service: ClassVar[str] = "ssl"
    HEAD_BYTES: ClassVar[int] = 5

    def __init__(self) -> None:
        super().__init__()
        self._row: Row | None = None

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del port
        kind = _CLIENT_HELLO if is_orig else _SERVER_HELLO
        return len(head) > 5 and head[0] == _HANDSHAKE and head[1] == 3 and head[5:6] == kind

    def _size(self, data: bytes) -> int:
        size = int(unpack_from(">H", data, 3)[0])
        if not 20 <= data[0] <= 24 or size > _RECORD_BYTES_MAX:
            raise Malformed("no record of TLS")
        return 5 + size

    def _message(self, at: float, data: bytes, *, is_orig: bool) -> list[Row]:
        kind = data[0], data[5:6]
        if not is_orig:
            return self._replied(kind, data)
        if kind == (_HANDSHAKE, _CLIENT_HELLO):
            self._row = {"_path": "ssl", "ts": at, **_client(data[5:])}
        return []

    def _replied(self, kind: tuple[int, bytes], data: bytes) -> list[Row]:
        if kind == (_HANDSHAKE, _SERVER_HELLO):
            return self._told(_server(data[5:]))
        return self._told({"established": False}) if kind[0] == _ALERT else []

    def end(self) -> list[Row]:
        row, self._row = self._row, None
        return [row] if row else []

    def _told(self, more: Row) -> list[Row]:
        row, self._row, self.done = self._row or {"_path": "ssl"}, None, True
        return [row | more]


def _client(body: bytes) -> Row:
    version = unpack_from(">H", body, 4)[0]
    at = 38 + 1 + body[38]
    size = unpack_from(">H", body, at)[0]
    ciphers = _numbers(body[at + 2 : at + 2 + size])
    at += 2 + size
    extensions = _extensions(body, at + 1 + body[at])
    curves = _numbers(extensions.get(_CURVES, b"")[2:])
    points = list(extensions.get(_POINTS, b"")[1:])
    parts = [[version], ciphers, [kind for kind in extensions if not _is_grease(kind)], curves, points]
    said = ",".join("-".join(map(str, part)) for part in parts)
    row: Row = {"ja3": md5(said.encode(), usedforsecurity=False).hexdigest()}
    offered = [one for one in _numbers(extensions.get(_SUPPORTED, b"")[1:]) if one in _VERSIONS]
    row["client_version"] = _version(max(offered, default=version))
    if len(name := extensions.get(_NAME, b"")) > 5:
        row["server_name"] = text(name[5 : 5 + unpack_from(">H", name, 3)[0]]).lower()
    return row


def _server(body: bytes) -> Row:
    version = unpack_from(">H", body, 4)[0]
    at = 38 + 1 + body[38]
    cipher = unpack_from(">H", body, at)[0]
    chosen = _extensions(body, at + 3).get(_SUPPORTED, b"")
    if len(chosen) == 2:
        version = unpack_from(">H", chosen)[0]
    return {"version": _version(version), "cipher": code(cipher), "established": True}


def _version(number: int) -> str:
    return _VERSIONS.get(number, f"unknown-{number}")


def _is_grease(number: int) -> bool:
    """Numbers that clients make up so that servers stay tolerant (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def _numbers(raw: bytes) -> list[int]:
    whole = len(raw) // 2
    return [number for number in unpack_from(f">{whole}H", raw) if not _is_grease(number)]


def _extensions(body: bytes, at: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at += 2
    while at + 4 <= len(body):
        kind, size = unpack_from(">HH", body, at)
        found.setdefault(kind, body[at + 4 : at + 4 + size])
        at += 4 + size
    return found
