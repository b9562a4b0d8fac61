"""One run: walkers before a camera, what detectors say of the tracks, and what was true."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from tocsin.contract.folding import findings
from tocsin.contract.pictures import Tracks
from tocsin.contract.walk import member_of
from tocsin.model import Finding, Observation
from tocsin.sim.lookout import Faults, Lookout
from tocsin.sim.walkers import Moment, Walker, Walkers
from tocsin.suites.vision_detectors.judging import JUDGES, Truth, Way, ways
from tocsin.suites.vision_detectors.scenarios import Make, Plan
from tocsin.suites.vision_detectors.staging import FIELD_DEG, KINDS, Ground, Set, Stage

AT = 1_790_000_000.0
"""When every run begins, seconds UTC: 13:33 in the afternoon."""

FINE_PX_M = {"vision.fall": 80.0}
"""Pixels per metre from which events must be found, where it is not the 40 that people need."""

NEAR_ONLY = ("vision.fall",)
"""What needs more pixels per metre than a camera has that looks at a whole street."""

NEAR_DEG = (35.0, 50.0)
"""How wide cameras look that have them, degrees."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was seen of people before one camera, and how they really moved."""

    name: str
    facts: list[Observation[Tracks]]
    moments: Sequence[Moment]
    walkers: Sequence[Walker]
    stage: Stage
    grounds: tuple[Ground, ...]
    set: Set
    _ways: dict[float, list[Way]] = field(default_factory=dict)

    @property
    def lasting_s(self) -> float:
        """How long it lasts."""
        return float(self.moments[-1].at_s - self.moments[0].at_s) if self.moments else 0.0

    def said(self, kind: str) -> list[Finding]:
        """What the detector of a kind finds, with its defaults."""
        return findings(cast("Any", member_of("detectors", kind))(), self.facts, self.set.resources)

    def true(self, kind: str) -> Truth:
        """What it should find."""
        return JUDGES[kind](self.ways(FINE_PX_M.get(kind, 40.0)), self.grounds)

    def ways(self, fine_px_m: float) -> list[Way]:
        """The true ways; well seen from so many pixels per metre on."""
        if fine_px_m not in self._ways:
            self._ways[fine_px_m] = ways(self.moments, self.walkers, self.stage.lens, fine_px_m)
        return self._ways[fine_px_m]


def played(
    name: str, make: Make, seed: int, faults: Faults, *, calibrated: bool, field_deg: tuple[float, float] = FIELD_DEG
) -> Run:
    """A made-up run."""
    chance = np.random.default_rng([seed, 7])
    stage = Stage.drawn(chance, calibrated=calibrated, field_deg=field_deg)
    plan: Plan = make(chance, stage)
    moments = Walkers(plan.walkers, chance).run(plan.lasting_s)
    return seen(f"{name} {seed}", moments, plan.walkers, stage, plan.grounds, Look(faults, chance))


@dataclass(frozen=True, slots=True)
class Look:
    """How a detector errs in a run."""

    faults: Faults
    chance: np.random.Generator


def seen(  # noqa: PLR0917  # the parts of a run, in one breath
    name: str,
    moments: Sequence[Moment],
    walkers: Sequence[Walker],
    stage: Stage,
    grounds: tuple[Ground, ...],
    look: Look,
) -> Run:
    """People who moved so, as a camera sees them."""
    made = stage.set_up(grounds, KINDS)
    facts = Lookout(made.view, stage.lens, look.chance, look.faults).watch(moments, walkers, AT)
    return Run(name, facts, moments, walkers, stage, grounds, made)
