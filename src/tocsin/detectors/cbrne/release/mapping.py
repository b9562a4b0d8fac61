"""Draws what is believed: the region of the source, plumes to come, footprints of levels, and what to keep clear."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import NamedTuple

import numpy as np

from tocsin.contract.agents import Agent, Distances
from tocsin.model import Extent, Place, Ring, moved
from tocsin.physics.dispersion.air import Floats
from tocsin.physics.dispersion.dense import CLOUD_SPEED, Heavy
from tocsin.physics.dispersion.plume import Plume
from tocsin.physics.source_term.hypotheses import Part
from tocsin.physics.source_term.readings import Readings, predicted
from tocsin.physics.source_term.regions import Density, Outline, outlines

GRID = 52
SAMPLES = 40
SURE = 0.5
"""A footprint is where at least this share of the hypotheses has it."""

AHEAD_S = (0.0, 300.0, 600.0, 1800.0)
"""The plume is told for now and so far ahead."""

EXPOSED_S = 600.0
"""Footprints are those of the next ten minutes."""

FAR_M = (250.0, 4_000.0)
CIRCLE_POINTS = 48
RINGS_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """All that is drawn from: hypotheses on the plane around `origin`, the plume, the wind, seconds on their clock."""

    origin: Place
    rows: Floats
    plume: Plume
    towards_rad: float
    now_s: float
    agent: Agent
    heavy: Heavy | None = None

    @property
    def sample(self) -> Floats:
        """A few of the hypotheses, evenly picked; the release goes on in all of them, as nobody saw its end."""
        rows = self.rows[:: max(1, len(self.rows) // SAMPLES)][:SAMPLES].copy()
        lasting = self.now_s - rows[:, Part.BEGIN] + EXPOSED_S
        rows[:, Part.LOG_LASTS] = np.maximum(rows[:, Part.LOG_LASTS], np.log(np.maximum(lasting, 1.0)))
        return rows


class Field(NamedTuple):
    """A grid over the ground: axes in metres from the origin, and every spot."""

    east_m: Floats
    north_m: Floats
    spots: Floats


def field_of(scene: Scene, least_kg_m3: float) -> Field:
    """The ground downwind as far as the least level may reach."""
    middle, turn = np.median(scene.rows, axis=0), scene.towards_rad
    away = np.geomspace(*FAR_M, 40)
    pace = float(np.exp(middle[Part.LOG_PACE]))
    rate = float(np.exp(np.quantile(scene.rows[:, Part.LOG_RATE], 0.8)))
    reached = away[scene.plume.steady(away, 0.0) * rate / pace >= least_kg_m3]
    far = float(reached.max()) if len(reached) else FAR_M[0]
    if scene.heavy is not None:
        dense = away[scene.heavy.share(away) * scene.agent.gas_kg_m3 >= least_kg_m3]
        far = max(far, float(dense.max()) if len(dense) else 0.0)
    lasting = scene.now_s - float(middle[Part.BEGIN]) + AHEAD_S[-1]
    paced = pace * scene.plume.x_m[-1] / scene.plume.travel_s[-1]
    far = max(FAR_M[0], min(far, paced * lasting))
    centre = middle[: Part.LOG_RATE] + 0.45 * far * np.array([sin(turn), cos(turn)])
    axes = [centre[k] + 0.75 * far * np.linspace(-1.0, 1.0, GRID) for k in range(2)]
    east, north = np.meshgrid(*axes, indexing="ij")
    return Field(axes[0], axes[1], np.column_stack([east.ravel(), north.ravel()]))


def exceeding(scene: Scene, field: Field, at_s: float, level_kg_m3: float) -> Floats:
    """Share of hypotheses under which each spot of the field is above the level at a moment."""
    count = len(field.spots)
    ones = np.ones(count)
    grid = Readings(
        east_m=field.spots[:, 0],
        north_m=field.spots[:, 1],
        at_s=at_s * ones,
        kg_m3=0.0 * ones,
        floor_kg_m3=ones,
        full_kg_m3=ones,
        sensor=np.zeros(count, np.int64),
        towards_rad=scene.towards_rad * ones,
        lag_s=0.0 * ones,
    )
    above = predicted(scene.sample, scene.plume, grid, steady=False).kg_m3 >= level_kg_m3
    share = above.mean(axis=0)
    if scene.heavy is not None:
        share = np.maximum(share, _heavy_there(scene, field, at_s, level_kg_m3))
    return np.asarray(share.reshape(len(field.east_m), len(field.north_m)))


def _heavy_there(scene: Scene, field: Field, at_s: float, level_kg_m3: float) -> Floats:
    """1 where the heavy plume of the middle hypothesis is above the level by then, else 0."""
    heavy, middle = scene.heavy, np.median(scene.rows, axis=0)
    if heavy is None:
        return np.zeros(len(field.spots))
    gap, sine, cosine = field.spots - middle[: Part.LOG_RATE], sin(scene.towards_rad), cos(scene.towards_rad)
    along, across = gap @ np.array([sine, cosine]), gap @ np.array([cosine, -sine])
    dense = heavy.share(np.maximum(along, 1.0)) * scene.agent.gas_kg_m3 >= level_kg_m3
    front = CLOUD_SPEED * heavy.wind_m_s * max(at_s - float(middle[Part.BEGIN]), 0.0)
    near = (along > -heavy.upwind_m) & (along <= front) & (np.abs(across) <= heavy.half_width_m(along))
    return np.asarray((dense & near).astype(float))


def drawn(origin: Place, rings: Iterable[Outline]) -> tuple[Ring, ...]:
    """Outlines in metres as rings on the map."""
    return tuple(tuple(_spot(origin, *point) for point in ring) for ring in list(rings)[:RINGS_MAX])


def _spot(origin: Place, east_m: float, north_m: float) -> tuple[float, float]:
    place = moved(origin, east_m, north_m)
    return round(place.lon, 6), round(place.lat, 6)


def region(origin: Place, places: Density, probability: float, at: float) -> Extent:
    """The smallest region that holds the source with this probability."""
    rings = outlines(places.east_m, places.north_m, places.share >= places.level(probability))
    label = f"source, {probability:.0%}"
    return Extent(kind="region", label=label, rings=drawn(origin, rings), at=at, probability=probability)


def footprint(scene: Scene, field: Field, share: Floats, extent: Extent) -> Extent | None:
    """The extent with its outline where the share is high enough; None where it is so nowhere."""
    from msgspec.structs import replace

    rings = drawn(scene.origin, outlines(field.east_m, field.north_m, share >= SURE))
    return replace(extent, rings=rings, probability=SURE) if rings else None


def isolation(centre: Place, radius_m: float, doubt: str, at: float) -> Extent:
    """The circle to clear at once."""
    angles = [2.0 * pi * k / CIRCLE_POINTS for k in range(CIRCLE_POINTS)]
    ring = [(radius_m * sin(angle), radius_m * cos(angle)) for angle in angles]
    rings = drawn(centre, [(*ring, ring[0])])
    return Extent(
        kind="isolation", label=f"isolate {radius_m:.0f} m{doubt}", rings=rings, at=at, measure=radius_m, unit="m"
    )


def protective_action(centre: Place, towards_rad: float, reach_m: float, near_m: float, at: float) -> Extent:
    """The square downwind in which people are led away or indoors: as wide as it is long, narrow at the circle."""
    sine, cosine, half = sin(towards_rad), cos(towards_rad), 0.5 * reach_m
    corners = [
        (0.0, -near_m),
        (half, -half),
        (reach_m, -half),
        (reach_m, half),
        (half, half),
        (0.0, near_m),
        (0.0, -near_m),
    ]
    ring = tuple((a * sine + c * cosine, a * cosine - c * sine) for a, c in corners)
    label = f"protect people {reach_m:.0f} m downwind"
    return Extent(kind="protective-action", label=label, rings=drawn(centre, [ring]), at=at, measure=reach_m, unit="m")


LARGE_KG = 200.0
"""More than a small cylinder or drum holds, about (the Guidebook draws the line at 208 litres)."""


def kept_clear(distances: Distances, *, large: bool, night: bool) -> tuple[float, float]:
    """Metres of isolation and of protective action, by the size of the spill, by day or by night."""
    if large:
        return distances.large_isolation_m, distances.large_night_m if night else distances.large_day_m
    return distances.small_isolation_m, distances.small_night_m if night else distances.small_day_m


def told_levels(levels: Sequence[tuple[str, float]], agent: Agent) -> list[tuple[str, float, float]]:
    """Grade, ppm and kg/m³ of each level."""
    return [(grade, ppm, agent.kg_m3(ppm)) for grade, ppm in levels]
