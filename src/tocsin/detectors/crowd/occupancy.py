"""More people in a place than may be there, by the counters at its gates."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta, Struct

from tocsin.contract.camera_views import CameraView, Views, views
from tocsin.contract.crowds import place_of
from tocsin.contract.pictures import CrowdFlow
from tocsin.contract.protocols import by_city
from tocsin.contract.resources import Resources
from tocsin.model import Finding, Level, Observation, derived_id

PLACES_MAX = 64
"""Most places that are counted."""

GATES_MAX = 512
"""Most cameras whose last report is remembered; of more, those heard longest ago are forgotten."""

NEAR, ABOVE = "near", "above"


class Inside(Struct):
    """One place: how many are in it by the counters, since when a grade holds, and what was told."""

    people: int = 0
    permitted: int = 0
    since: float | None = None
    told: str = ""
    told_at: float = 0.0
    counted_at: float = 0.0
    recent: list[str] = []


class Counted(Struct):
    """All places of the city, and when each camera was last heard."""

    places: dict[str, Inside] = {}
    heard: dict[str, float] = {}


class Gate(NamedTuple):
    """A line that counts into a place."""

    place: str
    permitted: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """Count people into and out of places, over all gates, and find one with more than it permits.

    Which lines count into which place, and how many it permits, is set at the lines. Counting starts at nobody
    and never falls below; at `reset_hour` it starts anew, so that errors do not add up over days.

    >>> from tocsin.city.cameras import Line
    >>> from tocsin.contract.camera_cases import city_with
    >>> from tocsin.contract.crowd_cases import passing
    >>> from tocsin.contract.folding import findings
    >>> gate = Line(id="gate", a=(0.5, 0.9), b=(0.5, 0.1), counts_into="Hall 1", permitted=100)
    >>> told = passing([(10, 0)] * 9 + [(20, 5)])
    >>> findings(Occupancy(), told, city_with(lines=[gate], analytics=["crowd.occupancy"]))[-1].because
    '105 people in Hall 1 by the counters at its gates, 100 are permitted.'
    """

    kind: ClassVar[str] = "crowd.occupancy"
    needs: ClassVar[Level] = Level.AGGREGATE
    accepts: ClassVar[tuple[type, ...]] = (CrowdFlow,)
    key: ClassVar = by_city
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {NEAR: 0.2, ABOVE: 1.0}
    on_by_default: ClassVar[bool] = False

    near: Annotated[float, Meta(description="Part of what is permitted that is near it.", gt=0, lt=1)] = 0.9
    release: Annotated[float, Meta(description="Part of a threshold below which it ends.", gt=0, le=1)] = 0.95
    reset_hour: Annotated[float, Meta(description="Local hour at which counting starts anew.", ge=0, lt=24)] = 4.0
    repeat_s: Annotated[float, Meta(description="How often a lasting grade is told again, seconds.", gt=0)] = 300.0
    cited_max: Annotated[int, Meta(description="Most reports cited at a time.", ge=1)] = 32

    def start(self, resources: Resources) -> "Counting":
        """Read which lines count into which place."""
        return Counting(self, views(resources))


@dataclass(frozen=True, slots=True)
class Counting:
    """Occupancy at work."""

    settings: Occupancy
    views: Views

    def step(self, state: Counted | None, fact: Observation[CrowdFlow]) -> tuple[Counted | None, list[Finding]]:
        """Take the passages of one report. Late and doubled reports of a camera change nothing."""
        view = self.views.of(fact.source)
        gates = self._gates(view)
        if not gates or (state is not None and fact.at <= state.heard.get(fact.source, fact.at - 1.0)):
            return state, []
        state = state if state is not None else Counted()
        state.heard[fact.source] = fact.at
        state.heard = dict(sorted(sorted(state.heard.items(), key=lambda one: -one[1])[:GATES_MAX]))
        touched: dict[str, str] = {}
        for line in fact.body.passages:
            gate = gates.get(line.line)
            if gate is not None and (gate.place in state.places or len(state.places) < PLACES_MAX):
                inside = state.places.setdefault(gate.place, Inside(counted_at=fact.at))
                self._count(inside, gate, line.forward - line.backward, view, fact)
                touched[gate.place] = line.line
        told = [self._judged(state.places[place], place, line, view, fact) for place, line in touched.items()]
        return state, [one for one in told if one is not None]

    def _gates(self, view: CameraView) -> dict[str, Gate]:
        """The lines of a camera that count, if it may count at all."""
        if not view.allows(self.settings.kind, by_default=self.settings.on_by_default):
            return {}
        return {line.id: Gate(line.counts_into, line.permitted) for line in view.lines if line.counts_into}

    def _count(self, inside: Inside, gate: Gate, more: int, view: CameraView, fact: Observation[CrowdFlow]) -> None:
        if self._is_a_new_day(view, inside.counted_at, fact.at):
            inside.people, inside.since, inside.told, inside.recent = 0, None, "", []
        inside.counted_at = max(inside.counted_at, fact.at)
        inside.permitted = max(inside.permitted, gate.permitted or 0)
        inside.people = max(0, inside.people + more)
        if more:
            inside.recent = [*inside.recent, fact.id][-self.settings.cited_max :]

    def _is_a_new_day(self, view: CameraView, before: float, now: float) -> bool:
        """Whether the hour of the reset lies between two moments."""
        to_reset = (self.settings.reset_hour - view.hour(before)) % 24.0
        return now > before and (now - before) / 3600.0 >= (to_reset or 24.0)

    def _judged(
        self, inside: Inside, place: str, line: str, view: CameraView, fact: Observation[CrowdFlow]
    ) -> Finding | None:
        """What there is to tell of a place now."""
        settings, permitted = self.settings, inside.permitted
        if not permitted or inside.people < settings.release * settings.near * permitted:
            inside.since, inside.told = None, ""
            return None
        grade = ABOVE if inside.people > permitted else NEAR if inside.people >= settings.near * permitted else ""
        inside.since = fact.at if inside.since is None else inside.since
        higher = grade != "" and (not inside.told or (grade == ABOVE and inside.told == NEAR))
        again = grade != "" and grade == inside.told and fact.at - inside.told_at >= settings.repeat_s
        return self._finding(inside, place, line, view, fact, grade) if higher or again else None

    def _finding(  # noqa: PLR0917  # a place, its gate, and the report in which it shows
        self, inside: Inside, place: str, line: str, view: CameraView, fact: Observation[CrowdFlow], grade: str
    ) -> Finding:
        kind = self.settings.kind
        evidence, inside.recent, inside.told, inside.told_at = tuple(inside.recent), [], grade, fact.at
        return Finding(
            id=derived_id("f", kind, place, inside.since),
            at=fact.at,
            origin=fact.origin,
            kind=kind,
            subject=place,
            because=f"{inside.people} people in {place} by the counters at its gates, "
            f"{inside.permitted} are permitted.",
            evidence=evidence or (fact.id,),
            source=fact.source,
            detector=kind,
            grade=grade,
            place=place_of(view, fact, line),
            since=inside.since,
            measure=float(inside.people),
            unit="persons",
        )
