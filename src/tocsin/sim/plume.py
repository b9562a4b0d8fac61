"""Gas in the streets: particles that the wind carries, eddies scatter in three dimensions and buildings hold up."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.city.citymap import CityMap, Polygon
from tocsin.model import Place, offset_m
from tocsin.sim.chance import Floats

MOLAR_MASS_G = {
    "chlorine": 70.906,
    "ammonia": 17.031,
    "hydrogen sulphide": 34.081,
    "carbon monoxide": 28.010,
    "sulphur dioxide": 64.066,
}
MOLAR_VOLUME_L = 24.055
"""Of an ideal gas at 20 °C and 101.325 kPa."""

CANOPY = 0.5
"""Wind between houses as a share of that above the roofs."""

COURTYARD = 0.45
"""Further share where the air has to go around a house."""

EDDY_TIME_S = 15.0
LIFT_TIME_S = 10.0
LIFT = 0.55
"""How long eddies last along the ground and upwards, and how strong they are upwards as a share of that along it."""

PARTICLES_PER_S = 16
PARTICLES_MAX = 6000
KERNEL_M = (2.0, 1.0)
KERNEL_GROWTH = (0.05, 0.035)
"""A particle stands for a small cloud, so wide and so high, which grows by these shares of its path."""

BREATH_M = 1.5
"""Height at which sensors and people breathe."""

CELL_M = 8.0
FAR_M = 2500.0


def ppm_of(kg_m3: Floats, substance: str) -> Floats:
    """Parts per million by volume of a mass concentration, at 20 °C."""
    return kg_m3 * 1e6 * MOLAR_VOLUME_L / MOLAR_MASS_G[substance]


class Houses:
    """Where houses stand, as a grid of `CELL_M` metres on the local plane of the city."""

    def __init__(self, city_map: CityMap, centre: Place) -> None:
        import shapely

        west, south, east, north = city_map.bounds
        self._low = np.array(offset_m(centre, Place(lon=west, lat=south)))
        high = np.array(offset_m(centre, Place(lon=east, lat=north)))
        columns, rows = np.maximum(1, np.ceil((high - self._low) / CELL_M)).astype(int)
        lons, lats = np.meshgrid(np.linspace(west, east, columns), np.linspace(south, north, rows), indexing="ij")
        shapes = [f.geometry.coordinates for f in city_map.buildings.features if isinstance(f.geometry, Polygon)]
        solid = shapely.union_all([shapely.make_valid(shapely.Polygon(rings[0], rings[1:])) for rings in shapes])
        shapely.prepare(solid)
        self._built: NDArray[np.bool_] = shapely.contains_xy(solid, lons.ravel(), lats.ravel()).reshape(lons.shape)

    def stand_at(self, spots: Floats) -> NDArray[np.bool_]:
        """Whether a house stands at each spot (rows of east, north in metres)."""
        cells = np.floor((spots - self._low) / CELL_M).astype(int)
        within = ((cells >= 0) & (cells < self._built.shape)).all(axis=1)
        safe = np.clip(cells, 0, np.array(self._built.shape) - 1)
        result: NDArray[np.bool_] = within & self._built[safe[:, 0], safe[:, 1]]
        return result


class Cloud:
    """All particles of one release, each with mass (kg), place (east, north, up), its own eddy and the path it went.

    Velocities follow Langevin's equation (Thomson 1987, homogeneous turbulence); the ground throws particles back.
    """

    def __init__(self, chance: np.random.Generator, houses: Houses, origin: tuple[float, float]) -> None:
        self._chance = chance
        self._houses = houses
        self._origin = np.array([*origin, BREATH_M / 2])
        self._spots: Floats = np.zeros((0, 3))
        self._eddies: Floats = np.zeros((0, 3))
        self._paths: Floats = np.zeros(0)
        self._kilos: Floats = np.zeros(0)

    def emit(self, kilos: float, wind: tuple[float, float]) -> None:
        """Let so much out within this second; the oldest particles give way beyond `PARTICLES_MAX`."""
        scatter = self._chance.normal(0.0, 1.0, (PARTICLES_PER_S, 3))
        age = self._chance.uniform(0.0, 1.0, (PARTICLES_PER_S, 1)) * np.array([*wind, 0.0]) * CANOPY
        spots = self._origin + 0.3 * scatter + age
        self._spots = np.vstack([self._spots, np.abs(spots) * [0, 0, 1] + spots * [1, 1, 0]])[-PARTICLES_MAX:]
        self._eddies = np.vstack([self._eddies, scatter * _eddy_m_s(wind)])[-PARTICLES_MAX:]
        self._paths = np.append(self._paths, np.zeros(PARTICLES_PER_S))[-PARTICLES_MAX:]
        self._kilos = np.append(self._kilos, np.full(PARTICLES_PER_S, kilos / PARTICLES_PER_S))[-PARTICLES_MAX:]

    def step(self, wind: tuple[float, float], dt_s: float = 1.0) -> None:
        """Carry all particles on by `dt_s` seconds."""
        if not len(self._kilos):
            return
        keep = np.exp(-dt_s / np.array([EDDY_TIME_S, EDDY_TIME_S, LIFT_TIME_S]))
        kick = self._chance.normal(0.0, 1.0, self._eddies.shape) * _eddy_m_s(wind)
        self._eddies = self._eddies * keep + kick * (1.0 - keep * keep) ** 0.5
        share = np.where(self._houses.stand_at(self._spots[:, :2]), CANOPY * COURTYARD, CANOPY)
        pace = np.array([*wind, 0.0]) * share[:, None] + self._eddies
        self._spots = self._spots + pace * dt_s
        self._paths = self._paths + np.hypot(pace[:, 0], pace[:, 1]) * dt_s
        self._bounce()
        self._forget(np.hypot(*(self._spots - self._origin)[:, :2].T) < FAR_M)

    def _bounce(self) -> None:
        under = self._spots[:, 2] < 0.0
        self._spots[under, 2] *= -1.0
        self._eddies[under, 2] *= -1.0

    def _forget(self, kept: NDArray[np.bool_]) -> None:
        self._spots, self._eddies = self._spots[kept], self._eddies[kept]
        self._paths, self._kilos = self._paths[kept], self._kilos[kept]

    def kg_m3(self, spots: Floats) -> Floats:
        """Concentration at breathing height at each spot (east, north): the small clouds of all particles, added up."""
        wide, high = (least + growth * self._paths for least, growth in zip(KERNEL_M, KERNEL_GROWTH, strict=True))
        up, down = (np.exp(-(((self._spots[:, 2] + sign * BREATH_M) / high) ** 2) / 2) for sign in (-1.0, 1.0))
        dense = (up + down) * self._kilos / ((2 * np.pi) ** 1.5 * wide**2 * high)
        gap = ((spots[:, None, :] - self._spots[None, :, :2]) ** 2).sum(axis=2) / wide**2
        near = np.where(gap < 25.0, np.exp(-np.minimum(gap, 25.0) / 2), 0.0)
        result: Floats = near @ dense
        return result


def _eddy_m_s(wind: Sequence[float]) -> Floats:
    along = 0.15 + 0.12 * float(np.hypot(wind[0], wind[1]))
    return np.array([along, along, LIFT * along])
