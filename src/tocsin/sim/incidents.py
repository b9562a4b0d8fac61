"""What is done to the simulated city: releases of gas and attacks on its network, with their truth."""

from collections.abc import Iterator, Sequence

import numpy as np

from tocsin.city.context import City
from tocsin.model import ConfigError, Place, moved, offset_m
from tocsin.sim.attack import Assault
from tocsin.sim.chance import Floats, draw
from tocsin.sim.devices import Silence
from tocsin.sim.network import Row, Traffic, Watched
from tocsin.sim.plume import Cloud, Houses, ppm_of
from tocsin.sim.scenario import Release, Scenario
from tocsin.sim.truth import TruthEvent, TruthStage


class Leak:
    """One drawn release: where, when, how much."""

    def __init__(self, chance: np.random.Generator, plan: Release, city: City, after: Assault | None) -> None:
        self.plan = plan
        self.after = after
        begin = after.silenced_at if after is not None else 0.0
        self.at = round(begin + draw(chance, plan.at_s), 3)
        self.until = self.at + draw(chance, plan.duration_s)
        self.kg_s = draw(chance, plan.kg_s)
        bearing, far = draw(chance, (0.0, 2 * np.pi)), plan.spread_m * draw(chance, (0.0, 1.0)) ** 0.5
        near = Place(lon=plan.near[0], lat=plan.near[1])
        self.place = moved(near, far * float(np.sin(bearing)), far * float(np.cos(bearing)), radius_m=5.0)
        self.cloud = Cloud(chance, Houses(city.map, city.centre), offset_m(city.centre, self.place))


class Events:
    """All that a scenario does on purpose."""

    def __init__(
        self, scenario: Scenario, chance: np.random.Generator, city: City, traffic: Traffic, watched: list[Watched]
    ) -> None:
        self._assaults = {plan.id: Assault(chance, plan, city) for plan in scenario.attacks}
        self._leaks = [Leak(chance, plan, city, self._after(plan)) for plan in scenario.releases]
        self._rows = sorted(
            ((at, seen.sensor, row) for a in self._assaults.values() for at, seen, row in _seen(a, traffic, watched)),
            key=lambda line: line[0],
        )

    def _after(self, plan: Release) -> Assault | None:
        if plan.after and plan.after not in self._assaults:
            raise ConfigError(f"Release {plan.id}: there is no attack {plan.after!r} for it to follow.")
        return self._assaults.get(plan.after)

    def silences(self) -> Iterator[tuple[str, Silence]]:
        """Which sensors are taken off the air, for good."""
        for assault in self._assaults.values():
            for victim in assault.victims:
                yield victim.id, Silence(assault.silenced_at, float("inf"))

    def lines(self, second: int) -> list[tuple[float, str, Row]]:
        """What network sensors write of attacks within this second: (time, log, record)."""
        return [line for line in self._rows if second <= line[0] < second + 1]

    def step(self, second: int, wind: tuple[float, float], spots: Floats) -> dict[str, tuple[str, Floats]]:
        """Let one second pass; gives per release its substance and ppm at each spot."""
        found = {}
        for leak in self._leaks:
            if second < leak.at:
                continue
            leak.cloud.step(wind)
            if second < leak.until:
                leak.cloud.emit(leak.kg_s, wind)
            found[leak.plan.id] = leak.plan.substance, ppm_of(leak.cloud.kg_m3(spots), leak.plan.substance)
        return found

    def truths(self, start_at: float, reached: dict[str, dict[str, float]]) -> Iterator[TruthEvent]:
        """The events with the times at which they reached sensors; an attack that ends in a release is its stage."""
        used = {leak.plan.after for leak in self._leaks}
        for leak in self._leaks:
            yield _leak_truth(leak, start_at, reached.get(leak.plan.id, {}))
        for name, assault in self._assaults.items():
            if name not in used:
                yield _attack_truth(assault, start_at)


def _seen(assault: Assault, traffic: Traffic, watched: Sequence[Watched]) -> Iterator[tuple[float, Watched, Row]]:
    seen = assault.watched_by(list(watched))
    if seen is not None:
        yield from ((at, seen, row) for at, row in assault.rows(traffic))


def _stages(assault: Assault, start_at: float) -> tuple[TruthStage, ...]:
    names = tuple(victim.id for victim in assault.victims)
    attack = TruthStage(hazard="cyber", at=start_at + assault.at, subjects=(assault.gateway.id, *names))
    return attack, TruthStage(hazard="technical", at=start_at + assault.silenced_at, subjects=names)


def _leak_truth(leak: Leak, start_at: float, reached: dict[str, float]) -> TruthEvent:
    before = () if leak.after is None else _stages(leak.after, start_at)
    own = TruthStage(hazard="toxic", at=start_at + leak.at)
    return TruthEvent(
        id=leak.plan.id,
        hazard="toxic",
        at=start_at + leak.at,
        until=start_at + leak.until,
        place=leak.place,
        stages=(*before, own),
        first_reaches={name: start_at + second for name, second in sorted(reached.items())},
        silenced=() if leak.after is None else tuple(victim.id for victim in leak.after.victims),
        detail={"kg_s": round(leak.kg_s, 4), "kg": round(leak.kg_s * (leak.until - leak.at), 1)},
    )


def _attack_truth(assault: Assault, start_at: float) -> TruthEvent:
    at = start_at + assault.at
    return TruthEvent(
        id=assault.plan.id,
        hazard="cyber",
        at=at,
        until=start_at + assault.silenced_at,
        place=assault.gateway.place or Place(lon=assault.plan.near[0], lat=assault.plan.near[1]),
        stages=_stages(assault, start_at),
        first_reaches={assault.gateway.id: at},
    )
