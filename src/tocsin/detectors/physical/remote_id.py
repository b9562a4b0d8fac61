"""Drones that say where they are by Remote ID: airborne, high, in distress, or without an id."""

from dataclasses import dataclass
from math import cos, pi, sin
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.drones import Drone
from tocsin.contract.protocols import Key
from tocsin.model import Extent, Figure, Finding, Level, Observation, Place, derived_id, moved

_ORDER = ("airborne", "high", "undeclared", "emergency")
_CORNERS = 24
_PATH_MAX = 36


class Flight(Struct):
    """One aircraft in the air: since when, how it was told, and where it went."""

    since: float
    grade: str = ""
    told_at: float = 0.0
    last_at: float = 0.0
    recent: list[str] = []
    path: list[tuple[float, float]] = []


def _aircraft(fact: Observation[Drone]) -> str:
    """All receivers hear one aircraft; what tells no id is kept apart by its receiver."""
    return fact.body.aircraft or f"unknown {fact.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteIdFlight:
    """Tell each aircraft that says it is in the air, once per flight: most fly lawfully, so it weighs little.

    `emergency` is what it declares itself; `undeclared` one that tells a place and no id; `high` one above
    `high_m`, where the open category of the EU ends; all others are `airborne`.

    >>> from tocsin.contract.examples import seen
    >>> from tocsin.contract.folding import findings
    >>> findings(RemoteIdFlight(), [seen(Drone(aircraft="t:1", state="airborne", height_m=40.0))])[0].because
    'A drone says that it flies here, 40 m above take-off.'

    References: ASTM F3411-22a, Standard Specification for Remote ID and Tracking; Regulation (EU) 2019/947,
    UAS.OPEN.010.
    """

    kind: ClassVar[str] = "physical.remote-id"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Drone,)
    key: ClassVar = Key("aircraft", _aircraft)
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"airborne": 1.0, "high": 2.0, "undeclared": 2.0, "emergency": 3.0}

    high_m: Annotated[float, Meta(description="Height above which it is high, metres.", gt=0)] = 120.0
    forget_s: Annotated[float, Meta(description="How long after its last report a flight is over, seconds.", gt=0)] = (
        60.0
    )
    repeat_s: Annotated[float, Meta(description="How often a lasting flight is told again, seconds.", gt=0)] = 10.0
    cited_max: Annotated[int, Meta(description="Most reports cited at a time.", ge=1)] = 32

    def step(self, state: Flight | None, fact: Observation[Drone]) -> tuple[Flight | None, list[Finding]]:
        """Take one report; those on the ground begin no flight, late and doubled ones change nothing."""
        if state is None or fact.at - state.last_at > self.forget_s:
            if not self._flies(fact.body):
                return state, []
            state = Flight(since=fact.at)
        if fact.at <= state.last_at:
            return state, []
        self._follow(state, fact)
        grade = self._grade(fact.body)
        risen = not state.grade or _ORDER.index(grade) > _ORDER.index(state.grade)
        if not risen and fact.at - state.told_at < self.repeat_s:
            return state, []
        state.grade = grade if risen else state.grade
        return state, [self._finding(state, fact)]

    def _flies(self, body: Drone) -> bool:
        return body.state in ("airborne", "emergency") or (body.state == "undeclared" and (body.height_m or 0.0) > 2.0)

    def _follow(self, flight: Flight, fact: Observation[Drone]) -> None:
        flight.last_at = fact.at
        flight.recent = [*flight.recent, fact.id][-self.cited_max :]
        if fact.place is not None:
            spot = (round(fact.place.lon, 6), round(fact.place.lat, 6))
            flight.path = [*flight.path, spot][-_PATH_MAX:]

    def _grade(self, body: Drone) -> str:
        if body.state == "emergency":
            return "emergency"
        if not body.aircraft:
            return "undeclared"
        return "high" if (body.height_m or 0.0) > self.high_m else "airborne"

    def _finding(self, flight: Flight, fact: Observation[Drone]) -> Finding:
        evidence, flight.recent, flight.told_at = tuple(flight.recent), [], fact.at
        return Finding(
            id=derived_id("f", self.kind, _aircraft(fact), flight.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.kind,
            subject=f"drone {fact.body.aircraft}".strip(),
            because=_sentence(fact.body),
            evidence=evidence,
            source=fact.source,
            detector=self.kind,
            grade=flight.grade,
            place=fact.place,
            since=flight.since,
            extents=tuple(_extents(fact.place, flight, fact.at)),
            figures=tuple(_figures(fact.body)),
        )


def _sentence(body: Drone) -> str:
    who = "A drone" if body.aircraft else "A drone that tells no id"
    height = "" if body.height_m is None else f", {body.height_m:.0f} m above {_over(body)}"
    return f"{who} says that it {'is in distress' if body.state == 'emergency' else 'flies'} here{height}."


def _over(body: Drone) -> str:
    return "ground" if body.over_ground else "take-off"


def _extents(place: Place | None, flight: Flight, at: float) -> list[Extent]:
    extents = []
    if place is not None:
        ring = [moved(place, place.radius_m * sin(a), place.radius_m * cos(a)) for a in _bearings()]
        corners = tuple((round(one.lon, 6), round(one.lat, 6)) for one in ring)
        label = "where it says it is"
        extents.append(Extent(kind="region", label=label, rings=((*corners, corners[0]),), at=at, probability=0.95))
    if len(set(flight.path)) > 1:
        extents.append(Extent(kind="path", label="its path", rings=(tuple(flight.path),), at=at))
    return extents


def _bearings() -> list[float]:
    return [2 * pi * n / _CORNERS for n in range(_CORNERS)]


def _figures(body: Drone) -> list[Figure]:
    figures = []
    if body.height_m is not None:
        figures.append(Figure(name="height", value=body.height_m, unit="m", note=f"above {_over(body)}, as it says"))
    if body.speed_m_s is not None:
        speed = body.speed_m_s
        figures.append(Figure(name="speed", value=speed, unit="m/s", field_value=3.6 * speed, field_unit="km/h"))
    return figures
