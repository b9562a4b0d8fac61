"""A crossing needs a sure stand on both sides and a way between the ends of the line."""

import pytest

from tocsin.city.cameras import Line
from tocsin.contract.camera_cases import city_with, frames, path, track, walk, with_ids
from tocsin.contract.folding import findings
from tocsin.detectors.vision.line import CrossedLine

GATE = {"id": "gate", "a": (0.5, 0.3), "b": (0.5, 0.9)}
RESOURCES = city_with(lines=[Line(**GATE, allowed="forward")], analytics=["vision.line"])
ALARM = walk((0.3, 0.6), (0.7, 0.6))
BENIGN = walk((0.7, 0.6), (0.3, 0.6))


def told(facts, allowed="forward", **more):
    return findings(
        CrossedLine(), facts, city_with(lines=[Line(**GATE, allowed=allowed, **more)], analytics=["vision.line"])
    )


@pytest.mark.parametrize(
    ("allowed", "rightward", "leftward"), [("both", 0, 0), ("forward", 1, 0), ("backward", 0, 1), ("none", 1, 1)]
)
def test_each_direction_is_allowed_or_not(allowed, rightward, leftward):
    """The line runs down the picture: who walks it from a to b has the right half at their left."""
    assert (len(told(ALARM, allowed)), len(told(BENIGN, allowed))) == (rightward, leftward)


def test_jitter_on_the_line_is_no_crossing():
    way = [(0.5 + 0.01 * (-1) ** n, 0.6) for n in range(200)]
    assert told(frames([[track(spot)] for spot in way]), "none") == []


def test_going_round_the_end_is_no_crossing():
    assert told(walk((0.3, 0.6), (0.4, 0.97), (0.6, 0.97), (0.7, 0.6)), "none") == []


def test_turning_back_on_the_line_is_no_crossing():
    assert told(walk((0.3, 0.6), (0.51, 0.6), (0.3, 0.6)), "none") == []


def test_to_and_fro_is_one_finding_per_direction():
    found = told(walk((0.3, 0.6), (0.7, 0.6), (0.3, 0.6), (0.7, 0.6), (0.3, 0.6)), "none")
    assert (len(found), len({one.id for one in found})) == (4, 2)


def test_an_identity_that_switches_on_the_line_still_crosses():
    ids = [1 if fact.body.tracks[0].box[0] < 0.48 else 2 for fact in ALARM]
    assert len(told(with_ids(ALARM, ids))) == 1


def test_only_named_classes_count():
    assert told(walk((0.3, 0.6), (0.7, 0.6), label="car")) == []
    assert [one.grade for one in told(walk((0.3, 0.6), (0.7, 0.6), label="car"), labels=("vehicle",))] == ["vehicle"]


def test_feet_hidden_by_something_in_front_do_not_jump_over_a_level_line():
    level = Line(id="kerb", a=(0.2, 0.6), b=(0.8, 0.6), allowed="none")
    way = path((0.3, 0.65), (0.7, 0.65), step=0.006)
    boxes = [track(spot, height=0.3) for spot in way]
    cut = [_cut(one, 0.08) if 20 <= n < 32 else one for n, one in enumerate(boxes)]
    assert (
        findings(CrossedLine(), frames([[one] for one in cut]), city_with(lines=[level], analytics=["vision.line"]))
        == []
    )


def _cut(one, by):
    x1, y1, x2, y2 = one.box
    return type(one)(one.id, one.label, (x1, y1, x2, y2 - by), one.since)
