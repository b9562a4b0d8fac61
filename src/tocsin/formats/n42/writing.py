"""Writes N42.42 of 2012: what the schema asks for, in its order."""

from collections.abc import Sequence
from typing import Any

from lxml import etree

from tocsin.formats.n42.document import (
    Calibration,
    Detector,
    Instrument,
    Measurement,
    N42Document,
    Position,
    Spectrum,
)
from tocsin.formats.n42.values import duration_of, moment_text, number_text, numbers_text, packed
from tocsin.model import BadInput

NAMESPACE = "http://physics.nist.gov/N42/2011/N42"


def encode(document: N42Document) -> bytes:
    """The document as UTF-8 XML, valid against the schema of the standard.

    Raises BadInput where it has no detector, or a text with characters that XML forbids.
    """
    if not document.detectors:
        raise BadInput("An N42 file names at least one detector: add it.")
    try:
        root = etree.Element(f"{{{NAMESPACE}}}RadInstrumentData", nsmap={None: NAMESPACE})
        if document.uuid:
            root.set("n42DocUUID", document.uuid)
        if document.creator:
            _add(root, "RadInstrumentDataCreatorName", document.creator)
        _fill(root, document)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    except ValueError as error:
        raise BadInput(f"A text of this N42 file cannot be written as XML: {error}.") from error


def _fill(root: Any, document: N42Document) -> None:  # noqa: ANN401  # lxml's element
    _instrument(root, document.instrument)
    for detector in document.detectors:
        _detector(root, detector)
    for calibration in document.calibrations:
        _calibration(root, calibration)
    for measurement in document.measurements:
        _measurement(root, measurement)


def _add(parent: Any, name: str, text: str = "", **attributes: str) -> Any:  # noqa: ANN401
    node = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    for key, value in attributes.items():
        node.set(key, value)
    if text:
        node.text = text
    return node


def _instrument(root: Any, instrument: Instrument) -> None:  # noqa: ANN401
    node = _add(root, "RadInstrumentInformation", id="instrument")
    _add(node, "RadInstrumentManufacturerName", instrument.manufacturer)
    if instrument.identifier:
        _add(node, "RadInstrumentIdentifier", instrument.identifier)
    _add(node, "RadInstrumentModelName", instrument.model)
    _add(node, "RadInstrumentClassCode", instrument.kind)
    for name, version in instrument.versions:
        part = _add(node, "RadInstrumentVersion")
        _add(part, "RadInstrumentComponentName", name)
        _add(part, "RadInstrumentComponentVersion", version)


def _detector(root: Any, detector: Detector) -> None:  # noqa: ANN401
    node = _add(root, "RadDetectorInformation", id=detector.id)
    if detector.name:
        _add(node, "RadDetectorName", detector.name)
    _add(node, "RadDetectorCategoryCode", detector.category)
    _add(node, "RadDetectorKindCode", detector.kind)
    if detector.description:
        _add(node, "RadDetectorDescription", detector.description)


def _calibration(root: Any, calibration: Calibration) -> None:  # noqa: ANN401
    node = _add(root, "EnergyCalibration", id=calibration.id)
    if calibration.edges_kev:
        _add(node, "EnergyBoundaryValues", numbers_text(calibration.edges_kev))
    else:
        _add(node, "CoefficientValues", numbers_text(calibration.coefficients))
    if calibration.deviations:
        _add(node, "EnergyValues", numbers_text(energy for energy, _ in calibration.deviations))
        _add(node, "EnergyDeviationValues", numbers_text(off for _, off in calibration.deviations))


def _measurement(root: Any, measurement: Measurement) -> None:  # noqa: ANN401
    node = _add(root, "RadMeasurement", id=measurement.id)
    _remarks(node, measurement.remarks)
    _add(node, "MeasurementClassCode", measurement.kind)
    _add(node, "StartDateTime", moment_text(measurement.start_at))
    _add(node, "RealTimeDuration", duration_of(measurement.real_s))
    for number, spectrum in enumerate(measurement.spectra, 1):
        _spectrum(node, spectrum, f"{measurement.id}-spectrum-{number}")
    _totals(node, measurement)
    if measurement.position is not None:
        _position(node, measurement.position)
    if measurement.occupied is not None:
        _add(node, "OccupancyIndicator", "true" if measurement.occupied else "false")


def _totals(node: Any, measurement: Measurement) -> None:  # noqa: ANN401
    for number, gross in enumerate(measurement.gross_counts, 1):
        told = _add(node, "GrossCounts", id=f"{measurement.id}-counts-{number}")
        told.set("radDetectorInformationReference", gross.detector)
        _add(told, "LiveTimeDuration", duration_of(gross.live_s))
        _add(told, "CountData", numbers_text(gross.counts))
    for number, dose in enumerate(measurement.dose_rates, 1):
        told = _add(node, "DoseRate", id=f"{measurement.id}-dose-{number}")
        told.set("radDetectorInformationReference", dose.detector)
        _add(told, "DoseRateValue", number_text(dose.usv_h))


def _remarks(node: Any, remarks: Sequence[str]) -> None:  # noqa: ANN401
    for remark in remarks:
        _add(node, "Remark", remark)


def _spectrum(parent: Any, spectrum: Spectrum, id: str) -> None:  # noqa: ANN401
    node = _add(parent, "Spectrum", id=id, energyCalibrationReference=spectrum.calibration)
    if spectrum.detector:
        node.set("radDetectorInformationReference", spectrum.detector)
    _remarks(node, spectrum.remarks)
    _add(node, "LiveTimeDuration", duration_of(spectrum.live_s))
    short = packed(spectrum.counts)
    if len(short) < len(spectrum.counts):
        _add(node, "ChannelData", numbers_text(short), compressionCode="CountedZeroes")
    else:
        _add(node, "ChannelData", numbers_text(spectrum.counts), compressionCode="None")


def _position(parent: Any, position: Position) -> None:  # noqa: ANN401
    state = _add(parent, "RadInstrumentState", radInstrumentInformationReference="instrument")
    point = _add(_add(state, "StateVector"), "GeographicPoint")
    _add(point, "LatitudeValue", number_text(position.lat))
    _add(point, "LongitudeValue", number_text(position.lon))
    if position.accuracy_m is not None:
        _add(point, "GeoPointAccuracyValue", number_text(position.accuracy_m))
