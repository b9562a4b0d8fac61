"""Weather reports are read as their code says, whatever they leave out, and refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.formats.metar import Report, read_metar, write_metar
from tocsin.model import BadInput

NEAR = 1_781_690_400.0
"""17 June 2026, 10:00 UTC."""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("EFHK 170950Z 24008KT CAVOK 18/09 Q1015", {"from_deg": 240.0, "cloud_share": 0.0, "dew_point_c": 9.0}),
        ("METAR KJFK 170951Z 00000KT 10SM CLR M03/M10 A3012 RMK AO2", {"speed_m_s": 0.0, "from_deg": None}),
        ("EFHK 170950Z VRB02KT 9999 OVC005 11/10 Q0998=", {"from_deg": None, "from_sd_deg": 90.0, "cloud_share": 1.0}),
        ("UUEE 170930Z 19004MPS 150V230 SCT030 M05/M07 Q1029 TEMPO 30015MPS", {"speed_m_s": 4.0, "from_sd_deg": 20.0}),
        (
            "EDDF 170950Z 36012G25KT FEW040 BKN080 20/ Q1013",
            {"from_deg": 0.0, "cloud_share": 0.75, "dew_point_c": None},
        ),
    ],
)
def test_reports_are_read(line, told):
    found = read_metar(line, NEAR)
    assert {name: getattr(found, name) for name in told} == told


def test_inches_become_hectopascals():
    assert read_metar("KJFK 170951Z 18005KT M03/M10 A3012", NEAR).pressure_hpa == pytest.approx(1020.0, abs=0.5)


def test_the_month_is_the_nearest():
    assert read_metar("EFHK 170950Z", NEAR).at == NEAR - 600.0
    assert read_metar("EFHK 302350Z", NEAR + 14 * 86_400.0).at == NEAR + 13 * 86_400.0 + 13 * 3_600.0 + 50 * 60.0


@pytest.mark.parametrize(
    "line", ["", "hello", "METAR EFHK", "EFHK 179950Z 24008KT", "EFHK 320950Z 24008KT", "X" * 5000]
)
def test_what_is_no_report_is_refused(line):
    with pytest.raises(BadInput, match="METAR"):
        read_metar(line, NEAR)


@given(st.text(max_size=80))
def test_no_text_breaks_it(text):
    assert read_metar(f"EFHK 170950Z {text}"[:900], NEAR).station == "EFHK"


@given(st.integers(1, 40), st.integers(0, 35), st.integers(-40, 40), st.integers(900, 1080),
       st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))  # fmt: skip
def test_a_report_goes_there_and_back(speed, tens, celsius, hpa, cloud):
    report = Report(
        station="EFHK", at=NEAR - 600.0, speed_m_s=float(speed), from_deg=10.0 * tens, from_sd_deg=5.0,
        temperature_c=float(celsius), pressure_hpa=float(hpa), cloud_share=cloud,
    )  # fmt: skip
    assert read_metar(write_metar(report), NEAR) == report
