"""Crowds too dense for too long, after Fruin and Still."""

from dataclasses import dataclass
from math import inf
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.bodies import Density as Reading
from tocsin.contract.camera_views import Views, views
from tocsin.contract.crowds import name_of, place_of
from tocsin.contract.pictures import CrowdFlow
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Finding, Level, Observation, derived_id

_GRADES = ("los-e", "los-f", "critical")
_RANK = {grade: n for n, grade in enumerate(("", *_GRADES))}
_MEANING = {"los-e": "walking is shuffling", "los-f": "people touch", "critical": "a push can bring people down"}


AREAS_MAX = 64
"""Most areas remembered per source; of more, those told longest ago are forgotten."""

Fact = Observation[Reading] | Observation[CrowdFlow]


class Held(Struct):
    """Of one area: per grade since when it holds, and the episode that it belongs to."""

    last_at: float
    since: dict[str, float] = {}
    begun: float | None = None
    grade: str = ""
    cited_at: float = 0.0
    recent: list[str] = []


class Areas(Struct):
    """The areas of one source; a counter that tells no area has one without a name."""

    held: dict[str, Held] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdDensity:
    """Find an area whose density stays above Fruin's level of service E or F, or near crushing.

    Densities come from crowd counters, or from cameras, area by area. A grade holds from its threshold
    until the density falls below `release` times it, and is told after it has held for its time. Only
    `critical` says that lives are in danger.

    >>> from tocsin.contract.examples import crowd
    >>> from tocsin.contract.folding import findings
    >>> findings(CrowdDensity(), crowd([1.0, 5.5, 5.5, 5.6, 5.6, 5.8]))[0].because
    '5.8 persons/m² for 20 s, above 5 (critical: a push can bring people down).'

    References: J. J. Fruin (1971), Pedestrian Planning and Design; G. K. Still (2014),
    Introduction to Crowd Science.
    """

    kind: ClassVar[str] = "crowd.density"
    needs: ClassVar[Level] = Level.AGGREGATE
    accepts: ClassVar[tuple[type, ...]] = (Reading, CrowdFlow)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ("crowd",)
    default_nats: ClassVar[dict[str, float]] = {"los-e": 0.1, "los-f": 1.0, "critical": 3.0}
    on_by_default: ClassVar[bool] = True

    los_e_m2: Annotated[float, Meta(description="Level of service E begins, persons/m².", gt=0)] = 1.08
    los_f_m2: Annotated[float, Meta(description="Level of service F begins, persons/m².", gt=0)] = 2.17
    critical_m2: Annotated[float, Meta(description="Danger to life begins, persons/m².", gt=0)] = 5.0
    los_e_s: Annotated[float, Meta(description="How long E must hold, seconds.", gt=0)] = 300.0
    los_f_s: Annotated[float, Meta(description="How long F must hold, seconds.", gt=0)] = 120.0
    critical_s: Annotated[float, Meta(description="How long critical must hold, seconds.", gt=0)] = 20.0
    release: Annotated[float, Meta(description="Part of a threshold below which it ends.", gt=0, le=1)] = 0.9
    gap_s_max: Annotated[float, Meta(description="Longest silence that a grade survives, seconds.", gt=0)] = 60.0
    repeat_s: Annotated[float, Meta(description="How often a lasting grade is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most readings cited at a time.", ge=1)] = 64

    def __post_init__(self) -> None:
        """Refuse thresholds out of order."""
        if not self.los_e_m2 < self.los_f_m2 < self.critical_m2:
            raise ConfigError("crowd.density: los_e_m2 < los_f_m2 < critical_m2 must hold.")

    def start(self, resources: Resources) -> "Judging":
        """Read at which cameras it may run; a counter that is no camera is always judged."""
        return Judging(self, views(resources))

    def thresholds(self) -> dict[str, tuple[float, float]]:
        """Density and time of each grade."""
        return {
            "los-e": (self.los_e_m2, self.los_e_s),
            "los-f": (self.los_f_m2, self.los_f_s),
            "critical": (self.critical_m2, self.critical_s),
        }


