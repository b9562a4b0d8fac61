"""Shots in the simulated city reach microphones the straight way and by walls, and the truth knows them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.city.context import City
from tocsin.sim.echoes import Air, Walls
from tocsin.sim.scenario import Scenario, load_scenario
from tocsin.sim.world import World

CONTENT = Path(__file__).parents[2] / "content"
HELSINKI = City.load(CONTENT / "cities" / "helsinki")
GUNFIRE = load_scenario(CONTENT / "scenarios" / "gunfire.yaml")
WALL = Walls.of_rings([[(-50.0, 10.0), (50.0, 10.0), (50.0, 20.0), (-50.0, 20.0), (-50.0, 10.0)]])
HERE, THERE = np.array([-20.0, 0.0]), np.array([20.0, 0.0])
NONE = Scenario(name="none", summary="", start="2026-01-01T00:00:00+00:00", duration_s=10)


@pytest.fixture(scope="module")
def shot():
    plans = tuple(plan.__class__(id="shots", near=plan.near, at_s=(3.0, 3.0)) for plan in GUNFIRE.gunfire)
    scenario = Scenario(
        **{**{f: getattr(NONE, f) for f in ("name", "summary", "start")}, "duration_s": 25, "gunfire": plans}
    )
    world = World(scenario, 5, HELSINKI, start_at=None, duration_s=None)
    sent = [one for one in world.emissions() if one.address.startswith("city/sound/")]
    return [(one, json.loads(one.payload)) for one in sent], world.truth()


def test_a_wall_reflects_as_a_mirror_does():
    straight, echo = WALL.ways(HERE, THERE)
    assert (straight.length_m, straight.blocked, straight.echo) == (40.0, False, False)
    assert echo.length_m == pytest.approx(np.hypot(40.0, 20.0))


def test_a_house_cuts_the_straight_way():
    assert WALL.ways(HERE, np.array([0.0, 40.0]))[0].blocked is True
    assert Walls.of_rings([]).ways(HERE, THERE)[0].blocked is False


@settings(max_examples=50, deadline=None)
@given(st.floats(-40, 40), st.floats(-30, 9), st.floats(-40, 40), st.floats(-30, 9))
def test_no_echo_is_shorter_than_the_straight_way(a, b, c, d):
    straight, *echoes = WALL.ways(np.array([a, b]), np.array([c, d]))
    assert all(one.length_m >= straight.length_m - 1e-9 for one in echoes)


def test_sound_is_faster_with_the_wind():
    along, against = (Air(15.0, east, 0.0, gust_share=0.0) for east in (5.0, -5.0))
    chance = np.random.default_rng(1)
    assert along.travel_s(chance, HERE, THERE, 40.0) < against.travel_s(chance, HERE, THERE, 40.0)


def test_every_shot_is_heard_by_most_microphones_and_told_after_it_was_measured(shot):
    sent, truth = shot
    (event,) = truth.events
    bangs = [(one, said) for one, said in sent if "impulse" in said]
    assert event.hazard == "gunfire"
    assert len(event.first_reaches) >= 6
    assert all(one.at - said["t"] > 1.0 for one, said in bangs)
    assert min(said["t"] for _, said in bangs) > event.at
    assert all(0.0 <= said["impulse"]["gunshot"] <= 1.0 for _, said in bangs)


def test_microphones_say_that_they_are_there(shot):
    alive = {one.device for one, said in shot[0] if "impulse" not in said}
    assert alive <= {sensor.id for sensor in HELSINKI.sensors.values() if sensor.family == "sound"}


def test_without_a_shot_nothing_bangs():
    world = World(NONE, 5, HELSINKI, start_at=None, duration_s=None)
    assert not any(b"impulse" in one.payload for one in world.emissions())
    assert world.truth().events == ()
