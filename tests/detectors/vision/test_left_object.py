"""A thing that somebody brought and left is one finding; people, light, and what nobody brought are none."""

import pytest
from msgspec.structs import replace

from tocsin.contract.camera_cases import area, city_with, left_behind
from tocsin.contract.folding import findings
from tocsin.detectors.vision.left_object import LeftObject

RESOURCES = city_with()
ALARM = left_behind(stays_s=30)
BENIGN = left_behind(stays_s=60, label="person")


def told(facts, resources=RESOURCES, **parameters):
    return findings(LeftObject(**parameters), facts, resources)


def changed(facts, **fields):
    return [
        replace(one, body=replace(one.body, stills=tuple(replace(still, **fields) for still in one.body.stills)))
        for one in facts
    ]


def test_it_is_told_once_and_again_as_lasting():
    found = told(left_behind(stays_s=200))
    assert [one.grade for one in found] == ["left", "lasting"]
    assert len({one.id for one in found}) == 1


def test_it_waits_until_the_owner_is_away():
    assert told(left_behind(stays_s=30, away_after_s=25)) == []


@pytest.mark.parametrize("label", ["person", "car", "dog"])
def test_people_vehicles_and_animals_that_stand_still_are_none(label):
    assert told(changed(ALARM, label=label)) == []


def test_what_covers_much_of_the_picture_is_light():
    assert told(changed(ALARM, share=0.2)) == []


def test_many_things_at_once_are_light():
    many = [
        replace(one, body=replace(one.body, stills=tuple(_moved(one.body.stills[0], k) for k in range(6))))
        for one in ALARM
    ]
    assert told(many) == []


def _moved(still, k):
    return replace(still, id=k, box=(0.1 * k, 0.5, 0.1 * k + 0.04, 0.56))


def test_what_nobody_brought_is_none():
    alone = changed(ALARM, owner=0, person_near_s=None)
    assert told(alone) == []
    assert len(told(alone, brought=False)) == 1


def test_a_thing_that_flickers_under_other_numbers_is_one():
    flickers = [
        changed([one], id=3 + n // 4, since=one.at)[0] if n % 7 == 3 else one for n, one in enumerate(left_behind(60))
    ]
    assert len({one.id for one in told(flickers)}) == 1


def test_what_is_gone_is_told_where_an_area_is_watched_for_it():
    gone = changed(ALARM, removed=True)
    watched = city_with(areas=[area("statue", (0.4, 0.6), (0.7, 0.9), kinds=("vision.left-object",))])
    assert told(gone) == []
    assert [one.grade for one in told(gone, watched)] == ["removed"]


def test_where_areas_name_it_only_things_in_them_count():
    elsewhere = city_with(areas=[area("door", (0.0, 0.0), (0.2, 0.2), kinds=("vision.left-object",))])
    assert told(ALARM, elsewhere) == []


def test_it_runs_where_nobody_chose_and_not_where_others_were_chosen():
    assert told(ALARM, city_with(analytics=["vision.zone"])) == []
    assert len(told(ALARM, city_with())) == 1
