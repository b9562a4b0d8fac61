"""People are looked at only where that is switched on; a weapon is confirmed by looks, and shown alone."""

from dataclasses import replace as with_fields

import numpy as np
import pytest
from msgspec.structs import replace

from tests.contract.samples import ROOT
from tests.perceivers.blobs import RED, picture
from tocsin.contract import checks
from tocsin.contract.camera_cases import CAMERA, city_with
from tocsin.contract.declared import Sample
from tocsin.contract.examples import START_AT
from tocsin.contract.pictures import Frame, Posture, Postures, Scene, WeaponCrop, Weapons
from tocsin.contract.raster import Raster
from tocsin.model import ConfigError, Origin, Reading
from tocsin.perceivers.weapons import WeaponSlot
from tocsin.perceivers.weapons.cropping import FILL, crop
from tocsin.perceivers.weapons.hands import Person, parts

RESOURCES = city_with(analytics=["vision.weapon"])
PERSON = (180.0, 60.0, 280.0, 260.0)


def scenes(count, *, weapon=(), boxes=(PERSON,), every_s=0.5, **more):
    """Scenes with people at these boxes; the tests' model calls what is red a car: that is the weapon here."""
    made = []
    for number in range(count):
        frame = Frame(picture=Raster.of(picture(cars=weapon)), number=number)
        fields = {
            "frame": frame,
            "ids": tuple(range(1, len(boxes) + 1)),
            "labels": ("person",) * len(boxes),
            "boxes_px": Raster.of(np.array(boxes, np.float32).reshape(-1, 4)),
            "scores": (0.9,) * len(boxes),
            "seen": (True,) * len(boxes),
            "confirmed": (True,) * len(boxes),
        }
        body = Scene(**{**fields, **more})
        at = START_AT + number * every_s
        made.append(Reading(at=at, origin=Origin.SIMULATED, source=CAMERA, seq=number, body=body))
    return made


ALARM = scenes(5)


@pytest.fixture
def slot(blobs):
    return WeaponSlot(model=blobs, labels=("car",), pixels_per_m_min=50.0)


def run(slot, readings, resources=RESOURCES):
    stage, memory, said = slot.start(resources), None, []
    for reading in readings:
        memory, perceived = stage.look(memory, reading)
        said += [one.body for one in perceived.readings]
    return said


def weapons(said):
    return [one.weapons for one in said if isinstance(one, Weapons)]


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_contract(check, slot):
    check(slot, Sample(alarm=scenes(5, weapon=[(285, 150)]), resources=RESOURCES), ROOT)


def test_it_is_confirmed_in_three_of_five_looks(slot):
    said = weapons(run(slot, scenes(4, weapon=[(285, 150)])))
    assert [(one.frames, one.of, one.confirmed) for (one,) in said] == [(1, 1, 0), (2, 2, 0), (3, 3, 1), (4, 4, 1)]
    assert said[-1][0].box == pytest.approx((279 / 480, 135 / 270, 291 / 480, 165 / 270), abs=0.02)


def test_a_thing_that_nobody_holds_is_none(slot):
    assert not any(weapons(run(slot, scenes(6, weapon=[(40, 40)]))))


def test_that_nothing_was_found_is_told_seldom(slot):
    assert weapons(run(slot, scenes(41))) == [(), (), ()]


def test_that_it_is_gone_is_told_once(slot):
    there, gone = scenes(1, weapon=[(285, 150)]), scenes(7)[1:]
    assert [len(one) for one in weapons(run(slot, [*there, *gone]))] == [1, 1, 1, 1, 1, 0]


def test_only_the_weapon_is_shown_once_confirmed(slot):
    cv2 = pytest.importorskip("cv2")
    shown = [one for one in run(slot, scenes(6, weapon=[(285, 150)])) if isinstance(one, WeaponCrop)]
    seen = cv2.imdecode(np.frombuffer(shown[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    red = (seen[..., RED] > 200) & (seen[..., 0] < 100)
    filled = np.abs(seen.astype(int) - FILL).max(axis=2) < 12
    assert len(shown) == 1
    assert (red | filled).mean() > 0.85  # JPEG blurs the rim
    assert red.mean() == pytest.approx(0.25, abs=0.08)


def test_a_head_over_the_weapon_is_filled():
    cv2 = pytest.importorskip("cv2")
    white = np.full((200, 200, 3), 255, np.uint8)
    jpeg = crop(white, (80, 10, 120, 60), [(70, 0, 130, 180)])
    seen = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert (seen > 200).mean() < 0.12


def test_people_take_turns(slot):
    boxes = [(20.0 + 90 * n, 60.0, 80.0 + 90 * n, 260.0) for n in range(5)]
    said = weapons(run(with_fields(slot, persons_max=2), scenes(9, weapon=[(20 + 90 * 4 + 30, 150)], boxes=boxes)))
    assert any(one.track == 5 for found in said for one in found)


def test_who_is_too_far_away_is_not_looked_at(slot):
    assert not any(weapons(run(with_fields(slot, pixels_per_m_min=200.0), scenes(4, weapon=[(285, 150)]))))


@pytest.mark.parametrize("resources", [city_with(), city_with(analytics=["vision.line"])])
def test_nobody_is_looked_at_where_it_is_not_switched_on(slot, resources):
    assert run(slot, scenes(6, weapon=[(285, 150)]), resources) == []


def test_hands_are_where_the_posture_says():
    tall = Person(1, (100.0, 0.0, 300.0, 800.0))
    assert len(parts(tall, (900, 1600), side_px=416)) == 2
    known = with_fields(tall, wrists_px=((120.0, 500.0),))
    assert parts(known, (900, 1600), side_px=416) == [(0, 340, 280, 660)]


def test_a_posture_is_remembered_for_a_moment(slot):
    joints = tuple((0.55, 0.5, 0.9) for _ in range(17))
    stage = slot.start(RESOURCES)
    note = replace(scenes(1)[0], body=Postures(postures=(Posture(track=1, joints=joints),)))
    memory, perceived = stage.look(None, note)
    assert perceived.readings == ()
    assert memory.wrists == {1: ((0.55, 0.5), (0.55, 0.5))}


def test_a_label_that_the_model_does_not_know_is_refused(blobs):
    with pytest.raises(ConfigError, match="sword"):
        WeaponSlot(model=blobs, labels=("sword",)).start(RESOURCES)


def test_no_model_is_opened_where_no_camera_asks_for_it():
    assert run(WeaponSlot(model="none-such"), scenes(2), city_with()) == []
