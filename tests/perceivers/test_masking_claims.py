"""Claims: boxes half believed in become masks where they agree, or where being wrong costs little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.perceivers.scenes import pictures, run, scene, street
from tocsin.perceivers.masking import Masking
from tocsin.perceivers.masking.claims import Belief, Opinion, claims


def opinion(*rows, scale=1.0):
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Opinion(table[:, :4], table[:, 4], scale)


def test_boxes_of_one_person_are_one_claim_as_wide_as_nearly_all_of_them():
    found = claims([opinion((10, 10, 30, 60, 0.5), (8, 10, 30, 62, 0.4), (12, 11, 36, 60, 0.3), (10, 0, 30, 60, 0.05))])
    assert found.boxes.tolist() == [[8.0, 10.0, 36.0, 62.0]]


def test_what_only_one_model_sees_counts_half():
    alone = claims([opinion((10, 10, 30, 60, 0.4)), opinion()])
    both = claims([opinion((10, 10, 30, 60, 0.4)), opinion((10, 10, 31, 60, 0.4))])
    assert (alone.evidence.tolist(), both.evidence.tolist()) == (pytest.approx([0.2]), pytest.approx([0.4]))


def test_bigger_boxes_need_more():
    shares = np.geomspace(1e-5, 1, 40)
    assert (np.diff(Belief().needed(shares)) >= 0).all()


def test_no_models_claim_nothing():
    assert len(claims([])) == len(claims([opinion()])) == 0


@st.composite
def opinions(draw):
    seed, count = draw(st.integers(0, 2**32 - 1)), draw(st.integers(0, 60))
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 80, (count, 2))
    rows = np.concatenate(
        [corners, corners + random.uniform(0, 60, (count, 2)), random.uniform(0.04, 1, (count, 1))], 1
    )
    return [opinion(*rows[::2].tolist(), scale=0.5), opinion(*rows[1::2].tolist())]


@given(opinions())
@settings(deadline=None)
def test_every_claim_lies_within_its_boxes_and_is_believed_no_more_than_they(given_):
    found = claims(given_)
    every = np.concatenate([one.boxes for one in given_])
    assert (found.boxes[:, :2] <= found.boxes[:, 2:]).all()
    assert np.isin(found.boxes, every).all()
    assert found.evidence.max(initial=0) <= max((one.scores.max(initial=0) for one in given_), default=0) + 1e-6


@pytest.mark.needs_model("nanodet", "mb3-centernet", "centerface")
def test_with_its_models_it_looks_itself():
    [body] = pictures(run([scene([], picture=street(size=(240, 320)))], Masking()))
    assert body.of == 0
    assert body.filled < 0.2


@pytest.mark.needs_model("nanodet")
def test_tiles_are_looked_at_too():
    [body] = pictures(
        run([scene([], picture=street(size=(300, 420)))], Masking(models=("nanodet",), faces="", tile_px=240))
    )
    assert body.width == 420
