"""Laws of the tracker in the picture: what it must do whatever comes, and what it keeps of people who walk."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model import BadInput, ConfigError
from tocsin.physics.tracking import Tracker, Tracking, common_shift, shift_of_pictures

WALKER = np.array([10.0, 10.0, 30.0, 60.0])
STEP = np.array([2.0, 0.0, 2.0, 0.0])
WALKING = Tracking.walking(score_even=0.4)
FRAMES = st.lists(
    st.lists(st.tuples(st.floats(0, 600), st.floats(0, 400), st.floats(0.3, 0.99)), max_size=8), max_size=8
)


def boxes_of(frame, shift=(0.0, 0.0)):
    """Boxes of one size at the places of a frame, with their scores."""
    places = np.array(frame, dtype=float).reshape(-1, 3)
    corners = places[:, :2] + np.array(shift)
    return np.hstack([corners, corners + np.array([40.0, 100.0])]), places[:, 2]


def walk(tracker, steps, rate_hz=10.0, start=0):
    """A walker, seen in every frame."""
    for step in range(start, start + steps):
        tracked = tracker.update(step / rate_hz, (WALKER + step * STEP)[None], np.array([0.9]))
    return tracked


def test_a_walker_keeps_its_id_over_missed_frames():
    tracker = Tracker()
    walk(tracker, 10)
    held = tracker.coast(1.0)
    assert (held.ids.tolist(), held.seen.tolist()) == ([1], [False])
    back = walk(tracker, 1, start=14)
    assert (back.ids.tolist(), back.seen.tolist()) == ([1], [True])


def test_a_track_moves_on_while_nobody_looks():
    tracker = Tracker()
    last = walk(tracker, 20).boxes[0, 0]
    assert tracker.coast(2.4).boxes[0, 0] == pytest.approx(last + 10.0, abs=2.0)
    assert tracker.coast(2.4).velocities_px_s[0] == pytest.approx([20.0, 0.0], abs=2.0)


def test_coasting_counts_nothing_as_missed():
    tracker = Tracker()
    belief = walk(tracker, 10).belief[0]
    for at in np.linspace(0.9, 1.5, 30):
        coasted = tracker.coast(float(at))
    assert (coasted.belief[0], coasted.confirmed[0]) == (belief, True)


def test_the_rate_of_frames_does_not_matter():
    for rate_hz in (5.0, 30.0):
        tracker = Tracker()
        for step in range(int(3 * rate_hz)):
            at = step / rate_hz
            tracked = tracker.update(at, (WALKER + at * 10 * STEP)[None], np.array([0.9]))
        assert tracked.ids.tolist() == [1]
        assert tracked.velocities_px_s[0, 0] == pytest.approx(20.0, abs=1.0)


def test_a_lost_track_ends():
    tracker = Tracker(Tracking(memory_s=0.5))
    walk(tracker, 10)
    assert len(tracker.update(1.3, np.zeros((0, 4)), np.zeros(0))) == 1
    assert len(tracker.update(1.6, np.zeros((0, 4)), np.zeros(0))) == 0
    assert walk(tracker, 1, start=30).ids.tolist() == [2]


def test_a_picture_that_never_moves_remembers_longer():
    tracker = Tracker(Tracking(static_camera=True))
    for step in range(20):
        tracker.update(step / 10, WALKER[None], np.array([0.9]))
    for step in range(20, 40):
        tracker.update(step / 10, np.zeros((0, 4)), np.zeros(0))
    for step in range(40, 43):
        tracked = tracker.update(step / 10, WALKER[None], np.array([0.9]))
    assert (tracked.ids.tolist(), tracked.since.tolist()) == ([1], [0.0])


def test_who_is_hidden_is_shown_a_little_longer():
    tracker = Tracker(Tracking(hold_s=0.0, hold_hidden_s=0.3))
    behind, front = np.array([100.0, 50, 140, 150]), np.array([98.0, 40, 148, 165])
    tracker.update(0.0, np.array([behind, front]), np.array([0.9, 0.8]))
    tracker.update(0.2, np.array([behind, front]), np.array([0.9, 0.8]))
    shown = [tracker.update(at, front[None], np.array([0.9])).shown[0] for at in (0.3, 0.4, 0.6)]
    assert shown == [True, True, False]


def test_a_box_of_impossible_size_starts_no_track():
    tracker, feet = (
        Tracker(Tracking.walking(score_even=0.5, sure=1.0), 640, 480),
        np.array([250.0, 300.0, 350.0, 400.0]),
    )
    people = np.column_stack([feet, feet - 0.6 * (feet - 100), feet + 0.24 * (feet - 100), feet])
    for step in range(60):
        tracker.update(step / 10, people, np.full(4, 0.9))
    dwarf = np.array([[20.0, 370, 40, 420]])
    tracked = tracker.update(6.0, np.vstack([people, dwarf]), np.full(5, 0.9))
    assert len(tracked) == 4


def test_what_is_no_box_is_dropped_and_counted():
    boxes = np.array([WALKER, [np.nan, 0, 1, 1], [0, 0, np.inf, 1], [5, 5, 5, 5], [0, 0, 1e9, 1e9]])
    tracked = Tracker().update(0.0, boxes, np.full(5, 0.9))
    assert (len(tracked), tracked.dropped) == (1, 4)
    assert Tracker().update(0.0, WALKER[None], np.array([np.nan])).dropped == 1


def test_more_than_the_limit_is_dropped_by_score():
    boxes = np.array([WALKER + 100 * step for step in range(5)])
    tracked = Tracker(Tracking(detections_max=2)).update(0.0, boxes, np.array([0.9, 0.95, 0.9, 0.99, 0.9]))
    assert (sorted(tracked.source.tolist()), tracked.dropped) == ([1, 3], 3)


@pytest.mark.parametrize("jump_s", [-100.0, 3600.0])
def test_a_jump_of_time_starts_afresh_and_uses_no_id_twice(jump_s):
    tracker = Tracker()
    walk(tracker, 10)
    assert tracker.update(0.9 + jump_s, (WALKER + 9 * STEP)[None], np.array([0.9])).ids.tolist() == [2]


def test_two_frames_at_one_time_are_one_moment():
    tracker = Tracker()
    walk(tracker, 10)
    assert tracker.update(0.9, (WALKER + 9 * STEP)[None], np.array([0.9])).ids.tolist() == [1]


@pytest.mark.parametrize("at", [float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(at):
    with pytest.raises(BadInput, match="finite"):
        Tracker().update(at, WALKER[None], np.array([0.9]))


def test_scores_must_fit_the_boxes():
    with pytest.raises(BadInput, match="one score per box"):
        Tracker().update(0.0, WALKER[None], np.ones(2))


@pytest.mark.parametrize("wrong", [{"low": 0.5, "high": 0.3}, {"memory_s": 0.0}, {"score_even": 1.0}])
def test_parameters_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigError, match="Tracking needs"):
        Tracking(**wrong)


@settings(max_examples=25, deadline=None)
@given(FRAMES, st.randoms(use_true_random=False), st.sampled_from([Tracking(), WALKING]))
def test_the_order_of_detections_does_not_matter(frames, chance, tracking):
    one, other = Tracker(tracking), Tracker(tracking)
    for at, frame in enumerate(frames):
        mixed = chance.sample(frame, len(frame))
        a, b = one.update(at / 10, *boxes_of(frame)), other.update(at / 10, *boxes_of(mixed))
        assert np.array_equal(a.boxes, b.boxes)
        assert a.ids.tolist() == b.ids.tolist()


@settings(max_examples=40, deadline=None)
@given(FRAMES, st.floats(-300, 300), st.floats(-300, 300))
def test_a_shifted_world_has_shifted_tracks(frames, x, y):
    one, other = Tracker(), Tracker()
    for at, frame in enumerate(frames):
        a, b = one.update(at / 10, *boxes_of(frame)), other.update(at / 10, *boxes_of(frame, (x, y)))
        assert len(a) == len(b)
        assert np.allclose(np.sort(a.boxes[:, 0]) + x, np.sort(b.boxes[:, 0]), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(FRAMES)
def test_every_row_is_sound(frames):
    tracker, known = Tracker(WALKING, 640, 480), set()
    for at, frame in enumerate(frames):
        tracked = tracker.update(at / 10, *boxes_of(frame))
        ids, sources = set(tracked.ids.tolist()), tracked.source[tracked.seen]
        assert len(ids) == len(tracked)
        assert np.isfinite(tracked.boxes).all()
        assert (tracked.boxes[:, 2:] > tracked.boxes[:, :2]).all()
        assert len(set(sources.tolist())) == len(sources)
        assert all(new > max(known, default=0) for new in ids - known)
        known |= ids


def test_a_camera_that_turns_is_followed():
    still, turned, affine = Tracker(), Tracker(), np.array([[1.0, 0, 30], [0, 1, 5]])
    for tracker in (still, turned):
        walk(tracker, 10)
    moved = (WALKER + 10 * STEP + [30, 5, 30, 5])[None]
    assert turned.update(1.0, moved, np.array([0.9]), affine).ids.tolist() == [1]
    assert 1 not in still.update(1.0, moved, np.array([0.9])).ids[[-1]].tolist()


@pytest.mark.parametrize(("affine", "words"), [(np.full((2, 3), np.nan), "affine"), (np.zeros((2, 3)), "zooms")])
def test_an_affine_that_is_none_is_refused(affine, words):
    tracker = Tracker()
    walk(tracker, 2)
    with pytest.raises(BadInput, match=words):
        tracker.update(0.3, WALKER[None], np.array([0.9]), affine)


def test_the_shift_of_two_pictures_is_found_beside_people_who_walk():
    pytest.importorskip("cv2")
    chance = np.random.default_rng(1)
    street = np.kron(chance.integers(0, 255, (60, 80)), np.ones((8, 8))).astype(np.uint8)
    before, after = street[20:420, 20:560].copy(), street[14:414, 11:551].copy()
    before[100:200, 100:150], after[100:200, 130:180] = 255, 255
    affine = shift_of_pictures(before, after, np.array([[90.0, 90, 190, 210]]))
    assert affine[:, 2] == pytest.approx([9.0, 6.0], abs=0.3)
    assert shift_of_pictures(np.zeros_like(before), np.zeros_like(before)).tolist() == [[1, 0, 0], [0, 1, 0]]


@settings(max_examples=30, deadline=None)
@given(st.floats(-15, 15), st.floats(-15, 15))
def test_what_all_boxes_do_is_the_camera(x, y):
    people = np.array([[100.0 * n, 50, 100 * n + 40, 150] for n in range(6)])
    found = people + np.array([x, y, x, y])
    found[0, [0, 2]] += 12.0  # one walks
    affine = common_shift(people, found)
    assert np.allclose(people[3, :2] @ affine[:, :2].T + affine[:, 2], people[3, :2] + [x, y], atol=2.5)


def test_one_box_says_nothing_about_the_camera():
    assert common_shift(WALKER[None], WALKER[None] + 5).tolist() == [[1, 0, 0], [0, 1, 0]]
