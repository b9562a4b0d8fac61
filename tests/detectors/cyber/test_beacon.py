"""Calls by the clock to an odd place are told once per host; everyday traffic by the clock is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import last, recorded
from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, connections, seen
from tocsin.contract.folding import Folding, findings
from tocsin.detectors.cyber.beacon import Beacon
from tocsin.model import ConfigError

CALL = ("10.0.0.9", "198.51.100.7", 1177, "S0")
POLL = ("10.0.0.5", "198.51.100.20", 443, "SF")

ALARM = [connections([CALL] * 20, every_s=25.0), connections([CALL] * 20, every_s=25.0, at=START_AT + 600, seq=9_000)]
BENIGN = [
    connections([POLL] * 200, every_s=900.0, service="ssl"),
    connections([("10.0.0.5", "198.51.100.30", 123, "SF")] * 200, every_s=64.0, seq=90_000, proto="udp", service="ntp"),
]


def graded(*facts, **parameters):
    return [finding.grade for finding in last(findings(Beacon(**parameters), facts))]


def test_the_grade_grows_with_the_calls_under_one_id():
    facts = [connections([CALL], at=START_AT + 25 * n, seq=n) for n in range(40)]
    found = findings(Beacon(), facts)
    assert len({finding.id for finding in found}) == 1
    assert [finding.at for finding in found] == sorted(finding.at for finding in found)
    assert found[-1].grade == "strong"


def test_the_host_is_the_first_actor_and_its_server_the_second():
    assert findings(Beacon(), ALARM)[-1].actors == ("10.0.0.9", "198.51.100.7")


def test_too_few_calls_say_nothing():
    assert graded(connections([CALL] * 7, every_s=25.0)) == []


def test_a_service_that_is_blocked_on_an_everyday_port_is_weak():
    assert graded(connections([("10.0.0.5", "198.51.100.20", 443, "S0")] * 200, every_s=60.0)) == ["weak"]


def test_a_heartbeat_to_a_chat_server_is_strong():
    beats = connections([("10.0.0.5", "198.51.100.20", 6667, "SF")] * 200, every_s=60.0, service="irc")
    assert graded(beats) == ["strong"]


def test_retries_and_bursts_are_one_call():
    ends = [CALL, CALL, CALL] * 7  # each call is sent again after 0.1 and 0.2 s
    facts = [connections(ends[n : n + 3], every_s=0.1, at=START_AT + 25 * n, seq=n) for n in range(0, 21, 3)]
    assert graded(*facts) == []


def test_what_many_of_ours_call_is_judged_more_softly():
    others = [connections([(f"10.0.0.{n}", *CALL[1:])], seq=n) for n in range(20, 30)]
    assert graded(*ALARM) == ["strong"]
    assert graded(*others, *ALARM) == ["clear"]


def test_file_sharing_is_judged_more_softly():
    peers = connections([("10.0.0.9", f"198.51.{n}.9", 20_000 + n, "S0") for n in range(40)], seq=70_000)
    assert graded(peers, *ALARM) == ["clear"]


def test_expected_places_are_left_in_peace():
    assert graded(*ALARM, expected=("198.51.100.0/24",)) == []


def test_inside_the_house_nothing_beacons():
    assert graded(connections([("10.0.0.9", "10.0.0.7", 1177, "S0")] * 60, every_s=25.0)) == []


def test_chance_traffic_says_nothing():
    facts = [connections([("10.0.0.9", "198.51.100.7", 9_999, "SF")], at=START_AT + n**3, seq=n) for n in range(1, 9)]
    assert graded(*facts) == []


def test_eve_flows_are_read_alike():
    flow = {"pkts_toserver": 2, "pkts_toclient": 0, "bytes_toserver": 120, "bytes_toclient": 0, "state": "new"}
    row = {"event_type": "flow", "src_ip": "10.0.0.9", "dest_ip": "198.51.100.7", "dest_port": 1177, "proto": "TCP"}
    rows = tuple({**row, "at": START_AT + 25 * n, "src_port": 50_000 + n, "flow": flow} for n in range(40))
    assert graded(seen(LogEvents(format="eve", offsets=tuple(range(40)), rows=rows), at=START_AT + 1_000)) == ["strong"]


def test_a_home_network_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"Write networks as"):
        Beacon(expected=("cloud",))


@given(st.permutations(range(20)))
def test_calls_out_of_order_raise_nothing(order):
    facts = [connections([CALL], at=START_AT + 25 * n, seq=n) for n in order]
    assert all(finding.measure <= 20 for finding in findings(Beacon(), facts))


def test_ever_new_places_leave_its_state_bounded():
    beacon = Beacon(pairs_max=50, callers_max=5)
    folding = Folding(beacon, beacon.key)
    for n in range(40):
        ends = [(f"10.0.{n}.{k}", f"198.51.100.{n}", 9_000 + k, "S0") for k in range(9)] * 12
        folding.feed(connections(ends, every_s=3.0, at=START_AT + 900 * n, seq=n * 90_000))
    state = folding.states["conn.log"]
    assert (len(state.pairs), len(state.callers)) == (50, 5)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("zeek_labelled/001-zeek-scenario-malicious/conn.log", [("strong", "192.168.1.115", "41.108.179.197")]),
        ("zeek_labelled/003-zeek-scenario-malicious/conn.log", [("clear", "10.8.0.61", "147.32.83.234")]),
        (
            "slips/test18-malicious-ctu-sme-11-win/zeek-labeled/conn.log.labeled",
            [("strong", "192.168.1.107", "66.63.168.35")],
        ),
        ("zeek_labelled/008-zeek-mixed/data/conn.log.labeled", []),
        ("slips/test9-mixed-zeek-dir/conn.log", []),
    ],
)
def test_recorded_trojans_are_found_and_a_benign_day_is_not(path, told):
    assert [(one.grade, *one.actors) for one in last(findings(Beacon(), recorded(path)))] == told
