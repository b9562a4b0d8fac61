"""Rows of ARP, DNS and EtherNet/IP; the four recorded attacks on controllers; hostile bytes."""

import os
from contextlib import suppress
from io import BytesIO
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.packets import build
from tests.formats.packets.build import ATTACKER, GATEWAY, MAC, SERVER, T0, VICTIM, rows_of
from tocsin.formats.packets import rows
from tocsin.formats.packets.protocols import DATAGRAMS, STREAMS
from tocsin.formats.packets.streams import Stream
from tocsin.model import BadInput

DATA = Path(os.environ.get("TOCSIN_DATA", Path(__file__).parents[4] / "shared" / "data"))


def recorded(name):
    path = DATA / name
    if not path.exists():
        reason = f"{path} is absent: set TOCSIN_DATA to the folder of recorded data"
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with path.open("rb") as file:
        return list(rows(file))


def test_arp_says_who_claims_what():
    found = rows_of(build.arp_spoofing(1), "arp")
    assert found[1]["operation"] == "reply"
    assert found[1]["orig_hw"] == MAC[GATEWAY].hex(":")
    assert (found[2]["orig_h"], found[2]["orig_hw"]) == (GATEWAY, MAC[ATTACKER].hex(":"))
    assert (found[2]["src_mac"], found[2]["resp_h"]) == (MAC[ATTACKER].hex(":"), VICTIM)


def test_a_question_and_its_answer_are_one_row():
    (row,) = rows_of(build.dns_ordinary(), "dns")
    assert (row["query"], row["qtype_name"], row["rcode_name"], row["answers"]) == (
        "example.org",
        "A",
        "NOERROR",
        ["192.0.2.7"],
    )
    assert (row["ts"], row["rtt"], row["TTLs"]) == (T0, 0.02, [60.0])


def test_an_unanswered_question_is_told_at_the_end():
    (row,) = rows_of(build.dns_ordinary()[:1], "dns")
    assert row["query"] == "example.org"
    assert "rcode" not in row


def test_a_refused_question_says_why():
    reply = build.dns("nowhere.example", rcode=3)
    frames = [(T0, build.udp(VICTIM, 999, SERVER, 53, build.dns("nowhere.example")))]
    (row,) = rows_of([*frames, (T0 + 1, build.udp(SERVER, 53, VICTIM, 999, reply))], "dns")
    assert (row["rcode_name"], row["rejected"]) == ("NXDOMAIN", True)


def test_a_tunnel_shows_long_names_and_long_texts():
    found = rows_of(build.dns_tunnel(5), "dns")
    assert len({row["query"] for row in found}) == 5
    assert all(len(row["query"]) > 60 and row["answers"][0].startswith("TXT 120 ") for row in found)


def test_dns_over_tcp_is_read_message_by_message():
    message = build.dns("example.org")
    sized = len(message).to_bytes(2) + message
    found = rows_of(build.conversation(VICTIM, SERVER, 53, [(True, sized[:9]), (True, sized[9:] + sized)]), "dns")
    assert len(found) == 2


def test_a_lock_and_its_end_are_named_with_their_path():
    found = [row for row in rows_of(build.enip_lock(), "cip") if row["direction"] == "request"]
    assert [(row["cip_service"], row["path"], row.get("argument")) for row in found] == [
        ("Lock", "0x8e/0x1/0x74/0x1", 1),
        ("Unlock", "0x8e/0x1/0x74/0x1", None),
    ]


def test_an_answer_carries_what_it_answers():
    answers = [row for row in rows_of(build.enip_lock(), "cip") if row["direction"] == "response"]
    assert [(row["cip_service"], row["class_id"], row["cip_status"]) for row in answers] == [
        ("Lock", "0x74", "Success"),
        ("Unlock", "0x74", "Success"),
    ]


def test_a_routed_bundle_is_taken_apart():
    inner = (
        bytes.fromhex("0e0320022401300 1".replace(" ", "")),
        bytes.fromhex("4b022067240107010000000000 0f000100 80".replace(" ", "")),
    )
    offsets = (6).to_bytes(2, "little") + (6 + len(inner[0])).to_bytes(2, "little")
    bundle = bytes.fromhex("0a0220022401") + b"\x02\0" + offsets + inner[0] + inner[1]
    routed = bytes.fromhex("5202200624010a0a") + len(bundle).to_bytes(2, "little") + bundle + b"\x01\0\x01\0"
    found = rows_of(build.conversation(VICTIM, SERVER, 44818, [(True, build.cip_unconnected(routed))]), "cip")
    assert [row["cip_service"] for row in found] == ["Multiple Service Packet", "Get Attribute Single", "Execute PCCC"]
    assert all(row["routed"] for row in found)
    assert (found[1]["attribute_id"], found[2]["pccc_name"]) == ("0x1", "Change Mode")


