"""What is new in a revision of an incident, for responders that tell other systems."""

from msgspec import Struct

from tocsin.contract.protocols import Key
from tocsin.model import Action, Decision, Fact, Incident, IncidentState, Priority

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
