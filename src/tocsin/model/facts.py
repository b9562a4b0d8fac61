"""The nouns that flow: Reading, Observation, Finding, Health, Tick, Look, Decision, Change.

Times named `at` are seconds since 1970-01-01 UTC; `pos` is the position in the event log
(0 until logged). Facts are frozen; nothing in them is a handle.
"""

from typing import Generic, TypeVar

from msgspec import Struct

from tocsin.model.assessment import Extent, Figure
from tocsin.model.body import Body
from tocsin.model.place import Place
from tocsin.model.words import Basis, Condition, Level, Origin

B_co = TypeVar("B_co", bound=Body, covariant=True)

DEFAULT_NATS_MAX = 3.0
"""Most that a weight without measurement may say, in nats."""


class Reading(Struct, Generic[B_co], frozen=True, kw_only=True, omit_defaults=True):
    """What a source delivered, before the gate. Never stored.

    `source` names the sensor, `via` the connection that brought it. `(source, boot, seq)`
    identifies it for ever; a batch covers `seq` to `seq_end` inclusive (-1: just `seq`).
    `boot` is what restarts the numbering: a boot counter, a file generation.
    """

    at: float
    origin: Origin
    source: str
    seq: int
    body: B_co
    boot: str = ""
    seq_end: int = -1
    via: str = ""
    place: Place | None = None


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What every fact has: when, from where, and its position in the log."""

    at: float
    origin: Origin
    pos: int = 0


class Observation(Fact, Generic[B_co], frozen=True, kw_only=True, tag="observation"):
    """A reading that passed the gate, at the level of its lease."""

    source: str
    seq: int
    body: B_co
    boot: str = ""
    seq_end: int = -1
    via: str = ""
    place: Place | None = None
    level: Level = Level.AMBIENT
    lease: str = ""
    late: bool = False

    @property
    def id(self) -> str:
        """Its identity: source, boot and sequence number."""
        return f"{self.source}/{self.boot}/{self.seq}" if self.boot else f"{self.source}/{self.seq}"


class Weight(Struct, frozen=True, kw_only=True):
    """A log-likelihood ratio in nats, and how it is known (`text` names data and command)."""

    nats: float
    basis: Basis
    text: str = ""


class Finding(Fact, frozen=True, kw_only=True, tag="finding"):
    """What a detector concludes: how much its observation is worth, and why.

    `id` is derived from detector, key and window, so a repeat extends the evidence and adds
    no weight. `grade` chooses the row of the detector's card; the engine fills in `weight`.
    `subject` is what it is about (an asset, a source, an address), `actors` who acts, the one most
    suspected first, and `targets` whom it is done to (neither holds the merely present).
    `life` marks a raw priority 0: it reaches the operator even when fusion is down.
    `rule` is the id of the rule that fired, where one did; `tactic` and `technique` place it in
    MITRE ATT&CK (for ICS): a tactic's short name such as `lateral-movement`, an id such as `T0846`.
    `extents` are regions on the map and `figures` numbers, as far as they are known: a repeat replaces them.
    """

    id: str
    kind: str
    subject: str
    because: str
    evidence: tuple[str, ...]
    source: str = ""
    detector: str = ""
    grade: str = ""
    weight: Weight = Weight(nats=0.0, basis=Basis.DEFAULT)
    place: Place | None = None
    actors: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    since: float | None = None
    measure: float | None = None
    unit: str = ""
    life: bool = False
    rule: str = ""
    tactic: str = ""
    technique: str = ""
    extents: tuple[Extent, ...] = ()
    figures: tuple[Figure, ...] = ()


class Health(Fact, frozen=True, kw_only=True, tag="health"):
    """What is known of a source's condition, and why."""

    source: str
    condition: Condition
    because: str
    place: Place | None = None

    @property
    def id(self) -> str:
        """Its identity: source and moment. It is concluded, not logged: what it rests on is in the log."""
        return f"health/{self.source}/{self.at:.3f}"


class Tick(Fact, frozen=True, kw_only=True, tag="tick"):
    """The engine says what time it is."""


class Look(Fact, frozen=True, kw_only=True, tag="look"):
    """Fusion asks one sensor to look: at which level, why, until when, for which gain (nats)."""

    id: str
    source: str
    level: Level
    purpose: str
    until: float
    because: str
    gain_nats: float = 0.0
    incident: str = ""


class Decision(Fact, frozen=True, kw_only=True, tag="decision"):
    """What a person decided at the desk. `verb` is one of `engine.desk.VERBS`.

    `by` is the pseudonymous account id; `target` an incident, proposal, source or look.
    """

    id: str
    verb: str
    target: str
    by: str
    role: str = ""
    text: str = ""
    until: float | None = None
    others: tuple[str, ...] = ()


class Change(Fact, frozen=True, kw_only=True, tag="change"):
    """Configuration, rules or policies came into force: what, and the digest of its content."""

    what: str
    digest: str
    by: str = ""
    text: str = ""
