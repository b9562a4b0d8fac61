"""Scenarios are scored alone and together, and the promises appear where their scenario ran."""

import pytest

from tests.suites.conftest import LEAK
from tocsin.model import ConfigError
from tocsin.suites.scenarios import Scenarios

PROMISES = {"quiet_day_alarms", "look_alike_p0", "chlorine_one_incident"}


def run(folder, order, workshop, **names):
    return Scenarios(**names).run(type(order)(command=order.command, seeds=order.seeds, data=folder), workshop)


def test_quiet_counts_alarms_and_nothing_is_promised_about_what_did_not_run(scenario, order, workshop):
    told = run(scenario("calm").parent, order, workshop, quiet="calm")
    assert told.metrics["quiet_day_alarms"] == 0
    assert PROMISES & told.metrics.keys() == {"quiet_day_alarms"}
    assert told.detail["scenarios"]["calm"]["as_expected"] == 1.0


def test_an_alarm_about_nothing_is_seen_in_every_number(scenario, order, workshop):
    told = run(scenario("leak", LEAK).parent, order, workshop, quiet="leak", look_alike="leak")
    assert told.metrics["quiet_day_alarms"] == told.metrics["look_alike_p0"] == 1
    assert told.metrics["precision_p01"] == 0.0
    assert told.detail["runs"][0]["incidents"][0]["stages"] == ["toxic"]
    assert told.peers["one alarm per finding"]["precision"] == 0.0


def test_an_attack_that_was_not_found_keeps_no_promise(scenario, order, workshop):
    told = run(scenario("calm").parent, order, workshop, attack="calm")
    kept = {name: value for name, value in told.metrics.items() if name.startswith("chlorine")}
    assert len(kept) == 5
    assert set(kept.values()) == {0.0}


CARRIED = """
carried:
  - id: carried
    nuclide: Cs-137
    strength_per_s: [80000, 80000]
    at_s: [160, 160]
    path: [[24.9408, 60.1729], [24.9412, 60.1722], [24.9417, 60.1715]]
"""


@pytest.mark.nightly
def test_a_source_and_its_way_are_promised_where_they_ran(tmp_path, scenario, order, workshop):
    path = scenario("carried", CARRIED)
    path.write_text(path.read_text().replace("duration_s: 90", "duration_s: 240"))
    told = run(path.parent, order, workshop, source="carried")
    assert told.metrics["radiation_one_incident"] == told.metrics["radiation_within_30s"] == 1.0
    assert told.metrics["radiation_path_error_m"] < 40.0


def test_a_folder_without_scenarios_is_refused(tmp_path, order, workshop):
    with pytest.raises(ConfigError, match="no scenario"):
        run(tmp_path, order, workshop)
