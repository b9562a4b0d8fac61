"""Logins in clear are an exposure of their server; nobody is accused, nothing secret is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import recorded
from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, seen
from tocsin.contract.folding import findings
from tocsin.detectors.cyber.cleartext import Cleartext
from tocsin.model import ConfigError


def batch(*rows, form="zeek", seq=0, at=START_AT):
    """One batch of rows, one a second, between a client and a server of ours."""
    ends = (
        {"id.orig_h": "10.0.0.9", "id.resp_h": "10.0.0.5"}
        if form == "zeek"
        else {"src_ip": "10.0.0.9", "dest_ip": "10.0.0.5"}
    )
    made = tuple({"at": at + n, **ends, **row} for n, row in enumerate(rows))
    body = LogEvents(format=form, offsets=tuple(seq + n for n in range(len(made))), rows=made)
    return seen(body, at=made[-1]["at"], seq=seq, source="net-1")


def conn(service="", port=23, **more):
    row = {"log": "conn", "proto": "tcp", "id.resp_p": port, "conn_state": "SF", "orig_bytes": 90, "resp_bytes": 900}
    return {**row, "service": service, **more}


FTP = {"log": "ftp", "user": "t:5f3a", "command": "RETR", "reply_code": 226}
ALARM = [batch(FTP, FTP), batch(conn(), seq=10, at=START_AT + 10)]
BENIGN = [
    batch({"log": "ssh", "auth_success": True}, conn("ssl,pop3", 110), conn("ssh", 22), conn("ssl", 443)),
    batch(conn("", 23, conn_state="S0", orig_bytes=0, resp_bytes=0), conn("", 23, conn_state="REJ"), seq=100),
    batch({"log": "http", "host": "example.org"}, {"log": "ftp", "command": "AUTH", "reply_code": 234}, seq=200),
    batch({"log": "snmp", "version": "3", "get_responses": 5}, {"log": "snmp", "version": "2c"}, seq=300),
    batch({"log": "sip", "method": "REGISTER", "status_code": 401}, {"log": "sip", "method": "OPTIONS"}, seq=400),
    batch({"log": "mqtt_connect", "connect_status": "Refused: not authorized"}, seq=500),
]


def said(*facts, **parameters):
    return findings(Cleartext(**parameters), facts)


def test_one_finding_per_server_and_protocol_without_an_actor():
    found = said(*ALARM, batch(FTP, seq=20))
    assert found[0].id == found[2].id != found[1].id
    assert [one.grade for one in found] == ["login", "possible", "login"]
    assert {(one.subject, one.actors, one.targets) for one in found} == {("10.0.0.5", (), ())}
    assert found[2].measure == 3.0


@pytest.mark.parametrize(
    ("row", "protocol", "grade"),
    [
        ({"log": "http", "username": "t:12"}, "HTTP Basic", "login"),
        ({"log": "http", "authorization": "basic", "cleartext_login": True}, "HTTP Basic", "login"),
        ({"log": "snmp", "version": "2c", "get_responses": 3}, "SNMP community", "login"),
        ({"log": "sip", "method": "REGISTER", "status_code": 200}, "SIP", "possible"),
        ({"log": "mqtt_connect", "connect_status": "Connection Accepted"}, "MQTT", "possible"),
        ({"log": "mqtt_connect", "username_present": True}, "MQTT", "login"),
        ({"log": "ldap", "opcode": "bind simple", "result": "success"}, "LDAP", "login"),
        ({"log": "telnet", "cleartext_login": True, "success": True}, "Telnet", "login"),
        ({"log": "imap", "cleartext_login": True}, "IMAP", "login"),
        (conn("pop3", 110), "POP3", "possible"),
        (conn("imap", 143), "IMAP", "possible"),
    ],
)
def test_each_protocol_is_named(row, protocol, grade):
    (one,) = said(batch(row))
    assert one.grade == grade
    assert f"by {protocol}:" in one.because


@pytest.mark.parametrize(
    ("row", "grade"),
    [
        ({"event_type": "ftp", "ftp": {"command": "PASS"}}, "login"),
        ({"event_type": "http", "http": {"username": "t:1"}}, "login"),
        ({"event_type": "mqtt", "mqtt": {"connect": {"flags": {"username": True}}}}, "login"),
        ({"event_type": "mqtt", "mqtt": {"connect": {"flags": {}, "client_id": "x"}}}, "possible"),
        ({"event_type": "pop3", "pop3": {"request": {"command": "PASS"}}}, "login"),
    ],
)
def test_eve_is_read_alike(row, grade):
    assert [one.grade for one in said(batch(row, form="eve"))] == [grade]


def test_strangers_among_themselves_do_not_concern_us():
    far = {"id.orig_h": "198.51.100.1", "id.resp_h": "203.0.113.5"}
    assert said(batch({**FTP, **far})) == []
    out = {**FTP, "id.resp_h": "203.0.113.5"}
    assert [one.subject for one in said(batch(out))] == ["203.0.113.5"]
    assert said(batch(out), outside=False) == []


def test_telnet_to_the_outside_by_port_alone_is_left_to_other_detectors():
    assert said(batch(conn("", 23, **{"id.resp_h": "203.0.113.5"}))) == []


def test_neither_names_nor_secrets_are_told():
    (one,) = said(batch({**FTP, "password": "hunter2"}))
    assert "t:5f3a" not in one.because
    assert "hunter2" not in str(one)


@pytest.mark.parametrize(
    "row",
    [
        {"log": "ftp", "reply_code": "x"},
        {"log": "snmp"},
        {"log": "mqtt_connect", "id.resp_h": 7},
        {"log": "conn", "id.resp_p": [23], "service": {}, "proto": "tcp"},
    ],
)
def test_odd_rows_say_nothing(row):
    assert said(batch(row)) == []


def test_a_home_network_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="Write networks as"):
        Cleartext(home=("office",))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_counts_add_up_however_the_lines_were_batched(sizes):
    assert said(*(batch(*[FTP] * size, seq=10 * n) for n, size in enumerate(sizes)))[-1].measure == sum(sizes)


def test_recorded_web_and_mail_of_ordinary_hosts_are_silent():
    for log in ("http.log", "smtp.log", "conn.log"):
        assert said(*recorded(f"slips/test9-mixed-zeek-dir/{log}")) == []
