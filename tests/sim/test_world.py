"""The simulated world: the same seed gives the same bytes, and the truth agrees with them."""

import json
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.city.context import City
from tocsin.contract.intake import Arrival, Routes, mapping_named, message_taken, ndjson_taken
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, NotFound, Place, tag_of
from tocsin.sim.capture import CAPTURE, read_capture, read_truth, simulate
from tocsin.sim.chance import Wander, stream
from tocsin.sim.plume import Cloud, Houses, ppm_of
from tocsin.sim.scenario import Noise, load_scenario
from tocsin.sim.world import CAMERA_PATH, CROWD_PATH, World, generate, truth_of

CONTENT = Path(__file__).parents[2] / "content"
HELSINKI = City.load(CONTENT / "cities" / "helsinki")
CHLORINE = load_scenario(CONTENT / "scenarios" / "chlorine-at-the-station.yaml")
QUIET = load_scenario(CONTENT / "scenarios" / "quiet-day.yaml")
HARMLESS = load_scenario(CONTENT / "scenarios" / "harmless-look-alike.yaml")
SEED = 41


@cache
def lived(scenario, seed, duration_s):
    """One run: all that was sent, and what happened."""
    world = World(scenario, seed, HELSINKI, start_at=None, duration_s=duration_s)
    return tuple(world.emissions()), world.truth()


def emitted(scenario, seed=SEED, duration_s=None):
    return lived(scenario, seed, duration_s)[0]


def truth(seed=SEED):
    return lived(CHLORINE, seed, None)[1]


def readings(emissions, family):
    for emission in emissions:
        if emission.channel == "mqtt" and emission.address.startswith(f"city/{family}/"):
            try:
                yield emission, json.loads(emission.payload)
            except ValueError:
                continue  # a broken message: the scenario asks for some


def test_the_same_seed_gives_the_same_bytes():
    again = tuple(generate(CHLORINE, SEED, HELSINKI, duration_s=200))
    assert again == emitted(CHLORINE, duration_s=200)
    assert again != emitted(CHLORINE, SEED + 1, 200)


def test_the_truth_can_be_asked_for_alone():
    assert truth_of(CHLORINE, SEED, HELSINKI, duration_s=200) == lived(CHLORINE, SEED, 200)[1]


def test_a_longer_life_begins_alike():
    longer, shorter = emitted(QUIET, duration_s=90), emitted(QUIET, duration_s=60)
    assert longer[: len(shorter)] == shorter


@pytest.mark.parametrize("scenario", [CHLORINE, HARMLESS], ids=lambda s: s.name)
def test_emissions_come_in_order_of_time_and_on_all_channels(scenario):
    emissions = emitted(scenario)
    assert all(a.at <= b.at for a, b in pairwise(emissions))
    assert set(Counter(e.channel for e in emissions)) == {"mqtt", "eve", "http"}
    assert emissions[0].at >= scenario.start_at
    assert emissions[-1].at < scenario.start_at + scenario.duration_s


def test_no_message_tells_of_the_future():
    for emission, said in readings(emitted(CHLORINE), "gas"):
        assert said["t"] <= emission.at
    for emission in emitted(CHLORINE):
        if emission.channel == "http":
            assert all(json.loads(line)["at"] <= emission.at for line in emission.payload.splitlines())


def test_sequences_count_up_per_boot():
    for address in {e.address for e in emitted(CHLORINE) if e.channel == "mqtt"}:
        numbers = [said["n"] for e, said in readings(emitted(CHLORINE), address.split("/")[1]) if e.address == address]
        steps = {b - a for a, b in pairwise(numbers)}
        assert steps <= {0, 1, 2}, address  # 0: doubled, 2: the one between was broken


def test_the_attack_comes_first_then_silence_then_gas():
    (event,) = truth().events
    cyber, technical, toxic = (stage.at for stage in event.stages)
    assert cyber < technical < toxic == event.at
    assert 30 <= event.at - technical <= 60
    assert len(event.silenced) == 2


def test_silenced_sensors_say_nothing_more():
    (event,) = truth().events
    silenced_at = event.stages[1].at
    late = {e.device for e, _ in readings(emitted(CHLORINE), "gas") if e.at > silenced_at + 1}
    assert late == {s.id for s in HELSINKI.sensors.values() if s.family == "gas"} - set(event.silenced)


