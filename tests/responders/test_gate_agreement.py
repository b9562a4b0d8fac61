"""The standing policy and the responders agree: exports go by themselves, a warning never by one keypress."""

import importlib
from pathlib import Path

import pytest

from tocsin.contract.folding import folded
from tocsin.contract.walk import members
from tocsin.gate.approve import Approver, approve
from tocsin.gate.ledger import Ledger
from tocsin.gate.policy import Policies
from tocsin.model import Proposal, Refused

POLICIES = Policies.load(Path(__file__).resolve().parents[2] / "content" / "policies")
OPERATOR = Approver("op-1", "operator")


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger", tmp_path / "private", "test.example/ledger")
    yield ledger
    ledger.close()


def first_proposal(responder):
    module = importlib.import_module(f"tests.responders.test_{responder.__module__.rpartition('.')[2]}")
    told = folded(getattr(module, "MEMBER", None) or responder(), module.ALARM)
    return next(one for one in told if isinstance(one, Proposal))


@pytest.mark.parametrize("responder", members("responders"), ids=lambda responder: responder.kind)
def test_what_is_automatic_is_approved_by_policy_and_nothing_else_is(responder, ledger):
    proposal = first_proposal(responder)
    if proposal.automatic:
        assert approve(ledger, POLICIES, proposal, (), "", proposal.at + 1).approved_by[0].startswith("policy:")
    else:
        with pytest.raises(Refused):
            approve(ledger, POLICIES, proposal, (), "", proposal.at + 1)


@pytest.mark.parametrize("typed", ["", "y", "warn"])
def test_a_warning_needs_its_word(typed, ledger):
    (warning,) = [one for one in members("responders") if one.kind == "warning.cap"]
    proposal = first_proposal(warning)
    with pytest.raises(Refused, match="Type WARN"):
        approve(ledger, POLICIES, proposal, (OPERATOR,), typed, proposal.at + 1)
    assert approve(ledger, POLICIES, proposal, (OPERATOR,), "WARN", proposal.at + 1).proposal == proposal
