"""Scoring: what was made of a simulated run, against what really happened."""

from collections.abc import Sequence
from itertools import groupby
from math import ceil
from typing import NamedTuple

from tocsin.model import Incident, Level, Place, Priority, distance_m
from tocsin.sim.truth import Truth, TruthEvent

NEAR_M = 500.0
"""An incident within this distance of an event may be about it."""

EARLY_S = 300.0
LATE_S = 1800.0
"""How long before the begin and after the end of an event an incident about it may rise."""

BINS = 10


class Case(NamedTuple):
    """All revisions of one incident, the first one first."""

    revisions: tuple[Incident, ...]

    @property
    def last(self) -> Incident:
        """As it stands in the end."""
        return self.revisions[-1]

    @property
    def urgent(self) -> bool:
        """Whether it ever was of priority 0 or 1."""
        return min(revision.priority for revision in self.revisions) <= Priority.HIGH


class Match(NamedTuple):
    """An event and the incident about it, if any."""

    event: TruthEvent
    case: Case | None


def score(truth: Truth, incidents: Sequence[Incident]) -> dict[str, float]:
    """Metrics of one run; `incidents` are all revisions, or only the last ones (then without times to rise).

    `recall` events found · `precision_p01` incidents that ever had priority 0 or 1 and are
    about an event (1 where there were none) · `alarms_per_operator_hour` top-level incidents
    per hour · `time_to_incident_p90_s` from the first sensor reached to an incident that names
    the hazard · `location_error_m` median distance of its last place · `ece` expected
    calibration error of the score · `intrusion_ratio` what was looked at, as a share of
    watching everybody in the clear · `incidents` top-level incidents · `as_expected` 1 where
    number and priority are as the scenario expects. A metric that cannot be known is left out.
    """
    return score_all([(truth, incidents)])


def score_all(runs: Sequence[tuple[Truth, Sequence[Incident]]]) -> dict[str, float]:
    """The same metrics over several runs together."""
    cases = [(truth, cases_of(incidents)) for truth, incidents in runs]
    matches = [match for truth, own in cases for match in matched(truth, own)]
    judged = [(case, _true(truth, case)) for truth, own in cases for case in own]
    hours = sum(truth.hours for truth, _ in cases)
    found = {
        "scenarios": float(len(runs)),
        "recall": _share([match.case is not None for match in matches]),
        "precision_p01": _share([true for case, true in judged if case.urgent]),
        "alarms_per_operator_hour": len(judged) / hours if hours else None,
        "time_to_incident_p90_s": _quantile(sorted(_delays(matches)), 0.9),
        "location_error_m": _quantile(sorted(_distances(matches)), 0.5),
        "ece": _calibration_error([(case.last.score, true) for case, true in judged]),
        "intrusion_ratio": _intrusion(cases),
        "incidents": float(len(judged)),
        "as_expected": _share([as_expected(truth, own) for truth, own in cases]),
    }
    return {name: value for name, value in found.items() if value is not None}


def cases_of(incidents: Sequence[Incident]) -> list[Case]:
    """Top-level incidents with their revisions; those merged into another one are left out."""
    ordered = sorted(incidents, key=lambda incident: (incident.id, incident.rev))
    groups = (Case(tuple(rows)) for _, rows in groupby(ordered, key=lambda incident: incident.id))
    return sorted((case for case in groups if not case.last.merged_into), key=lambda case: case.last.since)


def matched(truth: Truth, cases: Sequence[Case]) -> list[Match]:
    """For every event the first incident that names its hazard, near in time and place."""
    return [Match(event, next((case for case in cases if _about(event, case)), None)) for event in truth.events]


def as_expected(truth: Truth, cases: Sequence[Case]) -> bool:
    """Whether number and highest priority of the incidents are as the scenario expects."""
    wanted = truth.expected
    highest = min((revision.priority for case in cases for revision in case.revisions), default=Priority.LOW)
    return wanted.incidents_min <= len(cases) <= wanted.incidents_max and highest >= wanted.priority_min


def _about(event: TruthEvent, case: Case) -> bool:
    return any(_names(event, event.hazard, revision) for revision in case.revisions)


def _true(truth: Truth, case: Case) -> bool:
    """Whether an incident is about any part of any event, be it an early stage."""
    return any(
        _names(event, hazard, revision)
        for event in truth.events
        for hazard in (event.hazard, *(stage.hazard for stage in event.stages))
        for revision in case.revisions
    )


def _names(event: TruthEvent, hazard: str, incident: Incident) -> bool:
    begin = min((event.at, *(stage.at for stage in event.stages)))
    in_time = begin - EARLY_S <= incident.since <= event.until + LATE_S
    places = [stage.place or incident.place for stage in incident.stages if stage.hazard == hazard]
    return in_time and any(place is None or distance_m(place, event.place) <= NEAR_M for place in places)


def _delays(matches: Sequence[Match]) -> list[float]:
    found = []
    for event, case in matches:
        noticeable = event.noticeable_at
        if case is not None and noticeable is not None and len(case.revisions) > 1:
            risen = next(r.at for r in case.revisions if _names(event, event.hazard, r))
            found.append(max(0.0, risen - noticeable))
    return found


def _distances(matches: Sequence[Match]) -> list[float]:
    places = ((event, _place(event, case)) for event, case in matches if case is not None)
    return [distance_m(place, event.place) for event, place in places if place is not None]


def _place(event: TruthEvent, case: Case) -> Place | None:
    own = (stage.place for stage in case.last.stages if stage.hazard == event.hazard)
    return next((place for place in own if place is not None), case.last.place)


def _intrusion(cases: Sequence[tuple[Truth, Sequence[Case]]]) -> float | None:
    everything = sum(truth.person_seconds for truth, _ in cases) * Level.CLEAR
    spent = sum(case.last.cost for _, own in cases for case in own)
    return spent / everything if everything else None


def _share(rows: Sequence[bool]) -> float:
    return sum(rows) / len(rows) if rows else 1.0


def _quantile(rows: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of the sorted rows does not exceed."""
    return rows[max(0, ceil(share * len(rows)) - 1)] if rows else None


def _calibration_error(rows: Sequence[tuple[float, bool]]) -> float | None:
    """Expected calibration error over ten equal bins (Naeini et al. 2015)."""
    if not rows:
        return None
    bins: dict[int, list[tuple[float, bool]]] = {}
    for probability, true in rows:
        bins.setdefault(min(BINS - 1, int(probability * BINS)), []).append((probability, true))
    return sum(map(_gap, bins.values())) / len(rows)


def _gap(rows: Sequence[tuple[float, bool]]) -> float:
    """How far what was expected is from what came, counted."""
    return abs(sum(p for p, _ in rows) - sum(true for _, true in rows))
