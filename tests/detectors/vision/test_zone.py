"""Who is where none may be is told once per visit and area, and flicker, edges and posters are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.city.cameras import Hours
from tocsin.contract.camera_cases import RECORD, area, city_with, frames, path, track, walk, with_ids
from tocsin.contract.examples import START_AT
from tocsin.contract.folding import findings
from tocsin.contract.pictures import Track
from tocsin.detectors.vision.zone import Zone

YARD = area("yard", (0.4, 0.2), (0.9, 0.9), forbidden=("person", "vehicle"), name="the yard")
RESOURCES = city_with(areas=[YARD], analytics=["vision.zone"])
ALARM = walk((0.2, 0.6), (0.6, 0.6))
BENIGN = walk((0.05, 0.6), (0.3, 0.6), (0.05, 0.6))


def told(facts, resources=RESOURCES, **parameters):
    return findings(Zone(**parameters), facts, resources)


def test_a_person_in_the_yard_is_one_finding_told_again_each_minute():
    found = told(walk((0.2, 0.6), (0.6, 0.6), stay=700))
    assert [(one.grade, one.subject) for one in found] == [("person", "yard")] * 3
    assert len({one.id for one in found}) == 1
    assert found[0].because == "A person has been in the yard for 2 s, where none may be."
    assert found[0].place.name == "the yard"


@pytest.mark.parametrize(("label", "grade"), [("truck", "vehicle"), ("bicycle", "vehicle"), ("person", "person")])
def test_a_vehicle_in_a_pedestrian_zone_has_its_own_grade(label, grade):
    assert [one.grade for one in told(walk((0.2, 0.6), (0.6, 0.6), label=label))] == [grade]


def test_what_is_not_forbidden_may_be_there():
    assert told(walk((0.2, 0.6), (0.6, 0.6), label="dog")) == []


def test_hours_are_local_and_may_span_midnight():
    nights = replace(YARD, hours=Hours(since=22, until=6))  # the cases begin at 13:33 UTC
    assert told(ALARM, city_with(areas=[nights], analytics=["vision.zone"])) == []
    late = [replace(one, at=one.at + 9 * 3600) for one in ALARM]
    (found,) = told(late, city_with(areas=[nights], analytics=["vision.zone"]))
    assert found.because.endswith("where none may be between 22:00 and 06:00.")


def test_an_identity_that_switches_is_one_visit():
    ids = [1 + n // 15 for n in range(len(ALARM))]
    assert len({one.id for one in told(with_ids(ALARM, ids))}) == 1


def test_walking_along_the_edge_with_jitter_is_at_most_one_finding():
    way = [(0.4 + 0.004 * (-1) ** n, y) for n, (_, y) in enumerate(path((0.4, 0.3), (0.4, 0.8), step=0.01))]
    assert len({one.id for one in told(frames([[track(spot)] for spot in way]))}) <= 1


def test_what_is_only_held_over_is_not_seen():
    way = path((0.2, 0.6), (0.6, 0.6))
    assert told(frames([[track(spot, held=n > 12)] for n, spot in enumerate([*way, *[way[-1]] * 60])])) == []


def test_a_detector_that_looks_once_a_second_is_enough():
    way = [*path((0.2, 0.6), (0.6, 0.6)), *[(0.6, 0.6)] * 30]
    assert len(told(frames([[track(spot, held=n % 5 != 0)] for n, spot in enumerate(way)]))) == 1


def test_a_poster_that_never_moves_is_passed_over():
    assert told(frames([[track((0.6, 0.6 + 0.001 * (-1) ** n))] for n in range(300)])) == []


@pytest.mark.parametrize("height", [0.2, 0.05])
def test_too_few_pixels_per_metre_are_not_judged(height):
    assert bool(told(walk((0.2, 0.6), (0.6, 0.6), height=height))) == (height > 0.1)


@pytest.mark.parametrize("analytics", [(), ("vision.line",)])
def test_it_runs_only_where_it_is_switched_on(analytics):
    assert told(ALARM, city_with(areas=[YARD], analytics=analytics)) == []


def test_the_record_of_processing_can_forbid_it():
    record = replace(RECORD, forbidden=("vision.*",))
    assert told(ALARM, city_with(areas=[YARD], analytics=["vision.zone"], record=record)) == []


def test_an_unknown_camera_has_no_areas():
    assert told([replace(one, source="cam-9") for one in ALARM]) == []


@given(st.lists(st.tuples(*[st.floats(allow_nan=True)] * 4), max_size=30))
def test_boxes_that_are_none_do_no_harm(boxes):
    assert told(frames([[Track(1, "person", box, START_AT)] for box in boxes])) == []
