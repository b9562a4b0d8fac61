"""Rules at work, shared by the detectors that run them: what matches becomes findings, as people tuned the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tocsin.contract.bodies import LogEvents
from tocsin.contract.rule_words import because, shown, tactic_of, technique_of
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.sensor_rows import FORMAT, SensorRows, body_name
from tocsin.contract.tuning import Tuning, forget, same, tune
from tocsin.model import (
    Basis,
    Body,
    Decision,
    Fact,
    Finding,
    Health,
    Observation,
    Place,
    Tick,
    Weight,
    derived_id,
    known_bodies,
)
from tocsin.sigma.correlating import Correlator
from tocsin.sigma.matching import Matcher
from tocsin.sigma.rule import Correlation, Rule
from tocsin.sigma.taxonomy import Taxonomy
from tocsin.sigma.windows import Hit, Limits, Windows

if TYPE_CHECKING:
    from tocsin.city.context import City

LEVELS: dict[str, float] = {"informational": 0.1, "low": 0.5, "medium": 1.0, "high": 2.0, "critical": 3.0}
"""What one finding of a rule is worth by the rule's level, in nats, where nothing was counted."""

EVIDENCE_OF_FINDING_MAX = 4
"""How much of another finding's evidence is cited with it, the newest."""

UNWEIGHED = Weight(nats=0.0, basis=Basis.DEFAULT)
"""The engine fills in what the rule's level is worth."""

COUNTS_MAX = 6_000
"""Most rules whose hits are counted; the one that rang longest ago goes first."""

ADVANCE_S = 10.0
"""How far behind the facts the time of the correlations may stay while none of their rules matches."""

HOURS_KEPT = 3
"""Windows before the newest whose campaigns are still extended."""


class Count(Struct, array_like=True):
    """How often a rule matched, how often that was held back by a tuning, and when last (event time)."""

    hits: int = 0
    suppressed: int = 0
    last_at: float = 0.0


class Campaign(Struct, array_like=True):
    """The hits of one rule on one subject in one window; `told` are fields of the newest."""

    rule: str
    subject: str
    window: int
    since: float
    count: int = 0
    told: str = ""
    actors: dict[str, int] = {}


