"""QUIC (RFC 9000): that it is spoken and in which version; all else is encrypted."""

from typing import ClassVar

from tocsin.formats.packets.dialogue import Reader, Row, code

_VERSIONS = {0x00000001: "1", 0x6B3343CF: "2"}


class Quic(Reader):
    """One row of log quic at the first long header."""

    service: ClassVar[str] = "quic"

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        return port in {443, 853} and len(head) > 20 and head[0] & 0xC0 == 0xC0 and cls._version(head) is not None

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        del at, is_orig
        self.done = True
        return len(data), [{"_path": "quic", "version": self._version(data) or "unknown"}]

    @staticmethod
    def _version(head: bytes) -> str | None:
        number = int.from_bytes(head[1:5])
        return _VERSIONS.get(number, code(number) if number >> 24 in {0xFF, 0x51} else None)
