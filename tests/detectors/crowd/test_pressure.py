"""Pressure is told when it lasts in a dense crowd, never where people have room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.camera_cases import area, city_with
from tocsin.contract.crowd_cases import areas, crowded
from tocsin.contract.folding import findings
from tocsin.contract.pictures import AreaFlow
from tocsin.detectors.crowd.pressure import CrowdPressure
from tocsin.model import ConfigError

RESOURCES = city_with(analytics=["crowd.pressure"], areas=[area("hall", (0.1, 0.5), (0.9, 0.9), name="the hall")])
ALARM = crowded([6.0] * 30, 0.2, [*[0.03] * 15, *[0.08] * 15])
BENIGN = crowded([*[6.0] * 30, *[1.0] * 30], 0.5, [*[0.005] * 30, *[0.9] * 30])


def told(facts, resources=RESOURCES, **parameters):
    return findings(CrowdPressure(**parameters), facts, resources)


def test_unrest_then_turbulence_is_one_finding_that_grows():
    found = told(ALARM)
    assert [(one.grade, one.life) for one in found] == [("unrest", False), ("turbulence", True)]
    assert len({one.id for one in found}) == 1
    assert "in the hall" in found[0].because


def test_it_must_hold():
    assert told(crowded([6.0] * 5, 0.2, 0.08)) == []
    assert [one.grade for one in told(crowded([6.0] * 6, 0.2, 0.08))] == ["turbulence"]


def test_people_with_room_have_no_pressure_however_they_walk():
    assert told(crowded([3.9] * 60, 1.0, 2.0)) == []


def test_what_a_calm_crowd_shows_here_is_taken_off():
    assert told(ALARM, noise_s2=0.1) == []


def test_a_lasting_grade_is_told_again_after_a_while():
    assert [one.grade for one in told(crowded([6.0] * 80, 0.2, 0.08))] == ["turbulence"] * 3


def test_a_gap_and_a_calm_moment_end_it():
    late = [replace(one, at=one.at + 60.0, seq=one.seq + 9) for one in crowded([6.0] * 4, 0.2, 0.08)]
    assert told([*crowded([6.0] * 4, 0.2, 0.08), *late]) == []
    assert told(crowded([6.0] * 9, 0.2, [*[0.08] * 4, 0.0, *[0.08] * 4])) == []


def test_it_runs_only_where_it_was_chosen():
    assert told(ALARM, city_with()) == []


def test_areas_that_tell_no_pressure_are_not_judged():
    assert told(areas([[AreaFlow("hall", 300.0, 50.0, 6.0)]] * 30)) == []


def test_thresholds_out_of_order_are_refused():
    with pytest.raises(ConfigError, match="must hold"):
        CrowdPressure(unrest_s2=0.5)


@given(st.lists(st.floats(0.0, 0.0199), max_size=60))
def test_below_the_threshold_nothing_is_told(pressures):
    assert told(crowded([7.0] * len(pressures), 0.2, pressures)) == []
