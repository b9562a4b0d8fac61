"""What a window amounts to: counts, distinct values, exact sums, percentiles, rules seen, longest ordered chains."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tocsin.sigma.correlation_plans import Plan, holds
from tocsin.sigma.near_sets import near_sets
from tocsin.sigma.windows import Event, Tally

NEVER = -math.inf


class Measure(NamedTuple):
    """How one kind of correlation takes an event in, lets it go, and what it makes of the rest."""

    add: Callable[[Plan, Tally, Event], None]
    drop: Callable[[Plan, Tally, Event], None]
    value: Callable[[Plan, Tally, float], float | None]


class Met(NamedTuple):
    """That a window meets its condition: the measure, and the events that contribute."""

    value: float
    events: Sequence[Event]


def measure_of(plan: Plan) -> Measure:
    """The measure of a plan's kind."""
    return _MEASURES[plan.rule.kind]


def met(plan: Plan, events: Sequence[Event], until: float, places_max: int) -> Met | None:
    """Whether some events, in order, meet the condition; under `near`, whether one largest near set does.

    Ordered chains must begin within one timespan before `until`.
    """
    sets = near_sets(events, plan.rule.near_m, places_max) if plan.rule.near_m else [events]
    for each in sets:
        value = measured(plan, each, until)
        if value is not None and holds(plan, value):
            return Met(value, each)
    return None


def measured(plan: Plan, events: Sequence[Event], until: float) -> float | None:
    """The measure of some events, from nothing."""
    measure = measure_of(plan)
    tally = tally_of(plan, events)
    return measure.value(plan, tally, until)


def tally_of(plan: Plan, events: Sequence[Event]) -> Tally:
    """A running measure that has taken in some events, in order of time."""
    add = measure_of(plan).add
    tally = Tally()
    for event in events:
        add(plan, tally, event)
    return tally


# --- how many events, how many values ---


def _add_one(_plan: Plan, tally: Tally, _event: Event) -> None:
    tally.size += 1


def _drop_one(_plan: Plan, tally: Tally, _event: Event) -> None:
    tally.size -= 1


def _size(_plan: Plan, tally: Tally, _until: float) -> float:
    return float(tally.size)


def _add_value(_plan: Plan, tally: Tally, event: Event) -> None:
    tally.counts[event.value] = tally.counts.get(event.value, 0) + 1


def _drop_value(_plan: Plan, tally: Tally, event: Event) -> None:
    left = tally.counts[event.value] - 1
    if left:
        tally.counts[event.value] = left
    else:
        del tally.counts[event.value]


def _distinct(_plan: Plan, tally: Tally, _until: float) -> float:
    return float(len(tally.counts))


# --- which rules were seen ---


def _add_seen(plan: Plan, tally: Tally, event: Event) -> None:
    tally.seen = tally.seen or [0] * len(plan.members)
    for index in _bits(event.members):
        tally.seen[index] += 1


def _drop_seen(_plan: Plan, tally: Tally, event: Event) -> None:
    for index in _bits(event.members):
        tally.seen[index] -= 1


def _bits(members: int) -> list[int]:
    return [index for index in range(members.bit_length()) if members >> index & 1]


def _seen_bits(tally: Tally) -> int:
    return sum(1 << index for index, count in enumerate(tally.seen) if count)


def _rules_seen(plan: Plan, tally: Tally, _until: float) -> float:
    seen = _seen_bits(tally)
    if plan.alternatives is None:
        return float(sum(seen >> stage & 1 for stage in plan.stages))
    return float(any(not missing & seen and _are_all(seen, needed) for needed, missing in plan.alternatives))


def _are_all(seen: int, needed: Sequence[int]) -> bool:
    return all(seen >> index & 1 for index in needed)


# --- in which order: per chain, the latest moment at which one that got so far began ---


def _add_ordered(plan: Plan, tally: Tally, event: Event) -> None:
    _add_seen(plan, tally, event)
    if plan.alternatives is None:
        _extend_any(plan, tally, event)
    else:
        _extend_alternatives(plan, tally, event)


