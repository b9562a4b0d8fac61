"""EVE lines: golden rows, strict checks, no payload, no crash on any bytes."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats import eve
from tocsin.model import BadInput

FLOW = {"timestamp": "2021-06-06T15:59:46.457984+0200", "event_type": "flow", "src_ip": "192.0.2.1", "proto": "TCP"}
ALERT = {"signature_id": 2403388, "signature": "ET CINS", "severity": 2}


def line(**fields):
    return json.dumps({**FLOW, **fields}).encode()


def test_a_row_has_seconds_utc_and_suricata_s_names():
    assert eve.row_of(line(src_port=5)) == {
        "event_type": "flow",
        "src_ip": "192.0.2.1",
        "proto": "TCP",
        "src_port": 5,
        "at": 1622987986.457984,
    }


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"[1]", "not an object"),
        (b'{"event_type":"flow"}', "no timestamp"),
        (b'{"timestamp":"2021-06-06T15:59:46+0200"}', "no event_type"),
        (line(timestamp="2021-06-06T15:59:46"), "no offset"),
        (line(timestamp=5), "no timestamp"),
        (line(event_type="alert"), "without its alert"),
        (line(event_type="alert", alert={**ALERT, "severity": "2"}), "alert.severity"),
        (line(src_ip=7), "src_ip"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "deep"),
        (line(flow={"n": 10**30}), "64 bits"),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(raw, reason):
    with pytest.raises(BadInput, match=reason):
        eve.row_of(raw)


def test_a_reason_repeats_no_content():
    with pytest.raises(BadInput) as caught:
        eve.row_of(b'{"user": "anna.virtanen" oops}')
    assert "anna" not in str(caught.value)


@given(st.binary())
@settings(deadline=None)
def test_any_bytes_give_a_row_or_a_reason(raw):
    with suppress(BadInput):
        assert eve.row_of(raw)["at"] >= 0


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.lists(st.text(max_size=5)), max_size=4))
@settings(deadline=None)
def test_any_object_gives_a_row_or_a_reason(fields):
    with suppress(BadInput):
        assert eve.row_of(line(**fields))["event_type"]


def test_every_line_of_the_recorded_log_is_read():
    path = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "slips" / "test6-malicious.suricata.json"
    if not path.exists():
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{path} is absent")
        pytest.skip(f"recorded data is absent: {path} (set TOCSIN_DATA)")
    rows = [eve.row_of(raw) for raw in path.read_bytes().splitlines()]
    assert (len(rows), sum(row["event_type"] == "alert" for row in rows)) == (5000, 745)
