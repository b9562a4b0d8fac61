"""The tables that fusion reads: hazards and relations of `content/fusion`, names of `content/attack`."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from tocsin.model import ConfigError, Finding

T = TypeVar("T")


class Act(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an incident is called whose weightiest finding is of one kind, and what to do about it."""

    title: str
    next: str = ""


class Hazard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How findings of one hazard are weighed, joined and told; see the comments in the table."""

    kinds: tuple[str, ...]
    prior_nats: float
    cap_nats: float
    gate_m: float
    gap_s: float
    hold_s: float
    half_life_s: float
    severity: dict[str, str]
    title: str
    next: str
    against_cap_nats: float = 2.0
    events: tuple[str, ...] = ()
    campaign: bool = False
    single: bool = False
    yields_to: tuple[str, ...] = ()
    priors: dict[str, float] = {}
    caps: dict[str, float] = {}
    acts: dict[str, Act] = {}
    name: str = ""

    def is_event(self, finding: Finding) -> bool:
        """Whether this finding needs nobody now: it weighs, but opens no incident and accuses nobody."""
        return any(key in self.events for key in _keys(finding))

    def severity_of(self, finding: Finding) -> str:
        """How bad it is if true."""
        return _row(self.severity, finding) or "info"

    def act_of(self, finding: Finding) -> Act | None:
        """How an incident is called that this finding leads, and what to do; None for the hazard's own words.

        What an act says nothing about is as for its kind, else as for the hazard.
        """
        known = [self.acts[key] for key in _keys(finding) if key in self.acts]
        if not known:
            return None
        return Act(title=known[0].title, next=next((act.next for act in known if act.next), self.next))

    def prior_of(self, findings: Iterable[Finding]) -> float:
        """Log odds before any evidence: those of the least rare thing that was found."""
        return max((_row(self.priors, one) or self.prior_nats for one in findings), default=self.prior_nats)

    def cap_of(self, finding: Finding) -> tuple[str, float]:
        """What adds up together with this finding (its detector, or a row of `caps`), and to how many nats at most."""
        row = next((key for key in _keys(finding) if key in self.caps), None)
        return (finding.detector, self.cap_nats) if row is None else (row, self.caps[row])


def _keys(finding: Finding) -> tuple[str, str, str]:
    """The names under which a table may speak of a finding, the most special first."""
    return f"{finding.kind}/{finding.grade}", finding.kind, finding.grade


def _row(table: Mapping[str, T], finding: Finding) -> T | None:
    return next((table[key] for key in _keys(finding) if key in table), None)


class Attack(Struct, frozen=True, kw_only=True):
    """ATT&CK as we use it: plain names of tactics in the order of a kill chain, and techniques by id."""

    tactics: dict[str, str]
    techniques: dict[str, tuple[str, str]]

    def tactic_of(self, finding: Finding) -> str:
        """The tactic that a finding names, else that of its technique; empty where it names neither."""
        return finding.tactic or self.techniques.get(finding.technique, ("", ""))[1]

    def depth(self, tactic: str) -> int:
        """How far along a kill chain a tactic stands; -1 for one that is not in the table."""
        return next((place for place, name in enumerate(self.tactics) if name == tactic), -1)


class Relation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a later hypothesis belongs to the incident of an earlier one."""

    earlier: str
    later: str
    same: str
    within_s: float
    because: str
    nats: float = 0.0
    near_m: float = 0.0


class Tables(Struct, frozen=True, kw_only=True):
    """Hazards by name, hazard names by finding kind, the relations between them, and the names of ATT&CK.

    `commons` are names of hosts that many talk with: they join nothing.
    """

    hazards: dict[str, Hazard]
    by_kind: dict[str, str]
    relations: tuple[Relation, ...]
    attack: Attack
    commons: tuple[str, ...] = ()

    def hazard_of(self, finding: Finding) -> Hazard | None:
        """The hazard of a finding: of its kind and grade, else of the longest declared prefix of its kind."""
        kind = f"{finding.kind}/{finding.grade}"
        if kind in self.by_kind:
            return self.hazards[self.by_kind[kind]]
        kind = finding.kind
        while kind:
            if kind in self.by_kind:
                return self.hazards[self.by_kind[kind]]
            kind = kind.rpartition(".")[0]
        return None


def tables_from(hazards: Any, relations: Any, attack: Any, commons: Any) -> Tables:  # noqa: ANN401  # plain YAML data
    """Check the documents and index them; raises ConfigError naming the wrong key."""
    try:
        known = {
            name: msgspec.structs.replace(msgspec.convert(row, Hazard), name=name) for name, row in hazards.items()
        }
        related = tuple(msgspec.convert(row, Relation) for row in relations)
        named = msgspec.convert(attack, Attack)
        shared = msgspec.convert(commons, tuple[str, ...])
    except msgspec.ValidationError as error:
        message = f"content/fusion or content/attack: {error}. Compare with the table that ships with Tocsin."
        raise ConfigError(message) from error
    strangers = {r.earlier for r in related} | {r.later for r in related}
    if strangers - known.keys():
        message = f"content/fusion/relations.yaml names unknown hazards: {sorted(strangers - known.keys())}."
        raise ConfigError(message)
    by_kind = {kind: name for name, hazard in known.items() for kind in hazard.kinds}
    return Tables(hazards=known, by_kind=by_kind, relations=related, attack=named, commons=shared)
