"""Made-up events before a camera, one kind each, among people who go about their business; drawn by a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from tocsin.sim.walkers import Flight, Leg, Pose, Spot, Walker
from tocsin.suites.vision_detectors.staging import REACH_M, Ground, Stage

LASTING_S = 60.0
CALM_S = 75.0
"""How long a scattering crowd stands first: its detector learns for a minute what is usual."""

LOITER_S = 30.0
"""Short, so that runs are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who walks, what is drawn on the ground, and for how long."""

    walkers: tuple[Walker, ...]
    grounds: tuple[Ground, ...] = ()
    lasting_s: float = LASTING_S


Chance = np.random.Generator
Make = Callable[[Chance, Stage], Plan]


def passers(chance: Chance, stage: Stage, people: int, lasting_s: float, side: tuple[float, float]) -> list[Walker]:
    """People who walk through, right or left, between two distances behind the middle (metres)."""
    made = []
    for _ in range(people):
        way = 1.0 if chance.random() < 0.5 else -1.0
        a, b = (float(chance.uniform(*side)) for _ in range(2))
        start, end = stage.at(-way * 2.2 * REACH_M, a), stage.at(way * 2.2 * REACH_M, b)
        speed = float(np.clip(chance.normal(1.34, 0.26), 0.6, 2.0))
        stay = float(chance.uniform(3.0, 15.0)) if chance.random() < 0.15 else 0.0
        halt = Leg(stage.at(float(chance.uniform(-3, 3)), (a + b) / 2), speed, stay)
        enters = float(chance.uniform(-15.0, lasting_s * 0.8))
        made.append(Walker(start=start, legs=(halt, Leg(end, speed)), enters_s=max(0.0, enters)))
    return made


def _block(stage: Stage, right: float, ahead: float, half: tuple[float, float]) -> list[Spot]:
    return [stage.at(right + a * half[0], ahead + b * half[1]) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def trespass(chance: Chance, stage: Stage) -> Plan:
    """One or two people, or a car, go into a yard behind the walkway, stay there and leave."""
    yard = stage.area("yard", _block(stage, 0.0, 3.2, (3.5, 2.2)), forbidden=("person", "vehicle"))
    made = passers(chance, stage, 8, LASTING_S, (-4.5, -0.8))
    for _ in range(int(chance.integers(1, 3))):
        inside = stage.at(float(chance.uniform(-2.5, 2.5)), float(chance.uniform(2.2, 4.4)))
        stay = float(chance.uniform(2.0, 12.0))
        start = stage.at(float(chance.uniform(-10, 10)), -3.0)
        made.append(
            Walker(start=start, legs=(Leg(inside, 1.2, stay), Leg(start)), enters_s=float(chance.uniform(5, 30)))
        )
    if chance.random() < 0.3:
        drive = (Leg(stage.at(0.0, 3.2), 4.0, 5.0), Leg(stage.at(2.5 * REACH_M, 3.2), 4.0))
        made.append(Walker(start=stage.at(-2.5 * REACH_M, 3.2), legs=drive, label="car", enters_s=20.0))
    return Plan(tuple(made), (yard,))


def crossing(chance: Chance, stage: Stage) -> Plan:
    """A line across the walkway that may be crossed from left to right alone; some come the other way."""
    line = stage.line("gate", stage.at(0.0, 3.5), stage.at(0.0, -3.5), allowed="backward")
    return Plan(tuple(passers(chance, stage, 12, LASTING_S, (-3.0, 3.0))), (line,))


def contrary(chance: Chance, stage: Stage) -> Plan:
    """A way out on which all go to the right, and one or two come against them."""
    out = stage.lane("exit", _block(stage, 0.0, 0.0, (6.0, 3.5)), stage.at(-4.0, 0.0), stage.at(4.0, 0.0))
    made = [_rightward(one, stage) for one in passers(chance, stage, 12, LASTING_S, (-2.8, 2.8))]
    for _ in range(int(chance.integers(1, 3))):
        ahead = float(chance.uniform(-2.5, 2.5))
        start, end = stage.at(2.2 * REACH_M, ahead), stage.at(-2.2 * REACH_M, ahead)
        made.append(Walker(start=start, legs=(Leg(end, 1.3),), enters_s=float(chance.uniform(5, 35))))
    return Plan(tuple(made), (out,))


def _rightward(walker: Walker, stage: Stage) -> Walker:
    """The same walker, going to the right."""
    ends = sorted([walker.start, walker.legs[-1].to], key=lambda spot: _right_m(stage, spot))
    *halts, last = walker.legs
    return Walker(start=ends[0], legs=(*halts, Leg(ends[1], last.m_s)), enters_s=walker.enters_s)


def _right_m(stage: Stage, spot: Spot) -> float:
    one = stage.at(1.0, 0.0)
    return sum((b - m) * (s - m) for b, m, s in zip(one, stage.middle, spot, strict=True))


def staying(chance: Chance, stage: Stage) -> Plan:
    """Somebody who stays before a door for longer than is set there; others wait there for shorter."""
    door = stage.area("door", _block(stage, 0.0, 2.0, (2.5, 1.8)), loiter_s=LOITER_S)
    made = passers(chance, stage, 6, 90.0, (-4.5, -1.0))
    for stay in (LOITER_S + 12.0, LOITER_S * 0.5):
        start, spot = stage.at(float(chance.uniform(-10, 10)), -2.0), stage.at(float(chance.uniform(-1.5, 1.5)), 2.0)
        made.append(Walker(start=start, legs=(Leg(spot, 1.2, stay), Leg(start)), enters_s=float(chance.uniform(2, 25))))
    return Plan(tuple(made), (door,), 90.0)


def rush(chance: Chance, stage: Stage) -> Plan:
    """A group runs through, one way or from one point; a jogger passes before them, others walk."""
    made = passers(chance, stage, 6, LASTING_S, (-4.0, 4.0))
    at, people = float(chance.uniform(25, 40)), int(chance.integers(5, 10))
    jogs = (Leg(stage.at(2.2 * REACH_M, 1.0), 2.9),)
    made.append(Walker(start=stage.at(-2.2 * REACH_M, 1.0), legs=jogs, enters_s=8.0))
    if chance.random() < 0.5:
        for n in range(people):
            start = stage.at(-2.0 * REACH_M - 0.9 * (n // 3), 1.2 * (n % 3 - 1))
            made.append(Walker(start=start, legs=(Leg(stage.at(2.2 * REACH_M, 1.2 * (n % 3 - 1)), 3.4),), enters_s=at))
        return Plan(tuple(made))
    flight = Flight(at, stage.at(0.0, 0.0), 3.4)
    return Plan((*made, *(one.flees(flight) for one in standing(chance, stage, people, at))))


def standing(chance: Chance, stage: Stage, people: int, until_s: float) -> list[Walker]:
    """A loose group that stands and steps about."""
    made = []
    for n in range(people):
        angle, far = 2 * pi * n / people, float(chance.uniform(0.8, 2.6))
        spots = [stage.at(far * cos(angle + da), far * sin(angle + da)) for da in (0.0, 0.2, -0.1)]
        legs = tuple(Leg(spot, 0.7, float(chance.uniform(4.0, 0.6 * until_s + 5.0))) for spot in spots)
        made.append(Walker(start=spots[0], legs=(*legs, Leg(spots[0], 0.7, until_s))))
    return made


def scattering(chance: Chance, stage: Stage) -> Plan:
    """A group that stands, and scatters from a spot near its middle; people pass behind."""
    at, people = CALM_S + float(chance.uniform(0, 10)), int(chance.integers(9, 16))
    spot = stage.at(*(float(chance.uniform(-0.8, 0.8)) for _ in range(2)))
    flight = Flight(at, spot, float(chance.uniform(2.8, 4.0)))
    made = passers(chance, stage, 8, CALM_S + 20.0, (-4.5, 4.5))
    return Plan((*made, *(one.flees(flight) for one in standing(chance, stage, people, at))), (), CALM_S + 20.0)


def falling(chance: Chance, stage: Stage) -> Plan:
    """Somebody goes down where they walk and stays; another sits down; others pass."""
    made = passers(chance, stage, 5, LASTING_S, (-4.0, 4.0))
    at = float(chance.uniform(12, 25))
    for down, ahead in ((1.0, float(chance.uniform(-2.0, 2.0))), (0.4, float(chance.uniform(-2.0, 2.0)))):
        angle = float(chance.uniform(0, 2 * pi))
        start, spot = stage.at(8 * cos(angle), 8 * sin(angle)), stage.at(float(chance.uniform(-3, 3)), ahead)
        pose = (Pose(at, down), Pose(at + 25.0, 0.0))
        made.append(Walker(start=start, legs=(Leg(spot, 1.3, 60.0),), poses=pose))
    return Plan(tuple(made))


def ordinary(chance: Chance, stage: Stage, lasting_s: float) -> Plan:
    """A busy place on an ordinary day: nobody does what any analytic looks for, and much comes close to it.

    People pass both ways and halt, groups stand and part at a walk, joggers and couples of joggers pass,
    bicycles ride by, some hurry, some sit down; beside the walkway lies a yard that nobody enters.
    """
    people = int(lasting_s / 60 * chance.uniform(6, 16))
    made = passers(chance, stage, people, lasting_s, (-4.0, 2.2))
    for start_s in np.arange(10.0, lasting_s - 20.0, 45.0):
        made += _oddities(chance, stage, float(start_s + chance.uniform(0, 20)))
    yard = stage.area("yard", _block(stage, 0.0, 5.2, (5.0, 1.6)), forbidden=("person", "vehicle"))
    fence = stage.line("fence", stage.at(-6.0, 3.4), stage.at(6.0, 3.4), allowed="none")
    door = stage.area("door", _block(stage, -2.0, -1.0, (2.0, 1.5)), loiter_s=60.0)
    lane = stage.lane("lane", _block(stage, 0.0, -5.2, (6.0, 0.9)), stage.at(-4.0, -5.2), stage.at(4.0, -5.2))
    return Plan(tuple(made), (yard, fence, door, lane), lasting_s)


def _oddities(chance: Chance, stage: Stage, at: float) -> list[Walker]:
    """What happens now and then and is nothing."""
    ahead, way = float(chance.uniform(-3.5, 1.5)), 1.0 if chance.random() < 0.5 else -1.0
    start, end = stage.at(-way * 2.2 * REACH_M, ahead), stage.at(way * 2.2 * REACH_M, ahead)
    match int(chance.integers(0, 5)):
        case 0:  # a jogger, or two
            starts = [start, stage.at(-way * 2.4 * REACH_M, ahead + 0.8)][: int(chance.integers(1, 3))]
            return [Walker(start=one, legs=(Leg(end, 2.9),), enters_s=at) for one in starts]
        case 1:
            return [Walker(start=start, legs=(Leg(end, 4.5),), label="bicycle", enters_s=at)]
        case 2:
            return _parting(stage, start, at)
        case 3:  # some who hurry
            starts = [stage.at(-way * (2.2 * REACH_M + n), ahead) for n in range(5)]
            return [Walker(start=one, legs=(Leg(end, 1.8),), enters_s=at) for one in starts]
    spot = stage.at(float(chance.uniform(-3, 3)), ahead)
    sits = (Pose(at + 14.0, 0.4), Pose(at + 30.0, 0.0))
    return [Walker(start=start, legs=(Leg(spot, 1.3, 30.0), Leg(end)), enters_s=at, poses=sits)]


def _parting(stage: Stage, start: Spot, at: float) -> list[Walker]:
    """A group that meets, stands, and parts at a walk in all directions."""
    spots = [stage.at(cos(n) * 1.2, -1.0 + sin(n) * 1.2) for n in range(7)]
    outs = [stage.at(cos(n) * 14, sin(n) * 14) for n in range(7)]
    ways = zip(spots, outs, strict=True)
    return [Walker(start=start, legs=(Leg(a, 1.3, 15.0), Leg(b, 1.4)), enters_s=at) for a, b in ways]


EVENTS: dict[str, Make] = {
    "vision.zone": trespass,
    "vision.line": crossing,
    "vision.wrong-way": contrary,
    "vision.loitering": staying,
    "vision.running": rush,
    "vision.dispersal": scattering,
    "vision.fall": falling,
}
"""For each analytic the scenario in which what it looks for happens."""
