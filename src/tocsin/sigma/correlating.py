"""The correlator: hits of rules in, hits of correlations out, on event time and with bounded memory."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence

from tocsin.model import digest
from tocsin.sigma.closing import closed, due_of, opening_of
from tocsin.sigma.correlation_plans import Plan, plans
from tocsin.sigma.rising import find, forget, put, risen
from tocsin.sigma.rule import Correlation, Refusal, Rule
from tocsin.sigma.windows import Event, Group, Hit, Limits, Windows, number_of, text_of

_SUMMED = ("value_sum", "value_avg", "value_percentile")


class Correlator:
    """Runs the correlations of a rule book. It holds nothing that changes: state goes in and comes out.

    `refused` are the correlations that cannot be run, with the reason; the others are not disturbed.

    >>> from tocsin.sigma.rule import AllOf, Logsource
    >>> logon = Rule(id="r", title="A failed logon", level="low", logsource=Logsource(), condition=AllOf(parts=()))
    >>> many = Correlation(id="c", title="Many", level="high", kind="event_count", rules=("r",),
    ...     timespan_s=60.0, group_by=("host",), conditions=(("gte", 3),))
    >>> runner, state = Correlator([many], [logon]), None
    >>> for second in range(3):
    ...     state, hits = runner.step(state, Hit(rule="r", at=second, id=str(second), fields={"host": "a"}))
    >>> hits[0].rule, hits[0].value, hits[0].group, hits[0].evidence
    ('c', 3.0, {'host': 'a'}, ('0', '1', '2'))
    """

    def __init__(
        self, correlations: Sequence[Correlation], rules: Sequence[Rule], limits: Limits | None = None
    ) -> None:
        self.limits = limits or Limits()
        ready, refused = plans(correlations, rules, self.limits)
        self.plans: tuple[Plan, ...] = tuple(ready)
        self.refused: tuple[Refusal, ...] = tuple(refused)
        self._by_key = {plan.key: plan for plan in ready}
        self._rules = digest("".join(sorted(self._by_key)).encode())
        self._listeners: dict[str, list[tuple[Plan, int]]] = {}
        for plan in ready:
            for index, member in enumerate(plan.members):
                self._listeners.setdefault(member, []).append((plan, index))

    def listens(self, rule_id: str) -> bool:
        """Whether any correlation wants to hear of this rule."""
        return rule_id in self._listeners

    def fires_alone(self, rule_id: str) -> bool:
        """Whether a match of this rule is told by itself: not where a correlation over it says otherwise."""
        return all(plan.rule.generate for plan, _ in self._listeners.get(rule_id, ()))

    def fields_of(self, rule_id: str) -> tuple[str, ...]:
        """The fields that a hit of this rule must bring along, under the names that its events use."""
        found: set[str] = set()
        for plan, index in self._listeners.get(rule_id, ()):
            found.update(plan.groups[index], plan.values[index], (source for _, source in plan.carried[index]))
        return tuple(sorted(found))

    def step(self, state: Windows | None, hit: Hit) -> tuple[Windows, list[Hit]]:
        """Take one hit of a rule; give the state and the hits of correlations that follow."""
        state = self._adopted(state)
        told: list[Hit] = []
        if hit.at > state.clock:
            self._judge_due(state, hit.at, told, inclusive=False)
            state.clock = hit.at
        self._spread(state, [hit], told)
        self._judge_due(state, state.clock, told, inclusive=True)
        return state, told

    def advance(self, state: Windows | None, now: float) -> tuple[Windows, list[Hit]]:
        """Let time pass until `now`: judges the windows that are over, and forgets the groups that are."""
        state = self._adopted(state)
        told: list[Hit] = []
        self._judge_due(state, now, told, inclusive=True)
        state.clock = max(state.clock, now)
        for plan in self.plans:
            self._forget_idle(state, plan)
        return state, told

    def wake_at(self, state: Windows | None) -> float | None:
        """When `advance` is next needed, seconds UTC; None: whenever."""
        return state.agenda[0][0] if state is not None and state.agenda else None

    def _adopted(self, state: Windows | None) -> Windows:
        """The state without what it holds of correlations that were changed or taken away."""
        state = Windows() if state is None else state
        if state.rules != self._rules:
            state.lanes = {key: lane for key, lane in state.lanes.items() if key in self._by_key}
            state.agenda = [entry for entry in state.agenda if entry[1] in self._by_key]
            heapq.heapify(state.agenda)
            state.events = sum(map(_held, state.lanes.values()))
            state.rules = self._rules
        return state

    def _spread(self, state: Windows, hits: list[Hit], told: list[Hit]) -> None:
        """Give hits to all that listen, and what follows from them to those that listen to that."""
        pending = list(hits)
        for hit in pending:
            for plan, index in self._listeners.get(hit.rule, ()):
                found = self._take(state, plan, index, hit)
                pending += found
                told += found if plan.outputs else []

    def _judge_due(self, state: Windows, until: float, told: list[Hit], *, inclusive: bool) -> None:
        """Judge, in order of time, the windows that are over by `until`."""
        while _is_due(state, until, inclusive=inclusive):
            due, key, name = heapq.heappop(state.agenda)
            state.clock = max(state.clock, due)
            plan, group = self._by_key[key], state.lanes.get(key, {}).get(name)
            if group is None or group.entry != due:
                continue  # it was forgotten since, or has asked anew
            group.entry, before = math.inf, len(group.ids)
            hits = self._close(state, plan, name, group)
            state.events += len(group.ids) - before
            told += hits if plan.outputs else []
            self._spread(state, hits, told)

    def _take(self, state: Windows, plan: Plan, index: int, hit: Hit) -> list[Hit]:
        """One hit into the group that it belongs to."""
        values = _texts(hit, plan.groups[index])
        if values is None:
            state.counts.ungrouped += 1
            return []
        event = self._event(state, plan, index, hit)
        if event is None:
            return []
        name = values[0] if len(values) == 1 else _joint_name(values)
        group = self._group(state, plan, name, values)
        before = len(group.ids)
        hits = self._add(state, plan, name, group, event)
        state.events += len(group.ids) - before
        if state.events > self.limits.events_total_max:
            self._evict(state)
        return hits

    def _event(self, state: Windows, plan: Plan, index: int, hit: Hit) -> Event | None:
        """A hit as an event of one correlation; None, and counted, where it lacks what is measured."""
        if plan.rule.near_m and hit.place is None:
            state.counts.placeless += 1
            return None
        event = _event_of(hit, 1 << index)
        if plan.carried[index]:
            event.carried = {name: hit.fields.get(field) for name, field in plan.carried[index]}
        if plan.values[index] and not _measure(plan, event, hit, plan.values[index]):
            state.counts.valueless += 1
            return None
        return event

    def _group(self, state: Windows, plan: Plan, name: str, values: tuple[str, ...]) -> Group:
        """The group, now the one touched last; a new one where it was idle for too long."""
        lane = state.lanes.setdefault(plan.key, {})
        group = lane.pop(name, None)
        if group is not None and self._idle(plan, group, state.clock):
            state.events -= len(group.ids)
            group = None
        if group is None:
            self._forget_idle(state, plan)
            if len(lane) >= self.limits.groups_max:
                self._evict_from(state, plan.key)
            group = Group(values=values, touched=state.clock)
        group.touched = state.clock
        lane[name] = group
        return group

    def _add(self, state: Windows, plan: Plan, name: str, group: Group, event: Event) -> list[Hit]:
        """An event into its group, unless it is late or known; the hits that follow."""
        if event.id in group.ids:
            return self._again(state, plan, name, group, event)
        if self._left_out(state, plan, group, event):
            return []
        if not group.ids and group.opens is None:
            group.lag = state.clock - event.at
        group.ids[event.id] = event.at
        group.newest = max(group.newest, event.at)
        return self._judge(state, plan, name, group, put(group, event), changed=False)

    def _left_out(self, state: Windows, plan: Plan, group: Group, event: Event) -> bool:
        """Whether an event comes too late, or into a window that holds too many already; counted then."""
        late = event.at < group.newest - self.limits.lateness_s or event.at <= group.closed
        full = not late and plan.mode != "rising" and len(group.ids) >= plan.events_max
        state.counts.late += late
        state.counts.evicted_events += full
        return late or full

    def _judge(self, state: Windows, plan: Plan, name: str, group: Group, index: int, *, changed: bool) -> list[Hit]:
        if plan.mode != "rising":
            return self._close(state, plan, name, group)
        hits = risen(plan, group, index, self.limits, changed=changed)
        state.counts.evicted_events += forget(plan, group, self.limits)
        return hits

    def _moved(self, group: Group, index: int, event: Event) -> int:
        """Take a known event to its later time, with what it says now; gives its new index."""
        known = group.events.pop(index)
        known.at, known.place, known.carried = event.at, event.place or known.place, event.carried
        known.evidence = tuple(dict.fromkeys((*known.evidence, *event.evidence)))[-self.limits.evidence_max :]
        group.ids[known.id], group.newest = known.at, max(group.newest, known.at)
        return put(group, known)

    def _again(self, state: Windows, plan: Plan, name: str, group: Group, event: Event) -> list[Hit]:
        """An event that is known: it may match one rule more, or be a hit of a correlation that goes on."""
        index = find(group, event.id)
        known = group.events[index]
        if event.members & plan.nested and event.at > known.at:
            index = min(index, self._moved(group, index, event))
        elif not plan.temporal or known.members | event.members == known.members:
            state.counts.repeats += 1
            return []
        known.members |= event.members
        return self._judge(state, plan, name, group, index, changed=True)

    def _close(self, state: Windows, plan: Plan, name: str, group: Group) -> list[Hit]:
        """Judge what is over, and ask to be woken for what is not."""
        hits = closed(plan, group, state.clock, self.limits)
        opening = opening_of(group)
        if opening is not None and (due := due_of(plan, group, opening, self.limits)) < group.entry:
            group.entry = due
            heapq.heappush(state.agenda, (due, plan.key, name))
            _tidy(state)
        return hits

    def _idle(self, plan: Plan, group: Group, clock: float) -> bool:
        """Whether nothing that may still come can belong together with what the group holds."""
        waits = plan.mode != "rising" and opening_of(group) is not None
        return not waits and group.touched + plan.rule.timespan_s + self.limits.lateness_s < clock

    def _forget_idle(self, state: Windows, plan: Plan) -> None:
        lane = state.lanes.get(plan.key, {})
        while lane and self._idle(plan, group := next(iter(lane.values())), state.clock):
            state.events -= len(group.ids)
            del lane[next(iter(lane))]

    def _evict(self, state: Windows) -> None:
        """Forget the group that was untouched longest, of all but the one just touched."""
        lanes = {key: lane for key, lane in state.lanes.items() if lane}
        key = min(lanes, key=lambda key: (next(iter(lanes[key].values())).touched, key))
        self._evict_from(state, key)

    def _evict_from(self, state: Windows, key: str) -> None:
        lane = state.lanes[key]
        name = next(iter(lane))
        state.events -= len(lane.pop(name).ids)
        state.counts.evicted_groups += 1


def _is_due(state: Windows, until: float, *, inclusive: bool) -> bool:
    due = state.agenda[0][0] if state.agenda else math.inf
    return due < until or (inclusive and due == until)


def _tidy(state: Windows) -> None:
    """Drop wake-ups of groups that were forgotten, before they outnumber the others."""
    if len(state.agenda) > 64 + 2 * sum(len(lane) for lane in state.lanes.values()):
        state.agenda = [entry for entry in state.agenda if _waits(state, entry)]
        heapq.heapify(state.agenda)


def _waits(state: Windows, entry: tuple[float, str, str]) -> bool:
    group = state.lanes.get(entry[1], {}).get(entry[2])
    return group is not None and group.entry == entry[0]


def _texts(hit: Hit, fields: tuple[str, ...]) -> tuple[str, ...] | None:
    """The values of some fields as they are compared; None where one is missing."""
    given = [text_of(hit.fields.get(field)) for field in fields]
    values = tuple([value for value in given if value is not None])
    return values if len(values) == len(given) else None


def _joint_name(values: tuple[str, ...]) -> str:
    """One text for several values, such that no two lists of values share one."""
    return "".join([f"{len(value)}:{value}" for value in values])


def _event_of(hit: Hit, members: int) -> Event:
    id_ = hit.id or "".join(hit.evidence[:1]) or f"{hit.at!r}"
    evidence = () if hit.evidence == (id_,) else hit.evidence
    return Event(at=hit.at, id=id_, members=members, place=hit.place, evidence=evidence)


def _measure(plan: Plan, event: Event, hit: Hit, fields: tuple[str, ...]) -> bool:
    """Note the measured value on an event; False where there is none."""
    if plan.rule.kind in _SUMMED:
        number = number_of(hit.fields.get(fields[0]))
        event.number = 0.0 if number is None else number
        return number is not None
    texts = _texts(hit, fields)
    event.value = "\x1f".join(texts or ())
    return texts is not None


def _held(lane: Mapping[str, Group]) -> int:
    """How many events the groups of a correlation hold."""
    return sum(len(group.ids) for group in lane.values())
