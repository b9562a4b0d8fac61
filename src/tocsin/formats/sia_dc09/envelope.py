"""The outside of a frame: LF, CRC, length, token, sequence, receiver, line, account; and finding frames in a stream."""

import re

from msgspec import Struct

from tocsin.model import BadInput

BODY_BYTES_MAX = 0xFFF
"""Longest content of a frame: its length is written as `0` and three hexadecimal digits."""

FRAME_BYTES_MAX = BODY_BYTES_MAX + 10
"""Longest frame: LF, four digits of CRC, four of length, the content, CR."""

_LF, _CR = b"\n", b"\r"
_CHECKED = re.compile(rb"\n?([0-9A-Fa-f]{4})(0[0-9A-Fa-f]{3})(.*?)\r?", re.DOTALL)
_HEAD = re.compile(
    rb'"(?P<sealed>\*?)(?P<token>[A-Z0-9][A-Z0-9-]{0,15})"(?P<sequence>\d{4})'
    rb"(?:R(?P<receiver>[0-9A-F]{1,6}))?(?:L(?P<line>[0-9A-F]{1,6}?))?"
    rb"(?:#(?P<account>[0-9A-F]{3,16})|A0)?(?P<rest>\[.*)",
    re.DOTALL,
)


class Garbled(BadInput):
    """A frame was damaged on its way (CRC, length, no head): the standard has it passed over without an answer."""

    code = "garbled"


class Envelope(Struct, frozen=True, kw_only=True):
    """What can be read without a key. `rest` is all from the first bracket on, sealed where `encrypted`.

    `receiver`, `line` and `account` are upper-case hexadecimal digits without their letters R, L and #.
    """

    token: str
    sequence: str
    receiver: str = ""
    line: str = ""
    account: str = ""
    encrypted: bool = False
    rest: bytes = b"[]"

    def head(self) -> bytes:
        """The envelope as it is written, up to the first bracket."""
        receiver = f"R{self.receiver}" if self.receiver else ""
        line = f"L{self.line}" if self.line else ""
        account = f"#{self.account}" if self.account else ""
        return f'"{"*" if self.encrypted else ""}{self.token}"{self.sequence}{receiver}{line}{account}'.encode()


def _table() -> tuple[int, ...]:
    entries = []
    for entry in range(256):
        value = entry
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
        entries.append(value)
    return tuple(entries)


_CRC = _table()


def crc(body: bytes) -> int:
    """CRC-16/ARC (polynomial 0x8005 reflected, start 0), as DC-09 section 5.5.1.2 asks.

    >>> hex(crc(b'"SIA-DCS"9876R579BDFL789ABC#12345A[#12345A|NFA129]'))
    '0xce11'
    """
    value = 0
    for byte in body:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value


def framed(body: bytes) -> bytes:
    """A body as a frame; raises BadInput for one that is too long."""
    if len(body) > BODY_BYTES_MAX:
        raise BadInput(f"A DC-09 message has {BODY_BYTES_MAX} bytes at most, this one {len(body)}.")
    return b"%b%04X%04X%b%b" % (_LF, crc(body), len(body), body, _CR)


def envelope_of(raw: bytes) -> Envelope:
    r"""Check and open one frame; raises Garbled, which repeats no content.

    >>> envelope_of(b'\nCE110032"SIA-DCS"9876R579BDFL789ABC#12345A[#12345A|NFA129]\r').account
    '12345A'
    """
    head = _HEAD.fullmatch(_checked(raw))
    if head is None:
        raise Garbled('The head of this frame is not "token", four digits, R, L, #account and a bracket.')
    parts = {name: (head[name] or b"").decode() for name in ("token", "sequence", "receiver", "line", "account")}
    return Envelope(encrypted=bool(head["sealed"]), rest=head["rest"], **parts)


def _checked(raw: bytes) -> bytes:
    """The body of a frame whose length and CRC hold."""
    if len(raw) > FRAME_BYTES_MAX:
        raise Garbled(f"This frame has {len(raw)} bytes, DC-09 allows {FRAME_BYTES_MAX}.")
    checked = _CHECKED.fullmatch(raw)
    if checked is None:
        raise Garbled("This is no frame of DC-09: it does not begin with a CRC and a length in hexadecimal digits.")
    said, length, body = int(checked[1], 16), int(checked[2], 16), checked[3]
    if length != len(body):
        raise Garbled(f"The length of this frame says {length} bytes, {len(body)} came.")
    if said != crc(body):
        raise Garbled("The CRC of this frame does not fit: it was damaged on its way.")
    return body


class Splitter:
    r"""Finds frames in the bytes of one connection; keeps one unfinished frame in memory at most.

    >>> Splitter().feed(b"noise\nCE11..\r\nCE")
    [b'\nCE11..\r']
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are complete by this; noise between frames is passed over.

        Raises Garbled when more came than a frame can hold, and no CR: nothing of the stream can be trusted then.
        """
        *whole, self._rest = (self._rest + data).split(_CR)
        if len(self._rest) > FRAME_BYTES_MAX:
            self._rest = b""
            raise Garbled(f"More than {FRAME_BYTES_MAX} bytes came without the CR that ends a frame.")
        return [_LF + part.rpartition(_LF)[2] + _CR for part in whole if part.strip(b"\x00\r\n ")]
