"""The tables that fusion reads: hazards and relations, as declared in `content/fusion`."""

from typing import Any

import msgspec
from msgspec import Struct

from tocsin.model import ConfigError


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
    name: str = ""


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
    """Hazards by name, hazard names by finding kind, and the relations between them."""

    hazards: dict[str, Hazard]
    by_kind: dict[str, str]
    relations: tuple[Relation, ...]

    def hazard_of(self, kind: str) -> Hazard | None:
        """The hazard of a finding kind, matched by its longest declared prefix."""
        while kind:
            if kind in self.by_kind:
                return self.hazards[self.by_kind[kind]]
            kind = kind.rpartition(".")[0]
        return None


def tables_from(hazards: Any, relations: Any) -> Tables:  # noqa: ANN401  # plain YAML data
    """Check the two documents and index them; raises ConfigError naming the wrong key."""
    try:
        known = {
            name: msgspec.structs.replace(msgspec.convert(row, Hazard), name=name) for name, row in hazards.items()
        }
        related = tuple(msgspec.convert(row, Relation) for row in relations)
    except msgspec.ValidationError as error:
        message = f"content/fusion: {error}. Compare with the table that ships with Tocsin."
        raise ConfigError(message) from error
    strangers = {r.earlier for r in related} | {r.later for r in related}
    if strangers - known.keys():
        message = f"content/fusion/relations.yaml names unknown hazards: {sorted(strangers - known.keys())}."
        raise ConfigError(message)
    by_kind = {kind: name for name, hazard in known.items() for kind in hazard.kinds}
    return Tables(hazards=known, by_kind=by_kind, relations=related)
