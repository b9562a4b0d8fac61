"""Stick figures only where they are wanted, of people only, and never a pixel of them."""

from pathlib import Path

import numpy as np
import pytest

from tests.perceivers.scenes import city, run, scene, street
from tocsin.contract import checks
from tocsin.contract.camera_views import views
from tocsin.contract.declared import Sample
from tocsin.contract.examples import START_AT
from tocsin.contract.protocols import Wanted
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.inference.detected import Posed
from tocsin.inference.figures import PEOPLE_MAX, figures_of
from tocsin.model import ConfigError, ContractBroken, Level
from tocsin.perceivers.postures import RunningStickFigures, StickFigures

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = WANTED = Resources(city=city(analytics=("vision.postures",)))
BOXES = [(20, 30, 44, 100), (90, 20, 120, 110)]
ALARM = [scene(BOXES, number=n) for n in range(3)]


@pytest.mark.parametrize("check", checks.DECLARATION, ids=lambda check: check.__name__)
def test_declaration(check):
    check(StickFigures(), Sample(alarm=ALARM, resources=WANTED), ROOT)


class Middles:
    """Finds one person in every cut-out, all joints in its middle."""

    def poses(self, pictures, *, score_min):
        return [self._one(picture.shape[1], picture.shape[0]) for picture in pictures]

    def _one(self, width, height):
        points = np.tile(np.float32([width / 2, height / 2, 0.9]), (1, 17, 1))
        return Posed(points, np.float32([[0, 0, width, height]]), np.float32([0.9]))


def look(readings, resources=WANTED, wanted=()):
    stage, memory, said = RunningStickFigures(StickFigures(), Middles(), "", views(resources)), None, []
    for one in wanted:
        stage.heed(one)
    for reading in readings:
        memory, perceived = stage.look(memory, reading)
        said += perceived.readings
    return [one.body for one in said]


def test_each_person_has_joints_inside_the_own_box():
    [body] = look(ALARM[:1])
    assert [one.track for one in body.postures] == [1, 2]
    for one, (left, top, right, bottom) in zip(body.postures, BOXES, strict=True):
        x, y, sure = one.joints[0]
        assert (left < x * 160 < right, top < y * 120 < bottom, sure) == (True, True, 0.9)


def test_it_is_off_by_default():
    assert look(ALARM, Resources()) == []


def test_only_people_who_were_found_in_this_frame_have_joints():
    [body] = look([scene(BOXES, labels=("person", "dog"))])
    assert [one.track for one in body.postures] == [1]
    [body] = look([scene(BOXES, seen=(False, True))])
    assert [one.track for one in body.postures] == [2]


def test_it_looks_now_and_then_and_more_often_while_watched():
    frames = [scene(BOXES, number=n, every_s=0.1) for n in range(30)]
    watched = Wanted(source="cam-1", level=Level.ANONYMOUS, until=START_AT + 9.0, watched=True)
    assert len(look(frames)) == 3
    assert len(look(frames, wanted=[watched])) == 8


def test_a_broken_scene_is_a_reason():
    broken = scene(BOXES, boxes_px=Raster((2, 4), "<f8", b"short"))
    stage = StickFigures().start(WANTED)
    assert stage.perceive(broken).readings == ()
    assert len(stage.perceive(broken).rejected) == 1


def test_a_missing_model_is_said_once_it_is_wanted(models):
    [wanted] = run(ALARM[:1], StickFigures(), WANTED)
    [unwanted] = run(ALARM[:1], StickFigures())
    assert "tocsin models fetch" in wanted.rejected[0][1]
    assert unwanted.rejected == ()


def test_a_declaration_must_be_started():
    with pytest.raises(ContractBroken, match="start"):
        StickFigures().perceive(ALARM[0])
    with pytest.raises(ConfigError, match="per_s"):
        StickFigures(per_s=0.0)


def test_the_biggest_people_come_first_where_there_are_many():
    boxes = np.float32([(0, 0, 20, 30 + n) for n in range(40)])
    found = figures_of(Middles(), street(size=(200, 200)), boxes)
    assert [number for number, _ in found] == list(range(40 - PEOPLE_MAX, 40))


@pytest.mark.needs_model("movenet-multipose")
@pytest.mark.parametrize("check", checks.BEHAVIOUR, ids=lambda check: check.__name__)
def test_behaviour(check):
    check(StickFigures(), Sample(alarm=ALARM, resources=WANTED), ROOT)
