"""How far reports are from what a peer measured of the true ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.pictures import AreaFlow, CrowdFlow
from tocsin.suites.crowd.trajectories import Trajectories

FLOW_S = 10.0
"""Flow over the line is compared over stretches of this length: over less there are too few to divide by."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the peer measured, by frame: density, speed in the cells, people in the area, and crossings of the line."""

    frame_rate: float
    density: Mapping[int, float]
    speed: Mapping[int, float]
    count: Mapping[int, float]
    passed: Sequence[int]

    @classmethod
    def of(cls, told: Mapping[str, Any], frame_rate: float) -> "Truth":
        """Read what the peer printed; its speed is that of the part of the area which cells cover."""
        names = ("density", "speed", "count", "covered")
        by_frame = {name: {int(frame): float(value) for frame, value in told[name].items()} for name in names}
        speed = {n: v / by_frame["covered"][n] for n, v in by_frame["speed"].items() if by_frame["covered"].get(n)}
        passed = [int(frame) for frame in told["passed"]]
        return cls(frame_rate, by_frame["density"], speed, by_frame["count"], passed)

    def mean(self, values: Mapping[int, float], since: float, until: float) -> float:
        """The mean over the frames of a stretch of time, its end included; nobody is none."""
        picked = [value for frame, value in values.items() if since < frame / self.frame_rate <= until + 1e-6]
        return float(np.mean(picked)) if picked else 0.0

    def crossed(self, since: float, until: float) -> int:
        """How many crossed in a stretch of time."""
        return sum(since < frame / self.frame_rate <= until + 1e-6 for frame in self.passed)


@dataclass(slots=True)
class Errors:
    """Relative errors of one file, report by report.

    `flow` is persons per second over the line, `specific_flow` density times speed in the area.
    """

    density: list[float] = field(default_factory=list)
    speed: list[float] = field(default_factory=list)
    specific_flow: list[float] = field(default_factory=list)
    flow: list[float] = field(default_factory=list)
    bias: list[float] = field(default_factory=list)
    untold: int = 0

    @property
    def told(self) -> dict[str, float]:
        """Mean absolute relative errors, and how much density is off on the whole."""
        named = {"density_error": self.density, "flow_error": self.flow, "speed_error": self.speed}
        named |= {"specific_flow_error": self.specific_flow, "density_bias": self.bias}
        told = {name: float(np.mean(values)) for name, values in named.items() if values}
        return {**told, "reports": float(len(self.density)), "untold": float(self.untold)}


def judged(reports: Sequence[tuple[float, CrowdFlow]], truth: Truth, persons_min: int) -> Errors:
    """Compare every report in whose time at least `persons_min` people were in the area on average."""
    errors = Errors()
    for at, flow in reports:
        since = at - flow.every_s
        if truth.mean(truth.count, since, at) >= persons_min:
            area = flow.areas[0]
            _one(errors, area, truth.mean(truth.density, since, at), truth.mean(truth.speed, since, at))
    counted = [(at, flow.every_s, sum(one.forward + one.backward for one in flow.passages)) for at, flow in reports]
    _flow(errors, counted, truth, persons_min)
    return errors


def compared(other: Truth, truth: Truth, reports: Sequence[tuple[float, CrowdFlow]], persons_min: int) -> Errors:
    """The same of another measure by the peer, over the same stretches of time."""
    errors = Errors()
    for at, flow in reports:
        since = at - flow.every_s
        if truth.mean(truth.count, since, at) >= persons_min:
            density, speed = other.mean(other.density, since, at), other.mean(other.speed, since, at)
            told = AreaFlow("area", 0.0, None, density, speed_m_s=speed or None)
            _one(errors, told, truth.mean(truth.density, since, at), truth.mean(truth.speed, since, at))
    counted = [(at, flow.every_s, other.crossed(at - flow.every_s, at)) for at, flow in reports]
    _flow(errors, counted, truth, persons_min)
    return errors


def _one(errors: Errors, area: AreaFlow, density: float, speed: float) -> None:
    told = area.persons_per_m2 or 0.0
    errors.density.append(abs(told - density) / density)
    errors.bias.append((told - density) / density)
    if area.speed_m_s is None:
        errors.untold += 1
        return
    errors.speed.append(abs(area.speed_m_s - speed) / speed)
    errors.specific_flow.append(abs(told * area.speed_m_s - density * speed) / (density * speed))


def _flow(errors: Errors, counted: Sequence[tuple[float, float, int]], truth: Truth, fewest: int) -> None:
    """Compare counts over the line, given as (until, for how long, how many), over stretches long enough."""
    since, sum_of = None, 0
    for at, every_s, count in counted:
        since = at - every_s if since is None else since
        sum_of += count
        if at - since >= FLOW_S - 1e-6:
            if (crossed := truth.crossed(since, at)) >= fewest:
                errors.flow.append(abs(sum_of - crossed) / crossed)
            since, sum_of = at, 0


NEAR_M = 0.5
"""A track nearer than this to somebody is theirs."""


def quality(of: Trajectories, tracks: Sequence[tuple[int, NDArray[np.int64], NDArray[np.float64]]]) -> dict[str, float]:
    """How good tracks are: people that have one, tracks that have a person, changes of number per person and minute."""
    counts, switches, last = np.zeros(4), 0, dict[int, int]()
    for frame, ids, places in tracks:
        low, high = np.searchsorted(of.frames, [frame, frame + 1])
        apart = np.linalg.norm(of.places[low:high, None] - places[None], axis=2)
        if not apart.size:
            counts += (0, high - low, 0, len(ids))
            continue
        near = apart.min(axis=1) <= NEAR_M
        counts += (near.sum(), high - low, (apart.min(axis=0) <= NEAR_M).sum(), len(ids))
        for one, track in zip(of.ids[low:high][near], ids[apart.argmin(axis=1)][near], strict=True):
            switches += last.get(int(one), int(track)) != track
            last[int(one)] = int(track)
    every_s = (tracks[1][0] - tracks[0][0]) / of.frame_rate if len(tracks) > 1 else 0.0
    minutes = max(counts[1] * every_s / 60.0, 1e-9)
    return {
        "recall": counts[0] / max(counts[1], 1),
        "precision": counts[2] / max(counts[3], 1),
        "switches_per_person_minute": switches / minutes,
    }
