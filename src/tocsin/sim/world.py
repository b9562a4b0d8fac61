"""World: the simulated city second by second, and `generate`, which writes down what its devices send."""

from collections.abc import Iterator
from heapq import merge
from typing import Any

import msgspec
import numpy as np

from tocsin.city.context import City
from tocsin.city.registry import Sensor
from tocsin.model import NotFound
from tocsin.sim.bangs import Bangs
from tocsin.sim.chance import stream
from tocsin.sim.devices import Device, restarts
from tocsin.sim.emission import Emission
from tocsin.sim.gas import GasField
from tocsin.sim.incidents import Events
from tocsin.sim.lanes import Lanes
from tocsin.sim.network import Traffic, eve_line, watched_by
from tocsin.sim.people import counters
from tocsin.sim.radiation import RadiationField
from tocsin.sim.scenario import Scenario
from tocsin.sim.truth import Truth
from tocsin.sim.wind import Weather

READING_EVERY_S = 5
HEARTBEAT_EVERY_S = 60
CROWD_PATH = "/api/ingest/crowd"
"""Crowd counters send their readings together by HTTP; all others by MQTT."""

CAMERA_PATH = "/api/ingest/cameras"
"""Cameras tell by HTTP that they are alive; they see nothing yet, and a few are out of order."""

INSTRUMENT_PATH = "/api/ingest/instruments"
"""Spectrometers tell their spectra by HTTP."""

ALIVE = {"is": "sensor.alive/1"}

DEAD_SHARE = 0.03
"""Share of the city's cameras that never speak."""

FAMILIES = ("gas", "radiation", "wind", "contact", "screening", "sound")


def generate(
    scenario: Scenario, seed: int, city: City, *, start_at: float | None = None, duration_s: float | None = None
) -> Iterator[Emission]:
    """All that the devices of the city send, in order of time; the same arguments give the same bytes.

    `start_at` (seconds UTC) moves the scenario in time, `duration_s` lets the city live on
    after it or ends it early.
    """
    return World(scenario, seed, city, start_at=start_at, duration_s=duration_s).emissions()


def truth_of(
    scenario: Scenario, seed: int, city: City, *, start_at: float | None = None, duration_s: float | None = None
) -> Truth:
    """What really happens in that run."""
    world = World(scenario, seed, city, start_at=start_at, duration_s=duration_s)
    for _ in world.emissions():
        pass
    return world.truth()


