"""A camera whose analysis gets much less computing than it asked for, for long."""

from dataclasses import dataclass
from math import exp
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from tocsin.contract.pictures import CameraLoad
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id

GAP_S_MAX = 60.0
"""After a longer silence everything begins anew."""


class Load(Struct):
    """The mean share of computing, since when it is short, and what was told."""

    last_at: float
    budget: float
    short_since: float | None = None
    told_at: float | None = None
    recent: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """Report a camera that is looked at much less often than wished, so that nobody relies on it unaware.

    It judges the machine and no picture, so it asks no camera's set-up whether it may.

    >>> from tocsin.contract.camera_cases import loads
    >>> from tocsin.contract.folding import findings
    >>> findings(Overload(), loads([0.2] * 40))[0].because
    'For 2 min this camera has got 20 % of the analysis it asked for: what happens there may be missed.'
    """

    kind: ClassVar[str] = "vision.overload"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (CameraLoad,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"short": 2.0}

    budget_min: Annotated[float, Meta(description="Share of the analysis that is too little.", gt=0, le=1)] = 0.5
    release: Annotated[float, Meta(description="How much more than that ends it, as a factor.", ge=1)] = 1.2
    for_s: Annotated[float, Meta(description="How long it must be so, seconds.", gt=0)] = 120.0
    mean_s: Annotated[float, Meta(description="How long the share is averaged over, seconds.", gt=0)] = 20.0
    repeat_s: Annotated[float, Meta(description="How often it is told again, seconds.", gt=0)] = 600.0
    cited_max: Annotated[int, Meta(description="Most reports cited at a time.", ge=1)] = 16

    def step(self, state: Load | None, fact: Observation[CameraLoad]) -> tuple[Load | None, list[Finding]]:
        """Judge one report of load. Late and doubled ones change nothing."""
        budget = fact.body.budget
        if not 0.0 <= budget <= 1.0 or (state is not None and fact.at <= state.last_at):
            return state, []
        if state is None or fact.at - state.last_at > GAP_S_MAX:
            state = Load(last_at=fact.at, budget=budget)
        state.budget += (budget - state.budget) * (1 - exp(-(fact.at - state.last_at) / self.mean_s))
        state.last_at = fact.at
        self._hold(state, fact)
        return state, [self._finding(state, fact)] if self._is_news(state) else []

    def _hold(self, state: Load, fact: Observation[CameraLoad]) -> None:
        """Note whether the shortage begins, goes on or ends."""
        if state.budget < self.budget_min and state.short_since is None:
            state.short_since = fact.at
        elif state.budget >= min(1.0, self.budget_min * self.release):
            state.short_since, state.told_at, state.recent = None, None, []
        if state.short_since is not None:
            state.recent = [*state.recent, fact.id][-self.cited_max :]

    def _is_news(self, state: Load) -> bool:
        if state.short_since is None or state.last_at - state.short_since < self.for_s:
            return False
        return state.told_at is None or state.last_at - state.told_at >= self.repeat_s

    def _finding(self, state: Load, fact: Observation[CameraLoad]) -> Finding:
        evidence, state.recent, state.told_at = tuple(state.recent), [], fact.at
        lasted_s = fact.at - (state.short_since or fact.at)
        return Finding(
            id=derived_id("f", self.kind, fact.source, state.short_since),
            at=fact.at,
            origin=fact.origin,
            kind=self.kind,
            subject=fact.source,
            because=f"For {lasted_s / 60:.0f} min this camera has got {state.budget:.0%} of the analysis it asked for: "
            "what happens there may be missed.".replace("%", " %"),
            evidence=evidence,
            source=fact.source,
            detector=self.kind,
            grade="short",
            place=fact.place,
            since=state.short_since,
            measure=state.budget,
            unit="share",
        )
