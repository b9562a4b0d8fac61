"""Shots and fireworks in the simulated city, and what microphones at its house corners send of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Any

import msgspec
import numpy as np

from tocsin.city.context import City
from tocsin.city.registry import Sensor
from tocsin.model import Place, moved, offset_m
from tocsin.sim.chance import Floats, draw
from tocsin.sim.echoes import Air, Walls
from tocsin.sim.emission import Emission
from tocsin.sim.scenario import Fireworks, Gunfire
from tocsin.sim.truth import TruthEvent, TruthStage

SCORES: dict[str, float] = {"shot": 1.0, "firework": -0.3, "thunder": -2.5, "door": -1.0}
"""Mean log odds with which microphones call each a gunshot: assumed, since no corpus here has fireworks or thunder."""

SCENE_SD, MICROPHONE_SD = 0.8, 0.8

MUZZLE_DB, BURST_DB = 152.0, 148.0
"""Peak level at 1 m of a muzzle blast and of a firework's burst."""

AIR_DB_M = 0.005
"""What air takes on the way, at 1 kHz (ISO 9613-1, 15 °C)."""

ROOF_DB = (6.0, 18.0)
"""What the edge of a roof takes of a sound that houses stand in the way of."""

WALL_DB = 3.0
HEARD_DB = 64.0
"""Level at which a microphone in a street notices a bang."""

APART_S = 0.08
"""What follows sooner at a microphone is the same impulse."""

ARRIVALS_MAX = 3
FAINTER_DB = 12.0
MEASURED_S = 1.7
"""A microphone sends an impulse so long after its onset: it listens to what follows first."""

CANOPY = 0.6
TEMPERATURE_C = (4.0, 24.0)
WHISTLE_HEARD_M = 250.0
CLOCK_SD_S, JITTER_SD_S = 0.006, 0.004


@dataclass(slots=True)
class Bang:
    """One bang: when (seconds after the start), where, how high and loud, and what it is."""

    at: float
    spot: Floats
    height_m: float
    level_db: float
    kind: str
    odds: float
    whistles: bool = False
    event: str = ""


@dataclass(slots=True)
class Microphone:
    """One microphone: where it hangs, how far its clock is off, how many impulses it has sent."""

    name: str
    spot: Floats
    clock_s: float
    sent: int = 0
    reached: dict[str, float] = field(default_factory=dict)


