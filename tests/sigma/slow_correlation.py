"""Correlations, slowly and plainly: keeps everything, works out every window anew, shares no code with the fast way."""

import math
from itertools import combinations

from tocsin.model import distance_m, same_floor
from tocsin.sigma.rule import AllOf, AnyOf, Named, Not
from tocsin.sigma.windows import Hit

TESTS = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
}


class Slow:
    """Correlations that refer to one another must be listed after those that they refer to."""

    def __init__(self, correlations, rules, limits):
        self.correlations, self.rules, self.limits = correlations, rules, limits
        self.clock, self.groups, self.arrivals = -math.inf, {}, 0

    # --- what goes in, and time ---

    def step(self, hit):
        told = []
        if hit.at > self.clock:
            self.pass_time(hit.at, told, inclusive=False)
            self.clock = hit.at
        self.spread(hit, told)
        self.pass_time(self.clock, told, inclusive=True)
        return told

    def advance(self, now):
        told = []
        self.pass_time(now, told, inclusive=True)
        self.clock = max(self.clock, now)
        return told

    def pass_time(self, until, told, *, inclusive):
        while True:
            waiting = [(self.due(group), id_, name) for (id_, name), group in self.groups.items() if self.waits(group)]
            due = min(waiting, default=(math.inf, "", ""))
            if due[0] > until or (due[0] == until and not inclusive):
                return
            self.clock = max(self.clock, due[0])
            group = self.groups[due[1:]]
            for hit in self.close(group):
                self.tell(group["rule"], hit, told)

    def spread(self, hit, told):
        queue = [hit]
        for each in queue:
            for rule in self.correlations:
                if each.rule in self.members(rule):
                    found = self.take(rule, each)
                    queue += found
                    told += found if self.outputs(rule) else []

    def tell(self, rule, hit, told):
        if self.outputs(rule):
            told.append(hit)
        self.spread(hit, told)

    # --- what refers to what ---

    def id_of(self, reference):
        every = [*self.rules, *self.correlations]
        return next((r.id for r in every if r.id == reference), None) or next(
            r.id for r in every if r.name == reference
        )

    def members(self, rule):
        return [self.id_of(reference) for reference in rule.rules]

    def outputs(self, rule):
        return all(parent.generate for parent in self.correlations if rule.id in self.members(parent))

    def nested(self, id_):
        return any(rule.id == id_ for rule in self.correlations)

    def field(self, rule, member, name):
        for reference, field in rule.aliases.get(name, {}).items():
            if self.id_of(reference) == member:
                return field
        return name

    # --- one event ---

    def take(self, rule, hit):
        key = [plain(hit.fields.get(self.field(rule, hit.rule, name))) for name in rule.group_by]
        names = rule.fields or ((rule.field,) if rule.field else ())
        values = [hit.fields.get(self.field(rule, hit.rule, name)) for name in names]
        number = amount(values[0]) if rule.kind in ("value_sum", "value_avg", "value_percentile") else None
        measured = number is not None or rule.kind not in ("value_sum", "value_avg", "value_percentile")
        if None in key or None in values or not measured or (rule.near_m and hit.place is None):
            return []
        self.arrivals += 1
        event = {
            "id": hit.id, "at": hit.at, "rules": {hit.rule}, "arrival": self.arrivals, "number": number, "told": "",
            "value": tuple(plain(value) for value in values), "place": hit.place, "hit": hit,
        }  # fmt: skip
        return self.enter(self.group(rule, tuple(key)), event)

    def group(self, rule, key):
        group = self.groups.get((rule.id, key))
        span = rule.timespan_s + self.limits.lateness_s
        if group is None or (not self.waits(group) and group["touched"] + span < self.clock):
            group = {
                "rule": rule, "key": key, "events": [], "waiting": [], "newest": -math.inf, "closed": -math.inf,
                "opens": None, "lag": 0.0, "held": -math.inf, "episode": "", "sent": -math.inf, "last": None,
            }  # fmt: skip
            self.groups[(rule.id, key)] = group
        group["touched"] = self.clock
        return group

    def enter(self, group, event):
        rule, rising = group["rule"], mode(group["rule"]) == "rising"
        horizon = group["newest"] - rule.timespan_s - self.limits.lateness_s
        events = group["events"] if rising else group["waiting"]
        known = [e for e in events if e["id"] == event["id"] and (e["at"] >= horizon or not rising)]
        if known:
            if not self.again(rule, known[0], event):
                return []
            group["newest"] = max(group["newest"], known[0]["at"])
        elif event["at"] < group["newest"] - self.limits.lateness_s or event["at"] <= group["closed"]:
            return []
        else:
            if not self.waits(group):
                group["lag"] = self.clock - event["at"]
            events.append(event)
            group["newest"] = max(group["newest"], event["at"])
        return self.rise(group) if rising else self.close(group)

    def again(self, rule, known, event):
        """A known event matches one rule more, or is the hit of a correlation that goes on."""
        (member,) = event["rules"]
        if self.nested(member) and event["at"] > known["at"]:
            known.update(at=event["at"], arrival=event["arrival"], hit=event["hit"])
            known["place"] = event["place"] or known["place"]
        elif rule.kind not in ("temporal", "temporal_ordered") or member in known["rules"]:
            return False
        known["rules"].add(member)
        return True

    # --- windows that are judged at each event ---

    def rise(self, group):
        rule = group["rule"]
        events = sorted(group["events"], key=lambda e: (e["at"], e["arrival"]))
        runs, above = [], False
        for index, end in enumerate(events):
            window = [e for e in events[: index + 1] if e["at"] >= end["at"] - rule.timespan_s]
            joined = above and self.judge(rule, window[:-1], end["at"]) is not None
            found = self.judge(rule, window, end["at"])
            above = found is not None
            if above and joined:
                runs[-1].append((end, found))
            elif above:
                runs.append([(end, found)])
        told = [hit for run in runs for hit in self.tell_run(group, run)]
        if told or not above or events[-1]["told"] != group["episode"]:
            return told
        if events[-1]["at"] < group["sent"] + self.patience(rule):
            return told
        group["sent"] = events[-1]["at"]
        return [self.hit(group, runs[-1][-1][1], events[-1]["at"], group["episode"], extends=True)]

    def tell_run(self, group, run):
        id_ = next((end["told"] for end, _ in run if end["told"]), "")
        hits = []
        if not id_:
            end, found = run[0]
            id_ = f"{group['rule'].id}{group['key']}{end['at']}"
            hits = [self.hit(group, found, end["at"], id_, extends=False)]
            if end["at"] >= group["sent"]:
                group["episode"], group["sent"] = id_, end["at"]
        for end, _ in run:
            end["told"] = id_
        return hits

    def patience(self, rule):
        parents = [parent for parent in self.correlations if rule.id in self.members(parent)]
        return min([rule.timespan_s, *(parent.timespan_s / 2 for parent in parents)])

    # --- windows that are judged when they are over ---

    def waits(self, group):
        return bool(group["waiting"]) or group["opens"] is not None

    def opening(self, group):
        return group["opens"] if group["opens"] is not None else min(e["at"] for e in group["waiting"])

    def due(self, group):
        return self.opening(group) + group["rule"].timespan_s + self.limits.settle_s + group["lag"]

    def close(self, group):
        hits, rule = [], group["rule"]
        while self.waits(group):
            opening = self.opening(group)
            over = group["newest"] > opening + rule.timespan_s + self.limits.settle_s
            if not over and self.clock < self.due(group):
                break
            hits += self.absence(group, opening) if mode(rule) == "absent" else self.window(group, opening)
        return hits

    def taken(self, group, until):
        events = sorted(group["waiting"], key=lambda e: (e["at"], e["arrival"]))
        group["waiting"] = [e for e in events if e["at"] > until]
        inside = [e for e in events if e["at"] <= until]
        group["last"] = inside[-1] if inside else group["last"]
        return inside

    def window(self, group, opening):
        rule, end = group["rule"], opening + group["rule"].timespan_s
        inside = self.taken(group, end)
        found = self.judge(rule, inside, end)
        group["closed"] = end
        follows = inside and self.judge({**vars_of(rule), "near_m": 0}, [], end) is not None
        group["opens"] = end if follows else None
        if found is None:
            group["episode"] = ""
            return []
        extends = bool(group["episode"]) and opening <= group["held"] + rule.timespan_s
        group["episode"] = group["episode"] if extends else f"{rule.id}{group['key']}{end}"
        group["held"] = end
        return [self.hit(group, found, end, group["episode"], extends=extends)]

    def absence(self, group, opening):
        inside, end = self.taken(group, opening), opening + group["rule"].timespan_s
        if any(e["at"] <= end for e in group["waiting"]):
            group["closed"] = opening
            return []
        group["closed"] = end
        return [self.hit(group, (0.0, inside), end, f"{group['rule'].id}{group['key']}{end}", extends=False)]

    # --- what a window amounts to ---

    def judge(self, rule, window, until):
        rule = rule if isinstance(rule, dict) else vars_of(rule)
        for events in near_sets(window, rule["near_m"]) if rule["near_m"] else [window]:
            value = self.value(rule, events)
            wanted = rule["conditions"]
            if rule["expression"] is not None:
                wanted = [("gte", 1)]
            elif not wanted:
                wanted = [("gte", len(rule["rules"]))]
            if value is not None and all(TESTS[name](value, bound) for name, bound in wanted):
                return value, events
        return None

    def value(self, rule, events):
        numbers = sorted(e["number"] for e in events if e["number"] is not None)
        match rule["kind"]:
            case "event_count":
                return len(events)
            case "value_count":
                return len({e["value"] for e in events})
            case "value_sum":
                return math.fsum(numbers)
            case "value_avg":
                return math.fsum(numbers) / len(numbers) if numbers else None
            case "value_percentile":
                return percentile(numbers, rule["percentile"]) if numbers else None
        return self.seen(rule, events)

    def seen(self, rule, events):
        stages = [self.id_of(reference) for reference in rule["rules"]]
        ordered = rule["kind"] == "temporal_ordered"
        present = {member for e in events for member in e["rules"]}
        if rule["expression"] is None:
            return longest(stages, events) if ordered else sum(stage in present for stage in stages)
        members = list(dict.fromkeys(stages))
        sets = [c for size in range(len(members) + 1) for c in combinations(members, size) if set(c) <= present]
        sets = [c for c in sets if longest(c, events) == len(c)] if ordered else [present]
        return any(self.true(rule["expression"], set(chain), present, wanted=True) for chain in sets)

    def true(self, node, chain, present, *, wanted):
        match node:
            case Named():
                return self.id_of(node.rule) in chain if wanted else self.id_of(node.rule) not in present
            case Not():
                return self.true(node.part, chain, present, wanted=not wanted)
            case AllOf() | AnyOf():
                parts = [self.true(part, chain, present, wanted=wanted) for part in node.parts]
                return all(parts) if isinstance(node, AllOf) is wanted else any(parts)
        raise AssertionError(node)

    def hit(self, group, found, at, id_, *, extends):
        value, events = found
        newest = (events or [group["last"]])[-1]
        fields = {}
        for name in self.wishes(group["rule"]):
            fields[name] = newest["hit"].fields.get(self.field(group["rule"], newest["hit"].rule, name))
        values = dict(zip(group["rule"].group_by, group["key"], strict=True))
        place = next((e["place"] for e in reversed(events or [newest]) if e["place"] is not None), None)
        since = events[0]["at"] if events else newest["at"]
        return Hit(
            rule=group["rule"].id, at=at, id=id_, since=since, fields={**fields, **values}, place=place, group=values,
            value=float(value), extends=extends,
        )  # fmt: skip

    def wishes(self, rule):
        """What the correlations over this one want to know of its events, beside what it groups by."""
        names = set()
        for parent in self.correlations:
            if rule.id in self.members(parent):
                asked = [
                    *parent.group_by,
                    *parent.fields,
                    *([parent.field] if parent.field else []),
                    *self.wishes(parent),
                ]
                names |= {self.field(parent, rule.id, name) for name in asked}
        return sorted(names - set(rule.group_by))


