"""What stands still before its background is found, left or gone; people, light and a moving camera are not."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.contract import checks
from tocsin.contract.declared import Sample
from tocsin.contract.examples import START_AT
from tocsin.contract.pictures import Frame, Scene
from tocsin.contract.raster import EMPTY, Raster
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, ContractBroken, Origin, Reading
from tocsin.perceivers.stills import StandingStill

ROOT = Path(__file__).resolve().parents[2]
HIGH, WIDE = 120, 160
_RNG = np.random.default_rng(11)
GROUND = np.clip(_RNG.normal(130, 6, (HIGH, WIDE, 1)).repeat(3, axis=2), 0, 255)
BAG = (100, 70, 116, 84)
QUICK = StandingStill(width_px=WIDE, settle_s=4.0)


def picture(n, *things, ground=GROUND, gain=1.0):
    """The ground with noise and with things on it: (x1, y1, x2, y2, brightness)."""
    made = ground.copy()
    for x1, y1, x2, y2, grey in things:
        made[y1:y2, x1:x2] = grey
    noise = np.random.default_rng(n).normal(0, 2, made.shape)
    return np.clip(made * gain + noise, 0, 255).astype(np.uint8)


def scene(n, shown, boxes=(), labels=(), *, motion=EMPTY, every_s=0.5):
    body = Scene(
        frame=Frame(picture=Raster.of(shown), number=n),
        ids=tuple(range(7, 7 + len(boxes))),
        labels=tuple(labels),
        boxes_px=Raster.of(np.array(boxes, dtype=np.float32).reshape(-1, 4)),
        scores=(0.9,) * len(boxes),
        seen=(True,) * len(boxes),
        confirmed=(True,) * len(boxes),
        motion=motion,
    )
    return Reading(at=START_AT + n * every_s, origin=Origin.SIMULATED, source="cam-1", seq=n, body=body)


def left(count=60, since=20, away=30, **more):
    """A bag is there from `since` on; somebody stands beside it until `away`."""
    readings = []
    for n in range(count):
        person = (80, 40, 96, 84)
        here = 14 <= n < away
        things = [(*BAG, 30)] * (n >= since) + [(*person[:3], person[3], 60 + 40 * (n % 2))] * here
        readings.append(scene(n, picture(n, *things, **more), [person] * here, ["person"] * here))
    return readings


ALARM = left()


def told(readings, member=QUICK, resources=None):
    stage, memory, said = member.start(resources or Resources()), None, []
    for reading in readings:
        memory, perceived = stage.look(memory, reading)
        said += [(round(one.at - START_AT, 1), one.body.stills) for one in perceived.readings]
    return said


@pytest.mark.parametrize("check", checks.ALL, ids=lambda c: c.__name__)
def test_contract(check):
    check(QUICK, Sample(alarm=ALARM), ROOT)


def test_a_bag_that_is_left_is_one_thing_that_keeps_its_number():
    seen = told(ALARM)
    things = [still for _, stills in seen for still in stills]
    assert {(one.id, one.removed, one.owner) for one in things} == {(1, False, 7)}
    last = things[-1]
    assert last.box == pytest.approx([BAG[0] / WIDE, BAG[1] / HIGH, BAG[2] / WIDE, BAG[3] / HIGH], abs=0.02)
    assert last.since - START_AT == pytest.approx(10.0, abs=2.0)


def test_who_was_near_is_forgotten_by_nobody_else():
    near = {at: stills[0].person_near_s for at, stills in told(ALARM) if stills}
    assert near[14.0] == pytest.approx(0.0, abs=0.6)
    assert near[29.0] == pytest.approx(29.0 - 14.5, abs=0.6)


def test_what_was_there_and_is_gone_is_told_as_removed():
    readings = [scene(n, picture(n, *[(*BAG, 30)] * (n < 20))) for n in range(60)]
    assert {one.removed for _, stills in told(readings) for one in stills} == {True}


def test_nothing_is_told_while_nothing_stands_still():
    walks = [scene(n, picture(n, (5 * n % 150, 40, 5 * n % 150 + 12, 80, 40))) for n in range(70)]
    assert told(walks) == []
    assert told([scene(n, picture(n)) for n in range(60)]) == []


def test_a_person_who_stands_still_is_called_a_person():
    stands = [
        scene(n, picture(n, *[(80, 40, 96, 84, 60)] * (n > 20)), [(80, 40, 96, 84)] * (n > 20), ["person"] * (n > 20))
        for n in range(60)
    ]
    assert {one.label for _, stills in told(stands) for one in stills} == {"person"}


def test_what_a_detector_calls_it_is_told():
    boxes = [(98, 68, 118, 86)]
    named = [
        scene(n, picture(n, *[(*BAG, 30)] * (n > 20)), boxes * (n > 20), ["suitcase"] * (n > 20)) for n in range(50)
    ]
    assert told(named)[-1][1][0].label == "suitcase"


@pytest.mark.parametrize("gain", [0.7, 1.3])
def test_a_change_of_light_is_nothing(gain):
    assert told([scene(n, picture(n, gain=1.0 if n < 25 else gain)) for n in range(80)]) == []


def test_a_slow_change_of_light_is_nothing():
    assert told([scene(n, picture(n, gain=1.0 - 0.005 * n)) for n in range(80)]) == []


def test_another_view_begins_anew():
    turned = np.roll(np.random.default_rng(3).normal(60, 30, GROUND.shape), 40, axis=1)
    readings = [*left(50), *(scene(n, picture(n, ground=turned)) for n in range(50, 90))]
    assert told(readings)[-1][0] < 27.0


def test_a_camera_that_moves_begins_anew():
    moved = Raster.of(np.array([[1, 0, 9], [0, 1, 0]], dtype=np.float32))
    readings = left(50)
    readings[35] = replace(readings[35], body=replace(readings[35].body, motion=moved))
    assert max(at for at, _ in told(readings)) < 18.0


def test_something_hidden_for_a_while_is_the_same_thing():
    readings = left(90, since=20, away=26)
    for n in range(50, 56):
        readings[n] = scene(n, picture(n, (*BAG, 30), (96, 40, 120, 90, 50 + 20 * (n % 3))))
    assert {one.id for _, stills in told(readings) for one in stills} == {1}


def test_after_long_it_belongs_to_the_background():
    seen = told(left(120, away=26), StandingStill(width_px=WIDE, settle_s=4.0, absorb_s=20.0))
    assert seen[-1] == (seen[-1][0], ())
    assert seen[-1][0] < 45.0


def test_what_is_small_or_fills_the_picture_is_no_thing():
    speck = [scene(n, picture(n, *[(50, 50, 52, 52, 20)] * (n > 20))) for n in range(60)]
    wall = [scene(n, picture(n, *[(0, 0, 90, 60, 20)] * (n > 20))) for n in range(60)]
    assert told(speck) == []
    assert told(wall) == []


def test_pictures_of_other_sizes_begin_anew_and_break_nothing():
    other = [scene(n, np.full((90, 50, 3), 90, np.uint8)) for n in range(60, 80)]
    assert told([*ALARM, *other])[-1][0] <= 29.5


def test_parameters_that_cannot_work_are_refused():
    with pytest.raises(ConfigError, match="fast_s"):
        StandingStill(fast_s=5.0)
    with pytest.raises(ContractBroken, match="start"):
        QUICK.perceive(ALARM[0])
