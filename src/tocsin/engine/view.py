"""What people see: the newest incidents, proposals, sensors and system state, and the stream of changes."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from tocsin.city.cameras import Camera
from tocsin.city.context import City
from tocsin.city.registry import Sensor
from tocsin.contract.camera_views import seeing
from tocsin.contract.pictures import CameraLoad, PictureState, Postures, Stills
from tocsin.contract.screening import Lanes, Screened
from tocsin.engine.doorway import looked_at
from tocsin.engine.patience import patiently
from tocsin.engine.ring import Ring
from tocsin.engine.rows import Bucket, SensorRow
from tocsin.engine.seats import Seat, Seats
from tocsin.engine.wording import worded
from tocsin.gate.meter import cost_of
from tocsin.model import (
    Fact,
    Finding,
    Health,
    Incident,
    IncidentState,
    NotFound,
    Observation,
    Outcome,
    Proposal,
    SourceState,
    Verdict,
)
from tocsin.store.casebook import Casebook

INCIDENTS_MAX = 500
"""Most incidents kept at hand; older ones are read from the casebook."""

COSTS_MAX = 50_000
"""Observations whose intrusion is remembered, to tell what an incident cost."""

ASIDE = (CameraLoad, PictureState, Postures, Stills)
"""Bodies that a camera tells beside what it sees: the row of the camera goes on saying what it sees."""

OUTCOMES_MAX = 200
"""Newest outcomes kept at hand."""


class View:
    """Told of every fact by the engine's thread; asked from any."""

    def __init__(self, city: City, seats: Seats, casebook: Casebook, ring: Ring) -> None:
        self.city = city
        self.ring = ring
        self.opened: deque[float] = deque(maxlen=10_000)
        self.lanes = Lanes()
        self._seats = seats
        self._casebook = casebook
        self._lock = threading.RLock()
        self._incidents: dict[str, Incident] = {one.id: one for one in casebook.incidents(limit=INCIDENTS_MAX)}
        self._proposals: dict[str, Proposal] = {one.id: one for one in casebook.proposals()}
        self._outcomes: deque[Outcome] = deque(casebook.outcomes(limit=OUTCOMES_MAX), maxlen=OUTCOMES_MAX)
        self._raw: dict[str, Finding] = {}
        self._costs: dict[str, float] = {}
        self._on_fact: list[Callable[[Fact], None]] = []

    def each_fact(self, call: Callable[[Fact], None]) -> None:
        """Have every concluded fact passed to `call`, in the engine's thread."""
        self._on_fact.append(call)

    def observed(self, fact: Observation[Any]) -> None:
        """Remember the last word of its source, and what looking so closely cost."""
        seat = self._seats.find(fact.source)
        if seat is not None:
            seat.last_at, seat.via, seat.changed = fact.at, fact.via, True
            if not isinstance(fact.body, ASIDE):
                seat.value = self.lanes.take(fact) if isinstance(fact.body, Screened) else worded(fact.body)
        cost = cost_of(fact.level, *looked_at(fact.body))
        if cost:
            self._costs[fact.id] = cost
            while len(self._costs) > COSTS_MAX:
                del self._costs[next(iter(self._costs))]

    def told(self, fact: Fact) -> None:
        """Take a concluded fact into the view and pass it on."""
        with self._lock:
            match fact:
                case Incident():
                    fact = self._incident(fact)
                case Proposal():
                    self._proposal(fact)
                case Outcome():
                    self._outcome(fact)
                case Health():
                    self._health(fact)
                case Finding(life=True):
                    self._finding(fact)
        for call in self._on_fact:
            call(fact)

    def incidents(self) -> list[Incident]:
        """The incidents at hand, most urgent first, then newest."""
        with self._lock:
            return sorted(self._incidents.values(), key=lambda one: (one.priority, -one.since, one.id))

    def incident(self, name: str) -> Incident:
        """One incident; raises NotFound."""
        with self._lock:
            return self._incidents.get(name) or self._casebook.incident(name)

    def proposals(self) -> list[Proposal]:
        """The proposals at hand that people must see, newest first."""
        with self._lock:
            return sorted((p for p in self._proposals.values() if not p.automatic), key=lambda p: (-p.at, p.id))

    def proposal(self, name: str) -> Proposal:
        """One proposal at its newest revision; raises NotFound."""
        with self._lock:
            return self._proposals.get(name) or self._casebook.proposal(name)

    def outcomes(self) -> list[Outcome]:
        """The newest outcomes of actions."""
        with self._lock:
            return list(self._outcomes)

    def precision(self) -> dict[str, dict[str, float | int | None]]:
        """Per detector: verdicts on the incidents that it contributed to, and the share that was true."""
        tally: dict[str, Counter[str]] = {}
        for incident in self.incidents():
            for detector in _detectors(incident) if incident.verdict else ():
                tally.setdefault(detector, Counter())[_short(incident.verdict)] += 1
        return {name: _judged(counts) for name, counts in sorted(tally.items())}

    def sensor(self, name: str) -> SensorRow:
        """The row of one source; raises NotFound."""
        seat = self._seats.find(name)
        if seat is None:
            message = f"No source {name!r}: the Devices page has all that are known."
            raise NotFound(message)
        return self._row(seat)

    def sensors(self) -> list[SensorRow]:
        """A row per source, by family and name."""
        rows = [self._row(seat) for seat in self._seats]
        return sorted(rows, key=lambda row: (row.family, row.name, row.id))

    def changed_sensors(self) -> list[SensorRow]:
        """The rows that changed since the last call."""
        rows = []
        for seat in self._seats:
            if seat.changed:
                seat.changed = False
                rows.append(self._row(seat))
        return rows

    def alarms(self, now: float) -> tuple[Bucket, ...]:
        """Incidents opened per minute over the last hour, oldest first."""
        start = now // 60 * 60 - 59 * 60
        counts = Counter(at // 60 * 60 for at in self.opened if at >= start)
        return tuple(Bucket(at=start + 60 * i, count=counts[start + 60 * i]) for i in range(60))

    def evidence_ids(self, incident: Incident) -> list[str]:
        """Every observation that the incident cites, once."""
        return list(
            dict.fromkeys(name for stage in incident.stages for part in stage.contributions for name in part.evidence)
        )

    def aim(self, source: str, bearing_deg: float, field_deg: float) -> None:
        """Show a camera as a person aimed it."""
        sensor = self.city.sensors.get(source)
        seat = self._seats.find(source)
        if sensor is not None and seat is not None:
            self.city = self.city.with_sensor(sensor.aimed(bearing_deg, field_deg))
            seat.changed = True

    def seen_with(self, source: str, camera: Camera) -> Sensor | None:
        """A camera as it would be with another set-up; its coverage follows the ground that it sees.

        Raises BadInput or ConfigError where that set-up lies on no ground.
        """
        sensor = self.city.sensors.get(source)
        return None if sensor is None else seeing(replace(sensor, camera=camera))

    def set_up(self, source: str, camera: Camera) -> None:
        """Take over how a person set a camera up."""
        sensor = self.seen_with(source, camera)
        seat = self._seats.find(source)
        if sensor is not None and seat is not None:
            self.city = self.city.with_sensor(sensor)
            seat.changed = True

    def switch(self, place: str, kind: str, *, allowed: bool) -> None:
        """Forbid an analytic at a place, or allow it again."""
        record = self.city.processing.get(place)
        if record is not None:
            kept = tuple(one for one in record.forbidden if one != kind)
            self.city = self.city.with_processing(replace(record, forbidden=kept if allowed else (*kept, kind)))

    def _incident(self, fact: Incident) -> Incident:
        known = self._incidents.get(fact.id)
        if known is not None and known.rev >= fact.rev:
            return known
        fact = replace(fact, cost=round(sum(self._costs.get(name, 0.0) for name in self.evidence_ids(fact)), 1))
        if known is None:
            self.opened.append(fact.at)
        self._incidents[fact.id] = fact
        self._save(fact)
        self._adopt(fact)
        self._trim()
        self.ring.tell("incident", fact)
        return fact

    def _save(self, fact: Incident | Proposal | Outcome) -> None:
        patiently(lambda: self._casebook.save([fact]))

    def _adopt(self, incident: Incident) -> None:
        for stage in incident.stages:
            for part in stage.contributions:
                self._raw.pop(part.id, None)

    def _trim(self) -> None:
        done = [one for one in self._incidents.values() if one.state in (IncidentState.CLOSED, IncidentState.MERGED)]
        for one in sorted(done, key=lambda one: one.at)[: max(0, len(self._incidents) - INCIDENTS_MAX)]:
            del self._incidents[one.id]

    def _proposal(self, fact: Proposal) -> None:
        known = self._proposals.get(fact.id)
        if known is None or known.rev < fact.rev:
            self._proposals[fact.id] = fact
            self._save(fact)
            if not fact.automatic:
                self.ring.tell("proposal", fact)

    def _outcome(self, fact: Outcome) -> None:
        self._outcomes.append(fact)
        self._save(fact)
        self.ring.tell("outcome", fact)

    def _health(self, fact: Health) -> None:
        seat = self._seats.find(fact.source)
        if seat is not None:
            seat.condition, seat.changed = fact.condition, True

    def _finding(self, fact: Finding) -> None:
        """A raw priority 0 is shown at once, whether or not fusion follows."""
        if fact.id not in self._raw:
            self._raw[fact.id] = fact
            self.ring.tell("finding", fact)

    def _row(self, seat: Seat) -> SensorRow:
        sensor = self.city.sensors.get(seat.id)
        row = SensorRow(
            id=seat.id,
            family=seat.family,
            name=seat.name or seat.id,
            state=seat.state.value,
            condition=seat.condition.value,
            place=seat.place,
            last_at=seat.last_at,
            silent_after_s=seat.silent_after_s,
            value=seat.value,
            staged=seat.state is SourceState.STAGED,
            via=seat.via,
            level_max=int(seat.level_max),
        )
        if sensor is None:
            return row
        reach = sensor.coverage
        return replace(
            row,
            assumed=reach.assumed,
            bearing_deg=reach.bearing_deg,
            field_deg=reach.field_deg,
            range_m=reach.range_m,
            sees=sensor.sees,
        )


def _detectors(incident: Incident) -> Iterable[str]:
    return sorted({part.detector for stage in incident.stages for part in stage.contributions if part.detector})


def _short(verdict: Verdict | None) -> str:
    if verdict is None:
        return Verdict.UNKNOWN.value
    return "benign" if verdict is Verdict.BENIGN else verdict.value


def _judged(counts: Counter[str]) -> dict[str, float | int | None]:
    judged = counts["true"] + counts["benign"] + counts["false"]
    precision = counts["true"] / judged if judged else None
    return {name: counts[name] for name in ("true", "benign", "false", "unknown")} | {"precision": precision}
