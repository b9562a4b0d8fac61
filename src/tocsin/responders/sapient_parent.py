"""Tells a parent fusion node (SAPIENT) that an incident opened, changed its priority, was acknowledged or closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from tocsin.contract.news import Told, announced, by_incident, handed_over, told_outside
from tocsin.contract.protocols import Key
from tocsin.formats.sapient import at_lon_lat, detection, ulid
from tocsin.model import Action, Delivery, Fact, Incident, Level, Place, Priority, Proposal

_ALERTS = {
    Priority.LIFE: "CRITICAL",
    Priority.HIGH: "CRITICAL",
    Priority.MEDIUM: "WARNING",
    Priority.LOW: "INFORMATION",
}
_PRIORITIES = {Priority.LIFE: "HIGH", Priority.HIGH: "HIGH", Priority.MEDIUM: "MEDIUM", Priority.LOW: "LOW"}
_STATUS = {"closed": "CLEAR", "acknowledged": "ACKNOWLEDGE"}
_SD_OF_95 = 2.4477468
"""Radius of a 95 % circle in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SapientParent:
    """Write each piece of news of an incident as one SAPIENT message: a detection report where it has a place.

    An incident is one object; its hazards are its classes. Without a place it is an alert. Proposals are
    automatic: a standing policy approves them beforehand.

    >>> from tocsin.contract.cases import incident
    >>> from tocsin.contract.folding import folded
    >>> folded(SapientParent(outlet="parent"), [incident("toxic")])[0].draft[:71]
    '{"timestamp":"2026-09-21T14:13:20Z","detection_report":{"report_id":"01'

    References: BSI Flex 335 v2, Interface Control Document for SAPIENT.
    """

    kind: ClassVar[str] = "export.sapient"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type[Fact], ...]] = (Incident,)
    key: ClassVar[Key] = by_incident

    outlet: Annotated[str, Meta(description="Name of the sapient outlet that it goes to; empty: tell nobody.")] = ""
    priority_max: Annotated[Priority, Meta(description="Least urgent priority that is told.")] = Priority.MEDIUM

    def step(self, state: Told | None, fact: Fact) -> tuple[Told, Sequence[Proposal]]:
        """One proposal per piece of news."""
        return told_outside(self, state, fact, self._proposal)

    def act(self, action: Action) -> Sequence[Delivery]:
        """One message as JSON: the outlet, which knows our node id, frames it."""
        return handed_over(self, action, ("json", "application/json"))

    def _proposal(self, incident: Incident, event: str) -> Proposal:
        draft = msgspec.json.encode(_said(incident, event)).decode()
        return announced(self, incident, f"SAPIENT: incident {event}", draft)


def _said(incident: Incident, event: str) -> dict[str, Any]:
    """The message, without the id of its node."""
    at = datetime.fromtimestamp(incident.at, UTC).isoformat().replace("+00:00", "Z")
    place = incident.place
    content = _alert(incident, event) if place is None else _report(incident, place, event)
    return {"timestamp": at, **content}


def _hazards(incident: Incident) -> list[str]:
    return sorted({stage.hazard for stage in incident.stages}) or ["unknown"]


def _report(incident: Incident, place: Place, event: str) -> dict[str, Any]:
    where = at_lon_lat(place.lon, place.lat, place.radius_m / _SD_OF_95, place.height_m)
    report_id, object_id = _ids(incident)
    told = detection(report_id, object_id, where, ())
    told["detection_report"]["classification"] = [{"type": name} for name in _hazards(incident)]
    told["detection_report"]["state"] = event
    told["detection_report"]["object_info"] = [
        {"type": incident.score_label, "value": f"{incident.score:.4f}"},
        {"type": "priority", "value": str(int(incident.priority))},
    ]
    return told


def _alert(incident: Incident, event: str) -> dict[str, Any]:
    report_id, _ = _ids(incident)
    return {
        "alert": {
            "alert_id": report_id,
            "alert_type": f"ALERT_TYPE_{_ALERTS[incident.priority]}",
            "status": f"ALERT_STATUS_{_STATUS.get(event, 'ACTIVE')}",
            "description": f"{', '.join(_hazards(incident))}: incident {event}",
            "priority": f"DISCRETE_PRIORITY_{_PRIORITIES[incident.priority]}",
        }
    }


def _ids(incident: Incident) -> tuple[str, str]:
    """Of this report, and of the object that the incident is: the same for all its reports."""
    report = ulid(incident.at, f"{incident.id} {incident.rev}".encode())
    return report, ulid(incident.since, incident.id.encode())
