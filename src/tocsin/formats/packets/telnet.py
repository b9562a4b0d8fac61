"""Telnet (RFC 854): that somebody logged in over it in clear text, and whether it seems to have worked."""

import re
from typing import ClassVar

from tocsin.formats.packets.dialogue import Row

_NEGOTIATION = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa[^\xff]*\xff\xf0|.)", re.DOTALL)
_ASKS = re.compile(rb"(?:password|passwort|passcode)[^\n]{0,40}:\s*$", re.IGNORECASE)
_REFUSES = re.compile(rb"incorrect|failed|denied|invalid|bad pass|wrong|login:\s*$", re.IGNORECASE)
_SHOWN_MAX = 256


class Telnet:
    """One row of log telnet per password that was asked for and given."""

    service: ClassVar[str] = "telnet"

    def __init__(self) -> None:
        self.done = False
        self._shown = b""
        self._asking = False
        self._waiting: Row | None = None

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        negotiates = len(head) >= 3 and head[0] == 0xFF and 0xFB <= head[1] <= 0xFE and head[2] < 0x80
        return negotiates or port in {23, 2323}

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        said = _NEGOTIATION.sub(b"", data)
        if not is_orig:
            return len(data), self._server(said)
        if self._asking and (b"\r" in said or b"\n" in said):
            self._asking, self._shown = False, b""
            self._waiting = {"_path": "telnet", "ts": at, "cleartext_login": True}
        return len(data), []

    def end(self) -> list[Row]:
        row, self._waiting = self._waiting, None
        return [row] if row else []

    def _server(self, said: bytes) -> list[Row]:
        self._shown = (self._shown + said)[-_SHOWN_MAX:]
        self._asking = _ASKS.search(self._shown) is not None
        if self._waiting is None or not self._shown.strip():
            return []
        return [row | {"success": _REFUSES.search(self._shown) is None} for row in self.end()]
