"""Rules at work, shared by the detectors that run them: what matches becomes findings, as people tuned the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from tocsin.contract.bodies import LogEvents
from tocsin.contract.firing import Bounds, Firing, Gain, Seen, campaign_of, held_back, most, trim
from tocsin.contract.rule_words import because, shown, tactic_of, technique_of
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.sensor_rows import FORMAT, SensorRows, body_name
from tocsin.contract.tuning import tune
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
from tocsin.sigma.rule import Correlation, Logsource, Rule
from tocsin.sigma.windows import Hit

if TYPE_CHECKING:
    from tocsin.city.context import City

LEVELS: dict[str, float] = {"informational": 0.1, "low": 0.5, "medium": 1.0, "high": 2.0, "critical": 3.0}
"""What one finding of a rule is worth by the rule's level, in nats, where nothing was counted."""

EVIDENCE_OF_FINDING_MAX = 4
"""How much of another finding's evidence is cited with it, the newest."""

UNWEIGHED = Weight(nats=0.0, basis=Basis.DEFAULT)
"""The engine fills in what the rule's level is worth."""

ADVANCE_S = 10.0
"""How far behind the facts the time of the correlations may stay while none of their rules matches."""

PLACES_MAX = 10_000
"""Most subjects whose places are remembered; more are looked up again."""

THE_CITY = Seen(at=0.0, evidence=(), fields={}, subject="the city", place=None)
"""Whom it is about where nobody can be named."""

