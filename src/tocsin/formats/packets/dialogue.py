"""What a reader of one application protocol is: it takes bytes in order and gives Zeek-shaped rows."""

import struct
from typing import Any, ClassVar, Protocol

Row = dict[str, Any]
"""One row: `_path` names its log, other fields are named as Zeek or CISA's ICSNPP name them."""

MALFORMED = (ValueError, struct.error, IndexError, KeyError, OverflowError)
"""What reading hostile bytes may raise; counted under the protocol's name, never a crash."""

PENDING_MAX = 64
"""Most requests of one conversation that wait for their answer."""

TEXT_MAX = 1_024
"""Longest text that a row carries on from a packet."""


class Malformed(ValueError):
    """These bytes are not what their protocol allows."""


class Dialogue(Protocol):
    """Reads one conversation. `service` is Zeek's name of the protocol; `done` once nothing more is wanted.

    `speaks` says whether the first bytes of one direction are this protocol (`port` is the
    responder's). `take` reads one message from the front of `data` and says how many bytes it
    used (0: more are needed), with the rows that follow; a datagram is given whole. `end` gives
    what still waited. What is malformed raises one of MALFORMED.
    """

    service: ClassVar[str]
    done: bool

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        """Whether a conversation that begins so is of this protocol."""
        ...

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        """Read one message."""
        ...

    def end(self) -> list[Row]:
        """What is known of that which was never answered."""
        ...


class Reader:
    """What most readers of a protocol share: nothing is over yet, nothing waits at the end."""

    def __init__(self) -> None:
        self.done = False

    def end(self) -> list[Row]:
        """Nothing."""
        return []


class Framed(Reader):
    """Reads a stream whose messages say their own length in their first HEAD_BYTES bytes."""

    HEAD_BYTES: ClassVar[int]

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        """Wait for a whole message, then read it."""
        size = self._size(data) if len(data) >= self.HEAD_BYTES else 0
        if not size or len(data) < size:
            return 0, []
        return size, self._message(at, data[:size], is_orig=is_orig)

    def _size(self, data: bytes) -> int:
        """How long the message at the front is, with its head; raises Malformed where none begins there."""
        raise NotImplementedError

    def _message(self, at: float, data: bytes, *, is_orig: bool) -> list[Row]:
        """The rows of one whole message."""
        raise NotImplementedError


def text(raw: bytes) -> str:
    """Bytes of a packet as printable text of bounded length; anything else becomes a question mark."""
    shown = raw[:TEXT_MAX].decode(errors="replace")
    return shown if shown.isprintable() else "".join(c if c.isprintable() else "?" for c in shown)


def code(number: int) -> str:
    """A code as ICSNPP writes it: lower-case hexadecimal text."""
    return f"{number:#x}"