def _extend_any(plan: Plan, tally: Tally, event: Event) -> None:
    """`floats[length - 1][last stage]`; later stages first, so that no event follows itself."""
    count = len(plan.stages)
    chains = tally.floats = tally.floats or [NEVER] * count * count
    for stage in reversed(range(count)):
        if not event.members >> plan.stages[stage] & 1:
            continue
        chains[stage] = event.at
        for row in range(1, stage + 1):
            before = max(chains[(row - 1) * count : (row - 1) * count + stage])
            chains[row * count + stage] = max(chains[row * count + stage], before)


def _unbegun(ways: Sequence[tuple[Sequence[int], int]]) -> list[float]:
    return [NEVER] * sum(len(needed) for needed, _ in ways)


def _extend_alternatives(plan: Plan, tally: Tally, event: Event) -> None:
    """One run of `floats` per alternative, an entry for each rule that it needs."""
    ways = plan.alternatives or ()
    chains = tally.floats = tally.floats or _unbegun(ways)
    offset = 0
    for needed, _ in ways:
        begun = [event.at, *chains[offset : offset + len(needed) - 1]]
        for place in _places(needed, event.members):
            chains[offset + place] = begun[place]
        offset += len(needed)


def _places(needed: Sequence[int], members: int) -> list[int]:
    return [place for place, index in enumerate(needed) if members >> index & 1]


def _chain(plan: Plan, tally: Tally, until: float) -> float:
    since = until - plan.rule.timespan_s
    if plan.alternatives is not None:
        return float(_chain_found(plan, tally, since))
    count = len(plan.stages)
    starts = [max(tally.floats[row * count : (row + 1) * count], default=NEVER) for row in range(count)]
    return float(sum(start >= since for start in starts))  # a chain of three holds one of two


def _chain_found(plan: Plan, tally: Tally, since: float) -> bool:
    seen, offset = _seen_bits(tally), 0
    for needed, missing in plan.alternatives or ():
        offset += len(needed)
        if not missing & seen and _is_whole(tally, needed, offset, since):
            return True
    return False


def _is_whole(tally: Tally, needed: Sequence[int], end: int, since: float) -> bool:
    """Whether the chain whose entries end there came about, and did not begin too early."""
    return not needed or (bool(tally.floats) and tally.floats[end - 1] >= since)


# --- numbers ---


def _add_sum(_plan: Plan, tally: Tally, event: Event) -> None:
    tally.size += 1
    _grow(tally.floats, event.number)


def _drop_sum(_plan: Plan, tally: Tally, event: Event) -> None:
    tally.size -= 1
    _grow(tally.floats, -event.number)


def _grow(parts: list[float], number: float) -> None:
    """Add to a sum that is kept without loss, as parts that do not overlap (Shewchuk 1997)."""
    kept = 0
    for part in parts:
        high, low = (number, part) if abs(number) >= abs(part) else (part, number)
        number = high + low
        rest = low - (number - high)
        if rest:
            parts[kept] = rest
            kept += 1
    parts[kept:] = [number]


def _sum(_plan: Plan, tally: Tally, _until: float) -> float:
    return math.fsum(tally.floats)


def _average(_plan: Plan, tally: Tally, _until: float) -> float | None:
    return math.fsum(tally.floats) / tally.size if tally.size else None


def _add_ranked(_plan: Plan, tally: Tally, event: Event) -> None:
    insort(tally.floats, event.number)


def _drop_ranked(_plan: Plan, tally: Tally, event: Event) -> None:
    del tally.floats[bisect_left(tally.floats, event.number)]


def _percentile(plan: Plan, tally: Tally, _until: float) -> float | None:
    """Linear between the two nearest ranks (type 7 of Hyndman and Fan 1996, as NumPy's default)."""
    if not tally.floats:
        return None
    rank = plan.rule.percentile / 100.0 * (len(tally.floats) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(tally.floats) - 1)
    return tally.floats[low] + (tally.floats[high] - tally.floats[low]) * (rank - low)


_MEASURES = {
    "event_count": Measure(_add_one, _drop_one, _size),
    "value_count": Measure(_add_value, _drop_value, _distinct),
    "temporal": Measure(_add_seen, _drop_seen, _rules_seen),
    "temporal_ordered": Measure(_add_ordered, _drop_seen, _chain),
    "value_sum": Measure(_add_sum, _drop_sum, _sum),
    "value_avg": Measure(_add_sum, _drop_sum, _average),
    "value_percentile": Measure(_add_ranked, _drop_ranked, _percentile),
}
