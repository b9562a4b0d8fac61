"""What looking costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gate.offices import CONTENT, NOW, ask
from tocsin.gate.clearance import cleared
from tocsin.gate.meter import WEIGHTS, Meter, cost_of
from tocsin.gate.policy import Policies
from tocsin.model import Level, Origin

RULES = Policies.load(CONTENT)
BUDGET = RULES.named("standard").budget_per_day


def lease(level=Level.ANONYMOUS, at=NOW, **fields):
    return cleared(ask(level, **fields), "standard", at, at + 60)


@given(st.sampled_from(Level), st.floats(0, 1e6), st.floats(0, 1e4))
def test_looking_closer_never_costs_less(level, persons, seconds):
    closer = Level(min(level + 1, Level.IDENTIFYING))
    assert cost_of(level, persons, seconds) <= cost_of(closer, persons, seconds)
    assert list(WEIGHTS) == sorted(WEIGHTS)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 60)), max_size=20))
def test_a_lease_and_its_zone_cost_the_same(uses):
    meter, total = Meter(RULES), 0.0
    for persons, seconds in uses:
        total += meter.spend(lease(), persons, seconds)
    assert meter.used(lease().id).cost == meter.spent("square", NOW) == pytest.approx(total)
    assert meter.used(lease().id).facts == len(uses)


def test_budgets_are_per_zone_day_and_never_used_up_by_exercises():
    meter = Meter(RULES)
    meter.spend(lease(), 1000)
    meter.spend(lease(origin=Origin.EXERCISE), 5000)
    assert meter.left("square", NOW) == BUDGET - 1000
    assert meter.left("park", NOW) == BUDGET
    assert meter.left("square", NOW + 86_400) == BUDGET
    meter.spend(lease(), 2 * BUDGET)
    assert meter.left("square", NOW) == 0.0


def test_a_closed_lease_is_forgotten_and_old_days_too():
    meter = Meter(RULES)
    meter.spend(lease(), 1)
    assert meter.closed(lease().id).facts == 1
    assert meter.used(lease().id).facts == 0
    for day in range(10):
        meter.spend(lease(at=NOW + 86_400 * day), 1)
    assert meter.spent("square", NOW) == 0.0
    assert meter.spent("square", NOW + 86_400 * 9) == 1.0
