"""`tocsin evaluate source-term`: where a tracer came from and how much, from a few samplers of the arcs."""

import time
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.physics.dispersion.air import Floats
from tocsin.physics.source_term.hypotheses import PARTS, Part, Prior, Span, fixed, normal
from tocsin.physics.source_term.readings import Errors, Readings, log_likelihoods, predicted
from tocsin.physics.source_term.regions import density, interval
from tocsin.physics.source_term.sampler import updated
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.tracers.arcs import ours
from tocsin.suites.tracers.records import Release, releases

SENSORS = (8, 20)
LOG_RATES = Span(-9.2, 2.3)
"""From 0.1 g/s to 10 kg/s: nothing more is known beforehand."""

REACH_M = 1_000.0
"""The source may lie so far from any sampler."""

FLOOR_KG_M3 = 1e-8
"""A sampler of the experiment tells no less than 0.01 mg/m³ from nothing."""

WIND_SD_RAD = float(np.radians(4.0))
"""By how much the mean direction at a mast may differ from that of a plume (assumed)."""

PACE_SD = 0.15
GRID = 60


class Drawn(NamedTuple):
    """A task: a release, samplers in the order in which they tell, and where the source truly is (0, 0 moved)."""

    release: Release
    readings: Readings
    east_m: float
    north_m: float


class Answer(NamedTuple):
    """What was concluded: place, rate with its 90 % interval, whether the 90 % region holds the truth, time."""

    error_m: float
    rate_ratio: float
    inside50: bool
    inside90: bool
    rate_inside90: bool
    update_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTerm:
    """Find the source of Prairie Grass runs from 8 and from 20 samplers, one after the other.

    Each seed draws a run, its samplers from all arcs (silent ones too), and where the origin of the map is, so that
    nothing can be known beforehand. `metrics` are over both numbers together; `detail` has each. The peer searches
    a grid for the least squares of logarithms, with the same plume and the wind taken as measured.
    """

    kind: ClassVar[str] = "source-term"
    verb: ClassVar[Verb] = "evaluate"

    hypotheses: int = 1500
    moves: int = 4

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002 - no installation is needed
        """Infer every task; raises ConfigError where there are no releases."""
        found = releases(order.data)
        seeds = order.seeds or tuple(range(1, 21))
        answers: dict[int, list[Answer]] = {}
        peers: dict[int, list[Answer]] = {}
        for count in SENSORS:
            tasks = [(seed, drawn(found, seed, count)) for seed in seeds]
            answers[count] = [self._inferred(task, seed) for seed, task in tasks]
            peers[count] = [searched(task) for _, task in tasks]
            order.say(f"{count} samplers: {_summary(answers[count])}")
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=seeds,
            metrics=_metrics(answers),
            peers={"grid search": _metrics(peers)},
            detail={"answers": {str(count): [row._asdict() for row in rows] for count, rows in answers.items()}},
        )

    def _inferred(self, task: Drawn, seed: int) -> Answer:
        chance = np.random.Generator(np.random.PCG64([seed, len(task.readings)]))
        prior, plume = _prior(task.readings), ours(task.release)
        rows = prior.drawn(chance, self.hypotheses)
        spent = []
        for count in range(1, len(task.readings) + 1):
            began, now = time.perf_counter(), task.readings.first(count)

            def likelihoods(rows: Floats, now: Readings = now, count: int = count) -> tuple[Floats, Floats]:
                return log_likelihoods(rows, plume, now, ERRORS, before=count - 1, steady=True)

            rows = updated(rows, prior, likelihoods, chance, moves=self.moves)
            spent.append(time.perf_counter() - began)
        return _answer(task, rows, max(spent))


ERRORS = Errors()


def drawn(found: list[Release], seed: int, count: int) -> Drawn:
    """A run and `count` of its samplers, at least three of which saw something; the map's origin is moved."""
    chance = np.random.Generator(np.random.PCG64([seed, 7]))
    release = found[int(chance.integers(len(found)))]
    rows = np.array([(a.distance_m, b, c) for a in release.arcs for b, c in zip(a.bearing_deg, a.mg_m3, strict=True)])
    picks = _picked(rows, count, chance)
    away, bearing, mg = rows[picks].T
    east, north = chance.uniform(-300.0, 300.0, 2)
    angle, ones = np.radians(bearing), np.ones(count)
    readings = Readings(
        east_m=east + away * np.sin(angle),
        north_m=north + away * np.cos(angle),
        at_s=0.0 * ones,
        kg_m3=1e-6 * mg,
        floor_kg_m3=FLOOR_KG_M3 * ones,
        full_kg_m3=np.inf * ones,
        sensor=np.arange(count),
        towards_rad=np.radians(release.wind_from_deg + 180.0) * ones,
        lag_s=0.0 * ones,
    )
    return Drawn(release, readings, float(east), float(north))


