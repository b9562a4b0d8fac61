"""Unrest in a dense crowd: the pressure that came before crushes, after Helbing."""

from dataclasses import dataclass
from math import isfinite
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.camera_views import Views, views
from tocsin.contract.crowds import name_of, place_of
from tocsin.contract.pictures import AreaFlow, CrowdFlow
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Finding, Level, Observation, derived_id

AREAS_MAX = 64
"""Most areas remembered per camera; of more, those told longest ago are forgotten."""

UNREST, TURBULENCE = "unrest", "turbulence"
_MEANING = {UNREST: "people are pushed about", TURBULENCE: "nobody stands where they want to"}


class Pushed(Struct):
    """Of one area: since when each grade holds, and what was told of it."""

    last_at: float
    since: dict[str, float] = {}
    begun: float | None = None
    told: str = ""
    told_at: float = 0.0
    recent: list[str] = []


class Areas(Struct):
    """The areas of one camera."""

    pushed: dict[str, Pushed] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdPressure:
    """Find a dense crowd whose pressure (density × variance of velocity) stays above what came before crushes.

    Below `density_min_m2` nothing is judged: people who walk past each other with room have velocities that
    differ as much, and are in no danger. `noise_s2` is what this camera shows of a calm dense crowd; it is
    taken off. Only `turbulence` says that lives are in danger.

    >>> from tocsin.contract.camera_cases import city_with
    >>> from tocsin.contract.crowd_cases import crowded
    >>> from tocsin.contract.folding import findings
    >>> told = crowded([6.0] * 12, speed_m_s=0.2, pressure_s2=0.05)
    >>> findings(CrowdPressure(), told, city_with(analytics=["crowd.pressure"]))[0].because.partition(",")[0]
    'Crowd pressure 0.050 /s² at 6.0 persons/m² in hall for 10 s'

    References: D. Helbing, A. Johansson, H. Z. Al-Abideen (2007), Dynamics of crowd disasters: an empirical
    study, Physical Review E 75, 046109. Their threshold of 0.02 /s² is known to us from secondary sources.
    """

    kind: ClassVar[str] = "crowd.pressure"
    needs: ClassVar[Level] = Level.AGGREGATE
    accepts: ClassVar[tuple[type, ...]] = (CrowdFlow,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {UNREST: 1.0, TURBULENCE: 2.0}
    on_by_default: ClassVar[bool] = False

    density_min_m2: Annotated[float, Meta(description="Least density that is judged, persons/m².", gt=0)] = 4.0
    unrest_s2: Annotated[float, Meta(description="Pressure of unrest, 1/s².", gt=0)] = 0.02
    turbulence_s2: Annotated[float, Meta(description="Pressure of turbulence, 1/s².", gt=0)] = 0.04
    noise_s2: Annotated[float, Meta(description="What a calm dense crowd shows here, 1/s².", ge=0)] = 0.0
    unrest_s: Annotated[float, Meta(description="How long unrest must hold, seconds.", gt=0)] = 20.0
    turbulence_s: Annotated[float, Meta(description="How long turbulence must hold, seconds.", gt=0)] = 10.0
    release: Annotated[float, Meta(description="Part of a threshold below which it ends.", gt=0, le=1)] = 0.7
    gap_s_max: Annotated[float, Meta(description="Longest silence that a grade survives, seconds.", gt=0)] = 20.0
    repeat_s: Annotated[float, Meta(description="How often a lasting grade is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most reports cited at a time.", ge=1)] = 32

    def __post_init__(self) -> None:
        """Refuse thresholds out of order."""
        if not self.unrest_s2 < self.turbulence_s2:
            raise ConfigError("crowd.pressure: unrest_s2 < turbulence_s2 must hold.")

    def start(self, resources: Resources) -> "Judging":
        """Read at which cameras it may run."""
        return Judging(self, views(resources))

    def thresholds(self) -> dict[str, tuple[float, float]]:
        """Pressure and time of each grade, the lower one first."""
        return {UNREST: (self.unrest_s2, self.unrest_s), TURBULENCE: (self.turbulence_s2, self.turbulence_s)}


@dataclass(frozen=True, slots=True)
class Judging:
    """CrowdPressure at work."""

    settings: CrowdPressure
    views: Views

    def step(self, state: Areas | None, fact: Observation[CrowdFlow]) -> tuple[Areas | None, list[Finding]]:
        """Judge each area of one report. Late and doubled reports change nothing."""
        if not self.views.of(fact.source).allows(self.settings.kind, by_default=self.settings.on_by_default):
            return None, []
        state, told = state if state is not None else Areas(), list[Finding]()
        for area in fact.body.areas:
            self._judge(state, area, fact, told)
        kept = sorted(state.pushed.items(), key=lambda item: (-item[1].last_at, item[0]))[:AREAS_MAX]
        state.pushed = dict(sorted(kept))
        return state, told

    def _judge(self, state: Areas, area: AreaFlow, fact: Observation[CrowdFlow], told: list[Finding]) -> None:
        pushed = state.pushed.get(area.area)
        if pushed is not None and fact.at <= pushed.last_at:
            return
        if pushed is None or fact.at - pushed.last_at > self.settings.gap_s_max:
            pushed = state.pushed[area.area] = Pushed(fact.at)
        pushed.last_at = fact.at
        pressure = self._pressure(area)
        self._hold(pushed, pressure, fact)
        thresholds = self.settings.thresholds()
        reached = [grade for grade, (_, hold_s) in thresholds.items() if _held_s(pushed, grade, fact.at) >= hold_s]
        if reached and self._is_news(pushed, reached[-1], fact.at):
            told.append(self._told(fact, area, pushed, reached[-1], pressure))

    def _pressure(self, area: AreaFlow) -> float:
        """The pressure of an area, less its camera's noise; none where it is not dense, or nothing is told of it."""
        density, pressure = area.persons_per_m2, area.pressure_s2
        if density is None or pressure is None or not isfinite(pressure) or density < self.settings.density_min_m2:
            return 0.0
        return max(0.0, pressure - self.settings.noise_s2)

    def _hold(self, pushed: Pushed, pressure: float, fact: Observation[CrowdFlow]) -> None:
        """Note which grades begin, go on or end with this report."""
        for grade, (threshold, _) in self.settings.thresholds().items():
            if pressure >= threshold:
                pushed.since.setdefault(grade, fact.at)
            elif pressure < threshold * self.settings.release:
                pushed.since.pop(grade, None)
        if pushed.since:
            pushed.begun = fact.at if pushed.begun is None else pushed.begun
            pushed.recent = [*pushed.recent, fact.id][-self.settings.cited_max :]
        else:
            pushed.begun, pushed.told, pushed.recent = None, "", []

    def _is_news(self, pushed: Pushed, grade: str, at: float) -> bool:
        higher = not pushed.told or (grade == TURBULENCE and pushed.told == UNREST)
        return higher or (grade == pushed.told and at - pushed.told_at >= self.settings.repeat_s)

    def _told(
        self, fact: Observation[CrowdFlow], area: AreaFlow, pushed: Pushed, grade: str, pressure: float
    ) -> Finding:
        settings, view = self.settings, self.views.of(fact.source)
        evidence, pushed.recent, pushed.told, pushed.told_at = tuple(pushed.recent), [], grade, fact.at
        return Finding(
            id=derived_id("f", settings.kind, fact.source, area.area, pushed.begun),
            at=fact.at,
            origin=fact.origin,
            kind=settings.kind,
            subject=fact.source,
            because=f"Crowd pressure {pressure:.3f} /s² at {area.persons_per_m2:.1f} persons/m² in "
            f"{name_of(view, area.area)} for {_held_s(pushed, grade, fact.at):.0f} s, "
            f"above {settings.thresholds()[grade][0]:g} ({grade}: {_MEANING[grade]}).",
            evidence=evidence,
            source=fact.source,
            detector=settings.kind,
            grade=grade,
            place=place_of(view, fact, area.area),
            since=pushed.begun,
            measure=pressure,
            unit="1/s²",
            life=grade == TURBULENCE,
        )


def _held_s(pushed: Pushed, grade: str, at: float) -> float:
    """For how long a grade has held; a negative time where it does not."""
    return at - pushed.since.get(grade, at + 1.0)
