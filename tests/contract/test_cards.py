"""A weight follows from counts, and a card whose number does not is refused."""

from math import exp, factorial, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.cards import Cards, card_text, counted, false_rate_upper, poisson_upper, tally
from tocsin.contract.examples import START_AT, gas
from tocsin.contract.folding import findings
from tocsin.detectors.cbrne.toxic import Toxic
from tocsin.model import Basis, ConfigError


@given(st.integers(0, 120))
def test_the_bound_leaves_five_per_cent_below(events):
    mean = poisson_upper(events)
    below = sum(exp(n * log(mean) - mean - log(factorial(n))) for n in range(events + 1))
    assert below == pytest.approx(0.05, rel=1e-6)


def test_without_events_it_is_the_rule_of_three():
    assert poisson_upper(0) == pytest.approx(-log(0.05))


def test_many_events_come_near_the_normal_bound():
    assert poisson_upper(10_000) == pytest.approx(10_000 + 1.645 * 100, rel=1e-3)


@given(st.integers(1, 100_000), st.integers(0, 50))
def test_more_false_alarms_never_weigh_more(windows, false):
    assert counted(windows, false + 1).nats <= counted(windows, false).nats
    assert 0.0 <= counted(windows, false).nats <= max(0.0, log(0.5 * windows))


def test_nothing_watched_weighs_nothing():
    assert false_rate_upper(0, 0) == 1.0
    assert counted(0, 0).nats == 0.0


def card(folder, rows=None, name="cbrne.toxic", kind="cbrne.toxic"):
    facts = gas([0.0] * 2_000)
    rows = tally(facts, [], 60.0, ["aegl-1"]) if rows is None else rows
    rows = {grade: replace(row, text="counted on a quiet hour: a command") for grade, row in rows.items()}
    (folder / f"{name}.toml").write_text(card_text(kind, rows))
    return rows


def test_a_card_is_read_back_as_written(tmp_path):
    rows = card(tmp_path)
    weight = Cards.load(tmp_path).weight("cbrne.toxic", "aegl-1", {})
    assert weight.basis is Basis.COUNTED
    assert weight.nats == rows["aegl-1"].nats > 3.0
    assert "quiet hour" in weight.text


def test_without_a_card_the_default_is_capped_and_marked(tmp_path):
    weight = Cards.load(tmp_path / "absent").weight("cbrne.toxic", "aegl-3", {"aegl-3": 8.0})
    assert (weight.nats, weight.basis) == (3.0, Basis.DEFAULT)


def test_windows_that_rang_are_counted_once_each():
    facts = gas([0.0] * 60 + [0.7] * 60, every_s=5.0)
    rows = tally(facts, findings(Toxic(), facts), 60.0, Toxic.default_nats.keys())
    assert rows["aegl-1"].windows == len({fact.at // 60 for fact in facts})
    assert 0 < rows["aegl-1"].false_alarms <= 6
    assert rows["aegl-2"].false_alarms == 0
    assert facts[-1].at > START_AT


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("nats = ", "nats = 1", "where its counts give"),
        ('basis = "counted"', 'basis = "default"', "needs basis counted"),
        ("recall_assumed = 0.5", "recall_assumed = 1.5", "needs a recall"),
        ("false = 0", "false = -1", "needs basis counted"),
        ("windows = ", "windows = x", "cannot be used"),
        ("text = ", "words = ", "cannot be used"),
        ('kind = "cbrne.toxic"', 'kind = "cbrne.other"', "name it"),
    ],
)
def test_a_card_written_by_hand_is_refused(tmp_path, old, new, problem):
    card(tmp_path)
    path = tmp_path / "cbrne.toxic.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match=problem):
        Cards.load(tmp_path)
