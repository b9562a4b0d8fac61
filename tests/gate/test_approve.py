"""Nothing is done, and nobody unmasked, without the people that the policy names."""

import pytest

from tests.gate.offices import ANNA, BEN, CARA, NOW, admission, ask, policies, proposal
from tocsin.gate.approve import approve, approvers_needed, unmask
from tocsin.gate.clearance import Approver
from tocsin.model import Conflict, Level, Origin, Refused, StoreError

DORA = Approver("acc-dora", "operator")
VERA = Approver("acc-vera", "viewer")
WHY = "An armed person was reported"


@pytest.fixture
def office(tmp_path):
    gate, ledger = admission(tmp_path)
    return ledger, gate.policies


@pytest.fixture
def event(tmp_path):
    rules = policies(tmp_path, "crowded-event", zones=["square"], budget_per_day=1)
    return admission(tmp_path, rules)[1], rules


def test_an_approved_proposal_is_an_action_with_its_receipt_written(office):
    ledger, rules = office
    action = approve(ledger, rules, proposal(), [ANNA], "WARN", NOW)
    [(_, receipt)] = ledger.receipts("inc-1")
    assert (action.approval, action.approved_by, action.origin) == (receipt.id, ("acc-anna",), Origin.EXERCISE)
    assert (receipt.act, receipt.subject, receipt.by) == ("approve", "inc-1:cap", "acc-anna")
    assert len(receipt.detail["draft_sha256"]) == 64
    assert approve(ledger, rules, proposal(rev=2), [ANNA], " WARN ", NOW).id != action.id


@pytest.mark.parametrize(
    ("fields", "approvers", "typed", "said"),
    [
        ({}, [ANNA], "", "Type WARN"),
        ({}, [ANNA], "warn", "Type WARN"),
        ({"typed": ""}, [ANNA], "", "sets none"),
        ({}, [VERA], "WARN", "not viewer"),
        ({"approvers": 2}, [ANNA], "WARN", "asks for 2 people"),
        ({"approvers": 2}, [ANNA, ANNA], "WARN", "one person counts once"),
        ({}, [], "WARN", "does not let warning.cap act by itself"),
        ({"automatic": True}, [], "WARN", "does not let warning.cap act by itself"),
        ({"responder": "export.webhook", "typed": ""}, [], "", "does not let export.webhook act by itself"),
    ],
)
def test_what_is_not_approved_by_the_rules_is_refused_and_leaves_no_receipt(office, fields, approvers, typed, said):
    ledger, rules = office
    with pytest.raises(Refused, match=said) as error:
        approve(ledger, rules, proposal(**fields), approvers, typed, NOW)
    assert "standard@" in str(error.value) or "Type WARN" in str(error.value)
    assert ledger.size == 0


def test_what_policy_and_proposal_call_automatic_goes_under_the_policys_name(office):
    ledger, rules = office
    action = approve(ledger, rules, proposal(responder="export.webhook", typed="", automatic=True), (), "", NOW)
    assert action.approved_by == ("policy:standard",)
    assert ledger.receipts("inc-1")[0][1].by == "policy:standard"


@pytest.mark.parametrize("fields", [{"state": "rejected"}, {"state": "expired"}, {"expires": NOW}])
def test_what_is_over_cannot_be_approved(office, fields):
    with pytest.raises(Conflict):
        approve(*office, proposal(**fields), [ANNA], "WARN", NOW)


def test_without_a_receipt_there_is_no_action(office):
    ledger, rules = office
    ledger.close()
    with pytest.raises(StoreError):
        approve(ledger, rules, proposal(), [ANNA], "WARN", NOW)


def test_two_people_in_two_roles_where_the_policy_says_so(event):
    ledger, rules = event
    assert approvers_needed(rules, proposal(), NOW) == 2
    with pytest.raises(Refused, match="2 people"):
        approve(ledger, rules, proposal(), [ANNA], "WARN", NOW)
    with pytest.raises(Refused, match="2 different roles"):
        approve(ledger, rules, proposal(), [ANNA, DORA], "WARN", NOW)
    assert approve(ledger, rules, proposal(), [ANNA, BEN], "WARN", NOW).approved_by == ("acc-anna", "acc-ben")


def test_one_operator_at_night_is_not_blocked_within_a_template(event):
    ledger, rules = event
    small = proposal(people_reached=900, expires=NOW + 3600)
    assert approvers_needed(rules, small, NOW) == 1
    assert approve(ledger, rules, small, [ANNA], "WARN", NOW)
    for wide in ({"people_reached": 30_000, "expires": NOW + 60}, {"people_reached": 9, "expires": NOW + 7200}):
        with pytest.raises(Refused):
            approve(ledger, rules, proposal(**wide), [ANNA], "WARN", NOW)


def test_an_unmasking_is_short_reasoned_and_held_by_the_gate(tmp_path):
    gate, ledger = admission(tmp_path)
    view = unmask(
        ledger, gate.policies, ask(Level.CLEAR), reason=WHY, asker=ANNA, approver=BEN, now=NOW, incident="inc-1"
    )
    assert view.until == NOW + 600
    gate.hold(view, NOW)
    assert gate.lease(ask(Level.CLEAR), NOW + 1) is view
    gate.used(view, persons=2, seconds=5)
    assert gate.expire(NOW + 600) == 1
    with pytest.raises(Refused):
        gate.lease(ask(Level.CLEAR), NOW + 600)
    assert [receipt.act for _, receipt in ledger.receipts()] == ["unmask", "lease.end"]
    assert ledger.receipts("inc-1")[0][1].detail["reason"] == WHY


@pytest.mark.parametrize(
    ("level", "zone", "reason", "asker", "approver", "said"),
    [
        (Level.CLEAR, "park", WHY, BEN, BEN, "whoever asks cannot approve"),
        (Level.CLEAR, "park", WHY, ANNA, DORA, "not operator"),
        (Level.CLEAR, "park", "so", ANNA, BEN, "State a reason"),
        (Level.CLEAR, "square", WHY, ANNA, CARA, "nothing above level 1"),
        (Level.REDACTED, "park", WHY, ANNA, BEN, "below take a lease"),
        (Level.IDENTIFYING, "park", WHY, ANNA, BEN, "above a warrant"),
    ],
)
def test_unmaskings_that_are_refused(tmp_path, level, zone, reason, asker, approver, said):  # noqa: PLR0917  # a table
    rules = policies(tmp_path, "assembly", zones=["square"])
    _, ledger = admission(tmp_path, rules)
    with pytest.raises(Refused, match=said):
        unmask(ledger, rules, ask(level, zone=zone), reason=reason, asker=asker, approver=approver, now=NOW)
    assert ledger.size == 0
