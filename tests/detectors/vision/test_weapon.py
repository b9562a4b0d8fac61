"""A weapon is possible, then confirmed, once per person; nothing runs where it was not switched on."""

import pytest
from msgspec.structs import replace

from tocsin.contract.camera_cases import CAMERA, RECORD, city_with
from tocsin.contract.examples import series
from tocsin.contract.folding import findings
from tocsin.contract.pictures import Armed, Weapons
from tocsin.detectors.vision.weapon import Weapon

RESOURCES = city_with(analytics=["vision.weapon"])


def armed(frames, of=5, *, track=1):
    box = (0.4, 0.5, 0.45, 0.6)
    return Armed(track=track, label="knife", score=0.6, frames=frames, of=of, box=box, confirmed=frames >= 3)


def looks(*weapons):
    bodies = [Weapons(weapons=tuple(one for one in look if one.frames), model="own") for look in weapons]
    return series(bodies, every_s=0.5, source=CAMERA)


ALARM = looks([armed(1, 1)], [armed(2, 2)], [armed(3, 3)], [armed(4, 4)], [armed(4)], [])
BENIGN = looks([], [armed(1, 1)], [armed(1, 2)], [armed(0)], [], [armed(1)])


def told(facts, resources=RESOURCES, **parameters):
    return findings(Weapon(**parameters), facts, resources)


def test_it_is_possible_then_confirmed_and_one_finding():
    found = told(ALARM)
    assert [(one.grade, one.life) for one in found] == [("possible", False), ("confirmed", True)]
    assert len({one.id for one in found}) == 1


def test_a_city_may_take_it_for_less_than_danger_to_life():
    assert not any(one.life for one in told(ALARM, life=False))


def test_each_person_is_told_apart():
    both = looks(*[[armed(n, n), armed(n, n, track=2)] for n in range(1, 5)])
    assert len({one.id for one in told(both)}) == 2


def test_a_lasting_one_is_told_again_each_minute_and_stays_confirmed():
    found = told(looks(*[[armed(3)]] * 100, *[[armed(2)]] * 200))
    assert [one.grade for one in found] == ["confirmed"] * 3


def test_the_same_person_much_later_is_another_finding():
    late = [replace(one, at=one.at + 50.0, seq=one.seq + 99) for one in ALARM]
    assert len({one.id for one in told([*ALARM, *late])}) == 2


@pytest.mark.parametrize(
    "resources",
    [city_with(), city_with(analytics=["vision.weapon"], record=replace(RECORD, forbidden=("vision.weapon",)))],
)
def test_it_runs_only_where_it_is_switched_on_and_not_forbidden(resources):
    assert told(ALARM, resources) == []
