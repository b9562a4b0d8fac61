"""Recorded ways of people on the ground (OpenTraj's ETH, PedPy's laboratories) as moments of a run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tocsin.model import ConfigError
from tocsin.sim.walkers import Leg, Moment, Walker
from tocsin.suites.vision_detectors.staging import Ground, Stage

Floats = NDArray[np.float64]

EVERY_S = 0.2
ETH_FPS, HERMES_FPS = 15.0, 16.0
"""Frame rates where files do not say: ETH (its 6 frames are 0.4 s), and the HERMES experiments of 2009."""

STEP_M_MAX = 0.5
"""Nobody walks farther between two frames: where the usual step is longer, the file is in centimetres."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Who was where when: numbers, seconds from the first, metres about the middle of all."""

    name: str
    who: NDArray[np.int64]
    at_s: Floats
    places: Floats

    @property
    def people(self) -> int:
        """How many there are."""
        return len(np.unique(self.who))


def recorded_ways(data: Path) -> list[Ways]:
    """All recorded ways below a folder of data."""
    eth = [_eth(path) for path in sorted(data.glob("opentraj/datasets/ETH/*/obsmat.txt"))]
    return [*eth, *(_pedpy(path) for path in sorted(data.glob("pedpy/*.txt")))]


def _eth(path: Path) -> Ways:
    rows = _numbers(path)
    return _ways(path.parent.name, rows[:, 1], rows[:, 0] / ETH_FPS, rows[:, [2, 4]])


def _pedpy(path: Path) -> Ways:
    header = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines()[:10] if line.startswith("#"))
    told = re.search(r"framerate\D*([\d.]+)", header)
    rows = _numbers(path)
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    steps = np.linalg.norm(np.diff(rows[order, 2:4], axis=0), axis=1)[np.diff(rows[order, 0]) == 0]
    metres = 0.01 if float(np.median(steps)) > STEP_M_MAX else 1.0
    fps = float(told.group(1)) if told else HERMES_FPS
    return _ways(path.stem, rows[:, 0], rows[:, 1] / fps, rows[:, 2:4] * metres)


def _numbers(path: Path) -> Floats:
    try:
        rows = np.loadtxt(path, ndmin=2)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} holds no recorded ways: {error}.") from error
    if rows.shape[1] < 4 or not np.isfinite(rows).all():
        raise ConfigError(f"{path} holds no recorded ways: lines of numbers are needed.")
    return rows


def _ways(name: str, who: Floats, at_s: Floats, places: Floats) -> Ways:
    return Ways(name, who.astype(np.int64), at_s - at_s.min(), places - np.median(places, axis=0))


def moments(of: Ways, stage: Stage) -> list[Moment]:
    """The ways before a camera, the middle of them in the middle of its picture."""
    rows: dict[int, list[tuple[int, Floats, Floats]]] = {}
    for place, one in enumerate(np.unique(of.who)):
        own = np.flatnonzero(of.who == one)
        own = own[np.argsort(of.at_s[own])]
        steps, places, speeds = _even(of.at_s[own], of.places[own])
        for step, spot, speed in zip(steps.tolist(), places, speeds, strict=True):
            rows.setdefault(step, []).append((place, spot, speed))
    return [_moment(step, rows[step], stage) for step in sorted(rows)]


def _even(at_s: Floats, places: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """A way at even times, with velocities over the steps beside each."""
    steps = np.arange(int(np.ceil(at_s[0] / EVERY_S)), int(at_s[-1] / EVERY_S) + 1)
    times = steps * EVERY_S
    even = np.stack([np.interp(times, at_s, places[:, n]) for n in (0, 1)], axis=1)
    speeds = np.gradient(even, EVERY_S, axis=0) if len(even) > 1 else np.zeros_like(even)
    return steps, even, speeds


def _moment(step: int, rows: Sequence[tuple[int, Floats, Floats]], stage: Stage) -> Moment:
    who, places, speeds = zip(*rows, strict=True)
    turn = np.array([stage.at(1.0, 0.0), stage.at(0.0, 1.0)]) - stage.middle
    velocities = np.array(speeds) @ turn
    pace = np.linalg.norm(velocities, axis=1, keepdims=True)
    headings = np.where(pace > 0.1, velocities / np.maximum(pace, 1e-9), (0.0, 1.0))
    spots = np.array(places) @ turn + stage.middle
    return Moment(step * EVERY_S, np.array(who, dtype=np.int64), spots, velocities, headings, np.zeros(len(who)))


def anybody(of: Ways) -> tuple[Walker, ...]:
    """One walker for each, so that a camera knows what it looks at; their legs are not used."""
    return (Walker(start=(0.0, 0.0), legs=(Leg((0.0, 0.0)),)),) * of.people


def grounds(stage: Stage) -> tuple[Ground, ...]:
    """An area, a line across, a door and a lane where recorded people walk."""
    block = [stage.at(*spot) for spot in ((0.5, 0.5), (3.5, 0.5), (3.5, 2.5), (0.5, 2.5))]
    wide = [stage.at(*spot) for spot in ((-4.5, -3.0), (4.5, -3.0), (4.5, 3.0), (-4.5, 3.0))]
    return (
        stage.area("yard", block, forbidden=("person",)),
        stage.line("gate", stage.at(0.0, 3.0), stage.at(0.0, -3.0), allowed="backward"),
        stage.area("door", block, loiter_s=60.0),
        stage.lane("lane", wide, stage.at(-4.0, 0.0), stage.at(4.0, 0.0)),
    )
