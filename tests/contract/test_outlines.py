"""Depth in areas and sides of lines, as laws over many shapes."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tocsin.city.cameras import Hours
from tocsin.contract.camera_views import within
from tocsin.contract.outlines import Outline, Stroke, spoken

share = st.floats(0.0, 1.0)
spot = st.tuples(share, share)


@given(st.lists(spot, min_size=3, max_size=8, unique=True), spot)
def test_the_sign_of_the_depth_says_inside(ring, point):
    depth = Outline.of(ring, 1.0).depth(*point)
    assume(abs(depth) > 1e-9)
    assert (depth > 0) == within(point, ring)


@given(spot, spot, spot, spot)
def test_to_and_fro_through_a_line_cancel_out(a, b, was, now):
    assume(a != b)
    stroke = Stroke(a, b)
    assume(min(abs(stroke.left(*was)), abs(stroke.left(*now))) > 1e-9)
    assert stroke.passed(was, now) == -stroke.passed(now, was)


def test_a_narrow_strip_can_be_entered_whatever_the_margin():
    strip = Outline.of(((0.0, 0.5), (1.0, 0.5), (1.0, 0.52), (0.0, 0.52)), 16 / 9)
    assert strip.margin(0.1) < strip.depth(0.9, 0.51)


def test_a_ring_without_area_holds_nothing():
    assert Outline.of(((0.5, 0.5), (0.5, 0.5), (0.5, 0.5)), 1.0).depth(0.5, 0.5) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("hours", "said"), [(Hours(since=22, until=6), " between 22:00 and 06:00"), (Hours(until=24), "")]
)
def test_hours_in_words(hours, said):
    assert spoken(hours) == said
