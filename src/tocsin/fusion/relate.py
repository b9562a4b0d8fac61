"""Which hypotheses belong to one incident, and what the earlier lends to the later as context."""

from collections.abc import Iterable, Iterator
from math import ceil, inf

from tocsin.fusion.state import Hypothesis, Memory
from tocsin.fusion.tables import Relation
from tocsin.model import DEFAULT_NATS_MAX, Basis, Contribution, Place, Weight, distance_m


def links(
    memory: Memory, subject: Hypothesis, relations: Iterable[Relation]
) -> Iterator[tuple[Relation, Hypothesis, Hypothesis]]:
    """The open hypotheses that are related to `subject`, as (relation, earlier, later)."""
    for relation in relations:
        for other in memory.hypotheses.values():
            earlier, later = (other, subject) if relation.later == subject.hazard else (subject, other)
            if other.open and other is not subject and _holds(relation, earlier, later):
                yield relation, earlier, later


def _holds(relation: Relation, earlier: Hypothesis, later: Hypothesis) -> bool:
    if (earlier.hazard, later.hazard) != (relation.earlier, relation.later) or earlier.finished or later.finished:
        return False
    if earlier.origin is not later.origin or not later.since - earlier.since >= 0:
        return False
    if later.since - earlier.last > relation.within_s:
        return False
    if relation.same == "asset":
        return not set(later.subjects).isdisjoint(earlier.assets)
    return _apart_m(earlier, later) <= relation.near_m


def _apart_m(earlier: Hypothesis, later: Hypothesis) -> float:
    """Least distance from where the earlier reaches to the later; infinite where a place is unknown."""
    there = later.place
    if there is None:
        return inf
    reached: list[Place | None] = [*earlier.reach] or [earlier.place]
    return min((distance_m(place, there) for place in reached if place is not None), default=inf)


def context(memory: Memory, subject: Hypothesis, relations: Iterable[Relation], at: float) -> list[Contribution]:
    """What earlier, open hypotheses say for this one: the widest per relation, capped as any default."""
    best: dict[tuple[str, str], Contribution] = {}
    for relation, earlier, later in links(memory, subject, relations):
        if later is subject and relation.nats > 0:
            part = _lent(relation, earlier, later, at)
            best.setdefault((relation.earlier, relation.later), part)
    return list(best.values())


def _lent(relation: Relation, earlier: Hypothesis, later: Hypothesis, at: float) -> Contribution:
    nats = min(relation.nats, DEFAULT_NATS_MAX)
    apart = _apart_m(earlier, later)
    told = relation.because.format(
        age=_span(later.since - earlier.since), metres=f"{ceil(apart / 10) * 10 or 10}" if apart < inf else "some"
    )
    return Contribution(
        id=f"context:{earlier.id}:{later.id}",
        role="context",
        because=f"{told[:1].upper()}{told[1:]}.",
        nats=nats,
        weight=Weight(nats=nats, basis=Basis.DEFAULT, text="assumed, not calibrated"),
        at=at,
    )


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def incident_of(memory: Memory, subject: Hypothesis, relations: Iterable[Relation]) -> str:
    """The incident that a newly opened hypothesis joins: that of the earliest related one; empty for none."""
    found = [
        (other.since, other.incident)
        for _, earlier, later in links(memory, subject, relations)
        for other in (earlier if later is subject else later,)
        if other.incident
    ]
    return min(found)[1] if found else ""
