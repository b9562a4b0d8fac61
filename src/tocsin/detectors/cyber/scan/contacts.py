"""The sequential test on first contacts: how likely a scanner, how likely a benign host would fail so."""

from dataclasses import dataclass
from math import log

from msgspec import Struct

from tocsin.contract.network import Flow, bounded, faded

WEB = frozenset({80, 443})
"""Ports on which a browser whose uplink fails looks like a scanner for a moment."""

ARP_CAUTION = 3.0
"""How many times as sure a sweep by ARP must be: gateways ask for many hosts when others knock."""

ARP_HALF_LIFE_S = 60.0
"""How fast a sum of ARP requests fades: only a sweep asks for dozens of absent hosts within a minute."""

_UNTOLD_MAX = 8
_NATS_MAX = 4.0


class Group(Struct, array_like=True):
    """First contacts of one host: to many hosts on one port, or to many ports of one host.

    `nats` is the running sum of the sequential test, `seen` its latest targets with their outcomes,
    `tries` how many led nowhere and were not told yet, `untold` the latest of them with their evidence.
    """

    nats: float
    since: float
    last: float
    tries: int = 0
    seen: dict[str, int] = {}
    untold: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Odds:
    """The test: nats of a failed and an answered first contact, thresholds, half-life, and what is remembered."""

    failed: float
    answered: float
    suspect_nats: float
    certain_nats: float
    half_life_s: float
    seen_max: int

    def weigh(self, group: Group, flow: Flow, target: str) -> None:
        """Add the log-likelihood ratio of one first contact; begin anew at zero."""
        half_life_s = ARP_HALF_LIFE_S if flow.proto == "arp" else self.half_life_s
        group.nats = faded(group.nats, flow.at - group.last, half_life_s)
        group.nats = min(max(0.0, group.nats + self._worth(group, flow, target)), _NATS_MAX * self.certain_nats)
        if group.nats == 0.0:
            group.since, group.tries, group.untold = flow.at, 0, {}
        group.since, group.last = min(group.since, flow.at), max(group.last, flow.at)
        group.seen[target] = flow.outcome
        bounded(group.seen, self.seen_max)

    def _worth(self, group: Group, flow: Flow, target: str) -> float:
        """What one outcome adds; an answer to a request that counted as failed takes that back as well."""
        if flow.outcome <= 0:
            return self.failed if flow.outcome else 0.0
        return self.answered - (self.failed if group.seen.get(target) == -1 else 0.0)

    def suspects(self, group: Group, flow: Flow) -> bool:
        """Whether the sum suffices to speak of a scan."""
        return group.nats >= self.suspect_nats * (ARP_CAUTION if flow.proto == "arp" else 1.0)

    def is_certain(self, group: Group, flow: Flow, shape: str) -> bool:
        """Whether the sum leaves no doubt: web ports outside ask for twice as much while none of them answers."""
        if flow.proto == "arp":
            return group.nats >= self.certain_nats * ARP_CAUTION
        web = shape == "horizontal" and flow.port in WEB and not flow.to_inside
        return group.nats >= self.certain_nats * (2.0 if web and max(group.seen.values()) < 1 else 1.0)


def odds(benign_success: float, scanner_success: float) -> tuple[float, float]:
    """Nats of a failed and of an answered first contact.

    >>> [round(nats, 2) for nats in odds(0.95, 0.5)]
    [2.3, -0.64]
    """
    return log((1.0 - scanner_success) / (1.0 - benign_success)), log(scanner_success / benign_success)


def is_first(group: Group, flow: Flow, target: str) -> bool:
    """Whether a contact is news to its test; by ARP, an answer to a request is."""
    known = group.seen.get(target)
    if known is None or (flow.proto == "arp" and known < flow.outcome):
        return True
    group.seen[target] = group.seen.pop(target)
    return False


def keep(group: Group, target: str, evidence: str) -> None:
    """Keep what led nowhere until it is told."""
    group.tries += 1
    group.untold[target] = evidence
    bounded(group.untold, _UNTOLD_MAX)
