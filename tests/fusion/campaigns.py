"""Findings of network detectors, as fusion meets them, and fusion run over them."""

from tocsin.contract.resources import Resources
from tocsin.fusion.bayes import Bayes, Fusing
from tocsin.model import Basis, Finding, Incident, IncidentState, Origin, Weight

START = 1_700_000_000.0


def found(kind, grade, subject, at, *, nats=3.0, name="", **more) -> Finding:
    """A finding whose id follows from what it says, as detectors derive it."""
    name = name or f"{kind}/{grade}/{subject}/{'/'.join(more.get('actors', ()))}"
    return Finding(
        id=name, at=at, origin=Origin.SIMULATED, kind=kind, subject=subject, because=f"{name}.",
        evidence=(f"zeek/{at:.0f}",), source="zeek", detector=kind, grade=grade,
        weight=Weight(nats=nats, basis=Basis.DEFAULT), **more,
    )  # fmt: skip


def scan(actor, targets, at, **more) -> Finding:
    """A scan by one host of some."""
    name = f"scan/{actor}/{at:.0f}"
    return found(
        "cyber.scan", "horizontal", actor, at, actors=(actor,), targets=tuple(targets), tactic="discovery",
        technique="T0846", name=name, **more,
    )  # fmt: skip


def beacon(device, server, at) -> Finding:
    """A device that calls a server by the clock."""
    return found("cyber.beacon", "strong", device, at, actors=(device, server), tactic="command-and-control")


def probe(host, at) -> Finding:
    """A host that lies open to the internet."""
    actors = tuple(f"198.51.100.{n}" for n in range(20))
    return found("cyber.scan", "exposed", host, at, actors=actors, targets=(host,), tactic="reconnaissance")


def started(**parameters) -> Fusing:
    """Fusion with the tables that ship."""
    return Bayes(**parameters).start(Resources())


def run(facts) -> dict[str, Incident]:
    """The newest revision of every incident, in the order in which they rose."""
    fusing, memory, newest = started(), None, {}
    for fact in facts:
        memory, told = fusing.step(memory, fact)
        newest.update({one.id: one for one in told})
    return newest


def standing(told) -> list[Incident]:
    """Incidents that were not merged into others."""
    return [one for one in told.values() if one.state is not IncidentState.MERGED]


def told_ids(told) -> list[str]:
    """Ids in the order in which they rose."""
    return list(told)
