"""People are counted into places over all gates; too many are told, a new day begins at nobody."""

from msgspec.structs import replace

from tocsin.city.cameras import Line
from tocsin.contract.camera_cases import city_with
from tocsin.contract.crowd_cases import passing
from tocsin.contract.folding import findings
from tocsin.detectors.crowd.occupancy import Occupancy


def gate(id, **more):
    return Line(id=id, a=(0.5, 0.9), b=(0.5, 0.1), **{"counts_into": "Hall 1", "permitted": 100} | more)


RESOURCES = city_with(lines=[gate("gate"), gate("side")], analytics=["crowd.occupancy"])
ALARM = passing([(10, 0)] * 20)
BENIGN = passing([(10, 2), (2, 10)] * 40)


def told(facts, resources=RESOURCES, **parameters):
    return findings(Occupancy(**parameters), facts, resources)


def numbers(facts, **parameters):
    return [(one.grade, one.measure) for one in told(facts, **parameters)]


def test_near_then_above_is_one_finding_that_grows():
    found = told(ALARM)
    assert [(one.grade, one.measure) for one in found] == [("near", 90.0), ("above", 110.0)]
    assert len({one.id for one in found}) == 1
    assert found[1].subject == "Hall 1"


def test_all_gates_of_a_place_count_together():
    other = [replace(one, at=one.at + 1.0, seq=one.seq + 99) for one in passing([(10, 0)] * 5, line="side")]
    assert numbers([*passing([(10, 0)] * 4), *other][:9]) == []
    assert numbers(sorted([*passing([(10, 0)] * 5), *other], key=lambda one: one.at)) == [("near", 90.0)]


def test_those_who_leave_make_room():
    assert numbers(passing([*[(10, 0)] * 12, *[(0, 10)] * 6, *[(10, 0)] * 6])) == [
        ("near", 90.0), ("above", 110.0), ("near", 90.0), ("above", 110.0)
    ]  # fmt: skip


def test_nobody_is_the_least():
    assert numbers(passing([*[(0, 10)] * 20, *[(10, 0)] * 8])) == []


def test_a_new_day_begins_at_nobody():
    later = [replace(one, at=one.at + 86_400.0, seq=one.seq + 99) for one in passing([(10, 0)] * 5)]
    assert numbers([*passing([(10, 0)] * 5), *later]) == []


def test_a_line_without_a_place_or_a_place_without_a_number_counts_nothing():
    assert told(ALARM, city_with(lines=[gate("gate", counts_into="")], analytics=["crowd.occupancy"])) == []
    assert told(ALARM, city_with(lines=[gate("gate", permitted=None)], analytics=["crowd.occupancy"])) == []


def test_it_runs_only_where_it_was_chosen():
    assert told(ALARM, city_with(lines=[gate("gate")])) == []


def test_doubled_reports_count_once():
    assert numbers([one for fact in passing([(10, 0)] * 8) for one in (fact, fact)]) == []
