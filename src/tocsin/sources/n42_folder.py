"""A folder into which instruments put N42 files: each is read once it is whole."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from time import monotonic, time
from typing import ClassVar

import msgspec

from tocsin.contract.bodies import Counts
from tocsin.contract.protocols import Delivered
from tocsin.contract.radiation import DoseRate, GammaSpectrum
from tocsin.contract.resources import Resources
from tocsin.formats.n42 import BYTES_MAX, Measurement, N42Document, Spectrum, decode
from tocsin.formats.n42.values import packed
from tocsin.model import BadInput, Body, ConfigError, Level, Origin, Reading

SEEN_MAX = 10_000
"""Most files remembered as read; of more, those read first are forgotten, and the log refuses their repeats."""


class Seen(msgspec.Struct, frozen=True):
    """A file as it was read: its name, size and time of change."""

    name: str
    size: int
    changed_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class N42Folder:
    """Reads every N42 file (2012 or 2006) that appears in a folder, as spectra, gross counts and dose rates.

    `source` is the id of the instrument. A file is read once it has not changed for `settle_s`; it stays where it is.
    Times are those of the file. The same file put there again says nothing new.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     running = N42Folder(path=folder, source="spectrometer", settle_s=0.0).start(Resources())
    ...     running.next_batch(0.0) is None, running.problem()
    (True, '')
    """

    kind: ClassVar[str] = "file.n42"
    needs: ClassVar[Level] = Level.AMBIENT

    path: str
    source: str
    name: str = "n42"
    pattern: str = "*.n42"
    settle_s: float = 1.0
    poll_s: float = 0.5
    origin: Origin = Origin.LIVE

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningN42Folder":
        """Begin to look; raises ConfigError where the pattern leads out of the folder."""
        del resources
        if "/" in self.pattern or ".." in self.pattern:
            raise ConfigError(f"{self.name}: `pattern` names files in the folder itself, such as *.n42.")
        return RunningN42Folder(self, msgspec.msgpack.decode(resume, type=list[Seen]) if resume else [])


class RunningN42Folder:
    """The folder at work; asked from one thread, acknowledged from another."""

    def __init__(self, declared: N42Folder, seen: list[Seen]) -> None:
        self._declared = declared
        self._seen = dict.fromkeys(seen)
        self._delivered = dict.fromkeys(seen)
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """The next whole file, or None when none came within `wait_s`."""
        end = monotonic() + wait_s
        while not self._closed.is_set():
            found = next(self._waiting(), None)
            if found is not None:
                return self._read(*found)
            if monotonic() >= end:
                return None
            self._closed.wait(min(self._declared.poll_s, max(0.0, end - monotonic())))
        return None

    def snapshot(self) -> bytes:
        """The files whose readings are on disk."""
        with self._lock:
            return msgspec.msgpack.encode(list(self._seen))

    def problem(self) -> str:
        """What is wrong with the folder; empty when nothing is."""
        if not Path(self._declared.path).is_dir():
            return f"There is no folder {self._declared.path}: create it, or correct `path`."
        return ""

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()

    def _waiting(self) -> Iterator[tuple[Path, Seen]]:
        """Files that have not been delivered and have not changed for a while, by name."""
        for path in sorted(Path(self._declared.path).glob(self._declared.pattern)):
            try:
                state = path.stat()
            except FileNotFoundError:
                continue  # it was taken away while we looked
            one = Seen(path.name, state.st_size, state.st_mtime_ns)
            if path.is_file() and one not in self._delivered and time() - state.st_mtime >= self._declared.settle_s:
                yield path, one

    def _read(self, path: Path, one: Seen) -> Delivered:
        _remember(self._delivered, one)
        head = path.name.encode()
        try:
            if one.size > BYTES_MAX:
                raise BadInput(f"{one.size} bytes are too many: at most {BYTES_MAX} are read.")
            raw = path.read_bytes()
            readings = tuple(readings_of(decode(raw), raw, self._declared))
        except (BadInput, OSError) as error:
            return Delivered((), ((head, f"{path.name}: {error}"),), lambda: self._kept(one))
        return Delivered(readings, (), lambda: self._kept(one))

    def _kept(self, one: Seen) -> None:
        with self._lock:
            _remember(self._seen, one)


def _remember(seen: dict[Seen, None], one: Seen) -> None:
    seen[one] = None
    while len(seen) > SEEN_MAX:
        del seen[next(iter(seen))]


def readings_of(document: N42Document, raw: bytes, declared: N42Folder) -> Iterator[Reading[Body]]:
    """Everything that a file tells, numbered in order under the digest of the file."""
    boot = blake2b(raw, digest_size=8).hexdigest()
    told = ((one, body) for one in document.measurements for body in _bodies(document, one))
    for number, (measurement, body) in enumerate(told):
        yield Reading(
            at=measurement.start_at + measurement.real_s,
            origin=declared.origin,
            source=declared.source,
            seq=number,
            boot=boot,
            body=body,
            via=declared.name,
        )


def _bodies(document: N42Document, measurement: Measurement) -> Iterator[Body]:
    for spectrum in measurement.spectra:
        yield _spectrum(document, measurement, spectrum)
    for gross in measurement.gross_counts:
        if gross.live_s > 0.0:
            yield Counts(counts_per_s=sum(gross.counts) / gross.live_s, live_s=gross.live_s)
    for dose in measurement.dose_rates:
        yield DoseRate(usv_h=dose.usv_h)


def _spectrum(document: N42Document, measurement: Measurement, spectrum: Spectrum) -> GammaSpectrum:
    calibration, detector = document.calibration(spectrum.calibration), document.detector(spectrum.detector)
    short = packed(spectrum.counts)
    fewer = len(short) < len(spectrum.counts)
    return GammaSpectrum(
        counts=short if fewer else spectrum.counts,
        zeroes_counted=fewer,
        live_s=spectrum.live_s,
        coefficients_kev=calibration.coefficients if calibration is not None else (),
        edges_kev=calibration.edges_kev if calibration is not None else (),
        deviations_kev=calibration.deviations if calibration is not None else (),
        detector=spectrum.detector,
        material=detector.kind if detector is not None else "",
        use=measurement.kind,
    )
