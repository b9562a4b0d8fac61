"""Windows are counted per sensor and run, what rings is counted, and the cards say just that."""

import pytest

from tests.suites.conftest import LEAK
from tocsin.contract.cards import Cards, counted
from tocsin.contract.resources import content_folder
from tocsin.model import Basis, ConfigError
from tocsin.suites.false_alarms import FalseAlarms

TOXIC = "cbrne.toxic"


def suite(calm, **more):
    return FalseAlarms(quiet=str(calm), look_alike=str(calm), look_alike_runs=0, **more)


def test_windows_of_every_run_count_though_they_lie_at_the_same_hour(scenario, order, workshop):
    calm = suite(scenario("calm"))
    once = calm.run(order, workshop).metrics
    twice = calm.run(replace_seeds(order, (1, 2)), workshop).metrics
    assert twice[f"{TOXIC}.aegl-2.windows"] == 2 * once[f"{TOXIC}.aegl-2.windows"] > 0
    assert once[f"{TOXIC}.aegl-2.false"] == once["alarms"] == 0
    assert once["alarms_per_hour_upper95"] == pytest.approx(2.9957 / once["hours"], rel=1e-3)


def test_what_rings_is_counted_and_weighs_less(scenario, order, workshop):
    loud = suite(scenario("leak", LEAK)).run(order, workshop)
    windows, false = (loud.metrics[f"{TOXIC}.aegl-2.{name}"] for name in ("windows", "false"))
    assert false >= 1
    assert loud.metrics[f"{TOXIC}.aegl-2.nats"] == counted(windows, false).nats < counted(windows, 0).nats
    assert loud.peers["one alarm per finding"]["alarms_per_hour"] > 0


def test_the_cards_say_what_was_counted_and_can_be_used(scenario, order, workshop, tmp_path):
    cards = tmp_path / "cards"
    cards.mkdir()
    told = suite(scenario("calm"), cards=str(cards)).run(order, workshop)
    weight = Cards.load(cards).weight(TOXIC, "aegl-3", {})
    assert weight.basis is Basis.COUNTED
    assert weight.nats == pytest.approx(told.metrics[f"{TOXIC}.aegl-3.nats"])
    assert order.command in weight.text
    assert "seeds 1-1" in weight.text


def test_a_folder_for_cards_that_is_none_is_refused_before_anything_runs(scenario, order, workshop, tmp_path):
    with pytest.raises(ConfigError, match="no folder"):
        suite(scenario("calm"), cards=str(tmp_path / "absent")).run(order, workshop)


def replace_seeds(order, seeds):
    return type(order)(command=order.command, seeds=seeds)


@pytest.mark.parametrize("kind", FalseAlarms().kinds)
def test_the_cards_that_ship_were_made_by_this_suite(kind):
    rows = [row for (name, _), row in Cards.load(content_folder() / "cards").rows.items() if name == kind]
    assert rows
    assert all("tocsin evaluate false-alarms --seed 1000-1039" in row.text for row in rows)