def test_alerts_name_the_gateway_and_both_silenced_sensors():
    (event,) = truth().events
    rows = [json.loads(e.payload) for e in emitted(CHLORINE) if e.channel == "eve" and e.address == "ids-01"]
    urgent = {row["dest_ip"] for row in rows if row["event_type"] == "alert" and row["alert"]["severity"] == 1}
    victims = {HELSINKI.sensors[name].addresses[0] for name in event.silenced}
    assert urgent == victims | {"10.20.4.1"}


@pytest.mark.parametrize("seed", [3, 41, 77])
def test_the_release_reaches_a_working_sensor_and_is_read_there(seed):
    (event,) = truth(seed).events
    assert event.noticeable_at is not None
    assert 0 < event.noticeable_at - event.at < 200
    highest = Counter()
    for emission, said in readings(emitted(CHLORINE, seed), "gas"):
        highest[emission.device] = max(highest[emission.device], said["cl2_ppm"])
    first = min((n for n in event.first_reaches if n not in event.silenced), key=event.first_reaches.get)
    assert highest[first] > 0.5
    untouched = [name for name in highest if name not in event.first_reaches]
    assert all(highest[name] <= 0.6 for name in untouched)


def test_nothing_is_read_before_the_release():
    (event,) = truth().events
    assert all(said["cl2_ppm"] < 0.5 for e, said in readings(emitted(CHLORINE), "gas") if e.at < event.at)


def test_a_quiet_day_stays_below_every_danger():
    emissions = emitted(QUIET)
    gas = [said for _, said in readings(emissions, "gas")]
    assert max(said["cl2_ppm"] for said in gas) < 0.5
    assert max(said["nh3_ppm"] for said in gas) < 30
    crowds = [json.loads(line) for e in emissions if e.address == CROWD_PATH for line in e.payload.splitlines()]
    assert 1.08 < max(said["persons_per_m2"] for said in crowds) < 2.17
    alerts = [json.loads(e.payload) for e in emissions if e.channel == "eve" and b'"alert":' in e.payload]
    assert 0 < len(alerts) < 15
    assert all(row["alert"]["severity"] == 3 for row in alerts)


def test_a_restart_gives_a_new_boot_within_the_silence_time():
    own = [(e.at, said) for e, said in readings(emitted(QUIET), "gas") if e.device == "gas-15"]
    assert {said["boot"] for _, said in own} == {"b1", "b2"}
    assert max(b[0] - a[0] for a, b in pairwise(own)) < HELSINKI.sensors["gas-15"].silent_after_s
    assert next(said["n"] for _, said in own if said["boot"] == "b2") == 1


def test_rain_lifts_all_counters_slowly():
    lifted = 0
    for name in (s.id for s in HELSINKI.sensors.values() if s.family == "radiation"):
        counts = [said["cps"] for e, said in readings(emitted(QUIET), "radiation") if e.device == name]
        share = np.mean(counts[-200:]) / np.mean(counts[:100])
        assert share < 1.3
        lifted += share > 1.05
    assert lifted >= 6


def test_the_look_alike_spikes_for_ten_seconds_only():
    high = [e.at for e, said in readings(emitted(HARMLESS), "gas") if said["cl2_ppm"] > 2.8]
    assert high
    assert max(high) - min(high) < 10
    assert {e.device for e, said in readings(emitted(HARMLESS), "gas") if said["cl2_ppm"] > 2.8} == {"gas-05"}


def test_doubled_and_broken_messages_occur():
    loud = replace(QUIET, noise=Noise(doubled_share=0.2, broken_share=0.1))
    sent = [e.payload for e in emitted(loud, duration_s=60) if e.channel == "mqtt"]
    assert len(set(sent)) < len(sent)
    assert any(not payload.endswith(b"}") for payload in sent)


def test_a_capture_is_read_back_as_it_was(tmp_path):
    count, told = simulate(CHLORINE, SEED, HELSINKI, tmp_path, duration_s=30)
    back = list(read_capture(tmp_path / CAPTURE))
    assert tuple(back) == emitted(CHLORINE, duration_s=30)
    assert count == len(back)
    assert read_truth(tmp_path) == told


