"""Many failed log-ins are told once per host and service; a person who mistypes is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import last, recorded
from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, connections, seen
from tocsin.contract.folding import Folding, findings
from tocsin.detectors.cyber.brute_force import BruteForce
from tocsin.model import ConfigError

ENDS = {"id.orig_h": "10.0.0.9", "id.resp_h": "10.0.0.7"}
OUTSIDE = {"id.orig_h": "203.0.113.9", "id.resp_h": "10.0.0.7"}


def rows(count, every_s=2.0, at=START_AT, seq=0, form="zeek", **fields):
    """One batch of rows of a protocol log."""
    made = tuple({"at": at + n * every_s, **fields} for n in range(count))
    body = LogEvents(format=form, offsets=tuple(seq + n for n in range(count)), rows=made)
    return seen(body, at=at + every_s * (count - 1), seq=seq, source="ssh.log")


ALARM = [rows(20, log="ssh", auth_success=False, **ENDS)]
BENIGN = [
    rows(4, log="ssh", auth_success=False, **ENDS),
    rows(300, log="ssh", auth_success=True, every_s=60.0, seq=100, **ENDS),
    connections([("10.0.0.5", "10.0.0.7", 22, "SF")] * 300, every_s=60.0, seq=9_000),
]


def graded(*facts, **parameters):
    return [finding.grade for finding in last(findings(BruteForce(**parameters), facts))]


def test_the_grade_grows_with_the_failures_under_one_id():
    facts = [rows(1, log="ssh", auth_success=False, at=START_AT + n, seq=n, **ENDS) for n in range(90)]
    found = findings(BruteForce(), facts)
    assert len({finding.id for finding in found}) == 1
    assert list(dict.fromkeys(finding.grade for finding in found)) == ["weak", "clear", "strong"]
    assert (found[-1].actors, found[-1].targets) == (("10.0.0.9",), ("10.0.0.7",))


@pytest.mark.parametrize(
    "fields",
    [
        {"log": "http", "status_code": 401},
        {"log": "ftp", "reply_code": 530},
        {"log": "mqtt_connect", "connect_status": "Connection Refused: not authorized"},
        {"log": "ntlm", "success": False},
    ],
)
def test_each_protocol_tells_its_failures(fields):
    assert graded(rows(25, **fields, **ENDS)) == ["clear"]


@pytest.mark.parametrize(
    "fields",
    [
        {"event_type": "http", "http": {"status": 401}},
        {"event_type": "ftp", "ftp": {"completion_code": ["530"]}},
        {"event_type": "mqtt", "mqtt": {"connack": {"return_code": 5}}},
        {"event_type": "smb", "smb": {"command": "SMB2_COMMAND_SESSION_SETUP", "status": "STATUS_LOGON_FAILURE"}},
        {"event_type": "krb5", "krb5": {"error_code": "KDC_ERR_PREAUTH_FAILED"}},
    ],
)
def test_each_event_of_suricata_tells_its_failures(fields):
    assert graded(rows(25, form="eve", src_ip="10.0.0.9", dest_ip="10.0.0.7", **fields)) == ["clear"]


def test_challenges_that_are_answered_are_no_failures():
    facts = [rows(1, log="http", status_code=200 if n % 2 else 401, at=START_AT + n, **ENDS) for n in range(200)]
    assert graded(*facts) == []


def test_short_connections_count_half():
    tries = [("10.0.0.9", "10.0.0.7", 22, "SF")]
    assert graded(connections(tries * 18, every_s=1.0)) == []
    assert graded(connections(tries * 25, every_s=1.0)) == ["weak"]


def test_one_password_at_many_hosts_is_one_finding():
    facts = [
        rows(1, log="ssh", auth_success=False, at=START_AT + n, seq=n, **ENDS | {"id.resp_h": f"10.0.0.{n}"})
        for n in range(20, 50)
    ]
    (found,) = last(findings(BruteForce(), facts))
    assert "at 30 hosts" in found.because


def test_from_outside_it_is_background_until_one_succeeds():
    failed = rows(80, log="ssh", auth_success=False, **OUTSIDE)
    entered = rows(1, log="ssh", auth_success=True, at=START_AT + 161, seq=200, **OUTSIDE)
    assert graded(failed) == ["background"]
    (found,) = last(findings(BruteForce(), [failed, entered]))
    assert (found.grade, found.subject, found.actors) == ("entered", "10.0.0.7", ("203.0.113.9",))


def test_a_success_of_somebody_else_is_no_entry():
    entered = rows(
        1, log="ssh", auth_success=True, at=START_AT + 61, seq=200, **OUTSIDE | {"id.orig_h": "198.51.100.1"}
    )
    assert graded(rows(80, log="ssh", auth_success=False, **OUTSIDE), entered) == ["background"]


def test_slow_tries_leak_away():
    assert graded(rows(500, every_s=90.0, log="ssh", auth_success=False, **ENDS)) == []


@pytest.mark.parametrize("row", [{}, {"auth_success": "F"}, {"status_code": "401"}, {"id.orig_h": None}])
@pytest.mark.parametrize("log", ["ssh", "http", "conn", 7])
def test_odd_rows_raise_nothing(row, log):
    assert graded(rows(50, log=log, **ENDS | row)) == []


def test_a_home_network_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"Write networks as"):
        BruteForce(home=("office",))


@given(st.lists(st.integers(1, 9), min_size=10, max_size=20))
def test_tries_add_up_however_they_were_batched(sizes):
    facts = [
        rows(size, every_s=0.0, log="ssh", auth_success=False, seq=100 * n, **ENDS) for n, size in enumerate(sizes)
    ]
    assert last(findings(BruteForce(), facts))[0].measure == sum(sizes)


def test_ever_new_hosts_leave_its_state_bounded():
    folding = Folding(BruteForce(forces_max=50), BruteForce.key)
    for n in range(200):
        folding.feed(rows(9, log="ssh", auth_success=False, seq=n, **ENDS | {"id.orig_h": f"10.1.{n}.9"}))
    assert len(folding.states["ssh.log"].forces) == 50


@pytest.mark.parametrize(
    "path",
    [
        "zeek_labelled/002-zeek-scenario-port-scanning/conn.log",
        "zeek_labelled/003-zeek-scenario-malicious/conn.log",
        "zeek_labelled/008-zeek-mixed/data/conn.log.labeled",
        "zeek_labelled/008-zeek-mixed/data/http.log.labeled",
        "slips/test9-mixed-zeek-dir/http.log",
        "slips/test6-malicious.suricata.json",
    ],
)
def test_recorded_traffic_without_brute_force_is_not_told(path):
    assert findings(BruteForce(), recorded(path)) == []
