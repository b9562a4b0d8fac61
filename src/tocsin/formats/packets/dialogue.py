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


def text(raw: bytes) -> str:
    """Bytes of a packet as printable text of bounded length; anything else becomes a question mark."""
    shown = raw[:TEXT_MAX].decode(errors="replace")
    return shown if shown.isprintable() else "".join(c if c.isprintable() else "?" for c in shown)


def code(number: int) -> str:
    """A code as ICSNPP writes it: lower-case hexadecimal text."""
    return f"{number:#x}"
