"""Approval: a proposal becomes an action, a masked picture a clear one, only by the people that policy asks for."""

from collections.abc import Sequence
from hashlib import sha256

from tocsin.gate.clearance import Approver, Ask, Clearance, cleared, stated
from tocsin.gate.ledger import Ledger
from tocsin.gate.policy import Act, Policies, Policy
from tocsin.gate.traces import UNMASK, begun
from tocsin.model import Action, Conflict, Level, Proposal, Receipt, Refused, derived_id

__all__ = ["RESPONSE", "Approver", "approve", "approvers_needed", "unmask"]

RESPONSE = "response"
"""The purpose under which policies are asked about acts."""
APPROVE = "approve"
OVER = frozenset({"rejected", "expired"})
"""States of a proposal in which nobody can approve it any more."""


def approve(  # noqa: PLR0917  # said in one breath: who may let which proposal happen, and when
    ledger: Ledger,
    policies: Policies,
    proposal: Proposal,
    approvers: Sequence[Approver],
    typed: str,
    now: float,
) -> Action:
    """The action that a proposal becomes; its receipt is on disk before it is given.

    Without approvers only what the proposal and the policy both call automatic goes through.
    Raises Refused naming the policy and what is missing, Conflict for a proposal that is over.
    """
    _check_open(proposal, now)
    policy = _governing(policies, proposal, now)
    rule = policy.act(proposal.responder)
    if approvers:
        _check_people(policy, rule, proposal, approvers)
        _check_typed(policy, rule, proposal, typed)
        by = tuple(approver.account for approver in approvers)
    else:
        _check_automatic(policy, rule, proposal)
        by = (f"policy:{policy.policy}",)
    receipt = _receipt(policy, proposal, by, tuple(approver.role for approver in approvers), now)
    ledger.append(receipt, life=True)
    return Action(
        at=now,
        origin=proposal.origin,
        id=derived_id("act", proposal.id, proposal.rev, receipt.id),
        proposal=proposal,
        approved_by=by,
        approval=receipt.id,
    )


def approvers_needed(policies: Policies, proposal: Proposal, now: float) -> int:
    """How many different people must approve: the policy's number, or one within a template of the policy.

    A responder that asks for more people than the policy is heeded.
    """
    rule = _governing(policies, proposal, now).act(proposal.responder)
    return _needed(rule, proposal)


def unmask(
    ledger: Ledger,
    policies: Policies,
    ask: Ask,
    *,
    reason: str,
    asker: Approver,
    approver: Approver,
    now: float,
    incident: str = "",
) -> Clearance:
    """Leave for a clear view (level 4), short, with a reason and another's approval; the receipt comes first.

    Give it to `Admission.hold`, which ends it with what was used. Raises Refused naming the
    policy and what it allows.
    """
    policy = policies.governing(ask.zone, ask.purpose, now)
    if ask.level != Level.CLEAR:
        raise Refused(f"An unmasking is level 4, not {int(ask.level)}: below take a lease, above a warrant.")
    if policy.ceiling < ask.level:
        raise Refused(f"Policy {policy.ref} allows nothing above level {policy.ceiling} here, with any approval.")
    if asker.account == approver.account:
        raise Refused(f"Policy {policy.ref}: whoever asks cannot approve. Ask a {' or '.join(policy.unmask.roles)}.")
    if approver.role not in policy.unmask.roles:
        raise Refused(f"Policy {policy.ref} lets {', '.join(policy.unmask.roles)} approve this, not {approver.role}.")
    granted = cleared(ask, policy.ref, now, now + policy.unmask.lasts_s_max, prefix="unmask")
    detail: dict[str, str | int | float] = {"reason": stated(reason), "asked_by": asker.account}
    ledger.append(begun(granted, UNMASK, approver.account, now, detail | ({"incident": incident} if incident else {})))
    return granted


def _governing(policies: Policies, proposal: Proposal, now: float) -> Policy:
    return policies.governing(proposal.place.zone if proposal.place else "", RESPONSE, now)


def _check_open(proposal: Proposal, now: float) -> None:
    if proposal.state in OVER:
        raise Conflict(f"{proposal.id} is {proposal.state}: nobody can approve it any more.")
    if proposal.expires is not None and now >= proposal.expires:
        raise Conflict(f"{proposal.id} expired {now - proposal.expires:.0f} s ago: edit it to last longer first.")


def _needed(rule: Act, proposal: Proposal) -> int:
    return max(proposal.approvers, 1 if _within_template(rule, proposal) else rule.approvers)


def _within_template(rule: Act, proposal: Proposal) -> bool:
    """Say whether a template covers the proposal; what is unknown is not covered."""
    if proposal.people_reached is None or proposal.expires is None:
        return False
    people, lasts_s = proposal.people_reached, proposal.expires - proposal.at
    return any(people <= one.people_reached_max and lasts_s <= one.lasts_s_max for one in rule.templates)


def _check_people(policy: Policy, rule: Act, proposal: Proposal, approvers: Sequence[Approver]) -> None:
    needed = _needed(rule, proposal)
    wrong = [approver.role for approver in approvers if approver.role not in rule.roles]
    if wrong:
        raise Refused(f"Policy {policy.ref} lets {', '.join(rule.roles)} approve {proposal.responder}, not {wrong[0]}.")
    if len({approver.account for approver in approvers}) != len(approvers):
        raise Refused(f"Policy {policy.ref}: one person counts once, however often they approve.")
    if len(approvers) < needed:
        raise Refused(
            f"Policy {policy.ref} asks for {needed} people to approve {proposal.responder}: one more is missing."
        )
    if rule.distinct_roles and needed > 1 and len({approver.role for approver in approvers}) < needed:
        raise Refused(f"Policy {policy.ref} asks for {needed} different roles to approve {proposal.responder}.")


def _check_typed(policy: Policy, rule: Act, proposal: Proposal, typed: str) -> None:
    if rule.typed and not proposal.typed:
        raise Refused(
            f"Policy {policy.ref} asks for a typed word, but {proposal.responder} sets none: have it set one."
        )
    if proposal.typed and typed.strip() != proposal.typed:
        raise Refused(f"Type {proposal.typed} to approve this: it never happens by one keypress.")


def _check_automatic(policy: Policy, rule: Act, proposal: Proposal) -> None:
    if not (proposal.automatic and rule.automatic) or proposal.typed:
        raise Refused(
            f"Policy {policy.ref} does not let {proposal.responder} act by itself: {_needed(rule, proposal)} people "
            f"({', '.join(rule.roles)}) must approve it."
        )


def _receipt(policy: Policy, proposal: Proposal, by: tuple[str, ...], roles: tuple[str, ...], now: float) -> Receipt:
    """What the ledger says: who approved which draft. The draft itself is named by its hash."""
    return Receipt(
        id=derived_id("approval", proposal.id, proposal.rev, proposal.state, *by, now),
        at=now,
        act=APPROVE,
        subject=proposal.id,
        by="+".join(by),
        purpose=RESPONSE,
        place=proposal.place.zone if proposal.place else "",
        until=proposal.expires,
        policy=policy.ref,
        origin=proposal.origin,
        detail={
            "incident": proposal.incident,
            "responder": proposal.responder,
            "rev": proposal.rev,
            "roles": "+".join(roles),
            "draft_sha256": sha256(proposal.draft.encode()).hexdigest(),
            "typed": int(bool(proposal.typed)),
        },
    )
