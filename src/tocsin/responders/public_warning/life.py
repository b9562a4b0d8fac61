"""The life of a warning: draft, edited, sent, update, cancel, all-clear, expired."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from tocsin.formats import cap
from tocsin.model import (
    Action,
    BadInput,
    Decision,
    Delivery,
    Fact,
    Incident,
    IncidentState,
    Proposal,
    Refused,
    Tick,
)
from tocsin.responders.public_warning import draft as drafts
from tocsin.responders.public_warning.area import circle_around
from tocsin.responders.public_warning.draft import Draft, Situation
from tocsin.responders.public_warning.message import Sender, alert_of, identifier, origin_of
from tocsin.responders.public_warning.situation import Reader, Rules
from tocsin.responders.public_warning.templates import Templates

MEDIA_TYPE = "application/cap+xml"

TYPED = {"Alert": "WARN", "Update": "WARN", "Cancel": "CANCEL", "all-clear": "CLEAR"}
"""The word to type before a message leaves, so that no single key can send one."""

_KIND = "warning.cap"


class Case(Struct, kw_only=True, omit_defaults=True):
    """One incident's warning. `basis` is what the templates last said, `sent` what last left.

    `references` are the messages sent so far; `settled` the hazard and priority that a person
    decided not to warn of (any more): only worse begins again.
    """

    phase: str = "quiet"
    rev: int = 0
    seen: int = 0
    situation: Situation | None = None
    proposal: Proposal | None = None
    basis: Draft | None = None
    edited: bool = False
    sent: Draft | None = None
    sent_rev: int = 0
    references: tuple[str, ...] = ()
    settled: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warnings:
    """The running stage: rules, texts, who warns, and how an incident is read."""

    rules: Rules
    templates: Templates
    sender: Sender
    reader: Reader

    def step(self, state: Case | None, fact: Fact) -> tuple[Case, Sequence[Fact]]:
        """Follow the incident and the decisions about its warning."""
        case = Case() if state is None else state
        match fact:
            case Incident():
                return case, self._seen(case, fact)
            case Decision() if case.proposal is not None and fact.target == case.proposal.id:
                return case, self._decided(case, case.proposal, fact)
            case Action() if fact.proposal.responder == _KIND:
                return case, self._left(case, fact.proposal, fact)
            case Tick():
                return case, self._expire(case, fact)
        return case, ()

    def wake_at(self, state: Case) -> float | None:
        """When the draft or the sent warning expires."""
        alive = state.phase in ("draft", "sent") and state.proposal is not None
        return state.proposal.expires if alive and state.proposal is not None else None

    def act(self, action: Action) -> Sequence[Delivery]:
        """The CAP message, once per outlet. Raises Refused for a spent proposal, BadInput for a faulty draft."""
        proposal = action.proposal
        if proposal.state != "draft":
            message = f"{proposal.id} is {proposal.state}: only a draft can be sent. Ask for an update first."
            raise Refused(message)
        origin = origin_of((action.origin, proposal.origin))
        alert = alert_of(proposal, action.at, origin, self.sender, self.templates.endings)
        payload = cap.encode(alert)
        return tuple(
            Delivery(
                id=f"{action.id}/{outlet}",
                outlet=outlet,
                name=f"{alert.identifier}.xml",
                media_type=MEDIA_TYPE,
                payload=payload,
                origin=origin,
            )
            for outlet in self.rules.outlets
        )

    def preview(self, proposal: Proposal, at: float) -> tuple[str, str]:
        """Media type and text of the message as it would leave at that moment; raises BadInput."""
        alert = alert_of(proposal, at, proposal.origin, self.sender, self.templates.endings)
        return MEDIA_TYPE, cap.encode(alert).decode()

    # what the incident does

    def _seen(self, case: Case, incident: Incident) -> Sequence[Fact]:
        if incident.rev <= case.seen:
            return ()
        case.seen = incident.rev
        situation = self.reader.read(case.situation, incident)
        if situation is None:
            return ()
        if case.basis is not None:
            area = drafts.settled_area(case.basis.area, situation.area, self.rules.moved_m_min)
            situation = replace(situation, area=area)
        case.situation = situation
        if situation.over:
            case.settled = None
        if case.phase == "draft":
            return self._redraft(case, situation, incident)
        if case.phase == "sent":
            return self._follow(case, situation, incident)
        shelved = incident.state is IncidentState.SHELVED
        return () if situation.over or shelved or _settled(case, situation) else self._begin(case, situation, incident)

    def _begin(self, case: Case, situation: Situation, fact: Fact) -> Sequence[Fact]:
        case.references, case.edited, case.sent = (), False, None
        case.basis = drafts.composed(situation, self.templates, self.rules.languages, fact.at)
        return self._propose(case, situation, case.basis, fact)

    def _redraft(self, case: Case, situation: Situation, fact: Fact) -> Sequence[Fact]:
        """Draft anew while nothing was sent, or before an update was; a person's text stays."""
        current = _current(case)
        if situation.over and case.sent is None:
            return self._close(case, fact, "withdrawn", "The incident is over.")
        if current.ending:
            return ()  # a person asked for the end of this warning
        if situation.over:
            return self._end(case, situation, fact, "cancel" if situation.dismissed else "all-clear")
        fresh = self._news(case, situation, fact)
        if fresh is None:
            return ()
        if case.edited:
            return self._propose(
                case, situation, current, fact, "The incident changed after the edit: check the text. "
            )
        kept = replace(fresh, msg_type=current.msg_type, references=current.references)
        return self._propose(case, situation, kept, fact)

    def _news(self, case: Case, situation: Situation, fact: Fact) -> Draft | None:
        """What the templates say now, where it differs from what they said before."""
        fresh = drafts.composed(situation, self.templates, self.rules.languages, fact.at)
        if case.basis is not None and not drafts.differs(case.basis, fresh):
            return None
        case.basis = fresh
        return fresh

    def _follow(self, case: Case, situation: Situation, fact: Fact) -> Sequence[Fact]:
        """Propose an update or the end of a warning that was sent."""
        if situation.over:
            return self._end(case, situation, fact, "cancel" if situation.dismissed else "all-clear")
        return () if self._news(case, situation, fact) is None else self._update(case, situation, fact)

    def _update(self, case: Case, situation: Situation, fact: Fact) -> Sequence[Fact]:
        fresh = drafts.composed(situation, self.templates, self.rules.languages, fact.at)
        if case.edited and case.sent is not None:
            fresh = replace(case.sent, area=fresh.area, severity=fresh.severity, expires=fresh.expires)
        return self._propose(case, situation, drafts.updated(fresh, case.references), fact)

    def _end(self, case: Case, situation: Situation, fact: Fact, kind: str) -> Sequence[Fact]:
        if case.sent is None:
            return ()
        expires = max(case.sent.expires, fact.at + self.templates.by_hazard[situation.hazard].expires_s)
        sent = replace(case.sent, expires=expires)
        ended = drafts.ended(sent, kind, situation.hazard, self.templates, case.references)
        return self._propose(case, situation, ended, fact)

    # what people decide

    def _decided(self, case: Case, proposal: Proposal, decision: Decision) -> Sequence[Fact]:
        situation = case.situation
        if situation is None:
            return ()
        match decision.verb, case.phase:
            case "edit", "draft":
                return self._edit(case, proposal, situation, decision)
            case "approve", "draft":
                return self._left(case, proposal, decision)
            case "update", "sent":
                return self._update(case, situation, decision)
            case (("cancel" | "all-clear"), ("draft" | "sent")) if case.sent is not None:
                return self._end(case, situation, decision, decision.verb)
            case (("reject" | "cancel"), "draft"):
                return self._reject(case, situation, decision)
        return ()

    def _edit(self, case: Case, proposal: Proposal, situation: Situation, decision: Decision) -> Sequence[Fact]:
        current = _current(case)
        try:
            new = drafts.edited(current, decision.text)
            trial = replace(proposal, draft=drafts.written(new))
            self.preview(trial, decision.at)
        except BadInput as error:
            return self._propose(case, situation, current, decision, f"The edit was not taken: {error} ")
        case.edited = True
        return self._propose(case, situation, new, decision)

    def _reject(self, case: Case, situation: Situation, decision: Decision) -> Sequence[Fact]:
        if case.sent is not None:
            return self._close(case, decision, "sent", "The update was rejected: the warning stands.", case.sent)
        case.settled = (situation.hazard, int(situation.priority))
        return self._close(case, decision, "rejected", decision.text or "Rejected.")

    def _left(self, case: Case, proposal: Proposal, fact: Decision | Action) -> Sequence[Fact]:
        """The message is approved; the action says exactly when, which later references need."""
        told = f"{self.sender.id},{identifier(proposal)},{cap.cap_time(fact.at)}"
        if proposal.rev == case.sent_rev:
            case.references = (*case.references[:-1], told) if case.references else ()
            return ()
        draft = drafts.read(proposal.draft)
        case.sent, case.sent_rev = draft, proposal.rev
        case.references = (*case.references, told)[-self.rules.references_max :]
        because = f"{draft.msg_type} {identifier(proposal)} was approved."
        if draft.ending:
            _settle(case)
        return self._close(case, fact, draft.ending or "sent", because, draft)

    def _expire(self, case: Case, tick: Tick) -> Sequence[Fact]:
        proposal, situation = case.proposal, case.situation
        due = self.wake_at(case)
        if proposal is None or situation is None or due is None or tick.at < due:
            return ()
        if case.sent is None and not case.edited and not situation.over and situation.at > proposal.at:
            return self._begin(case, situation, tick)  # nobody decided, and it still goes on
        case.references, case.sent, case.edited = (), None, False
        return self._close(case, tick, "expired", "It has expired.")

    # how it is told

    def _propose(
        self, case: Case, situation: Situation, draft: Draft, fact: Fact, notice: str = ""
    ) -> Sequence[Proposal]:
        case.phase = "draft"
        case.rev += 1
        middle, radius_m = circle_around(draft.area.polygon)
        kind = draft.ending if draft.ending == "all-clear" else draft.msg_type
        case.proposal = Proposal(
            at=fact.at,
            origin=origin_of((situation.origin, fact.origin)),
            id=_id_of(case, fact),
            responder=_KIND,
            incident=_incident_of(case, fact),
            title=f"{_DEED[kind]}: {draft.event}, {draft.area.name}",
            because=notice + _because(situation),
            draft=drafts.written(draft),
            rev=case.rev,
            approvers=self.rules.approvers,
            typed=TYPED[kind],
            place=replace(middle, radius_m=radius_m, name=draft.area.name, zone=situation.zone),
            people_reached=self.reader.people(draft.area, fact.at, situation.people),
            expires=draft.expires,
            state="draft",
            languages=tuple(draft.languages),
        )
        return (case.proposal,)

    def _close(
        self, case: Case, fact: Fact, phase: str, because: str, draft: Draft | None = None
    ) -> Sequence[Proposal]:
        """The proposal in a state in which nothing waits for an approval."""
        if case.proposal is None:
            return ()
        case.phase = phase
        case.rev += 1
        kept = case.proposal.draft if draft is None else drafts.written(draft)
        expires = case.proposal.expires if draft is None else draft.expires
        case.proposal = replace(
            case.proposal, at=fact.at, rev=case.rev, state=phase, because=because, draft=kept, expires=expires
        )
        return (case.proposal,)


_DEED = {
    "Alert": "Warn the public",
    "Update": "Update the warning",
    "Cancel": "Cancel the warning",
    "all-clear": "Give the all-clear",
}


def _id_of(case: Case, fact: Fact) -> str:
    return f"{_incident_of(case, fact)}:cap"


def _incident_of(case: Case, fact: Fact) -> str:
    if isinstance(fact, Incident):
        return fact.id
    return case.proposal.incident if case.proposal is not None else ""


def _current(case: Case) -> Draft:
    return drafts.read(case.proposal.draft if case.proposal is not None else "")


def _settled(case: Case, situation: Situation) -> bool:
    """Whether a person decided against warning of this, and it became no worse since."""
    if case.settled is None:
        return False
    hazard, priority = case.settled
    return situation.hazard == hazard and situation.priority >= priority


def _because(situation: Situation) -> str:
    people = "" if situation.people is None else f" Usually {situation.people:,} people are there."
    return f"{situation.title} (priority {int(situation.priority)}). Area: {situation.area_because}.{people}"


def _settle(case: Case) -> None:
    """The warning is over; only something else, or worse, begins another."""
    if case.situation is not None:
        case.settled = (case.situation.hazard, int(case.situation.priority))
        case.references, case.sent, case.edited = (), None, False
