"""New places are told after learning, once per host and day; known ones are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import last, recorded
from tocsin.contract.examples import START_AT, connections
from tocsin.contract.folding import Folding, findings
from tocsin.detectors.cyber.first_contact import FirstContact
from tocsin.model import ConfigError

DAY_S = 86_400.0
KNOWN = [("10.0.0.9", f"198.51.{n}.7", 443, "SF") for n in range(20)]
NEW = ("10.0.0.9", "203.0.113.5", 1337, "SF")

ALARM = [connections(KNOWN), connections([NEW], at=START_AT + DAY_S, seq=90_000)]
BENIGN = [connections(KNOWN), connections(KNOWN, at=START_AT + DAY_S + 100, seq=90_000)]


def told(*facts, **parameters):
    return last(findings(FirstContact(**parameters), [connections(KNOWN), *facts]))


@pytest.mark.parametrize(
    ("port", "fields", "grade"),
    [
        (443, {"service": "ssl"}, "background"),
        (443, {"service": "ssl", "duration": 900.0}, "background"),
        (1337, {}, "weak"),
        (1337, {"duration": 900.0}, "clear"),
        (80, {"service": "ssh", "orig_bytes": 5_000_000}, "clear"),
    ],
)
def test_the_grade_tells_how_odd_the_first_talk_is(port, fields, grade):
    (found,) = told(connections([("10.0.0.9", "203.0.113.5", port, "SF")], at=START_AT + DAY_S, **fields))
    assert found.grade == grade
    assert found.actors == (() if grade == "background" else ("10.0.0.9", "203.0.113.5"))


def test_neighbours_of_a_known_place_are_known():
    assert told(connections([("10.0.0.8", "198.51.3.200", 1337, "SF")], at=START_AT + DAY_S)) == []


def test_what_another_host_of_ours_knows_is_not_new():
    facts = [connections([(f"10.0.0.{n}", *NEW[1:])], at=START_AT + DAY_S + n, seq=n) for n in range(20, 30)]
    assert [found.subject for found in told(*facts)] == ["10.0.0.20"]


def test_while_learning_and_without_an_answer_it_is_silent():
    assert told(connections([NEW], at=START_AT + DAY_S - 60)) == []
    assert told(connections([(*NEW[:3], "S0")], at=START_AT + DAY_S)) == []


def test_many_new_places_are_one_finding_a_day():
    ends = [("10.0.0.9", f"203.0.{n}.5", 443, "SF") for n in range(60)]
    (found,) = told(connections(ends, at=START_AT + DAY_S))
    assert (found.measure, len(found.targets)) == (60.0, 20)
    assert found.because.endswith("59 more new places that day.")


def test_a_home_network_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"Write networks as"):
        FirstContact(home=("office",))


@given(st.lists(st.integers(0, 255), min_size=1, max_size=30))
def test_a_place_is_new_at_most_once(thirds):
    ends = [("10.0.0.9", f"203.0.{third}.5", 443, "SF") for third in thirds]
    found = told(connections(ends, at=START_AT + DAY_S), connections(ends, at=START_AT + DAY_S + 60, seq=90_000))
    assert found[0].measure == len(set(thirds))


def test_ever_new_places_leave_its_state_bounded():
    watch = FirstContact(learn_s=0.0, known_max=50, news_max=5)
    folding = Folding(watch, watch.key)
    for n in range(100):
        ends = [(f"10.0.{n}.{k}", f"203.{n}.{k}.5", 443, "SF") for k in range(9)]
        folding.feed(connections(ends, at=START_AT + n, seq=n * 9_000))
    state = folding.states["conn.log"]
    assert (len(state.known), len(state.news)) == (50, 5)


@pytest.mark.parametrize(
    "path",
    [
        "zeek_labelled/001-zeek-scenario-malicious/conn.log",
        "zeek_labelled/008-zeek-mixed/data/conn.log.labeled",
        "slips/test9-mixed-zeek-dir/conn.log",
    ],
)
def test_recorded_captures_show_background_at_most(path):
    assert {found.grade for found in findings(FirstContact(), recorded(path))} <= {"background"}
