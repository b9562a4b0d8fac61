"""A fall keeps the feet and loses the height, and stays; hiding, sitting, leaving and joints that stand are none."""

from msgspec.structs import replace

from tocsin.contract.camera_cases import CAMERA, city_with, falling, frames, track, walk
from tocsin.contract.examples import seen
from tocsin.contract.folding import findings
from tocsin.contract.pictures import Posture, Postures, Track
from tocsin.detectors.vision.fall import Fall

RESOURCES = city_with(analytics=["vision.fall"])
ALARM = falling()
BENIGN = walk((0.3, 0.6), (0.6, 0.6), stay=60, height=0.3)


def told(facts):
    return findings(Fall(), facts, RESOURCES)


def shaped(shapes, spot=(0.5, 0.7)):
    """One track whose box has these sizes in turn (0.2 s each), its lower edge raised by the last number."""
    x, y = spot
    boxes = [(x - w / 2, y - h - up, x + w / 2, y - up) for h, w, up in shapes]
    return frames([[Track(1, "person", box, ALARM[0].at)] for box in boxes])


STANDS = [(0.2, 0.04, 0.0)] * 15


def test_who_stays_down_is_told_and_told_again():
    found = told(falling(down_s=70.0))
    assert [one.grade for one in found] == ["shape", "shape"]
    assert len({one.id for one in found}) == 1


def test_who_gets_up_is_not_told():
    assert (
        told(falling(down_s=3.0) + [replace(one, at=one.at + 7.0, seq=one.seq + 90) for one in falling(down_s=0.0)])
        == []
    )


def test_feet_hidden_by_something_in_front_are_no_fall():
    assert told(shaped(STANDS + [(0.08, 0.05, 0.12)] * 60)) == []


def test_sitting_down_is_no_fall():
    assert told(shaped(STANDS + [(0.13, 0.05, 0.0)] * 60)) == []


def test_what_lay_there_from_the_start_is_no_fall():
    assert told(shaped([(0.06, 0.11, 0.0)] * 80)) == []


def test_a_box_cut_by_the_edge_of_the_picture_is_not_judged():
    assert told(shaped(STANDS + [(0.06, 0.11, 0.0)] * 60, spot=(0.5, 0.995))) == []


def test_an_identity_that_switches_in_falling_is_still_one_fall():
    switched = [_renamed(fact, 7) if n > 17 else fact for n, fact in enumerate(ALARM)]
    assert [one.grade for one in told(switched)] == ["shape"]


def _renamed(fact, number):
    (one,) = fact.body.tracks
    return replace(fact, body=replace(fact.body, tracks=(replace(one, id=number, since=fact.at - 0.4),)))


def posed(facts, torso):
    """Each frame followed by a stick figure whose hips lie that far from its shoulders."""
    joints = [(0.0, 0.0, 0.0)] * 17
    for n in (5, 6):
        joints[n] = (0.5, 0.5, 0.9)
    for n in (11, 12):
        joints[n] = (0.5 + torso[0], 0.5 + torso[1], 0.9)
    body = Postures(postures=(Posture(1, tuple(joints)),))
    return [one for fact in facts for one in (fact, seen(body, at=fact.at, seq=10_000 + fact.seq, source=CAMERA))]


def test_joints_that_lie_confirm_it():
    standing, lying = posed(ALARM[:18], (0.0, 0.1)), posed(ALARM[18:], (0.1, 0.0))
    assert [one.grade for one in told(standing + lying)] == ["joints"]


def test_joints_that_stand_refute_it():
    assert told(posed(ALARM, (0.0, 0.1))) == []


def test_joints_alone_tell_a_fall_along_the_line_of_sight():
    low = shaped(STANDS + [(0.15, 0.05, 0.0)] * 60)
    assert [one.grade for one in told(posed(low[:15], (0.0, 0.1)) + posed(low[15:], (0.1, 0.0)))] == ["joints"]


def test_too_few_pixels_per_metre_are_not_judged():
    small = [replace(fact, body=replace(fact.body, tracks=_smaller(fact.body.tracks))) for fact in ALARM]
    assert told(small) == []


def _smaller(tracks):
    return tuple(
        replace(
            one, box=(0.5 + (one.box[0] - 0.5) / 2, 0.7 + (one.box[1] - 0.7) / 2, 0.5 + (one.box[2] - 0.5) / 2, 0.7)
        )
        for one in tracks
    )


def test_walking_behind_a_low_wall_and_out_again_is_no_fall():
    way = [track((0.3 + 0.003 * n, 0.6), height=0.3) for n in range(100)]
    cut = [replace(one, box=(*one.box[:3], 0.45)) if 40 <= n < 70 else one for n, one in enumerate(way)]
    assert told(frames([[one] for one in cut])) == []
