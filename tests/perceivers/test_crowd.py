"""Scenes become numbers of a crowd: densities, speeds, pressure and passages, and nothing of anybody alone."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.city.cameras import Area, Camera, Line, Pair
from tocsin.city.context import City
from tocsin.city.processing import Processing
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract import checks
from tocsin.contract.declared import Sample
from tocsin.contract.examples import SQUARE, START_AT
from tocsin.contract.pictures import Frame, Scene
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.engine.perceiving import Perception
from tocsin.model import ConfigError, ContractBroken, Level, Origin, Reading, moved
from tocsin.perceivers.crowd import Crowd

ROOT = Path(__file__).resolve().parents[2]
SIDE_M, PIXELS = 10.0, 1000
"""The picture shows ten metres square from straight above, a hundred pixels per metre."""

CORNERS = ((0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95))
MIDDLE = Area(id="middle", ring=((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)))
GATE = Line(id="gate", a=(0.5, 0.9), b=(0.5, 0.1))
RECORD = Processing(
    id="p", name="Square", purpose="safety of events", legal_basis="law 1", controller="the city", notice="We count."
)


def city(camera, record=RECORD):
    """One camera over the square; east is right, north is up."""
    sensor = Sensor(
        id="cam-1",
        family="camera",
        name="Cam",
        place=SQUARE,
        coverage=Coverage(range_m=20),
        camera=replace(camera, processing="p", picture=(PIXELS, PIXELS)),
    )
    return Resources(city=City.empty("Town", SQUARE).with_sensor(sensor).with_processing(record))


def calibrated(**more):
    spots = [(x, y, moved(SQUARE, x * SIDE_M, (1 - y) * SIDE_M, 1.0)) for x, y in CORNERS]
    return Camera(pairs=tuple(Pair(x=x, y=y, lon=at.lon, lat=at.lat) for x, y, at in spots), **more)


def scene(places, n, *, every_s=0.2, ids=None, labels=None, seen=True):
    """People (metres east and north of the picture's lower left corner) as boxes in the picture."""
    feet = np.asarray(places, dtype=float).reshape(-1, 2) * (1, -1) * PIXELS / SIDE_M + (0, PIXELS)
    boxes = np.stack([feet[:, 0] - 25, feet[:, 1] - 120, feet[:, 0] + 25, feet[:, 1]], axis=1)
    count = len(boxes)
    body = Scene(
        frame=Frame(picture=Raster((PIXELS, PIXELS, 3), "|u1", b""), number=n),
        ids=tuple(range(1, count + 1)) if ids is None else tuple(ids),
        labels=labels or ("person",) * count,
        boxes_px=Raster.of(boxes),
        scores=(0.9,) * count,
        seen=(seen,) * count,
        confirmed=(True,) * count,
    )
    return Reading(at=START_AT + n * every_s, origin=Origin.SIMULATED, source="cam-1", seq=n, body=body)


def grid(spacing_m=1.0, low=0.5, high=10.0):
    steps = np.arange(low, high, spacing_m)
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


def walking(places, velocity=(0.0, 0.0), seconds=6.0, every_s=0.2):
    """The same people, walking."""
    start = np.asarray(places, dtype=float).reshape(-1, 2)
    count = round(seconds / every_s) + 1
    return [scene(start + np.multiply(velocity, n * every_s), n, every_s=every_s) for n in range(count)]


RESOURCES = city(calibrated(areas=(MIDDLE,), lines=(GATE,)))
ALARM = walking(grid(), (0.3, 0.0))


def flows(readings, resources=RESOURCES, crowd=None):
    """What is told, report by report."""
    stage, memory, told = (crowd or Crowd()).start(resources), None, []
    for reading in readings:
        memory, perceived = stage.look(memory, reading)
        told += [one.body for one in perceived.readings]
    return told


@pytest.mark.parametrize("check", checks.ALL, ids=lambda c: c.__name__)
def test_contract(check):
    check(Crowd(), Sample(alarm=ALARM, resources=RESOURCES), ROOT)


def test_a_lattice_that_walks_is_told_as_it_is():
    area = flows(ALARM)[-1].areas[0]
    assert (area.area, area.area_m2) == ("middle", pytest.approx(36.0, rel=0.01))
    assert area.persons_per_m2 == pytest.approx(1.0, rel=0.05)
    assert area.speed_m_s == pytest.approx(0.3, rel=0.02)
    assert (area.toward_deg, area.order) == (pytest.approx(90.0, abs=1.0), 1.0)
    assert area.pressure_s2 == pytest.approx(0.0, abs=1e-3)


def test_reports_come_at_their_pace_and_say_for_how_long():
    told = flows(ALARM, crowd=Crowd(report_s=1.0))
    assert [round(flow.every_s, 1) for flow in told] == [1.0] * 6


def test_unrest_is_pressure():
    rng, start, ways = np.random.default_rng(3), grid(0.5), []
    drift = rng.normal(0.0, 0.15, start.shape)
    ways = [scene(start + drift * n * 0.2, n) for n in range(20)]
    area = flows(ways)[-1].areas[0]
    assert area.velocity_variance == pytest.approx(2 * 0.15**2, rel=0.25)
    assert area.pressure_s2 == pytest.approx(4 * 2 * 0.15**2, rel=0.25)


def test_passages_are_counted_both_ways_once_each():
    people = [(2.0, 3.0), (2.5, 5.0), (8.0, 4.0)]
    ways = [scene([(x + s * 0.25 * n, y) for (x, y), s in zip(people, (1, 1, -1), strict=True)], n) for n in range(26)]
    passed = [flow.passages[0] for flow in flows(ways)]
    assert (sum(p.forward for p in passed), sum(p.backward for p in passed)) == (2, 1)
    assert passed[0].width_m == pytest.approx(8.0, rel=0.01)


def test_trembling_on_the_line_is_no_passage():
    rng = np.random.default_rng(5)
    ways = [scene(rng.normal((5.0, 5.0), 0.15, (1, 2)), n) for n in range(300)]
    assert sum(p.forward + p.backward for flow in flows(ways) for p in flow.passages) <= 1


def test_somebody_found_again_under_another_number_passes_once():
    ways = [scene([(3.0 + 0.2 * n, 5.0)], n, ids=[1 + n // 4]) for n in range(25)]
    del ways[9:13]
    passed = [flow.passages[0] for flow in flows(ways)]
    assert (sum(p.forward for p in passed), sum(p.backward for p in passed)) == (1, 0)


def test_neighbours_whose_numbers_are_exchanged_do_not_move():
    people = [(4.8, 5.0), (5.4, 5.0), *grid(1.5, 2.5, 8)]
    ways = [scene(people, n, ids=[2, 1, *range(3, len(people) + 1)] if n % 2 else None) for n in range(40)]
    told = flows(ways)
    assert all(flow.passages[0].forward + flow.passages[0].backward == 0 for flow in told)
    assert told[-1].areas[0].speed_m_s < 0.02


def test_of_few_people_only_their_number_is_told():
    area = flows(walking([(4.0, 5.0), (5.0, 5.0), (6.0, 5.0)], (0.2, 0.0)))[-1].areas[0]
    assert area.persons == pytest.approx(3.0, abs=0.1)
    assert (area.speed_m_s, area.toward_deg, area.pressure_s2, area.cells) == (None, None, None, ())


def test_arrows_are_of_many_people_each():
    told = flows(walking(grid(0.5), (0.3, 0.0), seconds=2.0), crowd=Crowd(cells_across=3))[-1].areas[0].cells
    assert len(told) == 9
    assert {(east, north) for _, _, east, north, _ in told} == {(0.3, 0.0)}
    # Four a square metre; people on the border of two cells fall to one of them, as the machine rounds.
    assert all(0.2 < x < 0.8 and 0.2 < y < 0.8 and 2.9 < density < 5.1 for x, y, _, _, density in told)


def test_without_calibration_there_are_counts_and_no_metres():
    plain = city(Camera(areas=(MIDDLE,), lines=(GATE,)))
    told = flows(walking(grid(), (0.3, 0.0)), plain)
    assert not told[-1].calibrated
    area = told[-1].areas[0]
    assert area.persons == pytest.approx(36.0, abs=6.0)
    assert (area.area_m2, area.persons_per_m2, area.speed_m_s, area.pressure_s2, area.cells) == (None,) * 4 + ((),)
    assert sum(flow.passages[0].forward for flow in told) == 8


def test_without_areas_the_whole_ground_in_sight_is_measured():
    area = flows(walking(grid(), (0.1, 0.0)), city(calibrated()))[-1].areas[0]
    assert (area.area, area.area_m2) == ("picture", pytest.approx(100.0, rel=0.03))
    assert area.persons_per_m2 == pytest.approx(1.0, rel=0.05)


def test_ground_too_far_away_is_not_measured():
    assert flows(walking(grid()), city(calibrated()), Crowd(range_m_max=5.0))[-1].areas[0].area_m2 < 30.0


def test_only_persons_who_are_seen_or_were_a_moment_ago_count():
    cars = [scene([(5.0, 5.0)], n, labels=("car",)) for n in range(12)]
    lost = [*walking([(5.0, 5.0)], seconds=1.0), *(scene([(5.0, 5.0)], n, seen=False) for n in range(6, 40))]
    assert flows(cars)[-1].areas[0].persons == 0.0
    assert flows(lost)[-1].areas[0].persons == 0.0


def test_a_measured_share_of_people_tracked_corrects_what_is_told():
    told = flows(ALARM, crowd=Crowd(tracked_share=0.8))[-1].areas[0]
    assert told.persons_per_m2 == pytest.approx(1.25, rel=0.05)


@pytest.mark.parametrize("forbidden", ["crowd.*", ("crowd.density", "crowd.pressure", "crowd.flow", "crowd.occupancy")])
def test_where_crowds_may_not_be_measured_nothing_is(forbidden):
    names = (forbidden,) if isinstance(forbidden, str) else forbidden
    assert flows(ALARM, city(calibrated(), replace(RECORD, forbidden=names))) == []


def test_it_works_where_no_more_than_level_one_may_leave():
    perception = Perception([Crowd().start(RESOURCES)])
    told = [one for reading in ALARM for one in perception.perceive(reading, Level.AGGREGATE).readings]
    assert {one.body.level for one in told} == {Level.AGGREGATE}
    assert len(told) == 3


def test_people_who_are_looked_at_seldom_do_not_vanish_between_looks():
    ways = walking(grid(), (0.02, 0.0), seconds=20.0)
    rare = [one if one.seq % 6 == 0 else replace(one, body=unseen(one.body)) for one in ways]
    assert flows(rare)[-1].areas[0].persons_per_m2 == pytest.approx(1.0, rel=0.06)


def unseen(body):
    return replace(body, seen=(False,) * len(body.ids))


def test_late_and_doubled_scenes_change_nothing():
    twice = [one for reading in ALARM for one in (reading, reading, replace(reading, at=reading.at - 1.0))]
    assert flows(twice) == flows(ALARM)


def test_after_a_pause_everything_begins_anew():
    later = [replace(reading, at=reading.at + 3600.0) for reading in ALARM]
    assert [flow.every_s for flow in flows([*ALARM, *later])] == [flow.every_s for flow in flows(ALARM)] * 2


def test_a_changed_set_up_begins_anew():
    memory = None
    for reading in ALARM:
        memory, _ = Crowd().start(RESOURCES).look(memory, reading)
    other = Crowd().start(city(calibrated())).look(memory, replace(ALARM[-1], at=ALARM[-1].at + 0.2))[0]
    assert [tally.area.id for tally in other.tallies] == ["picture"]


def test_parameters_that_cannot_work_are_refused():
    with pytest.raises(ConfigError, match="sample_s"):
        Crowd(sample_s=9.0)
    with pytest.raises(ContractBroken, match="start"):
        Crowd().perceive(ALARM[0])
