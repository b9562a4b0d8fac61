"""`tocsin evaluate prairie-grass`: the highest concentration on each arc, predicted and measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from math import inf
from typing import Any, ClassVar

import numpy as np

from tocsin.physics.dispersion.air import Floats, class_of
from tocsin.physics.dispersion.briggs import briggs_plume
from tocsin.physics.dispersion.plume import Plume
from tocsin.physics.dispersion.similarity import SPREAD, Losses, Spread, similarity_plume
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.tracers.records import SURFACE_S_M, Release, releases

FAR_M = 800.0
PLAIN = Spread(
    diffusivity_unstable=1.55,
    diffusivity_stable=1.55,
    convective=1e9,
    lateral_unstable_s=300.0,
    lateral_stable_s=300.0,
    sigma_v_m_s_min=0.0,
)
"""The same theory with the constants of its papers: no limit by free convection, no deposition, no least swing."""

Model = Callable[[Release], Plume]


@dataclass(frozen=True, slots=True)
class Pair:
    """The highest concentration on an arc, mg/m³: as measured and as predicted on the axis."""

    run: int
    distance_m: float
    measured: float
    predicted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PrairieGrass:
    """Arc maxima of Project Prairie Grass (Barad 1958) against the similarity plume, with its shipped constants.

    Those were chosen on the 24 even-numbered runs that have weather. `metrics` are of all runs of the folder,
    `unseen_*` of those that no constant was chosen on; `detail` has each part. `--set fit=true` chooses them again
    on the same runs and says which come out; nothing else changes.
    """

    kind: ClassVar[str] = "prairie-grass"
    verb: ClassVar[Verb] = "evaluate"

    fit: bool = False

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002 - no installation is needed
        """Predict every arc of every run; raises ConfigError where there are none."""
        found = releases(order.data)
        models: dict[str, Model] = {"similarity": ours, "plain similarity": _plain, "Briggs": _briggs}
        pairs = {name: _pairs(found, model) for name, model in models.items()}
        halves = {name: {half: scores(_half(rows, half)) for half in HALVES} for name, rows in pairs.items()}
        detail: dict[str, Any] = {"halves": halves, "arcs": [_row(pair) for pair in pairs["similarity"]]}
        if self.fit:
            detail["fitted"] = chosen_again([one for one in found if one.run in CHOSEN_ON], order)
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=order.seeds,
            metrics=_metrics(halves["similarity"]),
            peers={name: _metrics(halves[name]) for name in list(models)[1:]},
            detail=detail,
        )


CHOSEN_ON = frozenset((6, 8, 10, 12, 16, 18, 20, 22, 26, 28, 30, 32, 34, 40, 42, 44, 46, 48, 50, 54, 58, 60, 62, 70))
"""The runs on which the constants of the model were chosen."""

HALVES: dict[str, Callable[[int], bool]] = {
    "all": lambda _: True,
    "unseen": lambda run: run not in CHOSEN_ON,
    "chosen on": lambda run: run in CHOSEN_ON,
}
"""Which runs a part has."""


def _half(pairs: Sequence[Pair], half: str) -> list[Pair]:
    return [pair for pair in pairs if HALVES[half](pair.run)]


def _metrics(parts: dict[str, dict[str, float]]) -> dict[str, float]:
    return {**parts["all"], **{f"unseen_{name}": value for name, value in parts["unseen"].items()}}


def ours(release: Release, spread: Spread = SPREAD, surface_s_m: float = SURFACE_S_M) -> Plume:
    """The plume that ships."""
    losses = Losses(surface_s_m=surface_s_m)
    return similarity_plume(
        release.air, source_m=release.source_m, receptor_m=release.receptor_m, losses=losses, spread=spread
    )


def _plain(release: Release) -> Plume:
    return ours(release, PLAIN, inf)


def _briggs(release: Release) -> Plume:
    stability = class_of(release.air.obukhov_m, release.air.roughness_m)
    return briggs_plume(
        release.speed_m_s, stability, urban=False, source_m=release.source_m, receptor_m=release.receptor_m
    )


def _pairs(found: Sequence[Release], model: Model) -> list[Pair]:
    return [pair for release in found for pair in _of_run(release, model(release))]


def _of_run(release: Release, plume: Plume) -> list[Pair]:
    peaks = [(arc.distance_m, float(arc.mg_m3.max())) for arc in release.arcs]
    axis = 1e3 * release.rate_g_s * plume.steady(np.array([distance for distance, _ in peaks]), 0.0)
    rows = zip(peaks, axis.tolist(), strict=True)
    return [Pair(release.run, distance, peak, value) for (distance, peak), value in rows if peak > 0.0]


def scores(pairs: Sequence[Pair]) -> dict[str, float]:
    """Chang and Hanna's (2004) measures of predicted against measured, and FAC2 at 800 m alone."""
    if not pairs:
        return {}
    o, p = np.array([x.measured for x in pairs]), np.array([x.predicted for x in pairs])
    logs = np.log(o / p)
    far = [abs(x) <= np.log(2.0) for x, pair in zip(logs, pairs, strict=True) if pair.distance_m == FAR_M]
    found = {
        "fac2": float(np.mean(np.abs(logs) <= np.log(2.0))),
        "fb": float(2.0 * (o.mean() - p.mean()) / (o.mean() + p.mean())),
        "nmse": float(np.mean((o - p) ** 2) / (o.mean() * p.mean())),
        "mg": float(np.exp(logs.mean())),
        "vg": float(np.exp(np.mean(logs**2))),
        "arcs": float(len(pairs)),
    }
    return {**found, "fac2_800m": float(np.mean(far))} if far else found


