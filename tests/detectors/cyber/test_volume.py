"""An hour that sends far more than a host ever does is told; its habits are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import last, recorded
from tocsin.contract.examples import START_AT, connections
from tocsin.contract.folding import Folding, findings
from tocsin.detectors.cyber.volume import Volume
from tocsin.model import ConfigError

HOUR_S = 3_600.0
TALK = ("10.0.0.9", "198.51.100.7", 443, "SF")
MUCH = {"at": START_AT + 30 * HOUR_S, "seq": 90_000, "orig_bytes": 900_000_000}


def habit(hours=30, **fields):
    return connections([TALK] * hours, every_s=HOUR_S, **fields)


ALARM = [habit(), connections([TALK], **MUCH)]
BENIGN = [habit(60, orig_bytes=200_000_000)]


def graded(*facts, **parameters):
    return [finding.grade for finding in last(findings(Volume(**parameters), facts))]


def test_an_unusual_hour_names_the_host_and_where_most_of_it_went():
    other = connections([("10.0.0.9", "203.0.113.5", 443, "SF")], **{**MUCH, "orig_bytes": 70_000_000})
    (found,) = last(findings(Volume(), [habit(), other, connections([TALK], **{**MUCH, "seq": 91_000})]))
    assert found.actors == ("10.0.0.9", "198.51.100.7")
    assert (found.grade, found.measure, len(found.evidence)) == ("clear", 970_000_000.0, 1)


@pytest.mark.parametrize(
    ("usually", "now", "grades"),
    [
        (1_000, 900_000_000, ["clear"]),
        (8_000_000, 100_000_000, ["weak"]),
        (20_000_000, 100_000_000, []),
        (1_000, 40_000_000, []),
    ],
)
def test_it_asks_for_much_more_than_usual_and_for_much(usually, now, grades):
    assert graded(habit(orig_bytes=usually), connections([TALK], **{**MUCH, "orig_bytes": now})) == grades


def test_before_it_has_learnt_it_is_silent():
    assert graded(habit(20), connections([TALK], **MUCH)) == []


def test_a_host_that_answers_with_much_is_seen_too():
    ends = ("203.0.113.5", "10.0.0.9", 443, "SF")
    facts = [
        connections([ends] * 30, every_s=HOUR_S),
        connections([ends], **{**MUCH, "orig_bytes": 9}, resp_bytes=10**9),
    ]
    assert graded(*facts) == ["clear"]


def test_places_of_backup_are_left_in_peace():
    assert graded(*ALARM, expected=("198.51.100.0/24",)) == []


def test_a_lasting_change_becomes_the_habit():
    changed = connections([TALK] * 200, every_s=HOUR_S, at=START_AT + 30 * HOUR_S, seq=90_000, orig_bytes=200_000_000)
    later = connections([TALK], at=START_AT + 230 * HOUR_S, seq=900_000, orig_bytes=200_000_000)
    folding = Folding(Volume(), Volume.key)
    folding.feed(habit(orig_bytes=1_000_000))
    assert folding.feed(changed)
    assert folding.feed(later) == []


def test_a_home_network_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"Write networks as"):
        Volume(home=("office",))


@given(st.lists(st.integers(1, 49_000_000), min_size=1, max_size=60))
def test_below_its_floor_it_never_speaks(sizes):
    facts = [connections([TALK], at=START_AT + HOUR_S * n, seq=n, orig_bytes=size) for n, size in enumerate(sizes)]
    assert graded(*facts) == []


def test_ever_new_hosts_leave_its_state_bounded():
    folding = Folding(Volume(hosts_max=50), Volume.key)
    for n in range(100):
        folding.feed(connections([(f"10.0.{n}.{k}", f"203.0.{k}.5", 443, "SF") for k in range(90)], seq=n))
    assert len(folding.states["conn.log"].hosts) == 50


@pytest.mark.parametrize(
    "path",
    ["zeek_labelled/003-zeek-scenario-malicious/conn.log", "zeek_labelled/008-zeek-mixed/data/conn.log.labeled"],
)
def test_recorded_captures_are_not_told(path):
    assert findings(Volume(), recorded(path)) == []
