"""Finds captures in a folder and reads them as a sensor would write them, line by line, with the labels taken out."""

import gzip
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import msgspec

from tocsin.contract.loglines import format_of, log_name, row_of
from tocsin.contract.recordings import Recording, recording_of
from tocsin.formats.zeek import is_header
from tocsin.model import BadInput, ConfigError
from tocsin.suites.network_incidents.labels import Labelled, argus_labels, header_without, labelled, without_label

HEAD_BYTES = 65_536
"""How much of a file is looked at to learn what it is."""

MARKS = ("labeled", "labelled")
"""Words in the name of a log that mark a copy with labels."""

SKIPPED = frozenset({".yaml", ".yml", ".md", ".txt", ".rules", ".py", ".config", ".toml", ".csv"})
"""Endings of files that only describe a capture."""


@dataclass(frozen=True, slots=True)
class Log:
    """One recorded file: what it is (a log format, or a recording that is turned into one)."""

    path: Path
    format: str
    recording: Recording | None = None

    @property
    def name(self) -> str:
        """The name under which a sensor would have written it: without what marks a copy with labels."""
        kept = [part for part in self.path.name.split(".") if part not in (*MARKS, "gz")]
        for mark in MARKS:
            kept[0] = kept[0].removeprefix(f"{mark}-").removesuffix(f"-{mark}")
        return ".".join(kept)

    @property
    def is_marked(self) -> bool:
        """Whether its name says that it is a copy with labels."""
        return self.name != self.path.name.removesuffix(".gz")

    @property
    def is_zeek(self) -> bool:
        """Whether it was written by Zeek."""
        return self.recording is None and self.format.startswith("zeek")

    def opened(self) -> BinaryIO:
        """The file, unpacked."""
        return cast("BinaryIO", gzip.open(self.path) if self.path.suffix == ".gz" else self.path.open("rb"))


@dataclass(frozen=True, slots=True)
class Capture:
    """What was recorded at one place and time: its logs, and what beside them was not used, with the reason."""

    name: str
    folder: Path
    logs: tuple[Log, ...]
    passed_over: tuple[str, ...] = ()


class Line(NamedTuple):
    """One line as it would have been written: when, to which log, in which format, without its label."""

    at: float
    log: str
    format: str
    raw: bytes


def captures_of(data: Path) -> list[Capture]:
    """Every capture at or below a path, by name; raises ConfigError where there is none.

    The Zeek logs (and EVE logs) of one folder are one capture; any other recorded file is one by itself.
    """
    folders = [data, *sorted(filter(Path.is_dir, data.rglob("*")))]
    found = list(chain(*(_in_folder(folder, data) for folder in folders)))
    if data.is_file():
        found = [Capture(data.name, data.parent, (log,)) for log in _logs([data])]
    if not found:
        message = f"{data} holds nothing recorded that can be read (Zeek, EVE, pcap, flows): name another folder."
        raise ConfigError(message)
    return found


def _in_folder(folder: Path, data: Path) -> Iterator[Capture]:
    logs = _logs(filter(Path.is_file, folder.glob("*")))
    if any(log.is_zeek for log in logs):
        name = str(folder.relative_to(data)) if folder != data else folder.resolve().name
        yield _of_zeek(name, folder, logs)
    else:
        yield from (Capture(str(log.path.relative_to(data)), folder, (log,)) for log in logs)


def _logs(paths: Iterable[Path]) -> list[Log]:
    """The recordings among some files, by name."""
    return [log for path in sorted(paths) if (log := log_of(path)) is not None]


def _of_zeek(name: str, folder: Path, logs: list[Log]) -> Capture:
    """The logs of Zeek and EVE in one folder; packets and flows beside them are the same traffic once more."""
    used, doubled = _once([log for log in logs if log.is_zeek or log.format == "eve"])
    others = [log for log in logs if log not in used and log not in doubled]
    told = [f"{log.path.name}: the same log without labels" for log in doubled]
    told += [f"{log.path.name}: the traffic of the Zeek logs beside it" for log in others]
    return Capture(name, folder, tuple(used), tuple(told))


def _once(logs: list[Log]) -> tuple[list[Log], list[Log]]:
    """A log and its copy with labels are one: the copy with labels is kept."""
    marked = {log.name for log in logs if log.is_marked}
    kept = [log for log in logs if log.is_marked or log.name not in marked]
    return kept, [log for log in logs if log not in kept]


