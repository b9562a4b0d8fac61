"""The bench of the flow sends what it says it sends, and every number is measured."""

import math
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.suites.flow import FlowBench, bare_inserts, bodies, city_of, delivered, line, reader_of


@settings(max_examples=20)
@given(st.integers(1, 40), st.integers(1, 400))
def test_every_reading_is_new_and_in_the_past(sensors, count):
    raw = b"\n".join([*bodies(sensors, sensors, 7), *bodies(sensors, sensors + count, 7)])
    found = delivered(reader_of(resources()), raw)
    assert not found.rejected
    assert len({(one.source, one.seq) for one in found.readings}) == len(found.readings) == 2 * sensors + count
    assert all(one.at <= time.time() for one in found.readings)


def resources():
    from tocsin.contract.resources import Resources

    return Resources()


def test_every_speaker_is_a_sensor_of_the_city():
    known = city_of(25, alarms=3).sensors
    said = delivered(reader_of(resources()), b"\n".join(line(i, 25, 5.0) for i in range(1_000)))
    assert {one.source for one in said.readings} <= known.keys()
    assert {"release-0", "release-2", "alarming-1"} <= known.keys()


def test_all_is_measured_and_every_alarm_is_seen(order, workshop):
    bench = FlowBench(
        sensors=(5, 20), readings=600, rounds=1, paced_sensors=20, paced_s=1.0, load=0.05, alarms=2, delivery=50
    )
    told = bench.run(order, workshop)
    assert all(math.isfinite(value) and value >= 0 for value in told.metrics.values())
    assert told.metrics["alarms_seen"] == told.metrics["alarms_due"] == 2
    assert told.metrics["growth"] == told.metrics["cost_us_20"] / told.metrics["cost_us_5"]
    assert told.peers.keys() == {"JSON decode + SQLite FULL, 1,000 a transaction"}


def test_the_peer_keeps_every_line(tmp_path):
    import sqlite3

    lines = [line(i, 3, 5.0) for i in range(2_500)]
    bare_inserts(tmp_path / "peer.db", lines)
    with sqlite3.connect(tmp_path / "peer.db") as database:
        assert database.execute("SELECT count(*) FROM reading").fetchone() == (2_500,)
