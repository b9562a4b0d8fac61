"""Suites are found by their files, told apart by command, and all report in one form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.suites.conftest import CALM
from tocsin.app.suites import run_bench, run_evaluate
from tocsin.model import ConfigError
from tocsin.suites import seeds_of, suite_named, suites

FIELDS = {"suite", "command", "data", "seed", "metrics", "peers", "detail"}


def test_every_suite_is_found_under_its_command():
    assert {"false-alarms", "scenarios"} <= suites("evaluate").keys()
    assert {"flow", "kill"} <= suites("bench").keys()
    assert not suites("evaluate").keys() & suites("bench").keys()


def test_an_unknown_suite_is_refused_with_those_that_exist():
    with pytest.raises(ConfigError, match="scenarios"):
        suite_named("evaluate", "tea-leaves")


@given(st.integers(0, 10**6), st.integers(0, 50))
def test_a_range_of_seeds_is_all_of_its_seeds(first, more):
    assert seeds_of([f"{first}-{first + more}"]) == tuple(range(first, first + more + 1))


@pytest.mark.parametrize("text", ["", "x", "1-x", "1.5"])
def test_what_is_no_seed_is_refused(text):
    with pytest.raises(ConfigError, match="Seeds"):
        seeds_of([text])


def test_a_report_is_one_json_object_with_the_seven_fields(scenario, tmp_path, capsys):
    path = scenario("calm")
    assert run_evaluate("scenarios", tmp_path, None, ["3"], True, parameters=["quiet=calm"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == FIELDS
    assert told["command"] == f"tocsin evaluate scenarios --data {path.parent} --seed 3 --set quiet=calm"
    assert all(isinstance(value, int | float) for value in told["metrics"].values())


@pytest.mark.parametrize("text", ["kills", "kills=soon", "lives=9"])
def test_a_parameter_that_is_none_is_refused(text):
    with pytest.raises(ConfigError):
        run_bench("kill", None, True, parameters=[text])


def test_a_scenario_that_does_not_parse_names_its_file(tmp_path):
    (tmp_path / "odd.yaml").write_text(CALM + "colour: red\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"odd\.yaml"):
        run_evaluate("scenarios", tmp_path, None, ["3"], True)