def _picked(rows: Floats, count: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """Samplers in random order; drawn again until three of them saw something."""
    while True:
        picks = chance.choice(len(rows), count, replace=False)
        if (rows[picks, 2] > 1e6 * FLOOR_KG_M3).sum() >= 3:
            return picks


def _prior(readings: Readings) -> Prior:
    """Anywhere around the samplers, any rate; the wind about as measured."""
    spans: list[Span] = [fixed(0.0)] * PARTS
    for part, values in ((Part.EAST, readings.east_m), (Part.NORTH, readings.north_m)):
        spans[part] = Span(float(values.min()) - REACH_M, float(values.max()) + REACH_M)
    spans[Part.LOG_RATE] = LOG_RATES
    spans[Part.TURN] = normal(0.0, WIND_SD_RAD)
    spans[Part.LOG_PACE] = normal(0.0, PACE_SD)
    return Prior(spans)


def _answer(task: Drawn, rows: Floats, update_s: float) -> Answer:
    places = density(rows[:, : Part.LOG_RATE])
    east, north = places.best
    low, rate, high = np.exp(interval(rows[:, Part.LOG_RATE]))
    true = 1e-3 * task.release.rate_g_s
    return Answer(
        error_m=float(np.hypot(east - task.east_m, north - task.north_m)),
        rate_ratio=float(rate / true),
        inside50=places.holds(0.5, task.east_m, task.north_m),
        inside90=places.holds(0.9, task.east_m, task.north_m),
        rate_inside90=bool(low <= true <= high),
        update_s=update_s,
    )


def searched(task: Drawn) -> Answer:
    """The peer: every place of a grid with its best rate, refined twice around the best; no region."""
    began = time.perf_counter()
    spans, plume, floor = _prior(task.readings).spans, ours(task.release), FLOOR_KG_M3
    middle, half = np.zeros(2), np.zeros(2)
    for k in range(2):
        middle[k], half[k] = 0.5 * (spans[k].low + spans[k].high), 0.5 * (spans[k].high - spans[k].low)
    best = np.zeros(PARTS)
    for _ in range(3):
        east, north = np.meshgrid(*(middle[k] + half[k] * np.linspace(-1, 1, GRID) for k in range(2)))
        rows = np.zeros((GRID * GRID * 25, PARTS))
        rows[:, Part.EAST], rows[:, Part.NORTH] = np.repeat(east.ravel(), 25), np.repeat(north.ravel(), 25)
        rows[:, Part.LOG_RATE] = np.tile(np.linspace(LOG_RATES.low, LOG_RATES.high, 25), GRID * GRID)
        brought = predicted(rows, plume, task.readings, steady=True).kg_m3
        gap = np.log(task.readings.kg_m3 + floor) - np.log(brought + floor)
        best = rows[int((gap**2).sum(axis=1).argmin())]
        middle, half = best[:2], half * 4.0 / GRID
    error = float(np.hypot(best[Part.EAST] - task.east_m, best[Part.NORTH] - task.north_m))
    ratio = float(np.exp(best[Part.LOG_RATE])) / (1e-3 * task.release.rate_g_s)
    return Answer(error, ratio, False, False, False, time.perf_counter() - began)


def _summary(rows: list[Answer]) -> dict[str, float]:
    return {
        "position_error_m": float(np.median([row.error_m for row in rows])),
        "rate_factor2": float(np.mean([0.5 <= row.rate_ratio <= 2.0 for row in rows])),
        "coverage50": float(np.mean([row.inside50 for row in rows])),
        "coverage90": float(np.mean([row.inside90 for row in rows])),
        "rate_coverage90": float(np.mean([row.rate_inside90 for row in rows])),
        "update_s": float(max(row.update_s for row in rows)),
    }


def _metrics(answers: dict[int, list[Answer]]) -> dict[str, float]:
    """Over all tasks, and for each number of samplers."""
    every = _summary([row for rows in answers.values() for row in rows])
    return every | {
        f"{name}_{count}": value for count, rows in answers.items() for name, value in _summary(rows).items()
    }
