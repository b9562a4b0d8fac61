"""A carried source reaches the counters that it passes, less through walls; a spectrum shows what it is."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tocsin.city.citymap import CityMap
from tocsin.city.context import City
from tocsin.contract.nuclides import nuclides_from
from tocsin.contract.radiation import GammaSpectrum
from tocsin.contract.resources import Resources
from tocsin.contract.spectra import nuclides_in
from tocsin.model import Place, distance_m
from tocsin.sim.carried import Walls
from tocsin.sim.lanes import Lanes
from tocsin.sim.scenario import load_scenario
from tocsin.sim.world import INSTRUMENT_PATH, World

CONTENT = Path(__file__).parents[2] / "content"
HELSINKI = City.load(CONTENT / "cities" / "helsinki")
CROWD = load_scenario(CONTENT / "scenarios" / "radiation-in-the-crowd.yaml")
BAG = load_scenario(CONTENT / "scenarios" / "bag-with-explosives.yaml")


@cache
def lived(seed):
    world = World(CROWD, seed, HELSINKI, start_at=None, duration_s=None)
    return tuple(world.emissions()), world.truth()


def counts(seed, name):
    address = f"city/radiation/{name}"
    rows = [json.loads(e.payload) for e in lived(seed)[0] if e.address == address and e.payload.endswith(b"}")]
    return [(row["t"], row["cps"]) for row in rows]


@pytest.mark.parametrize("seed", [5, 6])
def test_counters_rise_while_the_source_passes_and_only_then(seed):
    (event,) = lived(seed)[1].events
    assert event.hazard == "radiation"
    assert len(event.first_reaches) >= 4
    first = min(event.first_reaches, key=event.first_reaches.get)
    before = [rate for at, rate in counts(seed, first) if at < event.at]
    during = [rate for at, rate in counts(seed, first) if event.at <= at <= event.until]
    assert max(during) > 1.5 * np.mean(before)
    assert max(before) < 1.5 * np.mean(before)
    far = [rate for _, rate in counts(seed, "rad-07")]
    assert max(far) < 1.6 * np.mean(far)


def test_the_way_leads_from_the_platforms_to_the_street():
    (event,) = lived(5)[1].events
    assert event.names == ("Cs-137",)
    times = [at for at, _, _ in event.path]
    assert times == sorted(times)
    ends = [Place(lon=lon, lat=lat) for _, lon, lat in (event.path[0], event.path[-1])]
    assert distance_m(*ends) > 200.0


def test_a_spectrometer_that_is_passed_shows_the_nuclide():
    (event,) = lived(5)[1].events
    lines = [json.loads(e.payload) for e in lived(5)[0] if e.address == INSTRUMENT_PATH]
    library = nuclides_from(Resources())
    named = {}
    for line in lines:
        body = GammaSpectrum(**{key: value for key, value in line["body"].items() if key != "is"})
        found, _ = nuclides_in(body, library)
        named.setdefault(line["at"] > event.at, set()).update(one.name for one in found if one.use != "nature")
    assert named[False] == set()
    assert "Cs-137" in named[True]


def test_walls_are_counted_between_two_places():
    ring = [[24.9432, 60.1704], [24.9436, 60.1704], [24.9436, 60.1708], [24.9432, 60.1708], [24.9432, 60.1704]]
    house = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {}}
    empty = City.empty("Open", Place(lon=24.943, lat=60.1706)).map
    import msgspec

    built = msgspec.convert({**msgspec.to_builtins(empty), "buildings": {"features": [house]}}, CityMap)
    walls = Walls(built, Place(lon=24.943, lat=60.1706))
    assert [walls.between((0.0, 0.0), end) for end in ((5.0, 0.0), (20.0, 0.0), (60.0, 0.0))] == [0, 1, 2]


def lanes(seed):
    return Lanes(seed, BAG.checkpoint, BAG.bags, HELSINKI, BAG.duration_s)


def test_lanes_ring_now_and_then_and_every_alarm_gets_a_second_look():
    checkpoint = lanes(7)
    looks = [one for second in range(900) for one in checkpoint.said(second)]
    first = [one.payload for one in looks if one.payload["look"] == 1]
    rang = [one for one in first if one["xray"] or one["trace"]]
    assert 150 < len(first) < 330
    assert 0.02 < len(rang) / len(first) < 0.15
    assert sum(one.payload["look"] == 2 for one in looks) >= len(rang) - 3


def test_the_bag_comes_in_its_time_and_is_the_truth():
    (event,) = lanes(7).truths(1_000.0)
    assert event.hazard == "explosive"
    assert 1_400.0 < event.at < 1_600.0
    assert set(event.first_reaches) <= {"lane-01"}


def test_without_a_checkpoint_lanes_are_silent():
    assert list(Lanes(1, None, (), HELSINKI, 60.0).said(0)) == []
