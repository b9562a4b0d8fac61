"""Puts an incident into words: title, sentence, next step, what is not known."""

from collections.abc import Sequence
from re import compile as compiled
from re import sub
from typing import NamedTuple

from tocsin.city.context import City
from tocsin.fusion.campaign import accused, victims
from tocsin.fusion.consequence import NEAR_M, SEVERITY
from tocsin.fusion.killchain import course, steps_of
from tocsin.fusion.score import log_odds, probability
from tocsin.fusion.state import Case, Hypothesis, Memory
from tocsin.fusion.tables import Act, Attack, Hazard, Tables
from tocsin.model import Condition, Finding, Incident, IncidentState, Place, Priority, Stage

SCORE_LABEL = "score, not calibrated"
"""Until calibrated on the scenario suite, nothing here is called a probability."""

NAMES_MAX = 1
"""Most names in one title; the rest are counted."""

TOLD_MAX = 3
"""Most names in one sentence."""

PARTIES_MAX = 50
"""Most attackers, and most victims, that a stage names; the rest are counted."""

_SENTENCE_END = compiled(r"(?<=(?<!\b[A-Z])(?<!\b[A-Z][a-z])(?<!\b[A-Z][a-z]{2})\.) (?=[A-Z0-9])")
"""Between two sentences; the full stop after a short capitalised word is that of an abbreviation ("St. Mary's")."""


def place_name(city: City | None, place: Place | None) -> str:
    """Zone, given name or coordinates, in that order."""
    if place is None:
        return "an unknown place"
    zone = city.zone_of(place) if city is not None else None
    if zone is not None:
        return zone.name
    return place.name or f"{place.lat:.4f} N {place.lon:.4f} E"


def subject_name(city: City | None, subject: str) -> str:
    """The name of a sensor or asset, or the subject itself where the city does not know it."""
    if city is None:
        return subject
    asset = city.assets.get(subject) or city.asset_at(subject)
    return asset.name if asset is not None else subject


class Parties(NamedTuple):
    """Who does it to whom, as far as a hypothesis says so."""

    attackers: list[str]
    victims: list[str]


def parties_of(hypothesis: Hypothesis, hazard: Hazard) -> Parties:
    """The accused and the victims of a campaign; of anything else its actors alone."""
    if not hazard.campaign:
        return Parties(hypothesis.actors, [])
    attackers = accused(hypothesis, hazard)
    return Parties(attackers, victims(hypothesis, attackers))


def listed(names: Sequence[str], city: City | None, most: int, none: str) -> str:
    """The first names in plain words, the rest counted."""
    known = list(dict.fromkeys(names))
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(subject_name(city, name) for name in known[:most]) + more if known else none


def title_of(hypothesis: Hypothesis, hazard: Hazard, parties: Parties, city: City | None) -> str:
    """What and where, in plain words; of a campaign its gravest act, by whom and to whom."""
    text = _filled(_act(hypothesis, hazard).title, hypothesis, hazard, parties, city)
    return text[:1].upper() + text[1:]


def leading(hypothesis: Hypothesis, hazard: Hazard) -> Finding | None:
    """The finding that names a campaign, or what has names of its own (acts); None where all are mere events.

    It is the gravest, then one that can be called what it is, then the one that says most.
    """
    telling = [one for one in hypothesis.held.values() if not hazard.is_event(one)]
    return max(
        telling if hazard.campaign or hazard.acts else (),
        key=lambda one: (SEVERITY[hazard.severity_of(one)], hazard.act_of(one) is not None, one.weight.nats, one.id),
        default=None,
    )


def _act(hypothesis: Hypothesis, hazard: Hazard) -> Act:
    """What the incident is called and what to do: as its leading finding says, else as the hazard does."""
    lead = leading(hypothesis, hazard)
    own = hazard.act_of(lead) if lead is not None else None
    return own or Act(title=hazard.title, next=hazard.next)


def _filled(text: str, hypothesis: Hypothesis, hazard: Hazard, parties: Parties, city: City | None) -> str:
    """A text of the hazard table with the names of this hypothesis."""
    lead = leading(hypothesis, hazard)
    about = [lead.subject] if lead is not None and hazard.act_of(lead) is not None else hypothesis.subjects
    return text.format(
        subject=listed(about, city, NAMES_MAX, "it"),
        place=place_name(city, hypothesis.place),
        attackers=listed(parties.attackers, city, NAMES_MAX, "an unknown host"),
        victims=listed(parties.victims, city, NAMES_MAX, "this network"),
    )


def stage_of(hypothesis: Hypothesis, hazard: Hazard, attack: Attack, city: City | None) -> Stage:
    """The hypothesis as others see it."""
    parties = parties_of(hypothesis, hazard)
    return Stage(
        id=hypothesis.id,
        hazard=hypothesis.hazard,
        kind=hypothesis.kind,
        title=title_of(hypothesis, hazard, parties, city),
        log_odds=log_odds(hypothesis.parts),
        contributions=hypothesis.parts,
        since=hypothesis.since,
        last=hypothesis.last,
        priority=hypothesis.priority,
        subject=hypothesis.subjects[0] if hypothesis.subjects else "",
        place=hypothesis.place,
        actors=tuple(parties.attackers[:PARTIES_MAX]),
        left_out=hypothesis.left_out,
        left_out_because="the limit of evidence per finding was reached" if hypothesis.left_out else "",
        targets=tuple(parties.victims[:PARTIES_MAX]),
        actors_count=len(parties.attackers),
        targets_count=len(parties.victims),
        reached=steps_of(hypothesis, hazard, attack) if hazard.campaign else (),
    )


