"""The doorway: what a source delivered becomes observations, under a clearance, or goes to quarantine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin.contract.bodies import Introduction, LogEvents, Sighting
from tocsin.contract.protocols import Delivered, Perceiver
from tocsin.engine.perceiving import Perception, inside
from tocsin.engine.seats import Seat, Seats
from tocsin.gate.admit import Admission
from tocsin.gate.clearance import Ask, Clearance
from tocsin.gate.ledger import Ledger
from tocsin.gate.meter import Meter
from tocsin.gate.policy import Policies
from tocsin.model import BadInput, Body, Level, Observation, Origin, Reading, Refused, SourceState, tag_of
from tocsin.store.quarantine import Rejected

LATENESS_S_MAX = 30.0
"""How far behind its source's newest fact an observation may be before it is flagged late."""

LOG_LATENESS_S_MAX = 900.0
"""The same for batches of log lines, which leave their sensors in flushes."""

SPEAKING = (SourceState.IN_SERVICE, SourceState.TEST, SourceState.MAINTENANCE, SourceState.CALIBRATION_OVERDUE)
"""The states in which a source's readings are observed; a staged one is only shown."""


@dataclass(slots=True)
class Admitted:
    """What came of one delivery."""

    observations: list[Observation[Any]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    staged: int = 0


def admission_by(policies: Policies, ledger: Ledger) -> Admission:
    """The gate's door for observations under these policies: only the engine opens it."""
    return Admission(policies, ledger, Meter(policies))


def looked_at(body: Body) -> tuple[float, float]:
    """How many people an observation looks at, and for how many seconds, for the meter."""
    if isinstance(body, Sighting):
        return float(body.count), 1.0
    return float(getattr(body, "persons", None) or 0.0), float(getattr(body, "seconds", 1.0))


class Doorway:
    """Perceives, asks the gate, places and dates every reading of a delivery."""

    def __init__(
        self, seats: Seats, perceivers: Iterable[Perceiver], admission: Admission, *, skew_s_max: float = 300.0
    ) -> None:
        self.seats = seats
        self._admission = admission
        self._skew_s_max = skew_s_max
        self._perception = Perception(perceivers)

    def restart(self, perceivers: Iterable[Perceiver]) -> None:
        """Put other running forms of perceivers in place, between two deliveries."""
        self._perception.put(perceivers)

    def hold(self, clearance: Clearance, now: float) -> None:
        """Let a source be looked at as closely as people cleared it, until that ends; its receipt is written."""
        seat = self.seats.find(clearance.source)
        if seat is not None:
            self._admission.hold(clearance, now)
            seat.leases[clearance.level] = clearance

    def reach(self, source: str, origin: Origin, now: float) -> Level:
        """The highest level that the policy lets a source be observed at now; nothing of a staged one."""
        seat = self.seats.find(source)
        if seat is None or seat.state not in SPEAKING:
            return Level.AMBIENT
        if _running(seat, Level.CLEAR, now) is not None:
            return Level.CLEAR
        return self._admission.reach(_ask(seat, seat.level_max, origin), now)

    def admit(self, delivered: Delivered, via: str, now: float) -> Admitted:
        """Everything of the delivery is in the answer: observed, rejected with a reason, or staged."""
        answer = Admitted()
        answer.rejected.extend(
            Rejected(at=now, source=via, reason=reason, raw=raw) for raw, reason in delivered.rejected
        )
        perceived = [pair for reading in delivered.readings for pair in self._seated(reading, via, now, answer)]
        self._lease_ahead(perceived, now)
        for seat, reading in perceived:
            self._try(seat, reading, now, answer)
        return answer

    def _try(self, seat: Seat, reading: Reading[Any], now: float, answer: Admitted) -> None:
        try:
            answer.observations.append(self._observe(reading, seat, now))
        except (BadInput, Refused) as error:
            seat.rejected += 1
            answer.rejected.append(Rejected(at=now, source=seat.id, reason=str(error), raw=b""))

    def expire(self, now: float) -> None:
        """End the leases that are over, each with what was used of it."""
        self._admission.expire(now)

    def close(self, now: float) -> None:
        """End all leases."""
        self._admission.close(now)

    def _seated(
        self, reading: Reading[Any], via: str, now: float, answer: Admitted
    ) -> Iterable[tuple[Seat, Reading[Any]]]:
        seat = self.seats.take(reading.source, via)
        if seat is None:
            answer.rejected.append(Rejected(at=now, source=via, reason="too many sources: no seat is left", raw=b""))
            return ()
        if isinstance(reading.body, Introduction):
            self.seats.introduce(seat, reading.body, reading.place)
        if seat.state not in SPEAKING:
            seat.last_at, seat.changed = reading.at, True
            answer.staged += 1
            return ()
        if not self._perception.takes(type(reading.body)):
            return ((seat, reading),)
        graded = self._perception.graded(type(reading.body))
        level_max = self.reach(seat.id, reading.origin, now) if graded else Level.REDACTED
        seen = self._perception.perceive(reading, level_max)
        seat.withheld += seen.withheld
        answer.rejected.extend(Rejected(at=now, source=seat.id, reason=why, raw=raw) for raw, why in seen.rejected)
        return [(seat, one) for one in seen.readings]

    def _lease_ahead(self, perceived: Sequence[tuple[Seat, Reading[Any]]], now: float) -> None:
        """Ask for all missing leases of a delivery at once: one write to the ledger, however many sources."""
        missing = {
            _ask(seat, type(reading.body).level, reading.origin): seat
            for seat, reading in perceived
            if _running(seat, type(reading.body).level, now) is None and type(reading.body).level <= seat.level_max
        }
        if len(missing) > 1:
            for ask, lease in self._admission.lease_many(missing, now).items():
                missing[ask].leases[ask.level] = lease

    def _observe(self, reading: Reading[Any], seat: Seat, now: float) -> Observation[Any]:
        if reading.at > now + self._skew_s_max:
            message = f"dated {reading.at - now:.0f} s ahead of the clock: set the time of {seat.id}"
            raise BadInput(message)
        body: Body = reading.body
        if inside(type(body)):
            message = f"{tag_of(type(body))} never leaves admission, under no clearance: switch on what perceives it"
            raise Refused(message)
        lease = self._lease(seat, body, reading.origin, now)
        allowed = LOG_LATENESS_S_MAX if isinstance(body, LogEvents) else LATENESS_S_MAX
        late = reading.at < seat.watermark - allowed
        seat.watermark = max(seat.watermark, reading.at)
        seat.accepted += 1
        seat.late += late
        if body.level > Level.AMBIENT:
            self._admission.used(lease, *looked_at(body))
        return Observation(
            at=reading.at,
            origin=reading.origin,
            source=seat.id,  # equal to the reading's, and the same object wherever this source is a key
            seq=reading.seq,
            body=body,
            boot=reading.boot,
            seq_end=reading.seq_end,
            via=reading.via,
            place=reading.place or seat.place,
            level=body.level,
            lease=lease.id,
            late=late,
        )

    def _lease(self, seat: Seat, body: Body, origin: Origin, now: float) -> Clearance:
        level = type(body).level
        lease = _running(seat, level, now)
        if lease is not None:
            return lease
        if level > seat.level_max:
            message = (
                f"{tag_of(type(body))} is level {int(level)}, but {seat.id} may be asked for level "
                f"{int(seat.level_max)} at most: raise its level_max, or mask beside the source"
            )
            raise Refused(message)
        lease = self._admission.lease(_ask(seat, level, origin), now)
        seat.leases[level] = lease
        return lease


def _running(seat: Seat, level: Level, now: float) -> Clearance | None:
    lease = seat.leases.get(level)
    return lease if lease is not None and lease.holds(now) else None


def _ask(seat: Seat, level: Level, origin: Origin) -> Ask:
    return Ask(source=seat.id, purpose=seat.purpose, level=level, zone=seat.zone, origin=origin)
