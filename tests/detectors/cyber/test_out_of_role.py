"""Devices that leave their role are told; those that keep to it, or do many things anyway, are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import recorded
from tocsin.city.context import City
from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import SQUARE, START_AT, seen
from tocsin.contract.folding import findings
from tocsin.contract.resources import Resources
from tocsin.detectors.cyber.out_of_role import OutOfRole
from tocsin.detectors.cyber.out_of_role.roles import Roles
from tocsin.model import Asset, ConfigError

DAY_S = 86_400.0
CAMERA, PLC, RECORDER, OUTSIDE = "10.0.0.20", "10.0.0.30", "10.0.0.40", "198.51.100.7"


def city():
    empty = City.empty("Test", SQUARE)
    kinds = {CAMERA: "sensor.camera", PLC: "plc", RECORDER: "recorder", "10.0.9.0/24": "camera"}
    assets = {ip: Asset(id=ip, kind=kind, name=f"the {kind}", addresses=(ip,)) for ip, kind in kinds.items()}
    return City(name="Test", centre=SQUARE, bounds=empty.bounds, map=empty.map, assets=assets)


def batch(*calls, seq=0):
    """One batch of connections: (seconds after the start, source, target, port, more fields)."""
    made = tuple(_row(*call) for call in calls)
    body = LogEvents(format="zeek", offsets=tuple(seq + n for n in range(len(made))), rows=made)
    return seen(body, at=max(row["at"] for row in made), seq=seq, source="net-1")


def _row(after_s, source, target, port, more=None):
    ends = {"id.orig_h": source, "id.resp_h": target, "id.resp_p": port, "proto": "tcp"}
    sizes = {"conn_state": "SF", "orig_bytes": 100, "resp_bytes": 100}
    return {"log": "conn", "at": START_AT + after_s, **ends, **sizes, **(more or {})}


def said(*facts, known=True, **parameters):
    return findings(OutOfRole(**parameters), facts, Resources(city=city() if known else None))


LEARNT = batch(*((n * 3_600, "10.0.0.9", "10.0.0.5", 1883) for n in range(30)))
ALARM = [
    LEARNT,
    batch(*((DAY_S + n * 60, "10.0.0.9", f"10.0.1.{n}", 22) for n in range(5)), seq=100),
    batch(*((DAY_S + n * 60, "10.0.0.9", OUTSIDE, 443) for n in range(5)), seq=200),
]
BENIGN = [
    batch(*((n * 600, "10.0.0.9", "10.0.0.5", 1883) for n in range(300))),
    batch(*((3 * DAY_S + n, "10.0.0.9", "10.0.0.5", 22) for n in range(2)), seq=1_000),
    batch(*((n * 60, "10.0.0.50", f"10.0.1.{n}", 1_000 + n) for n in range(40)), seq=2_000),
    batch(*((2 * DAY_S + n * 60, "10.0.0.50", f"10.0.1.{n}", 6_000 + n) for n in range(40)), seq=3_000),
    batch(
        *((3 * DAY_S + n, OUTSIDE, "10.0.0.9", 23, {"conn_state": "S0", "resp_bytes": 0}) for n in range(9)), seq=4_000
    ),
]


def test_a_device_without_a_known_role_has_its_habit():
    found = said(*ALARM, known=False)
    assert [(one.grade, one.subject, one.actors) for one in found] == [("unusual", "10.0.0.9", ("10.0.0.9",))] * 2
    assert found[0].id == found[1].id
    assert "newly speaks ssh: 5 connections with 5 others" in found[0].because


def test_a_camera_that_opens_a_shell_leaves_its_role():
    (one,) = said(batch((0, CAMERA, "10.0.0.5", 23)))
    assert (one.grade, one.actors, one.targets) == ("asks", (CAMERA,), ("10.0.0.5",))
    assert (one.tactic, one.technique) == ("lateral-movement", "T0886")
    assert one.because.startswith("10.0.0.20 (the sensor.camera, camera) opens telnet, which is not of its role")


def test_a_controller_that_talks_to_outside_leaves_its_role():
    (one,) = said(batch((0, PLC, OUTSIDE, 443), (1, PLC, OUTSIDE, 443)))
    assert (one.grade, one.tactic, one.measure) == ("outside", "command-and-control", 2.0)


def test_who_gets_a_shell_on_a_controller_is_the_actor():
    (one,) = said(batch((0, "10.0.0.66", PLC, 23)))
    assert (one.grade, one.subject, one.actors, one.targets) == ("serves", PLC, ("10.0.0.66",), (PLC,))


@pytest.mark.parametrize(
    ("source", "target", "port", "more"),
    [
        (CAMERA, RECORDER, 554, {}),
        (RECORDER, CAMERA, 554, {}),
        (CAMERA, RECORDER, 40_000, {"proto": "udp", "resp_pkts": 3}),
        (CAMERA, "10.0.0.2", 53, {"proto": "udp"}),
        (CAMERA, OUTSIDE, 123, {"proto": "udp"}),
        (CAMERA, "239.255.255.250", 3702, {"proto": "udp"}),
        ("10.0.0.9", PLC, 502, {"service": "modbus"}),
        (PLC, "10.0.0.5", 8883, {"service": "ssl"}),
        (OUTSIDE, PLC, 23, {"conn_state": "S0"}),
        ("10.0.9.7", "10.0.0.5", 23, {}),
    ],
)
def test_what_is_of_the_role_is_silent(source, target, port, more):
    assert said(batch((0, source, target, port, more))) == []


def test_what_goes_on_becomes_a_habit():
    calls = [
        batch(*((DAY_S * day + n, "10.0.0.9", "10.0.1.1", 22) for n in range(5)), seq=100 * day) for day in (2, 12)
    ]
    assert len(said(LEARNT, *calls, known=False)) == 1


def test_a_table_that_is_broken_says_where(tmp_path):
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "roles.yaml").write_text(
        "protocols: [[ssh]]\neverybody: []\noutside: []\nroles: {x: {kinds: 1}}\n"
    )
    with pytest.raises(ConfigError, match=r"roles\.yaml: Expected .*kinds"):
        Roles.load(Resources(content=tmp_path))


def test_a_home_network_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="Write networks as"):
        OutOfRole(home=("office",))


@given(st.integers(1, 9))
def test_connections_count_alike_however_they_were_batched(size):
    calls = [(n, CAMERA, f"10.0.1.{n}", 23) for n in range(9)]
    parts = [batch(*calls[n : n + size], seq=n) for n in range(0, 9, size)]
    assert said(*parts)[-1].measure == 9.0


@pytest.mark.parametrize("log", ["slips/test9-mixed-zeek-dir/conn.log", "slips/test10-mixed-zeek-dir/conn.log"])
def test_recorded_hosts_are_silent_while_they_are_learnt(log):
    assert said(*recorded(log)) == []
