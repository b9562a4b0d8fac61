"""Copies the evidence of incidents into their bundles, so that it outlives the log."""

from tocsin.engine.view import View
from tocsin.model import Incident, IncidentState
from tocsin.store.casebook import Casebook
from tocsin.store.log import EventLog

EVERY_S = 10.0
"""How often changed incidents are looked at."""

ONCE_MAX = 2_000
"""Most pieces of evidence copied per incident and round; the rest follows in the next."""


class Bundler:
    """Called after every tick; what was copied is remembered per incident until it is closed."""

    def __init__(self, view: View, log: EventLog, casebook: Casebook) -> None:
        self._view = view
        self._log = log
        self._casebook = casebook
        self._at = 0.0
        self._copied: dict[str, set[str]] = {}

    def tick(self, now: float) -> None:
        """Copy what is new, every `EVERY_S`."""
        if now - self._at < EVERY_S:
            return
        self._at = now
        for incident in self._view.incidents():
            if incident.state in (IncidentState.CLOSED, IncidentState.MERGED):
                self._copied.pop(incident.id, None)
            else:
                self._copy(incident)

    def _copy(self, incident: Incident) -> None:
        copied = self._copied.setdefault(incident.id, set())
        fresh = [name for name in self._view.evidence_ids(incident) if name not in copied][:ONCE_MAX]
        if fresh:
            found = self._log.find(fresh)
            self._casebook.copy_evidence(incident.id, {fact.pos: fact for fact in found.values()}.values())
            copied.update(fresh)
