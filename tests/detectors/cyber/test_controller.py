"""Commands to controllers are named for what they do; what is routine is learnt and stays silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.packet_captures import captured
from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, seen
from tocsin.contract.folding import findings
from tocsin.contract.resources import Resources
from tocsin.detectors.cyber.controller import Controller
from tocsin.detectors.cyber.controller.commands import Services
from tocsin.model import ConfigError, Origin, Tick

DAY_S = 86_400.0


def later(after_s):
    return Tick(at=START_AT + after_s, origin=Origin.SIMULATED)


def batch(rows, form="zeek", seq=0):
    """One batch of rows of (seconds after the start, fields)."""
    ends = (
        {"id.orig_h": "10.0.0.9", "id.resp_h": "10.0.0.2"}
        if form == "zeek"
        else {"src_ip": "10.0.0.9", "dest_ip": "10.0.0.2"}
    )
    made = tuple({"at": START_AT + after, **ends, **fields} for after, fields in rows)
    body = LogEvents(format=form, offsets=tuple(seq + n for n in range(len(made))), rows=made)
    return seen(body, at=max(row["at"] for row in made), seq=seq, source="plant-1")


def cip(service, path, **more):
    return {"log": "cip", "is_orig": True, "cip_service_code": service, "path": path, **more}


LOCK = cip("0x4b", "0x8e/0x1/0x74/0x1", argument=1)
EDIT_LOCK = cip("0x4b", "0x8e/0x1/0x74/0x1", argument=0)
UNLOCK = cip("0x4c", "0x8e/0x1/0x74/0x1")
LOAD = [
    (0, EDIT_LOCK),
    (5, cip("0x7", "0x8e/0x1")),
    (6, UNLOCK),
    (7, cip("0x5", "0x72/0x1")),
    (8, cip("0x8", "0x68/0x2024")),
    (9, cip("0x4b", "0x72/0x1")),
    (12, cip("0x6", "0x8e/0x1")),
]
WRITE = {"log": "modbus", "func": "WRITE_SINGLE_REGISTER"}

ALARM = [batch([*LOAD, (400, LOCK), (404, UNLOCK)]), later(460)]
BENIGN = [
    batch([(n * 60, WRITE) for n in range(100)]),
    batch([(DAY_S + n * 60, WRITE) for n in range(100)], seq=1_000),
    batch([(DAY_S + n, cip("0x3", "0x73/0x1")) for n in range(100)], seq=2_000),
    batch([(DAY_S, EDIT_LOCK), (DAY_S + 3, UNLOCK)], seq=3_000),
    later(2 * DAY_S),
]


def grades(*facts, **parameters):
    return [one.grade for one in findings(Controller(**parameters), [*facts, later(400 * DAY_S)])]


def test_a_download_is_one_finding_with_its_stop_and_start_within():
    (one,) = findings(Controller(), [batch(LOAD), later(60)])
    assert (one.grade, one.technique, one.tactic) == ("download", "T0843", "lateral-movement")
    assert one.because.startswith("Software download: 10.0.0.9 on controller 10.0.0.2 over EtherNet/IP")
    assert "within it stop, unlock, delete, start" in one.because
    assert (one.subject, one.actors, one.targets) == ("10.0.0.2", ("10.0.0.9",), ("10.0.0.2",))


def test_a_download_with_a_generic_module_changes_the_control_protocol():
    module = (8.5, cip("0x4", "0x69/0x1bc6", module_device_type=0, module_product_code=15))
    (one,) = findings(Controller(), [batch([*LOAD, module]), later(60)])
    assert one.grade == "protocol-change"
    assert one.because.startswith("Control protocol change attempt")


def test_a_download_with_a_bridge_of_the_same_maker_does_not():
    module = (8.5, cip("0x4", "0x69/0x1bc6", module_device_type=12, module_product_code=58))
    assert grades(batch([*LOAD, module])) == ["download"]


def test_all_tags_read_are_an_upload_and_one_tag_is_not():
    tags = [(n * 0.1, cip("0x4f", f"0x6a/{n}")) for n in range(12)]
    assert grades(batch(tags)) == ["upload"]
    assert grades(batch([(n, cip("0x4f", "0x6a/7")) for n in range(100)])) == []


def test_a_lock_that_keeps_others_out_is_told_and_the_lock_of_an_edit_is_not():
    assert grades(batch([(0, LOCK), (5, UNLOCK)])) == ["lock"]
    assert grades(batch([(0, EDIT_LOCK), (5, UNLOCK)])) == []
    assert grades(batch([(0, UNLOCK)])) == ["unlock"]


def test_a_write_by_a_client_never_seen_is_told_after_learning():
    routine, stranger = dict(WRITE), {**WRITE, "id.orig_h": "10.0.0.66"}
    found = findings(Controller(), [batch([(0, routine), (DAY_S + 10, routine), (DAY_S + 20, stranger)]), later(2e5)])
    assert [(one.grade, one.actors, one.technique) for one in found] == [("write", ("10.0.0.66",), "T0836")]
    assert "never seen there before" in found[0].because


def test_a_command_never_seen_from_a_known_client_is_told():
    other = {"log": "modbus", "func": "MASK_WRITE_REGISTER"}
    assert grades(batch([(0, WRITE), (DAY_S + 10, other)])) == ["write"]


def test_what_goes_on_for_long_becomes_routine():
    rows = [(0, WRITE)] + [(DAY_S * n, {**WRITE, "id.orig_h": "10.0.0.66"}) for n in (2, 5, 10, 11)]
    assert grades(*(batch([row], seq=100 * n) for n, row in enumerate(rows))) == ["write", "write"]


@pytest.mark.parametrize(
    ("fields", "grade"),
    [
        ({"log": "s7comm", "rosctr_code": 1, "function_code": "0x1a"}, "download"),
        ({"log": "s7comm", "rosctr_code": 1, "function_code": "0x1d"}, "upload"),
        ({"log": "dnp3", "fc_request": "COLD_RESTART"}, "restart"),
        ({"log": "dnp3", "fc_request": "DISABLE_UNSOLICITED"}, "suppress"),
        ({"log": "bacnet", "pdu_type": "CONFIRMED_REQUEST", "pdu_service": "reinitialize_device"}, "restart"),
        ({"log": "bacnet", "pdu_service": "device_communication_control"}, "suppress"),
        ({"log": "iec104", "type_id": 105, "is_orig": True}, "restart"),
        ({"log": "knx", "apci": "0x280"}, "download"),
        ({"log": "modbus", "func": "PROGRAM_584_984"}, "download"),
        (cip("0x4b", "0x67/0x1", pccc_command="0x0f", pccc_function="0x80"), "mode"),
        (cip("0x5", "0x1/0x1"), "restart"),
        (cip("0x10", "0xf5/0x1/0x5", attribute_id="0x5"), "network-change"),
        ({"log": "cip", "cip_service_code": "0x07", "class_id": "0x8e"}, "stop"),
    ],
)
def test_what_is_never_routine_is_told_even_while_learning(fields, grade):
    assert grades(batch([(0, fields)])) == [grade]


@pytest.mark.parametrize(
    "fields",
    [
        {"log": "s7comm", "rosctr_code": 3, "function_code": "0x29"},
        {"log": "cip", "is_orig": False, "cip_service_code": "0x7", "path": "0x8e/0x1"},
        {"log": "bacnet", "pdu_type": "SIMPLE_ACK", "pdu_service": "reinitialize_device"},
        {"log": "cip", "cip_service_code": None},
        {"log": "cip", "cip_service_code": "0x7", "id.resp_h": 5},
        {"log": "modbus", "func": ["odd"]},
        {"log": "conn"},
    ],
)
def test_answers_and_odd_rows_command_nothing(fields):
    assert grades(batch([(0, fields)])) == []


def test_eve_is_read_alike():
    row = {"event_type": "dnp3", "dnp3": {"request": {"application": {"function_code": 18}}}}
    assert grades(batch([(0, row)], form="eve")) == ["stop"]
    write = {"event_type": "modbus", "modbus": {"request": {"function_raw": 6}}}
    assert grades(batch([(0, write), (2 * DAY_S, {**write, "src_ip": "10.0.0.66"})], form="eve")) == ["write"]


@given(st.integers(1, 7))
def test_batches_of_any_size_give_the_same_findings(size):
    whole = findings(Controller(), [batch(LOAD), later(60)])
    cut = [batch(LOAD[n : n + size], seq=n) for n in range(0, len(LOAD), size)]
    parted = findings(Controller(), [*cut, later(60)])
    assert [(one.id, one.grade, one.because, one.evidence) for one in parted] == [
        (
            one.id,
            one.grade,
            one.because,
            tuple(f"plant-1/{int(e.split('+')[1]) // size * size}+{e.split('+')[1]}" for e in one.evidence),
        )
        for one in whole
    ]


def test_a_table_with_an_unknown_deed_is_refused(tmp_path):
    (tmp_path / "network").mkdir()
    text = "deeds: {read: {}}\nprotocols: {x: {title: X, logs: [x], commands: {explode: [1]}}}\n"
    (tmp_path / "network" / "controller_services.yaml").write_text(text)
    with pytest.raises(ConfigError, match="no deed 'explode'"):
        Services.load(Resources(content=tmp_path))


def test_every_deed_has_a_weight_and_says_its_name():
    deeds = Services.load(Resources()).deeds
    told = {name for name, deed in deeds.items() if not deed.quiet}
    assert told == set(Controller().default_nats)
    assert all(deeds[name].says and deeds[name].technique and deeds[name].tactic for name in told)


@pytest.mark.parametrize(
    ("name", "grade", "words"),
    [
        ("Lock_PLC_Attempt", "lock", "Lock PLC attempt: 192.168.10.105 on controller 192.168.10.120"),
        ("Software_Download", "download", "Software download: 192.168.10.105 on controller 192.168.10.120"),
        ("Software_Upload", "upload", "Software upload: 192.168.10.105 on controller 192.168.10.120"),
        ("Control_Protocol_Change_Attempt", "protocol-change", "Control protocol change attempt: 192.168.10.105"),
    ],
)
def test_each_recorded_attack_is_named_for_what_it_is(name, grade, words):
    facts = captured(f"quickdraw/CL5000EIP-{name}.pcap")
    found = findings(Controller(), [*facts, Tick(at=facts[-1].at + 60, origin=Origin.SIMULATED)])
    assert {one.grade for one in found} == {grade}
    assert len({one.id for one in found}) == 1
    assert all(one.because.startswith(words) for one in found)
