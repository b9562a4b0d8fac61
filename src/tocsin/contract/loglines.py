"""Lines of log files gathered into batches, alike for files that grow and files that are replayed; and read as rows."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from tocsin.contract.bodies import LogBatch
from tocsin.formats import auditd, eve, mosquitto, onvif_events, sia_dc09, syslog, wazuh, windows, zeek
from tocsin.model import BadInput, ConfigError

LINES_MAX = 1_000
"""Most lines of one batch."""

BATCH_BYTES_MAX = 4 << 20
"""Most bytes of one batch."""

LINE_BYTES_MAX = 1 << 20
"""Longest line that is read; a longer one goes to quarantine, cut."""

_HEAD_LINES_MAX = 64
_LINES_OF_EVENTS = LINES_MAX - 100
_LOOKED_AT = 3

_AuditLine = tuple[int, bytes, auditd.Record]
"""Offset, line and record."""

_DECODERS: Mapping[str, Callable[[bytes, str, float], dict[str, Any]]] = {
    "eve": lambda line, _header, _now: eve.row_of(line),
    "zeek-tsv": lambda line, header, _now: zeek.tsv_row(zeek.header_of(header), line),
    "zeek-json": lambda line, header, _now: zeek.json_row(header, line),
    "syslog": lambda line, header, now: syslog.row_of(line, _reference(header, now)),
    "auditd": lambda line, _header, _now: auditd.row_of(line),
    "windows": lambda line, _header, _now: windows.row_of(line),
    "wazuh": lambda line, _header, _now: wazuh.row_of(line),
    "mosquitto": lambda line, _header, _now: mosquitto.row_of(line),
    "sia": lambda line, _header, _now: sia_dc09.row_of(line),
    "onvif": lambda line, _header, _now: onvif_events.row_of(line),
}

FORMATS = tuple(_DECODERS)
"""Log formats that can be read."""


class LineBatcher:
    """Gathers the lines of one file; a change of Zeek's header closes the batch before it.

    `header` is the name of the log for zeek-json, the `#` lines so far for zeek-tsv (keep it with
    the offset: rows after a restart need it), and for syslog seconds UTC near which its times lie,
    as they name no year (empty: near the arrival).
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
        full = self.flush() if self._bytes + len(line) > BATCH_BYTES_MAX or self._ends_before(line) else None
        self._lines.append(line)
        self._offsets.append(offset)
        self._bytes += len(line)
        return full or (self.flush() if len(self._lines) >= LINES_MAX else None)

    def _ends_before(self, line: bytes) -> bool:
        """Records of one audit event stay together: a batch that is nearly full ends where an event does."""
        if self.format != "auditd" or len(self._lines) < _LINES_OF_EVENTS:
            return False
        return auditd.event_of(self._lines[-1]) != auditd.event_of(line)

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


_SHOWN: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("auditd", re.compile(rb"(?:node=\S+ )?type=\S+ msg=audit\(\d+\.\d+:\d+\)")),
    ("mosquitto", re.compile(rb"(?:\d{9,12}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?): \S")),
    ("syslog", re.compile(rb"<\d{1,3}>(?:1 |[A-Z][a-z]{2} [ 123]\d \d\d:)")),
    ("syslog", re.compile(rb"[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d \S+ ")),
    ("syslog", re.compile(rb"(?:\S{1,255} )?(?:\d+: )?[*.]?[A-Z][a-z]{2} {1,2}\d{1,2} [\d:. A-Z]{8,40}: %[A-Z0-9_]+-")),
    ("syslog", re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d) \S+ ")),
)
"""How the lines of formats begin that are plain text."""

_MARKS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("eve", (b'"event_type"', b'"timestamp"')),
    ("windows", (b'"Event"', b'"System"')),
    ("windows", (b'"winlog"', b'"event_id"')),
    ("wazuh", (b'"rule"', b'"agent"')),
    ("wazuh", (b'"rule"', b'"decoder"')),
    ("sia", (b'"panel"', b'"event_code"')),
    ("onvif", (b'"device"', b'"topic"')),
    ("windows", (b'"EventID"',)),
    ("zeek-json", (b'"ts"',)),
)
"""Names that only objects of a JSON format have together, the first that fits wins."""


