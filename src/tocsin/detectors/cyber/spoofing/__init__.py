"""Machines that pretend to be others on a link: stolen addresses (ARP), false servers and floods (DHCP)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta, Struct

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import NAMED_MAX, evidence_of
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.detectors.cyber.spoofing import arp, dhcp
from tocsin.model import Finding, Level, Observation, derived_id

_GATEWAYS = frozenset({"gateway", "router", "firewall"})
_RANK = {"arp-odd": 1, "arp-sweep": 2, "arp": 3, "arp-gateway": 4}
_ATTACK = {"dhcp-flood": ("inhibit-response-function", "T0814"), "arp-sweep": ("discovery", "T0846")}


class Told(Struct):
    """What was said of one device in a window: the gravest grade so far."""

    window: int
    grade: str


class Seen(Struct):
    """All that is known of one link."""

    link: arp.Link = msgspec.field(default_factory=arp.Link)
    leases: dhcp.Leases = msgspec.field(default_factory=dhcp.Leases)
    told: dict[str, Told] = {}


class _Case(Struct):
    """What a batch adds to one finding."""

    name: str
    subject: str
    grade: str
    because: str
    actors: tuple[str, ...]
    targets: tuple[str, ...]
    evidence: list[str]
    at: float
    measure: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoofing:
    """Find who takes the addresses of others by ARP, gives out addresses unasked, or asks for all of them.

    >>> from tocsin.contract.examples import START_AT, seen
    >>> from tocsin.contract.folding import findings
    >>> def reply(n, address, mac):
    ...     row = {"log": "arp", "at": START_AT + n, "operation": "reply", "orig_h": address, "orig_hw": mac}
    ...     return seen(LogEvents(format="zeek", offsets=(n,), rows=(row,)), at=START_AT + n, seq=n)
    >>> owner, thief = "00:1b:1b:00:00:01", "00:1b:1b:00:00:66"
    >>> link = [reply(1, "10.0.0.66", thief), reply(2, "10.0.0.1", owner), reply(3, "10.0.0.1", thief)]
    >>> findings(Spoofing(gateways=("10.0.0.1",)), link)[0].because
    '10.0.0.66 (00:1b:1b:00:00:66) claims the gateway 10.0.0.1 of 00:1b:1b:00:00:01.'
    """

    kind: ClassVar[str] = "cyber.spoofing"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {
        "arp-odd": 0.8,
        "arp-sweep": 3.0,
        "arp": 2.0,
        "arp-gateway": 3.0,
        "dhcp": 2.5,
        "dhcp-flood": 1.5,
    }

    gateways: Annotated[
        tuple[str, ...], Meta(description="Addresses of gateways, beside the city's assets of that kind.")
    ] = ()
    servers: Annotated[
        tuple[str, ...], Meta(description="Addresses of DHCP servers; none: those seen while learning.")
    ] = ()
    learn_s: Annotated[float, Meta(description="How long DHCP servers are learnt, seconds.", ge=0)] = 86_400.0
    alive_s: Annotated[
        float, Meta(description="After so long without a claim an address is free for another, seconds.", gt=0)
    ] = 300.0
    answered_s: Annotated[float, Meta(description="An ARP answer belongs to a question so long, seconds.", gt=0)] = 5.0
    half_life_s: Annotated[float, Meta(description="After so long odd packets count half, seconds.", gt=0)] = 600.0
    contested_min: Annotated[int, Meta(description="How often an owner must come back for a theft.", ge=1)] = 2
    unsolicited_min: Annotated[
        float, Meta(description="Unasked ARP answers that are odd by themselves, faded.", gt=0)
    ] = 20.0
    sweep_addresses: Annotated[int, Meta(description="Addresses asked for by ARP that are a sweep …", ge=2)] = 80
    sweep_s: Annotated[float, Meta(description="… within so many seconds.", gt=0)] = 60.0
    flood_clients: Annotated[int, Meta(description="New DHCP clients that are a flood …", ge=2)] = 60
    flood_s: Annotated[float, Meta(description="… within so many seconds.", gt=0)] = 60.0
    window_s: Annotated[float, Meta(description="Length of one finding's window, seconds.", gt=0)] = 3_600.0
    entries_max: Annotated[int, Meta(description="Most addresses, senders and leases kept per log.", ge=16)] = 256

    def start(self, resources: Resources) -> "RunningSpoofing":
        """Take the gateways from the city's register."""
        assets = {} if resources.city is None else resources.city.assets
        known = [address for one in assets.values() if one.kind in _GATEWAYS for address in one.addresses]
        return RunningSpoofing(self, frozenset({*known, *self.gateways}))


