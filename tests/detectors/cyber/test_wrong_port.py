"""A protocol on a port that is not its own is told once per host; everyday software is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import last, recorded
from tocsin.contract.examples import START_AT, connections
from tocsin.contract.folding import Folding, findings
from tocsin.detectors.cyber.wrong_port import WrongPort
from tocsin.model import ConfigError

TALK = ("10.0.0.9", "198.51.100.7", 1337, "SF")

ALARM = [
    connections([TALK] * 3, service="http"),
    connections([TALK], at=START_AT + 60, seq=9_000, duration=900.0),
]
BENIGN = [
    connections([("10.0.0.5", "198.51.100.20", port, "SF")] * 9, seq=port * 10_000, service=service)
    for port, service in ((443, "ssl"), (80, "http"), (53, "dns"), (8883, "mqtt,ssl"), (22, "ssh"), (8443, "http"))
]


def graded(*facts, **parameters):
    return [finding.grade for finding in last(findings(WrongPort(**parameters), facts))]


@pytest.mark.parametrize(
    ("service", "port", "grade"),
    [("http", 1337, ["clear"]), ("ssh", 443, ["clear"]), ("ssl", 31_337, ["weak"]), ("bittorrent", 1337, [])],
)
def test_a_known_protocol_on_a_port_of_another(service, port, grade):
    assert graded(connections([("10.0.0.9", "198.51.100.7", port, "SF")], service=service)) == grade


@pytest.mark.parametrize(
    ("calls", "fields", "grade"),
    [
        (1, {}, []),
        (3, {}, ["weak"]),
        (1, {"duration": 400.0}, ["clear"]),
        (1, {"resp_bytes": 3_000_000}, ["clear"]),
        (1, {"orig_bytes": 3_000_000}, ["strong"]),
        (1, {"orig_bytes": 3_000_000, "resp_bytes": 0}, []),
    ],
)
def test_an_unknown_protocol_is_judged_by_length_and_direction(calls, fields, grade):
    assert graded(connections([TALK] * calls, **fields)) == grade


def test_one_finding_per_host_names_it_first_and_the_worst_place_second():
    other = connections([("10.0.0.9", "198.51.100.8", 1338, "SF")] * 3, seq=90_000)
    (found,) = last(findings(WrongPort(), [other, *ALARM]))
    assert found.actors == ("10.0.0.9", "198.51.100.7", "198.51.100.8")
    assert "So it does with 1 other place." in found.because


def test_file_sharing_stays_weak():
    ends = [("10.0.0.5", f"198.51.100.{n}", 20_000 + n, "SF") for n in range(40)]
    assert graded(connections(ends, duration=900.0)) == ["weak"]


def test_agreed_places_are_left_in_peace():
    assert graded(*ALARM, expected=("198.51.100.0/24",)) == []


def test_inside_the_house_it_says_nothing():
    assert graded(connections([("10.0.0.9", "10.0.0.7", 1337, "SF")], service="http")) == []


def test_a_home_network_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"Write networks as"):
        WrongPort(home=("office",))


@given(st.integers(1, 20), st.integers(1, 20))
def test_calls_add_up_however_they_were_batched(first, second):
    batches = [connections([TALK] * first, service="http"), connections([TALK] * second, seq=90_000, service="http")]
    assert last(findings(WrongPort(), batches))[0].measure == first + second


def test_ever_new_places_leave_its_state_bounded():
    watch = WrongPort(talks_max=50, speakers_max=5)
    folding = Folding(watch, watch.key)
    for n in range(100):
        folding.feed(connections([(f"10.0.{n}.{k}", "198.51.100.7", 1337, "SF") for k in range(9)], service="http"))
    state = folding.states["conn.log"]
    assert (len(state.talks), len(state.speakers)) == (50, 5)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("zeek_labelled/003-zeek-scenario-malicious/conn.log", [("strong", "10.8.0.61", "147.32.83.234")]),
        ("zeek_labelled/008-zeek-mixed/data/conn.log.labeled", []),
        ("slips/test9-mixed-zeek-dir/conn.log", []),
        ("slips/test10-mixed-zeek-dir/conn.log", []),
    ],
)
def test_a_recorded_trojan_is_found_and_benign_hosts_are_not(path, told):
    assert [(one.grade, *one.actors) for one in last(findings(WrongPort(), recorded(path)))] == told
