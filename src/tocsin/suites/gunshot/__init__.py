"""`tocsin evaluate gunshot`: shots in a made-up city placed by arrival times, and what bangs without being a shot."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.cards import poisson_upper
from tocsin.contract.folding import findings
from tocsin.detectors.sound.shot import Shot as ShotDetector
from tocsin.physics.sound import Heard, Locating, Weather, error_m, located
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.gunshot.look_alikes import SCENES, of_shot, scenes
from tocsin.suites.gunshot.worlds import SIDE_M, Shot, Weathering, houses, layout, shot

Floats = NDArray[np.float64]
Figures = dict[str, float]

PEER = "soft-L1 least squares"
COUNTS = (6, 8, 10)
STARTS = ((300.0, 300.0), (900.0, 300.0), (300.0, 900.0), (900.0, 900.0), (600.0, 600.0))
REACH_90 = 4.605
"""Squared radius that holds 90 % of a normal distribution in the plane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gunshot:
    """Place shots in a square of 1.2 km with 6, 8 and 10 microphones, and count what else is taken for a shot.

    The world is another model than the solver's: blocks of houses, echoes by image sources, a wind that grows with
    height and gusts on each way; the solver knows none of it. The peer is a plain robust fit of place and moment from
    five starts. Look-alikes run through the detector itself, with classes drawn as `look_alikes.SCORES` says.
    """

    kind: ClassVar[str] = "gunshot"
    verb: ClassVar[Verb] = "evaluate"

    shots: int = 200
    scenes: int = 60
    peer: bool = True
    weather: Weathering = field(default_factory=Weathering)
    locating: Locating = field(default_factory=Locating)

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002  # needs no installation
        """Simulate, locate, count."""
        seed = (order.seeds or (1,))[0]
        metrics: Figures = {}
        plain: Figures = {}
        walls = houses()
        for count in COUNTS:
            fired = [
                shot(np.random.default_rng([seed, count, index]), walls, count, self.weather)
                for index in range(self.shots)
            ]
            metrics |= self._placed(fired, count)
            if self.peer:
                plain |= _shares([_plain_error_m(one) for one in fired], count)
            order.say(f"{count} microphones: {metrics[f'within_25m_{count}']:.3f} within 25 m")
            if count == 8:
                metrics |= self._told(fired, seed)
        for kind in SCENES:
            metrics |= self._mistaken(kind, seed)
            order.say(f"{kind}: {metrics[f'false_share_{kind}']:.3f} told as a shot")
        metrics |= {"within_25m": metrics["within_25m_8"], "within_15m": metrics["within_15m_10"]}
        return Report(
            suite=self.kind,
            command=order.command,
            data="simulated",
            seed=(seed,),
            metrics=metrics,
            peers={PEER: plain} if self.peer else {},
            detail={"error_map_m": dict(_maps(seed)), "world": _world(self.weather)},
        )

    def _placed(self, fired: list[Shot], count: int) -> Figures:
        errors, inside, least = [], [], []
        weather = Weather(self.weather.temperature_c)
        for one in fired:
            found = located(Heard.of(one.spots_m, np.arange(count), one.at_s), self.locating, weather)
            if found is None:
                errors.append(np.inf)
                continue
            off = np.array([found.east_m, found.north_m]) - one.source_m
            errors.append(float(np.hypot(*off)))
            inside.append(float(off @ np.linalg.solve(found.covariance_m2, off)) <= REACH_90)
            least.append(float(error_m(one.spots_m, one.source_m[None], self.locating, weather, hearing_m=2_000.0)[0]))
        return {
            **_shares(errors, count),
            f"median_error_m_{count}": float(np.median(errors)),
            f"coverage90_{count}": float(np.mean(inside)),
            f"bound90_median_m_{count}": float(np.median(least)),
        }

    def _told(self, fired: list[Shot], seed: int) -> Figures:
        """What the detector itself makes of the shots at eight microphones: told as shots, as doubtful, not placed."""
        grades = []
        for index, one in enumerate(fired[: self.scenes]):
            sent = sorted(of_shot(np.random.default_rng([seed, 99, index]), one), key=lambda fact: fact.at)
            grades.append({found.grade for found in findings(ShotDetector(), sent)})
        return {
            "shots_told": float(np.mean(["located" in told for told in grades])),
            "shots_doubtful": float(np.mean(["doubtful" in told and "located" not in told for told in grades])),
        }

    def _mistaken(self, kind: str, seed: int) -> Figures:
        """How often a scene without a shot ends in a placed one, and the upper bound of that."""
        false = final = placed = 0
        for sent in scenes(kind, seed, self.scenes, 8, self.weather):
            found = findings(ShotDetector(), sent)
            told = {one.grade for one in found}
            false += "located" in told
            final += "located" in {one.id: one.grade for one in found}.values()
            placed += bool({"located", "doubtful"} & told)
        return {
            f"false_share_{kind}": false / self.scenes,
            f"false_share_upper95_{kind}": min(1.0, poisson_upper(false) / self.scenes),
            f"false_share_final_{kind}": final / self.scenes,
            f"placed_share_{kind}": placed / self.scenes,
        }


def _shares(errors: list[float], count: int) -> Figures:
    far = np.asarray(errors)
    return {f"within_{metres}m_{count}": float(np.mean(far <= metres)) for metres in (25, 15)}


def _plain_error_m(one: Shot) -> float:
    """How far off a plain robust fit of place and moment is, the best of five starts."""
    least_squares = importlib.import_module("scipy.optimize").least_squares

    def residuals(guess: Floats) -> Floats:
        due = guess[2] / 340.0 + np.hypot(*(one.spots_m - guess[:2]).T) / 340.4
        found: Floats = (one.at_s - due) / 0.02
        return found

    best = None
    for start in STARTS:
        moment = 340.0 * np.median(one.at_s - np.hypot(*(one.spots_m - start).T) / 340.4)
        fit = least_squares(residuals, [*start, moment], loss="soft_l1")
        best = fit if best is None or fit.cost < best.cost else best
    return float(np.hypot(*(best.x[:2] - one.source_m))) if best is not None else float("inf")


def _maps(seed: int) -> Iterator[tuple[str, list[list[float]]]]:
    """The least 90 % radius over the square in cells of 100 m, for one layout of each number of microphones."""
    east = np.arange(50.0, SIDE_M, 100.0)
    cells = np.column_stack([one.ravel() for one in np.meshgrid(east, east)])
    for count in COUNTS:
        found = error_m(layout(np.random.default_rng([seed, count, 0]), count), cells, hearing_m=2_000.0)
        yield str(count), [[round(float(one), 1) for one in row] for row in found.reshape(len(east), -1)]


def _world(weather: Weathering) -> dict[str, Any]:
    return {name: getattr(weather, name) for name in Weathering.__dataclass_fields__}