def vars_of(rule):
    return {name: getattr(rule, name) for name in rule.__struct_fields__}


def mode(rule):
    """rising: at least; absent: nothing at all; closing: the rest."""
    if rule.expression is not None:
        return "closing" if denies(rule.expression) else "rising"
    if all(name in ("gt", "gte") for name, _ in rule.conditions):
        return "rising"
    holds = [all(TESTS[name](n, bound) for name, bound in rule.conditions) for n in range(1_000)]
    only_zero = holds[0] and not any(holds[1:]) and not any(name == "neq" for name, _ in rule.conditions)
    return "absent" if only_zero and rule.kind in ("event_count", "value_count") else "closing"


def denies(node):
    if isinstance(node, AllOf | AnyOf):
        return any(denies(part) for part in node.parts)
    return isinstance(node, Not)


def longest(stages, events):
    """Length of the longest chain of different events, in order, through stages in the order listed."""
    best = {}
    for place, event in enumerate(events):
        for stage, member in enumerate(stages):
            if member in event["rules"]:
                before = [best[p, s] for p, s in best if p < place and s < stage]
                best[place, stage] = 1 + max(before, default=0)
    return max(best.values(), default=0)


def percentile(numbers, percent):
    rank = percent / 100.0 * (len(numbers) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (rank - low)


def near_sets(events, near_m):
    """All largest sets of events that lie pairwise near, most events first, then the newest: every subset is tried."""
    places = range(len(events))
    sets = [c for size in range(len(events), -1, -1) for c in combinations(places, size)]
    largest = []
    for each in sets:
        if all_near([events[i] for i in each], near_m) and not any(set(each) <= set(other) for other in largest):
            largest.append(each)
    largest.sort(key=lambda each: (len(each), each[::-1]), reverse=True)
    return [[events[i] for i in each] for each in largest]


def all_near(events, near_m):
    return all(
        distance_m(a["place"], b["place"]) <= near_m and same_floor(a["place"], b["place"])
        for a, b in combinations(events, 2)
    )


def plain(value):
    """Texts and numbers that look alike are alike."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if float(value).is_integer() else str(value)


def amount(value):
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
