"""Visits: one per person who walks by, over flicker and switches; nobody is joined who was away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.camera_cases import frames, track, walk, with_ids
from tocsin.contract.visits import GAP_S_MAX, VISITS_MAX, Follower, Scale, Walk, Watch, is_news

SCALE = Scale(16 / 9, in_metres=False)


def followed(facts, join_s=1.5):
    """The watch after these facts, and the visits seen on the way."""
    watch, seen = Watch[Walk](), set()
    for fact in facts:
        if is_news(watch, fact):
            pairs = Follower(Walk, join_s).follow(watch, fact, SCALE)
            seen |= {(one.first, one.since) for one, _ in pairs}
    return watch, seen


WAY = walk((0.2, 0.6), (0.8, 0.6))


def test_switching_identities_are_one_visit():
    _, seen = followed(with_ids(WAY, [n // 10 for n in range(len(WAY))]))
    assert len(seen) == 1


def test_without_joining_every_track_is_a_visit():
    _, seen = followed(with_ids(WAY, [n // 10 for n in range(len(WAY))]), join_s=0.0)
    assert len(seen) == (len(WAY) + 9) // 10


def test_two_who_are_there_together_are_never_joined():
    both = frames([[track((0.5, 0.6), id=1), track((0.505, 0.6), id=2)] for _ in range(20)])
    assert len(followed(both)[1]) == 2


def test_who_comes_after_a_while_is_somebody_new():
    gap = [replace(fact, at=fact.at + (3.0 if n > 20 else 0.0)) for n, fact in enumerate(WAY)]
    assert len(followed(with_ids(gap, [1 if n <= 20 else 2 for n in range(len(gap))]))[1]) == 2


def test_feet_hidden_for_a_moment_stay_where_they_would_be():
    whole, cut = track((0.5, 0.8), height=0.3), (0.5 - 0.03, 0.5, 0.5 + 0.03, 0.65)
    facts = frames([[whole]] * 10 + [[replace(whole, box=cut)]] * 10)
    assert followed(facts)[0].walks[1].y == pytest.approx(0.8, abs=0.01)


def test_feet_below_the_picture_stand_in_no_area_of_it():
    entering = [track((0.5, 1.0), height=0.05 * n) for n in range(1, 6)]
    assert followed(frames([[one] for one in entering]))[0].walks[1].y >= 1.0


def test_the_speed_is_that_of_a_body_as_high_as_its_box():
    """0.012 of the width in 0.2 s, at a height of 0.2: 0.107 heights of the picture per second, 0.907 m/s."""
    assert followed(WAY[:40])[0].walks[1].velocity == pytest.approx((0.907, 0.0), abs=0.01)


@pytest.mark.parametrize("later_s", [GAP_S_MAX + 1, -GAP_S_MAX - 1])
def test_after_a_gap_everything_begins_anew_and_old_runs_are_no_news(later_s):
    watch, _ = followed(WAY)
    odd = replace(WAY[0], at=WAY[-1].at + later_s)
    assert is_news(watch, odd) == (later_s > 0)
    assert bool(watch.walks) == (later_s < 0)


def test_a_flood_of_tracks_is_bounded():
    flood = frames([[track((0.5, 0.5), id=n * 400 + k) for k in range(400)] for n in range(8)])
    assert len(followed(flood)[0].walks) <= VISITS_MAX


@given(st.lists(st.integers(0, 3), max_size=40), st.randoms(use_true_random=False))
def test_any_order_of_facts_is_borne(ids, order):
    facts = with_ids(WAY[: len(ids)], ids)
    order.shuffle(facts)
    watch, _ = followed(facts)
    assert len(watch.walks) <= 4
