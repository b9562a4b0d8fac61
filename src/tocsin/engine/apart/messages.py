"""What the house and the process beside its cameras say to each other, and how it goes through a pipe."""

import os
import struct
import threading
from contextlib import suppress
from typing import IO, Any

import msgspec
from msgspec import Struct, field

from tocsin.contract.protocols import Wanted
from tocsin.engine.apart.portion import Portion
from tocsin.engine.perceiving import inside
from tocsin.model import BadInput, Body, Origin, Reading, SourceLost, body_type, decode_body

BYTES_MAX = 64 << 20
"""Longest message: more than any masked picture."""

_HEAD = struct.Struct(">I")


class Input(Struct, frozen=True):
    """One input of the group: the kind of its source, and its parameters."""

    kind: str
    parameters: dict[str, Any]

    @property
    def source(self) -> str:
        """The sensor that it is about."""
        return str(self.parameters.get("source", ""))

    @property
    def origin(self) -> Origin:
        """What its readings are."""
        return Origin(self.parameters.get("origin", Origin.LIVE))


class ToChild(Struct, frozen=True, tag_field="is"):
    """What the house says."""


class Begin(ToChild, frozen=True, kw_only=True, tag="begin"):
    """The first message: all that the group is made of. `rooms` is how many deliveries of each the house can take."""

    inputs: dict[str, Input]
    perceivers: dict[str, dict[str, Any]]
    portion: Portion
    rooms: dict[str, int]
    content: str
    folder: str | None = None
    in_force: str = ""
    secrets: dict[str, str] = field(default_factory=dict)


class Reload(ToChild, frozen=True, kw_only=True, tag="reload"):
    """The set-up of cameras changed: perceivers start anew; these inputs run, no others."""

    portion: Portion
    inputs: dict[str, Input]
    rooms: dict[str, int]


class Ask(ToChild, frozen=True, tag="ask"):
    """What is wanted of each camera now; without it being said again nothing above level 0 is let out."""

    wanted: tuple[Wanted, ...]


class Room(ToChild, frozen=True, tag="room"):
    """The house took a delivery of this input: there is room for one more."""

    input: str


class ToHouse(Struct, frozen=True, tag_field="is"):
    """What the child says."""


class Given(ToHouse, frozen=True, tag="given"):
    """What came of one reading of an input: encoded readings that may leave the process, and what was not readable."""

    input: str
    readings: tuple[bytes, ...]
    rejected: tuple[tuple[bytes, str], ...] = ()


class Tally(Struct, omit_defaults=True):
    """Counts of one input since its process began.

    `frames` were looked at, `dropped` passed over because nobody could look at them in time, `given` are the
    deliveries handed to the house, `withheld` the readings that the level of the moment did not allow,
    `failed` the frames on which a perceiver failed, `refused` what the house refused as too close.
    """

    frames: int = 0
    dropped: int = 0
    given: int = 0
    withheld: int = 0
    failed: int = 0
    refused: int = 0
    corrupt: int = 0
    connections: int = 0
    restarts: int = 0


class Pulse(ToHouse, frozen=True, kw_only=True, tag="pulse"):
    """Once a second: the child's loop lives, what is wrong with each input, and with the perceivers."""

    problems: dict[str, str]
    tallies: dict[str, Tally]
    trouble: str = ""


_encoder = msgspec.msgpack.Encoder()
_readings = msgspec.msgpack.Decoder(Reading[msgspec.Raw])  # type: ignore[type-var]  # sealed: the body is bytes
to_child = msgspec.msgpack.Decoder(Begin | Reload | Ask | Room)
to_house = msgspec.msgpack.Decoder(Given | Pulse)


def packed(reading: Reading[Body]) -> bytes:
    """A reading as bytes; raises BadInput for one that may not leave the process beside the cameras."""
    _check(type(reading.body))
    return _encoder.encode(reading)


def unpacked(raw: bytes) -> Reading[Body]:
    """The reading; raises BadInput for one that may not have left, and for bytes that are none."""
    try:
        sealed = _readings.decode(raw)
        tag = msgspec.msgpack.decode(sealed.body, type=dict[str, msgspec.Raw])["is"]
        _check(body_type(msgspec.msgpack.decode(tag, type=str)))
        return msgspec.structs.replace(sealed, body=decode_body(sealed.body))  # type: ignore[arg-type]  # Raw before, Body after
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError) as error:
        raise BadInput(f"the process beside the cameras sent what is no reading ({type(error).__name__})") from error


def _check(body: type[Body]) -> None:
    """Raise BadInput for a body that shows people as they are: it never leaves the process that decodes it.

    What is made for a clearance of level 4 may; the gate at the other end asks for that clearance.
    """
    if inside(body):
        raise BadInput(f"{body.__name__} is of level {int(body.level)}: it never leaves the process beside the camera")


class Pipe:
    """Messages over two streams; `send` may be called from any thread."""

    def __init__(self, reads: IO[bytes], writes: IO[bytes]) -> None:
        self._reads = reads
        self._writes = writes
        self._lock = threading.Lock()

    def send(self, message: ToChild | ToHouse) -> None:
        """Write a message; raises SourceLost where nobody reads any more."""
        raw = _encoder.encode(message)
        try:
            with self._lock:
                self._writes.write(_HEAD.pack(len(raw)) + raw)
                self._writes.flush()
        except (OSError, ValueError) as error:  # ValueError: closed on our side
            raise SourceLost("the other end of the pipe is gone") from error

    def close(self) -> None:
        """Let the other end know that nothing more is said."""
        with suppress(OSError):  # it is gone already
            self._writes.close()

    def receive(self) -> bytes | None:
        """The next message; None at the end. Raises BadInput for one that is too long."""
        try:
            head = self._reads.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return None
            size: int = _HEAD.unpack(head)[0]
            if size > BYTES_MAX:
                raise BadInput(f"a message of {size} bytes is longer than any ({BYTES_MAX})")
            raw = self._reads.read(size)
        except (OSError, ValueError):  # closed on our side
            return None
        return raw if len(raw) == size else None


def own_streams() -> Pipe:
    """The child's pipe: standard input and output, of which the latter is then turned to standard error.

    Whatever prints must not end up between messages.
    """
    pipe = Pipe(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    return pipe
