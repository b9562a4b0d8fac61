"""People and vehicles that move on the ground: ways with pauses, keeping apart, fleeing, falling; seeded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Spot = tuple[float, float]
"""Metres east and north."""

STEP_S = 0.1
"""Between two steps of the simulation."""

RELAX_S = 0.5
"""In how long people take up the speed that they want (Helbing and Molnár 1995)."""

PUSH_M_S2, PUSH_M = 2.0, 0.3
"""How strongly people keep apart, and over which distance it falls by a factor e (same)."""

BODY_M = 0.25
"""Radius of a person."""

ARRIVED_M = 0.6
GOING_DOWN_S = 0.8


class Leg(NamedTuple):
    """A way to a spot at a speed (m/s), and how long one stays there, seconds."""

    to: Spot
    m_s: float = 1.34
    stay_s: float = 0.0


class Flight(NamedTuple):
    """From when on somebody runs away from a spot, or in a direction where `toward` is given."""

    at_s: float
    away_from: Spot
    m_s: float = 3.5
    toward: Spot | None = None


class Pose(NamedTuple):
    """From when on somebody stands (0), sits (0.4) or lies (1)."""

    at_s: float
    down: float


class Size(NamedTuple):
    """Height, width and length in metres."""

    height_m: float
    width_m: float
    length_m: float


SIZES = {
    "person": Size(1.7, 0.5, 0.35),
    "bicycle": Size(1.1, 0.6, 1.8),
    "car": Size(1.5, 1.8, 4.4),
    "truck": Size(2.8, 2.4, 8.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """One person or vehicle: when it comes, from where, and what it does; it is gone after its last leg."""

    start: Spot
    legs: tuple[Leg, ...]
    label: str = "person"
    enters_s: float = 0.0
    flight: Flight | None = None
    poses: tuple[Pose, ...] = ()

    def flees(self, flight: Flight) -> "Walker":
        """The same walker, who will flee."""
        return replace(self, flight=flight)


@dataclass(frozen=True, slots=True)
class Moment:
    """Who is where at one moment: numbers of walkers, metres, metres per second, and how far down (0 to 1)."""

    at_s: float
    who: NDArray[np.int64]
    places: Floats
    velocities: Floats
    headings: Floats
    down: Floats


@dataclass(slots=True)
class _Going:
    """How far one walker has come."""

    place: Floats
    velocity: Floats
    heading: Floats
    leg: int = 0
    stays_until: float = 0.0
    speed_share: float = 1.0


class Walkers:
    """The simulation: call `step` for each tenth of a second.

    Everybody wants to go the next leg at its speed, and keeps apart from the others (social force).

    >>> import numpy as np
    >>> alone = Walkers([Walker(start=(0.0, 0.0), legs=(Leg((0.0, 20.0)),))], np.random.default_rng(1))
    >>> moments = list(alone.run(10.0, every_s=1.0))
    >>> round(float(moments[-1].places[0, 1]))
    12
    """

    def __init__(self, walkers: Sequence[Walker], chance: np.random.Generator) -> None:
        self.walkers = tuple(walkers)
        self._chance = chance
        self._going: dict[int, _Going] = {}
        self._waiting = sorted(range(len(self.walkers)), key=lambda n: -self.walkers[n].enters_s)
        self._at_s = 0.0

    def run(self, lasting_s: float, every_s: float = 0.2) -> "list[Moment]":
        """The moments of a run, at a steady pace."""
        told: list[Moment] = []
        steps = max(1, round(every_s / STEP_S))
        for n in range(round(lasting_s / STEP_S)):
            self._step()
            if n % steps == 0:
                told.append(self._moment())
        return told

    def _step(self) -> None:
        while self._waiting and self.walkers[self._waiting[-1]].enters_s <= self._at_s:
            number = self._waiting.pop()
            start = np.array(self.walkers[number].start, dtype=np.float64)
            share = float(self._chance.uniform(0.8, 1.2))
            self._going[number] = _Going(start, np.zeros(2), np.array([0.0, 1.0]), speed_share=share)
        numbers = list(self._going)
        if numbers:
            pushes = _pushes(np.array([self._going[n].place for n in numbers]), self._alone(numbers))
            for number, push in zip(numbers, pushes, strict=True):
                self._move(number, push)
        self._at_s = round(self._at_s + STEP_S, 6)

    def _alone(self, numbers: list[int]) -> NDArray[np.bool_]:
        """Who is pushed by nobody: vehicles, and who is down."""
        return np.array([self.walkers[n].label != "person" or self._down(n) > 0 for n in numbers])

    def _move(self, number: int, push: Floats) -> None:
        going = self._going[number]
        wanted = self._wanted(number, going)
        if wanted is None:
            del self._going[number]
            return
        going.velocity = going.velocity + ((wanted - going.velocity) / RELAX_S + push) * STEP_S
        fastest = 1.3 * max(1.0, float(np.linalg.norm(wanted)))
        speed = float(np.linalg.norm(going.velocity))
        if speed > fastest:
            going.velocity = going.velocity * (fastest / speed)
        if self._down(number) > 0:
            going.velocity = np.zeros(2)
        elif speed > 0.2:
            going.heading = going.velocity / speed
        going.place = going.place + going.velocity * STEP_S

    def _wanted(self, number: int, going: _Going) -> Floats | None:
        """The velocity that somebody wants now; None once all legs are done."""
        walker = self.walkers[number]
        if walker.flight is not None and self._at_s >= walker.flight.at_s:
            return _fleeing(walker.flight, going.place, going.speed_share)
        if self._at_s < going.stays_until:
            return np.zeros(2)
        while going.leg < len(walker.legs):
            leg = walker.legs[going.leg]
            ahead = np.array(leg.to) - going.place
            far = float(np.linalg.norm(ahead))
            if far > ARRIVED_M:
                wanted: Floats = ahead / far * leg.m_s * going.speed_share
                return wanted
            going.leg += 1
            going.stays_until = self._at_s + leg.stay_s
            if leg.stay_s:
                return np.zeros(2)
        return None

    def _down(self, number: int) -> float:
        """How far down somebody is now: a pose is taken up within a moment."""
        down, was = 0.0, 0.0
        for pose in self.walkers[number].poses:
            if self._at_s >= pose.at_s:
                share = min(1.0, (self._at_s - pose.at_s) / GOING_DOWN_S)
                down, was = was + (pose.down - was) * share, pose.down
        return down

    def _moment(self) -> Moment:
        numbers = sorted(self._going)
        some = [self._going[n] for n in numbers]
        return Moment(
            at_s=self._at_s,
            who=np.array(numbers, dtype=np.int64),
            places=_stacked([one.place for one in some]),
            velocities=_stacked([one.velocity for one in some]),
            headings=_stacked([one.heading for one in some]),
            down=np.array([self._down(n) for n in numbers], dtype=np.float64),
        )


def _stacked(rows: list[Floats]) -> Floats:
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _fleeing(flight: Flight, place: Floats, speed_share: float) -> Floats:
    away = np.array(flight.toward) if flight.toward is not None else place - np.array(flight.away_from)
    wanted: Floats = away / max(1e-6, float(np.linalg.norm(away))) * flight.m_s * speed_share
    return wanted


def _pushes(places: Floats, alone: NDArray[np.bool_]) -> Floats:
    """What everybody is pushed by, m/s²."""
    apart = places[:, None] - places[None]
    far = np.linalg.norm(apart, axis=2)
    strength = PUSH_M_S2 * np.exp(np.minimum(1.0, (2 * BODY_M - far) / PUSH_M))
    strength[far < 1e-9] = 0.0
    strength[alone] = 0.0
    pushes: Floats = (apart / np.maximum(far, 1e-9)[:, :, None] * strength[:, :, None]).sum(axis=1)
    return pushes
