"""Several who run one way or apart are told; one runner, walkers, riders and a crossing of runners are not."""

from msgspec.structs import replace

from tocsin.contract.camera_cases import city_with, crowd_walks, frames, track
from tocsin.contract.folding import findings
from tocsin.contract.pictures import Track
from tocsin.detectors.vision.running import Running

RESOURCES = city_with(analytics=["vision.running"])
ALARM = crowd_walks(6, (0.1, 0.5), toward=(1.0, 0.0), m_s=3.5)
BENIGN = crowd_walks(9, (0.1, 0.5), toward=(1.0, 0.0), m_s=1.5)


def told(facts):
    return findings(Running(), facts, RESOURCES)


def test_running_together_and_apart_have_their_grades():
    assert [one.grade for one in told(ALARM)] == ["together"]
    assert [one.grade for one in told(crowd_walks(8, (0.5, 0.5), m_s=3.5))] == ["outward"]


def test_three_runners_are_none():
    assert told(crowd_walks(3, (0.1, 0.5), toward=(1.0, 0.0), m_s=3.5)) == []


def test_few_runners_among_many_walkers_are_none():
    runners, walkers = crowd_walks(4, (0.1, 0.5), toward=(1.0, 0.0), m_s=3.5), crowd_walks(30, (0.2, 0.5), m_s=0.5)
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
    return Track(person.id + 50, "bicycle", (x1 - 0.02, y1 + 0.04, x2 + 0.02, y2 + 0.01), person.since)


def test_a_moment_is_not_enough():
    assert told(crowd_walks(6, (0.1, 0.5), toward=(1.0, 0.0), m_s=3.5, lasting_s=1.6)) == []


def test_one_rush_is_one_finding():
    found = told(crowd_walks(6, (0.0, 0.5), toward=(1.0, 0.0), m_s=3.0, lasting_s=12.0))
    assert len({one.id for one in found}) == 1


def test_a_track_that_jumps_is_no_runner():
    jumps = frames([[track((0.1 + 0.2 * (n // 6 % 2) + 0.02 * k, 0.5), id=k) for k in range(6)] for n in range(60)])
    assert told(jumps) == []