@dataclass(frozen=True, slots=True)
class Judging:
    """CrowdDensity at work."""

    settings: CrowdDensity
    views: Views

    def step(
        self, state: Areas | None, fact: Observation[Reading] | Observation[CrowdFlow]
    ) -> tuple[Areas | None, list[Finding]]:
        """Judge the density of each area that is told. Late and doubled readings change nothing."""
        densities = self._densities(fact)
        if not densities:
            return state, []
        state, told = state if state is not None else Areas(), list[Finding]()
        for area, density in densities.items():
            held = self._judge(state.held.get(area), area, density, fact, told)
            if held is not None:
                state.held[area] = held
        kept = sorted(state.held.items(), key=lambda item: (-item[1].last_at, item[0]))[:AREAS_MAX]
        state.held = dict(sorted(kept))
        return state, told

    def _densities(self, fact: Fact) -> dict[str, float]:
        """Persons per square metre by area, where it may be judged."""
        if isinstance(fact.body, Reading):
            return {"": fact.body.persons_per_m2}
        view = self.views.of(fact.source)
        if not view.allows(self.settings.kind, by_default=self.settings.on_by_default):
            return {}
        return {area.area: area.persons_per_m2 for area in fact.body.areas if area.persons_per_m2 is not None}

    def _judge(self, held: Held | None, area: str, density: float, fact: Fact, told: list[Finding]) -> Held | None:
        """Take one density of one area; gives what is held of it now."""
        if not 0.0 <= density < inf or (held is not None and fact.at <= held.last_at):
            return held
        if held is None or fact.at - held.last_at > self.settings.gap_s_max:
            held = Held(last_at=fact.at)
        self._hold(held, density, fact)
        held.last_at = fact.at
        grade = self._reached(held, fact.at)
        if self._is_news(held, grade, fact.at):
            told.append(self._told(fact, area, density, held, grade))
        return held

    def _is_news(self, held: Held, grade: str, at: float) -> bool:
        """Whether this grade is higher than what was told, or as high and not told lately."""
        rank, told = _RANK[grade], _RANK[held.grade]
        return rank > told or (rank == told > 0 and at - held.cited_at >= self.settings.repeat_s)

    def _told(self, fact: Fact, area: str, density: float, held: Held, grade: str) -> Finding:
        held.grade, held.cited_at = grade, fact.at
        finding = self._finding(fact, area, density, held, grade)
        held.recent = []
        return finding

    def _hold(self, held: Held, density: float, fact: Fact) -> None:
        """Note which grades begin, go on or end with this reading."""
        for grade, (threshold, _) in self.settings.thresholds().items():
            if density >= threshold:
                held.since.setdefault(grade, fact.at)
            elif density < threshold * self.settings.release:
                held.since.pop(grade, None)
        if held.since:
            held.begun = fact.at if held.begun is None else held.begun
            held.recent = [*held.recent, fact.id][-self.settings.cited_max :]
        else:
            held.begun, held.grade, held.recent = None, "", []

    def _reached(self, held: Held, at: float) -> str:
        """The highest grade that has held for its time, or none."""
        thresholds = self.settings.thresholds()
        reached = [grade for grade in _GRADES if at - held.since.get(grade, at) >= thresholds[grade][1]]
        return reached[-1] if reached else ""

    def _finding(self, fact: Fact, area: str, density: float, held: Held, grade: str) -> Finding:
        kind, threshold = self.settings.kind, self.settings.thresholds()[grade][0]
        named, view = ((area,) if area else ()), self.views.of(fact.source)
        where = f" in {name_of(view, area)}" if area else ""
        return Finding(
            id=derived_id("f", kind, fact.source, *named, held.begun),
            at=fact.at,
            origin=fact.origin,
            kind=kind,
            subject=fact.source,
            because=f"{density:.1f} persons/m²{where} for {fact.at - held.since[grade]:.0f} s, "
            f"above {threshold:g} ({grade}: {_MEANING[grade]}).",
            evidence=tuple(held.recent),
            source=fact.source,
            detector=kind,
            grade=grade,
            place=place_of(view, fact, area) if area else fact.place,
            since=held.begun,
            measure=density,
            unit="persons/m²",
            life=grade == "critical",
        )
