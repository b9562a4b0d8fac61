"""What is new in a revision of an incident, for responders that tell other systems."""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from tocsin.contract.protocols import Key
from tocsin.model import (
    Action,
    Decision,
    Delivery,
    Fact,
    Incident,
    IncidentState,
    Origin,
    Priority,
    Proposal,
)

_OVER = (IncidentState.CLOSED, IncidentState.MERGED)


def _case(fact: Fact) -> str:
    match fact:
        case Incident():
            return fact.id
        case Action():
            return fact.proposal.incident
        case Decision():
            return fact.target.partition(":")[0]
    return ""


by_incident = Key("incident", _case)
"""One state per incident; the id of a proposal about it begins with the incident's id and a colon."""


class Announces(Protocol):
    """A responder that tells another system of incidents: `kind` (`export.<tag>`), `outlet` and `priority_max`."""

    @property
    def kind(self) -> str: ...
    @property
    def outlet(self) -> str: ...
    @property
    def priority_max(self) -> Priority: ...


class Told(Struct):
    """What was last told of an incident."""

    rev: int = 0
    priority: Priority | None = None
    state: IncidentState | None = None


def news(told: Told | None, incident: Incident, priority_max: Priority) -> tuple[Told, str]:
    """What this revision brings: opened, priority, acknowledged, closed, or "" for nothing.

    An incident counts from the first revision at `priority_max` or more urgent. Late and
    doubled revisions bring nothing.

    >>> from tocsin.contract.cases import incident
    >>> news(None, incident(), Priority.MEDIUM)[1]
    'opened'
    """
    known = told or Told()
    if incident.rev <= known.rev:
        return known, ""
    before = (known.priority, known.state)
    known.rev = incident.rev
    if known.priority is None and (incident.priority > priority_max or incident.state in _OVER):
        return known, ""
    known.priority, known.state = incident.priority, incident.state
    return known, _event(incident, *before)


def _event(incident: Incident, priority: Priority | None, state: IncidentState | None) -> str:
    if priority is None:
        return "opened"
    if incident.state in _OVER:
        return "closed" if state not in _OVER else ""
    if incident.priority is not priority:
        return "priority"
    acknowledged = incident.state is IncidentState.ACKNOWLEDGED and state is not IncidentState.ACKNOWLEDGED
    return "acknowledged" if acknowledged else ""


def told_outside(
    member: Announces, told: Told | None, fact: Fact, propose: Callable[[Incident, str], Proposal]
) -> tuple[Told, Sequence[Proposal]]:
    """The step of such a member: one proposal per piece of `news`; nothing where it has no outlet."""
    if not member.outlet or not isinstance(fact, Incident):
        return told or Told(), ()
    known, event = news(told, fact, member.priority_max)
    return known, (propose(fact, event),) if event else ()


def announced(member: Announces, incident: Incident, title: str, draft: str) -> Proposal:
    """The automatic proposal of one piece of news: a standing policy approves it beforehand."""
    tag = member.kind.partition(".")[2]
    return Proposal(
        at=incident.at,
        origin=incident.origin,
        id=f"{incident.id}:{tag}:{incident.rev}",
        responder=member.kind,
        incident=incident.id,
        title=title,
        because=f"A standing policy tells {member.outlet!r} of priorities 0 to {int(member.priority_max)}.",
        draft=draft,
        automatic=True,
        place=incident.place,
    )


def handed_over(
    member: Announces, action: Action, form: tuple[str, str], headers: tuple[tuple[str, str], ...] = ()
) -> tuple[Delivery]:
    """The draft of an approved piece of news as one delivery; `form` is the suffix of its name and its media type.

    Its id stays the same over all attempts, so that a receiver can drop repeats.
    """
    suffix, media_type = form
    return (
        Delivery(
            id=delivery_id(member, action),
            outlet=member.outlet,
            name=f"{action.proposal.id.replace(':', '-')}.{suffix}",
            media_type=media_type,
            payload=action.proposal.draft.encode(),
            origin=action.origin if action.origin is not Origin.LIVE else action.proposal.origin,
            headers=headers,
        ),
    )


def delivery_id(member: Announces, action: Action) -> str:
    """Names what is handed over to the outlet."""
    return f"{action.id}/{member.outlet}"
