"""Windows that are judged when they are over: less than, exactly, between, or nothing at all."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.model import derived_id
from tocsin.sigma.correlation_plans import Plan
from tocsin.sigma.hits import hit_of
from tocsin.sigma.measuring import Met, met
from tocsin.sigma.windows import Event, Group, Hit, Limits


def closed(plan: Plan, group: Group, clock: float, limits: Limits) -> list[Hit]:
    """Judge every window of a group that is over; the hits that follow.

    It is over when the group's newest event lies `settle_s` beyond its end, or when the clock is that far,
    and as much further as the group's events were behind it when the first of them came in.
    """
    hits: list[Hit] = []
    while (opening := opening_of(group)) is not None:
        settled = opening + plan.rule.timespan_s + limits.settle_s
        if group.newest <= settled and clock < due_of(plan, group, opening, limits):
            break
        judge = _absence if plan.mode == "absent" else _window
        hits += judge(plan, group, opening, limits)
    return hits


def due_of(plan: Plan, group: Group, opening: float, limits: Limits) -> float:
    """What the clock must show for a window that begins at `opening` to be over, whatever else comes."""
    return opening + plan.rule.timespan_s + limits.settle_s + group.lag


def opening_of(group: Group) -> float | None:
    """Where the next window to judge begins; None where nothing waits to be judged."""
    if group.opens is not None:
        return group.opens
    return group.events[0].at if group.events else None


def _window(plan: Plan, group: Group, opening: float, limits: Limits) -> list[Hit]:
    """Judge one window; where the condition holds for nothing too, the next begins where it ends."""
    end = opening + plan.rule.timespan_s
    events = _taken(group, end)
    found = met(plan, events, end, limits.places_max)
    group.closed = end
    group.opens = end if plan.continuous and events else None
    if found is None:
        group.episode = ""
        return []
    extends = _extends(plan, group, opening, end)
    return [hit_of(plan, group, found, end, limits, id_=group.episode, extends=extends)]


def _extends(plan: Plan, group: Group, opening: float, end: float) -> bool:
    """Take a window that holds into the episode; whether it goes on, or else begins."""
    extends = bool(group.episode) and opening <= group.held + plan.rule.timespan_s
    if not extends:
        group.episode = derived_id("hit", plan.rule.id, group.values, end)
    group.held = end
    return extends


def _absence(plan: Plan, group: Group, opening: float, limits: Limits) -> list[Hit]:
    """Whether nothing came for a timespan after the event at `opening`."""
    events = _taken(group, opening)
    end = opening + plan.rule.timespan_s
    if group.events and group.events[0].at <= end:
        group.closed = opening
        return []
    group.closed = end
    id_ = derived_id("hit", plan.rule.id, group.values, end)
    return [hit_of(plan, group, Met(0.0, events), end, limits, id_=id_)]


def _taken(group: Group, until: float) -> Sequence[Event]:
    """Take the events up to a moment, inclusive, out of the group."""
    count = next((index for index, event in enumerate(group.events) if event.at > until), len(group.events))
    events = group.events[:count]
    del group.events[:count]
    for event in events:
        del group.ids[event.id]
    group.last = events[-1] if events else group.last
    return events