class Firing(Struct):
    """What a rule detector remembers of the whole city; campaigns least recently extended first."""

    campaigns: dict[str, Campaign] = {}
    counts: dict[str, Count] = {}
    tunings: dict[str, Tuning] = {}
    windows: Windows = field(default_factory=Windows)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a detector's parameters say: the length of a window, and how much is kept at most."""

    window_s: float
    campaigns_max: int
    actors_max: int
    actors_named_max: int
    events_max: int

    def limits(self) -> Limits:
        """The same for correlations."""
        return Limits(groups_max=max(1, self.events_max // 4), events_total_max=self.events_max)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One hit on its way to a finding: who, where, and of which row (none for a correlation).

    `more` says that it only goes on with a hit that was counted already.
    """

    at: float
    evidence: tuple[str, ...]
    fields: Mapping[str, Any]
    subject: str
    place: Place | None
    actors: tuple[str, ...] = ()
    more: bool = False
    format: str = ""
    row: Mapping[str, Any] | None = None


@dataclass(slots=True)
class _Rung:
    """What one campaign gained by one fact."""

    at: float
    place: Place | None
    evidence: list[str] = member(default_factory=list)


class RuleHits:
    """The running stage of `cyber.sigma` and `physical.sigma`: one finding per rule, subject and window.

    A hit that a person tuned away counts as suppressed and feeds no correlation.
    """

    def __init__(self, kind: str, book: RuleBook, family: str, city: City | None, bounds: Bounds) -> None:
        self._kind = kind
        self._book = book
        self._city = city
        self._bounds = bounds
        share = book.share(family)
        self._quiet = share.quiet
        self._rules: dict[str, Rule | Correlation] = {one.id: one for one in book.every}
        self._matcher = Matcher(share.rules, book.taxonomies)
        self._correlator = Correlator(share.correlations, share.rules, bounds.limits())
        fed = [one.id for one in share.rules if self._correlator.listens(one.id)]
        self._needs = {name: self._correlator.fields_of(name) for name in fed}
        self._sensor_rows = SensorRows(city)
        self._places: dict[str, Place | None] = {}
        self.unfed: tuple[Rule, ...] = tuple(self._matcher.unfed)
        self.accepts: tuple[type, ...] = _accepted(share.rules)

    def step(self, state: Firing | None, fact: Fact) -> tuple[Firing, Sequence[Fact]]:
        """Match one fact (all rows of a batch at once), feed the correlations, tell what rang."""
        firing = Firing() if state is None else state
        rung: dict[str, _Rung] = {}
        match fact:
            case Decision():
                tune(firing.tunings, fact)
                return firing, ()
            case Tick():
                self._advance(firing, fact.at, rung)
            case Observation(body=LogEvents(format=format, rows=rows, offsets=offsets)):
                for index, rule in self._matcher.rows(format, rows):
                    seen = self._seen(fact, format, rows[index], (f"{fact.id}+{offsets[index]}",))
                    self._matched(firing, rule, seen, rung)
            case _:
                row = self._sensor_rows.row(fact)
                for rule in self._matcher.row(FORMAT, row):
                    self._matched(firing, rule, self._seen(fact, FORMAT, row, _evidence(fact)), rung)
        if firing.windows.events and fact.at >= firing.windows.clock + ADVANCE_S:
            self._advance(firing, fact.at, rung)
        if not rung:
            return firing, ()
        findings = [self._finding(fact, firing.campaigns[name], one) for name, one in rung.items()]
        self._trim(firing, fact.at)
        return firing, findings

    def _advance(self, firing: Firing, at: float, rung: dict[str, _Rung]) -> None:
        """Let time pass for the correlations: what was open till then is judged, what is over is forgotten."""
        firing.windows, hits = self._correlator.advance(firing.windows, at)
        self._ring_all(firing, hits, None, rung)

    def wake_at(self, state: Firing) -> float | None:
        """When a window ends by itself."""
        return self._correlator.wake_at(state.windows)

    def matched(self, format: str, row: dict[str, Any], rules: set[str]) -> tuple[str, ...]:
        """The fields of a row by which rules of these ids hold for it; none where none does."""
        held = [rule for rule in self._matcher.row(format, row) if rule.id in rules]
        names = (name for rule in held for name in self._matcher.matched_fields(format, row, rule))
        return tuple(dict.fromkeys(names))

    def _seen(self, fact: Fact, format: str, row: Mapping[str, Any], evidence: tuple[str, ...]) -> _Seen:
        taxonomy = self._book.taxonomies[format]
        subject = taxonomy.subject(row) or str(getattr(fact, "source", "")) or "the city"
        return _Seen(
            at=_number(row.get("at"), fact.at),
            evidence=evidence,
            fields=row,
            subject=subject,
            place=self._place(subject, getattr(fact, "place", None)),
            actors=tuple(one for one in taxonomy.actors(row) if one != subject),
            format=format,
            row=row,
        )

    def _place(self, subject: str, otherwise: Place | None) -> Place | None:
        """Where the subject stands, if the city knows it; else where the fact is from."""
        if self._city is None:
            return otherwise
        if subject not in self._places:
            asset = self._city.assets.get(subject) or self._city.asset_at(subject)
            if len(self._places) >= COUNTS_MAX:
                self._places.clear()
            self._places[subject] = None if asset is None else asset.place
        return self._places[subject] or otherwise

    def _matched(self, firing: Firing, rule: Rule, seen: _Seen, rung: dict[str, _Rung]) -> None:
        """One rule holds for one row: count it, feed the correlations, and ring where it may."""
        taxonomy = self._book.taxonomies[seen.format]
        if self._held_back(firing, rule, seen, taxonomy):
            return
        needs = self._needs.get(rule.id)
        if needs is not None:
            fields = taxonomy.fields(seen.fields, needs)
            hit = Hit(rule=rule.id, at=seen.at, fields=fields, place=seen.place, evidence=seen.evidence)
            firing.windows, hits = self._correlator.step(firing.windows, hit)
            self._ring_all(firing, hits, seen, rung)
        if rule.id not in self._quiet:
            self._ring(firing, rule, seen, rung)

    def _held_back(self, firing: Firing, rule: Rule | Correlation, seen: _Seen, taxonomy: Taxonomy | None) -> bool:
        """Count a hit; whether a person wanted to hear nothing of it."""
        count = firing.counts.pop(rule.id, None) or Count()
        firing.counts[rule.id] = count
        count.last_at = max(count.last_at, seen.at)
        tuning = firing.tunings.get(rule.id)
        if tuning is not None and (seen.at < tuning.until or _exempt(tuning, seen, taxonomy)):
            count.suppressed += not seen.more
            return True
        count.hits += not seen.more
        return False

    def _ring_all(self, firing: Firing, hits: Sequence[Hit], seen: _Seen | None, rung: dict[str, _Rung]) -> None:
        """Correlations that came to hold: who they are about is what they group by, else who brought them about."""
        for hit in hits:
            rule = self._rules[hit.rule]
            subject = ", ".join(hit.group.values()) or (seen.subject if seen is not None else "the city")
            place = hit.place or (seen.place if seen is not None else None)
            actors = seen.actors if seen is not None else ()
            told = _Seen(hit.at, hit.evidence, {**hit.fields, **hit.group}, subject, place, actors, hit.extends)
            if not self._held_back(firing, rule, told, None) and rule.id not in self._quiet:
                self._ring(firing, rule, told, rung)

    def _ring(self, firing: Firing, rule: Rule | Correlation, seen: _Seen, rung: dict[str, _Rung]) -> None:
        """Add a hit to its campaign, which becomes the most recent."""
        window = int(seen.at // self._bounds.window_s)
        name = f"{rule.id} {seen.subject} {window}"
        campaign = firing.campaigns.pop(name, None)
        if campaign is None:
            campaign = Campaign(rule.id, seen.subject, window, seen.at)
        firing.campaigns[name] = campaign
        campaign.since = min(campaign.since, seen.at)
        campaign.count += not seen.more
        for actor in seen.actors:
            if actor in campaign.actors or len(campaign.actors) < self._bounds.actors_max:
                campaign.actors[actor] = campaign.actors.get(actor, 0) + 1
        one = rung.get(name)
        if one is None:
            one = rung[name] = _Rung(seen.at, seen.place)
            campaign.told = self._told(rule, seen)
        one.at = max(one.at, seen.at)
        one.place = one.place or seen.place
        one.evidence.extend(seen.evidence)

    def _told(self, rule: Rule | Correlation, seen: _Seen) -> str:
        """The matched fields with their values, but for those that name people and are no tokens."""
        if seen.row is None or isinstance(rule, Correlation):
            return shown(seen.fields)
        taxonomy = self._book.taxonomies[seen.format]
        lane = taxonomy.lane(seen.row)
        values: dict[str, Any] = {}
        for name in self._matcher.matched_fields(seen.format, seen.row, rule):
            value = lane.reader(name)(seen.row)
            if not taxonomy.is_personal(lane, name) or str(value).startswith("t:"):
                values[name] = value
        return shown(values)

    def _finding(self, fact: Fact, campaign: Campaign, rung: _Rung) -> Finding:
        rule = self._rules[campaign.rule]
        rate = self._book.rates.get(rule.id)
        often = sorted(campaign.actors, key=lambda one: (-campaign.actors[one], one))
        actors = tuple(often[: self._bounds.actors_named_max])
        return Finding(
            id=derived_id("f", self._kind, rule.id, campaign.subject, campaign.window),
            at=min(rung.at, fact.at),
            origin=fact.origin,
            kind=self._kind,
            subject=campaign.subject,
            because=because(rule, campaign.count, campaign.subject, campaign.told),
            evidence=tuple(dict.fromkeys(rung.evidence)),
            source=str(getattr(fact, "source", "")),
            detector=self._kind,
            grade=rule.level if rule.level in LEVELS else "medium",
            place=rung.place,
            actors=actors,
            targets=(campaign.subject,) if actors else (),
            since=campaign.since,
            measure=float(campaign.count),
            unit="hits",
            rule=rule.id,
            tactic=tactic_of(rule.tags),
            technique=technique_of(rule.tags),
            weight=UNWEIGHED if rate is None else rate.weight(),
        )

    def _trim(self, firing: Firing, at: float) -> None:
        """Forget what is over, then what is too much, oldest first."""
        oldest = int(at // self._bounds.window_s) - HOURS_KEPT
        campaigns = firing.campaigns
        for name in [name for name, one in campaigns.items() if one.window < oldest]:
            del campaigns[name]
        for name in list(campaigns)[: max(0, len(campaigns) - self._bounds.campaigns_max)]:
            del campaigns[name]
        for name in list(firing.counts)[: max(0, len(firing.counts) - COUNTS_MAX)]:
            del firing.counts[name]
        forget(firing.tunings, at)


def counts_of(states: Iterable[Firing]) -> dict[str, Count]:
    """The counts by rule; of a rule that several detectors run, those of the one that saw most."""
    found: dict[str, Count] = {}
    for state in states:
        for rule, count in dict(state.counts).items():
            known = found.get(rule)
            if known is None or count.hits + count.suppressed > known.hits + known.suppressed:
                found[rule] = count
    return found


def _accepted(rules: Sequence[Rule]) -> tuple[type, ...]:
    """What has to come here for these rules: nothing that none of them reads."""
    sensors = [one.logsource for one in rules if one.logsource.product.lower() == FORMAT]
    wanted: set[type] = {Decision}
    if len(sensors) < len(rules):
        wanted.add(LogEvents)
    for source in sensors:
        category = source.category.lower()
        if category in ("", "finding"):
            wanted.add(Finding)
        if category in ("", "health"):
            wanted.add(Health)
        if category in ("", "observation"):
            wanted.add(_body_of(source.service))
    return tuple(sorted(wanted, key=lambda one: one.__name__))


def _body_of(service: str) -> type:
    named = {body_name(body): body for body in known_bodies().values()}
    return named.get(service, Body)


def _evidence(fact: Fact) -> tuple[str, ...]:
    """What a row made of a fact cites: the observation itself, or what the finding cites."""
    match fact:
        case Observation() | Health():
            return (fact.id,)
        case Finding():
            return fact.evidence[-EVIDENCE_OF_FINDING_MAX:] or (fact.id,)
    return ()


def _exempt(tuning: Tuning, seen: _Seen, taxonomy: Taxonomy | None) -> bool:
    """Whether every field of one of the exceptions that still hold has its value."""
    for one in tuning.exempt:
        names = [name for name, _ in one.values]
        values = seen.fields if taxonomy is None else taxonomy.fields(seen.fields, names)
        if seen.at < one.until and all(same(values.get(name), wanted) for name, wanted in one.values):
            return True
    return False


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
