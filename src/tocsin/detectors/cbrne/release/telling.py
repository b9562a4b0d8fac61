"""Puts a belief into a finding: a sentence, regions on the map, figures with their intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from tocsin.city.citymap import LineString
from tocsin.city.context import City
from tocsin.contract.agents import Agent, Agents
from tocsin.detectors.cbrne.release.advising import most_telling, places_to_ask
from tocsin.detectors.cbrne.release.believing import amount_kg
from tocsin.detectors.cbrne.release.gathering import Blowing
from tocsin.detectors.cbrne.release.mapping import (
    AHEAD_S,
    EXPOSED_S,
    LARGE_KG,
    Field,
    Scene,
    exceeding,
    field_of,
    footprint,
    isolation,
    kept_clear,
    protective_action,
    region,
    told_levels,
)
from tocsin.detectors.cbrne.release.state import Belief, Trace
from tocsin.model import Extent, Figure, Place, distance_m, moved
from tocsin.physics.dispersion.consequence import equivalent_ppm, toxic_load
from tocsin.physics.dispersion.source import evaporation_kg_s, flashed_share
from tocsin.physics.dispersion.sun import sun_deg
from tocsin.physics.source_term.hypotheses import Part
from tocsin.physics.source_term.regions import Density, density, interval

MINUTES = 10
"""The duration whose levels footprints are drawn for."""

RADIUS_M_MAX = 300.0
NEAR_M = 50.0
LEAST_M = 3.0
ROOM_C, POOL_M2 = 20.0, 10.0
STREETS_TOLD = 8
SENSOR_NEAR_M = 60.0
LARGE_FROM = 0.5
"""A spill is taken for a large one from this share of the hypotheses on."""

FLOOR_SHARE = 0.2
"""Of the lowest level: below it a sensor is not told from its own drift."""


class Told(NamedTuple):
    """What is said: place, grade, sentence, extents, figures."""

    place: Place
    grade: str
    because: str
    extents: tuple[Extent, ...]
    figures: tuple[Figure, ...]


class Post(NamedTuple):
    """What the telling knows besides: the tables and the city, if there is one."""

    agents: Agents
    city: City | None

    def floor_kg_m3(self, substance: str) -> float:
        """Below it a sensor is not told from its own drift."""
        return self.agents.properties[substance].kg_m3(FLOOR_SHARE * self.agents.limits[substance].onset_ppm)

    def named(self, place: Place) -> str:
        """The name of a place, else that of its zone, else where it is."""
        zone = self.city.zone_of(place) if self.city is not None and not place.name else None
        return place.name or (zone.name if zone is not None else _named(place))

    def distances_m(self, substance: str, place: Place, at: float, *, large: bool) -> tuple[float, float]:
        """Metres of isolation and of protective action, by day or by night."""
        table = self.agents.distances
        night = sun_deg(at, place.lon, place.lat) <= 0.0
        return kept_clear(table.agents.get(substance, table.unknown), large=large, night=night)

    def people(self, extent: Extent, at: float) -> Extent:
        """The extent with how many people are usually in it."""
        count = self.city.people_within(extent.rings, at) if self.city is not None else None
        return extent if count is None else replace(extent, people=count)


def noticed(post: Post, belief: Belief, wind: Blowing | None, at: float) -> Told:
    """What is known at once: keep away from here, and downwind of here where the wind is known."""
    place = belief.origin
    extents = kept(post, belief.substance, (place, False), wind, at)
    how = "No fresh wind: no plume is drawn." if wind is None else f"Wind {_wind(wind)}."
    sentence = f"{belief.substance.capitalize()} is let out near {post.named(place)}. {how} {_advice(extents)}"
    figures = () if wind is None else (_wind_figure(wind),)
    return Told(place, "noticed", sentence + _doubts(post, ""), extents, figures)


def kept(post: Post, substance: str, spill: tuple[Place, bool], wind: Blowing | None, at: float) -> tuple[Extent, ...]:
    """The isolation circle around a spill (where, whether a large one), and the square downwind of it."""
    place, large = spill
    near, far = post.distances_m(substance, place, at, large=large)
    found = [isolation(place, near + min(place.radius_m, RADIUS_M_MAX), "", at)]
    if wind is not None:
        found.append(protective_action(place, wind.towards_rad, far, near, at))
    return tuple(post.people(extent, at) for extent in found)


class Ground(NamedTuple):
    """What a belief amounts to: the likeliest source, the density of places, the amount with its interval.

    `large` is the share of the hypotheses by which it is a large spill.
    """

    source: Place
    places: Density
    kilos: tuple[float, float, float]
    large: float


def located(post: Post, belief: Belief, scene: Scene, wind: Blowing, at: float) -> Told:
    """What is believed of the source, and what follows."""
    places = density(scene.rows[:, : Part.LOG_RATE], LEAST_M)
    amounts = amount_kg(scene.rows, scene.now_s)
    large = float(np.mean(amounts > LARGE_KG))
    ground = Ground(_source(belief, scene, places), places, interval(amounts), large)
    source, kilos = ground.source, ground.kilos
    clear = kept(post, belief.substance, (source, large >= LARGE_FROM), wind, at)
    limits = post.agents.limits[belief.substance]
    levels = told_levels([(g, v) for g in limits.ppm if (v := limits.at(g, MINUTES)) is not None], scene.agent)
    field = field_of(scene, levels[0][2])
    regions = tuple(region(belief.origin, places, probability, at) for probability in (0.5, 0.9))
    footprints = _footprints(post, scene, field, levels, at)
    extents = (*clear, *regions, *_plumes(scene, field, levels[0], at), *footprints)
    figures = (
        *_amounts(scene, ground, wind),
        _large(post, belief.substance, ground, at),
        _wind_figure(wind),
        _gas_figure(scene),
        *_advised(post, belief, scene, ground, footprints),
    )
    sentence = (
        f"{belief.substance.capitalize()} comes from within {source.radius_m:.0f} m of {_named(source)} (90 % sure): "
        f"{_round(kilos[1], 2):g} kg so far ({_round(kilos[0], 2):g} to {_round(kilos[2], 2):g}). Wind {_wind(wind)}. "
        f"{_advice(clear)}{_doubts(post, limits.doubt)}"
    )
    return Told(source, "located", sentence, extents, figures)


def _source(belief: Belief, scene: Scene, places: Density) -> Place:
    """The densest place, with the radius around it that holds 90 % of the hypotheses."""
    east, north = places.best
    away = np.hypot(scene.rows[:, Part.EAST] - east, scene.rows[:, Part.NORTH] - north)
    return moved(belief.origin, east, north, radius_m=float(np.ceil(np.quantile(away, 0.9))))


def _named(place: Place) -> str:
    return place.name or f"{place.lat:.5f} N {place.lon:.5f} E"


def _wind(wind: Blowing) -> str:
    bearing = (np.degrees(wind.towards_rad) + 180.0) % 360.0
    return f"{wind.speed_m_s:.1f} m/s from {bearing:.0f}°, {wind.age_s:.0f} s old"


def _wind_figure(wind: Blowing) -> Figure:
    bearing = float((np.degrees(wind.towards_rad) + 180.0) % 360.0)
    swing = float(np.degrees(wind.swing_rad))
    note = f"from {bearing:.0f}°, swinging by {swing:.0f}°; told {wind.age_s:.0f} s ago"
    return Figure(
        name="wind", value=round(wind.speed_m_s, 2), unit="m/s", field_value=round(3.6 * wind.speed_m_s, 1),
        field_unit="km/h", note=note,
    )  # fmt: skip


def _advice(extents: tuple[Extent, ...]) -> str:
    words = [f"{extent.label[0].upper()}{extent.label[1:]}" for extent in extents]
    return "; ".join(words) + "."


def _plumes(scene: Scene, field: Field, level: tuple[str, float, float], at: float) -> list[Extent]:
    """Where the lowest level is exceeded now and later."""
    found = []
    for ahead in AHEAD_S:
        label = "plume now" if not ahead else f"plume in {ahead / 60:.0f} min"
        extent = Extent(kind="plume", label=label, rings=(), at=at + ahead, measure=level[1], unit="[ppm]")
        found.append(footprint(scene, field, exceeding(scene, field, scene.now_s + ahead, level[2]), extent))
    return [extent for extent in found if extent is not None]


def _footprints(
    post: Post, scene: Scene, field: Field, levels: list[tuple[str, float, float]], at: float
) -> list[Extent]:
    """Where each level is exceeded within ten minutes, with the people in it."""
    found = []
    for grade, ppm, kg_m3 in levels:
        label = f"{grade.upper()} within {EXPOSED_S / 60:.0f} min ({ppm:g} ppm)"
        extent = Extent(kind="footprint", label=label, rings=(), at=at, measure=ppm, unit="[ppm]")
        extent_or_none = footprint(scene, field, exceeding(scene, field, scene.now_s + EXPOSED_S, kg_m3), extent)
        if extent_or_none is not None:
            found.append(post.people(extent_or_none, at))
    return [_at_least(extent, found[n + 1 :]) for n, extent in enumerate(found)]


def _at_least(extent: Extent, graver: list[Extent]) -> Extent:
    """The extent with no fewer people than those of graver levels, which lie in it (outlines are smoothed)."""
    counts = [one.people for one in (extent, *graver) if one.people is not None]
    return replace(extent, people=max(counts)) if counts else extent


def _amounts(scene: Scene, ground: Ground, wind: Blowing) -> list[Figure]:
    """Amount, rate, begin, and how sure the place is."""
    kilos = [_round(value) for value in ground.kilos]
    rate = [_round(float(np.exp(value))) for value in interval(scene.rows[:, Part.LOG_RATE])]
    began = [round(scene.now_s - value) for value in interval(scene.rows[:, Part.BEGIN])[::-1]]
    gap = scene.rows[:, : Part.LOG_RATE] - np.array(ground.places.best)
    within = float(np.mean(np.hypot(gap[:, 0], gap[:, 1]) <= NEAR_M))
    rated = Figure(name="release rate", value=rate[1], unit="kg/s", low=rate[0], high=rate[2])
    return [
        Figure(
            name="released amount",
            value=kilos[1],
            unit="kg",
            low=kilos[0],
            high=kilos[2],
            note=_spilt(scene.agent, wind.speed_m_s),
        ),
        replace(rated, field_value=_round(60.0 * rate[1]), field_unit="kg/min"),
        Figure(name="begun ago", value=began[1], unit="s", low=began[0], high=began[2]),
        Figure(name=f"source within {NEAR_M:.0f} m", value=round(within, 2), unit="1", note="share of the hypotheses"),
    ]


def _large(post: Post, substance: str, ground: Ground, at: float) -> Figure:
    """How sure it is that the distances of a large spill apply, and the ones that are not drawn."""
    drawn = ground.large >= LARGE_FROM
    near, far = post.distances_m(substance, ground.source, at, large=not drawn)
    size = "small" if drawn else "large"
    note = f"more than {LARGE_KG:.0f} kg so far; if {size}: isolate {near:.0f} m, protect people {far:.0f} m downwind"
    return Figure(name="a large spill", value=round(ground.large, 2), unit="1", note=note)


def _spilt(agent: Agent, wind_m_s: float) -> str:
    """What it means if it was let out as a liquid: how much flashes at once, or how fast a pool gives it off."""
    if agent.boils_c is None:
        return ""
    if agent.boils_c < ROOM_C:
        if agent.heat_kj_kg_k is None or agent.latent_kj_kg is None:
            return ""
        share = flashed_share(1000.0 * agent.heat_kj_kg_k, ROOM_C - agent.boils_c, 1000.0 * agent.latent_kj_kg)
        return f"let out as a liquid, {share:.0%} of it flashes at once and the rest boils off the ground"
    if agent.vapour_kpa is None:
        return ""
    given = evaporation_kg_s(POOL_M2, wind_m_s, 1000.0 * agent.vapour_kpa, agent.molar_kg_kmol / 1000.0)
    return f"a pool of {POOL_M2:.0f} m² gives off {_round(given, 2):g} kg/s in this wind"


def _advised(post: Post, belief: Belief, scene: Scene, ground: Ground, footprints: list[Extent]) -> list[Figure]:
    """How far the footprints reach, which streets they touch, and where to measure next."""
    reaches = [_reach(ground.source, extent) for extent in footprints]
    streets = _streets(post.city, footprints)
    return [*reaches, *([] if streets is None else [streets]), _next_reading(post, belief, scene)]


def _round(value: float, digits: int = 3) -> float:
    return float(f"{value:.{digits}g}")


def _doubts(post: Post, levels: str) -> str:
    """What nobody has read against its source, said wherever it is used."""
    doubts = [text.removeprefix("; ") for text in (post.agents.distances.doubt, levels) if text]
    return f" Note: {'; '.join(doubts)}." if doubts else ""


def _gas_figure(scene: Scene) -> Figure:
    """Whether the gas is heavy against the wind, and which model drew the footprints."""
    if scene.heavy is None:
        return Figure(name="heaviness", value=0.0, unit="1", note="passive: drawn with the plume alone")
    note = "heavy gas (from 0.15): Britter and McQuaid's plume is drawn too; it also fills cellars and creeps upwind"
    return Figure(name="heaviness", value=_round(scene.heavy.criterion), unit="1", note=note)


def breathed(post: Post, substance: str, seen: Sequence[tuple[str, Trace]]) -> tuple[Figure, ...]:
    """The toxic load where it was worst, as the steady concentration that does the same in ten minutes."""
    agent, limits = post.agents.properties[substance], post.agents.limits[substance]
    if agent.load_n is None:
        return ()
    found = [(_equivalent_ppm(trace, agent.load_n), name) for name, trace in seen if len(trace.bins) > 1]
    if not found:
        return ()
    ppm, name = max(found)
    planned = None if agent.erpg_ppm is None else agent.erpg_ppm[1]
    levels = [f"{grade.upper()} {value:g}" for grade in limits.ppm if (value := limits.at(grade, MINUTES)) is not None]
    compared = ", ".join([*levels, *([] if planned is None else [f"ERPG-2 {planned:g} for an hour"])])
    doubt = "" if agent.status.startswith("read ") else f"; {agent.status}"
    note = f"toxic load C^{agent.load_n:g} t of {_span_s(seen, name):.0f} s at {name}, as if steady for {MINUTES} min"
    return (
        Figure(name="breathed at worst", value=_round(ppm), unit="[ppm]", note=f"{note}; compare {compared}{doubt}"),
    )


def _equivalent_ppm(trace: Trace, n: float) -> float:
    at_s, ppm, _ = np.array(trace.bins).T
    return equivalent_ppm(toxic_load(at_s, ppm, n), n, MINUTES)


def _span_s(seen: Sequence[tuple[str, Trace]], name: str) -> float:
    bins = dict(seen)[name].bins
    return bins[-1][0] - bins[0][0]


def _reach(source: Place, extent: Extent) -> Figure:
    """How far a footprint reaches from the source."""
    far = max(distance_m(source, Place(lon=lon, lat=lat)) for ring in extent.rings for lon, lat in ring)
    return Figure(name=f"reach of {extent.label.split()[0]}", value=round(far), unit="m", note=extent.label)


def _streets(city: City | None, footprints: list[Extent]) -> Figure | None:
    """Streets that the second level (else the first) reaches."""
    import shapely

    if city is None or not footprints:
        return None
    worst = next((one for one in footprints if one.label.startswith("AEGL-2")), footprints[0])
    area = shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in worst.rings])
    shapely.prepare(area)
    roads = [(str(f.properties["name"]), f.geometry) for f in city.map.roads.features if f.properties.get("name")]
    names = sorted(
        {
            name
            for name, line in roads
            if isinstance(line, LineString) and shapely.intersects(area, shapely.LineString(line.coordinates))
        }
    )
    more = f" and {len(names) - STREETS_TOLD} more" if len(names) > STREETS_TOLD else ""
    return Figure(name="streets to clear", value=len(names), unit="1", note=", ".join(names[:STREETS_TOLD]) + more)


def _next_reading(post: Post, belief: Belief, scene: Scene) -> Figure:
    """Where one more reading would tell most, and which silent sensor stands there if one does."""
    best = most_telling(scene, places_to_ask(scene), post.floor_kg_m3(belief.substance))[0]
    place = moved(belief.origin, best.east_m, best.north_m)
    near = post.city.near(place, SENSOR_NEAR_M) if post.city is not None else []
    beside = f", near {near[0].name}" if near else ""
    note = f"at {_named(place)}{beside}"
    return Figure(name="most telling next reading", value=_round(best.gain_nats), unit="1", note=note)
