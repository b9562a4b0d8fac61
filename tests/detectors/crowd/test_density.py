"""Density is told when it lasts, with hysteresis, and only near crushing as danger to life."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.camera_cases import RECORD, area, city_with
from tocsin.contract.crowd_cases import areas, crowded
from tocsin.contract.examples import START_AT, crowd
from tocsin.contract.folding import findings
from tocsin.contract.pictures import AreaFlow
from tocsin.detectors.crowd.density import CrowdDensity
from tocsin.model import ConfigError

ALARM = [*crowd([1.0, *[2.5] * 30, *[5.5] * 8]), *crowded([1.0, *[2.5] * 70, *[5.5] * 15])]
BENIGN = [*crowd([0.4, 0.9, 1.0, 1.3, 2.4, 1.0, 0.6, 5.2, 0.8] * 6), *crowded([0.4, 2.4, 5.2, 0.8] * 20)]

HALL = area("hall", (0.1, 0.5), (0.9, 0.9), name="the hall")


def told(persons_per_m2, every_s=5.0):
    return [(f.at - START_AT, f.grade, f.life) for f in findings(CrowdDensity(), crowd(persons_per_m2, every_s))]


def test_a_crowd_that_becomes_critical_is_one_finding():
    found = findings(CrowdDensity(), crowd([1.0, *[2.5] * 30, *[5.5] * 8]))
    assert [finding.grade for finding in found] == ["los-f", "critical"]
    assert [finding.life for finding in found] == [False, True]
    assert len({finding.id for finding in found}) == 1


def test_dense_but_calm_is_never_life():
    assert {life for _, _, life in told([4.5] * 100)} == {False}


def test_critical_must_hold_for_twenty_seconds():
    assert told([5.5] * 4) == []
    assert told([5.5] * 5) == [(20.0, "critical", True)]


def test_a_dip_within_the_release_does_not_end_it():
    assert told([5.5, 5.5, 4.6, 5.5, 5.5])[-1][1] == "critical"
    assert told([5.5, 5.5, 4.4, 5.5, 5.5]) == []


def test_a_gap_ends_it():
    early = crowd([5.5] * 3)
    late = [replace(fact, at=fact.at + 100.0, seq=fact.seq + 9) for fact in early]
    assert findings(CrowdDensity(), [*early, *late]) == []


def test_thresholds_out_of_order_are_refused():
    with pytest.raises(ConfigError, match="must hold"):
        CrowdDensity(los_f_m2=0.5)


@given(st.lists(st.floats(0.0, 4.9), max_size=60))
def test_below_the_critical_density_nothing_is_life(densities):
    assert not any(life for _, _, life in told(densities))


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1.0])
def test_what_is_no_density_changes_nothing(odd):
    assert told([odd, *[0.5] * 10, odd]) == []


def test_areas_of_a_camera_are_judged_as_a_counter_is():
    found = findings(CrowdDensity(), crowded([1.0, *[2.5] * 70, *[5.5] * 15]), city_with(areas=[HALL]))
    assert [finding.grade for finding in found] == ["los-f", "critical"]
    assert found[-1].because.startswith("5.5 persons/m² in the hall for 20 s")
    assert (found[-1].subject, found[-1].life, len({finding.id for finding in found})) == ("cam-1", True, 1)


def test_each_area_is_judged_for_itself():
    calm, dense = (AreaFlow(name, 0.0, 50.0, density) for name, density in (("a", 0.5), ("b", 5.5)))
    found = findings(CrowdDensity(), areas([[calm, dense], [dense, calm], *[[calm, dense]] * 12]))
    assert {finding.because.split(" for ")[0] for finding in found} == {"5.5 persons/m² in b"}


def test_an_area_without_metres_is_not_judged():
    assert findings(CrowdDensity(), areas([[AreaFlow("a", 900.0)]] * 60)) == []


def test_it_does_not_run_at_cameras_where_it_is_forbidden_or_others_were_chosen():
    told = crowded([5.5] * 20)
    assert findings(CrowdDensity(), told, city_with(record=replace(RECORD, forbidden=("crowd.*",)))) == []
    assert findings(CrowdDensity(), told, city_with(analytics=["vision.zone"])) == []
    assert len(findings(CrowdDensity(), told, city_with(analytics=["crowd.density"]))) == 1