def test_a_scenario_moves_in_time():
    moved = list(generate(CHLORINE, SEED, HELSINKI, start_at=1_800_000_000.0, duration_s=20))
    assert [e.address for e in moved] == [e.address for e in emitted(CHLORINE, duration_s=20)]
    assert 0 <= moved[0].at - 1_800_000_000.0 < 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: x", "summary"),
        ("name: x\nsummary: s\nstart: now\nduration_s: 5\nflood: 1", "flood"),
    ],
)
def test_a_broken_scenario_says_what_is_wrong(tmp_path, text, says):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_scenario(path)


def test_a_start_without_offset_is_refused():
    with pytest.raises(ConfigError, match="offset"):
        _ = replace(QUIET, start="2026-06-17T12:00:00").start_at


def test_a_sensor_that_the_city_lacks_is_named():
    wrong = replace(QUIET, blips=(replace(QUIET.blips[0], sensor="rad-99"),))
    with pytest.raises(NotFound, match="rad-99"):
        next(generate(wrong, 1, HELSINKI))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.5, 6.0), st.floats(0, 360))
def test_a_cloud_keeps_its_mass(seed, speed, bearing):
    wind = (speed * np.sin(np.radians(bearing)), speed * np.cos(np.radians(bearing)))
    cloud = Cloud(stream(seed, "cloud"), OPEN, (0.0, 0.0))
    for _ in range(30):
        cloud.emit(0.5, wind)
        cloud.step(wind)
    assert cloud._kilos.sum() == pytest.approx(15.0)
    downwind = cloud.kg_m3(np.array([wind]) / speed * 10)
    upwind = cloud.kg_m3(np.array([wind]) / speed * -60)
    assert downwind[0] > upwind[0] >= 0


OPEN = Houses(City.empty("Open", Place(lon=24.94, lat=60.17)).map, Place(lon=24.94, lat=60.17))


def test_houses_hold_the_wind_up():
    houses = Houses(HELSINKI.map, HELSINKI.centre)
    station = HELSINKI.zones["station"].centre()
    assert houses.stand_at(np.array([[1e6, 1e6]])).tolist() == [False]
    share = houses._built.mean()
    assert 0.1 < share < 0.6, station


def test_one_mg_of_chlorine_per_m3_is_a_third_of_a_ppm():
    assert ppm_of(np.array([1e-6]), "chlorine")[0] == pytest.approx(0.339, abs=0.001)


def test_a_wandering_value_keeps_its_spread():
    wander = Wander(stream(1, "w"), 2.0, 10.0)
    values = [float(wander.step(5.0)[0]) for _ in range(4000)]
    assert np.std(values) == pytest.approx(2.0, rel=0.15)


def test_the_demo_mappings_understand_every_whole_message():
    resources = Resources(city=HELSINKI, content=CONTENT)
    presets = msgspec.yaml.decode((CONTENT / "cities" / "helsinki" / "mappings.yaml").read_bytes())
    families = ("gas", "radiation", "wind", "contact", "sound")
    routes = Routes({f"city/{family}/+": family for family in families}, presets, resources)
    crowd = mapping_named("crowd", presets, resources)
    seen = Counter()
    for emission in emitted(replace(CHLORINE, noise=Noise(broken_share=0.0)), duration_s=70):
        arrival = Arrival(at=emission.at, via="test")
        if emission.channel == "mqtt":
            taken = [message_taken(routes, emission.address, emission.payload, arrival)]
        elif emission.channel == "http":
            taken = list(ndjson_taken(crowd, emission.payload, arrival))
        else:
            taken = []
        assert [row for one in taken for row in one.rejected] == []
        seen.update(tag_of(type(reading.body)) for one in taken for reading in one.readings)
        assert {reading.source for one in taken for reading in one.readings} <= set(HELSINKI.sensors)
    assert set(seen) == {
        "gas.concentration/1",
        "sensor.quantity/1",
        "radiation.counts/1",
        "radiation.spectrum/1",
        "crowd.density/1",
        "weather.wind/1",
        "sensor.contact/1",
        "sensor.alive/1",
    }


def test_most_cameras_show_signs_of_life_and_a_few_are_dead():
    spoken = [
        line for e in emitted(QUIET, duration_s=130) if e.address == CAMERA_PATH for line in e.payload.splitlines()
    ]
    alive = Counter(json.loads(line)["source"] for line in spoken)
    cameras = [sensor for sensor in HELSINKI.sensors.values() if sensor.family == "camera"]
    assert 0.9 * len(cameras) < len(alive) < len(cameras)
    assert min(alive.values()) >= 2
