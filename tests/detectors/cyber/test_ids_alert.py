"""IDS alerts become few campaigns, each alert evidence of exactly one."""

import json
import os
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, ids_alerts, seen
from tocsin.contract.folding import findings
from tocsin.detectors.cyber.ids_alert import IdsAlert
from tocsin.model import ConfigError

ALARM = [
    ids_alerts(5),
    ids_alerts(3, signature="ET SCAN Zmap", severity=3, at=START_AT + 10, seq=5_000),
    ids_alerts(4, at=START_AT + 20, seq=9_000),
]
BENIGN = [
    seen(
        LogEvents(format="eve", offsets=(n * 100,), rows=({"at": START_AT + n, "event_type": "flow"},)),
        at=START_AT + n,
        seq=n * 100,
        source="ids-1",
    )
    for n in range(20)
]


def one_alert(source, destination, **alert):
    row = {"at": START_AT, "event_type": "alert", "src_ip": source, "dest_ip": destination, "alert": alert}
    return seen(LogEvents(format="eve", offsets=(0,), rows=(row,)), source="ids-1")


def test_one_finding_per_campaign_however_many_alerts():
    found = findings(IdsAlert(), ALARM)
    assert [finding.grade for finding in found] == ["medium", "background", "medium"]
    assert found[0].id == found[2].id != found[1].id
    assert found[2].measure == 9.0


def test_every_alert_is_evidence_of_exactly_one_finding():
    cited = [row for finding in findings(IdsAlert(), ALARM) for row in finding.evidence]
    assert len(cited) == len(set(cited)) == 12


def test_a_host_of_ours_that_attacks_others_is_the_subject():
    (finding,) = findings(IdsAlert(), [one_alert("10.1.2.3", "203.0.113.9", signature="ET SCAN x", severity=1)])
    assert finding.subject == "10.1.2.3"
    assert finding.actors == ("203.0.113.9",)
    assert "itself" in finding.because
    assert finding.grade == "high", "scanning by our own host is no background"


def test_between_two_hosts_of_ours_the_destination_is_the_subject():
    (finding,) = findings(IdsAlert(), [one_alert("10.1.2.3", "10.1.2.4", signature="x", severity=1)])
    assert (finding.subject, finding.actors) == ("10.1.2.4", ("10.1.2.3",))


def test_hours_are_campaigns_of_their_own():
    found = findings(IdsAlert(), [ids_alerts(1), ids_alerts(1, at=START_AT + 3_600, seq=1)])
    assert found[0].id != found[1].id


@pytest.mark.parametrize("alert", [{}, {"severity": "high"}, {"signature": None, "severity": 99}])
def test_odd_alerts_are_counted_all_the_same(alert):
    (finding,) = findings(IdsAlert(), [one_alert("", "not an address", **alert)])
    assert finding.grade == "low"


def test_a_home_network_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"Write networks as"):
        IdsAlert(home=("office",))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_counts_add_up_however_the_lines_were_batched(sizes):
    batches = [ids_alerts(size, at=START_AT, seq=10_000 * n) for n, size in enumerate(sizes)]
    assert findings(IdsAlert(), batches)[-1].measure == sum(sizes)


def recorded_alerts():
    path = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "slips" / "test6-malicious.suricata.json"
    if not path.is_file():
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{path} is needed: set TOCSIN_DATA to the folder of recorded data.")
        pytest.skip(f"no {path}: set TOCSIN_DATA to the folder of recorded data")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        row["at"] = datetime.fromisoformat(row["timestamp"]).timestamp()
    return rows


def test_recorded_scanning_of_one_host_is_told_per_hour():
    rows = recorded_alerts()
    batches = [
        seen(LogEvents(format="eve", offsets=tuple(range(n, n + 500)), rows=tuple(rows[n : n + 500])), seq=n)
        for n in range(0, len(rows), 500)
    ]
    found = findings(IdsAlert(), batches)
    cited = [row for finding in found for row in finding.evidence]
    assert {finding.subject for finding in found} == {"192.168.1.129"}
    assert len(cited) == len(set(cited)) == 745
    assert len({finding.id for finding in found}) == 27
    assert {finding.grade for finding in found} == {"background", "medium", "high"}
