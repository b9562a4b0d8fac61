"""Reads N42.42 of 2012; files of 2006 are handed on to their own reader."""

from typing import Any

from tocsin.formats.n42.document import (
    CATEGORIES,
    CLASSES,
    INSTRUMENTS,
    KINDS,
    Calibration,
    Detector,
    DoseRate,
    GrossCounts,
    Instrument,
    Measurement,
    N42Document,
    Position,
    Spectrum,
)
from tocsin.formats.n42.edition_2006 import read_2006
from tocsin.formats.n42.tree import BYTES_MAX, child, children, name_of, one_of, root_of, text
from tocsin.formats.n42.values import moment_of, number_of, numbers_of, seconds_of, unpacked
from tocsin.model import BadInput

__all__ = ["BYTES_MAX", "decode"]

MEASUREMENTS_MAX = 20_000
"""Most measurements of one file."""


def decode(raw: bytes) -> N42Document:
    """Read one file; raises BadInput saying which element is wrong.

    What we have no noun for (analysis results, multimedia, extensions) is passed over.
    """
    root = root_of(raw)
    match name_of(root):
        case "RadInstrumentData":
            return _document(root)
        case "N42InstrumentData":
            return read_2006(root)
        case other:
            raise BadInput(f"This is no N42 file: its root is {other[:40]!r}, not RadInstrumentData.")


def _document(root: Any) -> N42Document:  # noqa: ANN401  # lxml's element
    measured = list(children(root, "RadMeasurement"))
    if len(measured) > MEASUREMENTS_MAX:
        raise BadInput(f"An N42 file of {len(measured)} measurements: at most {MEASUREMENTS_MAX} are read.")
    found = N42Document(
        instrument=_instrument(child(root, "RadInstrumentInformation")),
        detectors=tuple(map(_detector, children(root, "RadDetectorInformation"))),
        calibrations=tuple(map(_calibration, children(root, "EnergyCalibration"))),
        measurements=tuple(map(_measurement, measured)),
        uuid=root.get("n42DocUUID", ""),
        creator=text(root, "RadInstrumentDataCreatorName", ""),
    )
    _check_references(found)
    return found


def _check_references(found: N42Document) -> None:
    """A spectrum without its calibration says nothing: refused by name."""
    known = {one.id for one in found.calibrations}
    for measurement in found.measurements:
        for spectrum in measurement.spectra:
            if spectrum.calibration not in known:
                raise BadInput(f"{measurement.id} names the calibration {spectrum.calibration!r}, which is not there.")


def _instrument(node: Any) -> Instrument:  # noqa: ANN401
    versions = (
        (text(one, "RadInstrumentComponentName"), text(one, "RadInstrumentComponentVersion"))
        for one in children(node, "RadInstrumentVersion")
    )
    return Instrument(
        manufacturer=text(node, "RadInstrumentManufacturerName"),
        model=text(node, "RadInstrumentModelName"),
        identifier=text(node, "RadInstrumentIdentifier", ""),
        kind=one_of(text(node, "RadInstrumentClassCode"), INSTRUMENTS, "RadInstrumentClassCode"),
        versions=tuple(versions) or (("Software", "unknown"),),
    )


def _detector(node: Any) -> Detector:  # noqa: ANN401
    return Detector(
        id=node.get("id", ""),
        name=text(node, "RadDetectorName", ""),
        category=one_of(text(node, "RadDetectorCategoryCode"), CATEGORIES, "RadDetectorCategoryCode"),
        kind=one_of(text(node, "RadDetectorKindCode"), KINDS, "RadDetectorKindCode"),
        description=text(node, "RadDetectorDescription", ""),
    )


def _calibration(node: Any) -> Calibration:  # noqa: ANN401
    energies = numbers_of(text(node, "EnergyValues", ""), "EnergyValues")
    deviations = numbers_of(text(node, "EnergyDeviationValues", ""), "EnergyDeviationValues")
    if len(energies) != len(deviations):
        raise BadInput("EnergyValues and EnergyDeviationValues differ in length.")
    return Calibration(
        id=node.get("id", ""),
        coefficients=numbers_of(text(node, "CoefficientValues", ""), "CoefficientValues"),
        edges_kev=numbers_of(text(node, "EnergyBoundaryValues", ""), "EnergyBoundaryValues"),
        deviations=tuple(zip(energies, deviations, strict=True)),
    )


def _measurement(node: Any) -> Measurement:  # noqa: ANN401
    occupied = text(node, "OccupancyIndicator", "").strip()
    return Measurement(
        id=node.get("id", ""),
        kind=one_of(text(node, "MeasurementClassCode"), CLASSES, "MeasurementClassCode"),
        start_at=moment_of(text(node, "StartDateTime"), "StartDateTime"),
        real_s=seconds_of(text(node, "RealTimeDuration"), "RealTimeDuration"),
        spectra=tuple(map(_spectrum, children(node, "Spectrum"))),
        gross_counts=tuple(map(_gross_counts, children(node, "GrossCounts"))),
        dose_rates=tuple(dose for one in children(node, "DoseRate") for dose in _dose_rates(one)),
        position=_position(node),
        occupied=occupied in {"true", "1"} if occupied else None,
        remarks=_remarks(node),
    )


def _remarks(node: Any) -> tuple[str, ...]:  # noqa: ANN401
    return tuple((one.text or "").strip() for one in children(node, "Remark"))


def _spectrum(node: Any) -> Spectrum:  # noqa: ANN401
    data = child(node, "ChannelData")
    numbers = numbers_of(data.text or "", "ChannelData")
    return Spectrum(
        live_s=seconds_of(text(node, "LiveTimeDuration"), "LiveTimeDuration"),
        counts=unpacked(numbers, "ChannelData") if data.get("compressionCode") == "CountedZeroes" else numbers,
        calibration=node.get("energyCalibrationReference", ""),
        detector=node.get("radDetectorInformationReference", ""),
        remarks=_remarks(node),
    )


def _gross_counts(node: Any) -> GrossCounts:  # noqa: ANN401
    return GrossCounts(
        live_s=seconds_of(text(node, "LiveTimeDuration"), "LiveTimeDuration"),
        counts=numbers_of(text(node, "CountData"), "CountData"),
        detector=node.get("radDetectorInformationReference", ""),
    )


def _dose_rates(node: Any) -> tuple[DoseRate, ...]:  # noqa: ANN401
    """One, or none where only a level in words is told."""
    said = text(node, "DoseRateValue", "")
    if not said:
        return ()
    detector = node.get("radDetectorInformationReference", "")
    return (DoseRate(usv_h=number_of(said, "DoseRateValue"), detector=detector),)


def _position(node: Any) -> Position | None:  # noqa: ANN401
    for state in children(node, "RadInstrumentState"):
        for vector in children(state, "StateVector"):
            for point in children(vector, "GeographicPoint"):
                return _point(point)
    return None


def _point(node: Any) -> Position:  # noqa: ANN401
    accuracy = text(node, "GeoPointAccuracyValue", "")
    return Position(
        lat=number_of(text(node, "LatitudeValue"), "LatitudeValue"),
        lon=number_of(text(node, "LongitudeValue"), "LongitudeValue"),
        accuracy_m=number_of(accuracy, "GeoPointAccuracyValue") if accuracy else None,
    )
