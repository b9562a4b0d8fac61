"""What a member is: six small protocols. A member is a frozen keyword-only dataclass.

Its fields are its parameters. Class variables say what it is: `kind` (a dotted name in a
fixed family), `needs` (the highest level it asks for), `accepts` (the types that it takes:
body classes for detectors and perceivers, fact classes otherwise), `key` (what its state is kept by). `step` is a
fold: no clock, no I/O, no randomness. Where compiled things are needed, `start(resources)`
returns the running stage; otherwise the declaration runs itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from msgspec import Struct

from tocsin.model import Action, Body, Delivery, Fact, Level, Reading


@dataclass(frozen=True, slots=True)
class Key:
    """A named way to read the key of a fact; folds of equal keys share a state."""

    name: str
    of: Callable[[Any], str]

    def __call__(self, fact: Any) -> str:  # noqa: ANN401  # facts of every type have a key
        """The key of this fact."""
        return self.of(fact)


by_source = Key("source", lambda fact: str(fact.source))
"""One state per sensor."""

by_subject = Key("subject", lambda fact: str(fact.subject))
"""One state per subject of a finding."""

by_city = Key("city", lambda _: "city")
"""One state for the whole city."""


class Stage(Protocol):
    """A running fold. `step` may change the state in place and must return it."""

    def step(self, state: Any, fact: Any) -> tuple[Any, Sequence[Fact]]:  # noqa: ANN401
        """Take one fact; give the new state and what follows from the fact."""
        ...


@runtime_checkable
class Wakes(Protocol):
    """A stage that wants a Tick for a key at or after a moment (None: never)."""

    def wake_at(self, state: Any) -> float | None:  # noqa: ANN401
        """When this state next wants to be woken, seconds UTC."""
        ...


@runtime_checkable
class Batches(Protocol):
    """A stage that is faster on many facts of one key; equals the folded `step`."""

    def steps(self, state: Any, batch: Sequence[Any]) -> tuple[Any, Sequence[Fact]]:  # noqa: ANN401
        """Take facts in order; give the new state and all that follows."""
        ...


class Member(Protocol):
    """What all kinds declare."""

    kind: ClassVar[str]
    needs: ClassVar[Level]


class Detector(Member, Protocol):
    """Observation (or Finding, Health, Tick where accepted) → Finding or Health.

    `sees` names the hazards on which its silence is evidence against (empty: none).
    `default_nats` gives the weight per grade where no card does (at most 3).
    """

    accepts: ClassVar[tuple[type, ...]]
    key: ClassVar[Key]
    sees: ClassVar[tuple[str, ...]]
    default_nats: ClassVar[dict[str, float]]


@dataclass(frozen=True, slots=True)
class Perceived:
    """What a perceiver made of one reading: what may leave admission, and what it could not read.

    `rejected` pairs the raw bytes of each unreadable part with the reason (no content in it).
    Everything of the reading is in one of the two: nothing is swallowed.
    """

    readings: tuple[Reading[Any], ...] = ()
    rejected: tuple[tuple[bytes, str], ...] = ()


class Perceiver(Member, Protocol):
    """Body of a Reading → bodies of a lower or equal level. Runs inside admission.

    `gives` are the classes of body that it makes. Those above REDACTED never leave admission: they are
    for the perceivers that accept them (a frame becomes a scene, a scene a masked picture). One that gives
    nothing which may be observed under the present policy is not run.
    """

    accepts: ClassVar[tuple[type[Body], ...]]
    gives: ClassVar[tuple[type[Body], ...]]

    def perceive(self, reading: Reading[Any]) -> Perceived:
        """What may leave admission, and what could not be read and goes to quarantine."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A perceiver that compares a reading with earlier ones of its source: admission keeps its memory.

    The memory is never stored: it may hold arrays of clear pictures. It is lost with the process.
    """

    def look(self, memory: Any, reading: Reading[Any]) -> tuple[Any, Perceived]:  # noqa: ANN401
        """As `perceive`, with what was remembered of this source (None at first); gives the new memory."""
        ...


@runtime_checkable
class LooksAtMany(Protocol):
    """A perceiver that is faster on readings of several sources at once; equals `look` on each."""

    def look_at(self, seen: Sequence[tuple[Any, Reading[Any]]]) -> Sequence[tuple[Any, Perceived]]:
        """Memory and reading of each source; gives the new memory and what it made of each, in order."""
        ...


class Fuser(Member, Protocol):
    """Finding, Health, Decision, Tick → Incident, Look."""

    accepts: ClassVar[tuple[type, ...]]
    key: ClassVar[Key]


class Responder(Member, Protocol):
    """Incident (and Decision about its proposals) → Proposal; an approved Action → deliveries."""

    accepts: ClassVar[tuple[type, ...]]
    key: ClassVar[Key]

    def act(self, action: Action) -> Sequence[Delivery]:
        """The bytes to send for an approved action; the outbox sends them, the gate permitting."""
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a source hands over: readings, what could not be read, and how to acknowledge.

    `acknowledge` is called once all of it is on disk (from another thread); `rejected` pairs
    each unreadable input (its raw bytes) with the reason. `urgent` overtakes in the queue.
    `repeated`, where given, is told before it how many of the facts the log had already.
    """

    readings: tuple[Reading[Any], ...]
    rejected: tuple[tuple[bytes, str], ...] = ()
    acknowledge: Callable[[], None] | None = None
    urgent: bool = False
    repeated: Callable[[int], None] | None = None


class RunningSource(Protocol):
    """A started source. The engine asks it for batches; it never blocks longer than `wait_s`."""

    def next_batch(self, wait_s: float) -> Delivered | None:
        """The next delivery, or None when nothing came within `wait_s`."""
        ...

    def snapshot(self) -> bytes:
        """Where to resume (stored with the log position once acknowledged)."""
        ...

    def problem(self) -> str:
        """What is wrong now, in plain words; empty when nothing is."""
        ...

    def close(self) -> None:
        """Stop and give everything back."""
        ...


class Wanted(Struct, frozen=True, kw_only=True):
    """What is asked of a source that can be asked, until `until` (seconds UTC).

    `level` is the highest level that may be observed now; perceivers above it do not run. `interest`
    (0 to 1) is how much the rest of the house hopes to learn here: the share of computing follows it.
    `watched` says that somebody looks at its pictures now.
    """

    source: str
    level: Level
    until: float
    interest: float = 0.0
    watched: bool = False


@runtime_checkable
class Tasked(Protocol):
    """A running source that can be asked to look closer, or less."""

    def send(self, wanted: Wanted) -> None:
        """Take note; the newest for each source counts."""
        ...


@runtime_checkable
class Listens(Protocol):
    """A running source that devices connect to: the System page shows where."""

    @property
    def listens(self) -> str:
        """Transport and address, such as `tcp 127.0.0.1:5020` (`tcp+tls` where TLS is asked for), parted by commas."""
        ...


class Source(Member, Protocol):
    """A connection to the world: start it with resources and the last snapshot.

    One that sets `apart` (a class variable) delivers what must not leave the process beside it: it runs in
    a process of its own with its perceivers, together with the other inputs of its parameter `group`.
    One that sets `on_record` tells what a camera saw by itself. Both start only where the camera named by
    their parameter `source` has a complete record of processing.
    """

    def start(self, resources: Any, resume: bytes = b"") -> RunningSource:  # noqa: ANN401
        """Connect. Raises ConfigError with what to do where the parameters cannot work."""
        ...
