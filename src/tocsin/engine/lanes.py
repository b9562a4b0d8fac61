"""Counts what screening lanes say, and what people found out about their alarms."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, field

from tocsin.contract.screening_lanes import KIND, Lane, ScreeningLook, is_look, lane_of, worded
from tocsin.model import Finding, Incident, Observation, Verdict

LANES_MAX = 1_000
"""Most lanes that are counted; what comes of others is in the log."""

FINDINGS_MAX = 10_000
"""Most findings of one lane that are told apart; older ones may count again."""


ITEMS_MAX = 1_000
"""Most items of one lane whose second look is awaited; that of an older one is not counted."""


class Tally(Struct, kw_only=True):
    """What one lane said so far. `item` is the last, `waiting` are those that rang and were not looked at again.

    `found` counts its findings; `findings` are their newest ids: a repeat counts once.
    """

    since: float
    last_at: float
    screened: int = 0
    alarms: int = 0
    resolved: int = 0
    confirmed: int = 0
    item: str = ""
    waiting: dict[str, None] = field(default_factory=dict)
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
        _count(tally, fact.body)
        return worded(self._row(fact.source, fact.source, Counter()))

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
        tally = self._tallies[source]
        counted = (
            tally.alarms if tally.screened else tally.found,
            tally.resolved + verdicts[source, False],
            tally.confirmed + verdicts[source, True],
        )
        return lane_of(source, name, (tally.since, tally.last_at), counted, tally.screened or None)

    def _tally(self, source: str, at: float) -> Tally | None:
        tally = self._tallies.get(source)
        if tally is None and len(self._tallies) < LANES_MAX:
            tally = self._tallies[source] = Tally(since=at, last_at=at)
        if tally is not None:
            tally.since, tally.last_at = min(tally.since, at), max(tally.last_at, at)
        return tally


def _count(tally: Tally, seen: ScreeningLook) -> None:
    """Several devices at one item are one item. A second look counts for an item that rang, an unnamed one for any."""
    if seen.look <= 1:
        tally.screened += not seen.item or seen.item != tally.item
        tally.item = seen.item
        if seen.alarm and seen.item not in tally.waiting:
            tally.alarms += 1
            _await(tally, seen.item)
    elif not seen.item or seen.item in tally.waiting:
        tally.waiting.pop(seen.item, None)
        tally.confirmed += seen.alarm
        tally.resolved += not seen.alarm


def _await(tally: Tally, item: str) -> None:
    if item:
        tally.waiting[item] = None
    if len(tally.waiting) > ITEMS_MAX:
        del tally.waiting[next(iter(tally.waiting))]


def _judged(incident: Incident) -> list[tuple[str, bool]]:
    """Each alarm of a lane in an incident with a verdict: the lane, and whether it was right."""
    if incident.verdict is None or incident.verdict is Verdict.UNKNOWN:
        return []
    right = incident.verdict is Verdict.TRUE
    parts = {part.id: part for stage in incident.stages for part in stage.contributions}
    return [(part.source, right) for part in parts.values() if part.detector.startswith(KIND)]
