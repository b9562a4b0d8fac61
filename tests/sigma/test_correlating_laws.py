"""Laws of correlations: fast equals slow, broken off and resumed equals continuous, order of groups is no matter."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sigma.streams import ORIGIN, as_struct, broken_off, correlation_of, fast, rules, slow
from tocsin.model import moved
from tocsin.sigma.windows import Hit, Limits

COUNTS = [
    {"gte": 2},
    {"gt": 2},
    {"gte": 1},
    {"lt": 2},
    {"lt": 1},
    {"eq": 2},
    {"gte": 1, "lte": 2},
    {"neq": 1},
    {"eq": 0},
]
NUMBERS = [{"gte": 3}, {"gt": 1.5}, {"lt": 2}, {"gte": 1, "lt": 3}]
EXPRESSIONS = [
    ["and", "a", ["or", "b", "d"]],
    ["and", "a", ["not", "b"]],
    ["or", ["and", "a", "b"], ["not", "d"]],
    ["not", ["and", "a", ["or", "b", "d"]]],
    ["and", ["or", "a", "b"], ["or", "b", "d"]],
]
NESTED = [
    [
        {"id": "m", "kind": "event_count", "rules": ["a"], "conditions": {"gte": 2}},
        {"id": "c", "kind": "temporal_ordered", "rules": ["m", "b"]},
    ],
    [
        {"id": "m", "kind": "event_count", "rules": ["a"], "conditions": {"lt": 1}, "group_by": ["host"]},
        {"id": "n", "kind": "temporal", "rules": ["a", "b"], "generate": True},
        {"id": "c", "kind": "event_count", "rules": ["m", "n"], "conditions": {"gte": 2}, "generate": True},
    ],
    [
        {"id": "m", "kind": "value_count", "rules": ["a", "b"], "field": "n", "conditions": {"gte": 2}},
        {"id": "c", "kind": "temporal", "rules": ["m", "a"], "expression": ["and", "m", ["not", "a"]]},
    ],
    [
        {"id": "m", "kind": "event_count", "rules": ["a"], "conditions": {"gte": 1}, "group_by": ["host"]},
        {"id": "c", "kind": "value_count", "rules": ["m"], "field": "n", "conditions": {"gte": 2}, "group_by": []},
    ],
]

times = st.integers(0, 40).map(float)
grouped = st.sampled_from([["host"], []])
fields = st.fixed_dictionaries(
    {},
    optional={"host": st.sampled_from(["p", "q", None]), "n": st.sampled_from([0, 1, 2, 2.5, "3", "many", -1, None])},
)
places = st.sampled_from([None, *(moved(ORIGIN, east_m, 0.0) for east_m in (0.0, 60.0, 120.0, 500.0))])


def kinds(counts=COUNTS, numbers=NUMBERS):
    """One correlation of any kind."""
    members = st.sampled_from([["a"], ["a", "b"], ["b", "a"], ["a", "b", "d"], ["a", "a", "b"]])
    base = {"timespan_s": st.sampled_from([5.0, 10.0]), "group_by": grouped, "rules": members}
    ordered = st.sampled_from(["temporal", "temporal_ordered"])
    return st.one_of(
        st.fixed_dictionaries({**base, "kind": st.just("event_count"), "conditions": st.sampled_from(counts)}),
        st.fixed_dictionaries(
            {**base, "kind": st.just("value_count"), "conditions": st.sampled_from(counts), "field": st.just("n")}
        ),
        st.fixed_dictionaries(
            {
                **base,
                "kind": st.sampled_from(["value_sum", "value_avg", "value_percentile"]),
                "conditions": st.sampled_from(numbers),
                "field": st.just("n"),
                "percentile": st.sampled_from([0.0, 50.0, 90.0, 100.0]),
            }
        ),
        st.fixed_dictionaries({**base, "kind": ordered}, optional={"conditions": st.sampled_from(counts[:3])}),
        st.fixed_dictionaries(
            {**base, "kind": ordered, "rules": st.just(["a", "b", "d"]), "expression": st.sampled_from(EXPRESSIONS)}
        ),
    )


hits = st.builds(
    Hit, rule=st.sampled_from(["a", "b", "d"]), at=times, id=st.integers(0, 25).map(str), fields=fields, place=places
)
streams = st.lists(st.one_of(hits, hits, hits, times), max_size=25)
limits = st.builds(Limits, lateness_s=st.sampled_from([0.0, 7.0, 100.0]), settle_s=st.sampled_from([0.0, 3.0]))


@settings(max_examples=500, deadline=None)
@given(kinds(), limits, streams)
def test_fast_equals_slow(written, bounds, stream):
    correlations = [correlation_of(written)]
    assert as_struct(fast(correlations, rules(), bounds, stream)) == as_struct(
        slow(correlations, rules(), bounds, stream)
    )


@settings(max_examples=150, deadline=None)
@given(kinds([{"gte": 2}, {"gte": 1, "lte": 2}, {"eq": 2}, {"gt": 2}]), limits, st.lists(hits, max_size=10))
def test_fast_equals_slow_in_space(written, bounds, stream):
    correlations = [correlation_of({**written, "near_m": 100.0})]
    assert as_struct(fast(correlations, rules(), bounds, stream)) == as_struct(
        slow(correlations, rules(), bounds, stream)
    )


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NESTED), st.sampled_from([5.0, 12.0]), grouped, limits, streams)
def test_fast_equals_slow_over_several_levels(written, timespan_s, group_by, bounds, stream):
    correlations = [correlation_of({"timespan_s": timespan_s, "group_by": group_by, **each}) for each in written]
    assert as_struct(fast(correlations, rules(), bounds, stream)) == as_struct(
        slow(correlations, rules(), bounds, stream)
    )


@settings(max_examples=100, deadline=None)
@given(kinds(), limits, streams)
def test_resumed_from_a_snapshot_after_every_event_equals_continuous(written, bounds, stream):
    correlations = [correlation_of(written)]
    assert broken_off(correlations, rules(), bounds, stream) == fast(correlations, rules(), bounds, stream)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(NESTED), limits, streams)
def test_resumed_over_several_levels_equals_continuous(written, bounds, stream):
    correlations = [correlation_of({"timespan_s": 10.0, **each}) for each in written]
    assert broken_off(correlations, rules(), bounds, stream) == fast(correlations, rules(), bounds, stream)


@settings(max_examples=50, deadline=None)
@given(st.lists(hits, max_size=20))
def test_counting_in_order_needs_no_luck_with_the_order_of_arrival(stream):
    """Where nothing is too late, at-least conditions find the same groups whichever way events arrive."""
    bounds = Limits(lateness_s=1000.0)
    correlations = [
        correlation_of(
            {
                "kind": "event_count",
                "rules": ["a", "b", "d"],
                "timespan_s": 10.0,
                "conditions": {"gte": 3},
                "group_by": ["host"],
            }
        )
    ]
    once = [msgspec.structs.replace(hit, id=str(number)) for number, hit in enumerate(stream)]
    sides = [fast(correlations, rules(), bounds, order) for order in (once, sorted(once, key=lambda hit: hit.at))]
    assert {hit.group["host"] for hit in sides[0]} == {hit.group["host"] for hit in sides[1]}


def test_a_wrong_reference_would_be_noticed():
    """The comparison has teeth: a reference with another timespan disagrees."""
    stream = [Hit(rule="a", at=0.0, id="1"), Hit(rule="a", at=9.0, id="2")]
    written = {"kind": "event_count", "rules": ["a"], "conditions": {"gte": 2}}
    narrow, wide = ([correlation_of({**written, "timespan_s": span})] for span in (5.0, 10.0))
    with pytest.raises(AssertionError):
        assert fast(narrow, rules(), Limits(), stream) == slow(wide, rules(), Limits(), stream)
