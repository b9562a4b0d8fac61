"""Reads from an incident what a warning needs: its worst hazard, where, how many people."""

from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from tocsin.city.context import City
from tocsin.model import Incident, IncidentState, Place, Priority, Stage, Verdict
from tocsin.responders.public_warning.draft import DraftArea, Situation, warned_area
from tocsin.responders.public_warning.templates import Templates

_OVER = (IncidentState.RETURNED, IncidentState.CLOSED, IncidentState.MERGED)


class Rules(Protocol):
    """The parameters of the member that its stage depends on."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages, the first leads."""
        ...

    @property
    def outlets(self) -> tuple[str, ...]:
        """Names of outlets."""
        ...

    @property
    def priority_max(self) -> Priority:
        """Least urgent priority that is warned of."""
        ...

    @property
    def approvers(self) -> int:
        """How many people must approve."""
        ...

    @property
    def moved_m_min(self) -> float:
        """Reach beyond the earlier area that is news, metres."""
        ...

    @property
    def references_max(self) -> int:
        """Most earlier messages referred to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Knows which hazards are warned of, and the city where there is one."""

    rules: Rules
    templates: Templates
    city: City | None

    def read(self, known: Situation | None, incident: Incident) -> Situation | None:
        """What this revision means for a warning; None where there is nothing to warn of, or nowhere."""
        over = incident.state in _OVER
        dismissed = incident.verdict in (Verdict.FALSE, Verdict.BENIGN)
        part = self._worst(incident)
        if part is None or (part.place is None and incident.place is None and self.city is None):
            return None if known is None else replace(known, at=incident.at, over=over, dismissed=dismissed)
        place = part.place or incident.place
        template, bounds = self.templates.by_hazard[part.hazard], self.city.bounds if self.city else ()
        extents = [extent for one in part.contributions if one.role != "against" for extent in one.extents]
        area, why = warned_area(template, place, self._name(place), bounds, extents)
        return Situation(
            at=incident.at,
            origin=incident.origin,
            hazard=part.hazard,
            priority=part.priority,
            title=part.title,
            area=area,
            area_because=why,
            zone=self._zone(place),
            people=self.people(area, incident.at, incident.people_near),
            over=over,
            dismissed=dismissed,
        )

    def _worst(self, incident: Incident) -> Stage | None:
        known = self.templates.by_hazard
        parts = [s for s in incident.stages if s.hazard in known and s.priority <= self.rules.priority_max]
        return min(parts, key=lambda s: (s.priority, -s.log_odds, s.id), default=None)

    def _name(self, place: Place | None) -> str:
        if place is None:
            return self.city.name if self.city else ""
        zone = self.city.zone_of(place) if self.city else None
        return zone.name if zone is not None else _spot(place)

    def _zone(self, place: Place | None) -> str:
        if place is None or place.zone or self.city is None:
            return place.zone if place is not None else ""
        zone = self.city.zone_of(place)
        return zone.id if zone is not None else ""

    def people(self, area: DraftArea, at: float, otherwise: int | None) -> int | None:
        """How many people are usually in the area then; `otherwise` without a city."""
        if self.city is None:
            return otherwise
        return self.city.people_within((area.polygon,), at)


def _spot(place: Place) -> str:
    return place.name or f"{place.lat:.4f} N {place.lon:.4f} E"
