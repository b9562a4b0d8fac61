"""SSH (RFC 4253): what both ends say they are; the rest is encrypted."""

from typing import ClassVar

from tocsin.formats.packets.dialogue import Row, text
from tocsin.formats.packets.lines import line_of


class Ssh:
    """One row of log ssh, at the second of the two greetings or at the end."""

    service: ClassVar[str] = "ssh"

    def __init__(self) -> None:
        self.done = False
        self._row: Row = {"_path": "ssh"}

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig, port
        return head.startswith((b"SSH-2.", b"SSH-1."))

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        end = "client" if is_orig else "server"
        if end in self._row:
            return len(data), []
        used, line = line_of(data)
        if not used or not line.startswith(b"SSH-"):
            return used, []
        return used, self._greeted(at, end, line)

    def _greeted(self, at: float, end: str, line: bytes) -> list[Row]:
        self._row.setdefault("ts", at)
        self._row |= {end: text(line), "version": int(line[4:5] or b"0")}
        self.done = {"client", "server"} <= self._row.keys()
        return self.end() if self.done else []

    def end(self) -> list[Row]:
        row, self._row = self._row, {"_path": "ssh", "client": "", "server": ""}
        return [row] if "ts" in row else []
