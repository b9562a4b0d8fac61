"""What a run over one capture found, held against what is known of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from statistics import median
from typing import Any

from tocsin.contract.bodies import LogEvents
from tocsin.model import Fact, Finding, Incident, IncidentState, Observation, Stage
from tocsin.model.wire import unsealed
from tocsin.suites.network_incidents.labels import Judged

_ENDS = (("id.orig_h", "id.resp_h"), ("src_ip", "dest_ip"), ("orig_h", "resp_h"))
"""Names of the two ends of a row: Zeek's connections, EVE, ARP."""


@dataclass(slots=True)
class Seen:
    """What was observed: who began each row that evidence may cite, and when each host first began something."""

    beginner: dict[str, str] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)

    def take(self, facts: Iterable[Fact]) -> "Seen":
        """Take in all observations of log rows."""
        for fact in facts:
            opened = unsealed(fact)
            if isinstance(opened, Observation) and isinstance(opened.body, LogEvents):
                for offset, row in zip(opened.body.offsets, opened.body.rows, strict=False):
                    self._row(f"{opened.id}+{offset}", row)
        return self

    def _row(self, evidence: str, row: Mapping[str, Any]) -> None:
        ends = next(((row[a], row.get(b)) for a, b in _ENDS if isinstance(row.get(a), str)), None)
        if ends is None:
            return
        source, at = str(ends[0]), float(row.get("at", 0.0))
        self.beginner[evidence] = source
        self.first[source] = min(at, self.first.get(source, at))
        self.hosts.update(host for host in ends if isinstance(host, str))


@dataclass(slots=True)
class Concluded:
    """What was concluded: findings with all their evidence, incidents at their newest revision, when each rose."""

    findings: dict[str, Finding] = field(default_factory=dict)
    evidence: dict[str, dict[str, None]] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    rose: dict[str, float] = field(default_factory=dict)
    revisions: int = 0

    def take(self, fact: Fact) -> None:
        """Take in one fact of the flow."""
        match fact:
            case Finding():
                self.findings[fact.id] = fact
                self.evidence.setdefault(fact.id, {}).update(dict.fromkeys(fact.evidence))
            case Incident():
                self.incidents[fact.id] = fact
                self.rose.setdefault(fact.id, fact.at)
                self.revisions += 1

    @property
    def standing(self) -> list[Incident]:
        """Incidents that were not merged into others."""
        return [one for one in self.incidents.values() if one.state is not IncidentState.MERGED]


@dataclass(frozen=True, slots=True)
class Run:
    """One capture through the whole flow."""

    name: str
    truth: Judged
    seen: Seen
    concluded: Concluded
    lines: int
    rejected: int
    wall_s: float
    passed_over: tuple[str, ...] = ()

    @property
    def found(self) -> set[str]:
        """Labelled attackers that an incident holds."""
        return set(self.truth.attackers) & self._held()

    @property
    def falsely_accused(self) -> set[str]:
        """Hosts of the capture that attack nobody and that an incident accuses."""
        return {host for host in self._held() & self.seen.hosts if self.truth.is_harmless(host)}

    @property
    def is_named(self) -> bool:
        """Whether an incident calls the attack what it is."""
        said = (f"{one.title} {one.sentence}".lower() for one in self.concluded.standing)
        return any(self.truth.named.lower() in text for text in said)

    @property
    def first_alarm_s(self) -> float | None:
        """From an attacker's first act to the first incident that holds one; None where there is none."""
        rose = [self._rose(one) for one in self.concluded.standing if self.accused(one) & set(self.truth.attackers)]
        began = self._began()
        return max(0.0, min(rose) - began) if rose and began is not None else None

    def _began(self) -> float | None:
        """When an attacker first acted: as the truth says, else as was seen."""
        times = (self.seen.first.get(host) if at is None else at for host, at in self.truth.attackers.items())
        return min((at for at in times if at is not None), default=None)

    def _rose(self, incident: Incident) -> float:
        """When it was first told, or one that became part of it."""
        merged = [one.id for one in self.concluded.incidents.values() if one.merged_into == incident.id]
        return min(self.concluded.rose[name] for name in (incident.id, *merged))

    def _held(self) -> set[str]:
        return {host for one in self.concluded.standing for host in self.accused(one)}

    def accused(self, incident: Incident) -> set[str]:
        """Who is accused: the actors it names, and beyond the first of many those that began what it cites."""
        return {host for stage in incident.stages for host in self._of_stage(stage)}

    def _of_stage(self, stage: Stage) -> Iterator[str]:
        yield from stage.actors
        found = (self.concluded.findings.get(part.id) for part in stage.contributions)
        for finding in filter(None, found):
            if not set(finding.actors).isdisjoint(stage.actors):
                yield from self._cited(finding) - ({*finding.targets, finding.subject} - set(finding.actors))

    def _cited(self, finding: Finding) -> set[str]:
        """Who began what a finding cites, as far as rows say who begins them."""
        return {self.seen.beginner[name] for name in self.concluded.evidence[finding.id] if name in self.seen.beginner}


