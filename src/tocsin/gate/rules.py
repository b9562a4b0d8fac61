"""What a standing policy says: how closely one may look, where, for what, how long; what an act takes."""

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Meta, Struct

from tocsin.model import Level, Validity

ROLES = frozenset({"operator", "supervisor", "dpo", "admin", "viewer"})
"""Roles that accounts can have."""
LEASE_S_MAX = 3600.0
RETENTION_H_MAX = 72.0
"""Longest that pictures and anything closer (level 3 and up) may be kept without a case."""
K_MIN = 10
"""Fewest people that a published count may speak of."""

Text = Annotated[str, Meta(min_length=1, max_length=120)]
Roles = Annotated[tuple[Text, ...], Meta(min_length=1)]
Seconds = Annotated[float, Meta(gt=0)]


class Template(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act that was thought through beforehand: within these bounds one approver is enough."""

    name: Text
    people_reached_max: Annotated[int, Meta(ge=0)]
    lasts_s_max: Seconds


class Act(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it takes to do something: how many people, in which roles, and whether a word is typed."""

    approvers: Annotated[int, Meta(ge=1, le=5)] = 1
    roles: Roles = ("operator", "supervisor")
    distinct_roles: bool = False
    typed: bool = False
    automatic: bool = False
    templates: tuple[Template, ...] = ()


class Sight(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may approve a closer look than the standing one, and how long it may last at most."""

    roles: Roles
    lasts_s_max: Seconds


class BreakGlass(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far one person alone may go in an emergency; never to level 5."""

    roles: Roles
    lasts_s_max: Annotated[float, Meta(gt=0, le=3600)]
    level_max: Annotated[int, Meta(ge=0, le=4)]


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One policy file. `zones` and `purposes` are names or patterns (`*` is any).

    `level_max` is what may be leased; `ceiling` what may be reached at all, with approval or
    warrant. `retention_h` is hours per level; `budget_per_day` is weighted person-seconds per
    zone and day (UTC), after which only `when_spent_level_max` is leased.
    """

    policy: Text
    title: Text
    zones: tuple[Text, ...]
    purposes: tuple[Text, ...]
    retention_h: dict[Annotated[int, Meta(ge=0, le=5)], Annotated[float, Meta(gt=0)]]
    budget_per_day: Annotated[float, Meta(ge=0)]
    unmask: Sight
    warrant: Sight
    break_glass: BreakGlass
    level_max: Annotated[int, Meta(ge=0, le=3)] = 3
    ceiling: Annotated[int, Meta(ge=0, le=5)] = 5
    when_spent_level_max: Annotated[int, Meta(ge=0, le=3)] = 1
    lease_s_max: Annotated[float, Meta(ge=1, le=LEASE_S_MAX)] = LEASE_S_MAX
    k_anonymity: Annotated[int, Meta(ge=K_MIN)] = K_MIN
    acts: dict[Text, Act] = {}
    since: datetime | None = None
    until: datetime | None = None
    digest: str = ""

    @property
    def ref(self) -> str:
        """How receipts name it: name@digest."""
        return f"{self.policy}@{self.digest[:12]}"

    @property
    def validity(self) -> Validity:
        """From when until when it is in force."""
        return Validity(*(moment.timestamp() if moment else None for moment in (self.since, self.until)))

    def speaks_of(self, zone: str, purpose: str, at: float) -> bool:
        """Say whether it is in force there, then, for that purpose."""
        here = any(fnmatchcase(zone, name) for name in self.zones)
        return here and any(fnmatchcase(purpose, name) for name in self.purposes) and self.validity.holds(at)

    def kept_h(self, level: Level) -> float:
        """Hours for which something of that level is kept."""
        return self.retention_h[int(level)]

    def act(self, kind: str) -> Act:
        """What this act takes: the rule of its name, else of the longest pattern that fits it."""
        fitting = [pattern for pattern in self.acts if fnmatchcase(kind, pattern)]
        return self.acts[max(fitting, key=len)] if fitting else Act()

    def published(self, count: int) -> int | None:
        """A count as it may be published: None where it speaks of fewer than k people."""
        return count if count >= self.k_anonymity else None


def faults(policy: Policy) -> list[str]:
    """What cannot stand in a policy although each key alone is well-formed."""
    found = [f"retention_h: level {level} is missing." for level in range(6) if level not in policy.retention_h]
    found += [
        f"retention_h: level {level} is kept {hours:g} h; {RETENTION_H_MAX:g} h is the most for level 3 and up."
        for level, hours in policy.retention_h.items()
        if level >= Level.REDACTED and hours > RETENTION_H_MAX
    ]
    found += [f"{key}: no such role as {role!r}." for key, role in _roles(policy) if role not in ROLES]
    found += [
        f"{key}: write the time with its offset, such as 2026-06-01T12:00:00+03:00."
        for key, moment in (("since", policy.since), ("until", policy.until))
        if moment and moment.tzinfo is None
    ]
    if not found and policy.since and policy.until and policy.since >= policy.until:
        found.append("until: it ends before it begins.")
    if policy.level_max > policy.ceiling:
        found.append(f"ceiling: {policy.ceiling} is below level_max {policy.level_max}.")
    return found


def _roles(policy: Policy) -> list[tuple[str, str]]:
    sights = {"unmask": policy.unmask.roles, "warrant": policy.warrant.roles, "break_glass": policy.break_glass.roles}
    acts = {f"acts.{name}": act.roles for name, act in policy.acts.items()}
    return [(f"{key}.roles", role) for key, roles in (sights | acts).items() for role in roles]
