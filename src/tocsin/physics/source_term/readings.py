"""How well a hypothesis explains readings: detections, non-detections, saturation, biased sensors, wrong wind."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.dispersion.air import Floats
from tocsin.physics.dispersion.plume import TIME_SPREAD, TIME_SPREAD_S_MIN, X_M_MIN, Plume, normal_share
from tocsin.physics.source_term.hypotheses import Part


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readings:
    """Readings in order, one per row of each array.

    `east_m`, `north_m`: where; `at_s`: when; `kg_m3`: what (0: nothing); `floor_kg_m3`: below it a sensor cannot
    tell gas from none; `full_kg_m3`: above it it says no more (inf: never); `sensor`: whose (0, 1, …); `towards_rad`:
    bearing that the wind blew towards on the way here; `lag_s`: time constant of the sensor.
    """

    east_m: Floats
    north_m: Floats
    at_s: Floats
    kg_m3: Floats
    floor_kg_m3: Floats
    full_kg_m3: Floats
    sensor: NDArray[np.int64]
    towards_rad: Floats
    lag_s: Floats

    def __len__(self) -> int:
        """How many."""
        return len(self.kg_m3)

    def first(self, count: int) -> "Readings":
        """Those that came first."""
        return Readings(**{name: getattr(self, name)[:count] for name in self.__dataclass_fields__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """How wrong model and sensors are, as standard deviations of natural logarithms.

    `model`: of a single reading near the axis (turbulence, the plume's form); `edge`: what is added per square of
    the distance from the axis in standard deviations (a plume swings as a whole), `edge_max` at most; `bias`: of a
    sensor for all its readings (scale, place in a street); `quiet`: of a reading that is not told from nothing.
    `alike`: from so many readings on their evidence grows with the root of their number only, as the error of the
    plume is in all of them; `share`: how much of the evidence counts, where neighbours in time repeat each other;
    `freedom`: degrees of freedom of Student's errors, so that a reading that fits nothing pulls no harder than so.
    """

    model: float = 0.5
    edge: float = 0.13
    bias: float = 0.0
    quiet: float = 0.3
    alike: int = 8
    share: float = 1.0
    edge_max: float = 2.5
    freedom: float = 6.0


BEYOND = 5.0
"""So many widths off the axis (and upwind of the source) a plume is no excuse for a reading any more."""


class Brought(NamedTuple):
    """What hypotheses (rows) bring to readings (columns): kg/m³, and widths off the axis (inf: upwind)."""

    kg_m3: Floats
    off_axis: Floats


def predicted(rows: Floats, plume: Plume, readings: Readings, *, steady: bool) -> Brought:
    """The concentration under each hypothesis at each reading."""
    pace = np.exp(rows[:, Part.LOG_PACE])[:, None]
    along, across = _relative(rows, readings)
    integral, sigma, travel = plume.row(along)
    off_axis = across / sigma
    shape = integral / (np.sqrt(2.0 * np.pi) * sigma) * np.exp(-0.5 * np.minimum(off_axis**2, 80.0))
    found = np.where(along > X_M_MIN, shape, 0.0) * np.exp(rows[:, Part.LOG_RATE])[:, None] / pace
    off_axis = np.where(along > X_M_MIN, np.abs(off_axis), np.inf)
    return Brought(found if steady else found * _arrived(rows, readings, travel / pace), off_axis)


def _relative(rows: Floats, readings: Readings) -> tuple[Floats, Floats]:
    """Metres along the wind and across it, from each hypothetical source to each reading."""
    bearing = readings.towards_rad[None, :] + rows[:, Part.TURN][:, None]
    east = readings.east_m[None, :] - rows[:, Part.EAST][:, None]
    north = readings.north_m[None, :] - rows[:, Part.NORTH][:, None]
    sine, cosine = np.sin(bearing), np.cos(bearing)
    return east * sine + north * cosine, east * cosine - north * sine


def _arrived(rows: Floats, readings: Readings, travel: Floats) -> Floats:
    """Share of the steady concentration that is here, as a sensor with its lag shows it."""
    age = readings.at_s[None, :] - rows[:, Part.BEGIN][:, None] - travel - readings.lag_s[None, :]
    spread = np.hypot(TIME_SPREAD * travel + TIME_SPREAD_S_MIN, 0.5 * readings.lag_s[None, :])
    lasts = np.exp(rows[:, Part.LOG_LASTS])[:, None]
    return np.asarray(np.maximum(normal_share(age / spread) - normal_share((age - lasts) / spread), 0.0))


def log_likelihoods(
    rows: Floats, plume: Plume, readings: Readings, errors: Errors, *, before: int = 0, steady: bool = False
) -> tuple[Floats, Floats]:
    """Of the first `before` readings, and of all, under each hypothesis, up to a constant.

    Logarithms of reading and prediction are compared, both raised by the sensor's floor: so a sensor that sees
    nothing speaks against a plume that should be there, and two nothings agree. Errors of one sensor share its bias;
    a saturated one says only "at least". Heavy tails after Student.
    """
    brought = predicted(rows, plume, readings, steady=steady)
    floor = readings.floor_kg_m3[None, :]
    seen = np.maximum(readings.kg_m3, 0.0)[None, :]
    gap = np.log(seen + floor) - np.log(brought.kg_m3 + floor)
    full = (readings.kg_m3 >= readings.full_kg_m3)[None, :]
    gap = np.where(full & (gap < 0.0), 0.0, gap)
    sd = _deviation(brought, seen, floor, errors)
    old = _explained(gap[:, :before], sd[:, :before], readings.sensor[:before], errors)
    return old, _explained(gap, sd, readings.sensor, errors)


def _deviation(brought: Brought, seen: Floats, floor: Floats, errors: Errors) -> Floats:
    """Standard deviation of each gap: small where neither model nor sensor says that there is anything."""
    most = np.maximum(brought.kg_m3, seen)
    near = np.minimum(brought.off_axis, 1e3)
    edge = np.minimum(errors.edge * near**2, errors.edge_max) / (1.0 + (near / BEYOND) ** 6)
    return np.asarray(np.sqrt(errors.quiet**2 + (most / (most + floor)) ** 2 * (errors.model**2 + edge**2)))


def _explained(gap: Floats, sd: Floats, sensor: NDArray[np.int64], errors: Errors) -> Floats:
    """Of gaps with a common bias per sensor: it is set to what fits best under its own prior."""
    if errors.bias:
        gap, total = _unbiased(gap, sd, sensor, errors.bias)
    else:
        total = np.zeros(len(gap))
    left = gap / sd
    total = total - (np.log(sd) + 0.5 * (errors.freedom + 1.0) * np.log1p(left**2 / errors.freedom)).sum(axis=1)
    return np.asarray(total * errors.share * min(1.0, (errors.alike / max(gap.shape[1], 1)) ** 0.5))


def _unbiased(gap: Floats, sd: Floats, sensor: NDArray[np.int64], bias: float) -> tuple[Floats, Floats]:
    """Gaps without each sensor's likeliest bias, and what those biases cost."""
    whose = (sensor[:, None] == np.unique(sensor)[None, :]).astype(float)
    weight = sd**-2
    likely = ((gap * weight) @ whose) / (bias**-2 + weight @ whose)
    return gap - likely @ whose.T, np.asarray(-0.5 * ((likely / bias) ** 2).sum(axis=1))
