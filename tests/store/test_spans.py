"""Interval sets: they agree with a plain set of numbers, stay merged, and stay bounded."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tocsin.store.spans import Spans, Verdict

RANGES = st.lists(st.tuples(st.integers(-20, 60), st.integers(0, 6)).map(lambda pair: (pair[0], pair[0] + pair[1])))


def verdict_of_set(seen, lo, hi):
    inside = seen & set(range(lo, hi + 1))
    if not inside:
        return Verdict.NEW
    return Verdict.DUPLICATE if len(inside) == hi - lo + 1 else Verdict.OVERLAPPING


@given(RANGES)
def test_it_agrees_with_a_set(ranges):
    spans, seen = Spans(), set()
    for lo, hi in ranges:
        assert spans.verdict(lo, hi) is verdict_of_set(seen, lo, hi)
        if spans.verdict(lo, hi) is Verdict.NEW:
            spans.add(lo, hi)
            seen |= set(range(lo, hi + 1))
    assert {n for lo, hi in spans for n in range(lo, hi + 1)} == seen


@given(RANGES)
def test_intervals_are_sorted_and_never_touch(ranges):
    spans = filled(ranges)
    flat = [number for interval in spans for number in interval]
    assert flat == sorted(flat)
    assert all(right - left > 1 for left, right in zip(flat[1::2], flat[2::2], strict=False))


@given(RANGES)
def test_what_it_says_has_changed_rebuilds_it(ranges):
    spans, disk = Spans(), {}
    for lo, hi in ranges:
        if spans.verdict(lo, hi) is Verdict.NEW:
            spans.add(lo, hi)
            for gone in spans.gone:
                disk.pop(gone, None)
            disk |= {lo: spans.value_at(lo) for lo in spans.changed}
            spans.written()
    assert sorted(disk.items()) == list(spans)


@given(RANGES, st.integers(0, 4))
def test_closed_gaps_are_the_oldest_and_refused_later(ranges, gaps_max):
    spans = filled(ranges)
    before = list(spans)
    closed = spans.close_gaps(gaps_max)
    assert len(spans) == len(before) - closed <= gaps_max + 1
    for (_, left), (right, _) in pairwise(before[: closed + 1]):
        assert spans.verdict(left + 1, right - 1) is Verdict.TOO_OLD


def filled(ranges):
    spans = Spans()
    for lo, hi in ranges:
        if spans.verdict(lo, hi) is Verdict.NEW:
            spans.add(lo, hi)
    return spans
