"""Going against the allowed direction counts from the farthest point along it, with its own uncertainty."""

from msgspec.structs import replace

from tocsin.city.cameras import Pose
from tocsin.contract.camera_cases import area, city_with, frames, path, track, walk
from tocsin.contract.folding import findings
from tocsin.detectors.vision.wrong_way import WrongWay

EXIT = area("exit", (0.1, 0.1), (0.9, 0.9), toward_deg=90.0)
RESOURCES = city_with(areas=[EXIT], analytics=["vision.wrong-way"])
ALARM = walk((0.8, 0.6), (0.2, 0.6))
BENIGN = walk((0.2, 0.6), (0.8, 0.6))
POSE = Pose(height_m=6.0, tilt_deg=30.0, field_deg=70.0)


def told(facts, resources=RESOURCES):
    return findings(WrongWay(), facts, resources)


def test_it_is_told_once_per_visit_and_minute():
    found = told(walk((0.8, 0.6), (0.2, 0.6), step=0.005))
    assert (len(found), len({one.id for one in found})) == (1, 1)
    assert found[0].measure >= 4.0
    assert found[0].unit == "m"


def test_across_the_direction_is_not_against_it():
    assert told(walk((0.5, 0.85), (0.5, 0.2))) == []


def test_a_few_steps_back_are_not_against_it():
    assert told(walk((0.2, 0.6), (0.5, 0.6), (0.4, 0.6), (0.8, 0.6))) == []


def test_a_way_outside_the_area_is_not_judged():
    assert told(walk((0.8, 0.97), (0.2, 0.97))) == []


def test_vehicles_must_go_farther():
    short, far = ((0.6, 0.6), (0.35, 0.6)), ((0.85, 0.6), (0.15, 0.6))
    assert [len(told(walk(*way, label="car", height=0.12))) for way in (short, far)] == [0, 1]


def metres(sd_m):
    """Walking west on the ground by 5 m, seen with that standard deviation."""
    spots = path((0.7, 0.6), (0.3, 0.6))
    some = [
        track(spot, east_m=-5.0 * n / len(spots), north_m=9.0, covariance_m2=(sd_m**2, 0.0, sd_m**2))
        for n, spot in enumerate(spots)
    ]
    return frames([[one] for one in some], calibrated=True)


def test_in_metres_its_uncertainty_is_added_to_the_distance():
    resources = city_with(areas=[EXIT], analytics=["vision.wrong-way"], pose=POSE)
    assert [len(told(metres(sd_m), resources)) for sd_m in (0.1, 1.0)] == [1, 0]


def test_the_place_is_that_on_the_ground_with_its_uncertainty():
    resources = city_with(areas=[EXIT], analytics=["vision.wrong-way"], pose=POSE)
    (found,) = told(metres(0.1), resources)
    assert found.place.radius_m < 1.0
    assert found.place.name == "exit"


def test_a_restart_of_the_camera_begins_anew():
    half = len(ALARM) // 2
    again = [replace(fact, boot="2") for fact in ALARM[half:]]
    assert len({one.id for one in told([*ALARM[:half], *again])}) <= 2
