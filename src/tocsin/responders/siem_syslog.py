"""Tells the city's own SIEM by syslog that an incident opened, changed its priority, was acknowledged or closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.news import Told, announced, by_incident, handed_over, told_outside
from tocsin.contract.protocols import Key
from tocsin.formats.syslog import Message, encode
from tocsin.model import Action, Delivery, Fact, Incident, Level, Priority, Proposal

_SEVERITY = {Priority.LIFE: 1, Priority.HIGH: 2, Priority.MEDIUM: 4, Priority.LOW: 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiemSyslog:
    """Write each piece of news of an incident as one RFC 5424 message with structured data.

    Severity follows the priority: 0 alert, 1 critical, 2 warning, 3 notice. Proposals are
    automatic: a standing policy approves them beforehand.

    >>> from tocsin.contract.cases import incident
    >>> from tocsin.contract.folding import folded
    >>> folded(SiemSyslog(outlet="siem"), [incident("toxic")])[0].draft[:60]
    '<129>1 2026-09-21T14:13:20.000Z - tocsin - opened [tocsin@32'

    References: RFC 5424 (The Syslog Protocol), RFC 5612 (32473 is for documentation).
    """

    kind: ClassVar[str] = "export.syslog"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type[Fact], ...]] = (Incident,)
    key: ClassVar[Key] = by_incident

    outlet: Annotated[str, Meta(description="Name of the syslog outlet that it goes to; empty: tell nobody.")] = ""
    priority_max: Annotated[Priority, Meta(description="Least urgent priority that is told.")] = Priority.LOW
    facility: Annotated[int, Meta(description="Syslog facility; 16 is local0.", ge=0, le=23)] = 16
    host: Annotated[str, Meta(description="HOSTNAME of the messages; empty for none.")] = ""
    enterprise: Annotated[int, Meta(description="Your private enterprise number (IANA).", ge=1)] = 32473

    def step(self, state: Told | None, fact: Fact) -> tuple[Told, Sequence[Proposal]]:
        """One proposal per piece of news."""
        return told_outside(self, state, fact, self._proposal)

    def act(self, action: Action) -> Sequence[Delivery]:
        """One message, unframed: the outlet frames it for its transport."""
        return handed_over(self, action, ("log", "application/syslog"))

    def _proposal(self, incident: Incident, event: str) -> Proposal:
        draft = encode(self._message(incident, event)).decode()
        return announced(self, incident, f"Syslog: incident {event}", draft)

    def _message(self, incident: Incident, event: str) -> Message:
        hazards = sorted({stage.hazard for stage in incident.stages}) or ["unknown"]
        priority = int(incident.priority)
        params = {
            "incident": incident.id,
            "rev": str(incident.rev),
            "event": event,
            "origin": incident.origin.value,
            "priority": str(priority),
            "state": incident.state.value,
            "hazards": ",".join(hazards),
            "score": f"{incident.score:.4f}",
        }
        if incident.place is not None:
            params |= {"lon": f"{incident.place.lon:.5f}", "lat": f"{incident.place.lat:.5f}"}
        return Message(
            facility=self.facility,
            severity=_SEVERITY[incident.priority],
            at=incident.at,
            host=self.host,
            app="tocsin",
            msgid=event,
            data=((f"tocsin@{self.enterprise}", tuple(params.items())),),
            text=f"Incident {incident.id} {event}: {', '.join(hazards)}, priority {priority}.",
        )
