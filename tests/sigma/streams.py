"""Streams of hits for the tests of correlations: how they are written, and run the fast way and the slow one."""

import msgspec
import yaml

from tests.sigma.slow_correlation import Slow
from tocsin.model import Place, moved
from tocsin.sigma.correlating import Correlator
from tocsin.sigma.rule import AllOf, AnyOf, Correlation, Logsource, Named, Not, Rule
from tocsin.sigma.windows import Hit, Windows

LIMITS = {"lateness_s": 100.0, "settle_s": 0.0}
ORIGIN = Place(lon=24.94, lat=60.17)


def rules():
    empty = AllOf(parts=())
    return [
        Rule(id=id_, name=f"name of {id_}", title=id_, level="low", logsource=Logsource(), condition=empty)
        for id_ in ("a", "b", "d")
    ]


def correlation_of(written):
    """A correlation from what a case says; bounds as a mapping, expressions as nested lists."""
    made = {"id": "c", "title": "A correlation", "level": "high", **written}
    made["conditions"] = tuple(made.get("conditions", {}).items())
    made["expression"] = expression(made["expression"]) if "expression" in made else None
    for name in ("rules", "group_by", "fields"):
        made[name] = tuple(made.get(name, ()))
    return Correlation(**made)


def expression(written):
    match written:
        case str():
            return Named(rule=written)
        case ["not", part]:
            return Not(part=expression(part))
        case [joint, *parts]:
            return {"and": AllOf, "or": AnyOf}[joint](parts=tuple(map(expression, parts)))


def events_of(lines):
    """Hits and, as bare numbers, moments that pass."""
    return [event(line, f"e{number}") for number, line in enumerate(lines)]


def event(line, id_):
    rule, at, *items = line.split()
    fields = {key: yaml.safe_load(value) for key, value in (item.split("=", 1) for item in items)}
    if rule == "tick":
        return float(at)
    place = place_of(fields)
    return Hit(rule=rule, at=float(at), id=fields.pop("id", id_), fields=fields, place=place)


def place_of(fields):
    """The place that `m=` (metres east), `building=` and `floor=` give; they are no fields of the event."""
    east_m, building, floor = (fields.pop(name, None) for name in ("m", "building", "floor"))
    return None if east_m is None else msgspec.structs.replace(
        moved(ORIGIN, east_m, 0.0), building=building or "", floor=floor
    )  # fmt: skip


def fast(correlations, rules_, limits, events):
    correlator, state, hits = Correlator(correlations, rules_, limits), None, []
    assert correlator.refused == ()
    for each in events:
        state, told = correlator.advance(state, each) if isinstance(each, float) else correlator.step(state, each)
        hits += told
    return hits


def broken_off(correlations, rules_, limits, events):
    """As `fast`, but the state goes through its snapshot, into a new correlator, after every event."""
    state, hits = b"", []
    for each in events:
        correlator = Correlator(correlations, rules_, limits)
        found = msgspec.msgpack.decode(state, type=Windows) if state else None
        found, told = correlator.advance(found, each) if isinstance(each, float) else correlator.step(found, each)
        state = msgspec.msgpack.encode(found)
        hits += told
    return hits


def slow(correlations, rules_, limits, events):
    reference = Slow(correlations, rules_, limits)
    return [
        hit for each in events for hit in (reference.advance(each) if isinstance(each, float) else reference.step(each))
    ]


def seen(hit):
    """A hit as the cases write it."""
    return {
        "rule": hit.rule,
        "at": f"{hit.at:g}",
        "since": f"{hit.since:g}",
        "value": f"{hit.value:g}",
        "extends": str(hit.extends),
        **{f"group.{name}": value for name, value in hit.group.items()},
    }


def as_struct(hits):
    """Everything that two ways must agree on: ids as far as they say what belongs together, evidence not."""
    numbers = {id_: number for number, id_ in enumerate(dict.fromkeys(hit.id for hit in hits))}
    return [msgspec.structs.replace(hit, id=str(numbers[hit.id]), evidence=()) for hit in hits]
