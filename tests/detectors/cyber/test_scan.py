"""Scans are told once per host and shape; benign hosts that fail now and then are not told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detectors.cyber.captures import last, recorded
from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, connections, seen
from tocsin.contract.folding import Folding, findings
from tocsin.detectors.cyber.scan import Scan
from tocsin.model import ConfigError

SWEEP = [("10.0.0.9", f"10.0.1.{n}", 502, "S0") for n in range(1, 41)]
PORTS = [("10.0.0.9", "10.0.1.7", port, "REJ") for port in range(20, 60)]
BROWSING = [("10.0.0.5", f"198.51.100.{n}", 443, "S0" if n % 12 == 0 else "SF") for n in range(1, 200)]

ALARM = [connections(SWEEP[:25]), connections(PORTS, at=START_AT + 60, seq=9_000)]
BENIGN = [connections(BROWSING), connections([("10.0.0.5", "198.51.100.9", 8883, "S0")] * 50, seq=90_000)]


def test_five_thousand_connections_are_one_finding_that_grows():
    ends = [("10.0.0.9", f"10.{n // 250}.{n % 250}.7", 445, "S0") for n in range(5_000)]
    found = findings(
        Scan(), [connections(ends[n : n + 500], at=START_AT + n, seq=n * 999) for n in range(0, 5_000, 500)]
    )
    assert len({finding.id for finding in found}) == 1
    assert found[-1].measure == 5_000.0
    assert len(found[-1].targets) == 20
    assert "at least 256 hosts" in found[-1].because


def test_shapes_are_told_apart():
    found = last(findings(Scan(), ALARM))
    assert {(finding.grade, finding.actors) for finding in found} == {
        ("horizontal", ("10.0.0.9",)),
        ("vertical", ("10.0.0.9",)),
    }


def test_four_failures_are_suspected_and_seven_are_certain():
    grades = {n: [one.grade for one in findings(Scan(), [connections(SWEEP[:n])])] for n in (3, 4, 6, 7)}
    assert grades == {3: [], 4: ["suspected"], 6: ["suspected"], 7: ["horizontal"]}


def test_knocking_at_one_door_again_and_again_is_no_scan():
    assert findings(Scan(), [connections([("10.0.0.9", "10.0.1.1", 502, "S0")] * 500)]) == []


def test_a_slow_scan_adds_up_over_hours():
    facts = [connections([end], at=START_AT + 900 * n, seq=n) for n, end in enumerate(SWEEP[:20])]
    assert last(findings(Scan(), facts))[0].grade == "horizontal"


def test_scanners_of_our_own_are_left_in_peace():
    assert findings(Scan(allowed=("10.0.0.9/32",)), ALARM) == []


@pytest.mark.parametrize(("knocking", "grade"), [(25, "background"), (250, "exposed")])
def test_an_exposed_host_is_told_once_and_accuses_nobody_of_ours(knocking, grade):
    ends = [(f"203.0.113.{n % knocking}", "192.0.2.7", 23, "S0") for n in range(900)]
    (finding,) = findings(Scan(home=("192.0.2.0/24",)), [connections(ends)])
    assert (finding.grade, finding.subject, len(finding.actors)) == (grade, "192.0.2.7", 20)
    assert "192.0.2.7" not in finding.actors


def test_an_outsider_that_sweeps_private_addresses_is_no_background():
    ends = [("203.0.113.9", f"10.0.1.{n}", 502, "S0") for n in range(1, 15)]
    assert [one.grade for one in findings(Scan(), [connections(ends)])] == ["horizontal"]


def test_a_sweep_by_echo_requests_is_a_scan():
    fields = {"proto": "icmp", "id.orig_p": 8}
    ends = [("10.0.0.9", f"10.0.1.{n}", 0, "OTH") for n in range(1, 15)]
    (finding,) = findings(Scan(), [connections(ends, orig_bytes=56, resp_bytes=0, resp_pkts=0, **fields)])
    assert finding.grade == "horizontal"
    assert "icmp/8" in finding.because


def asks(targets, every_s=0.1, **fields):
    row = {"log": "arp", "operation": "request", "orig_h": "10.0.0.9"}
    rows = tuple({**row, "resp_h": target, "at": START_AT + n * every_s, **fields} for n, target in enumerate(targets))
    return seen(LogEvents(format="zeek", offsets=tuple(range(len(rows))), rows=rows), at=rows[-1]["at"])


def test_a_sweep_by_arp_is_a_scan_and_a_gateway_that_looks_for_hosts_is_not():
    absent = [f"10.0.0.{n}" for n in range(20, 70)]
    assert [one.grade for one in findings(Scan(), [asks(absent)])] == ["horizontal"]
    assert findings(Scan(), [asks(absent, every_s=30.0)]) == []
    assert findings(Scan(), [asks(absent[:10] * 5)]) == []


def test_replies_by_arp_take_back_what_their_requests_said():
    pairs = [(f"10.0.0.{n}", operation) for n in range(20, 70) for operation in ("request", "reply")]
    rows = tuple(
        {"log": "arp", "operation": operation, "at": START_AT + n}
        | ({"orig_h": "10.0.0.9", "resp_h": host} if operation == "request" else {"orig_h": host, "resp_h": "10.0.0.9"})
        for n, (host, operation) in enumerate(pairs)
    )
    assert findings(Scan(), [seen(LogEvents(format="zeek", offsets=tuple(range(100)), rows=rows))]) == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"note": "Scan::Address_Scan", "src": "10.0.0.9", "p": 23}, [("horizontal", "10.0.0.9")]),
        ({"note": "Scan::Port_Scan", "src": "10.0.0.9", "dst": "10.0.0.7"}, [("vertical", "10.0.0.9")]),
        ({"note": "Scan::Port_Scan", "src": "203.0.113.9", "dst": "10.0.0.7"}, [("background", "10.0.0.7")]),
        ({"note": "SSL::Invalid_Server_Cert", "src": "10.0.0.9", "dst": "203.0.113.9"}, []),
        ({"note": "Scan::Port_Scan"}, []),
    ],
)
def test_notices_of_zeek_are_believed(row, told):
    fact = seen(LogEvents(format="zeek", offsets=(0,), rows=({"log": "notice", "at": START_AT, **row},)))
    assert [(one.grade, one.subject) for one in findings(Scan(), [fact])] == told


@pytest.mark.parametrize(
    ("port", "fails_every", "fields"),
    [(443, 6, {}), (53, 8, {"proto": "udp"}), (25, 6, {}), (9100, 6, {})],
    ids=["browser", "resolver", "mail server", "monitoring"],
)
def test_busy_hosts_that_fail_now_and_then_are_no_scanners(port, fails_every, fields):
    inner = "10.0" if port == 9100 else "198.51"
    ends = [("10.0.0.5", f"{inner}.{n % 7}.{n % 251}", port, "SF" if n % fails_every else "S0") for n in range(2_000)]
    assert findings(Scan(), [connections(ends, **fields)]) == []


def test_file_sharing_outside_is_no_scan():
    ends = [("10.0.0.5", f"198.51.{n}.9", 20_000 + 37 * n, "S0" if n % 2 else "SF") for n in range(1, 200)]
    assert findings(Scan(), [connections(ends)]) == []


def test_answers_to_ephemeral_ports_are_no_scan():
    ends = [("10.0.0.5", "10.0.0.9", 50_000 + n, "S0") for n in range(100)]
    assert findings(Scan(), [connections(ends, proto="udp", resp_pkts=0)]) == []


def test_eve_flows_are_read_alike():
    flow = {"pkts_toserver": 2, "pkts_toclient": 0, "bytes_toserver": 120, "bytes_toclient": 0, "state": "new"}
    row = {"at": START_AT, "event_type": "flow", "src_ip": "10.0.0.9", "dest_port": 502, "proto": "TCP", "flow": flow}
    rows = tuple({**row, "dest_ip": f"10.0.1.{n}"} for n in range(1, 15))
    fact = seen(LogEvents(format="eve", offsets=tuple(range(14)), rows=rows))
    assert [one.grade for one in findings(Scan(), [fact])] == ["horizontal"]


@pytest.mark.parametrize(
    "row", [{}, {"id.orig_h": 5, "id.resp_h": None}, {"id.orig_h": "x", "id.resp_h": "y", "at": "z"}]
)
def test_odd_rows_raise_nothing(row):
    fact = seen(LogEvents(format="zeek", offsets=(0,), rows=({"log": "conn", **row},)))
    assert findings(Scan(), [fact]) == []


def test_a_home_network_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"Write networks as"):
        Scan(home=("office",))


@given(st.lists(st.integers(1, 9), min_size=7, max_size=12))
def test_it_counts_alike_however_the_records_were_batched(sizes):
    ends = iter([("10.0.0.9", f"10.0.1.{n}", 502, "S0") for n in range(1, 200)])
    facts = [connections([next(ends) for _ in range(size)], seq=10_000 * n) for n, size in enumerate(sizes)]
    (found,) = last(findings(Scan(), facts))
    assert found.measure == sum(sizes)


def test_ever_new_hosts_leave_its_state_bounded():
    scan = Scan(groups_max=50, sweeps_max=5)
    folding = Folding(scan, scan.key)
    for n in range(300):
        folding.feed(connections([(f"10.{n}.0.9", f"10.0.{k}.7", 23, "S0") for k in range(9)], at=START_AT + n, seq=n))
    state = folding.states["conn.log"]
    assert (len(state.groups), len(state.sweeps)) == (50, 5)


def test_nmap_over_three_networks_is_told_once_per_shape():
    found = last(findings(Scan(), recorded("zeek_labelled/002-zeek-scenario-port-scanning/conn.log")))
    assert {(one.grade, one.subject) for one in found} == {("horizontal", "172.16.1.11"), ("vertical", "172.16.1.11")}


def test_a_day_on_the_internet_is_exposure_and_accuses_nobody_of_ours():
    (found,) = last(findings(Scan(), recorded("zeek_labelled/008-zeek-mixed/data/conn.log.labeled")))
    assert (found.grade, found.subject) == ("exposed", "147.32.81.167")


@pytest.mark.parametrize(
    ("path", "grades"),
    [
        ("slips/port-scans/vertical/conn.log", {"192.168.1.9": "vertical"}),
        ("slips/port-scans/horizontal/conn.log", {"10.0.2.112": "horizontal"}),
        ("slips/test10-mixed-zeek-dir/conn.log", {"192.0.2.10": "horizontal", "192.0.2.33": "horizontal"}),
        ("slips/test9-mixed-zeek-dir/conn.log", {}),
        ("slips/test9-mixed-zeek-dir/notice.log", {"192.168.1.15": "horizontal"}),
    ],
)
def test_recorded_scans_are_found_and_their_neighbours_are_not(path, grades):
    assert {one.subject: one.grade for one in last(findings(Scan(), recorded(path)))} == grades
