"""Fusion: findings become hypotheses in log odds over space and time, hypotheses become few incidents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar
from zlib import crc32

from msgspec.msgpack import encode
from msgspec.structs import replace

from tocsin.city.context import City
from tocsin.contract.protocols import Key, by_city
from tocsin.contract.resources import Resources
from tocsin.fusion import associate, campaign, cases, relate, score, tell, trust
from tocsin.fusion.campaign import Ties
from tocsin.fusion.consequence import danger_now, priority_of
from tocsin.fusion.merge import merge
from tocsin.fusion.place import began, settled
from tocsin.fusion.state import Case, Hypothesis, Memory
from tocsin.fusion.tables import Hazard, Tables, tables_from
from tocsin.model import (
    Contribution,
    Decision,
    Fact,
    Finding,
    Health,
    Incident,
    IncidentState,
    Level,
    Priority,
    SourceState,
    Tick,
    derived_id,
)

RETELL_S_MAX = 300.0
"""All evidence is told at the latest after so long."""

EVIDENCE_PER_S = 20.0
"""So many pieces of evidence make mere growth wait one second longer."""

FEW = 20
"""Each piece of evidence is news while there are no more than this."""

STATE_VERBS = {
    "test": SourceState.TEST,
    "maintenance": SourceState.MAINTENANCE,
    "in-service": SourceState.IN_SERVICE,
    "accept": SourceState.IN_SERVICE,
}
"""Decisions about a source that change what its evidence counts."""


@dataclass(frozen=True, kw_only=True)
class Bayes:
    """Fuse findings into incidents by adding log-likelihood ratios to a prior, per event.

    Evidence joins the event that it is about: for networks by who acts, on whom and through which
    server (a campaign, whose parts merge once they are found to be one), by H3 cell, distance and
    floor for what happens in space. Contributions are a set keyed by
    finding id, capped per detector, faded once not renewed, discounted where the sensor itself
    is doubtful, and opposed by healthy sensors that see nothing. Related events become stages
    of one incident under the earlier id.

    Parameters
    ----------
    open_nats
        Log odds at which a hypothesis becomes an incident.
    close_nats
        Log odds below which an open one has returned to normal.
    review_s
        How often open hypotheses are weighed anew without new evidence.
    evidence_max
        Most evidence ids kept per finding; the rest are counted as left out.
    evidence_all_max
        Most evidence ids kept per hypothesis, all findings together.
    hypotheses_max
        Most hypotheses kept; beyond it the weakest that is no incident is shed and counted.

    >>> Bayes().open_nats
    0.0
    """

    kind: ClassVar[str] = "fusion.bayes"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Finding, Health, Decision)
    key: ClassVar[Key] = by_city
    reloads: ClassVar[tuple[str, ...]] = ("rules",)

    open_nats: float = 0.0
    close_nats: float = -2.0
    review_s: float = 10.0
    evidence_max: int = 5_000
    evidence_all_max: int = 20_000
    hypotheses_max: int = 10_000

    def start(self, resources: Resources) -> "Fusing":
        """Load the tables of hazards and relations and keep the city."""
        relations = resources.document("fusion/relations.yaml")["relations"]
        commons = resources.document("fusion/commons.yaml")["commons"]
        attack = resources.document("attack/attack.yaml")
        tables = tables_from(resources.document("fusion/hazards.yaml"), relations, attack, commons)
        return Fusing(self, tables, resources.city, resources.in_force, Ties(tables.commons, resources.city))


@dataclass(frozen=True)
class Fusing:
    """Bayes at work: its parameters, its tables, its city, and the digest of what is in force."""

    settings: Bayes
    tables: Tables
    city: City | None
    in_force: str
    ties: Ties

    def step(self, state: Memory | None, fact: Fact) -> tuple[Memory, Sequence[Fact]]:
        """Take one fact; give the incidents that it changed."""
        memory = state if state is not None else Memory()
        memory.at = max(memory.at, fact.at)
        match fact:
            case Finding():
                return memory, self._assimilate(memory, fact)
            case Health():
                memory.conditions[fact.source] = fact.condition
                return memory, ()
            case Decision():
                return memory, self._decided(memory, fact)
            case Tick():
                return memory, self._review(memory)
        return memory, ()

    def wake_at(self, state: Memory) -> float | None:
        """The next review, while anything is open or waiting."""
        return state.reviewed + self.settings.review_s if state.hypotheses else None

    def _assimilate(self, memory: Memory, finding: Finding) -> Sequence[Fact]:
        hazard = self.tables.hazard_of(finding)
        if hazard is None or finding.weight.nats <= 0:
            return ()
        owners = associate.owners(memory, finding, hazard, self.ties)
        hypothesis, merged = merge(memory, owners or [self._begin(memory, finding, hazard)])
        if hypothesis.finished:
            return ()
        if hazard.campaign:
            campaign.meet(memory, finding, hazard)
        self._hold(hypothesis, finding)
        hypothesis.place = settled(hypothesis, hazard, self.city)
        associate.remember(memory, hypothesis, finding, hazard, self.ties)
        changed = self._weigh(memory, hypothesis, finding.at)
        return self._told(memory, [*merged, *changed], roughly=True)

    def _begin(self, memory: Memory, finding: Finding, hazard: Hazard) -> Hypothesis:
        self._make_room(memory)
        hypothesis = Hypothesis(
            id=derived_id("hyp", hazard.name, finding.id),
            hazard=hazard.name,
            kind=finding.kind,
            origin=finding.origin,
            since=began(finding),
            last=finding.at,
        )
        memory.hypotheses[hypothesis.id] = hypothesis
        return hypothesis

    def _make_room(self, memory: Memory) -> None:
        if len(memory.hypotheses) < self.settings.hypotheses_max:
            return
        spare = [one for one in memory.hypotheses.values() if not one.incident]
        if spare:
            associate.forget(memory, min(spare, key=lambda one: (one.log_odds, one.id)))
            memory.shed += 1

    def _hold(self, hypothesis: Hypothesis, finding: Finding) -> None:
        """Take a finding in, or extend the one that it repeats: newest words, all evidence, highest measure."""
        known = hypothesis.held.get(finding.id, finding)
        before = len(hypothesis.held[finding.id].evidence) if finding.id in hypothesis.held else 0
        ids = tuple(dict.fromkeys((*known.evidence, *finding.evidence)))
        room = min(self.settings.evidence_max, self.settings.evidence_all_max - hypothesis.cited + before)
        hypothesis.left_out += max(0, len(ids) - room)
        hypothesis.cited += min(len(ids), room) - before
        newest = finding if finding.at >= known.at else known
        hypothesis.held[finding.id] = replace(
            finding,
            evidence=ids[:room],
            at=newest.at,
            measure=_highest(known.measure, finding.measure),
            extents=newest.extents,
            figures=newest.figures,
        )
        hypothesis.last = max(hypothesis.last, finding.at)
        hypothesis.since = min(hypothesis.since, began(finding))
        _extend(hypothesis.subjects, (finding.subject,))
        _extend(hypothesis.actors, finding.actors)
        self._reach(hypothesis, finding)

    def _reach(self, hypothesis: Hypothesis, finding: Finding) -> None:
        """Note which asset the finding is about, and the places of all that depends on it."""
        city = self.city
        asset = (city.assets.get(finding.subject) or city.asset_at(finding.subject)) if city is not None else None
        if city is None or asset is None or asset.id in hypothesis.assets:
            return
        _extend(hypothesis.assets, (asset.id,))
        known = [asset, *(city.assets[name] for name in asset.serves if name in city.assets)]
        hypothesis.reach.extend(one.place for one in known if one.place is not None)

    def _weigh(self, memory: Memory, hypothesis: Hypothesis, told_at: float | None = None) -> list[str]:
        """Score one hypothesis anew; open, join or return its incident. Gives the changed incident ids.

        What is told late (`told_at` lies before now) opens an incident where it would have done so in time.
        """
        hazard = self.tables.hazards[hypothesis.hazard]
        hypothesis.parts = self._parts(memory, hypothesis, hazard, memory.at)
        hypothesis.log_odds = score.log_odds(hypothesis.parts)
        hypothesis.priority = priority_of(hypothesis, hazard, self.city, memory.at)
        life = danger_now(hypothesis, hazard, memory.at)
        if hypothesis.open:
            hypothesis.open = life or hypothesis.log_odds >= self.settings.close_nats
        elif self._opens(memory, hypothesis, hazard, told_at, life=life):
            hypothesis.open = True
            self._enlist(memory, hypothesis)
        return [hypothesis.incident] if hypothesis.incident else []

    def _opens(
        self, memory: Memory, hypothesis: Hypothesis, hazard: Hazard, told_at: float | None, *, life: bool
    ) -> bool:
        """Whether what is held is enough for an incident, now or when it happened, and no other tells of it yet."""
        if all(map(hazard.is_event, hypothesis.held.values())):
            return False
        nats = hypothesis.log_odds
        if told_at is not None and told_at < memory.at:
            nats = max(nats, score.log_odds(self._parts(memory, hypothesis, hazard, told_at)))
        return (life or nats >= self.settings.open_nats) and not self._covered(memory, hypothesis, hazard)

    def _covered(self, memory: Memory, hypothesis: Hypothesis, hazard: Hazard) -> bool:
        """Whether open incidents of graver hazards already speak of all that this one is about."""
        if not hazard.yields_to:
            return False
        graver = (one.subjects for one in memory.hypotheses.values() if one.open and one.hazard in hazard.yields_to)
        return {*chain(*graver)}.issuperset(hypothesis.subjects)

    def _parts(self, memory: Memory, hypothesis: Hypothesis, hazard: Hazard, at: float) -> tuple[Contribution, ...]:
        return (
            score.prior(hypothesis, hazard),
            *score.supporting(hypothesis, hazard, at, trust.doubt_of(memory, hypothesis, hazard)),
            *relate.context(memory, hypothesis, self.tables.relations, at),
            *score.opposing(hypothesis, trust.unmoved(memory, hypothesis, self.city), hazard, at),
        )

    def _enlist(self, memory: Memory, hypothesis: Hypothesis) -> None:
        """Give an opened hypothesis its incident: that of a related earlier one, else a new one."""
        if hypothesis.incident:
            return
        joined = relate.incident_of(memory, hypothesis, self.tables.relations)
        fresh = Case(id=derived_id("inc", hypothesis.id), origin=hypothesis.origin, since=hypothesis.since)
        case = memory.cases.get(joined) or memory.cases.setdefault(fresh.id, fresh)
        hypothesis.incident = case.id
        case.stages.append(hypothesis.id)
        if case.state is not IncidentState.SHELVED or hypothesis.priority is Priority.LIFE:
            case.state = IncidentState.OPEN  # news about an acknowledged incident asks for a second look

    def _decided(self, memory: Memory, decision: Decision) -> Sequence[Fact]:
        if decision.verb in STATE_VERBS and decision.target not in memory.cases:
            memory.states[decision.target] = STATE_VERBS[decision.verb]
            return self._review(memory)
        return self._told(memory, cases.decide(memory, decision))

    def _review(self, memory: Memory) -> Sequence[Fact]:
        memory.reviewed = memory.at
        changed: dict[str, None] = {}
        for hypothesis in list(memory.hypotheses.values()):
            changed.update(dict.fromkeys(self._weigh(memory, hypothesis)))
        for case in list(memory.cases.values()):
            if self._settle(memory, case):
                changed[case.id] = None
        self._retire(memory)
        return self._told(memory, [name for name in changed if name in memory.cases])

    def _settle(self, memory: Memory, case: Case) -> bool:
        """Move a case on with time: a shelf that ended, a return to normal, a recurrence."""
        if case.state is IncidentState.SHELVED and case.shelved_until is not None and memory.at >= case.shelved_until:
            case.state, case.shelved_until = IncidentState.OPEN, None
            return True
        active = any(memory.hypotheses[name].open for name in case.stages)
        if case.state in (IncidentState.OPEN, IncidentState.ACKNOWLEDGED) and not active and case.stages:
            case.state = IncidentState.RETURNED
            return True
        if case.state is IncidentState.RETURNED and active:
            case.state = IncidentState.OPEN
            return True
        return False

    def _retire(self, memory: Memory) -> None:
        for case in list(memory.cases.values()):
            members = [memory.hypotheses[name] for name in case.stages]
            if all(self._over(memory, one) for one in members):
                for one in members:
                    associate.forget(memory, one)
                del memory.cases[case.id]
        for one in [one for one in memory.hypotheses.values() if not one.incident and self._over(memory, one)]:
            associate.forget(memory, one)

    def _over(self, memory: Memory, hypothesis: Hypothesis) -> bool:
        return memory.at - hypothesis.last > self.tables.hazards[hypothesis.hazard].gap_s

    def _told(self, memory: Memory, changed: Sequence[str], *, roughly: bool = False) -> list[Fact]:
        """The incidents of these ids that say something new.

        Evidence that only grows within its order of magnitude waits for a review (told `roughly`, always), and
        the longer the more there is: an attack of a thousand connections is no thousand revisions.
        """
        told: list[Fact] = []
        for name in dict.fromkeys(changed):
            case = memory.cases[name]
            case.rev += 1
            incident = replace(tell.incident_of(case, memory, self.tables, self.city), digest=self.in_force)
            mark, outline = _mark(incident, len), _mark(incident, _order)
            waits = roughly or memory.at < case.told_at + _patience_s(incident)
            if mark == case.told or (waits and outline == case.outline):
                case.rev -= 1
                continue
            case.told, case.outline, case.told_at = mark, outline, memory.at
            told.append(incident)
        return told


def _patience_s(incident: Incident) -> float:
    """How long mere growth of evidence waits to be told: the more there is, the less one more piece says."""
    cited = sum(len(part.evidence) for stage in incident.stages for part in stage.contributions)
    return min(RETELL_S_MAX, cited / EVIDENCE_PER_S)


def _mark(incident: Incident, count: Callable[[Sequence[str]], int]) -> str:
    """What an operator could notice of an incident; where it is equal, nothing new is told."""
    weighed = tuple(
        (
            stage.id,
            round(stage.log_odds, 1),
            tuple((count(part.evidence), *_drawn(part)) for part in stage.contributions),
        )
        for stage in incident.stages
    )
    return str((incident.state, incident.priority, incident.title, weighed, len(incident.notes), incident.assignee))


def _drawn(part: Contribution) -> tuple[int, ...]:
    """A checksum of its regions and figures: a plume that moves is news, however little evidence came with it."""
    return (crc32(encode((part.extents, part.figures))),) if part.extents or part.figures else ()


def _order(evidence: Sequence[str]) -> int:
    """How much evidence there is: counted while it is little, then by doubling."""
    count = len(evidence)
    return count if count < FEW else FEW + count.bit_length()


def _highest(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _extend(kept: list[str], names: Sequence[str]) -> None:
    kept.extend(name for name in names if name not in kept and len(kept) < associate.ACTORS_MAX)
