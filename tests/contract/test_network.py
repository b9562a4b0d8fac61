"""Connections of Zeek and EVE are read alike; addresses are told apart as by the standard library."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, connections, seen
from tocsin.contract.network import PRIVATE, bounded, checked, faded, flows, inside, is_group, is_near, touched
from tocsin.model import ConfigError

ADDRESSES = st.one_of(st.ip_addresses(), st.sampled_from([ip_address("10.1.2.3"), ip_address("fd00::7")])).map(str)
FLOW = {"pkts_toserver": 4, "pkts_toclient": 3, "bytes_toserver": 900, "bytes_toclient": 2_000, "state": "closed"}


def zeek(**fields):
    """The one flow in a conn row with these fields."""
    (flow,) = flows(connections([("10.0.0.9", "198.51.100.7", 443, "SF")], **fields), PRIVATE)
    return flow


def eve(flow=(), **fields):
    """The one flow in an EVE flow event with these fields."""
    row = {"event_type": "flow", "at": START_AT, "src_ip": "10.0.0.9", "dest_ip": "198.51.100.7", "proto": "TCP"}
    row |= {"flow": FLOW | dict(flow), **fields}
    (found,) = flows(seen(LogEvents(format="eve", offsets=(0,), rows=(row,))), PRIVATE)
    return found


@given(ADDRESSES)
def test_inside_agrees_with_the_standard_library(address):
    assert inside(address, PRIVATE) == any(ip_address(address) in ip_network(network) for network in PRIVATE)


@given(ADDRESSES)
def test_groups_are_multicast_broadcast_and_nobody(address):
    known = ip_address(address)
    last = isinstance(known, IPv4Address) and int(known) & 255 == 255
    assert is_group(address) == (known.is_multicast or known.is_unspecified or last)


@pytest.mark.parametrize("text", ["", "printer", "10.0.0", "10.0.0.256", "10.0.0.-1", "::1::", "1.2.3.4.5"])
def test_what_is_no_address_is_nowhere(text):
    assert not inside(text, PRIVATE)
    assert not is_near(text)


def test_link_local_and_the_machine_itself_are_near():
    assert all(is_near(str(one)) for one in (IPv4Address("169.254.7.7"), IPv6Address("fe80::1"), IPv6Address("::1")))


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"conn_state": "SF"}, 1),
        ({"conn_state": "SF", "orig_bytes": 0, "resp_bytes": 0}, 0),
        ({"conn_state": "S0", "orig_bytes": 0, "orig_pkts": 3}, -1),
        ({"conn_state": "S0", "orig_bytes": 16, "orig_pkts": 1}, -1),
        ({"conn_state": "S0", "orig_bytes": 9_000, "orig_pkts": 40}, 0),
        ({"conn_state": "REJ", "orig_bytes": 0, "orig_pkts": 1}, -1),
        ({"conn_state": "RSTOS0", "orig_bytes": 140, "orig_pkts": 1, "resp_pkts": 0}, -1),
        ({"conn_state": "RSTOS0", "orig_bytes": 0, "orig_pkts": 2, "history": "R", "resp_pkts": 0}, 0),
        ({"conn_state": "OTH"}, 0),
        ({"proto": "udp", "conn_state": "S0", "resp_pkts": 0, "resp_bytes": 0}, -1),
        ({"proto": "udp", "conn_state": "SF", "resp_pkts": 1}, 1),
    ],
)
def test_zeek_tells_whether_the_other_side_took_part(fields, outcome):
    assert zeek(**fields).outcome == outcome


@pytest.mark.parametrize(
    ("flow", "fields", "outcome"),
    [
        ({}, {}, 1),
        ({"pkts_toclient": 0, "bytes_toclient": 0}, {}, -1),
        ({"bytes_toserver": 250, "bytes_toclient": 180}, {"tcp": {"rst": True, "state": "closed"}}, -1),
        ({"bytes_toserver": 250, "bytes_toclient": 180}, {"tcp": {"psh": True, "state": "closed"}}, 1),
        ({"bytes_toserver": 250, "bytes_toclient": 180}, {"tcp": {"state": "established"}}, 0),
        ({"bytes_toserver": 90, "bytes_toclient": 90}, {"proto": "UDP"}, 1),
    ],
)
def test_eve_tells_whether_the_other_side_took_part(flow, fields, outcome):
    assert eve(flow, **fields).outcome == outcome


def test_the_type_of_icmp_stands_for_a_port():
    assert zeek(**{"proto": "icmp", "id.orig_p": 8, "id.resp_p": 0}).port == 8
    assert eve(proto="IPv6-ICMP", icmp_type=128).port == 128


def test_zeek_knows_which_end_is_local():
    assert (zeek().from_inside, zeek().to_inside) == (True, False)
    assert zeek(local_resp=True).to_inside


@pytest.mark.parametrize(("start", "at"), [("2026-09-21T14:13:10.0+0000", START_AT - 10), ("yesterday", START_AT)])
def test_an_eve_flow_begins_at_its_start_and_never_after_its_event(start, at):
    assert eve({"start": start}).at == at
    assert eve({"start": "2036-09-21T13:33:20.0+0000"}).at == START_AT


@pytest.mark.parametrize("row", [{}, {"id.orig_h": 5}, {"id.orig_h": "10.0.0.1", "id.resp_h": None}])
def test_rows_without_two_ends_are_passed_over(row):
    assert list(flows(seen(LogEvents(format="zeek", offsets=(0,), rows=({"log": "conn", **row},))), PRIVATE)) == []


@pytest.mark.parametrize(
    "fields", [{"duration": "long"}, {"orig_bytes": -5}, {"id.resp_p": True}, {"resp_pkts": 1e300}]
)
def test_odd_values_count_as_nothing(fields):
    assert zeek(**fields).port in (0, 443)


def test_a_batch_read_again_says_the_same_and_another_home_is_another_reading():
    fact = connections([("10.0.0.9", "198.51.100.7", 443, "SF")])
    assert flows(fact, PRIVATE) == flows(fact, PRIVATE)
    assert flows(fact, ("198.51.100.0/24",))[0].to_inside


def test_a_table_forgets_the_least_recent():
    table = {"a": [1], "b": [2], "c": [3]}
    assert touched(table, "a") == [1]
    assert touched(table, "z") is None
    bounded(table, 2)
    assert list(table) == ["c", "a"]


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_evidence_fades_and_never_grows(amount, idle_s):
    assert 0 <= faded(amount, idle_s, 60.0) <= amount


def test_what_is_no_network_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"cyber\.x home: .*Write networks as"):
        checked(("10.0.0.1/8",), "cyber.x")
