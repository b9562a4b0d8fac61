"""Log files that grow and rotate: followed line by line, across renames, truncation and compression."""

import gzip
import os
import threading
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from glob import escape
from hashlib import blake2b
from pathlib import Path
from time import monotonic, time
from typing import BinaryIO, ClassVar, cast

import msgspec

from tocsin.contract.bodies import LogBatch
from tocsin.contract.loglines import FORMATS, LINE_BYTES_MAX, LineBatcher, format_of, log_name, span
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Level, Origin, Reading

HEAD_BYTES = 4_096
"""How much of a file's beginning tells it from others: up to its first line that is no comment."""

CHUNK_BYTES = 1 << 18
"""How much is read at once."""

SIBLINGS_MAX = 200
"""Most rotated files beside the log that are looked at."""

_CUT_BYTES = 1_024


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where to resume: which content (digest of its head), up to which byte, under which Zeek header."""

    generation: str
    offset: int
    header: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    r"""Follows one log file, of any format of `contract.loglines`.

    `source` is the id of the sensor that writes it. `format` is found by content where it is empty.
    A batch closes at 1,000 lines or `wait_s` after its first. A rotated file is read to its end,
    also when it was renamed, copied and truncated, or compressed (.gz) while we were away:
    content is known again by its head. `linger_s` is how long a renamed file may still grow.
    With `from_start` false, what stood in the file before the very first start is passed over.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     written = Path(folder, "conn.log").write_bytes(b'{"ts":5.5,"uid":"C1"}\n')
    ...     running = Tail(path=f"{folder}/conn.log", source="zeek", wait_s=0.0).start(Resources())
    ...     running.next_batch(1.0).readings[0].body.lines
    (b'{"ts":5.5,"uid":"C1"}',)
    """

    kind: ClassVar[str] = "tail"
    needs: ClassVar[Level] = Level.CLEAR

    path: str
    source: str
    format: str = ""
    name: str = "tail"
    wait_s: float = 1.0
    poll_s: float = 0.1
    linger_s: float = 1.0
    from_start: bool = True
    origin: Origin = Origin.LIVE

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningTail":
        """Ready to read; a file that is not there yet is a `problem()`, not an error."""
        del resources
        if self.format and self.format not in FORMATS:
            raise ConfigError(f"{self.name}: no log format {self.format!r}: {', '.join(FORMATS)}, or empty.")
        if not Path(self.path).parent.is_dir():
            raise ConfigError(f"{self.name}: no folder {Path(self.path).parent}: correct `path`.")
        return RunningTail(self, msgspec.msgpack.decode(resume, type=Position) if resume else None)


@dataclass(slots=True)
class Counts:
    """What was read: whole lines, and files begun anew."""

    lines: int = 0
    generations: int = 0
    too_long: int = 0


class RunningTail:
    """The follower at work; asked from one thread."""

    def __init__(self, declared: Tail, resume: Position | None) -> None:
        self._declared = declared
        self._path = Path(declared.path)
        self._position = resume
        self._problem = ""
        self._closed = threading.Event()
        self._generations = _Generations()
        self._read_to_end = ""
        self._told: set[str] = set()
        self._deliveries = self._all()
        self.counts = Counts()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """Lines of the file in order, or None when none came within `wait_s`."""
        end = monotonic() + wait_s
        while not self._closed.is_set():
            delivered = next(self._deliveries, None)
            if delivered is not None or monotonic() >= end:
                return delivered
            self._closed.wait(min(self._declared.poll_s, max(0.0, end - monotonic())))
        return None

    def snapshot(self) -> bytes:
        """Up to where everything was delivered."""
        return msgspec.msgpack.encode(self._position) if self._position else b""

    def problem(self) -> str:
        """Why nothing can be read; empty while the file can."""
        return self._problem

    def close(self) -> None:
        """Stop following; the next start goes on at `snapshot`."""
        self._closed.set()

    def _all(self) -> Generator[Delivered | None]:
        """Forever: what is left of rotated files, then the file itself, whenever it is another."""
        self._begin()
        while True:
            current = self._generations.of(self._path)
            yield from self._rotated(current)
            if not self._path.exists():
                self._problem = f"{self._path} does not exist (yet): check the path, or start its writer."
            elif self._generations.of(self._path) == current:  # else it rotated meanwhile: look behind us first
                yield from self._file(self._path, live=True)
            yield None

    def _begin(self) -> None:
        if self._position is None and not self._declared.from_start:
            self._position = self._end_of_file()

    def _end_of_file(self) -> Position | None:
        generation = self._generations.of(self._path)
        return Position(generation=generation, offset=self._path.stat().st_size) if generation else None

    def _rotated(self, current: str) -> Generator[Delivered | None]:
        """Files that were written on, or begun and rotated too, since our position."""
        position = self._position
        if position is None or current == position.generation:
            return
        backlog = self._generations.since(self._path, position)
        for path in backlog:
            yield from self._file(path, live=False)
        if current and not backlog:
            yield from self._gone(position)

    def _gone(self, position: Position) -> Iterator[Delivered]:
        """Nothing holds what came after our position: told once, and not where it was read to its end."""
        if position.generation != self._read_to_end:
            self._read_to_end = position.generation
            reason = f"The file that was read up to byte {position.offset} is gone: lines may be missing."
            yield Delivered((), ((self._path.name.encode(), reason),))

    def _file(self, path: Path, *, live: bool) -> Generator[Delivered | None]:
        try:
            with opened(path) as file:
                yield from self._content(file, path, live=live)
        except (OSError, EOFError, zlib.error) as error:
            self._problem = f"Cannot read {path}: {getattr(error, 'strerror', None) or error}."
            if not live and path.name not in self._told:
                self._told = {*list(self._told)[-SIBLINGS_MAX:], path.name}
                yield Delivered((), ((path.name.encode(), f"{self._problem} Lines may be missing."),))

    def _content(self, file: BinaryIO, path: Path, *, live: bool) -> Generator[Delivered | None]:
        generation = _generation(file)
        kind = self._declared.format or _format(file)
        if not generation or kind is None:
            self._problem = _strange(path) if generation else ""
            return
        reader = _Lines(self, file, self._start_of(generation), kind)
        truncated = (yield from self._grow(reader, file, generation)) if live else False
        if not truncated:
            yield from self._rest(reader, archived=path.suffix == ".gz")
        yield from reader.flush()
        self._read_to_end = "" if truncated else generation

    def _start_of(self, generation: str) -> Position:
        """Where to read on in this content: at our position, or at its beginning where it is another."""
        start = self._position
        if start is None or start.generation != generation:
            start = Position(generation=generation, offset=0)
            self.counts.generations += 1
        self._position, self._problem = start, ""
        return start

    def _grow(self, reader: "_Lines", file: BinaryIO, generation: str) -> Generator[Delivered | None, None, bool]:
        """Follow a file until its path means another content; whether it was truncated, not renamed."""
        while not self._closed.is_set():
            if self._truncated(file, generation):
                return True
            got = yield from reader.read()
            if not got:
                yield from reader.flush_when_due()
                yield None
                if self._renamed(file):
                    return self._truncated(file, generation)
        return True  # closed: what is unfinished is for the next start

    def _truncated(self, file: BinaryIO, generation: str) -> bool:
        return os.fstat(file.fileno()).st_size < file.tell() or _generation(file) != generation

    def _renamed(self, file: BinaryIO) -> bool:
        try:
            now, ours = self._path.stat(), os.fstat(file.fileno())
        except FileNotFoundError:
            return False  # its successor will come
        return (now.st_dev, now.st_ino) != (ours.st_dev, ours.st_ino)

    def _rest(self, reader: "_Lines", *, archived: bool) -> Generator[Delivered | None]:
        """A writer that has not been told of the rotation may still write into the renamed file."""
        quiet_since = monotonic()
        while not self._closed.is_set():
            if (yield from reader.read()):
                quiet_since = monotonic()
            elif archived or monotonic() - quiet_since >= self._declared.linger_s:
                break
            else:
                yield None
        yield from reader.unended()

    def delivered(self, batch: LogBatch, position: Position) -> Delivered:
        """One batch as a delivery; from here on, `position` is where to resume."""
        self._position = position
        first, last = span(batch)
        self.counts.lines += len(batch.lines)
        declared = self._declared
        reading = Reading(
            at=time(),
            origin=declared.origin,
            source=declared.source,
            seq=first,
            seq_end=last,
            boot=position.generation,
            body=batch,
            via=declared.name,
        )
        return Delivered((reading,))

    @property
    def batch_wait_s(self) -> float:
        """How long the first line of a batch may wait for others."""
        return self._declared.wait_s

    @property
    def log_name(self) -> str:
        """What Zeek calls this log, by its file."""
        return log_name(self._path.name)


class _Lines:
    """The lines of one open file on their way to batches."""

    def __init__(self, tail: RunningTail, file: BinaryIO, start: Position, format: str) -> None:
        header = start.header or (tail.log_name if format == "zeek-json" else "")
        self._tail = tail
        self._file = file
        self._generation = start.generation
        self._batcher = LineBatcher(format, header)
        self._at = start.offset
        self._rest = b""
        self._skipping = False
        self._since: float | None = None
        file.seek(start.offset)

    def read(self) -> Generator[Delivered, None, bool]:
        """Deliver what stands in the next piece of the file; whether there was any."""
        chunk = self._file.read(CHUNK_BYTES)
        if not chunk:
            return False
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            yield from self._take(line, len(line) + 1)
        if len(self._rest) > LINE_BYTES_MAX:
            yield from self._give_up_line()
        return True

    def _take(self, line: bytes, size: int) -> Generator[Delivered]:
        at, self._at = self._at, self._at + size
        if self._skipping:
            self._skipping = False
            return
        if len(line) > LINE_BYTES_MAX:
            yield self._too_long(line)
            return
        if self._since is None:
            self._since = monotonic()
        batch = self._batcher.take(at, line)
        if batch is not None:
            yield self._delivered(batch, self._at if batch.offsets[-1] == at else at)

    def _give_up_line(self) -> Generator[Delivered]:
        """The line is too long already: quarantine its beginning, pass over the rest when it comes."""
        if not self._skipping:
            yield self._too_long(self._rest)
        self._at += len(self._rest)
        self._rest, self._skipping = b"", True

    def _too_long(self, line: bytes) -> Delivered:
        self._tail.counts.too_long += 1
        reason = f"This line is longer than {LINE_BYTES_MAX} bytes; only its first {_CUT_BYTES} are kept."
        return Delivered((), ((line[:_CUT_BYTES], reason),))

    def _delivered(self, batch: LogBatch, until: int) -> Delivered:
        self._since = monotonic() if len(self._batcher) else None
        return self._tail.delivered(batch, Position(generation=self._generation, offset=until, header=batch.header))

    def flush_when_due(self) -> Generator[Delivered]:
        """Deliver lines that have waited long enough for others."""
        if self._since is not None and monotonic() - self._since >= self._tail.batch_wait_s:
            yield from self.flush()

    def flush(self) -> Generator[Delivered]:
        """Deliver the whole lines so far."""
        batch = self._batcher.flush()
        if batch is None:
            self._since = None
        else:
            yield self._delivered(batch, self._at)

    def unended(self) -> Generator[Delivered]:
        """Deliver the last line of a file that will not grow, though nothing ends it."""
        if self._rest:
            line, self._rest = self._rest, b""
            yield from self._take(line, len(line))


def opened(path: Path) -> BinaryIO:
    """A file for reading, unpacked where its name ends in .gz; unbuffered, as its beginning may change."""
    return cast(BinaryIO, gzip.open(path) if path.suffix == ".gz" else path.open("rb", buffering=0))


def _format(file: BinaryIO) -> str | None:
    file.seek(0)
    return format_of(file.read(HEAD_BYTES))


def _generation(file: BinaryIO) -> str:
    """Digest of the beginning, up to the first row: rows carry times, so no two logs begin alike.

    The inode is no part of it: copying, compressing and restoring change it, and it is used again.
    """
    here = file.tell()
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(here)
    kept = b""
    for line in head.splitlines(keepends=True):
        kept += line
        if line.endswith(b"\n") and line.strip() and not line.lstrip().startswith(b"#"):
            return blake2b(kept, digest_size=8).hexdigest()
    return blake2b(kept, digest_size=8).hexdigest() if len(head) == HEAD_BYTES else ""


def _strange(path: Path) -> str:
    return f"{path} is no log that is known: set `format` to one of {', '.join(FORMATS)}."


def _siblings(path: Path) -> list[Path]:
    """The newest files beside one whose names begin as its own does, oldest first."""
    found = [one for one in path.parent.glob(f"{escape(path.stem)}*") if one.is_file() and one != path]
    return sorted(found, key=lambda one: one.stat().st_mtime)[-SIBLINGS_MAX:]


class _Generations:
    """Which content each file beside the log holds; looked at again only when a file changes."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int, int], str] = {}

    def of(self, path: Path) -> str:
        """The generation of a file; empty where it has no whole row yet, is absent or not readable."""
        try:
            found = path.stat()
            key = (path.name, found.st_ino, found.st_size, found.st_mtime_ns)
            if key not in self._known:
                if len(self._known) > 10 * SIBLINGS_MAX:
                    self._known.clear()
                with opened(path) as file:
                    self._known[key] = _generation(file)
            return self._known[key]
        except (OSError, EOFError, zlib.error):
            return ""

    def since(self, path: Path, position: Position) -> list[Path]:
        """Rotated files beside `path`, oldest first: the one of the position and those after it."""
        by_generation: dict[str, Path] = {}
        for one in _siblings(path):
            by_generation.setdefault(self.of(one), one)
        if position.generation not in by_generation:
            return []
        order = list(by_generation)
        after = order[order.index(position.generation) :]
        return [by_generation[one] for one in after if one and one != self.of(path)]
