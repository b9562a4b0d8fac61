"""The bench of behaviour makes the same records every time, finds what it hid in them, and says what it costs."""

import pytest

from tocsin.app.suites import Bench
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.behaviour import BATCH, START_AT, BehaviourBench, Network

SMALL = Network(seed=3, hosts=40, servers=200, scanners=2, beacons=2, beacon_every_s=30.0, rate_per_s=200.0)


def run(**names):
    return BehaviourBench(**names).run(Order(command="tocsin bench behaviour", seeds=(3,)), Bench())


def test_records_are_the_same_every_time_and_later_each_batch():
    one, other = (list(SMALL.batches(4, blocks=2)) for _ in range(2))
    assert one == other
    times = [row["at"] for batch in one for row in batch.body.rows]
    assert (len(times), min(times)) == (4 * BATCH, START_AT)
    assert max(times) < one[-1].at
    assert {row["id.orig_h"] for row in one[0].body.rows} >= {"10.20.250.0", "10.20.250.1"}


def test_strangers_never_end():
    met = [
        {row["id.resp_h"] for row in batch.body.rows if row["id.resp_h"].startswith("100.")}
        for batch in SMALL.batches(6, 2)
    ]
    assert all(met[n].isdisjoint(met[n + 1]) for n in range(5))


def test_what_was_hidden_is_found_and_nobody_else_is_accused():
    told = run(records=60_000, beacon_every_s=20.0, only=("cyber.scan", "cyber.beacon"))
    found = told.detail["detectors"]
    assert found["cyber.scan"]["accused"] == [f"10.20.250.{n}" for n in range(3)]
    assert found["cyber.beacon"]["accused"] == [f"10.20.251.{n}" for n in range(4)]
    assert told.metrics["records"] == 60_000
    assert told.metrics["records_per_s_per_core"] > 0
    assert {"resident_start_mb", "resident_middle_mb", "resident_end_mb", "state_end_bytes"} <= told.metrics.keys()


def test_a_detector_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"cyber\.tea"):
        run(only=("cyber.tea",))
