"""Lines of log files gathered into batches, alike for files that grow and files that are replayed."""

from typing import Any

from tocsin.contract.bodies import LogBatch
from tocsin.formats import eve, zeek
from tocsin.model import BadInput, ConfigError

FORMATS = ("eve", "zeek-tsv", "zeek-json")
"""Log formats that can be read."""

LINES_MAX = 1_000
"""Most lines of one batch."""

BATCH_BYTES_MAX = 4 << 20
"""Most bytes of one batch."""

LINE_BYTES_MAX = 1 << 20
"""Longest line that is read; a longer one goes to quarantine, cut."""

_HEAD_LINES_MAX = 64


class LineBatcher:
    """Gathers the lines of one file; a change of Zeek's header closes the batch before it.

    `header` is the name of the log for zeek-json, and the `#` lines so far for zeek-tsv
    (keep it with the offset: rows after a restart need it).
    """

    def __init__(self, format: str, header: str = "") -> None:
        if format not in FORMATS:
            raise ConfigError(f"No log format {format!r}: choose one of {', '.join(FORMATS)}.")
        self.format = format
        self.header = header
        self._in_header = False
        self._lines: list[bytes] = []
        self._offsets: list[int] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._lines)

    def take(self, offset: int, line: bytes) -> LogBatch | None:
        """Add the line that begins at `offset`; gives the batch that is complete by it, if one is."""
        line = line.rstrip(b"\r\n")
        if not line.strip():
            return None
        if self.format == "zeek-tsv" and zeek.is_header(line):
            return self._take_header(line)
        self._in_header = False
        full = self.flush() if self._bytes + len(line) > BATCH_BYTES_MAX else None
        self._lines.append(line)
        self._offsets.append(offset)
        self._bytes += len(line)
        return full or (self.flush() if len(self._lines) >= LINES_MAX else None)

    def _take_header(self, line: bytes) -> LogBatch | None:
        closed = self.flush()
        text = line.decode(errors="replace").strip("\t ")
        if text.startswith("#close"):
            return closed
        if not self._in_header:
            self.header = ""
        self._in_header = True
        if self.header.count("\n") < _HEAD_LINES_MAX:
            self.header += text + "\n"
        return closed

    def flush(self) -> LogBatch | None:
        """The lines so far as a batch, or None where there are none."""
        if not self._lines:
            return None
        batch = LogBatch(format=self.format, lines=tuple(self._lines), offsets=tuple(self._offsets), header=self.header)
        self._lines, self._offsets, self._bytes = [], [], 0
        return batch


def span(batch: LogBatch) -> tuple[int, int]:
    """First and last byte offset that a batch covers."""
    return batch.offsets[0], batch.offsets[-1] + max(0, len(batch.lines[-1]) - 1)


def format_of(head: bytes) -> str | None:
    """The log format that the beginning of a file shows, or None where it is another kind of file."""
    for line in head.splitlines():
        text = line.strip()
        if text.startswith((b"#separator", b"#fields")):
            return "zeek-tsv"
        if text.startswith(b"{"):
            return _json_format(text)
        if text and not text.startswith(b"#"):
            return None
    return None


def _json_format(line: bytes) -> str | None:
    if b'"event_type"' in line and b'"timestamp"' in line:
        return "eve"
    return "zeek-json" if b'"ts"' in line else None


def log_name(file_name: str) -> str:
    """The name of a Zeek log by its file: `conn.2026-01-01.log.gz` and `conn.log` are both `conn`."""
    return file_name.rpartition("/")[2].partition(".")[0]


def last_time(batch: LogBatch) -> float | None:
    """Event time of the last line that has one, seconds UTC."""
    for line in reversed(batch.lines):
        try:
            return float(row_of(batch.format, batch.header, line)["at"])
        except BadInput:
            continue
    return None


def row_of(format: str, header: str, line: bytes) -> dict[str, Any]:
    """One line as a row by its format; raises BadInput, which repeats no content."""
    if format == "eve":
        return eve.row_of(line)
    if format == "zeek-tsv":
        return zeek.tsv_row(zeek.header_of(header), line)
    return zeek.json_row(header, line)
