"""What bangs and is no shot: fireworks, thunder, slammed doors, as microphones would send it."""

from collections.abc import Callable, Iterator
from math import hypot

import numpy as np

from tocsin.contract.examples import START_AT
from tocsin.contract.sounds import Impulse
from tocsin.model import Observation, Origin, Place, moved
from tocsin.sim.bangs import MICROPHONE_SD, SCENE_SD, SCORES, WHISTLE_HEARD_M
from tocsin.sim.chance import Floats
from tocsin.sim.echoes import Air
from tocsin.suites.gunshot.worlds import SIDE_M, Shot, Weathering, layout, outdoors

ZERO = Place(lon=24.94, lat=60.17)

DOOR_HEARD_M = 90.0
Sent = list[Observation[Impulse]]


class Ear:
    """Microphones of one scene: what each sends, with its own sequence."""

    def __init__(self, chance: np.random.Generator, spots_m: Floats, kind: str) -> None:
        self._chance, self.spots_m = chance, spots_m
        self._mean = SCORES[kind] + SCENE_SD * float(chance.normal())
        self._counts = np.zeros(len(spots_m), int)
        self.sent: Sent = []

    def hears(self, microphone: int, at_s: float, whistle: float | None = None) -> None:
        """One impulse at a microphone, seconds after the scene's beginning."""
        odds = self._mean + MICROPHONE_SD * float(self._chance.normal())
        east, north = self.spots_m[microphone]
        body = Impulse(
            scores={"gunshot": round(1.0 / (1.0 + float(np.exp(-odds))), 3)}, model="assumed", whistle=whistle
        )
        self._counts[microphone] += 1
        self.sent.append(
            Observation(
                at=round(START_AT + at_s, 6),
                origin=Origin.SIMULATED,
                source=f"mic-{microphone:02d}",
                seq=int(self._counts[microphone]),
                body=body,
                place=moved(ZERO, float(east), float(north), radius_m=2.0),
                level=Impulse.level,
            )
        )


def of_shot(chance: np.random.Generator, shot: Shot) -> Sent:
    """A located shot, as the detector gets it."""
    ear = Ear(chance, shot.spots_m, "shot")
    for microphone, at in enumerate(shot.at_s):
        ear.hears(microphone, float(at))
    return ear.sent


def _air(chance: np.random.Generator, weather: Weathering) -> Air:
    bearing = chance.uniform(0.0, 2.0 * np.pi)
    warm = weather.temperature_c + weather.kelvin_sd * float(chance.normal())
    wind = weather.wind_m_s
    return Air(warm, wind * float(np.sin(bearing)), wind * float(np.cos(bearing)))


def firework(chance: np.random.Generator, count: int, weather: Weathering) -> Sent:
    """One to twenty rockets from one place, bursting 40 to 130 m up, some with a whistle that near microphones hear."""
    ear, air = Ear(chance, layout(chance, count), "firework"), _air(chance, weather)
    near = outdoors(chance, np.full(2, SIDE_M / 2), SIDE_M / 2)
    for at in np.sort(chance.uniform(0.0, 25.0, int(chance.integers(1, 21)))):
        source, height = near + chance.normal(0.0, 25.0, 2), chance.uniform(40.0, 130.0)
        whistles = chance.random() < 0.5
        for microphone, spot in enumerate(ear.spots_m):
            far = hypot(*(spot - source))
            arrives = at + air.travel_s(chance, source, spot, hypot(far, height)) + 0.01 * float(chance.normal())
            whistle = 0.8 if whistles and far < WHISTLE_HEARD_M and chance.random() < 0.8 else None
            ear.hears(microphone, float(arrives), whistle)
    return sorted(ear.sent, key=lambda one: one.at)


def thunder(chance: np.random.Generator, count: int, weather: Weathering) -> Sent:
    """A channel of lightning 0.5 to 4 km away and up: each microphone picks another part of the rumble."""
    ear, air = Ear(chance, layout(chance, count), "thunder"), _air(chance, weather)
    bearing, far = chance.uniform(0.0, 2.0 * np.pi), chance.uniform(500.0, 4_000.0)
    foot = SIDE_M / 2 + far * np.array([np.sin(bearing), np.cos(bearing)])
    channel = foot + np.cumsum(chance.normal(0.0, 120.0, (12, 2)), axis=0)
    heights = np.linspace(0.0, 3_000.0, 12)
    for microphone, spot in enumerate(ear.spots_m):
        ways = np.hypot(np.hypot(*(channel - spot).T), heights)
        for part in chance.choice(12, int(chance.integers(1, 4)), replace=False):
            ear.hears(microphone, air.travel_s(chance, channel[part], spot, float(ways[part])))
    return sorted(ear.sent, key=lambda one: one.at)


def doors(chance: np.random.Generator, count: int, weather: Weathering) -> Sent:
    """A busy ten seconds: doors, lids and loads that fall, each heard by those microphones that are near."""
    ear, air = Ear(chance, layout(chance, count), "door"), _air(chance, weather)
    for _ in range(int(chance.integers(4, 16))):
        at, source = chance.uniform(0.0, 10.0), outdoors(chance, np.full(2, SIDE_M / 2), SIDE_M / 2)
        if chance.random() < 0.8:  # most of what bangs in a street bangs near a microphone, or nobody hears it
            source = ear.spots_m[int(chance.integers(count))] + chance.normal(0.0, 20.0, 2)
        for microphone, spot in enumerate(ear.spots_m):
            far = hypot(*(spot - source))
            if far < DOOR_HEARD_M:
                ear.hears(microphone, at + air.travel_s(chance, source, spot, far))
    return sorted(ear.sent, key=lambda one: one.at)


Scene = Callable[[np.random.Generator, int, Weathering], Sent]
SCENES: dict[str, Scene] = {"firework": firework, "thunder": thunder, "door": doors}


def scenes(kind: str, seed: int, number: int, count: int, weather: Weathering) -> Iterator[Sent]:
    """So many scenes of a kind, always the same for a seed."""
    salt = list(SCENES).index(kind)
    for index in range(number):
        yield SCENES[kind](np.random.default_rng([seed, salt, index]), count, weather)
