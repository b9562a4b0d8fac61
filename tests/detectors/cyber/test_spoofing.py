"""Stolen addresses and false servers are told; addresses that pass on as they should are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import last, recorded
from tests.detectors.cyber.packet_captures import captured
from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, seen
from tocsin.contract.folding import findings
from tocsin.detectors.cyber.spoofing import Spoofing

OWNER, THIEF, OTHER = "00:1b:1b:00:00:01", "00:1b:1b:00:00:66", "00:1b:1b:00:00:02"
VRRP = "00:00:5e:00:01:0a"
DAY_S = 86_400.0


def batch(rows, seq=0, form="zeek"):
    """One batch of rows of (seconds after the start, fields)."""
    made = tuple({"at": START_AT + after, **fields} for after, fields in rows)
    body = LogEvents(format=form, offsets=tuple(seq + n for n in range(len(made))), rows=made)
    return seen(body, at=max(row["at"] for row in made), seq=seq, source="link-1")


def arp(address, mac, operation="reply", **more):
    return {"log": "arp", "operation": operation, "orig_h": address, "orig_hw": mac, "src_mac": mac, **more}


def ask(address, target, mac):
    return arp(address, mac, "request", resp_h=target)


def dhcp(server, mac=OTHER, address="10.0.0.50", kinds=("REQUEST", "ACK")):
    return {"log": "dhcp", "server_addr": server, "mac": mac, "assigned_addr": address, "msg_types": list(kinds)}


BETWEEN = [
    (0, arp("10.0.0.66", THIEF)),
    (1, arp("10.0.0.1", OWNER)),
    (2, arp("10.0.0.2", OTHER)),
    (3, arp("10.0.0.1", THIEF)),
    (4, arp("10.0.0.2", THIEF)),
]
ALARM = [
    batch(BETWEEN),
    batch([(10, dhcp("10.0.0.3"))], seq=100),
    batch([(2 * DAY_S, dhcp("10.0.0.99"))], seq=200),
]
BENIGN = [
    batch([(n, ask("10.0.0.9", f"10.0.0.{n}", OWNER)) for n in range(1, 200)]),
    batch([(300, arp("10.0.0.1", OWNER)), (301, arp("10.0.0.1", VRRP, src_mac=OWNER))], seq=300),
    batch([(302, arp("10.0.0.1", VRRP, src_mac=OTHER))], seq=310),
    batch([(400, arp("10.0.0.7", OTHER)), (400 + 3_600, arp("10.0.0.7", THIEF))], seq=320),
    batch([(5_000, arp("10.0.0.8", OTHER)), (5_001, dhcp("10.0.0.3", THIEF, "10.0.0.8"))], seq=330),
    batch([(5_002, arp("10.0.0.8", THIEF)), (5_003, arp("10.0.0.8", OTHER, "request"))], seq=340),
    batch([(6_000 + n, dhcp("10.0.0.3", f"00:00:00:00:01:{n:02x}")) for n in range(40)], seq=400),
    batch([(6_100, dhcp("10.0.0.4"))], seq=500),
    batch([(3 * DAY_S, dhcp("10.0.0.4")), (3 * DAY_S, dhcp("10.0.0.3"))], seq=600),
]


def said(*facts, **parameters):
    return last(findings(Spoofing(**parameters), facts))


def test_who_sits_between_two_machines_is_one_finding():
    (one,) = said(batch(BETWEEN))
    assert (one.grade, one.actors, one.targets) == ("arp", ("10.0.0.66",), ("10.0.0.1", "10.0.0.2"))
    assert (one.tactic, one.technique) == ("collection", "T0830")


def test_the_gateway_is_graver():
    (one,) = said(batch(BETWEEN), gateways=("10.0.0.2",))
    assert (one.grade, one.subject) == ("arp-gateway", "10.0.0.2")
    assert "claims the gateway 10.0.0.2" in one.because


def test_an_address_fought_over_is_told_and_the_comer_is_suspected():
    fight = [(n, arp("10.0.0.1", (OWNER, THIEF)[n % 2])) for n in range(8)]
    (one,) = said(batch([(0, ask("10.0.0.66", "10.0.0.1", THIEF)), *((at + 1, row) for at, row in fight)]))
    assert (one.subject, one.actors) == ("10.0.0.1", ("10.0.0.66",))


def test_one_change_alone_may_be_a_new_network_card():
    assert said(batch([(0, arp("10.0.0.1", OWNER)), (9, arp("10.0.0.1", THIEF))])) == []


def test_a_frame_in_the_name_of_other_hardware_is_odd():
    (one,) = said(batch([(0, arp("10.0.0.1", OWNER, src_mac=THIEF))]))
    assert (one.grade, one.actors) == ("arp-odd", (THIEF,))


def test_answers_to_questions_are_not_odd_and_many_unasked_ones_are():
    asked = [(n, row) for n in range(60) for row in (ask("10.0.0.2", "10.0.0.1", OTHER), arp("10.0.0.1", OWNER))]
    assert said(batch(asked)) == []
    assert [one.grade for one in said(batch([(n, arp("10.0.0.1", OWNER)) for n in range(60)]))] == ["arp-odd"]


def test_who_asks_for_all_addresses_sweeps_unless_many_ask_for_it():
    sweep = [(n / 30, ask("10.0.0.66", f"10.0.0.{n}", THIEF)) for n in range(1, 250)]
    (one,) = said(batch(sweep))
    assert (one.grade, one.actors, one.tactic, one.technique) == ("arp-sweep", ("10.0.0.66",), "discovery", "T0846")
    clients = [(0, ask(f"10.0.0.{n}", "10.0.0.66", f"00:1b:1b:00:01:{n:02x}")) for n in range(3)]
    assert said(batch([*clients, *sweep])) == []


def test_a_new_server_after_learning_is_told_and_one_of_a_list_is_not():
    rows = [(0, dhcp("10.0.0.3")), (2 * DAY_S, dhcp("10.0.0.99"))]
    (one,) = said(batch(rows))
    assert (one.grade, one.subject, one.actors) == ("dhcp", "10.0.0.99", ("10.0.0.99",))
    assert said(batch(rows), servers=("10.0.0.3", "10.0.0.99")) == []
    assert [one.subject for one in said(batch(rows[:1]), servers=("10.0.0.99",))] == ["10.0.0.3"]


def test_many_new_clients_at_once_are_a_flood_without_an_actor():
    flood = [(n / 10, dhcp("", f"02:00:00:00:{n:02x}:01", "", ["DISCOVER"])) for n in range(100)]
    (one,) = said(batch([(0, dhcp("10.0.0.3")), *flood]))
    assert (one.grade, one.subject, one.actors, one.technique) == ("dhcp-flood", "10.0.0.3", (), "T0814")


def test_eve_is_read_alike():
    made = [
        (at, {"event_type": "arp", "arp": {"opcode": "reply", "src_ip": row["orig_h"], "src_mac": row["orig_hw"]}})
        for at, row in BETWEEN
    ]
    assert [one.grade for one in said(batch(made, form="eve"))] == ["arp"]
    ack = {"dhcp_type": "ack", "client_mac": OTHER, "assigned_ip": "10.0.0.50"}
    rows = [(at, {"event_type": "dhcp", "src_ip": ip, "dhcp": ack}) for at, ip in ((0, "10.0.0.3"), (2e5, "10.0.0.9"))]
    assert [one.subject for one in said(batch(rows, form="eve"))] == ["10.0.0.9"]


@pytest.mark.parametrize("odd", [{"log": "arp"}, {"log": "dhcp"}, {"log": "dhcp", "msg_types": "ACK", "mac": 5}, {}])
def test_odd_rows_say_nothing(odd):
    assert said(batch([(0, odd)])) == []


@given(st.permutations(range(len(BETWEEN))))
def test_whatever_the_order_no_more_than_the_machines_seen_are_suspected(order):
    found = said(batch([(n, BETWEEN[index][1]) for n, index in enumerate(order)]))
    assert {name for one in found for name in one.actors} <= {"10.0.0.66", "10.0.0.1", "10.0.0.2", OWNER, THIEF, OTHER}


def test_a_recorded_forged_pair_is_odd_and_its_leases_are_not():
    found = said(*recorded("slips/test9-mixed-zeek-dir/arp.log"))
    assert [(one.grade, one.actors) for one in found] == [("arp-odd", ("50:5b:c2:db:c3:17",))]
    assert said(*recorded("slips/test9-mixed-zeek-dir/dhcp.log")) == []


def test_a_recorded_sweep_is_told_of_its_host_alone():
    (one,) = said(*captured("slips/test8-malicious.pcap"))
    assert (one.grade, one.actors) == ("arp-sweep", ("192.168.1.247",))
