"""Streams of people near what a way can carry, against each other, or stopping and going."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta, Struct

from tocsin.contract.camera_views import Views, views
from tocsin.contract.crowds import name_of, place_of
from tocsin.contract.pictures import CrowdFlow
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Finding, Level, Observation, derived_id

PLACES_MAX = 128
"""Most areas and lines remembered per camera; of more, those told longest ago are forgotten."""

REPORTS_MAX = 240
"""Most reports remembered of one area or line, however short they are."""

NEAR, AT, COUNTER, WAVES = "near-capacity", "at-capacity", "counter-flow", "stop-and-go"


class Report(Struct, array_like=True):
    """One report of an area (density, speed) or a line (persons per metre, each way), over how many seconds."""

    at: float
    every_s: float
    density: float = 0.0
    speed: float = 0.0
    forward: float = 0.0
    backward: float = 0.0


class Stream(Struct):
    """One area or line: its last reports, since when each grade holds, and when it was told."""

    last_at: float
    reports: list[Report] = []
    since: dict[str, float] = {}
    told_at: dict[str, float] = {}
    recent: list[str] = []


class Streams(Struct):
    """The areas and lines of one camera."""

    streams: dict[str, Stream] = {}


class Measure(NamedTuple):
    """What one grade is judged by: the number and its sentence."""

    value: float
    unit: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOfCrowd:
    """Find streams near the capacity of their way, streams against each other, and waves of stopping and going.

    The flow of an area is its density times its speed, that of a line the people who passed per metre of it.
    All is judged over `window_s`. `near-capacity` is a share `near` of `capacity_per_m_min`; `counter-flow` needs
    both directions and half the capacity; `stop-and-go` is a dense area whose speed falls and rises again.

    >>> from tocsin.contract.camera_cases import city_with
    >>> from tocsin.contract.crowd_cases import passing
    >>> from tocsin.contract.folding import findings
    >>> told = passing([(6, 0)] * 60, width_m=2.0)
    >>> findings(FlowOfCrowd(), told, city_with(analytics=["crowd.flow"]))[0].because
    '90 persons per metre and minute over gate, at what a level way carries (82).'

    References: SGSA, Guide to Safety at Sports Grounds (82 persons per metre width and minute on the level);
    J. J. Fruin (1971); U. Weidmann (1993); D. Helbing et al. (2007) for stop-and-go waves.
    """

    kind: ClassVar[str] = "crowd.flow"
    needs: ClassVar[Level] = Level.AGGREGATE
    accepts: ClassVar[tuple[type, ...]] = (CrowdFlow,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {NEAR: 0.2, AT: 0.7, COUNTER: 0.5, WAVES: 1.0}
    on_by_default: ClassVar[bool] = False

    capacity_per_m_min: Annotated[float, Meta(description="What a level way carries, persons/m/min.", gt=0)] = 82.0
    near: Annotated[float, Meta(description="Part of the capacity that is near it.", gt=0, lt=1)] = 0.8
    window_s: Annotated[float, Meta(description="Time over which a stream is judged, seconds.", gt=0)] = 60.0
    hold_s: Annotated[float, Meta(description="How long a grade must hold, seconds.", ge=0)] = 20.0
    counter_share: Annotated[float, Meta(description="Least part that goes the other way.", gt=0, le=0.5)] = 0.25
    counter_flow: Annotated[float, Meta(description="Part of the capacity from which it matters.", gt=0, le=1)] = 0.5
    waves_density_m2: Annotated[float, Meta(description="Least density of waves, persons/m².", gt=0)] = 2.5
    stop_m_s: Annotated[float, Meta(description="Slower than this a stream stops, m/s.", gt=0)] = 0.15
    go_m_s: Annotated[float, Meta(description="Faster than this it goes again, m/s.", gt=0)] = 0.35
    waves_min: Annotated[int, Meta(description="How many stops are waves.", ge=2)] = 2
    gap_s_max: Annotated[float, Meta(description="Longest silence that is no break, seconds.", gt=0)] = 20.0
    repeat_s: Annotated[float, Meta(description="How often a lasting grade is told again, seconds.", gt=0)] = 120.0
    cited_max: Annotated[int, Meta(description="Most reports cited at a time.", ge=1)] = 32

    def __post_init__(self) -> None:
        """Refuse speeds out of order."""
        if not self.stop_m_s < self.go_m_s:
            raise ConfigError("crowd.flow: stop_m_s < go_m_s must hold.")

    def start(self, resources: Resources) -> "Judging":
        """Read at which cameras it may run."""
        return Judging(self, views(resources))


@dataclass(frozen=True, slots=True)
class Judging:
    """FlowOfCrowd at work."""

    settings: FlowOfCrowd
    views: Views

    def step(self, state: Streams | None, fact: Observation[CrowdFlow]) -> tuple[Streams | None, list[Finding]]:
        """Judge each area and line of one report. Late and doubled reports change nothing."""
        if not self.views.of(fact.source).allows(self.settings.kind, by_default=self.settings.on_by_default):
            return None, []
        state, told = state if state is not None else Streams(), list[Finding]()
        for name, report in _reports(fact).items():
            self._judge(state, name, report, fact, told)
        kept = sorted(state.streams.items(), key=lambda item: (-item[1].last_at, item[0]))[:PLACES_MAX]
        state.streams = dict(sorted(kept))
        return state, told

    def _judge(
        self, state: Streams, name: str, report: Report, fact: Observation[CrowdFlow], told: list[Finding]
    ) -> None:
        stream = state.streams.get(name)
        if stream is not None and fact.at <= stream.last_at:
            return
        if stream is None or fact.at - stream.last_at > self.settings.gap_s_max:
            stream = state.streams[name] = Stream(fact.at)
        stream.last_at = fact.at
        window = [*stream.reports, report][-REPORTS_MAX:]
        stream.reports = [one for one in window if fact.at - one.at < self.settings.window_s]
        stream.recent = [*stream.recent, fact.id][-self.settings.cited_max :]
        measures = self._measures(name, stream.reports, self.views.of(fact.source).source)
        stream.since = {grade: stream.since.get(grade, fact.at) for grade in measures}
        for grade, measure in measures.items():
            if self._is_news(stream, grade, fact.at):
                told.append(self._finding(fact, name, stream, grade, measure))

    def _is_news(self, stream: Stream, grade: str, at: float) -> bool:
        lasted = at - stream.since[grade] >= self.settings.hold_s
        told_at = stream.told_at.get(grade)
        new = told_at is None or told_at < stream.since[grade]
        return lasted and (new or (told_at is not None and at - told_at >= self.settings.repeat_s))

    def _measures(self, name: str, reports: Sequence[Report], source: str) -> dict[str, Measure]:
        """The grades that hold now, each with what it was judged by."""
        long = sum(one.every_s for one in reports)
        if long < self.settings.window_s / 2:
            return {}
        where = name_of(self.views.of(source), name.partition(":")[2])
        if name.startswith("line:"):
            return self._of_line(where, reports, long)
        return self._of_area(where, reports, long)

    def _of_line(self, where: str, reports: Sequence[Report], long: float) -> dict[str, Measure]:
        ways = sum(one.forward for one in reports), sum(one.backward for one in reports)
        flow = sum(ways) / long * 60.0
        found = self._of_capacity(flow, f"over {where}")
        share = min(ways) / max(sum(ways), 1e-9)
        settings = self.settings
        if share >= settings.counter_share and flow >= settings.counter_flow * settings.capacity_per_m_min:
            words = f"{share:.0%} of {flow:.0f} persons per metre and minute over {where} go against the others."
            found[COUNTER] = Measure(share, "share", words)
        return found

    def _of_area(self, where: str, reports: Sequence[Report], long: float) -> dict[str, Measure]:
        flow = sum(one.density * one.speed * one.every_s for one in reports) / long * 60.0
        found = self._of_capacity(flow, f"in {where}")
        density = sum(one.density * one.every_s for one in reports) / long
        stops = self._stops([one.speed for one in reports])
        if density >= self.settings.waves_density_m2 and stops >= self.settings.waves_min:
            words = f"The crowd in {where} stopped {stops} times within {long:.0f} s at {density:.1f} persons/m²."
            found[WAVES] = Measure(float(stops), "stops", words)
        return found

    def _of_capacity(self, flow: float, where: str) -> dict[str, Measure]:
        capacity = self.settings.capacity_per_m_min
        said = f"{flow:.0f} persons per metre and minute {where}"
        if flow >= capacity:
            return {AT: Measure(flow, "persons/m/min", f"{said}, at what a level way carries ({capacity:g}).")}
        if flow >= self.settings.near * capacity:
            words = f"{said}, {flow / capacity:.0%} of what a level way carries ({capacity:g})."
            return {NEAR: Measure(flow, "persons/m/min", words)}
        return {}

    def _stops(self, speeds: Sequence[float]) -> int:
        """How often a stream that went came to a stop and went on."""
        stops, going, stopped = 0, False, False
        for speed in speeds:
            if speed >= self.settings.go_m_s:
                stops += stopped
                going, stopped = True, False
            elif speed <= self.settings.stop_m_s:
                stopped = going or stopped
        return stops

    def _finding(
        self, fact: Observation[CrowdFlow], name: str, stream: Stream, grade: str, measure: Measure
    ) -> Finding:
        kind, since = self.settings.kind, stream.since[grade]
        evidence, stream.recent, stream.told_at[grade] = tuple(stream.recent), [], fact.at
        return Finding(
            id=derived_id("f", kind, fact.source, name, grade, since),
            at=fact.at,
            origin=fact.origin,
            kind=kind,
            subject=fact.source,
            because=measure.words,
            evidence=evidence or (fact.id,),
            source=fact.source,
            detector=kind,
            grade=grade,
            place=place_of(self.views.of(fact.source), fact, name.partition(":")[2]),
            since=since,
            measure=measure.value,
            unit=measure.unit,
        )


def _reports(fact: Observation[CrowdFlow]) -> dict[str, Report]:
    """What one report says of each area and line whose metres are known."""
    every_s, found = fact.body.every_s, dict[str, Report]()
    if not (fact.body.calibrated and isfinite(every_s) and every_s > 0):
        return found
    for area in fact.body.areas:
        density, speed = area.persons_per_m2, area.speed_m_s
        if density is not None and isfinite(density) and (speed is None or isfinite(speed)):
            found[f"area:{area.area}"] = Report(fact.at, every_s, density, speed or 0.0)
    for line in fact.body.passages:
        if line.width_m:
            ways = line.forward / line.width_m, line.backward / line.width_m
            found[f"line:{line.line}"] = Report(fact.at, every_s, forward=ways[0], backward=ways[1])
    return found
