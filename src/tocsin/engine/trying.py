"""What an analytic would have said: one detector over the last hours of one camera, with a set-up not yet in force."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tocsin.city.cameras import Camera
from tocsin.contract.folding import Folding
from tocsin.contract.resources import Resources
from tocsin.contract.walk import start
from tocsin.engine.graph import Graph
from tocsin.engine.setting_up import about_cameras
from tocsin.model import Fact, Finding, NotFound, Observation, Tick
from tocsin.model.wire import unsealed
from tocsin.store.log import EventLog

HOURS_MAX = 72.0
FACTS_MAX = 400_000
"""Most facts of the log that one try looks through, the newest."""

TOLD_MAX = 200
"""Most findings told one by one; all are counted."""


class Trial(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A set-up to try, the analytic that is asked about, and over how many hours."""

    camera: Camera
    kind: Annotated[str, Meta(max_length=100)]
    hours: Annotated[float, Meta(gt=0, le=HOURS_MAX)] = 24.0


class Said(Struct, frozen=True, kw_only=True):
    """One finding as it would have been told."""

    at: float
    because: str
    grade: str
    subject: str


class Tried(Struct, frozen=True, kw_only=True):
    """What came of a try: `seen` observations over `hours`, and how often the analytic would have rung."""

    kind: str
    source: str
    hours: float
    seen: int
    findings: int
    said: tuple[Said, ...]


def tried(graph: Graph, log: EventLog, resources: Resources, source: str, trial: Trial) -> Tried:
    """Fold the camera's kept observations of the last hours; changes nothing. Raises NotFound for no such analytic."""
    found = (node.member for node in graph.nodes if node.name == trial.kind and about_cameras(node.member))
    member, city = next(found, None), resources.city
    if member is None or city is None or source not in city.sensors:
        raise NotFound(f"There is no analytic {trial.kind!r} for a camera {source!r}: /api/cameras lists both.")
    camera = trial.camera
    camera = msgspec.structs.replace(camera, analytics=tuple(dict.fromkeys((*camera.analytics, trial.kind))))
    placed = city.with_sensor(msgspec.structs.replace(city.sensors[source], camera=camera))
    running = Folding(start(member, replace(resources, city=placed)), member.key)
    facts = list(_facts(log, source, trial.hours))
    findings = {one.id: one for one in reversed(_findings(member, running, facts))}
    told = [Said(at=one.at, because=one.because, grade=one.grade, subject=one.subject) for one in findings.values()]
    seen = [fact.at for fact in facts if isinstance(fact, Observation)]
    return Tried(
        kind=trial.kind,
        source=source,
        hours=round((max(seen) - min(seen)) / 3600.0, 3) if seen else 0.0,
        seen=len(seen),
        findings=len(findings),
        said=tuple(sorted(told, key=lambda one: one.at)[:TOLD_MAX]),
    )


def _findings(member: Any, running: Folding, facts: Sequence[Fact]) -> list[Finding]:  # noqa: ANN401  # members are open
    """All that it says of these facts, repeats too."""
    taken = [fact for fact in facts if isinstance(fact, Tick) or type(getattr(fact, "body", None)) in member.accepts]
    return [said for fact in taken for said in running.feed(fact) if isinstance(said, Finding)]


def _facts(log: EventLog, source: str, hours: float) -> Iterator[Fact]:
    """The camera's observations and the ticks between them, of the last hours that the log holds."""
    kept = [fact for fact in log.read(after=max(0, log.last_pos - FACTS_MAX)) if _concerns(fact, source)]
    newest = max((fact.at for fact in kept), default=0.0)
    yield from (unsealed(fact) for fact in kept if fact.at >= newest - 3600.0 * hours)


def _concerns(fact: Fact, source: str) -> bool:
    return isinstance(fact, Tick) or (isinstance(fact, Observation) and fact.source == source)