def test_protocols_are_known_on_any_port():
    said = [(True, build.enip(0x65, b"\1\0\0\0"))]
    (row,) = rows_of(build.conversation(VICTIM, SERVER, 8080, said), "conn")
    assert row["service"] == "enip"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_segments_in_any_order_become_bytes_in_order(order):
    stream = Stream(0xFFFFFFFF)
    parts = {0: (0xFFFFFFFF, b"ab"), 1: (1, b"cd"), 2: (2, b"def"), 3: (5, b"g")}
    given = [chunk for number in order for chunk in stream.take(*parts[number])]
    assert b"".join(given) == b"abcdefg"


def test_a_gap_that_does_not_close_is_told():
    stream = Stream(0)
    given = [chunk for n in range(80) for chunk in stream.take(100 + n * 1000, bytes(1000))]
    assert given[0] is None
    assert sum(chunk is None for chunk in given) == 1


def services(found, **wanted):
    asked = [row for row in found if row["_path"] == "cip" and row["direction"] == "request"]
    return [row for row in asked if all(row.get(name) == value for name, value in wanted.items())]


def test_the_recorded_lock_shows_as_a_lock():
    found = recorded("quickdraw/CL5000EIP-Lock_PLC_Attempt.pcap")
    assert {row["argument"] for row in services(found, path="0x8e/0x1/0x74/0x1", cip_service="Lock")} == {1}
    assert not services(found, cip_service="Stop")


def test_the_recorded_upload_lists_and_reads_and_changes_nothing():
    found = recorded("quickdraw/CL5000EIP-Software_Upload.pcap")
    assert len({row["class_id"] for row in services(found, cip_service="List Instances", instance_id="0x0")}) > 11
    assert len({row["path"] for row in services(found, cip_service="Read Tag Data")}) > 9
    assert not services(found, cip_service="Create") + services(found, cip_service="Stop")


@pytest.mark.parametrize(
    ("name", "module", "projects", "types"),
    [
        ("Software_Download", (1, 12, 58), ["MVI56DNPSNET", "NiftyController"], 0),
        ("Control_Protocol_Change_Attempt", (1, 0, 15), ["NiftyController", "MVI56MNET"], 10),
    ],
)
def test_recorded_downloads_differ_in_module_project_and_types(name, module, projects, types):
    found = recorded(f"quickdraw/CL5000EIP-{name}.pcap")
    for service in ("Stop", "Reset", "Create", "Write Logic", "Start"):
        assert services(found, cip_service=service)
    entered = [row for row in services(found) if "module_vendor_id" in row]
    names = ("module_vendor_id", "module_device_type", "module_product_code")
    assert {tuple(row[name] for name in names) for row in entered} == {module}
    assert list(dict.fromkeys(row["project_name"] for row in found if "project_name" in row)) == projects
    assert len(services(found, cip_service="Create", class_id="0x6c")) == types


def test_recorded_captures_hold_no_malformed_message():
    for path in sorted((DATA / "quickdraw").glob("*.pcap")):
        assert not [row for row in recorded(path) if row["_path"] == "weird"]


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_after_a_magic_number_are_survived(raw):
    for magic in (b"\xd4\xc3\xb2\xa1" + bytes(16) + b"\x01\0\0\0", b"\x0a\x0d\x0d\x0a", raw[:4]):
        with suppress(BadInput):
            list(rows(BytesIO(magic + raw)))


@settings(deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=4))
def test_any_frames_are_survived(packets):
    rows_of([(T0, data) for data in packets])
    for ethertype in (0x0800, 0x86DD, 0x0806):
        rows_of([(T0, build.ether(data, ethertype)) for data in packets])


@settings(deadline=None, max_examples=200)
@given(st.sampled_from([*STREAMS, *DATAGRAMS]), st.data())
def test_any_payload_is_survived(protocol, data):
    head = data.draw(st.sampled_from(HEADS))
    ports = data.draw(
        st.sampled_from([53, 80, 21, 23, 502, 1883, 2404, 20000, 44818, 47808, 102, 161, 3671, 67, 443, 5060])
    )
    said = [(data.draw(st.booleans()), head + data.draw(st.binary(max_size=80))) for _ in range(3)]
    rows_of(build.conversation(VICTIM, SERVER, ports, said))
    rows_of([(T0, build.udp(VICTIM, 999, SERVER, ports, raw)) for _, raw in said])


HEADS = [
    b"",
    b"\x05\x64",
    b"\x68\x04",
    b"\x03\0\0\x1f\x02\xf0\x80\x32\x01",
    b"\x10\x0c\0\x04MQTT",
    b"\x81\x0a",
    b"\x06\x10",
]
HEADS += [
    b"GET / HTTP/1.1\r\n",
    b"\x16\x03\x01\0\x20\x01",
    b"220 FTP\r\n",
    b"\0\1\0\0\0\6\1\3",
    b"\x30\x20\x02\x01\x01\x04",
]
HEADS += [build.enip(0x70, b"")[:2] + b"\x30\0" + bytes(20), build.dns("a.b")[:12], build.dhcp(5, SERVER, VICTIM)[:244]]
