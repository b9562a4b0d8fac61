"""N42 files are read as they were written; what is hostile or broken is refused with the element that is wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats.n42 import (
    Calibration,
    Detector,
    DoseRate,
    GrossCounts,
    Instrument,
    Measurement,
    N42Document,
    Position,
    Spectrum,
    decode,
    encode,
)
from tocsin.formats.n42.values import packed, unpacked
from tocsin.model import BadInput

DOCUMENT = N42Document(
    instrument=Instrument(manufacturer="Example", model="One", identifier="7", kind="Radionuclide Identifier"),
    detectors=(Detector(id="d1", name="main", kind="NaI"),),
    calibrations=(Calibration(id="c1", coefficients=(0.0, 3.0)),),
    measurements=(
        Measurement(
            id="m1",
            start_at=1_790_000_000.25,
            real_s=10.5,
            kind="Foreground",
            spectra=(Spectrum(live_s=10.0, counts=(0.0, 0.0, 0.0, 4.0), calibration="c1", detector="d1"),),
            gross_counts=(GrossCounts(live_s=10.0, counts=(20.0,), detector="d1"),),
            dose_rates=(DoseRate(usv_h=0.11, detector="d1"),),
            position=Position(lat=60.171, lon=24.944, accuracy_m=3.0),
            occupied=True,
            remarks=("measured at the gate",),
        ),
    ),
    uuid="13122621-1500-4006-a885-500972616509",
    creator="Tocsin",
)

OF_2006 = b"""<N42InstrumentData xmlns="http://physics.nist.gov/Divisions/Div846/Gp4/ANSIN4242/2005/ANSIN4242">
<Measurement UUID="u"><InstrumentInformation><InstrumentType>SpecPortal</InstrumentType><Manufacturer>M</Manufacturer>
<InstrumentModel>P</InstrumentModel></InstrumentInformation><DetectorData><StartTime>2010-01-24T00:08:24.078Z</StartTime>
<SampleRealTime>PT0.250S</SampleRealTime><Occupied>1</Occupied><DetectorMeasurement><SpectrumMeasurement>
<Spectrum Detector="A1"><RealTime>PT0.250S</RealTime><LiveTime>PT0.240S</LiveTime><SourceType>Item</SourceType>
<DetectorType>HPGe 50%</DetectorType><Calibration Type="Energy" EnergyUnits="keV"><Equation Model="Polynomial">
<Coefficients>0.5 0.25</Coefficients></Equation></Calibration>
<ChannelData Compression="CountedZeroes">0 2 7 1</ChannelData></Spectrum>
</SpectrumMeasurement></DetectorMeasurement></DetectorData></Measurement></N42InstrumentData>"""

numbers = st.floats(0.0, 1e6)
counts = st.lists(st.one_of(st.just(0.0), st.integers(0, 10**6).map(float)), max_size=40).map(tuple)


def test_what_is_written_is_read_back():
    assert decode(encode(DOCUMENT)) == DOCUMENT


@given(counts)
def test_counted_zeroes_are_counted_back(channels):
    assert unpacked(packed(channels), "x") == channels


@settings(max_examples=40, deadline=None)
@given(counts, numbers, st.lists(numbers, min_size=1, max_size=4).map(tuple), st.floats(0.0, 4e9))
def test_any_spectrum_comes_back(channels, live_s, coefficients, start_at):
    spectrum = Spectrum(live_s=round(live_s, 6), counts=channels, calibration="c", detector="d")
    made = N42Document(
        instrument=Instrument(manufacturer="M", model="N"),
        detectors=(Detector(id="d"),),
        calibrations=(Calibration(id="c", coefficients=coefficients),),
        measurements=(Measurement(id="m", start_at=round(start_at, 3), real_s=round(live_s, 6), spectra=(spectrum,)),),
    )
    back = decode(encode(made))
    assert back.measurements[0].spectra == made.measurements[0].spectra
    assert back.calibrations == made.calibrations
    assert back.measurements[0].start_at == pytest.approx(made.measurements[0].start_at, abs=1e-6)


def test_the_edition_of_2006_is_read_and_written_as_that_of_2012():
    read = decode(OF_2006)
    (measurement,) = read.measurements
    assert read.instrument.kind == "Spectroscopic Portal Monitor"
    assert measurement.occupied
    assert measurement.spectra[0].counts == (0.0, 0.0, 7.0, 1.0)
    assert read.detectors[0].kind == "HPGe"
    assert decode(encode(read)) == read


def test_an_extension_under_a_prefix_nobody_declared_is_passed_over():
    raw = encode(DOCUMENT).replace(b"</RadInstrumentData>", b"<x:Odd>1</x:Odd></RadInstrumentData>")
    assert decode(raw) == DOCUMENT


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((b"<?xml", b"<!DOCTYPE a [<!ENTITY x 'y'>]><?xml"), "DOCTYPE"),
        ((b"</RadMeasurement>", b""), "well-formed"),
        ((b"PT10S", b"ten"), "duration"),
        ((b"NaI", b"NaJ"), "NaJ"),
        ((b"0 3 4", b"0 3e9 4"), "zeroes"),
        ((b"0 3 4", b"0 3 x"), "no number"),
        ((b'id="c1"', b'id="c2"'), "calibration"),
        ((b"RadInstrumentData", b"OtherData"), "root"),
    ],
)
def test_what_is_broken_or_hostile_is_refused_by_name(change, says):
    with pytest.raises(BadInput, match=says):
        decode(encode(DOCUMENT).replace(*change))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused_and_breaks_nothing(raw):
    with pytest.raises(BadInput):
        decode(raw)


def test_deviations_bend_the_scale_between_their_points():
    bent = Calibration(id="c", coefficients=(0.0, 100.0), deviations=((100.0, 0.0), (300.0, 4.0)))
    assert bent.edges(4) == (0.0, 100.0, 202.0, 304.0, 404.0)
