"""`tocsin bench sigma` measures what it says, on few events and the rules that ship."""

import pytest

from tocsin.app.suites import Bench
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.sigma_speed import SigmaBench, rules_of

SMALL = SigmaBench(events=1_100, rounds=1, grown=(5, 50), minutes=0.001, peer=False)

BODY = "logsource: {product: windows}\ndetection: {a: {b: c}, condition: a}\n"


def test_it_measures_engine_flow_growth_and_memory():
    metrics = SMALL.run(Order(command="tocsin bench sigma"), Bench()).metrics
    assert metrics["rules"] > 50
    assert metrics["memory_events"] >= 1_000
    assert metrics["cold_events_per_s_per_core"] < metrics["decode_events_per_s_per_core"]
    assert metrics["flow_events_per_s_per_core"] > 0
    assert {"us_per_event_5_rules", "us_per_event_50_rules", "growth"} <= set(metrics)


def test_it_says_what_is_missing_before_it_starts(tmp_path):
    with pytest.raises(ConfigError, match="rules/windows"):
        SMALL.run(Order(command="", data=tmp_path), Bench())
    with pytest.raises(ConfigError, match="make peers"):
        SigmaBench(peer_python=str(tmp_path / "python")).run(Order(command=""), Bench())


def test_rules_of_a_folder_leave_events_and_recordings_aside(tmp_path):
    for name in ("a.yml", "a.events.yml", "regression/b.yml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"title: {path.stem}\nlevel: low\n{BODY}")
    assert [rule.title for rule in rules_of(tmp_path)] == ["a"]
