"""Leases: written before they are given, ended with what was used, refused with what would be allowed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gate.offices import ANNA, BEN, CARA, CONTENT, NOW, admission, ask, policies
from tests.gate.receipts import ledger_in
from tests.gate.test_policy import AT_NOON, NOON
from tocsin.gate.admit import Admission
from tocsin.gate.ledger import verify
from tocsin.gate.meter import Meter
from tocsin.gate.policy import Policies
from tocsin.model import Conflict, Level, NotFound, Origin, Refused, StoreError

LEVELS = list(Level)


def acts(ledger):
    return [receipt.act for _, receipt in ledger.receipts()]


def test_the_receipt_is_there_when_the_lease_is(tmp_path):
    gate, ledger = admission(tmp_path)
    lease = gate.lease(ask(), NOW)
    [(_, receipt)] = ledger.receipts("cam-1")
    assert (receipt.id, receipt.act, receipt.level, receipt.place) == (lease.id, "lease", 2, "square")
    assert receipt.policy == lease.policy == gate.policies.named("standard").ref
    assert lease.holds(NOW)
    assert 0 < lease.until - NOW <= 3600


def test_without_a_receipt_there_is_no_lease(tmp_path):
    gate, ledger = admission(tmp_path)
    ledger.close()
    with pytest.raises(StoreError):
        gate.lease(ask(), NOW)
    assert gate.running(NOW) == []


def test_a_running_lease_is_given_again_and_ends_with_its_period(tmp_path):
    gate, ledger = admission(tmp_path)
    first = gate.lease(ask(), NOW)
    assert gate.lease(ask(), first.until - 0.1) is first
    second = gate.lease(ask(), first.until)
    assert second.since == first.until
    assert acts(ledger) == ["lease", "lease.end", "lease"]


def test_the_same_asks_have_the_same_leases_in_every_run(tmp_path):
    runs = [admission(tmp_path / name)[0] for name in ("one", "two")]
    assert runs[0].lease(ask(), NOW) == runs[1].lease(ask(), NOW + 0.5)


def test_expiry_leaves_a_second_receipt_with_what_was_used(tmp_path):
    gate, ledger = admission(tmp_path)
    lease = gate.lease(ask(Level.REDACTED), NOW)
    gate.used(lease, persons=4, seconds=10)
    gate.used(lease, persons=2)
    assert gate.expire(lease.until - 1) == 0
    assert gate.expire(lease.until) == 1
    ended = ledger.receipts(limit=1)[0][1]
    assert ended.act == "lease.end"
    assert ended.detail == {"lease": lease.id, "since": lease.since, "facts": 2, "person_s": 42.0, "cost": 126.0}
    assert gate.running(NOW) == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("zone", "allowed"), [("square", 1), ("park", 3)])
def test_what_is_refused_names_the_policy_and_what_would_be_allowed(tmp_path, level, zone, allowed):
    gate, ledger = admission(tmp_path, policies(tmp_path, "assembly", zones=["square"]))
    if level <= allowed:
        assert gate.lease(ask(level, zone=zone), NOW).level == level
        return
    with pytest.raises(Refused) as error:
        gate.lease(ask(level, zone=zone), NOW)
    assert ("assembly@" if zone == "square" else "standard@") in str(error.value)
    assert f"level {allowed}" in str(error.value)
    assert ledger.size == 0
    assert gate.refused == {"cam-1": 1}


def test_a_lease_ends_when_a_stricter_policy_begins(tmp_path):
    gate, _ = admission(tmp_path, policies(tmp_path, "assembly", zones=["square"], since=AT_NOON))
    lease = gate.lease(ask(), NOON - 1)
    assert lease.until == NOON
    with pytest.raises(Refused, match="assembly"):
        gate.lease(ask(), NOON)
    assert gate.lease(ask(Level.AGGREGATE), NOON + 1).since == NOON


def test_when_the_budget_is_spent_only_counts_are_leased(tmp_path):
    gate, _ = admission(tmp_path, policies(tmp_path, budget_per_day=100))
    gate.used(gate.lease(ask(), NOW), persons=100)
    with pytest.raises(Refused, match="budget of square"):
        gate.lease(ask(source="cam-2"), NOW)
    assert gate.lease(ask(Level.AGGREGATE), NOW)
    assert gate.lease(ask(source="cam-2", zone="park"), NOW)
    assert gate.lease(ask(source="cam-2", origin=Origin.EXERCISE), NOW)
    assert gate.lease(ask(source="cam-2"), NOW + 86_400)


def test_many_leases_come_at_once_without_the_refused(tmp_path):
    gate, ledger = admission(tmp_path)
    running = gate.lease(ask(), NOW)
    asks = [ask(), ask(Level.CLEAR), *(ask(source=f"gas-{i}") for i in range(5)), ask(source="gas-1")]
    found = gate.lease_many(asks, NOW)
    assert len(found) == 6
    assert found[ask()] is running
    assert ledger.size == 6


def test_leases_do_not_all_end_at_once(tmp_path):
    gate, _ = admission(tmp_path)
    found = gate.lease_many([ask(source=f"gas-{i}") for i in range(50)], NOW)
    assert len({lease.until for lease in found.values()}) > 40


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0, 20_000), min_size=1, max_size=6))
def test_leases_hold_when_given_and_never_longer_than_an_hour(tmp_path_factory, steps):
    gate, ledger = admission(tmp_path_factory.mktemp("gate"))
    for step in sorted(steps):
        lease = gate.lease(ask(), NOW + step)
        assert lease.since <= NOW + step < lease.until <= lease.since + 3600
    gate.close(NOW + 30_000)
    assert acts(ledger).count("lease") == acts(ledger).count("lease.end")


def test_after_a_crash_leases_costs_and_broken_glass_are_known_again(tmp_path):
    gate, ledger = admission(tmp_path)
    gate.used(gate.lease(ask(source="old"), NOW - 4000), persons=7)
    gate.expire(NOW)
    lease = gate.lease(ask(), NOW)
    gate.break_glass(ask(Level.CLEAR), ANNA, "A child is lost in the crowd", NOW)
    ledger.close()
    rules = Policies.load(CONTENT)
    again, meter = ledger_in(tmp_path), Meter(rules)
    resumed = Admission(rules, again, meter)
    assert resumed.lease(ask(), NOW + 1) == lease
    assert meter.spent("square", NOW - 4000) == 7.0
    assert [receipt.act for receipt in resumed.unreviewed()] == ["break-glass"]
    resumed.close(NOW + 2)
    assert acts(again).count("lease.end") == 3


def test_glass_breaks_loudly_and_is_reviewed_by_somebody_else(tmp_path):
    heard = []
    gate, ledger = admission(tmp_path, loud=heard.append)
    glass = gate.break_glass(ask(Level.CLEAR), ANNA, "A child is lost in the crowd", NOW)
    assert glass.until == NOW + 900
    assert [receipt.act for receipt in heard] == ["break-glass"]
    assert gate.lease(ask(Level.CLEAR), NOW + 1) is glass
    with pytest.raises(Conflict, match="somebody else"):
        gate.review(glass.id, ANNA, "It was justified, I think", NOW + 60)
    gate.review(glass.id, CARA, "Justified: the child was found", NOW + 60)
    assert gate.unreviewed() == []
    with pytest.raises(NotFound):
        gate.review(glass.id, BEN, "Justified: the child was found", NOW + 61)
    assert acts(ledger) == ["break-glass", "break-glass.review"]


@pytest.mark.parametrize(
    ("by", "level", "zone", "reason"),
    [
        (CARA, Level.CLEAR, "park", "A child is lost in the crowd"),
        (ANNA, Level.IDENTIFYING, "park", "A child is lost in the crowd"),
        (BEN, Level.CLEAR, "square", "A child is lost in the crowd"),
        (ANNA, Level.CLEAR, "park", "because"),
    ],
)
def test_glass_does_not_break_for_everything(tmp_path, by, level, zone, reason):
    gate, ledger = admission(tmp_path, policies(tmp_path, "assembly", zones=["square"]))
    with pytest.raises(Refused):
        gate.break_glass(ask(level, zone=zone), by, reason, NOW)
    assert ledger.size == 0


def test_other_policies_end_what_they_do_not_allow(tmp_path):
    gate, ledger = admission(tmp_path)
    gate.lease(ask(), NOW)
    gate.adopt(policies(tmp_path, level_max=1), NOW + 5)
    assert gate.running(NOW + 5) == []
    with pytest.raises(Refused):
        gate.lease(ask(), NOW + 6)
    gate.lease(ask(Level.AGGREGATE), NOW + 6)
    assert gate.end(ask(Level.AGGREGATE), NOW + 7) == 1
    assert acts(ledger) == ["lease", "lease.end", "lease", "lease.end"]
    assert verify(tmp_path / "ledger").ok
