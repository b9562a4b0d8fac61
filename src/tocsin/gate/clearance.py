"""Who asks to look, and the leave to do so: Ask, Clearance, Approver."""

from msgspec import Struct

from tocsin.model import Level, Origin, Refused, derived_id


class Ask(Struct, frozen=True, kw_only=True):
    """A wish to observe: with which source, for which purpose, how closely, in which zone."""

    source: str
    purpose: str
    level: Level
    zone: str = ""
    origin: Origin = Origin.LIVE


class Clearance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Leave to observe at a level from `since` until `until` (seconds UTC, until exclusive).

    `policy` is name@digest of what allowed it, or warrant@id. Its receipt is in the ledger.
    """

    id: str
    source: str
    purpose: str
    level: Level
    zone: str
    policy: str
    since: float
    until: float
    origin: Origin = Origin.LIVE

    def holds(self, at: float) -> bool:
        """Say whether it is in force at that moment: a view closes when it is not."""
        return self.since <= at < self.until

    @property
    def ask(self) -> Ask:
        """What was asked for."""
        return Ask(source=self.source, purpose=self.purpose, level=self.level, zone=self.zone, origin=self.origin)


class Approver(Struct, frozen=True):
    """A person who approves: a pseudonymous account id, and the role in which they act."""

    account: str
    role: str


def cleared(ask: Ask, policy: str, since: float, until: float, prefix: str = "lease") -> Clearance:
    """The clearance that answers an ask. The same ask in the same period has the same id in every run."""
    return Clearance(
        id=derived_id(prefix, ask.source, ask.purpose, int(ask.level), policy, since),
        source=ask.source,
        purpose=ask.purpose,
        level=ask.level,
        zone=ask.zone,
        policy=policy,
        since=since,
        until=until,
        origin=ask.origin,
    )


REASON_CHARS_MIN, REASON_CHARS_MAX = 10, 500


def stated(reason: str) -> str:
    """A reason as it enters the ledger; raises Refused where it is none."""
    text = " ".join(reason.split())
    if not REASON_CHARS_MIN <= len(text) <= REASON_CHARS_MAX:
        raise Refused(f"State a reason of {REASON_CHARS_MIN} to {REASON_CHARS_MAX} characters: it is reviewed later.")
    return text
