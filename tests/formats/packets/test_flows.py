"""Flows from packets: states after Zeek, directions, limits, both kinds of capture file."""

from io import BytesIO

import pytest

from tests.formats.packets import build
from tests.formats.packets.build import ATTACKER, SERVER, T0, VICTIM, conversation, rows_of, tcp, udp
from tocsin.formats.packets import Limits, rows
from tocsin.model import BadInput


def states(frames, **limits):
    return [row["conn_state"] for row in rows_of(frames, "conn", Limits(**limits))]


def segments(*said):
    ends = {">": (VICTIM, 40_000, SERVER, 80), "<": (SERVER, 80, VICTIM, 40_000)}
    return [(T0 + n, tcp(*ends[one[0]], one[1:], 5)) for n, one in enumerate(said)]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([">S"], "S0"),
        ([">S", "<RA"], "REJ"),
        ([">S", "<SA", ">A"], "S1"),
        ([">S", "<SA", ">A", ">FA", "<FA"], "SF"),
        ([">S", "<SA", ">A", ">FA"], "S2"),
        ([">S", "<SA", ">A", "<FA"], "S3"),
        ([">S", "<SA", ">R"], "RSTO"),
        ([">S", "<SA", "<R"], "RSTR"),
        ([">S", ">R"], "RSTOS0"),
        ([">S", ">F"], "SH"),
        (["<SA"], "SHR"),
        (["<SA", "<R"], "RSTRH"),
        ([">A"], "OTH"),
    ],
)
def test_states_are_those_of_zeek(said, state):
    assert states(segments(*said)) == [state]


def test_a_whole_connection_is_one_row():
    (row,) = rows_of(conversation(VICTIM, SERVER, 9999, [(True, b"hello"), (False, b"hi")]), "conn")
    assert row["history"] == "ShADdFf"
    assert (row["id.orig_h"], row["id.resp_p"], row["orig_bytes"], row["resp_bytes"]) == (VICTIM, 9999, 5, 2)
    assert (row["orig_pkts"], row["resp_pkts"], row["orig_ip_bytes"]) == (4, 3, 4 * 40 + 5)
    assert (row["ts"], row["duration"]) == (T0, 0.06)


def test_a_repeated_segment_counts_once():
    said = [(T0 + n, tcp(VICTIM, 40_000, SERVER, 80, "PA", 5, b"abc")) for n in range(3)]
    (row,) = rows_of(said, "conn")
    assert (row["orig_bytes"], row["orig_pkts"], row["history"]) == (3, 3, "DT")


def test_a_flow_caught_midway_is_turned_to_its_server():
    (row,) = rows_of([(T0, tcp(SERVER, 44818, VICTIM, 1102, "PA", 5, b"x"))], "conn")
    assert (row["id.orig_h"], row["id.resp_h"], row["history"][0]) == (VICTIM, SERVER, "^")


def test_silence_ends_a_flow_of_datagrams():
    frames = [(T0 + at, udp(VICTIM, 1, SERVER, 9, b"x")) for at in (0, 50, 200)]
    assert [row["orig_pkts"] for row in rows_of(frames, "conn")] == [2, 1]


def test_an_attempt_waits_shorter_than_a_connection():
    frames = [*segments(">S"), *conversation(VICTIM, SERVER, 81, [(True, b"x")], end="open")]
    later = (T0 + 60, udp(VICTIM, 1, SERVER, 9, b"x"))
    assert [row["conn_state"] for row in rows_of([*frames, later], "conn")] == ["S0", "S0", "S1"]


def test_a_full_table_gives_its_oldest_flow_early_and_says_so():
    frames = [(T0 + n / 1000, udp(VICTIM, n, SERVER, 9, b"x")) for n in range(1, 31)]
    found = rows_of(frames, limits=Limits(flows_max=10))
    assert len([row for row in found if row["_path"] == "conn"]) == 30
    assert [(row["name"], row["addl"]) for row in found if row["_path"] == "weird"] == [("flow_evicted", "20")]


def test_a_scan_is_refused_ports_and_open_ones():
    found = rows_of(build.port_scan(), "conn")
    assert sorted({row["conn_state"] for row in found}) == ["REJ", "RSTO"]
    assert len({row["id.resp_p"] for row in found}) == 200
    assert {row["id.orig_h"] for row in found} == {ATTACKER}


def test_questions_and_answers_of_icmp_are_one_flow():
    (row,) = rows_of([(T0, build.icmp(VICTIM, SERVER)), (T0 + 1, build.icmp(SERVER, VICTIM, kind=0))], "conn")
    assert (row["id.orig_p"], row["id.resp_p"], row["orig_bytes"], row["resp_pkts"]) == (8, 0, 56, 1)


def test_the_same_capture_gives_the_same_names():
    frames = build.port_scan(range(1, 5))
    names = [row["uid"] for row in rows_of(frames, "conn")]
    assert names == [row["uid"] for row in rows_of(frames, "conn")]
    assert len(set(names)) == 4


def test_both_kinds_of_file_say_the_same():
    frames = build.dns_ordinary()
    (told,) = rows_of(frames, "dns")
    for resolution in (3, 6, 9):
        again, _ = rows(BytesIO(build.pcapng(frames, resolution)))
        assert again["ts"] == pytest.approx(told["ts"])
        assert again["uid"] == told["uid"]


def test_vlan_and_ipv6_are_read():
    tagged = [(T0, build.udp(VICTIM, 1, SERVER, 9, b"x", vlan=7)), (T0, udp("fd00::1", 1, "fd00::2", 9, b"xyz"))]
    assert [row["id.orig_h"] for row in rows_of(tagged, "conn")] == [VICTIM, "fd00::1"]


@pytest.mark.parametrize(("link", "head"), [(101, b""), (113, bytes(14) + b"\x08\x00"), (0, b"\x02\0\0\0")])
def test_other_links_are_read(link, head):
    packet = udp(VICTIM, 1, SERVER, 9, b"x")[14:]
    (row,) = rows(BytesIO(build.pcap([(T0, head + packet)], link)))
    assert row["id.resp_h"] == SERVER


def test_fragments_are_counted():
    frames = [(T0 + n, build.ip(VICTIM, SERVER, 17, bytes(16), mf=1, offset=n * 16)) for n in range(3)]
    assert [(row["name"], row["addl"]) for row in rows_of(frames, "weird")] == [("ip_fragment", "3")]


def test_what_is_no_capture_is_refused():
    with pytest.raises(BadInput, match="neither pcap nor pcapng"):
        list(rows(BytesIO(b"GET / HTTP/1.1")))


def test_a_capture_that_breaks_off_gives_what_it_has():
    whole = build.pcap(build.arp_ordinary())
    found = list(rows(BytesIO(whole[:-5])))
    assert [row.get("operation", row.get("name")) for row in found] == ["request", "capture_truncated"]
