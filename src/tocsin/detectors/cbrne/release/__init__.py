"""A release of gas as one event: what to keep clear at once, then where it comes from, how much, and where it goes."""

from dataclasses import dataclass
from math import radians
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from tocsin.city.context import City
from tocsin.contract.agents import Agents, agents_of
from tocsin.contract.bodies import Concentration, Wind
from tocsin.contract.protocols import by_city
from tocsin.contract.resources import Resources
from tocsin.contract.weather import Air
from tocsin.detectors.cbrne.release.believing import (
    BEFORE_S,
    OPEN_ROUGHNESS_M,
    Setting,
    believed,
    plume_in,
    rate_kg_s,
    unpacked,
)
from tocsin.detectors.cbrne.release.gathering import (
    Blowing,
    Scale,
    blowing,
    gathered,
    readers,
    took_reading,
    took_wind,
    witnesses,
)
from tocsin.detectors.cbrne.release.mapping import Scene
from tocsin.detectors.cbrne.release.state import BIN_S, RELEASES_MAX, Belief, Known, Memory
from tocsin.detectors.cbrne.release.telling import FLOOR_SHARE, Post, Told, breathed, located, noticed
from tocsin.model import Finding, Level, Observation, Place, derived_id, distance_m
from tocsin.physics.dispersion.air import SIGMA_AZIMUTH_DEG, Stability, class_from_sky, class_of
from tocsin.physics.dispersion.dense import Heavy
from tocsin.physics.dispersion.sun import sun_deg
from tocsin.physics.source_term.hypotheses import Part

KIND = "cbrne.release"
APART_M = 900.0
"""A sensor farther from an episode than this notices another one."""