class World:
    """One run: iterate `emissions` once, then ask for the `truth`."""

    def __init__(
        self, scenario: Scenario, seed: int, city: City, *, start_at: float | None, duration_s: float | None
    ) -> None:
        self._scenario, self._seed, self._city = scenario, seed, city
        self.start_at = scenario.start_at if start_at is None else start_at
        self.duration_s = int(scenario.duration_s if duration_s is None else duration_s)
        self._weather = Weather(self._chance("wind"), scenario.wind)
        self._gas = GasField(self._chance("gas"), self._family("gas"), city.centre)
        self._people = counters(self._chance("people"), self._family("crowd"), city, self.start_at)
        self._watched = watched_by(city)
        self._traffic = Traffic(self._chance("network"), self._watched)
        paced = {*FAMILIES, "crowd"} - {"screening"}
        self._devices = {s.id: self._device(s) for s in city.sensors.values() if s.family in paced}
        dead = self._chance("cameras")
        self._cameras = {s.id: self._device(s) for s in self._family("camera") if float(dead.random()) >= DEAD_SHARE}
        self._wires = self._chance("wires")
        self._numbers: dict[str, int] = {}
        plans = (scenario.gunfire, scenario.fireworks)
        self._bangs = Bangs(self._chance("bangs"), city, plans, self._family("sound"))
        self._events = Events(scenario, self._chance("events"), city, self._traffic, self._watched)
        self._plan()

    def _radiation_field(self) -> RadiationField:
        return RadiationField(self._seed, self._family("radiation"), self._city, self._scenario)

    def _chance(self, name: str) -> np.random.Generator:
        return stream(self._seed, name)

    def _family(self, family: str) -> list[Sensor]:
        return [sensor for sensor in self._city.sensors.values() if sensor.family == family]

    def _device(self, sensor: Sensor) -> Device:
        every_s = HEARTBEAT_EVERY_S if sensor.family in {"contact", "camera", "sound"} else READING_EVERY_S
        return Device(sensor.id, every_s, self._chance(f"clock {sensor.id}"))

    def _plan(self) -> None:
        """Draw what the scenario leaves to chance; raises NotFound for a sensor that the city lacks."""
        scenario = self._scenario
        try:
            self._gas.plan(scenario.pulses, scenario.spikes, scenario.duration_s)
            for crowding in scenario.crowding:
                self._people[crowding.sensor].gather(crowding)
            self._radiation = self._radiation_field()
            self._lanes = Lanes(self._seed, scenario.checkpoint, scenario.bags, self._city, self.duration_s)
            for name, gap in (*restarts(scenario.outages, self._chance("outages")), *self._events.silences()):
                self._devices[name].silence(gap.since, gap.until)
        except (KeyError, ValueError) as error:
            raise NotFound(f"Scenario {scenario.name} names a sensor that {self._city.name} lacks: {error}.") from error

    def emissions(self) -> Iterator[Emission]:
        """Everything that is sent, second by second, in order of time."""
        waiting: list[Emission] = []
        for second in range(self.duration_s):
            self._live(second)
            sent = [*waiting, *self._said(second)]
            sent.sort(key=lambda emission: (emission.at, emission.address))
            border = self.start_at + second + 1
            waiting = [emission for emission in sent if emission.at >= border]
            yield from (emission for emission in sent if emission.at < border)

    def _live(self, second: int) -> None:
        self._weather.step()
        released = self._events.step(second, self._weather.towards, self._gas.spots)
        self._gas.step(second, released)
        self._radiation.step(second)
        for counter in self._people.values():
            counter.step()

    def _said(self, second: int) -> Iterator[Emission]:
        for name, device in self._devices.items():
            family = self._city.sensors[name].family
            spoken = device.speak(second) if family != "crowd" else None
            if spoken is not None:
                at, count, boot = spoken
                now = round(self.start_at + at, 3)
                reading = {"t": now, "n": count, "boot": boot, **self._values(family, name, second)}
                payload = msgspec.json.encode(reading)
                emission = Emission(now, "mqtt", f"city/{family}/{name}", payload, name)
                yield from (emission,) if family == "sound" else self._sent(emission)
        yield from self._bangs.said(second, self.start_at, self._weather.towards)
        if second % READING_EVERY_S == 0:
            yield from self._crowds(second)
        yield from self._screened(second)
        yield from self._spectra(second)
        yield from self._signs_of_life(second)
        yield from self._lines(second)

    def _values(self, family: str, name: str, second: int) -> dict[str, Any]:
        match family:
            case "gas":
                return self._gas.values(name, second)
            case "radiation":
                return self._radiation.values(name, second)
            case "wind":
                blur = self._wires.normal(0.0, 1.0, 2)
                speed = max(0.0, self._weather.speed_m_s + 0.1 * float(blur[0]))
                return {"speed": round(speed, 1), "dir": round(self._weather.from_deg + 3.0 * float(blur[1])) % 360}
            case "sound":
                return {}
            case _:
                return {"open": False}

    def _sent(self, emission: Emission) -> Iterator[Emission]:
        """The message as the wire brings it: once, twice, or broken off."""
        noise = self._scenario.noise
        chance = float(self._wires.random())
        if chance < noise.broken_share:
            half = len(emission.payload) // 2
            yield msgspec.structs.replace(emission, payload=emission.payload[:half])
            return
        yield emission
        if chance > 1.0 - noise.doubled_share:
            yield msgspec.structs.replace(emission, at=round(emission.at + 0.05, 3))

    def _crowds(self, second: int) -> Iterator[Emission]:
        lines = []
        for name, counter in self._people.items():
            spoken = self._any_slot(name, second)
            if spoken is not None:
                at, count, boot = spoken
                density, persons = counter.people(second)
                head = {"source": name, "at": round(self.start_at + at, 3), "n": count, "boot": boot}
                lines.append(msgspec.json.encode({**head, "persons_per_m2": density, "persons": persons}))
        if lines:
            yield Emission(self.start_at + second + READING_EVERY_S, "http", CROWD_PATH, b"\n".join(lines) + b"\n")

    def _screened(self, second: int) -> Iterator[Emission]:
        """What lanes say of bags, each with its own number."""
        for one in self._lanes.said(second):
            now = round(self.start_at + one.at, 3)
            self._numbers[one.lane] = self._numbers.get(one.lane, 0) + 1
            head = {"t": now, "n": self._numbers[one.lane], "boot": "b1"}
            payload = msgspec.json.encode({**head, **one.payload})
            yield from self._sent(Emission(now, "mqtt", f"city/screening/{one.lane}", payload, one.lane))

    def _spectra(self, second: int) -> Iterator[Emission]:
        """What spectrometers gathered, posted by themselves with typed bodies."""
        at = round(self.start_at + second + 0.5, 3)
        for name, body in self._radiation.spectra(second):
            line = {"source": name, "at": at, "n": second, "boot": "spectra", "body": body}
            yield Emission(at, "http", INSTRUMENT_PATH, msgspec.json.encode(line) + b"\n", name)

    def _signs_of_life(self, second: int) -> Iterator[Emission]:
        """What cameras say of themselves, gathered per second by their recorder: that they are there."""
        spoken = {name: device.speak(second) for name, device in self._cameras.items()}
        lines = [
            {"source": name, "at": round(self.start_at + said[0], 3), "n": said[1], "boot": said[2], "body": ALIVE}
            for name, said in spoken.items()
            if said is not None
        ]
        if lines:
            payload = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
            yield Emission(self.start_at + second + 1, "http", CAMERA_PATH, payload)

    def _any_slot(self, name: str, second: int) -> tuple[float, int, str] | None:
        return next(filter(None, (self._devices[name].speak(second + slot) for slot in range(READING_EVERY_S))), None)

    def _lines(self, second: int) -> Iterator[Emission]:
        noise = self._scenario.noise
        usual = self._traffic.rows(noise.eve_lines_per_s, noise.alerts_per_hour)
        ordinary = ((second + share, watched.sensor, row) for share, watched, row in usual)
        for after, log, row in merge(ordinary, self._events.lines(second), key=lambda line: line[0]):
            at = round(self.start_at + after, 6)
            yield Emission(at, "eve", log, eve_line(at, row), log)

    def truth(self) -> Truth:
        """What really happened; complete once all emissions were taken."""
        return Truth(
            scenario=self._scenario.name,
            seed=self._seed,
            city=self._scenario.city,
            start=self.start_at,
            end=self.start_at + self.duration_s,
            events=(
                *self._events.truths(self.start_at, self._gas.reached),
                *self._radiation.truths(self.start_at),
                *self._lanes.truths(self.start_at),
                *self._bangs.truths(self.start_at),
            ),
            expected=self._scenario.expected,
            person_seconds=self._person_seconds(),
        )

    def _person_seconds(self) -> float:
        hour = self._city.local_hour(self.start_at + self.duration_s / 2)
        return sum(zone.people(hour) or 0.0 for zone in self._city.zones.values()) * self.duration_s
