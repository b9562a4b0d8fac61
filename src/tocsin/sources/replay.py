"""Whole recorded files as a source that ends: logs, event files, NDJSON readings, captures of the real protocols."""

import gzip
import zlib
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import merge
from io import BufferedReader
from pathlib import Path
from typing import Any, ClassVar, cast

from tocsin.contract.bodies import LogBatch
from tocsin.contract.intake import Arrival, Routes, Taken, line_taken, mapping_named, message_taken, ndjson_taken
from tocsin.contract.loglines import (
    FORMATS,
    LINE_BYTES_MAX,
    LINES_MAX,
    LineBatcher,
    format_of,
    last_time,
    log_name,
    span,
)
from tocsin.contract.playback import Playback
from tocsin.contract.protocols import Delivered
from tocsin.contract.recordings import RECORDINGS, Recording, recording_of
from tocsin.contract.resources import Resources
from tocsin.formats.mapping import Reader
from tocsin.formats.ndjson import time_of
from tocsin.formats.zeek import is_header
from tocsin.model import BadInput, ConfigError, Level, Origin, Reading
from tocsin.model.untrusted import json_object

HEAD_BYTES = 65_536
"""How much of a file is looked at to learn what it is."""

CHANNELS = ("mqtt", "http", *FORMATS)
"""What a capture may have recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Reads recorded files from their first line to their last, as fast as they are asked for.

    `paths` are files, merged by time; each shows by its content what it is: a log of
    `contract.loglines`, a file of `contract.recordings` (.evtx, JSON over several lines …), NDJSON
    readings, or a capture, whose lines are `{"at", "channel", "address", "payload"}` (or
    `payload_base64`) with the channels of CHANNELS. What came by MQTT
    or HTTP is read by the same `routes`, `mappings` and `mapping` as when it is live.
    `source` names the log source (empty: the file's name); captures name each by its address.

    >>> from tempfile import NamedTemporaryFile
    >>> file = NamedTemporaryFile(suffix=".ndjson")
    >>> _ = file.write(b'{"source": "gas-01", "at": 1700000000, "cl2_ppm": 9.5}'), file.flush()
    >>> Replay(paths=(file.name,)).start(Resources()).next_batch(0.0).readings[0].body.ppm
    9.5
    """

    kind: ClassVar[str] = "replay"
    needs: ClassVar[Level] = Level.CLEAR

    paths: tuple[str, ...]
    name: str = "replay"
    source: str = ""
    origin: Origin = Origin.REPLAY
    routes: dict[str, str] = field(default_factory=dict)
    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    mapping: str = "readings"
    flush_s: float = 1.0

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningReplay":
        """Ready to read; raises ConfigError for a file that is absent or of no known kind."""
        del resume  # a replay starts at the beginning, always: that is its point
        routes = Routes(self.routes, self.mappings, resources)
        reader = mapping_named(self.mapping, self.mappings, resources)
        kinds = tuple((Path(path), kind_of(Path(path))) for path in self.paths)
        return RunningReplay(self, routes, reader, kinds)


def kind_of(path: Path) -> str:
    """`capture`, `readings`, a log format or a kind of recording, by content; raises ConfigError for anything else."""
    head = _head(path)
    if (found := recording_of(path.name, head)) is not None:
        return found[0].name
    first = _first_line(head)
    if _shows(first, b'"channel"', b'"payload'):
        return "capture"
    if kind := format_of(head):
        return kind
    if _shows(first, b'"source"'):
        return "readings"
    kinds = ", ".join((*FORMATS, *(one.name for one in RECORDINGS)))
    raise ConfigError(f"{path} is none of: {kinds}, NDJSON readings, capture.")


def _first_line(head: bytes) -> bytes:
    return next((line.lstrip() for line in head.splitlines() if line.strip()), b"")


def _shows(line: bytes, *marks: bytes) -> bool:
    """Whether a line begins an object that has all of these."""
    return line.startswith(b"{") and all(mark in line for mark in marks)


def _head(path: Path) -> bytes:
    try:
        with opened(path) as file:
            return file.read(HEAD_BYTES)
    except (OSError, EOFError) as error:
        raise ConfigError(f"Cannot read {path}: {getattr(error, 'strerror', None) or 'not a file'}.") from error


def opened(path: Path) -> BufferedReader:
    """A file for reading, unpacked where its name ends in .gz."""
    return cast(BufferedReader, gzip.open(path) if path.suffix == ".gz" else path.open("rb"))


