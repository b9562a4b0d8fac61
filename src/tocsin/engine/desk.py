"""The desk: what people ask of the gate and of incidents, checked, receipted, logged, folded."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from tocsin.contract.orders import order_of
from tocsin.contract.tuning import EXCEPT, LIFT, SUPPRESS, check_tuning
from tocsin.engine.orders import Orders
from tocsin.engine.registry import AIM, ALLOW, FORBID, PLACE, SET_UP, aim_of, camera_of
from tocsin.engine.rules import Rules
from tocsin.engine.view import View
from tocsin.gate.approve import Approver, approve, approvers_needed
from tocsin.gate.ledger import Ledger
from tocsin.gate.policy import Policies
from tocsin.model import (
    Action,
    BadInput,
    Conflict,
    Decision,
    Fact,
    Incident,
    IncidentState,
    NotFound,
    Origin,
    Proposal,
    Receipt,
    Verdict,
    derived_id,
)

INCIDENT_VERBS = (
    "acknowledge",
    "unacknowledge",
    "shelve",
    "unshelve",
    "assign",
    "note",
    "hand-over",
    "merge",
    "split",
    "close",
    "reopen",
)
PROPOSAL_VERBS = ("edit", "approve", "reject", "update", "cancel", "all-clear")
ORDER = "order"
"""Asks a sensor for something: the decision's text is the order as JSON."""

SOURCE_VERBS = ("accept", "test", "maintenance", "in-service", AIM, SET_UP, ORDER)
PLACE_VERBS = (FORBID, ALLOW)
RULE_VERBS = (SUPPRESS, EXCEPT, LIFT)
RELOAD = "reload-rules"
"""Reads the city's folder of rules at once, instead of within seconds; its target is `rules`."""

VERBS = (*INCIDENT_VERBS, *PROPOSAL_VERBS, *SOURCE_VERBS, *PLACE_VERBS, *RULE_VERBS, RELOAD)
"""All that can be decided, by what it is about."""

ENDINGS = ("cancel", "all-clear")
"""What ends a warning that is out: drafted by the verb alone, sent at once where the word is typed with it."""

SHELVED_S_MAX = 8 * 3600.0
"""Longest that an incident may be shelved: one shift."""

TEXT_CHARS_MAX = 20_000
"""Longest text of a decision: an edited draft in several languages fits."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides: a pseudonymous account and the role in which it acts."""

    account: str
    role: str


