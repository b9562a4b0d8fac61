"""Weather reports of an airport (METAR) from a file that something else keeps fresh: wind, air and clouds."""

import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time
from typing import Any, ClassVar

import msgspec

from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.contract.weather import Air, Wind
from tocsin.formats.metar import Report, read_metar
from tocsin.model import BadInput, ConfigError, Level, Origin, Reading

FILE_BYTES_MAX = 1 << 20
"""More than this is no file of reports."""

LINES_MAX = 2_000
TOLD_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Metar:
    """Reads METAR and SPECI reports, one per line, whenever the file has changed; each report is told once.

    `source` is the id of the station in the city; where it stands is said there. `station` is its ICAO code; empty
    takes every report of the file. A variable or calm wind has no bearing and is told as air alone: no wind, no arrow.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     written = Path(folder, "metar.txt").write_text("EFHK 170950Z 24008KT CAVOK 18/09 Q1015")
    ...     running = Metar(path=f"{folder}/metar.txt", source="efhk").start(Resources())
    ...     [type(reading.body).__name__ for reading in running.next_batch(1.0).readings]
    ['Wind', 'Air']
    """

    kind: ClassVar[str] = "feed.metar"
    needs: ClassVar[Level] = Level.AMBIENT

    path: str
    source: str
    station: str = ""
    name: str = "metar"
    poll_s: float = 10.0
    origin: Origin = Origin.LIVE

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningMetar":
        """Ready to read; a file that is not there yet is a `problem()`, not an error."""
        del resources
        if not Path(self.path).parent.is_dir():
            raise ConfigError(f"{self.name}: no folder {Path(self.path).parent}: correct `path`.")
        return RunningMetar(self, msgspec.msgpack.decode(resume, type=float) if resume else float("-inf"))


class RunningMetar:
    """The reader at work; asked from one thread."""

    def __init__(self, declared: Metar, newest: float) -> None:
        self._declared = declared
        self._path = Path(declared.path)
        self._newest = newest
        self._looked: tuple[float, int] | None = None
        self._problem = ""
        self._refused: list[bytes] = []
        self._closed = threading.Event()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """New reports, the oldest first, or None when none came within `wait_s`."""
        end = monotonic() + wait_s
        while not self._closed.is_set():
            delivered = self._read()
            if delivered is not None or monotonic() >= end:
                return delivered
            self._closed.wait(min(self._declared.poll_s, max(0.0, end - monotonic())))
        return None

    def snapshot(self) -> bytes:
        """The moment of the newest report."""
        return msgspec.msgpack.encode(self._newest)

    def problem(self) -> str:
        """Why nothing can be read; empty while the file can."""
        return self._problem

    def close(self) -> None:
        """Stop reading."""
        self._closed.set()

    def _read(self) -> Delivered | None:
        try:
            state = self._path.stat()
            looked = (state.st_mtime, state.st_size)
            if looked == self._looked:
                return None
            with self._path.open("rb") as file:
                raw = file.read(FILE_BYTES_MAX)
        except OSError as error:
            self._problem = f"Cannot read {self._path}: {error.strerror}. Check the path, or start what writes it."
            return None
        self._looked, self._problem = looked, ""
        return self._told(raw.splitlines()[-LINES_MAX:])

    def _told(self, lines: list[bytes]) -> Delivered | None:
        """What is new in these lines; what cannot be read is told once."""
        reports, rejected = [], []
        for line in filter(None, map(bytes.strip, lines)):
            try:
                reports.append(read_metar(line.decode("ascii", "replace"), time()))
            except BadInput as error:
                if line not in self._refused:
                    rejected.append((line[:1_000], str(error)))
                    self._refused = [*self._refused, line][-TOLD_MAX:]
        new = sorted((one for one in reports if self._wanted(one)), key=lambda one: one.at)
        self._newest = max([self._newest, *(one.at for one in new)])
        readings = tuple(reading for one in new for reading in self._readings(one))
        return Delivered(readings, tuple(rejected)) if readings or rejected else None

    def _wanted(self, report: Report) -> bool:
        return report.at > self._newest and self._declared.station in {"", report.station}

    def _readings(self, report: Report) -> list[Reading[Any]]:
        """Wind where it has a bearing, and the air; each numbered by the minute of the report."""
        bodies: list[tuple[str, Wind | Air]] = []
        if report.speed_m_s is not None and report.from_deg is not None:
            bodies.append(("wind", Wind(speed_m_s=report.speed_m_s, from_deg=report.from_deg)))
        air = Air(
            temperature_c=report.temperature_c,
            dew_point_c=report.dew_point_c,
            pressure_hpa=report.pressure_hpa,
            cloud_share=report.cloud_share,
            from_sd_deg=report.from_sd_deg,
        )
        return [self._reading(report, boot, body) for boot, body in (*bodies, ("air", air))]

    def _reading(self, report: Report, boot: str, body: Wind | Air) -> Reading[Any]:
        declared = self._declared
        return Reading(
            at=report.at,
            origin=declared.origin,
            source=declared.source,
            seq=int(report.at // 60),
            body=body,
            boot=boot,
            via=declared.name,
        )
