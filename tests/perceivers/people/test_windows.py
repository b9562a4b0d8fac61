"""Windows are few, and hold what is due at a size at which it is found."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tocsin.perceivers.people.windows import Places, chosen, held, shown, sweep

SIZE = (720, 1280)
SIDE = 416


def places(boxes, urgency=2.0):
    boxes = np.array(boxes, np.float64).reshape(-1, 4)
    return Places(boxes, boxes[:, 3] - boxes[:, 1], np.full(len(boxes), urgency))


def person(x, y, height):
    return (x - height / 5, y - height, x + height / 5, y)


def test_one_person_gets_one_window_around_it():
    [window] = chosen(places([person(600, 400, 80)]), SIZE, SIDE, 3)
    assert held([window], places([person(600, 400, 80)]).boxes).all()


def test_neighbours_share_a_window():
    group = [person(x, 400, 80) for x in (500, 560, 620, 680)]
    assert len(chosen(places(group), SIZE, SIDE, 3)) == 1


def test_tall_people_get_bigger_windows_than_small_ones():
    [small] = chosen(places([person(600, 400, 40)]), SIZE, SIDE, 1)
    [tall] = chosen(places([person(600, 600, 400)]), SIZE, SIDE, 1)
    assert tall.height > 1.5 * small.height


def test_what_is_not_due_opens_no_window():
    assert chosen(places([person(600, 400, 80)], urgency=0.9), SIZE, SIDE, 3) == []


def test_among_many_a_single_one_waits_a_while():
    crowd = [person(60 + 30 * n, 400, 80) for n in range(20)]
    some = places(crowd, urgency=0.2)
    some.urgency[3] = 1.2
    assert chosen(some, SIZE, SIDE, 3) == []
    some.urgency[3] = 2.6
    assert len(chosen(some, SIZE, SIDE, 3)) == 1


def test_a_window_that_is_shrunk_too_much_shows_nobody_small():
    whole = sweep(SIZE, SIDE, 0.2)[0]
    boxes = np.array([person(600, 400, 40), person(600, 700, 400)], np.float64)
    small, tall = shown([whole], boxes, boxes[:, 3] - boxes[:, 1], SIDE)[0]
    assert small < 0.3
    assert tall == 1.0


@given(
    st.lists(st.tuples(st.integers(0, 1280), st.integers(60, 720), st.integers(20, 500)), min_size=1, max_size=30),
    st.integers(1, 4),
)
def test_windows_lie_in_the_picture_and_are_no_more_than_allowed(people, count):
    boxes = np.clip([person(*one) for one in people], 0, [1280, 720, 1280, 720])
    windows = chosen(places(boxes), SIZE, SIDE, count)
    assert 1 <= len(windows) <= count
    for one in windows:
        assert 0 <= one.left <= one.left + one.width <= SIZE[1]
        assert 0 <= one.top <= one.top + one.height <= SIZE[0]
