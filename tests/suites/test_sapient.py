"""The bench of SAPIENT sends what it says it sends, loses nothing, and measures every number."""

import math

from tocsin.formats import sapient
from tocsin.suites.sapient import SapientBench
from tocsin.suites.sapient.flowing import detections


def test_every_report_is_sound_and_of_its_own():
    messages = [sapient.decode(raw[4:]) for raw in detections(200)]
    assert len({one.detection_report.report_id for one in messages}) == 200
    assert len({one.detection_report.object_id for one in messages}) == 50
    times = [sapient.at_of(one) for one in messages]
    assert times == sorted(times)


def test_all_is_measured_and_nothing_is_lost(order, workshop):
    bench = SapientBench(
        detections=600, rounds=1, paced_s=0.3, load=0.1, nodes=6, dropping=2, interval_s=0.5, absent_s=3.2
    )
    told = bench.run(order, workshop)
    assert all(math.isfinite(value) for value in told.metrics.values())
    assert (told.metrics["lost"], told.metrics["doubled"]) == (0.0, 0.0)
    assert told.metrics["absences_noticed"] == told.metrics["returns_told"] == told.metrics["dropped"] == 2.0
    assert "bare protobuf parse" in told.peers