class RunningSpoofing:
    """The detector at work, with the gateways."""

    def __init__(self, says: Spoofing, gateways: frozenset[str]) -> None:
        self.says = says
        self._gateways = gateways
        self._limits = arp.Limits(
            alive_s=says.alive_s,
            answered_s=says.answered_s,
            half_life_s=says.half_life_s,
            sweep_addresses=says.sweep_addresses,
            sweep_s=says.sweep_s,
            entries_max=says.entries_max,
        )
        expected = frozenset(one.lower() for one in says.servers)
        self._rules = dhcp.Rules(expected, says.learn_s, says.flood_clients, says.flood_s, says.entries_max)

    def step(self, state: Seen | None, fact: Observation[LogEvents]) -> tuple[Seen, list[Finding]]:
        """Take in the claims and exchanges of a batch; one finding per device that is to be told of."""
        seen = Seen() if state is None else state
        cases = _merged((*self._from_dhcp(seen, fact), *self._from_arp(seen, fact)))
        found = [self._finding(seen, fact, case) for case in cases]
        while len(seen.told) > self.says.entries_max:
            del seen.told[next(iter(seen.told))]
        return seen, found

    def _from_arp(self, seen: Seen, fact: Observation[LogEvents]) -> Iterator[_Case]:
        for claim in arp.claims(fact.body.rows, fact.at):
            leased_to = seen.leases.leased.get(claim.address, "")
            for suspect in arp.heed(seen.link, claim, leased_to, self._limits):
                grade = self._grade(suspect)
                if grade:
                    yield self._arp_case(suspect, grade, claim.at, evidence_of(fact, claim.row))

    def _grade(self, suspect: arp.Claimant) -> str:
        """How grave what a sender did is; nothing where it may be chance."""
        says = self.says
        if self._gateways & suspect.taken.keys():
            return "arp-gateway"
        insists = suspect.contested >= says.contested_min or suspect.unsolicited >= says.unsolicited_min / 4
        if len(suspect.taken) > 1 or (suspect.taken and insists):
            return "arp"
        if len(suspect.sought) >= says.sweep_addresses:
            return "" if suspect.address in self._gateways else "arp-sweep"
        return "arp-odd" if suspect.forged >= 1.0 or suspect.unsolicited >= says.unsolicited_min else ""

    def _arp_case(self, suspect: arp.Claimant, grade: str, at: float, evidence: str) -> _Case:
        taken = sorted(suspect.taken, key=lambda one: (one not in self._gateways, one))
        own = suspect.address if suspect.address not in suspect.taken else ""
        who = f"{own} ({suspect.mac})" if own else suspect.mac
        if taken:
            what = "the gateway " if taken[0] in self._gateways else ""
            more = f" and {len(taken) - 1} other addresses" if len(taken) > 1 else ""
            because = f"{who} claims {what}{taken[0]} of {suspect.taken[taken[0]]}{more}."
        elif grade == "arp-sweep":
            because = f"{who} asks by ARP for {len(suspect.sought)} addresses or more within {self.says.sweep_s:g} s."
        elif suspect.posed:
            because = f"{who} sends ARP as {suspect.posed} in the name of other hardware."
        else:
            because = f"{who} sends ARP answers that nobody asked for, {round(suspect.unsolicited)} lately."
        posed = "" if grade == "arp-sweep" else suspect.posed
        subject = taken[0] if taken else posed or own or suspect.mac
        return _Case(
            name=f"arp {suspect.mac}",
            subject=subject,
            grade=grade,
            because=because,
            actors=(own or suspect.mac,),
            targets=tuple(taken[:NAMED_MAX]),
            evidence=[evidence],
            at=at,
            measure=float(len(taken)),
            unit="addresses taken",
        )

    def _from_dhcp(self, seen: Seen, fact: Observation[LogEvents]) -> Iterator[_Case]:
        for talk in dhcp.talks(fact.body.rows, fact.at):
            stranger, flood = dhcp.heed(seen.leases, talk, self._rules)
            evidence = evidence_of(fact, talk.row)
            if stranger:
                yield _stranger_case(talk, evidence, seen.leases.servers[talk.server].answers)
            if flood:
                yield self._flood_case(seen.leases, talk, evidence, fact.source)

    def _flood_case(self, leases: dhcp.Leases, talk: dhcp.Talk, evidence: str, source: str) -> _Case:
        many, within_s = self.says.flood_clients, self.says.flood_s
        because = f"{many} new clients or more asked for addresses by DHCP within {within_s:g} s."
        subject = talk.server or next(reversed(leases.servers), source)
        count = float(len(leases.newcomers))
        return _Case("flood", subject, "dhcp-flood", because, (), (), [evidence], talk.at, count, "clients")

    def _finding(self, seen: Seen, fact: Observation[LogEvents], case: _Case) -> Finding:
        window = int(case.at // self.says.window_s)
        told = seen.told.pop(case.name, None)
        if told is not None and told.window == window:
            case.grade = max(told.grade, case.grade, key=lambda one: _RANK.get(one, 0))
        seen.told[case.name] = Told(window, case.grade)
        tactic, technique = _ATTACK.get(case.grade, ("collection", "T0830"))
        return Finding(
            id=derived_id("f", self.says.kind, fact.source, case.name, window),
            at=min(case.at, fact.at),
            origin=fact.origin,
            kind=self.says.kind,
            subject=case.subject,
            because=case.because,
            evidence=tuple(dict.fromkeys(case.evidence)),
            source=fact.source,
            detector=self.says.kind,
            grade=case.grade,
            place=fact.place,
            actors=case.actors,
            targets=case.targets,
            measure=case.measure,
            unit=case.unit,
            tactic=tactic,
            technique=technique,
        )


def _merged(cases: Iterable[_Case]) -> Iterable[_Case]:
    """The last case of each name, with the evidence of all."""
    by_name: dict[str, _Case] = {}
    for case in cases:
        known = by_name.get(case.name)
        case.evidence = [*(known.evidence if known else []), *case.evidence]
        by_name[case.name] = case
    return by_name.values()


def _stranger_case(talk: dhcp.Talk, evidence: str, answers: int) -> _Case:
    because = f"{talk.server} gives out addresses by DHCP and is not one of the known servers."
    targets = (talk.address,) if talk.address else ()
    name, who = f"dhcp {talk.server}", (talk.server,)
    return _Case(name, talk.server, "dhcp", because, who, targets, [evidence], talk.at, float(answers), "answers")