LEAST_BINS = 3
TOWN_ROUGHNESS_M = 1.0
NEIGHBOURS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Find where a gas comes from, with the wind, from sensors that see it and sensors that do not.

    One episode of one substance is one finding. It begins once two sensors, or one three times in a row, measure at
    least the lowest AEGL value: then an isolation circle and a protective-action square are told. With a fresh wind
    a Bayesian inference (sequential Monte Carlo) follows: source regions, amount, plumes, footprints.

    >>> from tocsin.contract.examples import gas
    >>> from tocsin.contract.folding import findings
    >>> findings(Release(), gas([0.0, 4.0, 4.0, 4.0]))[0].because[:75]
    'Chlorine is let out near Rautatientori. No fresh wind: no plume is drawn. I'

    References: Chopin (2002), Biometrika 89; Britter and McQuaid (1988); Emergency Response Guidebook (PHMSA).
    """

    kind: ClassVar[str] = KIND
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Concentration, Wind, Air)
    key: ClassVar = by_city
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"noticed": 0.1, "located": 0.1}

    surroundings: Annotated[Literal["town", "open"], Meta(description="Whether houses stand around: town or open.")] = (
        "town"
    )
    street_wind: Annotated[
        float, Meta(description="Wind between houses as a share of that at the station.", gt=0, le=1)
    ] = 0.45
    wind_age_s_max: Annotated[float, Meta(description="Oldest wind that a plume is drawn with, seconds.", gt=0)] = 600.0
    wind_mean_s: Annotated[float, Meta(description="Time over which wind is averaged, seconds.", gt=0)] = 90.0
    lag_s: Annotated[float, Meta(description="Time constant of the gas sensors, seconds.", ge=0)] = 12.0
    every_s: Annotated[float, Meta(description="How often a young release is told again, seconds.", gt=0)] = 15.0
    reach_m: Annotated[float, Meta(description="Sensors so near to the first witness are read, metres.", gt=0)] = 600.0
    calm_s: Annotated[float, Meta(description="Time without a high reading that ends a release, seconds.", gt=0)] = (
        600.0
    )
    hypotheses: Annotated[int, Meta(description="Number of hypotheses of the inference.", ge=100, le=5000)] = 500
    moves: Annotated[int, Meta(description="Times that hypotheses are moved per step.", ge=1, le=20)] = 4

    def start(self, resources: Resources) -> "_Watch":
        """Read the tables of agents and distances; raises ConfigError naming the file that is wrong."""
        return _Watch(self, Post(agents_of(resources), resources.city))


@dataclass(frozen=True, slots=True)
class _Watch:
    """The running stage."""

    rule: Release
    post: Post

    def step(self, state: Memory | None, fact: Observation[Any]) -> tuple[Memory, list[Finding]]:
        """Take a reading, a wind or the air; late and doubled readings change nothing."""
        memory = Memory() if state is None else state
        match fact.body:
            case Wind():
                took_wind(memory, fact, self.rule.wind_age_s_max)
            case Air() as air:
                memory.air = _known(memory.air, fact.at, air)
            case Concentration():
                return memory, self._read(memory, fact)
        return memory, []

    def _read(self, memory: Memory, fact: Observation[Concentration]) -> list[Finding]:
        limits = self.agents.limits.get(fact.body.substance)
        place = fact.place or (self.city.place_of(fact.source) if self.city is not None else None)
        if limits is None or place is None or fact.body.substance not in self.agents.properties:
            return []
        trace = took_reading(memory, fact, place, limits.onset_ppm)
        if trace is None:
            return []
        belief = self._episode(memory, fact, place)
        return [] if belief is None else self._followed(memory, belief, fact)

    @property
    def agents(self) -> Agents:
        """The tables."""
        return self.post.agents

    @property
    def city(self) -> City | None:
        """The city, if there is one."""
        return self.post.city

    def _episode(self, memory: Memory, fact: Observation[Concentration], place: Place) -> Belief | None:
        """The episode that this reading belongs to; a new one where enough sensors notice; ended ones are dropped."""
        substance = fact.body.substance
        for name, known in sorted(memory.releases.items()):
            if fact.at - known.last_high > self.rule.calm_s:
                del memory.releases[name]
            elif known.substance == substance and distance_m(known.origin, place) <= APART_M:
                return known
        seen = witnesses(memory, substance, fact.at - 4.0 * BIN_S)
        if fact.source not in [name for name, _ in seen] or len(memory.releases) >= RELEASES_MAX:
            return None
        name, first = seen[0]
        since = first.high_at if first.high_at is not None else fact.at
        belief = Belief(substance=substance, origin=first.place, since=since, last_high=fact.at, source=name)
        memory.releases[f"{substance}\t{since}"] = belief
        return belief

    def _followed(self, memory: Memory, belief: Belief, fact: Observation[Concentration]) -> list[Finding]:
        """A finding when it is due: at once, then ever more rarely as the release grows old."""
        seen = [
            (name, trace)
            for name, trace in witnesses(memory, belief.substance, belief.since - 1.0)
            if distance_m(belief.origin, trace.place) <= APART_M
        ]
        belief.last_high = max([belief.last_high, *(trace.high_at for _, trace in seen if trace.high_at is not None)])
        age = fact.at - belief.since
        due = belief.told_at + self.rule.every_s * (1.0 + age / 120.0)
        evidence = tuple(one for _, trace in seen for one in trace.evidence)
        if not evidence or fact.at < due or fact.at - belief.last_high > self.rule.every_s * 8.0:
            return []
        told = self._told(memory, belief, fact.at)
        told = told._replace(figures=(*told.figures, *breathed(self.post, belief.substance, seen)))
        belief.told_at, belief.grade = fact.at, told.grade
        for _, trace in seen:
            trace.evidence = []
        return [_finding(belief, told, fact, evidence)]

    def _told(self, memory: Memory, belief: Belief, at: float) -> Told:
        """With a fresh wind and enough readings the source; without, what to keep clear."""
        wind = blowing(memory, at - self.rule.wind_mean_s, at)
        if wind is None or wind.age_s > self.rule.wind_age_s_max:
            return noticed(self.post, belief, None, at)
        air = self._air(memory, at)
        setting = Setting(
            wind=wind,
            stability=self._stability(air, wind, belief.origin, at),
            town=self.rule.surroundings == "town",
            street_wind=self.rule.street_wind,
            from_sd_rad=radians(air.from_sd_deg or 0.0),
            speed_sd_m_s=air.speed_sd_m_s or 0.0,
        )
        if not self._inferred(memory, belief, setting, at):
            return noticed(self.post, belief, wind, at)
        return self._located(belief, setting, at)

    def _inferred(self, memory: Memory, belief: Belief, setting: Setting, at: float) -> bool:
        """Update the hypotheses; False where there are too few readings for any."""
        agent = self.agents.properties[belief.substance]
        floor = FLOOR_SHARE * self.agents.limits[belief.substance].onset_ppm
        named = readers(memory, belief.substance, belief.origin, self.rule.reach_m)
        scale = Scale(agent, floor, self.rule.lag_s, self.rule.wind_mean_s, belief.since - 2.0 * BIN_S, at)
        readings = gathered(memory, named, belief.origin, belief.since - BEFORE_S, scale)
        if (readings.kg_m3 > 0.0).sum() < LEAST_BINS:
            return False
        setting = setting._replace(apart_m=_apart_m(belief.origin, [trace.place for _, trace in named]))
        old = int((readings.at_s <= belief.told_at - (belief.since - BEFORE_S) - 0.5 * BIN_S).sum())
        rows = believed(belief, readings, setting, (self.rule.hypotheses, self.rule.moves, old))
        belief.rows, belief.updates = rows.tobytes(), belief.updates + 1
        return True

    def _located(self, belief: Belief, setting: Setting, at: float) -> Told:
        rows, agent = unpacked(belief), self.agents.properties[belief.substance]
        rate = rate_kg_s(rows)
        heavy = Heavy(density_kg_m3=agent.gas_kg_m3, speed_m_s=setting.wind.speed_m_s, flow_m3_s=rate / agent.gas_kg_m3)
        towards = setting.wind.towards_rad + float(rows[:, Part.TURN].mean())
        scene = Scene(
            origin=belief.origin,
            rows=rows,
            plume=plume_in(setting),
            towards_rad=setting.wind.towards_rad,
            now_s=at - belief.since + BEFORE_S,
            agent=agent,
            heavy=heavy if heavy.rules else None,
        )
        return located(self.post, belief, scene, setting.wind._replace(towards_rad=towards), at)

    def _air(self, memory: Memory, at: float) -> Known:
        """What stations told of the air, while it is not too old; else nothing."""
        fresh = memory.air is not None and at - memory.air.at <= 6.0 * self.rule.wind_age_s_max
        return memory.air if fresh and memory.air is not None else Known(at)

    def _stability(self, air: Known, wind: Blowing, place: Place, at: float) -> Stability:
        """The class that a station told, else from its clouds and the sun, else neutral."""
        if air.stability in SIGMA_AZIMUTH_DEG:
            return air.stability  # type: ignore[return-value]
        if air.obukhov_m:
            return class_of(air.obukhov_m, TOWN_ROUGHNESS_M if self.rule.surroundings == "town" else OPEN_ROUGHNESS_M)
        if air.cloud_share is None:
            return "D"
        return class_from_sky(wind.speed_m_s, sun_deg(at, place.lon, place.lat), air.cloud_share)


def _known(before: Known | None, at: float, air: Air) -> Known:
    """What is known of the air now: what this report leaves out stays as it was told before."""
    last = before or Known(at)
    return Known(
        max(at, last.at),
        air.stability or last.stability,
        last.cloud_share if air.cloud_share is None else air.cloud_share,
        last.obukhov_m if air.obukhov_m is None else air.obukhov_m,
        last.from_sd_deg if air.from_sd_deg is None else air.from_sd_deg,
        last.speed_sd_m_s if air.speed_sd_m_s is None else air.speed_sd_m_s,
    )


def _apart_m(origin: Place, places: list[Place]) -> float:
    """How far the fourth nearest other sensor is (the farthest of fewer)."""
    return max((distance_m(origin, place) for place in places[:NEIGHBOURS]), default=0.0)


def _finding(belief: Belief, told: Told, fact: Observation[Concentration], evidence: tuple[str, ...]) -> Finding:
    kilos = next((figure.value for figure in told.figures if figure.name == "released amount"), None)
    return Finding(
        id=derived_id("f", KIND, belief.substance, belief.since),
        at=fact.at,
        origin=fact.origin,
        kind=KIND,
        subject=belief.substance,
        because=told.because,
        evidence=evidence,
        source=belief.source,
        detector=KIND,
        grade=told.grade,
        place=told.place,
        since=belief.since,
        measure=kilos,
        unit="" if kilos is None else "kg",
        extents=told.extents,
        figures=told.figures,
    )
