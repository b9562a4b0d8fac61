"""Loitering is only told where an area sets a time, and ends with the visit."""

from msgspec.structs import replace

from tocsin.contract.camera_cases import area, city_with, walk, with_ids
from tocsin.contract.folding import findings
from tocsin.detectors.vision.loitering import Loitering

BANK = area("bank", (0.4, 0.2), (0.9, 0.9), loiter_s=60.0)
RESOURCES = city_with(areas=[BANK], analytics=["vision.loitering"])
ALARM = walk((0.3, 0.6), (0.6, 0.6), stay=400)
BENIGN = walk((0.3, 0.6), (0.6, 0.6), stay=200)


def told(facts, resources=RESOURCES):
    return findings(Loitering(), facts, resources)


def test_a_stay_longer_than_the_time_is_told_once():
    (found,) = told(ALARM)
    assert found.measure >= 60.0
    assert found.since == ALARM[0].at + (found.since - ALARM[0].at)


def test_it_is_never_on_by_itself():
    assert told(ALARM, city_with(areas=[BANK])) == []
    assert Loitering.on_by_default is False


def test_an_area_without_a_time_is_not_watched():
    assert told(ALARM, city_with(areas=[replace(BANK, loiter_s=None)], analytics=["vision.loitering"])) == []


def test_a_track_lost_for_a_moment_goes_on_unless_it_shall_not():
    ids = [1 if n < 200 else 2 for n in range(len(ALARM))]
    facts = with_ids(ALARM, ids)
    assert len(told(facts)) == 1
    assert findings(Loitering(join_s=0.0), facts, RESOURCES) == []


def test_who_leaves_for_a_while_begins_anew():
    assert told(walk((0.6, 0.6), *[(0.6, 0.6)] * 180, (0.2, 0.6), *[(0.2, 0.6)] * 30, (0.6, 0.6), stay=200)) == []


def test_vehicles_do_not_loiter():
    assert told(walk((0.3, 0.6), (0.6, 0.6), stay=400, label="car")) == []