def log_of(path: Path) -> Log | None:
    """What a file is; None for one that is no recording that we read."""
    if path.suffix.lower() in SKIPPED or path.name.startswith("."):
        return None
    head = _head(path)
    if (known := recording_of(path.name, head)) is not None:
        recording, form = known
        return Log(path, form, recording)
    found = format_of(head) or ""
    return Log(path, found) if found.startswith(("zeek", "eve")) else None


def _head(path: Path) -> bytes:
    """How a file begins, unpacked; nothing of one that cannot be read."""
    try:
        with Log(path, "").opened() as file:
            return file.read(HEAD_BYTES)
    except (OSError, EOFError):
        return b""


def read(capture: Capture) -> tuple[list[Line], list[Labelled]]:
    """All lines of a capture in the order in which they were written, and the labels that they carried."""
    lines: list[Line] = []
    labels: list[Labelled] = []
    for log in capture.logs:
        reader = _Reader(log, labels)
        lines.extend(reader.lines())
    lines.sort(key=lambda line: line.at)
    return lines, labels


class _Reader:
    """One log on its way: takes labels out, and says when each line was written."""

    def __init__(self, log: Log, labels: list[Labelled]) -> None:
        self._log = log
        self._labels = labels
        self._header = log_name(log.name) if log.format == "zeek-json" else ""
        self._fields = b""
        self._name = log.name
        self._in_header = False
        self._segments = 0
        self._last = 0.0

    def lines(self) -> Iterator[Line]:
        """Every line in the file's order; the lines of a header are there before all rows.

        A file with several headers (logs put together) is several logs: each row stays below its own.
        """
        if self._log.path.suffix == ".binetflow" or self._log.recording is not None:
            with self._log.opened() as file:
                self._labels.extend(argus_labels(file))
        with self._log.opened() as file:
            for raw in self._pieces(file):
                if self._log.format == "zeek-tsv" and is_header(raw):
                    yield Line(float("-inf"), self._name, self._log.format, self._headed(raw))
                else:
                    self._in_header = False
                    yield self._one(raw)

    def _pieces(self, file: BinaryIO) -> Iterator[bytes]:
        if self._log.recording is None:
            yield from (line.rstrip(b"\r\n") for line in file if line.strip())
        else:
            yield from (raw for raw, reason in self._log.recording.pieces(file) if not reason)

    def _headed(self, raw: bytes) -> bytes:
        """A line of Zeek's header, without the columns of labels; kept as it was, to read labels by."""
        raw = raw.strip(b"\t ")
        if not self._in_header and not raw.startswith(b"#close"):
            self._segments += 1
            self._name = self._log.name if self._segments == 1 else f"{self._segments}.{self._log.name}"
            self._header = ""
        self._header += f"{raw.decode(errors='replace')}\n"
        self._in_header = not raw.startswith(b"#close")
        self._fields = raw if raw.startswith(b"#fields") else self._fields
        return header_without(raw, self._fields)

    def _one(self, raw: bytes) -> Line:
        try:
            row = row_of(self._log.format, self._header, raw)
        except BadInput:
            return Line(self._last, self._name, self._log.format, raw)
        self._last = written_at(row)
        if (label := labelled(row, raw, self._log.format, self._fields)) is not None:
            self._labels.append(label)
        return Line(self._last, self._name, self._log.format, without_label(raw, self._log.format, self._fields))


def written_at(row: dict[str, Any]) -> float:
    """When a sensor writes a row: a connection at its end."""
    lasting_s = row.get("duration")
    return float(row["at"]) + (float(lasting_s) if isinstance(lasting_s, int | float) else 0.0)


def as_capture(lines: Iterable[Line], path: Path) -> None:
    """Write lines as a capture that `tocsin replay` reads: each reaches us when it was written."""
    with path.open("wb") as file:
        for line in lines:
            said = {"at": max(0.0, line.at), "channel": line.format, "address": line.log, **_payload(line.raw)}
            file.write(msgspec.json.encode(said) + b"\n")


def _payload(raw: bytes) -> dict[str, str]:
    try:
        return {"payload": raw.decode() + "\n"}
    except UnicodeDecodeError:
        return {"payload_base64": b64encode(raw + b"\n").decode()}