class RunningReplay(Playback):
    """A replay at work. `finished` once all was given; `lines` counts what was read, without Zeek's headers."""

    def __init__(self, declared: Replay, routes: Routes, reader: Reader, kinds: tuple[tuple[Path, str], ...]) -> None:
        self._declared = declared
        self._routes = routes
        self._reader = reader
        self._kinds = kinds
        self._cut: list[str] = []
        self.lines = 0
        super().__init__()

    def _all(self) -> Generator[Delivered]:
        """Several files are one story: their deliveries come in the order of their times."""
        yield from merge(*(self._of(path, kind) for path, kind in self._kinds), key=_time_of)

    def _of(self, path: Path, kind: str) -> Iterator[Delivered]:
        """All of one file; where it ends before its time, everything up to there, and the reason."""
        yield from self._content(path, kind)
        while self._cut:
            yield Delivered(readings=(), rejected=((path.name.encode(), self._cut.pop()),))

    def _content(self, path: Path, kind: str) -> Iterator[Delivered]:
        found = recording_of(path.name, _head(path))
        if found is not None:
            yield from self._recorded(path, *found)
        elif kind == "capture":
            yield from _Capture(self._declared, self._routes, self._reader).deliveries(self._numbered(path))
        elif kind == "readings":
            yield from self._readings(path)
        else:
            yield from self._log(path, kind)

    def _recorded(self, path: Path, recording: Recording, format: str) -> Iterator[Delivered]:
        """A file of another kind, as lines; each is placed behind the one before it, as if they were a log."""
        log = self._log_of(path, format)
        offset = 0
        for line, problem in self._whole(path, recording):
            if problem:
                yield Delivered(readings=(), rejected=((line, problem),))
                continue
            self.lines += 1
            yield from log.take(offset, line, at=0.0)
            offset += len(line) + 1
        yield from log.flush(at=0.0)

    def _whole(self, path: Path, recording: Recording) -> Iterator[tuple[bytes, str]]:
        try:
            with opened(path) as file:
                yield from recording.pieces(file)
        except (OSError, EOFError, zlib.error) as error:
            self._cut.append(_reason(path, error))

    def _numbered(self, path: Path) -> Iterator[tuple[int, bytes]]:
        """Every line that is not blank, with its byte offset; of one that is far too long, its beginning."""
        offset = 0
        try:
            with opened(path) as file:
                while line := file.readline(LINE_BYTES_MAX + 2):
                    size = len(line) if line.endswith(b"\n") else len(line) + _passed_over(file, line)
                    if line.strip():
                        self.lines += 1
                        yield offset, line
                    offset += size
        except (OSError, EOFError, zlib.error) as error:
            self._cut.append(_reason(path, error))

    def _readings(self, path: Path) -> Iterator[Delivered]:
        taken, arrival = Taken(), Arrival(at=0.0, via=self._declared.name, origin=self._declared.origin)
        for _, line in self._numbered(path):
            one = line_taken(self._reader, line.strip(), arrival)
            _add(taken, one)
            if one.readings:  # a line without a time came when the one before it did
                arrival = Arrival(at=one.readings[-1].at, via=arrival.via, origin=arrival.origin)
            if len(taken.readings) + len(taken.rejected) >= LINES_MAX:
                yield _delivered(taken)
                taken = Taken()
        yield from _rest(taken)

    def _log(self, path: Path, format: str) -> Iterator[Delivered]:
        log = self._log_of(path, format)
        for offset, line in self._numbered(path):
            self.lines -= format == "zeek-tsv" and is_header(line)
            yield from log.take(offset, line, at=0.0)
        yield from log.flush(at=0.0)

    def _log_of(self, path: Path, format: str) -> "_Log":
        declared = self._declared
        header = str(path.stat().st_mtime) if format == "syslog" else ""  # its times name no year
        return _Log(declared, declared.source or path.name, format, boot=_fingerprint(path), header=header)


def _passed_over(file: BufferedReader, line: bytes) -> int:
    """How much of a line came after its beginning, which was as much as is read at once."""
    size = 0
    while len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
        line = file.readline(LINE_BYTES_MAX + 2)
        size += len(line)
    return size


def _reason(path: Path, error: Exception) -> str:
    why = getattr(error, "strerror", None) or "it ends before its time, or is damaged"
    return f"Cannot read {path.name} to its end: {why}. What came before is read."


def _time_of(delivery: Delivered) -> float:
    return max((reading.at for reading in delivery.readings), default=0.0)


def _fingerprint(path: Path) -> str:
    """A file's generation by its first bytes: the same file gives the same identities, wherever it lies."""
    with opened(path) as file:
        return blake2b(file.read(HEAD_BYTES), digest_size=6).hexdigest()


def _add(taken: Taken, more: Taken) -> None:
    taken.readings.extend(more.readings)
    taken.rejected.extend(more.rejected)
    taken.passed_over += more.passed_over


def _delivered(taken: Taken) -> Delivered:
    return Delivered(readings=tuple(taken.readings), rejected=tuple(taken.rejected))


def _rest(taken: Taken) -> Iterator[Delivered]:
    """What was gathered last, where anything was."""
    if taken.readings or taken.rejected:
        yield _delivered(taken)


def _is_due(since: float | None, wait_s: float, at: float) -> bool:
    return since is not None and at >= since + wait_s


