"""Engine and broker killed with -9 under load: nothing that a device had acknowledged is missing or doubled."""

import pytest

from tocsin.app.suites import Bench
from tocsin.suites import Order
from tocsin.suites.kill import KillBench


def survived(told, kills):
    assert told.metrics["kills"] == kills
    assert told.metrics["acknowledged"] > 20 * kills
    assert told.metrics["missing"] == told.metrics["doubled"] == 0
    assert told.metrics["stored"] == sum(told.detail["published"].values())


def test_what_was_acknowledged_survives_three_kills():
    bench = KillBench(kills=3, devices=3, life_s_max=1.0)
    survived(bench.run(Order(command="tocsin bench kill", seeds=(3,)), Bench()), 3)


@pytest.mark.nightly
def test_what_was_acknowledged_survives_twenty_kills():
    survived(KillBench().run(Order(command="tocsin bench kill"), Bench()), 20)
