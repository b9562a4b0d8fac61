"""Tells another system by webhook that an incident opened, changed its priority, was acknowledged or closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from tocsin.contract.news import Told, announced, by_incident, delivery_id, handed_over, told_outside
from tocsin.contract.protocols import Key
from tocsin.model import Action, Delivery, Fact, Incident, Level, Priority, Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Send each piece of news of an incident as JSON, signed on its way out after Standard Webhooks.

    Proposals are automatic: a standing policy approves them beforehand. The body names the
    incident, its hazards, place and score, and nobody: no sentence, addresses, notes or accounts.

    >>> from tocsin.contract.cases import incident
    >>> from tocsin.contract.folding import folded
    >>> folded(Webhook(outlet="webhook"), [incident("toxic")])[0].title
    'Webhook: incident.opened'

    References: Standard Webhooks 1.0.0, https://www.standardwebhooks.com
    """

    kind: ClassVar[str] = "export.webhook"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type[Fact], ...]] = (Incident,)
    key: ClassVar[Key] = by_incident

    outlet: Annotated[str, Meta(description="Name of the HTTP outlet that it goes to; empty: tell nobody.")] = ""
    priority_max: Annotated[Priority, Meta(description="Least urgent priority that is told.")] = Priority.MEDIUM

    def step(self, state: Told | None, fact: Fact) -> tuple[Told, Sequence[Proposal]]:
        """One proposal per piece of news."""
        return told_outside(self, state, fact, self._proposal)

    def act(self, action: Action) -> Sequence[Delivery]:
        """One POST; its `webhook-id` stays the same over all attempts, so that a receiver can drop repeats."""
        headers = (("webhook-id", delivery_id(self, action)),)
        return handed_over(self, action, ("json", "application/json"), headers)

    def _proposal(self, incident: Incident, event: str) -> Proposal:
        event = f"incident.{event}"
        return announced(self, incident, f"Webhook: {event}", msgspec.json.encode(_document(incident, event)).decode())


def _document(incident: Incident, event: str) -> dict[str, Any]:
    """The body: `type`, `timestamp` and `data`, as Standard Webhooks names them."""
    place = incident.place
    where = None if place is None else {"lon": place.lon, "lat": place.lat, "radius_m": place.radius_m}
    return {
        "type": event,
        "timestamp": datetime.fromtimestamp(incident.at, UTC).isoformat(),
        "data": {
            "id": incident.id,
            "rev": incident.rev,
            "origin": incident.origin,
            "priority": int(incident.priority),
            "state": incident.state,
            "hazards": sorted({stage.hazard for stage in incident.stages}),
            "since": incident.since,
            "place": where,
            "score": incident.score,
            "score_label": incident.score_label,
            "verdict": incident.verdict,
        },
    }