class Bangs:
    """All that bangs in one run, heard by all microphones."""

    def __init__(
        self,
        chance: np.random.Generator,
        city: City,
        plans: tuple[Sequence[Gunfire], Sequence[Fireworks]],
        sensors: Sequence[Sensor],
    ) -> None:
        self._chance, self._city = chance, city
        self._microphones = [
            Microphone(one.id, np.array(offset_m(city.centre, one.place)), CLOCK_SD_S * float(chance.normal()))
            for one in sensors
        ]
        self._plans = {plan.id: plan for plan in plans[0]}
        self._bangs = [bang for plan in plans[0] for bang in self._fired(plan)]
        self._bangs += [bang for plan in plans[1] for bang in self._displayed(plan)]
        self._bangs.sort(key=lambda bang: bang.at)
        self._walls = Walls.of_map(city.map, city.centre) if self._bangs else None
        self._temperature_c = draw(chance, TEMPERATURE_C)

    def _near(self, near: tuple[float, float], spread_m: float) -> Floats:
        bearing, far = draw(self._chance, (0.0, 2.0 * np.pi)), spread_m * draw(self._chance, (0.0, 1.0)) ** 0.5
        centre = np.array(offset_m(self._city.centre, Place(lon=near[0], lat=near[1])))
        found: Floats = centre + far * np.array([np.sin(bearing), np.cos(bearing)])
        return found

    def _odds(self, kind: str) -> float:
        return SCORES[kind] + SCENE_SD * float(self._chance.normal())

    def _fired(self, plan: Gunfire) -> Iterator[Bang]:
        """The rounds of one shooting, from one place."""
        at, spot, odds = draw(self._chance, plan.at_s), self._near(plan.near, plan.spread_m), self._odds("shot")
        level = MUZZLE_DB + 3.0 * float(self._chance.normal())
        for _ in range(round(draw(self._chance, plan.rounds))):
            yield Bang(at, spot + self._chance.normal(0.0, 0.5, 2), 0.0, level, "shot", odds, event=plan.id)
            at += draw(self._chance, plan.every_s)

    def _displayed(self, plan: Fireworks) -> Iterator[Bang]:
        """The bursts of one display, in the air above about one place."""
        at, odds = draw(self._chance, plan.at_s), self._odds("firework")
        for _ in range(round(draw(self._chance, plan.bursts))):
            spot, high = self._near(plan.near, plan.spread_m), draw(self._chance, plan.height_m)
            level = BURST_DB + 4.0 * float(self._chance.normal())
            yield Bang(at, spot, high, level, "firework", odds, whistles=float(self._chance.random()) < 0.5)
            at += draw(self._chance, plan.every_s)

    def said(self, second: int, start_at: float, wind: tuple[float, float]) -> Iterator[Emission]:
        """What microphones send of the bangs of this second, each when it has measured it."""
        for bang in self._bangs:
            if second <= bang.at < second + 1:
                for microphone in self._microphones:
                    yield from self._sent(bang, microphone, start_at, wind)

    def _sent(
        self, bang: Bang, microphone: Microphone, start_at: float, wind: tuple[float, float]
    ) -> Iterator[Emission]:
        reached = self._arrivals(bang, microphone, wind)
        for at, level_db in reached:
            if bang.event:
                microphone.reached.setdefault(bang.event, at)
            microphone.sent += 1
            onset = start_at + at + microphone.clock_s + JITTER_SD_S * float(self._chance.normal())
            payload = {
                "t": round(onset, 6),
                "n": microphone.sent,
                "boot": "i1",
                "impulse": self._impulse(bang, microphone, level_db),
            }
            sent_at = round(start_at + at + MEASURED_S + float(self._chance.uniform(0.0, 0.2)), 3)
            yield Emission(
                sent_at, "mqtt", f"city/sound/{microphone.name}", msgspec.json.encode(payload), microphone.name
            )

    def _impulse(self, bang: Bang, microphone: Microphone, level_db: float) -> dict[str, Any]:
        odds = bang.odds + MICROPHONE_SD * float(self._chance.normal())
        near = hypot(*(microphone.spot - bang.spot)) < WHISTLE_HEARD_M
        said = {
            "level_db": round(level_db, 1),
            "snr_db": round(level_db - HEARD_DB + 12.0, 1),
            "crest_db": round(16.0 + 2.0 * float(self._chance.normal()), 1),
            "rise_db": round(level_db - HEARD_DB + 10.0, 1),
            "gunshot": round(1.0 / (1.0 + float(np.exp(-odds))), 3),
        }
        return said | ({"whistle": 0.8} if bang.whistles and near and float(self._chance.random()) < 0.8 else {})

    def _arrivals(self, bang: Bang, microphone: Microphone, wind: tuple[float, float]) -> list[tuple[float, float]]:
        """When and how loud a bang is noticed at a microphone: the first arrival, and echoes that stand apart."""
        if self._walls is None:
            return []
        air = Air(self._temperature_c, CANOPY * wind[0], CANOPY * wind[1])
        heard = []
        for way in self._walls.ways(bang.spot, microphone.spot):
            length = hypot(way.length_m, bang.height_m)
            over = bang.height_m > 25.0  # from so high, no house stands in the way
            loss = draw(self._chance, ROOF_DB) if way.blocked and not over else WALL_DB if way.echo else 0.0
            level = bang.level_db - 20.0 * float(np.log10(max(length, 1.0))) - AIR_DB_M * length - loss
            if level + 3.0 * float(self._chance.normal()) >= HEARD_DB:
                heard.append((bang.at + air.travel_s(self._chance, bang.spot, microphone.spot, length), float(level)))
        return _apart(sorted(heard))

    def truths(self, start_at: float) -> Iterator[TruthEvent]:
        """Each shooting with the moments at which it reached microphones; fireworks are none."""
        for name in self._plans:
            own = [bang for bang in self._bangs if bang.event == name]
            spot = own[0].spot
            at = start_at + own[0].at
            yield TruthEvent(
                id=name,
                hazard="gunfire",
                at=at,
                until=start_at + own[-1].at,
                place=moved(self._city.centre, float(spot[0]), float(spot[1]), radius_m=2.0),
                stages=(TruthStage(hazard="gunfire", at=at),),
                first_reaches={
                    one.name: start_at + one.reached[name] for one in self._microphones if name in one.reached
                },
                detail={"rounds": float(len(own))},
            )


def _apart(heard: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The first arrival, and those later ones that are neither part of it nor much fainter."""
    kept: list[tuple[float, float]] = []
    for at, level in heard:
        if len(kept) < ARRIVALS_MAX and (not kept or (at - kept[-1][0] > APART_S and level > kept[0][1] - FAINTER_DB)):
            kept.append((at, level))
    return kept