class _Log:
    """The lines of one recorded log on their way to batches."""

    def __init__(self, declared: Replay, source: str, format: str, boot: str, header: str = "") -> None:
        self._declared = declared
        self._source = source
        self._boot = boot
        self._lines = LineBatcher(format, header=log_name(source) if format == "zeek-json" else header)
        self._last = 0.0
        self.since: float | None = None

    def take(self, offset: int, line: bytes, at: float) -> Iterator[Delivered]:
        if len(line) > LINE_BYTES_MAX:
            yield Delivered(readings=(), rejected=((line[:1024], f"Longer than {LINE_BYTES_MAX} bytes; cut."),))
            return
        if self.since is None:
            self.since = at
        yield from self._given(self._lines.take(offset, line), at)

    def flush(self, at: float) -> Iterator[Delivered]:
        self.since = None
        yield from self._given(self._lines.flush(), at)

    def _given(self, batch: LogBatch | None, at: float) -> Iterator[Delivered]:
        if batch is None:
            return
        self.since = at if len(self._lines) else None
        first, last = span(batch)
        self._last = at or last_time(batch, self._last) or self._last
        yield Delivered(
            readings=(
                Reading(
                    at=self._last,
                    origin=self._declared.origin,
                    source=self._source,
                    seq=first,
                    seq_end=last,
                    boot=self._boot,
                    body=batch,
                    via=self._declared.name,
                ),
            )
        )


class _Capture:
    """A capture on its way: messages and log lines gathered for `flush_s`, as live sources do."""

    def __init__(self, declared: Replay, routes: Routes, reader: Reader) -> None:
        self._declared = declared
        self._routes = routes
        self._reader = reader
        self._taken = Taken()
        self._since: float | None = None
        self._logs: dict[str, _Log] = {}
        self._offsets: dict[str, int] = {}

    def deliveries(self, lines: Iterator[tuple[int, bytes]]) -> Iterator[Delivered]:
        """All of the capture, in its order; within `flush_s` messages come before log lines."""
        at = 0.0
        for _, line in lines:
            try:
                at, channel, address, payload = _emission(line)
            except BadInput as error:
                self._taken.rejected.append((line.strip(), str(error)))
                continue
            yield from self._due(at)
            yield from self._one(at, channel, address, payload)
        yield from self._messages()
        for log in self._logs.values():
            yield from log.flush(at)

    def _due(self, at: float) -> Iterator[Delivered]:
        wait_s = self._declared.flush_s
        if _is_due(self._since, wait_s, at):
            yield from self._messages()
        for log in self._logs.values():
            if _is_due(log.since, wait_s, at):
                yield from log.flush(at)

    def _messages(self) -> Iterator[Delivered]:
        taken, self._taken, self._since = self._taken, Taken(), None
        yield from _rest(taken)

    def _one(self, at: float, channel: str, address: str, payload: bytes) -> Iterator[Delivered]:
        if channel not in {"mqtt", "http"}:
            yield from self._lines(at, channel, address, payload)
            return
        arrival = Arrival(at=at, via=self._declared.name, origin=self._declared.origin)
        self._since = at if self._since is None else self._since
        if channel == "mqtt":
            _add(self._taken, message_taken(self._routes, address, payload, arrival))
        else:
            source = address.rstrip("/").rpartition("/")[2]
            for one in ndjson_taken(self._reader, payload, arrival, source):
                _add(self._taken, one)
        if len(self._taken.readings) + len(self._taken.rejected) >= LINES_MAX:
            yield from self._messages()

    def _lines(self, at: float, format: str, address: str, payload: bytes) -> Iterator[Delivered]:
        log = self._logs.get(address)
        if log is None:
            source = self._declared.source or address.rpartition("/")[2]
            log = self._logs[address] = _Log(self._declared, source, format, boot="capture")
        offset = self._offsets.get(address, 0)
        for line in payload.splitlines(keepends=True):
            yield from log.take(offset, line, at)
            offset += len(line) if line.endswith(b"\n") else len(line) + 1
        self._offsets[address] = offset


def _emission(line: bytes) -> tuple[float, str, str, bytes]:
    """When, on which channel, to which address, and what."""
    said = json_object(line)
    channel, address = said.get("channel"), said.get("address")
    if channel not in CHANNELS or not isinstance(address, str):
        raise BadInput(f"A line of a capture needs an address and a channel of {', '.join(CHANNELS)}.")
    return time_of(said.get("at")), str(channel), address, _payload(said)


def _payload(said: dict[str, Any]) -> bytes:
    if isinstance(said.get("payload"), str):
        return cast(str, said["payload"]).encode()
    try:
        return b64decode(said["payload_base64"], validate=True)
    except (KeyError, TypeError, ValueError, Base64Error):
        raise BadInput("A line of a capture needs a payload (text) or payload_base64.") from None