_NOTHING = Run(
    name="",
    truth=Judged(attackers={}, harmless=frozenset(), spared=frozenset(), named="", source=""),
    seen=Seen(),
    concluded=Concluded(),
    lines=0,
    rejected=0,
    wall_s=0.0,
)
"""A capture of nothing: it names what is counted."""


def metrics(runs: Sequence[Run]) -> dict[str, float]:
    """The numbers of all captures together."""
    rows = [_numbers(run) for run in runs]
    totals = {name: sum(row[name] for row in rows) for name in _numbers(_NOTHING)}
    most = max((row["incidents"] for row in rows), default=0)
    return {**totals, "incidents_per_capture_max": most, **_times(runs), **_names(runs)}


def _numbers(run: Run) -> dict[str, float]:
    """What is counted of one capture."""
    return {
        "captures": 1,
        "captures_with_attackers": bool(run.truth.attackers),
        "attackers": len(run.truth.attackers),
        "attackers_found": len(run.found),
        "benign_accused": len(run.falsely_accused),
        "incidents": len(run.concluded.standing),
        "lines": run.lines,
        "rejected": run.rejected,
    }


def _times(runs: Sequence[Run]) -> dict[str, float]:
    told = [run.first_alarm_s for run in runs if run.truth.attackers]
    known = [delay for delay in told if delay is not None]
    return {"time_to_first_alarm_s": median(known), "time_to_first_alarm_max_s": max(known)} if known else {}


def _names(runs: Sequence[Run]) -> dict[str, float]:
    named = [run.is_named for run in runs if run.truth.named]
    return {"named_of": len(named), "named": sum(named)} if named else {}


def peer(runs: Sequence[Run]) -> dict[str, float]:
    """The same findings without fusion: an incident for each finding that accuses, per pair of hosts."""
    per_run = [len(set(_pairs(run))) for run in runs]
    rows = [(run, {actor for _, actor, _ in _pairs(run)} & run.seen.hosts) for run in runs]
    return {
        "incidents": sum(per_run),
        "incidents_per_capture_max": max(per_run, default=0),
        "attackers_found": sum(len(set(run.truth.attackers) & hosts) for run, hosts in rows),
        "benign_accused": sum(sum(map(run.truth.is_harmless, hosts)) for run, hosts in rows),
    }


def _pairs(run: Run) -> Iterator[tuple[str, str, str]]:
    for finding in run.concluded.findings.values():
        for actor in finding.actors:
            for target in finding.targets or (finding.subject,):
                yield finding.kind, actor, target


def row(run: Run) -> dict[str, Any]:
    """One capture as it can be looked into."""
    return {
        "capture": run.name,
        "labels": run.truth.source,
        "lines": run.lines,
        "rejected": run.rejected,
        "hosts": len(run.seen.hosts),
        "passed_over": run.passed_over,
        "attackers": len(run.truth.attackers),
        "attackers_found": len(run.found),
        "missed": sorted(set(run.truth.attackers) - run.found)[:20],
        "falsely_accused": sorted(run.falsely_accused)[:20],
        "named": run.is_named if run.truth.named else None,
        "first_alarm_s": run.first_alarm_s,
        "findings": _by_kind(run.concluded.findings.values()),
        "revisions": run.concluded.revisions,
        "wall_s": round(run.wall_s, 2),
        "incidents": [_incident(one, run) for one in run.concluded.standing],
    }


def _by_kind(findings: Iterable[Finding]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for finding in findings:
        name = f"{finding.kind}/{finding.grade}"
        counts[name] = counts.get(name, 0) + 1
    return counts


def _incident(incident: Incident, run: Run) -> dict[str, Any]:
    parts = [part for stage in incident.stages for part in stage.contributions if part.role == "for"]
    actors, targets, steps = zip(
        *((stage.actors, stage.targets, stage.reached) for stage in incident.stages), strict=True
    )
    return {
        "id": incident.id,
        "title": incident.title,
        "sentence": incident.sentence,
        "priority": int(incident.priority),
        "score": incident.score,
        "state": str(incident.state),
        "attackers": sorted(set(chain(*actors)))[:20],
        "attackers_cited": len(run.accused(incident)),
        "victims": sorted(set(chain(*targets)))[:20],
        "kinds": sorted({part.detector for part in parts}),
        "steps": [step.name for step in chain(*steps)],
        "evidence": sum(len(part.evidence) for part in parts),
    }
