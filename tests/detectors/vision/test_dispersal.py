"""A group that suddenly scatters is told; one that walks off, or was always in motion, is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.contract.camera_cases import HANGS, city_with, crowd_walks
from tocsin.contract.folding import findings
from tocsin.contract.movers import Mover
from tocsin.detectors.vision.dispersal import Dispersal, Pace, fastest_growing

RESOURCES = city_with(analytics=["vision.dispersal"], pose=HANGS)
ALARM = crowd_walks(9, (0.0, 11.0), m_s=3.5, calm_s=70.0)
BENIGN = crowd_walks(9, (0.0, 11.0), m_s=1.3, calm_s=70.0)


def told(facts, **parameters):
    return findings(Dispersal(**parameters), facts, RESOURCES)


def test_scattering_is_one_finding():
    found = told(ALARM)
    assert len({one.id for one in found}) == 1
    assert found[0].measure > 1.0


def test_running_off_together_is_no_scattering():
    assert told(crowd_walks(9, (-4.0, 11.0), toward=(1.0, 0.0), m_s=3.5, calm_s=70.0)) == []


def test_too_few_are_no_group():
    assert told(crowd_walks(5, (0.0, 11.0), m_s=3.5, calm_s=70.0)) == []


def test_it_only_learns_at_first():
    assert told(crowd_walks(9, (0.0, 11.0), m_s=3.5, calm_s=20.0)) == []


@pytest.mark.parametrize("group_min", [6, 10])
def test_the_least_number_is_a_parameter(group_min):
    assert bool(told(ALARM, group_min=group_min)) == (group_min <= 9)


STILL = {"at": 0, "x": 0, "y": 0, "height": 1, "box": (0, 0, 1, 1), "begun": (0, 0), "was": (0, 0)}


def mover(n, place, velocity):
    walk = Pace(track=n, first=n, since=0, label="person", east_m=0, north_m=0, **STILL)
    return Mover(walk, *place, *velocity)


@settings(max_examples=40)
@given(st.lists(st.tuples(*[st.floats(-5, 5)] * 2), min_size=6, max_size=20), st.floats(-5, 5), st.floats(-5, 5))
def test_a_group_that_moves_as_one_does_not_grow(places, v_east, v_north):
    group = fastest_growing([mover(n, place, (v_east, v_north)) for n, place in enumerate(places)], 20.0, 6)
    assert group is not None
    assert abs(group.outward_m_s) < 1e-6


def test_growth_is_the_speed_away_from_the_middle():
    ring = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (0.7, 0.7), (-0.7, -0.7)]
    group = fastest_growing([mover(n, place, (3 * place[0], 3 * place[1])) for n, place in enumerate(ring)], 8.0, 6)
    assert group.outward_m_s == pytest.approx(3.0, abs=0.05)
