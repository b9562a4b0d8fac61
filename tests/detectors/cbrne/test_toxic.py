"""Toxic gas is judged by level and duration, and a spike is not a danger to life."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.bodies import Concentration
from tocsin.contract.examples import START_AT, gas, seen, series
from tocsin.contract.folding import findings
from tocsin.contract.resources import Resources
from tocsin.detectors.cbrne.toxic import Toxic, level_ppm, limits_from
from tocsin.model import ConfigError

TABLE = Resources().document("agents/aegl.yaml")
LIMITS = limits_from(TABLE)
ALARM = gas([0.0, 0.2, 1.0, 4.0, 9.0, 12.0, 12.0, 11.0, 60.0, 60.0, 60.0, 60.0, 60.0])
BENIGN = gas([0.0, 0.1, 0.3, 0.49, 0.2, 0.0, 1.4, 1.3, 0.1, 0.0] * 4)


def told(ppm, substance="chlorine", every_s=5.0):
    return [(f.at - START_AT, f.grade, f.life) for f in findings(Toxic(), gas(ppm, substance, every_s))]


def test_a_rising_grade_keeps_its_id():
    found = findings(Toxic(), ALARM)
    grades = [finding.grade for finding in found]
    assert grades == sorted(grades)
    assert grades[-2:] == ["aegl-2", "aegl-3"]
    assert len({finding.id for finding in found}) == 1
    assert [finding.life for finding in found] == [grade != "aegl-1" for grade in grades]


def test_ten_seconds_are_no_danger_to_life():
    assert not any(life for _, _, life in told([0.0, 900.0, 900.0, 900.0, 0.0, 0.0]))
    assert told([0.0, 7.0, 7.0, 7.0, 0.0, 0.0]) == []


def test_a_single_absurd_reading_in_a_trace_is_no_danger_to_life():
    assert not any(life for _, _, life in told([0.6, 90_000.0, *[0.6] * 60]))


def test_discomfort_is_told_after_a_quarter_of_a_minute_and_is_not_life():
    assert told([0.7] * 5) == [(15.0, "aegl-1", False)]


def test_a_lasting_episode_is_told_once_a_minute():
    assert [at for at, _, _ in told([4.0] * 40)] == [15.0, 75.0, 135.0, 195.0]


@pytest.mark.parametrize("substance", sorted(LIMITS))
@pytest.mark.parametrize("minutes", [10, 30, 60])
def test_a_mean_above_the_value_of_a_duration_is_told_by_then(substance, minutes):
    ppm = 1.02 * LIMITS[substance].at("aegl-2", minutes)
    worst = max(findings(Toxic(), gas([ppm] * (minutes * 6 + 2), substance, 10.0)), key=lambda f: (f.grade, f.life))
    assert worst.grade == "aegl-2"
    assert worst.life


def test_below_every_value_nothing_is_told_for_eight_hours():
    assert told([0.9 * LIMITS["carbon monoxide"].onset_ppm] * 960, "carbon monoxide", 30.0) == []


def test_clean_air_ends_the_episode():
    found = findings(Toxic(), gas([*[4.0] * 5, *[0.0] * 125, *[4.0] * 5]))
    assert len({finding.id for finding in found}) == 2


def test_a_gap_interrupts_what_was_held():
    early, late = gas([4.0] * 3), [replace(fact, at=fact.at + 300.0, seq=fact.seq + 9) for fact in gas([4.0] * 3)]
    assert {finding.grade for finding in findings(Toxic(), [*early, *late])} == {"aegl-1"}, "a dose, but never held"


@pytest.mark.parametrize("ppm", [nan, inf, -inf, 2e6])
def test_what_cannot_be_air_is_not_judged(ppm):
    assert level_ppm(Concentration(substance="chlorine", ppm=ppm)) is None


def test_a_saturated_sensor_says_at_least_its_range():
    full = Concentration(substance="chlorine", ppm=10.4, range_ppm=10.0, flags=("out-of-range",))
    (finding,) = findings(Toxic(), series([full] * 5))
    assert finding.because.startswith("At least 10 ppm chlorine")
    assert finding.grade == "aegl-2"


def test_an_unknown_substance_is_not_judged():
    assert told([9_999.0] * 20, "perfume") == []


@given(st.sampled_from(sorted(LIMITS)), st.floats(1.0, 1_000.0), st.floats(1.0, 1_000.0))
def test_longer_exposure_never_has_a_higher_value(substance, a, b):
    limits = LIMITS[substance]
    for grade in limits.ppm:
        assert limits.at(grade, max(a, b)) <= limits.at(grade, min(a, b)) * (1 + 1e-12)


@given(st.integers(0, 4), st.sampled_from(sorted(LIMITS)))
def test_tabulated_durations_have_their_tabulated_values(column, substance):
    limits = LIMITS[substance]
    for grade, values in limits.ppm.items():
        assert limits.at(grade, limits.minutes[column]) == pytest.approx(values[column])


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=60))
def test_higher_concentrations_are_never_told_later(ppm):
    low, high = findings(Toxic(), gas(ppm)), findings(Toxic(), gas([2.0 * value for value in ppm]))
    assert not low or (high and high[0].at <= low[0].at)


@pytest.mark.parametrize(
    "change", [{"unit": "mg/m3"}, {"agents": {"x": {"aegl-1": [1], "aegl-2": [2], "aegl-3": [3]}}}, {"agents": None}]
)
def test_a_broken_table_is_refused_by_name(change):
    with pytest.raises(ConfigError, match=r"aegl\.yaml"):
        limits_from({**TABLE, **change})


def test_a_value_nobody_verified_says_so():
    sulphide, ammonia = (findings(Toxic(), gas([450.0] * 5, name))[0] for name in ("hydrogen sulphide", "ammonia"))
    assert "unverified" in ammonia.because
    assert "unverified" not in sulphide.because


def test_two_substances_of_one_sensor_are_two_episodes():
    first = gas([4.0] * 5)
    second = [seen(Concentration(substance="ammonia", ppm=300.0), at=f.at, seq=f.seq, source="gas-1") for f in first]
    assert len({f.id for f in findings(Toxic(), [f for pair in zip(first, second, strict=True) for f in pair])}) == 2
