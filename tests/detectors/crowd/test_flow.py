"""Streams near capacity, against each other, or in waves are told; a busy way is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.camera_cases import city_with
from tocsin.contract.crowd_cases import crowded, passing
from tocsin.contract.folding import findings
from tocsin.detectors.crowd.flow import FlowOfCrowd
from tocsin.model import ConfigError

RESOURCES = city_with(analytics=["crowd.flow"])
ALARM = passing([(6, 0)] * 90)
BENIGN = [*passing([(2, 0)] * 60), *crowded([0.8] * 60, 1.2)]


def told(facts, resources=RESOURCES, **parameters):
    return findings(FlowOfCrowd(**parameters), facts, resources)


def grades(facts, **parameters):
    return [one.grade for one in told(facts, **parameters)]


def test_a_gate_at_capacity_is_told_after_it_held_and_again_after_a_while():
    found = told(ALARM)
    assert [one.grade for one in found] == ["at-capacity", "at-capacity"]
    assert len({one.id for one in found}) == 1
    assert found[1].at - found[0].at == pytest.approx(120.0)


def test_near_capacity():
    assert grades(passing([(4, 0)] * 60)) == []
    assert set(grades(passing([(5, 0)] * 60))) == {"near-capacity"}


def test_the_flow_of_an_area_is_density_times_speed():
    assert set(grades(crowded([1.6] * 60, 0.9))) == {"at-capacity"}
    assert grades(crowded([1.6] * 60, 0.5)) == []


def test_streams_against_each_other():
    assert set(grades(passing([(2, 2)] * 60))) == {"counter-flow"}
    assert grades(passing([(3, 0), (3, 1)] * 30)) == []
    assert grades(passing([(1, 1), (0, 0)] * 30)) == []


def test_waves_of_stopping_and_going():
    waves = [*[0.4] * 6, *[0.05] * 6] * 5
    assert set(grades(crowded([3.5] * 60, waves))) == {"stop-and-go"}
    assert grades(crowded([1.0] * 60, waves)) == []
    assert grades(crowded([3.5] * 60, 0.05)) == []


def test_a_line_or_area_without_metres_is_not_judged():
    assert told(passing([(9, 9)] * 60, width_m=None)) == []


def test_it_runs_only_where_it_was_chosen():
    assert told(ALARM, city_with()) == []


def test_a_gap_begins_anew():
    early = passing([(6, 0)] * 15)
    late = [replace(one, at=one.at + 100.0, seq=one.seq + 99) for one in early]
    assert told([*early, *late]) == []


def test_speeds_out_of_order_are_refused():
    with pytest.raises(ConfigError, match="must hold"):
        FlowOfCrowd(stop_m_s=1.0)


@given(st.lists(st.integers(0, 4), max_size=80))
def test_below_the_share_of_capacity_nothing_is_told(counts):
    assert told(passing([(count, 0) for count in counts])) == []
