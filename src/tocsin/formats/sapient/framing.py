"""How SAPIENT messages follow one another on a stream: four bytes of length, little-endian, then the message."""

from collections.abc import Iterator
from struct import Struct

from tocsin.model import BadInput

FRAME_BYTES_MAX = 1 << 20
"""Longest message that is taken, bytes: a bound of ours, so that a length of 2 GiB costs nothing."""

_LENGTH = Struct("<I")


class Oversized(BadInput):
    """A frame says that it is longer than the bound: what follows on that stream cannot be trusted."""

    code = "oversized"


def frame(payload: bytes) -> bytes:
    r"""The message as it goes over the wire; raises Oversized where nobody would take it.

    >>> frame(b"abc")
    b'\x03\x00\x00\x00abc'
    """
    _check(len(payload), FRAME_BYTES_MAX)
    return _LENGTH.pack(len(payload)) + payload


def _check(length: int, bytes_max: int) -> None:
    if length > bytes_max:
        raise Oversized(f"A message of {length} bytes: {bytes_max} are the most. Hang up and connect again.")


class Frames:
    """Cuts a stream into messages as its bytes arrive, however they were split on the way.

    >>> frames = Frames()
    >>> list(frames.feed(frame(b"one") + frame(b"two")[:5])), list(frames.feed(b"wo"))
    ([b'one'], [b'two'])
    """

    __slots__ = ("_begun", "_bytes_max")

    def __init__(self, bytes_max: int = FRAME_BYTES_MAX) -> None:
        self._begun = bytearray()
        self._bytes_max = bytes_max

    @property
    def waiting(self) -> int:
        """How many bytes of an unfinished message have come."""
        return len(self._begun)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole by now, in order; raises Oversized after those that came before it."""
        self._begun += data
        begin = 0
        try:
            while len(self._begun) - begin >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._begun, begin)
                _check(length, self._bytes_max)
                end = begin + _LENGTH.size + length
                if len(self._begun) < end:
                    break
                payload = bytes(self._begun[begin + _LENGTH.size : end])
                begin = end
                yield payload
        finally:
            del self._begun[:begin]
