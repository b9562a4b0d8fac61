"""Short scenarios for suites, and the real workshop."""

from pathlib import Path

import pytest

from tocsin.app.suites import Bench
from tocsin.suites import Order

CALM = """
name: NAME
summary: "A minute and a half in which nothing happens."
start: "2026-06-17T16:00:00+03:00"
duration_s: 90
noise: {alerts_per_hour: 0, doubled_share: 0, broken_share: 0}
"""

LEAK = """
pulses:
  - {substance: chlorine, peak: [20, 20], sensors: [gas-05], at_s: [5, 5], rise_s: [3, 3], fall_s: [300, 300]}
"""


@pytest.fixture
def order():
    return Order(command="tocsin evaluate it", seeds=(1,))


@pytest.fixture
def workshop():
    return Bench()


@pytest.fixture
def scenario(tmp_path):
    """Write a short scenario: `scenario("name")` is calm, `scenario("name", LEAK)` is not."""

    def write(name: str, more: str = "") -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(CALM.replace("NAME", name) + more, encoding="utf-8")
        return path

    return write
