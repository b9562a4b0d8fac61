"""Of boxes that mean the same thing the surest stays, and cut boxes yield to whole ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tocsin.inference.detected import Detected
from tocsin.inference.suppression import overlaps, suppressed, without_cut_doubles

NAMES = ("person", "car")
SPANS = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 40), st.integers(1, 40))
ROWS = st.lists(st.tuples(SPANS, st.integers(1, 100), st.integers(0, 1)), max_size=12)


def found(rows):
    boxes = [[x, y, x + width, y + height] for (x, y, width, height), _, _ in rows]
    scores = [score / 100 for _, score, _ in rows]
    classes = [which for _, _, which in rows]
    return Detected(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.array(classes, np.int64),
        NAMES,
    )


@given(ROWS)
def test_what_stays_does_not_overlap_and_what_went_had_a_surer_rival(rows):
    every = found(rows)
    kept = suppressed(every, 0.5)
    iou, _ = overlaps(kept.boxes, kept.boxes)
    same = kept.classes[:, None] == kept.classes[None]
    assert ((iou <= 0.5) | ~same | np.eye(len(kept), dtype=bool)).all()
    for box, score, which in zip(every.boxes, every.scores, every.classes, strict=True):
        rivals = kept.where((kept.classes == which) & (kept.scores >= score))
        near, _ = overlaps(box[None], rivals.boxes)
        assert (near > 0.5).any() or (rivals.boxes == box).all(1).any()


@given(ROWS)
def test_suppressing_twice_changes_nothing(rows):
    once = suppressed(found(rows), 0.5)
    twice = suppressed(once, 0.5)
    assert (once.boxes == twice.boxes).all()
    assert (np.diff(once.scores) <= 0).all()


def test_a_cut_box_yields_to_the_whole_one_that_holds_it_even_if_surer():
    both = found([((0, 0, 10, 40), 50, 0), ((0, 0, 10, 12), 90, 0), ((30, 0, 10, 12), 90, 0)])
    kept = without_cut_doubles(both, np.array([False, True, True]), 0.7, 0.6)
    assert kept.boxes.tolist() == [[30, 0, 40, 12], [0, 0, 10, 40]]


def test_classes_are_chosen_by_their_words():
    both = found([((0, 0, 10, 40), 50, 0), ((0, 0, 10, 12), 90, 1)])
    assert both.only("car").scores.tolist() == found([((0, 0, 10, 12), 90, 1)]).scores.tolist()
    assert len(both.only("dog")) == 0
