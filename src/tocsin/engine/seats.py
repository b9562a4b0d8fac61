"""The seats of sources: who may speak, in which state, and how fresh their last word is."""

from collections.abc import Iterator

from msgspec import Struct, field

from tocsin.city.context import City
from tocsin.city.registry import Sensor
from tocsin.contract.bodies import Introduction
from tocsin.gate.clearance import Clearance
from tocsin.model import Condition, Level, Place, SourceState

SEATS_MAX = 100_000
"""Most sources; a newcomer beyond it is refused with that reason."""


class Seat(Struct, kw_only=True):
    """One source as the engine knows it. `leases` are its running clearances by level.

    `told` is what a newcomer said of itself; what the city's register says of a sensor is never overwritten.
    """

    id: str
    family: str = "other"
    name: str = ""
    place: Place | None = None
    state: SourceState = SourceState.STAGED
    condition: Condition = Condition.OK
    level_max: Level = Level.ANONYMOUS
    purpose: str = "public safety"
    zone: str = ""
    silent_after_s: float = 60.0
    via: str = ""
    last_at: float | None = None
    value: str = ""
    watermark: float = 0.0
    accepted: int = 0
    rejected: int = 0
    late: int = 0
    withheld: int = 0
    leases: dict[int, Clearance] = field(default_factory=dict)
    changed: bool = True
    until: float | None = None
    told: Introduction | None = None


def seat_of(sensor: Sensor, zone: str) -> Seat:
    """The seat of a sensor that the city's registry knows."""
    return Seat(
        id=sensor.id,
        family=sensor.family,
        name=sensor.name,
        place=sensor.place,
        state=sensor.state,
        level_max=sensor.level_max,
        purpose=sensor.purpose or "public safety",
        zone=zone,
        silent_after_s=sensor.silent_after_s,
    )


class Seats:
    """All sources by id. A source nobody knows takes a staged seat until a person accepts it."""

    def __init__(self, city: City, *, newcomers: SourceState = SourceState.STAGED) -> None:
        self.city = city
        self._newcomers = newcomers
        self._by_id: dict[str, Seat] = {}
        for sensor in city.sensors.values():
            zone = city.zone_of(sensor.place)
            self._by_id[sensor.id] = seat_of(sensor, zone.id if zone is not None else "")

    def __iter__(self) -> Iterator[Seat]:
        return iter(list(self._by_id.values()))

    def find(self, source: str) -> Seat | None:
        """The seat, or None where nobody by that id ever spoke or was registered."""
        return self._by_id.get(source)

    def take(self, source: str, via: str) -> Seat | None:
        """The seat of a speaker, a staged one for a newcomer; None when the house is full."""
        seat = self._by_id.get(source)
        if seat is None and len(self._by_id) < SEATS_MAX:
            seat = Seat(id=source, name=source, state=self._newcomers, via=via)
            self._by_id[source] = seat
        return seat

    def introduce(self, seat: Seat, said: Introduction, place: Place | None) -> None:
        """Take down what a source says of itself, where the city's register does not know it."""
        if seat.id in self.city.sensors:
            return
        zone = self.city.zone_of(place) if place is not None else None
        seat.told, seat.name, seat.family, seat.changed = said, said.name, said.family, True
        seat.place, seat.zone = place or seat.place, zone.id if zone is not None else seat.zone

    def set_state(self, source: str, state: SourceState, until: float | None = None) -> None:
        """Move a source to another state, where it is known."""
        seat = self._by_id.get(source)
        if seat is not None:
            seat.state, seat.until, seat.changed = state, until, True

    def expired(self, now: float) -> list[str]:
        """Sources whose test or maintenance has ended."""
        return [seat.id for seat in self._by_id.values() if seat.until is not None and now >= seat.until]