def incident_of(case: Case, memory: Memory, tables: Tables, city: City | None) -> Incident:
    """The whole incident at revision `case.rev`."""
    at = memory.at
    members = sorted((memory.hypotheses[name] for name in case.stages), key=lambda one: (one.since, one.id))
    stages = tuple(stage_of(one, tables.hazards[one.hazard], tables.attack, city) for one in members)
    lead = max(zip(members, stages, strict=True), key=lambda pair: _weight(pair[0]), default=None)
    if lead is None:
        return _emptied(case, at)
    head, stage = lead
    hazard = tables.hazards[head.hazard]
    return Incident(
        at=at,
        origin=head.origin,
        id=case.id,
        rev=case.rev,
        title=stage.title,
        sentence=_sentence(stage, stages, leading(head, hazard), city),
        next_step=_next_step(head, hazard, stage, city),
        state=case.state,
        priority=min(one.priority for one in members),
        score=round(probability(stage.log_odds), 4),
        score_label=SCORE_LABEL,
        stages=stages,
        since=case.since,
        place=head.place,
        people_near=_people(city, head.place, at),
        affected=_affected(members, city),
        unknowns=_unknowns(head, memory, city, at),
        assignee=case.assignee,
        notes=tuple(case.notes),
        verdict=case.verdict,
        shelved_until=case.shelved_until,
        merged_into=case.merged_into,
    )


def _weight(hypothesis: Hypothesis) -> tuple[int, float, str]:
    return -int(hypothesis.priority), hypothesis.log_odds, hypothesis.id


def _emptied(case: Case, at: float) -> Incident:
    return Incident(
        at=at,
        origin=case.origin,
        id=case.id,
        rev=case.rev,
        title=f"Merged into {case.merged_into}",
        sentence="Its stages moved to another incident.",
        next_step=f"Open {case.merged_into}.",
        state=IncidentState.MERGED,
        priority=Priority.LOW,
        score=0.0,
        score_label=SCORE_LABEL,
        stages=(),
        since=case.since,
        merged_into=case.merged_into,
        notes=tuple(case.notes),
    )


def _next_step(head: Hypothesis, hazard: Hazard, stage: Stage, city: City | None) -> str:
    if hazard.campaign or hazard.acts:
        return _filled(_act(head, hazard).next, head, hazard, parties_of(head, hazard), city)
    subject = subject_name(city, stage.subject) if stage.subject else "it"
    return hazard.next.format(subject=subject, place=place_name(city, head.place))


def _sentence(lead: Stage, stages: Sequence[Stage], named_by: Finding | None, city: City | None) -> str:
    strongest = next((part for part in lead.contributions if part.role == "for"), None)
    because = named_by.because if named_by is not None else strongest.because if strongest else ""
    told = [f"{lead.title}: {headline(because)}" if because else f"{lead.title}.", *_parties(lead, city)]
    told += [text for text in (course(lead.reached),) if text]
    earlier = [stage.title for stage in stages if stage.since < lead.since and stage.id != lead.id]
    return " ".join([*told, f"Before it: {'; '.join(earlier)}."] if earlier else told)


def _parties(stage: Stage, city: City | None) -> list[str]:
    """Who does it to whom, where a stage names anybody."""
    told = []
    if stage.targets_count and stage.actors_count:
        told.append(f"By {_counted(stage.actors, stage.actors_count, city)}")
        told.append(f"against {_counted(stage.targets, stage.targets_count, city)}.")
    elif stage.actors_count and stage.reached:
        told.append(f"By {_counted(stage.actors, stage.actors_count, city)}.")
    return told


def _counted(names: Sequence[str], count: int, city: City | None) -> str:
    plain = [subject_name(city, name) for name in names[:TOLD_MAX]]
    return ", ".join(plain) + (f" and {count - len(plain)} more" if count > len(plain) else "")


def headline(because: str) -> str:
    """The first sentence of a finding without what stands in brackets: all of it is in the explanation.

    >>> headline("One bang near St. Mary's, heard by 9 microphones (m-1 and 8 more). Against it: fireworks.")
    "One bang near St. Mary's, heard by 9 microphones."
    """
    return _SENTENCE_END.split(sub(r" ?\([^()]*\)", "", because), maxsplit=1)[0]


def _people(city: City | None, place: Place | None, at: float) -> int | None:
    if city is None or place is None:
        return None
    return city.people_near(place, max(NEAR_M, place.radius_m), at)


def _affected(members: Sequence[Hypothesis], city: City | None) -> tuple[str, ...]:
    if city is None:
        return ()
    ids = dict.fromkeys(asset for one in members for asset in one.assets)
    served = [name for asset in ids if asset in city.assets for name in city.assets[asset].serves]
    names = [city.assets[name].name if name in city.assets else name for name in (*ids, *served)]
    return tuple(dict.fromkeys(names))[:50]


def _unknowns(head: Hypothesis, memory: Memory, city: City | None, at: float) -> tuple[str, ...]:
    told = []
    if head.place is None:
        told.append("Where it is: no finding carries a place.")
    elif city is not None:
        blind = [
            subject_name(city, asset.id)
            for asset in city.near(head.place, 300.0, at)
            if memory.conditions.get(asset.id) in (Condition.SILENT, Condition.COMPROMISED)
        ]
        if blind:
            told.append(f"Not seen: {', '.join(blind)} near it report nothing.")
    if all(part.weight.basis == "default" for part in head.parts):
        told.append("No weight in it is measured or counted: all are defaults.")
    return tuple(told)
