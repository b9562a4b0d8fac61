"""Puts an incident into words: title, sentence, next step, what is not known."""

from collections.abc import Sequence
from re import sub

from tocsin.city.context import City
from tocsin.fusion.consequence import NEAR_M
from tocsin.fusion.score import log_odds, probability
from tocsin.fusion.state import Case, Hypothesis, Memory
from tocsin.fusion.tables import Hazard, Tables
from tocsin.model import Condition, Incident, IncidentState, Place, Priority, Stage

SCORE_LABEL = "score, not calibrated"
"""Until calibrated on the scenario suite, nothing here is called a probability."""

NAMES_MAX = 1
"""Most names in one title; the rest are counted."""


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


def title_of(hypothesis: Hypothesis, hazard: Hazard, city: City | None) -> str:
    """What and where, in plain words."""
    names = list(dict.fromkeys(subject_name(city, subject) for subject in hypothesis.subjects))
    told = ", ".join(names[:NAMES_MAX]) + (f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else "")
    text = hazard.title.format(subject=told, place=place_name(city, hypothesis.place))
    return text[:1].upper() + text[1:]


def stage_of(hypothesis: Hypothesis, hazard: Hazard, city: City | None) -> Stage:
    """The hypothesis as others see it."""
    return Stage(
        id=hypothesis.id,
        hazard=hypothesis.hazard,
        kind=hypothesis.kind,
        title=title_of(hypothesis, hazard, city),
        log_odds=log_odds(hypothesis.parts),
        contributions=hypothesis.parts,
        since=hypothesis.since,
        last=hypothesis.last,
        priority=hypothesis.priority,
        subject=hypothesis.subjects[0] if hypothesis.subjects else "",
        place=hypothesis.place,
        actors=tuple(hypothesis.actors[:20]),
        left_out=hypothesis.left_out,
        left_out_because="the limit of evidence per finding was reached" if hypothesis.left_out else "",
    )


def incident_of(case: Case, memory: Memory, tables: Tables, city: City | None) -> Incident:
    """The whole incident at revision `case.rev`."""
    at = memory.at
    members = sorted((memory.hypotheses[name] for name in case.stages), key=lambda one: (one.since, one.id))
    stages = tuple(stage_of(one, tables.hazards[one.hazard], city) for one in members)
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
        sentence=_sentence(stage, stages),
        next_step=hazard.next.format(subject=subject_name(city, stage.subject) if stage.subject else "it"),
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


def _sentence(lead: Stage, stages: Sequence[Stage]) -> str:
    strongest = next((part for part in lead.contributions if part.role == "for"), None)
    told = f"{lead.title}: {_plain(strongest.because)}" if strongest else f"{lead.title}."
    earlier = [stage.title for stage in stages if stage.since < lead.since and stage.id != lead.id]
    return f"{told} Before it: {'; '.join(earlier)}." if earlier else told


def _plain(because: str) -> str:
    """The sentence of a finding without what stands in brackets: the full one is in the explanation."""
    return sub(r" ?\([^()]*\)", "", because)


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
