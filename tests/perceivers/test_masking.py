"""Everybody in a picture is filled before it is encoded; pictures are few, more while somebody watches."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.perceivers.scenes import PLAIN, SIZE, city, decoded, magenta_px, moves, pictures, run, scene, street
from tocsin.contract import checks
from tocsin.contract.declared import Sample
from tocsin.contract.examples import START_AT
from tocsin.contract.protocols import Wanted
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, ContractBroken, Level
from tocsin.perceivers.masking import Masking

ROOT = Path(__file__).resolve().parents[2]
ANNA, BEN = (20, 30, 44, 100), (90, 20, 120, 110)
ALARM = [scene([ANNA, BEN], number=n, every_s=5.0) for n in range(3)]
WATCHED = Wanted(source="cam-1", level=Level.REDACTED, until=START_AT + 10.0, watched=True)


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_contract(check):
    check(PLAIN, Sample(alarm=ALARM), ROOT)


def test_people_are_gone_and_the_rest_is_as_it_was():
    [body] = pictures(run(ALARM[:1]))
    shown, clear = decoded(body), street([ANNA, BEN])
    assert magenta_px(clear) > 4_000
    assert magenta_px(shown) == 0
    assert abs(shown[:20].astype(int) - clear[:20]).mean() < 12
    assert (body.of, body.count, body.width, body.height, body.kind) == (0, 2, 160, 120, "masked")
    assert 0.2 < body.filled < 0.5


def test_pictures_are_few_and_more_while_watched():
    frames = [scene([ANNA], number=n, every_s=0.1) for n in range(200)]
    assert len(pictures(run(frames))) == 4
    watched = pictures(run(frames, wanted=[WATCHED]))
    assert len([one for one in watched if one.of <= 100]) == 21
    assert len([one for one in watched if one.of > 100]) == 1


def test_short_computing_makes_pictures_fewer_and_never_less_filled():
    frames = [scene([ANNA], number=n, every_s=0.1) for n in range(200)]
    paced = pictures(run(frames, share=0.5))
    assert [one.of for one in paced] == [0, 100]
    assert {one.filled for one in paced} <= {one.filled for one in pictures(run(frames))}


def test_the_time_since_the_last_picture_is_told():
    assert [one.every_s for one in pictures(run(ALARM))] == [0.0, 5.0, 5.0]


def test_boxes_below_the_trackers_threshold_are_filled_too():
    [body] = pictures(run([scene([ANNA], extra=[BEN], picture=street([ANNA, BEN]))]))
    assert magenta_px(decoded(body)) == 0


def test_a_box_not_found_again_grows_with_time_and_speed():
    def filled(step, after_s):
        moved = [scene([(20 + n * step, 30, 44 + n * step, 100)], number=n, every_s=0.2) for n in range(3)]
        held = scene([(28, 30, 52, 100)], number=10, every_s=after_s / 10, seen=(False,))
        return pictures(run([*moved, held], replace(PLAIN, pictures_per_s=100.0)))[-1].filled

    assert filled(0, 1.0) < filled(0, 1.5) < filled(4, 1.5)


def test_motion_is_filled_where_people_are_expected():
    reading = scene([], moving=moves((2, 10), (8, 12)), picture=street([(80, 20, 120, 100)]))
    [body] = pictures(run([reading]))
    assert magenta_px(decoded(body)) == 0
    [open_road] = pictures(run([reading], resources=Resources(city=city(people_expected=False))))
    assert magenta_px(decoded(open_road)) > 2_500


def test_motion_of_a_vehicle_is_explained_only_where_the_detector_looked():
    car = {"labels": ("car",), "moving": moves((4, 9), (6, 14))}
    [seen, held] = (pictures(run([scene([(60, 40, 140, 90)], detected=looked, **car)])) for looked in (True, False))
    assert seen[0].filled == 0.0
    assert held == []
    frames = [scene([(60, 40, 140, 90)], number=n, detected=n == 0, **car) for n in range(2)]
    assert pictures(run(frames, replace(PLAIN, pictures_per_s=1.0)))[1].filled > 0.2


def test_private_areas_are_filled_in_every_picture():
    ring = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5))
    private = Resources(city=city(private=(ring,)))
    window = street([(80, 0, 160, 60)])
    [body] = pictures(run([scene([], picture=window)], resources=private))
    assert magenta_px(decoded(body)) == 0
    assert 0.24 < body.filled < 0.30


@pytest.mark.parametrize(
    ("label", "box", "banded"),
    [
        ("car", (10, 10, 150, 110), True),
        ("car", (10, 10, 150, 70), False),
        ("bus", (10, 10, 150, 110), False),
        ("dog", (10, 10, 150, 110), False),
    ],
)
def test_plates_are_filled_where_they_could_be_read(label, box, banded):
    [body] = pictures(run([scene([box], labels=(label,), picture=street())]))
    assert (body.filled > 0.1) is banded


def test_a_single_frame_needs_no_memory():
    stage = PLAIN.start(Resources())
    assert len(stage.perceive(ALARM[0]).readings) == 1
    with pytest.raises(ContractBroken, match="start"):
        PLAIN.perceive(ALARM[0])


def test_another_resolution_begins_anew():
    wide = scene([ANNA], number=9, picture=street([ANNA], size=(240, 320)))
    bodies = pictures(run([ALARM[0], wide]))
    assert [(one.width, one.height) for one in bodies] == [(160, 120), (320, 240)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"pictures_per_s": 0.0},
        {"score_min": 0.0},
        {"full_share": 1.5},
        {"grow": -1.0},
        {"colour": (1, 2, 300)},
        {"quality": 0},
    ],
)
def test_parameters_that_cannot_work_are_refused(wrong):
    with pytest.raises(ConfigError, match=r"vision\.masking needs"):
        Masking(**wrong)


def test_sizes_of_the_samples_are_what_they_seem():
    assert street().shape == (*SIZE, 3)
