"""The correlator as a part: what it refuses, asks for, forgets, counts, and when it wants to be woken."""

import math

import msgspec
import pytest

from tests.sigma.streams import correlation_of, expression, fast, rules
from tocsin.model import Place
from tocsin.sigma.correlating import Correlator
from tocsin.sigma.correlation_plans import THRESHOLD_MAX
from tocsin.sigma.windows import Hit, Limits, Windows, number_of, text_of

COUNT = {"kind": "event_count", "rules": ["a"], "timespan_s": 10, "group_by": ["host"], "conditions": {"gte": 2}}


def correlator(*written, **limits):
    return Correlator([correlation_of(each) for each in written], rules(), Limits(**limits))


def hit(at, id_, rule="a", **fields):
    return Hit(rule=rule, at=float(at), id=id_, fields=fields)


def folded(runner, hits, state=None):
    told = []
    for each in hits:
        state, found = runner.step(state, each)
        told += found
    return state, told


# --- what cannot be run ---


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({**COUNT, "rules": ["nobody"]}, "No rule 'nobody' is loaded"),
        ({**COUNT, "rules": ["c"]}, "refers to itself"),
        ({**COUNT, "rules": []}, "refers to no rule"),
        ({**COUNT, "conditions": {}}, "no condition"),
        ({**COUNT, "timespan_s": 0}, "timespan must be longer"),
        ({**COUNT, "timespan_s": math.nan}, "timespan must be longer"),
        ({**COUNT, "conditions": {"gte": THRESHOLD_MAX + 1}}, "ask for fewer"),
        ({**COUNT, "kind": "value_sum"}, "needs `field`"),
        ({**COUNT, "kind": "value_percentile", "field": "n", "percentile": 101}, "between 0 and 100"),
        ({**COUNT, "conditions": {"lt": 1}, "near_m": 10.0}, "absence has no place"),
        ({**COUNT, "expression": ["and", "a", "b"]}, "Only temporal kinds"),
        ({**COUNT, "kind": "temporal", "expression": ["and", "a", "b"]}, "names 'b', which is not among its rules"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_reason(written, reason):
    (refusal,) = correlator(written).refused
    assert reason in refusal.reason


def test_a_circle_and_what_stands_on_it_are_refused_and_nothing_else():
    circle = [{**COUNT, "id": "x", "rules": ["y"]}, {**COUNT, "id": "y", "rules": ["x"]}]
    runner = correlator(*circle, {**COUNT, "id": "z", "rules": ["x"]}, COUNT)
    assert len(runner.refused) == 3
    assert [plan.rule.id for plan in runner.plans] == ["c"]


def test_an_extended_condition_with_too_many_ways_is_refused():
    pair = ["or", "a", "b"]
    members = [f"r{number}" for number in range(20)]
    many = ["and", *(["or", one, other] for one in members[:10] for other in members[10:])]
    runner = Correlator(
        [correlation_of({"kind": "temporal", "rules": members, "timespan_s": 5, "expression": many})],
        [msgspec.structs.replace(rules()[0], id=member, name="") for member in members],
    )
    assert "more than 256 ways" in runner.refused[0].reason
    assert expression(pair).parts[0].rule == "a"


def test_a_refused_correlation_silences_no_rule():
    runner = correlator({**COUNT, "rules": ["a", "nobody"]})
    assert runner.fires_alone("a")
    assert not runner.listens("a")


# --- what it asks for ---


def test_rules_fire_alone_only_where_every_correlation_over_them_says_so():
    quiet, loud = {**COUNT, "id": "q"}, {**COUNT, "id": "l", "generate": True}
    assert not correlator(quiet, loud).fires_alone("a")
    assert correlator(loud).fires_alone("a")
    assert correlator(quiet).fires_alone("b")


def test_it_asks_for_the_fields_of_parents_under_the_names_of_events():
    child = {**COUNT, "id": "m"}
    parent = {
        "id": "c", "kind": "value_count", "rules": ["m", "b"], "timespan_s": 10, "group_by": ["ip"], "field": "user",
        "aliases": {"ip": {"m": "src", "b": "dst"}}, "conditions": {"gte": 2},
    }  # fmt: skip
    runner = correlator(child, parent)
    assert runner.fields_of("a") == ("host", "src", "user")
    assert runner.fields_of("b") == ("dst", "user")
    assert runner.fields_of("d") == ()


# --- limits ---


def test_beyond_the_limit_of_groups_the_longest_untouched_is_forgotten_and_counted():
    runner = correlator(COUNT, groups_max=2)
    state, told = folded(runner, [hit(0, "1", host="p"), hit(1, "2", host="q"), hit(2, "3", host="p")])
    assert [each.group["host"] for each in told] == ["p"]
    state, _ = folded(runner, [hit(3, "4", host="r")], state)
    assert {name for lane in state.lanes.values() for name in lane} == {"p", "r"}
    assert state.counts.evicted_groups == 1


def test_beyond_the_limit_of_events_the_oldest_of_a_group_are_forgotten_and_counted():
    runner = correlator({**COUNT, "conditions": {"gte": 4}, "kind": "value_count", "field": "n"}, events_max=10)
    state, told = folded(runner, [hit(number / 100, str(number), host="p", n=number % 3) for number in range(500)])
    assert told == []
    assert state.counts.evicted_events == 490
    assert sum(len(group.events) for lane in state.lanes.values() for group in lane.values()) < 200


def test_a_limit_never_undoes_a_count_that_is_asked_for():
    runner = correlator({**COUNT, "conditions": {"gte": 30}}, events_max=10)
    _, told = folded(runner, [hit(number / 100, str(number), host="p") for number in range(30)])
    assert [each.value for each in told] == [30.0]


def test_beyond_the_limit_of_all_events_whole_groups_are_forgotten():
    runner = correlator({**COUNT, "conditions": {"gte": 99}}, events_total_max=50)
    state, _ = folded(runner, [hit(number / 100, str(number), host=f"h{number % 10}") for number in range(300)])
    assert state.events <= 50
    assert state.events == sum(len(group.ids) for lane in state.lanes.values() for group in lane.values())
    assert state.counts.evicted_groups > 0


def test_a_stream_of_ever_new_groups_leaves_nothing_behind():
    runner = correlator(COUNT, {**COUNT, "id": "x", "conditions": {"eq": 1}}, lateness_s=5.0)
    state = None
    for number in range(5_000):
        state, _ = runner.step(state, hit(float(number), str(number), host=f"h{number}"))
    assert state.events < 100
    assert len(state.agenda) < 200
    state, _ = runner.advance(state, 1e6)
    assert state.events == 0
    assert state.agenda == []


def test_wake_ups_of_forgotten_groups_do_not_pile_up():
    runner = correlator({**COUNT, "timespan_s": 1e6, "conditions": {"eq": 2}}, groups_max=10)
    state, _ = folded(runner, [hit(0.0, str(number), host=f"h{number}") for number in range(2_000)])
    assert len(state.agenda) <= 64 + 2 * 10 + 1


def test_long_values_are_kept_short_and_apart():
    runner = correlator(COUNT)
    state, told = folded(runner, [hit(0, "1", host="x" * 10**6 + "p"), hit(1, "2", host="x" * 10**6 + "q")])
    assert told == []
    assert len(msgspec.msgpack.encode(state)) < 5_000


def test_evidence_is_bounded_and_names_every_rule():
    runner = correlator({"kind": "temporal", "rules": ["a", "b"], "timespan_s": 100}, evidence_max=3)
    _, told = folded(runner, [hit(0, "first", rule="a"), *(hit(n, f"b{n}", rule="b") for n in range(1, 5))])
    assert told[0].evidence == ("first", "b1")
    runner = correlator({"kind": "temporal", "rules": ["b", "a"], "timespan_s": 100}, evidence_max=3)
    _, told = folded(runner, [*(hit(n, f"b{n}", rule="b") for n in range(5)), hit(9, "last", rule="a")])
    assert told[0].evidence == ("b3", "b4", "last")


def test_evidence_of_children_is_that_of_their_events():
    nested = [{**COUNT, "id": "m"}, {"kind": "temporal", "rules": ["m", "b"], "timespan_s": 100}]
    _, told = folded(correlator(*nested), [hit(0, "1", host="p"), hit(1, "2", host="p"), hit(2, "3", rule="b")])
    assert told[0].evidence == ("1", "2", "3")


def test_what_is_left_out_is_counted():
    written = {**COUNT, "kind": "value_sum", "field": "n", "near_m": 5.0}
    here = Place(lon=0, lat=0)
    stream = [
        Hit(rule="a", at=0, id="1", fields={"host": "p", "n": 1}),
        Hit(rule="a", at=0, id="2", fields={"n": 1}, place=here),
        Hit(rule="a", at=0, id="3", fields={"host": "p", "n": "many"}, place=here),
        Hit(rule="a", at=500, id="4", fields={"host": "p", "n": 1}, place=here),
        Hit(rule="a", at=0, id="5", fields={"host": "p", "n": 1}, place=here),
        Hit(rule="a", at=500, id="4", fields={"host": "p", "n": 1}, place=here),
    ]
    counts = folded(correlator(written), stream)[0].counts
    left = (counts.placeless, counts.ungrouped, counts.valueless, counts.late, counts.repeats)
    assert left == (1, 1, 1, 1, 1)


# --- waking, resuming, reloading ---


def test_it_asks_to_be_woken_when_a_window_ends():
    runner = correlator({**COUNT, "conditions": {"lt": 1}}, settle_s=5.0)
    assert runner.wake_at(None) is None
    state, _ = folded(runner, [hit(100, "1", host="p"), hit(103, "2", host="q")])
    assert runner.wake_at(state) == 115.0
    state, told = runner.advance(state, 115.0)
    assert [(each.at, each.group["host"]) for each in told] == [(110.0, "p")]
    assert runner.wake_at(state) == 118.0
    state, _ = runner.advance(state, 200.0)
    assert runner.wake_at(state) is None


def test_at_least_conditions_need_no_waking():
    state, _ = folded(correlator(COUNT), [hit(0, "1", host="p")])
    assert correlator(COUNT).wake_at(state) is None


def test_a_changed_correlation_starts_anew_and_the_others_go_on():
    other = {**COUNT, "id": "x"}
    state, _ = folded(correlator(COUNT, other), [hit(0, "1", host="p")])
    changed = correlator({**COUNT, "timespan_s": 20}, other)
    _, told = folded(changed, [hit(1, "2", host="p")], state)
    assert [each.rule for each in told] == ["x"]


def test_the_same_events_give_the_same_bytes():
    stream = [hit(number % 7, str(number), host=f"h{number % 3}") for number in range(200)]
    written = {**COUNT, "conditions": {"lt": 3}}
    states = [msgspec.msgpack.encode(folded(correlator(COUNT, {**written, "id": "x"}), stream)[0]) for _ in range(2)]
    assert states[0] == states[1]
    assert msgspec.msgpack.encode(msgspec.msgpack.decode(states[0], type=Windows)) == states[0]


def test_a_million_events_would_be_cheap_because_windows_stay_small():
    """No timing: every event is looked at a bounded number of times, since what left the window is gone."""
    runner = correlator({**COUNT, "conditions": {"gte": 1000}}, lateness_s=0.0)
    state, _ = folded(runner, [hit(number / 10, str(number), host="p") for number in range(20_000)])
    (group,) = (group for lane in state.lanes.values() for group in lane.values())
    assert len(group.ids) == 101
    assert len(group.events) < 400


def test_hits_without_an_id_are_told_apart_by_their_evidence():
    stream = [Hit(rule="a", at=1.0, evidence=(name,), fields={"host": "p"}) for name in ("x", "x", "y")]
    (told,) = fast([correlation_of(COUNT)], rules(), Limits(), stream)
    assert told.evidence == ("x", "y")


@pytest.mark.parametrize(
    ("value", "number"), [("1_000", None), ("9" * 65, None), (10**400, None), (None, None), ("-2", -2)]
)
def test_numbers_of_logs(value, number):
    assert number_of(value) == number


@pytest.mark.parametrize(("value", "text"), [({"b": 1, "a": 2}, '{"a":2,"b":1}'), (["x"], "x"), (1.5, "1.5"), ("", "")])
def test_texts_of_logs(value, text):
    assert text_of(value) == text