def _row(pair: Pair) -> dict[str, float]:
    return {
        "run": pair.run,
        "distance_m": pair.distance_m,
        "measured_mg_m3": pair.measured,
        "predicted_mg_m3": round(pair.predicted, 4),
    }


def chosen_again(found: Sequence[Release], order: Order) -> dict[str, float]:
    """The constants that fit these runs best, and the resistance of the ground.

    Minimised is the mean square of the logarithms of predicted over measured maximum, integral across the wind and
    width (the last two at half weight), each error capped at a factor of 3.3 so that single runs do not decide,
    plus a little for leaving the constants of the papers.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    names = [field.name for field in fields(Spread)]
    begin = {**{name: float(getattr(PLAIN, name)) for name in names}, **START, "surface_s_m": 100.0}
    order.say(f"choosing {len(begin)} constants on {len(found)} runs")
    start = np.log(list(begin.values()))

    def loss(logs: Floats) -> float:
        *values, surface = np.exp(logs)
        spread = Spread(**dict(zip(names, values, strict=True)))
        errors = np.vstack([_errors(release, ours(release, spread, surface)) for release in found])
        return float(
            np.mean(np.minimum(np.abs(errors), 1.2) ** 2, axis=0) @ WEIGHTS + 0.004 * ((logs - start) ** 2).sum()
        )

    best = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 900, "adaptive": True}).x
    return dict(zip(begin, np.exp(best).round(3).tolist(), strict=True))


START = {"convective": 0.9, "sigma_v_m_s_min": 0.2}
WEIGHTS = np.array([1.0, 0.5, 0.5])


def _errors(release: Release, plume: Plume) -> Floats:
    """Logarithms of predicted over measured maximum, crosswind integral and width, one row per arc."""
    rows = []
    for arc in release.arcs:
        integral, sigma, _ = (float(part) for part in plume.row(np.array(arc.distance_m)))
        measured = _moments(arc.distance_m, arc.bearing_deg, arc.mg_m3)
        axis = 1e3 * release.rate_g_s * np.array([integral / (sigma * np.sqrt(2.0 * np.pi)), integral, 0.0])
        axis[2] = sigma
        rows.append(np.log(axis / measured))
    return np.array(rows)


def _moments(distance_m: float, bearing_deg: Floats, mg_m3: Floats) -> Floats:
    """Maximum, integral and standard deviation across the wind of what an arc measured."""
    angle = np.radians(np.unwrap(bearing_deg, period=360.0))
    step = float(np.median(np.abs(np.diff(angle)))) if len(angle) > 1 else np.radians(2.0)
    total = max(float(mg_m3.sum()), 1e-9)
    mean = float((mg_m3 * angle).sum()) / total
    width = distance_m * float(np.sqrt((mg_m3 * (angle - mean) ** 2).sum() / total))
    return np.array([mg_m3.max(), total * step * distance_m, max(width, 0.5 * step * distance_m)])