Gains: TypeAlias = dict[str, Gain]


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
        if isinstance(fact, Decision):
            tune(firing.tunings, fact)
            return firing, ()
        gains: Gains = {}
        if not isinstance(fact, Tick):
            self._match(firing, fact, gains)
        if _may_end(firing, fact):
            firing.windows, hits = self._correlator.advance(firing.windows, fact.at)
            self._hold(firing, hits, THE_CITY, gains)
        return firing, self._findings(firing, fact, gains)

    def _findings(self, firing: Firing, fact: Fact, gains: Gains) -> Sequence[Finding]:
        if not gains:
            return ()
        trim(firing, fact.at, self._bounds)
        return [self._finding(fact, gain) for gain in gains.values()]

    def wake_at(self, state: Firing) -> float | None:
        """When a window ends by itself."""
        return self._correlator.wake_at(state.windows)

    def _match(self, firing: Firing, fact: Fact, gains: Gains) -> None:
        if isinstance(fact, Observation) and isinstance(fact.body, LogEvents):
            body: LogEvents = fact.body
            for index, rule in self._matcher.rows(body.format, body.rows):
                cited = (f"{fact.id}+{body.offsets[index]}",)
                self._matched(firing, rule, self._seen(fact, body.format, body.rows[index], cited), gains)
            return
        row = self._sensor_rows.row(fact)
        for rule in self._matcher.row(FORMAT, row):
            self._matched(firing, rule, self._seen(fact, FORMAT, row, _evidence(fact)), gains)

    def _seen(self, fact: Fact, format: str, row: Mapping[str, Any], evidence: tuple[str, ...]) -> Seen:
        taxonomy = self._book.taxonomies[format]
        subject = taxonomy.subject(row) or str(getattr(fact, "source", "")) or THE_CITY.subject
        actors = _without(taxonomy.actors(row), (subject,))
        return Seen(
            at=_number(row.get("at"), fact.at),
            evidence=evidence,
            fields=row,
            subject=subject,
            place=self._place(subject) or getattr(fact, "place", None),
            actors=actors,
            targets=(subject,) if actors else (),
            format=format,
            row=row,
        )

    def _place(self, subject: str) -> Place | None:
        """Where the subject stands, if the city knows it."""
        if self._city is None:
            return None
        if subject not in self._places:
            if len(self._places) >= PLACES_MAX:
                self._places.clear()
            self._places[subject] = _asset_place(self._city, subject)
        return self._places[subject]

    def _matched(self, firing: Firing, rule: Rule, seen: Seen, gains: Gains) -> None:
        """One rule holds for one row: count it, feed the correlations, and ring where it may."""
        taxonomy = self._book.taxonomies[seen.format]
        if held_back(firing, rule.id, seen, taxonomy):
            return
        needs = self._needs.get(rule.id)
        if needs is not None:
            fields = taxonomy.fields(seen.fields, needs)
            hit = Hit(rule=rule.id, at=seen.at, fields=fields, place=seen.place, evidence=seen.evidence)
            firing.windows, hits = self._correlator.step(firing.windows, hit)
            self._hold(firing, hits, seen, gains)
        self._ring(firing, rule, seen, gains)

    def _hold(self, firing: Firing, hits: Sequence[Hit], seen: Seen, gains: Gains) -> None:
        """Correlations that came to hold by one row, or (THE_CITY) by time."""
        for hit in hits:
            told = _about(hit, seen)
            if not held_back(firing, hit.rule, told, None):
                self._ring(firing, self._rules[hit.rule], told, gains)

    def _ring(self, firing: Firing, rule: Rule | Correlation, seen: Seen, gains: Gains) -> None:
        """Add a hit to its campaign, unless the rule speaks through others alone."""
        if rule.id in self._quiet:
            return
        campaign = campaign_of(firing, rule.id, seen, self._bounds)
        name = f"{rule.id} {campaign.subject} {campaign.window}"
        if name not in gains:
            gains[name] = Gain(campaign, seen.at, seen.place)
            campaign.told = self._told(rule, seen)
        gains[name].take(seen)

    def _told(self, rule: Rule | Correlation, seen: Seen) -> str:
        """What held: of a row the values that matched, of a correlation what it counted."""
        if seen.row is None or isinstance(rule, Correlation):
            return shown(seen.fields)
        return shown(self._matched_values(rule, seen.format, seen.row))

    def _matched_values(self, rule: Rule, format: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """The matched fields with their values, but for those that name people and are no tokens."""
        taxonomy = self._book.taxonomies[format]
        lane = taxonomy.lane(row)
        names = self._matcher.matched_fields(format, row, rule)
        values = ((name, lane.reader(name)(row)) for name in names)
        return {n: value for n, value in values if not taxonomy.is_personal(lane, n) or str(value).startswith("t:")}

    def _finding(self, fact: Fact, gain: Gain) -> Finding:
        campaign, named_max = gain.campaign, self._bounds.actors_named_max
        rule = self._rules[campaign.rule]
        rate = self._book.rates.get(rule.id)
        return Finding(
            id=derived_id("f", self._kind, rule.id, campaign.subject, campaign.window),
            at=min(gain.at, fact.at),
            origin=fact.origin,
            kind=self._kind,
            subject=campaign.subject,
            because=because(rule, campaign.count, campaign.subject, campaign.told),
            evidence=tuple(dict.fromkeys(gain.evidence)),
            source=str(getattr(fact, "source", "")),
            detector=self._kind,
            grade=rule.level if rule.level in LEVELS else "medium",
            place=gain.place,
            actors=most(campaign.actors, named_max),
            targets=most(campaign.targets, named_max),
            since=campaign.since,
            measure=float(campaign.count),
            unit="hits",
            rule=rule.id,
            tactic=tactic_of(rule.tags),
            technique=technique_of(rule.tags),
            weight=UNWEIGHED if rate is None else rate.weight(),
        )


def _may_end(firing: Firing, fact: Fact) -> bool:
    """Whether windows are to be looked through: at a tick, and so often in the time of what is read."""
    if isinstance(fact, Tick):
        return True
    return firing.windows.events > 0 and fact.at >= firing.windows.clock + ADVANCE_S


def _asset_place(city: City, subject: str) -> Place | None:
    asset = city.assets.get(subject) or city.asset_at(subject)
    return None if asset is None else asset.place


def _about(hit: Hit, seen: Seen) -> Seen:
    """Whom a correlation's hit is about, and who acts."""
    group = tuple(hit.group.values())
    doers = tuple(one for one in seen.actors if one in group)
    subject = _subject(doers, group, seen)
    actors = doers or _without(seen.actors, (subject,))
    return Seen(
        at=hit.at,
        evidence=hit.evidence,
        fields={**hit.fields, **hit.group},
        subject=subject,
        place=hit.place or seen.place,
        actors=actors,
        targets=_without((seen.subject,), actors) if actors else (),
        more=hit.extends,
    )


def _without(names: Iterable[str], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in names if one not in others)


def _subject(doers: tuple[str, ...], group: tuple[str, ...], seen: Seen) -> str:
    """Who acts where a correlation groups by that, else the row's subject where it does, else its group."""
    named = (*doers, seen.subject) if seen.subject in group else (*doers, *group, seen.subject)
    return named[0]


def _accepted(rules: Sequence[Rule]) -> tuple[type, ...]:
    """What has to come here for these rules: nothing that none of them reads."""
    wanted: set[type] = {Decision}
    for source in (rule.logsource for rule in rules):
        wanted |= _read_by(source) if source.product.lower() == FORMAT else {LogEvents}
    return tuple(sorted(wanted, key=lambda one: one.__name__))


def _read_by(source: Logsource) -> set[type]:
    """What a rule about sensors reads; one that names no category reads all."""
    kinds = {"finding": Finding, "health": Health, "observation": _body_of(source.service)}
    category = source.category.lower()
    return {kind for name, kind in kinds.items() if category in ("", name)}


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


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
