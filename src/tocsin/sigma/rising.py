"""Windows that are judged at each event: at least so many, within the timespan before it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import chain

from tocsin.model import derived_id
from tocsin.sigma.correlation_plans import Plan, holds
from tocsin.sigma.hits import hit_of
from tocsin.sigma.measuring import Met, measure_of, met, tally_of
from tocsin.sigma.windows import Event, Group, Hit, Limits, Tally

SHORTEN_MIN = 64
"""Forgotten events that are worth shortening a list for."""


def put(group: Group, event: Event) -> int:
    """Place an event in order of time, after those of the same moment; gives its index."""
    events = group.events
    if len(events) == group.start or event.at >= events[-1].at:
        events.append(event)
        return len(events) - 1
    index = bisect_right(events, event.at, lo=group.start, key=_when)
    events.insert(index, event)
    return index


def find(group: Group, id_: str) -> int:
    """The index of an event that the group knows."""
    index = bisect_left(group.events, group.ids[id_], lo=group.start, key=_when)
    while group.events[index].id != id_:
        index += 1
    return index


def _when(event: Event) -> float:
    return event.at


@dataclass(slots=True)
class _Window:
    """A window that slides along the events of a group: from `low`, with its running measure."""

    plan: Plan
    events: list[Event]
    limits: Limits
    tally: Tally
    low: int

    def slide(self, until: float) -> None:
        """Let go of what happened more than a timespan before."""
        since = until - self.plan.rule.timespan_s
        while self.events[self.low].at < since:
            if not self.plan.rule.near_m:
                measure_of(self.plan).drop(self.plan, self.tally, self.events[self.low])
            self.low += 1

    def take(self, event: Event) -> None:
        """Take in the next event."""
        if not self.plan.rule.near_m:
            measure_of(self.plan).add(self.plan, self.tally, event)

    def found(self, high: int, until: float) -> Met | None:
        """Whether the events before index `high`, as far as taken in, meet the condition."""
        if self.plan.rule.near_m:
            return met(self.plan, self.events[self.low : high], until, self.limits.places_max)
        value = measure_of(self.plan).value(self.plan, self.tally, until)
        return Met(value, ()) if value is not None and holds(self.plan, value) else None


@dataclass(slots=True)
class _Run:
    """Windows in a row that meet the condition: events `first` to `last`; the first window begins at `low`."""

    first: int
    last: int
    low: int
    value: float
    told: str


def risen(plan: Plan, group: Group, index: int, limits: Limits, *, changed: bool) -> list[Hit]:
    """Judge the windows that end with the event at `index` or later; the hits that follow.

    `changed`: something before the last event was altered, so that the running measure must be made anew.
    A hit is given once per run of windows that meet the condition, and again, extended, when it still
    holds a while later.
    """
    if changed or index < len(group.events) - 1:
        window = _window_before(plan, group, index, limits)
    else:
        window = _Window(plan, group.events, limits, group.tally, group.head)
    runs = _runs(window, index, above=_was_above(group, index))
    group.tally, group.head = window.tally, window.low
    hits = list(chain.from_iterable(_tell(plan, group, run, limits) for run in runs))
    return hits or _extension(plan, group, window)


def _window_before(plan: Plan, group: Group, index: int, limits: Limits) -> _Window:
    """The window just before an event, measured anew."""
    since = group.events[index].at - plan.rule.timespan_s
    low = bisect_left(group.events, since, lo=group.start, hi=index, key=_when)
    tally = Tally() if plan.rule.near_m else tally_of(plan, group.events[low:index])
    return _Window(plan, group.events, limits, tally, low)


def _runs(window: _Window, index: int, *, above: bool) -> list[_Run]:
    """Slide over the events from `index` on, noting on each whether its window meets the condition."""
    runs: list[_Run] = []
    for place in range(index, len(window.events)):
        event = window.events[place]
        window.slide(event.at)
        joined = above and window.found(place, event.at) is not None
        window.take(event)
        found = window.found(place + 1, event.at)
        above = event.above = found is not None
        if found is not None:
            _note(runs, window, place, found.value, joined=joined)
    return runs


def _note(runs: list[_Run], window: _Window, place: int, value: float, *, joined: bool) -> None:
    if joined and runs and runs[-1].last == place - 1:
        runs[-1].last = place
    else:
        told = window.events[place - 1].told if joined else ""
        runs.append(_Run(first=place, last=place, low=window.low, value=value, told=told))
    runs[-1].told = runs[-1].told or window.events[place].told


def _tell(plan: Plan, group: Group, run: _Run, limits: Limits) -> list[Hit]:
    """A hit for a run that was not told of yet; all its events then know that it was."""
    hits = []
    if not run.told:
        end = group.events[run.first]
        run.told = derived_id("hit", plan.rule.id, group.values, end.at)
        found = _contributing(plan, group.events[run.low : run.first + 1], run.value, limits)
        hits.append(hit_of(plan, group, found, end.at, limits, id_=run.told))
        if end.at >= group.sent:
            group.episode, group.sent = run.told, end.at
    for event in group.events[run.first : run.last + 1]:
        event.told = run.told
    return hits


def _contributing(plan: Plan, events: list[Event], value: float, limits: Limits) -> Met:
    near = met(plan, events, events[-1].at, limits.places_max) if plan.rule.near_m else None
    return near or Met(value, events)


def _extension(plan: Plan, group: Group, window: _Window) -> list[Hit]:
    """The last hit again, where its condition still holds a good while later."""
    last = group.events[-1]
    if not last.above or last.told != group.episode or last.at < group.sent + plan.extend_s:
        return []
    value = (window.found(len(group.events), last.at) or Met(0.0, ())).value
    found = _contributing(plan, group.events[window.low :], value, window.limits)
    group.sent = last.at
    return [hit_of(plan, group, found, last.at, window.limits, id_=group.episode, extends=True)]


def forget(plan: Plan, group: Group, limits: Limits) -> int:
    """Forget events that no window can need any more, and the oldest beyond the limit; how many these were."""
    horizon = group.newest - plan.rule.timespan_s - limits.lateness_s
    while group.events[group.start].at < horizon:
        _forget_first(plan, group)
    cut = 0
    while len(group.events) - group.start > plan.events_max:
        cut += group.start >= group.head
        _forget_first(plan, group)
    if group.start >= SHORTEN_MIN and group.start * 2 >= len(group.events):
        del group.events[: group.start]
        group.head -= group.start
        group.start = 0
    return cut


def _forget_first(plan: Plan, group: Group) -> None:
    event = group.events[group.start]
    del group.ids[event.id]
    if group.start >= group.head:
        if not plan.rule.near_m:
            measure_of(plan).drop(plan, group.tally, event)
        group.head = group.start + 1
    group.start += 1


def _was_above(group: Group, index: int) -> bool:
    """Whether the window that ends before that event meets the condition."""
    return index > group.start and group.events[index - 1].above
