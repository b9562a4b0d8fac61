"""What a correlation tells when its condition holds: a hit made of the events that contribute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tocsin.model import Place
from tocsin.sigma.correlation_plans import Plan
from tocsin.sigma.measuring import Met
from tocsin.sigma.windows import Event, Group, Hit, Limits


def hit_of(plan: Plan, group: Group, found: Met, at: float, limits: Limits, *, id_: str, extends: bool = False) -> Hit:
    """The hit of a window: `at` when it came to hold, its fields those of the newest event, then the group's."""
    values = dict(zip(plan.rule.group_by, group.values, strict=True))
    newest = found.events[-1] if found.events else group.last
    contributing = found.events or ([newest] if newest else [])
    return Hit(
        rule=plan.rule.id,
        at=at,
        id=id_,
        since=contributing[0].at if contributing else at,
        fields={**(newest.carried if newest else {}), **values},
        place=_place(contributing),
        evidence=_evidence(contributing, limits.evidence_max),
        group=values,
        value=found.value,
        extends=extends,
    )


def _place(events: Sequence[Event]) -> Place | None:
    return next((event.place for event in reversed(events) if event.place is not None), None)


def _evidence(events: Sequence[Event], most: int) -> tuple[str, ...]:
    """Ids in order of time: the newest event per rule first of all, then the newest whatever they are."""
    chosen: dict[str, float] = {}
    for event in [*_one_per_rule(events), *reversed(events)]:
        for id_ in event.evidence or (event.id,):
            chosen.setdefault(id_, event.at)
        if len(chosen) >= most:
            break
    return tuple(sorted(list(chosen)[:most], key=lambda id_: (chosen[id_], id_)))


def _one_per_rule(events: Sequence[Event]) -> Iterable[Event]:
    seen = 0
    for event in reversed(events):
        if event.members & ~seen:
            seen |= event.members
            yield event
