"""Masking fails closed: whatever is missing or wrong, there is no picture, and a reason."""

from dataclasses import replace as changed

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.perceivers.scenes import PLAIN, SIZE, pictures, run, scene
from tocsin.contract.pictures import Frame
from tocsin.contract.raster import EMPTY, Raster
from tocsin.contract.resources import Resources
from tocsin.model import BadInput
from tocsin.perceivers.masking import Masking
from tocsin.perceivers.masking.filling import Mask, painted

ANNA = (20.0, 30.0, 44.0, 100.0)
NAN = float("nan")


def raster(*rows, dtype=np.float64):
    return Raster.of(np.array(rows, dtype))


WRONG = {
    "a box that is no number": {"boxes_px": raster((20.0, NAN, 44.0, 100.0))},
    "an endless box": {"boxes_px": raster((20.0, 30.0, float("inf"), 100.0))},
    "a box turned inside out": {"boxes_px": raster((44.0, 30.0, 20.0, 100.0))},
    "a box too many": {"boxes_px": raster(ANNA, ANNA)},
    "no boxes for an id": {"boxes_px": EMPTY},
    "an id too many": {"ids": (1, 2)},
    "boxes of three": {"boxes_px": raster((1.0, 2.0, 3.0))},
    "bytes that are no boxes": {"boxes_px": Raster((1, 4), "<f8", b"short")},
    "boxes of words": {"boxes_px": Raster((1, 4), "|S1", b"abcd")},
    "further boxes that are no numbers": {"extra_px": raster((NAN, NAN, NAN, NAN))},
    "motion of another form": {"moving": Raster.of(np.zeros((2, 2, 2), np.uint8))},
    "a transform that is none": {"motion": raster((NAN, 0.0, 0.0), (0.0, 1.0, 0.0))},
    "a grey picture": {"frame": Frame(picture=Raster.of(np.zeros(SIZE, np.uint8)), number=0)},
    "a picture of floats": {"frame": Frame(picture=Raster.of(np.zeros((*SIZE, 3), np.float32)), number=0)},
    "a picture cut short": {"frame": Frame(picture=Raster((*SIZE, 3), "|u1", b"x"), number=0)},
    "a speck": {"frame": Frame(picture=Raster.of(np.zeros((4, 4, 3), np.uint8)), number=0)},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_scene_that_does_not_fit_together_becomes_no_picture(wrong):
    [perceived] = run([scene([ANNA], **wrong)])
    assert perceived.readings == ()
    [(raw, reason)] = perceived.rejected
    assert raw == b"frame 0"
    assert len(reason) > 20


def test_a_fault_does_not_end_the_others():
    frames = [scene([ANNA]), scene([ANNA], number=6, ids=(1, 2)), scene([ANNA], number=12)]
    assert [one.of for one in pictures(run(frames))] == [0, 12]


@pytest.mark.parametrize("missing", [{"models": ("no-such-model",)}, {"models": (), "faces": "no-such-model"}])
def test_without_a_model_that_was_asked_for_there_is_no_picture(missing):
    [perceived] = run([scene([ANNA])], Masking(**missing))
    assert perceived.readings == ()
    assert "no-such-model" in perceived.rejected[0][1]


def test_a_lasting_fault_is_told_as_often_as_a_picture_was_due():
    frames = [scene([ANNA], number=n, every_s=0.1, ids=(1, 2)) for n in range(100)]
    assert [len(one.rejected) for one in run(frames)].count(1) == 2
    assert [len(one.rejected) for one in run(frames, Masking(models=("no-such-model",)))].count(1) == 2


def test_models_that_were_not_fetched_are_the_reason(models):
    stage = Masking().start(Resources())
    assert "tocsin models fetch" in stage.problem
    assert "tocsin models fetch" in stage.perceive(scene([ANNA])).rejected[0][1]


def test_a_frame_that_nobody_looked_at_needs_what_moves():
    first, blind = scene([ANNA]), scene([ANNA], number=1, detected=False, moving=EMPTY)
    said = run([first, blind], changed(PLAIN, pictures_per_s=10.0))
    assert "nobody says what moves" in said[1].rejected[0][1]


def test_a_scene_never_looked_at_becomes_no_picture():
    [perceived] = run([scene([ANNA], detected=False)])
    assert "has not looked" in perceived.rejected[0][1]


@given(held=st.integers(1, 60))
@settings(deadline=None, max_examples=20)
def test_beyond_the_limit_no_picture_is_made(held):
    frames = [scene([ANNA], every_s=0.1), scene([ANNA], number=held, every_s=0.1, detected=False)]
    said = run(frames, changed(PLAIN, pictures_per_s=100.0))
    assert bool(said[1].readings) is (held * 0.1 <= PLAIN.held_s_max + 1e-6)


@given(mask_of=st.integers(0, 3), height=st.integers(118, 122), width=st.integers(158, 162))
def test_only_the_mask_of_this_very_frame_is_taken(mask_of, height, width):
    picture, mask = np.zeros((*SIZE, 3), np.uint8), Mask.empty(mask_of, (height, width))
    nobody = np.zeros((0, 4), np.float32)
    if (mask_of, height, width) == (2, *SIZE):
        assert painted(picture, 2, mask, colour=(1, 2, 3), outlined=nobody).shape == picture.shape
        return
    with pytest.raises(BadInput, match="no picture is made"):
        painted(picture, 2, mask, colour=(1, 2, 3), outlined=nobody)


def test_reasons_carry_nothing_of_the_picture():
    secret = Raster((*SIZE, 3), "|u1", b"a face" * 9_000)
    reading = scene([ANNA])
    [perceived] = run([replace(reading, body=replace(reading.body, frame=Frame(picture=secret, number=3)))])
    assert b"face" not in b"".join(raw + reason.encode() for raw, reason in perceived.rejected)
