"""Several who run one way or apart are told; one runner, walkers, riders and a crossing of runners are not."""

from msgspec.structs import replace

from tocsin.contract.camera_cases import HANGS, city_with, crowd_walks, frames, track
from tocsin.contract.examples import SQUARE
from tocsin.contract.folding import findings
from tocsin.contract.pictures import Track
from tocsin.detectors.vision.running import Running

RESOURCES = city_with(analytics=["vision.running"], pose=HANGS)
ALARM = crowd_walks(6, (-5.0, 10.0), toward=(1.0, 0.0), m_s=3.5)
BENIGN = crowd_walks(9, (-5.0, 10.0), toward=(1.0, 0.0), m_s=1.5)


def told(facts):
    return findings(Running(), facts, RESOURCES)


def test_running_together_and_apart_have_their_grades():
    assert [one.grade for one in told(ALARM)] == ["together"]
    assert [one.grade for one in told(crowd_walks(8, (0.0, 11.0), m_s=3.5))] == ["outward"]


def test_three_runners_are_none():
    assert told(crowd_walks(3, (-5.0, 10.0), toward=(1.0, 0.0), m_s=3.5)) == []


def test_few_runners_among_many_walkers_are_none():
    runners, walkers = crowd_walks(4, (-5.0, 10.0), toward=(1.0, 0.0), m_s=3.5), crowd_walks(30, (-2.0, 11.0), m_s=0.5)
    both = [
        replace(fact, body=replace(fact.body, tracks=(*fact.body.tracks, *_others(other.body.tracks))))
        for fact, other in zip(runners, walkers, strict=True)
    ]
    assert told(both) == []


def _others(tracks):
    return tuple(replace(one, id=one.id + 100) for one in tracks)


def test_people_on_bicycles_do_not_run():
    ridden = [
        replace(fact, body=replace(fact.body, tracks=(*fact.body.tracks, *(_bicycle(one) for one in fact.body.tracks))))
        for fact in ALARM
    ]
    assert told(ridden) == []


def _bicycle(person: Track) -> Track:
    x1, y1, x2, y2 = person.box
    ridden = (x1 - 0.02, (y1 + y2) / 2, x2 + 0.02, y2 + 0.01)
    return replace(person, id=person.id + 50, label="bicycle", box=ridden)


def test_a_moment_is_not_enough():
    assert told(crowd_walks(6, (-5.0, 10.0), toward=(1.0, 0.0), m_s=3.5, lasting_s=1.2)) == []


def test_one_rush_is_one_finding():
    found = told(crowd_walks(6, (-6.0, 10.0), toward=(1.0, 0.0), m_s=3.0, lasting_s=4.4))
    assert len({one.id for one in found}) == 1


def test_a_track_that_jumps_is_no_runner():
    spots = [(20.0 * (n // 6 % 2), 10.0) for n in range(60)]
    jumps = [[track((0.1 + 0.1 * k, 0.6), id=k, east_m=x + k, north_m=y) for k in range(6)] for x, y in spots]
    assert told(frames(jumps, calibrated=True)) == []


def test_a_camera_that_is_not_placed_is_not_judged():
    assert findings(Running(), ALARM, city_with(analytics=["vision.running"])) == []


def test_the_place_is_that_of_the_runners():
    (found,) = told(ALARM)
    assert found.place.radius_m < 6.0
    assert found.place.lat > SQUARE.lat