class Wish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants: a verb, what it is about, and what the verb needs.

    `typed` is the word that an approval asks for; `others` are incidents to merge, stages to
    split off, a verdict, the account that takes over, or the `field=value` of an exception.
    """

    verb: str
    target: str
    text: str = ""
    typed: str = ""
    until: float | None = None
    others: tuple[str, ...] = ()


class Appends(Protocol):
    """Whoever logs a fact, folds it, and gives what followed."""

    def append(self, fact: Fact) -> list[Fact]:
        """Blocks until logged and folded."""
        ...


class Desk:
    """Every decision is checked, gets a receipt before its effect, and becomes a fact in the log."""

    def __init__(
        self,
        *,
        view: View,
        engine: Appends,
        ledger: Ledger,
        policies: Policies,
        origin: Origin,
        clock: Callable[[], float],
        send: Callable[[Action, float], None],
        rules: Rules | None = None,
        orders: Orders | None = None,
    ) -> None:
        self._view = view
        self._engine = engine
        self._ledger = ledger
        self._policies = policies
        self._origin = origin
        self._clock = clock
        self._send = send
        self._rules = rules
        self._orders = orders
        self._count = 0
        self._one_at_a_time = threading.Lock()
        self._approvals: dict[tuple[str, int], dict[str, Approver]] = {}

    def decide(self, wish: Wish, by: Person) -> Decision:
        """Carry out one decision. Raises NotFound, Conflict, BadInput or Refused with what to do instead."""
        if wish.verb not in VERBS:
            message = f"Nobody can {wish.verb!r} anything: choose one of {', '.join(VERBS)}."
            raise BadInput(message)
        if len(wish.text) > TEXT_CHARS_MAX:
            message = f"The text has {len(wish.text)} characters; {TEXT_CHARS_MAX} are the most."
            raise BadInput(message)
        with self._one_at_a_time:  # a word typed twice at once must not send twice
            return self._carried_out(wish, by)

    def _carried_out(self, wish: Wish, by: Person) -> Decision:
        now = self._clock()
        decision = self._decision(wish, by, now)
        if wish.verb in PROPOSAL_VERBS:
            self._about_proposal(decision, by, wish.typed, now)
        else:
            self._check(wish, decision, now)
            self._record(decision)
            self._engine.append(decision)
            self._follow(decision, by)
        return decision

    def _follow(self, decision: Decision, by: Person) -> None:
        """What takes effect outside the folds, once its receipt is written and the decision is in the log."""
        if decision.verb == RELOAD and self._rules is not None:
            self._rules.reload(by.account)
        elif decision.verb == ORDER and self._orders is not None:
            self._orders.give(decision.target, order_of(decision.text), decision.id)

    def automatic(self, proposal: Proposal, now: float) -> None:
        """Act on a proposal that a standing policy has approved beforehand, under its name."""
        self._send(approve(self._ledger, self._policies, proposal, (), "", now), now)

    def _check(self, wish: Wish, decision: Decision, now: float) -> None:
        if wish.verb in INCIDENT_VERBS:
            _check_incident(self._view.incident(wish.target), decision, now)
        elif wish.verb in (*RULE_VERBS, RELOAD):
            self._check_rule(decision, now)
        elif wish.verb in PLACE_VERBS:
            self._check_place(wish)
        else:
            self._check_source(wish)

    def _check_source(self, wish: Wish) -> None:
        self._view.sensor(wish.target)
        if wish.verb == AIM:
            aim_of(wish.text)
        elif wish.verb == ORDER:
            if self._orders is None:
                raise Conflict("No sensor here takes orders.")
            self._orders.check(wish.target, order_of(wish.text))
        elif wish.verb == SET_UP:
            self._view.seen_with(wish.target, camera_of(wish.text))

    def _check_place(self, wish: Wish) -> None:
        name = wish.target.removeprefix(PLACE)
        if name not in self._view.city.processing:
            raise NotFound(f"No record of processing {name!r}: `tocsin policy report` lists them.")
        if not wish.text:
            raise BadInput("Name the analytic that is forbidden or allowed, such as vision.loitering.")

    def _check_rule(self, decision: Decision, now: float) -> None:
        if self._rules is None:
            raise Conflict("No rules run here: nothing can be tuned.")
        if decision.verb != RELOAD:
            self._rules.known(decision.target)
        if decision.verb in (SUPPRESS, EXCEPT):
            check_tuning(decision, now)

    def _decision(self, wish: Wish, by: Person, now: float) -> Decision:
        self._count += 1
        return Decision(
            at=now,
            origin=self._origin,
            id=derived_id("dec", by.account, now, self._count),
            verb=wish.verb,
            target=wish.target,
            by=by.account,
            role=by.role,
            text=wish.text,
            until=wish.until,
            others=wish.others,
        )

    def _about_proposal(self, decision: Decision, by: Person, typed: str, now: float) -> None:
        proposal = self._view.proposal(decision.target)
        if decision.verb != "approve":
            self._record(decision)
            self._engine.append(decision)
            proposal = self._view.proposal(decision.target)
        if decision.verb == "approve" or (decision.verb in ENDINGS and typed):
            self._approve(proposal, decision, by, typed, now)

    def _approve(self, proposal: Proposal, decision: Decision, by: Person, typed: str, now: float) -> None:
        approvers = self._approvals.setdefault((proposal.id, proposal.rev), {})
        approvers[by.account] = Approver(by.account, by.role)
        if len(approvers) < approvers_needed(self._policies, proposal, now):
            self._record(decision)
            return  # the first of two: nothing happens until the second person approves too
        action = approve(self._ledger, self._policies, proposal, tuple(approvers.values()), typed, now)
        del self._approvals[proposal.id, proposal.rev]
        self._send(action, now)
        self._engine.append(action)

    def _record(self, decision: Decision) -> None:
        self._ledger.append(
            Receipt(
                id=decision.id,
                at=decision.at,
                act=decision.verb,
                subject=decision.target,
                by=decision.by,
                origin=decision.origin,
            )
        )


def _check_incident(incident: Incident, decision: Decision, now: float) -> None:
    checks: dict[str, Callable[[Incident, Decision, float], str]] = {
        "acknowledge": _open_only,
        "shelve": _ends,
        "close": _has_verdict,
        "merge": _has_others,
        "split": _leaves_some,
        "note": _has_text,
        "hand-over": _has_others,
    }
    problem = checks[decision.verb](incident, decision, now) if decision.verb in checks else ""
    if problem:
        raise Conflict(problem)


def _open_only(incident: Incident, _decision: Decision, _now: float) -> str:
    done = incident.state in (IncidentState.CLOSED, IncidentState.MERGED)
    return f"{incident.id} is {incident.state.value}: reopen it first." if done else ""


def _ends(_incident: Incident, decision: Decision, now: float) -> str:
    if decision.until is None or not now < decision.until <= now + SHELVED_S_MAX:
        return f"A shelf needs an end within the next {SHELVED_S_MAX / 3600:.0f} hours."
    return ""


def _has_verdict(_incident: Incident, decision: Decision, _now: float) -> str:
    known = [verdict.value for verdict in Verdict]
    return "" if decision.others and decision.others[0] in known else f"Close with a verdict: {', '.join(known)}."


def _has_others(_incident: Incident, decision: Decision, _now: float) -> str:
    return "" if decision.others else f"Say with whom or what to {decision.verb}."


def _has_text(_incident: Incident, decision: Decision, _now: float) -> str:
    return "" if decision.text.strip() else "Write the note first."


def _leaves_some(incident: Incident, decision: Decision, _now: float) -> str:
    stages = {stage.id for stage in incident.stages}
    leaving = stages & set(decision.others)
    return "" if leaving and leaving != stages else "Choose some of its stages, but not all."
