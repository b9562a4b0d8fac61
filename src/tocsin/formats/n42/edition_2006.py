"""Reads N42.42 of 2006 (`N42InstrumentData`), which portals still write: its spectra, as those of 2012."""

import re
from collections.abc import Iterator
from typing import Any

from tocsin.formats.n42.document import (
    KINDS,
    Calibration,
    Detector,
    Instrument,
    Measurement,
    N42Document,
    Spectrum,
)
from tocsin.formats.n42.tree import child, children, name_of, text
from tocsin.formats.n42.values import moment_of, numbers_of, seconds_of, unpacked
from tocsin.model import BadInput

_PORTALS = {"SpecPortal": "Spectroscopic Portal Monitor", "Portal": "Portal Monitor"}

SPECTRA_MAX = 50_000


class _Gathered:
    """What is met on the way through the file: detectors and calibrations, each once."""

    def __init__(self) -> None:
        self.detectors: dict[str, Detector] = {}
        self.calibrations: dict[tuple[float, ...], Calibration] = {}

    def detector(self, name: str, kind: str) -> str:
        """The id of a detector by its name."""
        word = next(iter(kind.split()), "Other")
        key = re.sub(r"[^\w.-]", "_", f"detector-{name or 'one'}")
        known = word if word in KINDS else "Other"
        self.detectors.setdefault(key, Detector(id=key, name=name, kind=known, description=kind))
        return key

    def calibration(self, coefficients: tuple[float, ...]) -> str:
        """The id of a calibration by its coefficients."""
        number = len(self.calibrations) + 1
        made = Calibration(id=f"calibration-{number}", coefficients=coefficients)
        return self.calibrations.setdefault(coefficients, made).id


def read_2006(root: Any) -> N42Document:  # noqa: ANN401  # lxml's element
    """The document of a file of 2006; raises BadInput where it has no measurement."""
    measured = child(root, "Measurement")
    gathered = _Gathered()
    measurements = tuple(
        one for number, node in enumerate(_samples(measured), 1) if (one := _sample(node, number, gathered)) is not None
    )
    if not measurements:
        raise BadInput("This N42 file of 2006 holds no spectrum.")
    return N42Document(
        instrument=_instrument(measured),
        detectors=tuple(gathered.detectors.values()),
        calibrations=tuple(gathered.calibrations.values()),
        measurements=measurements,
        uuid=measured.get("UUID", ""),
    )


def _samples(node: Any) -> Iterator[Any]:  # noqa: ANN401
    """The samples of a portal (DetectorData), or the measurement itself where it has none."""
    samples = list(children(node, "DetectorData"))
    return iter(samples or [node])


def _instrument(node: Any) -> Instrument:  # noqa: ANN401
    found = next(children(node, "InstrumentInformation"), None)
    if found is None:
        return Instrument(manufacturer="unknown", model="unknown")
    return Instrument(
        manufacturer=text(found, "Manufacturer", "unknown").strip() or "unknown",
        model=text(found, "InstrumentModel", "unknown").strip() or "unknown",
        identifier=text(found, "InstrumentID", "").strip(),
        kind=_PORTALS.get(text(found, "InstrumentType", "").strip(), "Other"),
    )


def _spectra(node: Any) -> list[Any]:  # noqa: ANN401
    found = [one for one in node.iter() if isinstance(one.tag, str) and name_of(one) == "Spectrum"]
    if len(found) > SPECTRA_MAX:
        raise BadInput(f"A measurement of {len(found)} spectra: at most {SPECTRA_MAX} are read.")
    return found


def _sample(node: Any, number: int, gathered: _Gathered) -> Measurement | None:  # noqa: ANN401
    spectra = _spectra(node)
    if not spectra:
        return None
    start = text(node, "StartTime", "") or text(spectra[0], "StartTime")
    real = text(node, "SampleRealTime", "") or text(spectra[0], "RealTime")
    occupied = text(node, "Occupied", "").strip()
    return Measurement(
        id=f"measurement-{number}",
        kind="Background" if text(spectra[0], "SourceType", "").strip() == "Background" else "Foreground",
        start_at=moment_of(start, "StartTime"),
        real_s=seconds_of(real, "SampleRealTime"),
        spectra=tuple(_spectrum(one, gathered) for one in spectra),
        occupied=occupied in {"true", "1"} if occupied else None,
    )


def _spectrum(node: Any, gathered: _Gathered) -> Spectrum:  # noqa: ANN401
    data = child(node, "ChannelData")
    numbers = numbers_of(data.text or "", "ChannelData")
    return Spectrum(
        live_s=seconds_of(text(node, "LiveTime"), "LiveTime"),
        counts=unpacked(numbers, "ChannelData") if data.get("Compression") == "CountedZeroes" else numbers,
        calibration=gathered.calibration(_coefficients(node)),
        detector=gathered.detector(node.get("Detector", ""), text(node, "DetectorType", "").strip()),
    )


def _coefficients(node: Any) -> tuple[float, ...]:  # noqa: ANN401
    for calibration in children(node, "Calibration"):
        if calibration.get("Type") == "Energy":
            scale = 1000.0 if calibration.get("EnergyUnits") == "MeV" else 1.0
            equation = child(calibration, "Equation")
            if equation.get("Model", "Polynomial") != "Polynomial":
                raise BadInput("An energy calibration that is no polynomial is not read.")
            numbers = numbers_of(text(equation, "Coefficients"), "Coefficients")
            return tuple(scale * number for number in numbers)
    raise BadInput("A spectrum of this N42 file has no energy calibration.")