def format_of(head: bytes) -> str | None:
    """The log format that the beginning of a file shows, or None where it is another kind of file."""
    for line in head.removeprefix(b"\xef\xbb\xbf").splitlines():
        text = line.strip()
        if text.startswith((b"#separator", b"#fields")):
            return "zeek-tsv"
        if text and not text.startswith(b"#"):
            return _format_of_line(text)
    return None


def _format_of_line(line: bytes) -> str | None:
    if line.startswith(b"{"):
        return json_format(line)
    return next((name for name, shown in _SHOWN if shown.match(line)), None)


def json_format(text: bytes) -> str | None:
    """The log format that the beginning of JSON objects shows, or None."""
    return next((name for name, marks in _MARKS if all(mark in text for mark in marks)), None)


def log_name(file_name: str) -> str:
    """The name of a Zeek log by its file: `conn.2026-01-01.log.gz` and `conn.log` are both `conn`."""
    return file_name.rpartition("/")[2].partition(".")[0]


def last_time(batch: LogBatch, now: float = 0.0) -> float | None:
    """Event time of the last lines that have one, seconds UTC: the middle one of three, as one clock may be wrong."""
    found: list[float] = []
    for line in reversed(batch.lines):
        try:
            found.append(float(row_of(batch.format, batch.header, line, now)["at"]))
        except BadInput:
            continue
        if len(found) == _LOOKED_AT:
            break
    return sorted(found)[len(found) // 2] if found else None


def row_of(format: str, header: str, line: bytes, now: float = 0.0) -> dict[str, Any]:
    """One line as a row by its format; raises BadInput, which repeats no content.

    `now` (seconds UTC) is when it came: times without a year are read as nearest to it.
    """
    return _DECODERS[format](line, header, now)


class Rows(Struct, frozen=True, kw_only=True):
    """What the lines of a batch said: rows with the offset of the line that each begins at, and unreadable lines."""

    offsets: list[int]
    rows: list[dict[str, Any]]
    rejected: list[tuple[bytes, str]]


def rows_of(batch: LogBatch, now: float) -> Rows:
    """All rows of a batch that came at `now`; every line is part of a row, or rejected with a reason."""
    if batch.format == "auditd":
        return _audit_rows(batch)
    found = Rows(offsets=[], rows=[], rejected=[])
    decode, header = _DECODERS[batch.format], batch.header
    for offset, line in zip(batch.offsets, batch.lines, strict=True):
        try:
            found.rows.append(decode(line, header, now))
            found.offsets.append(offset)
        except BadInput as error:
            found.rejected.append((line, str(error)))
    return found


def _audit_rows(batch: LogBatch) -> Rows:
    """Records of one event become one row, also where events are interleaved."""
    found = Rows(offsets=[], rows=[], rejected=[])
    for parts in _audit_events(batch, found.rejected):
        try:
            found.rows.append(auditd.joined([record for _, _, record in parts]))
            found.offsets.append(parts[0][0])
        except BadInput as error:
            found.rejected.extend((line, str(error)) for _, line, _ in parts)
    return found


def _audit_events(batch: LogBatch, rejected: list[tuple[bytes, str]]) -> Iterable[list[_AuditLine]]:
    """The lines of each event; what are no records come to the rejected."""
    events: dict[str, list[_AuditLine]] = {}
    for offset, line in zip(batch.offsets, batch.lines, strict=True):
        try:
            record = auditd.record_of(line)
            events.setdefault(f"{record.node} {record.event}", []).append((offset, line, record))
        except BadInput as error:
            rejected.append((line, str(error)))
    return events.values()


def odd_ones_out(times: Sequence[float], off_s_max: float) -> frozenset[int]:
    """Positions of times that lie further than `off_s_max` from the middle one: clocks that are wrong.

    >>> odd_ones_out([5.0, 6.0, 3e8, 7.0], 1e6)
    frozenset({2})
    """
    if len(times) <= _LOOKED_AT - 1 or max(times) - min(times) <= off_s_max:
        return frozenset()
    middle = sorted(times)[len(times) // 2]
    return frozenset(index for index, at in enumerate(times) if abs(at - middle) > off_s_max)


def _reference(header: str, now: float) -> float:
    return float(header) if header else now
