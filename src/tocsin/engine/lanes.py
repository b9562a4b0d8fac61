"""Counts what screening lanes say, and what people found out about their alarms."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, field

from tocsin.contract.screening_lanes import KIND, Lane, LaneCount, is_look, lane_of
from tocsin.model import Finding, Incident, Observation, Verdict

LANES_MAX = 1_000
"""Most lanes that are counted; what comes of others is in the log."""

FINDINGS_MAX = 10_000
"""Most findings of one lane that are told apart; older ones may count again."""


class Tally(Struct, kw_only=True):
    """What one lane said so far. `found` counts its findings; `findings` are their newest ids: a repeat counts once."""

    since: float
    last_at: float
    count: LaneCount = field(default_factory=LaneCount)
    found: int = 0
    findings: dict[str, None] = field(default_factory=dict)


class Lanes:
    """Told of facts by the engine's thread. A lane that tells no looks has its findings for alarms."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}

    def observed(self, fact: Observation[Any]) -> str:
        """Count a look, where the observation is one; gives the lane's count in words, else nothing."""
        if not is_look(fact.body) or (tally := self._tally(fact.source, fact.at)) is None:
            return ""
        tally.count.take(fact.body, rings=fact.body.alarm)
        return tally.count.worded()

    def told(self, fact: Finding) -> None:
        """Count a finding of a lane once."""
        if fact.kind != KIND and not fact.kind.startswith(f"{KIND}."):
            return
        tally = self._tally(fact.source, fact.at)
        if tally is not None and fact.id not in tally.findings:
            tally.found += 1
            tally.findings[fact.id] = None
            if len(tally.findings) > FINDINGS_MAX:
                del tally.findings[next(iter(tally.findings))]

    def rows(self, incidents: Iterable[Incident], name_of: Callable[[str], str]) -> list[Lane]:
        """Every lane with what second looks and the verdicts on these incidents say, by name."""
        verdicts = Counter(judged for one in incidents for judged in _judged(one))
        lanes = [self._row(source, name_of(source), verdicts) for source in list(self._tallies)]
        return sorted(lanes, key=lambda lane: (lane.name, lane.id))

    def _row(self, source: str, name: str, verdicts: Counter[tuple[str, bool]]) -> Lane:
        tally, count = self._tallies[source], self._tallies[source].count
        counted = (
            count.alarms if count.items else tally.found,
            count.cleared + verdicts[source, False],
            count.confirmed + verdicts[source, True],
        )
        return lane_of(source, name, (tally.since, tally.last_at), counted, count.items or None)

    def _tally(self, source: str, at: float) -> Tally | None:
        tally = self._tallies.get(source)
        if tally is None and len(self._tallies) < LANES_MAX:
            tally = self._tallies[source] = Tally(since=at, last_at=at)
        if tally is not None:
            tally.since, tally.last_at = min(tally.since, at), max(tally.last_at, at)
        return tally


def _judged(incident: Incident) -> list[tuple[str, bool]]:
    """Each alarm of a lane in an incident with a verdict: the lane, and whether it was right."""
    if incident.verdict is None or incident.verdict is Verdict.UNKNOWN:
        return []
    right = incident.verdict is Verdict.TRUE
    parts = {part.id: part for stage in incident.stages for part in stage.contributions}
    return [(part.source, right) for part in parts.values() if part.detector.startswith(KIND)]
