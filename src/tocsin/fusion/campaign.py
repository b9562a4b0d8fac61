"""What makes network findings one campaign: who acts, on whom, through which server; and who is accused of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from tocsin.city.context import City
from tocsin.contract.network import PRIVATE, address_of, bounded, ours, touched
from tocsin.fusion.state import Hypothesis, Memory, Met
from tocsin.fusion.tables import Hazard
from tocsin.model import Finding

PROBING = frozenset({"reconnaissance", "discovery"})
"""Tactics that only look: done from outside they are weather, and make nobody part of a campaign."""

NAMES_MAX = 2_000
"""Most names under which one hypothesis is found."""

MET_MAX = 20_000
"""Most destinations of which it is remembered who talked with them; the longest unheard is forgotten."""

TALKERS_MAX = 8
"""Most names remembered per destination and way of talking."""

POPULAR = 3
"""So many devices that talk with a host in passing make it common, unless more were accused over it."""

Commons = tuple[IPv4Network | IPv6Network, ...]
"""Networks of hosts that many unrelated devices talk with."""


@lru_cache(maxsize=64)
def commons_of(names: tuple[str, ...]) -> Commons:
    """The networks that a table of common hosts names; raises ValueError for a line that is no address."""
    return tuple(ip_network(name) for name in names)


@lru_cache(maxsize=65_536)
def _common(name: str, commons: Commons) -> bool:
    address = address_of(name)
    return address is not None and any(address in network for network in commons)


class Ties:
    """The names by which findings of a campaign hazard are joined, each with its role.

    `hazard:name` is a subject, an actor or a server; `hazard>name` somebody to whom it is done and who
    may act next; `hazard<name` an acting device that a later finding may show to have been attacked.
    """

    def __init__(self, names: tuple[str, ...], city: City | None) -> None:
        self._commons = commons_of(names)
        self._city = city

    def ours(self, name: str) -> bool:
        """Whether a host belongs to us: a private address, or one of an asset of the city."""
        return ours(name, PRIVATE) or (self._city is not None and self._city.asset_at(name) is not None)

    def sought(self, memory: Memory, finding: Finding, hazard: Hazard) -> Iterator[str]:
        """Under which names a hypothesis is found that this finding continues."""
        acting = self._acting(memory, finding, hazard)
        for name in dict.fromkeys((*self._about(finding), *acting)):
            yield f"{hazard.name}:{name}"
        for name in acting[:1]:
            yield f"{hazard.name}>{name}"  # whom it was done to now acts
        for name in self._next(finding, hazard):
            yield f"{hazard.name}<{name}"  # who acted before was itself attacked

    def kept(self, memory: Memory, finding: Finding, hazard: Hazard) -> Iterator[str]:
        """Under which names later findings shall find what holds this one."""
        acting = self._acting(memory, finding, hazard)
        for name in dict.fromkeys((*self._about(finding), *acting)):
            yield f"{hazard.name}:{name}"
        for name in self._next(finding, hazard):
            yield f"{hazard.name}>{name}"
        for name in acting[:1]:
            yield f"{hazard.name}<{name}"

    def _about(self, finding: Finding) -> tuple[str, ...]:
        return () if _common(finding.subject, self._commons) else (finding.subject,)

    def _acting(self, memory: Memory, finding: Finding, hazard: Hazard) -> list[str]:
        """Who acts, and the servers that command it; none of a mere event: background joins nothing."""
        if hazard.is_event(finding):
            return []
        return [name for place, name in enumerate(finding.actors) if place == 0 or not self._shared(memory, name)]

    def _next(self, finding: Finding, hazard: Hazard) -> list[str]:
        """Whom it is done to, as far as that makes it likely that they act next."""
        actor = next(iter(finding.actors), "")
        if hazard.is_event(finding) or not actor or not self._reaches_in(actor, finding.tactic):
            return []
        return [name for name in finding.targets if not _common(name, self._commons)]

    def _reaches_in(self, actor: str, tactic: str) -> bool:
        """Whether what an actor does may lead on: to be looked at from outside leads nowhere."""
        return tactic not in PROBING or self.ours(actor)

    def _shared(self, memory: Memory, name: str) -> bool:
        """Whether many talk with this host: listed as common, or met in passing more than in accusations."""
        met = memory.met.get(name)
        popular = met is not None and len(met.lightly) >= POPULAR and len(met.lightly) > len(met.gravely)
        return popular or _common(name, self._commons)


def meet(memory: Memory, finding: Finding, hazard: Hazard) -> None:
    """Remember who was found to talk with whom, within bounds."""
    device, *others = finding.actors or (finding.subject,)
    lightly = hazard.is_event(finding)
    for name in dict.fromkeys((*others, *finding.targets)):
        met = touched(memory.met, name) or memory.met.setdefault(name, Met())
        _talked(met.lightly if lightly else met.gravely, device)
    bounded(memory.met, MET_MAX)


def _talked(talkers: list[str], device: str) -> None:
    if device not in talkers and len(talkers) < TALKERS_MAX:
        talkers.append(device)


def accused(hypothesis: Hypothesis, hazard: Hazard) -> list[str]:
    """Who is accused, the most suspected first.

    Who did something to another is named by what was seen. Who is only suspected of something
    (the finding's subject acts itself) is named where what speaks against it would open an
    incident alone: the victim of an attack is not accused because it also behaves a little oddly.
    """
    suspicion = _suspicion(_once(hypothesis.held.values()))
    enough = -hazard.prior_of(hypothesis.held.values())
    proven = {name for name in hypothesis.subjects if _against(hypothesis, hazard, name) >= enough}
    named = [
        name
        for finding in hypothesis.held.values()
        if finding.subject not in finding.actors or (finding.subject in proven and not hazard.is_event(finding))
        for name in finding.actors
    ]
    return sorted(dict.fromkeys(named), key=lambda name: -suspicion[name])


def _suspicion(findings: Iterable[Finding]) -> dict[str, float]:
    """How much is said of each actor: the first named acted, the others may have."""
    suspicion: dict[str, float] = defaultdict(float)
    for finding in findings:
        for place, name in enumerate(finding.actors):
            suspicion[name] += finding.weight.nats / (1 + place)
    return suspicion


def _against(hypothesis: Hypothesis, hazard: Hazard, name: str) -> float:
    """What is held against a subject that acts itself, in nats; mere events hold nothing against anybody."""
    held = (
        one
        for one in hypothesis.held.values()
        if one.subject == name and name in one.actors and not hazard.is_event(one)
    )
    spent: dict[str, float] = defaultdict(float)
    for finding in _once(held):
        pool, cap = hazard.cap_of(finding)
        spent[pool] = min(cap, spent[pool] + finding.weight.nats)
    return sum(spent.values())


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """The strongest finding per subject, detector, tactic and rule: repeats add nothing."""
    best: dict[tuple[str, str, str, str], Finding] = {}
    for finding in sorted(findings, key=lambda one: (one.weight.nats, one.id)):
        best[finding.subject, finding.detector, finding.tactic or finding.id, finding.rule] = finding
    return list(best.values())


def victims(hypothesis: Hypothesis, attackers: Sequence[str]) -> list[str]:
    """Whom it is done to: subjects and targets of what is held that are not accused themselves."""
    hit = (name for one in hypothesis.held.values() if one.actors for name in (one.subject, *one.targets))
    return [name for name in dict.fromkeys((*hypothesis.subjects, *hit)) if name and name not in set(attackers)]
