"""`tocsin evaluate scenarios`: every scenario, several seeds, scored against what really happened."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

from tocsin.contract.resources import content_folder
from tocsin.model import ConfigError, Finding, Incident, Place, Priority, Ring, distance_m
from tocsin.sim.score import EARLY_S, LATE_S, NEAR_M, Case, cases_of, matched, score_all
from tocsin.sim.truth import Truth
from tocsin.suites import Order, Rehearsed, Report, Verb, Workshop

FLOOD = 10
"""More alarms than this in ten minutes are a flood (IEC 62682)."""

FLOOD_S = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario with one seed: what was true, the incidents in all revisions, the findings once each.

    `located` are the findings that drew a region around a source, as often as they were told.
    """

    truth: Truth
    incidents: tuple[Incident, ...]
    findings: tuple[Finding, ...]
    located: tuple[Finding, ...] = ()

    @property
    def cases(self) -> list[Case]:
        """Top-level incidents."""
        return cases_of(self.incidents)

    @property
    def scored(self) -> dict[str, float]:
        """The metrics of this run alone."""
        return score_all([(self.truth, self.incidents)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenarios:
    """Score every scenario of a folder (`data`; by default those that ship) with every seed.

    The criteria of the three named scenarios are metrics of their own: alarms on quiet days,
    priority 0 on look-alikes, and of the attack the shares that became one incident, began
    as a network attack, were told in time and placed well. The peer turns every finding into
    an alarm of its own, as separate systems do.
    """

    kind: ClassVar[str] = "scenarios"
    verb: ClassVar[Verb] = "evaluate"

    quiet: str = "quiet-day"
    look_alike: str = "harmless-look-alike"
    attack: str = "chlorine-at-the-station"
    source: str = "radiation-in-the-crowd"
    bag: str = "bag-with-explosives"
    within_s: float = 60.0
    within_m: float = 100.0
    source_s: float = 120.0
    source_m: float = 50.0

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Rehearse all and score; raises ConfigError for a folder without scenarios."""
        seeds = order.seeds or (2001, 2002, 2003, 2004, 2005)
        folder = order.data or content_folder() / "scenarios"
        runs = [self._run(path, seed, order, workshop) for path, seed in product(_scenarios(folder), seeds)]
        return Report(
            suite=self.kind,
            command=order.command,
            data=folder.name if order.data is None else str(order.data),
            seed=seeds,
            metrics={**_scores(runs), **_load(runs), **self._criteria(runs)},
            peers={"one alarm per finding": _peer(runs)},
            detail={"scenarios": _per_scenario(runs), "runs": list(map(_row, runs))},
        )

    def _run(self, path: Path, seed: int, order: Order, workshop: Workshop) -> Run:
        with workshop.rehearse(path, seed) as done:
            incidents = tuple(fact for fact in done.concluded if isinstance(fact, Incident))
            run = Run(done.truth, incidents, _once(done), tuple(filter(_locates, _findings(done))))
        order.say(f"{path.stem} {seed}: {len(run.cases)} incidents of {len(run.findings)} findings")
        return run

    def _criteria(self, runs: Sequence[Run]) -> dict[str, float]:
        """What the founding promises say, each as one number; left out where its scenario did not run."""
        asked = (
            (self.quiet, _quiet),
            (self.look_alike, _look_alike),
            (self.attack, self._attack),
            (self.source, self._source),
            (self.bag, self._bag),
        )
        own = _by_scenario(runs)
        found: dict[str, float] = {}
        for name, criteria in asked:
            if name in own:
                found |= criteria(own[name])
        return found

    def _attack(self, runs: Sequence[Run]) -> dict[str, float]:
        return {
            "chlorine_one_incident": _share(len(run.cases) == 1 for run in runs),
            "chlorine_cyber_first": _share(any(map(_cyber_first, run.cases)) for run in runs),
            "chlorine_within_60s": _share(_within(run, "time_to_incident_p90_s", self.within_s) for run in runs),
            "chlorine_within_100m": _share(_within(run, "location_error_m", self.within_m) for run in runs),
            "chlorine_source_within_50m": _share(_source_error_m(run, self.source_s) <= self.source_m for run in runs),
        }

    def _source(self, runs: Sequence[Run]) -> dict[str, float]:
        errors = sorted(error for run in runs for error in path_errors_m(run))
        far = {"radiation_path_error_m": errors[len(errors) // 2]} if errors else {}
        return far | {
            "radiation_one_incident": _share(len(run.cases) == 1 for run in runs),
            "radiation_within_30s": _share(_within(run, "time_to_incident_p90_s", 30.0) for run in runs),
            "radiation_nuclide_named": _share(map(_is_named, runs)),
        }

    def _bag(self, runs: Sequence[Run]) -> dict[str, float]:
        return {
            "bag_one_incident": _share(len(run.cases) == 1 for run in runs),
            "bag_within_60s": _share(_told_within(run, self.within_s) for run in runs),
        }


def _told_within(run: Run, most_s: float) -> bool:
    """Whether every event that a sensor could notice was told so soon after; an incident may need no revision."""
    pairs = [(match.event.noticeable_at, match.case) for match in matched(run.truth, run.cases)]
    noticed = [(at, case) for at, case in pairs if at is not None]
    return all(case is not None and case.revisions[0].at - at <= most_s for at, case in noticed)


def path_errors_m(run: Run) -> list[float]:
    """How far each point of the way that was told lies from the true way, metres."""
    true = [Place(lon=lon, lat=lat) for event in run.truth.events for _, lon, lat in event.path]
    told = (point for case in run.cases for ring in _paths(case) for point in ring)
    return [min(distance_m(Place(lon=lon, lat=lat), one) for one in true) for lon, lat in told if true]


def _paths(case: Case) -> Iterable[Ring]:
    parts = (part for stage in case.last.stages for part in stage.contributions)
    return (ring for part in parts for extent in part.extents if extent.kind == "path" for ring in extent.rings)


def _is_named(run: Run) -> bool:
    """Whether what was carried was named by a finding."""
    names = {name for event in run.truth.events for name in event.names}
    return any(name in finding.subject for finding in run.findings for name in names)


def _quiet(runs: Sequence[Run]) -> dict[str, float]:
    return {"quiet_day_alarms": sum(len(run.cases) for run in runs)}


def _look_alike(runs: Sequence[Run]) -> dict[str, float]:
    return {"look_alike_p0": sum(_urgency(case) == Priority.LIFE for run in runs for case in run.cases)}


def _scenarios(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.yaml")) if folder.is_dir() else [folder]
    if not paths:
        raise ConfigError(f"{folder} holds no scenario (*.yaml): name another folder, or leave --data out.")
    return paths


def _findings(done: Rehearsed) -> list[Finding]:
    return [fact for fact in done.concluded if isinstance(fact, Finding)]


def _once(done: Rehearsed) -> tuple[Finding, ...]:
    """Each finding as it was first told: repeats extend its evidence and are no new alarm."""
    found: dict[str, Finding] = {}
    for finding in _findings(done):
        found.setdefault(finding.id, finding)
    return tuple(found.values())


def _locates(finding: Finding) -> bool:
    return finding.place is not None and any(extent.kind == "region" for extent in finding.extents)


def _source_error_m(run: Run, after_s: float) -> float:
    """How far off a source was placed so long after it began (the worst of the run; inf: it was not placed)."""
    errors = [0.0 if run.truth.events else float("inf")]
    for event in run.truth.events:
        told = [one for one in run.located if event.at <= one.at <= event.at + after_s]
        place = max(told, key=lambda one: one.at).place if told else None
        errors.append(float("inf") if place is None else distance_m(place, event.place))
    return max(errors)


def _urgency(case: Case) -> Priority:
    return min(revision.priority for revision in case.revisions)


def _cyber_first(case: Case) -> bool:
    """Whether it rose as a network attack, and the gas joined it under that id."""
    hazards = [{stage.hazard for stage in revision.stages} for revision in (case.revisions[0], case.last)]
    return hazards[0] == {"cyber"} and "toxic" in hazards[1] and case.last.stages[0].hazard == "cyber"


def _within(run: Run, metric: str, most: float) -> bool:
    """Whether the run has that metric (an event that was not found has none) and it is small enough."""
    return run.scored.get(metric, float("inf")) <= most


def _share(rows: Iterable[bool]) -> float:
    counts = Counter(rows)
    return counts[True] / counts.total()


def _load(runs: Sequence[Run]) -> dict[str, float]:
    """How often the screen was flooded."""
    return {"flood_share": _floods((run.truth, [case.revisions[0].at for case in run.cases]) for run in runs)}


def _peer(runs: Sequence[Run]) -> dict[str, float]:
    """What an operator would face were every finding an alarm; near in time and place counts as right."""
    hours = sum(run.truth.hours for run in runs)
    judged = [near for run in runs for near in _judged(run)]
    return {
        "incidents": len(judged),
        "alarms_per_operator_hour": len(judged) / hours,
        "precision": _share(judged) if judged else 1.0,
        "flood_share": _floods((run.truth, _times(run)) for run in runs),
    }


def _judged(run: Run) -> list[bool]:
    return [_near(run.truth, finding) for finding in run.findings]


def _times(run: Run) -> list[float]:
    return [finding.at for finding in run.findings]


def _near(truth: Truth, finding: Finding) -> bool:
    return any(
        event.at - EARLY_S <= finding.at <= event.until + LATE_S
        and (finding.place is None or distance_m(finding.place, event.place) <= NEAR_M)
        for event in truth.events
    )


def _floods(rows: Iterable[tuple[Truth, Sequence[float]]]) -> float:
    """The share of all ten-minute periods with more than FLOOD alarms."""
    floods = periods = 0
    for truth, times in rows:
        per_period = Counter(int((at - truth.start) // FLOOD_S) for at in times)
        floods += sum(count > FLOOD for count in per_period.values())
        periods += max(1, round((truth.end - truth.start) / FLOOD_S))
    return floods / periods


def _per_scenario(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    return {name: _scores(group) for name, group in _by_scenario(runs).items()}


def _by_scenario(runs: Sequence[Run]) -> dict[str, list[Run]]:
    own: dict[str, list[Run]] = {}
    for run in runs:
        own.setdefault(run.truth.scenario, []).append(run)
    return own


def _scores(runs: Sequence[Run]) -> dict[str, float]:
    return score_all([(run.truth, run.incidents) for run in runs])


def _finite(value: float) -> float | None:
    return round(value, 1) if value < float("inf") else None


def _row(run: Run) -> dict[str, Any]:
    """One run as it can be looked into."""
    return {
        "scenario": run.truth.scenario,
        "seed": run.truth.seed,
        "findings": len(run.findings),
        "source_error_m": _finite(_source_error_m(run, 120.0)),
        "metrics": run.scored,
        "incidents": [
            {
                "id": case.last.id,
                "title": case.last.title,
                "priority": int(_urgency(case)),
                "score": case.last.score,
                "rose_after_s": round(case.revisions[0].at - run.truth.start, 1),
                "revisions": len(case.revisions),
                "stages": [stage.hazard for stage in case.last.stages],
            }
            for case in run.cases
        ],
    }
