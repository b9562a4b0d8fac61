"""The inside of a frame: data, extended data and timestamp, encrypted or not; and the answers of a receiver."""

import re
from datetime import UTC, datetime

from msgspec import Struct

from tocsin.formats.sia_dc09.crypt import padding, seal, unseal
from tocsin.formats.sia_dc09.envelope import Envelope, framed
from tocsin.model import BadInput

EXTENDED_MAX = 32
"""Most blocks of extended data that are read."""

_CONTENT = re.compile(r"\[([^\[\]]*)\]((?:\[[^\[\]]*\])*)(?:_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}))?\s*")
_BLOCK = re.compile(r"\[([^\[\]]*)\]")
_TIME = "%H:%M:%S,%m-%d-%Y"


class Frame(Struct, frozen=True, kw_only=True):
    """One message of a panel, read. `data` is what stands in the first brackets, `extended` in those after.

    `at` is its timestamp, seconds UTC (None where it has none); `encrypted` whether it came so.
    """

    token: str
    sequence: str
    account: str = ""
    receiver: str = ""
    line: str = "0"
    data: str = ""
    extended: tuple[str, ...] = ()
    at: float | None = None
    encrypted: bool = False

    def envelope(self) -> Envelope:
        """Its outside, with nothing in it."""
        return Envelope(
            token=self.token,
            sequence=self.sequence,
            receiver=self.receiver,
            line=self.line,
            account=self.account,
            encrypted=self.encrypted,
        )


def timestamp(at: float) -> str:
    """A time as DC-09 writes it (GMT, whole seconds).

    >>> timestamp(0.0)
    '00:00:00,01-01-1970'
    """
    return datetime.fromtimestamp(at, UTC).strftime(_TIME)


def moment(text: str) -> float:
    """Seconds UTC of a time as DC-09 writes it; raises BadInput."""
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        raise BadInput("The time of this message is none: DC-09 writes HH:MM:SS,MM-DD-YYYY.") from None


def frame_of(envelope: Envelope, key: bytes = b"") -> Frame:
    """The whole message; raises BadInput where it cannot be read, or not with this key.

    Text that is not UTF-8 is taken as ISO 8859-1, so that no alarm is lost for the name of a room.
    """
    found = _CONTENT.fullmatch(_text(_opened(envelope, key)))
    if found is None:
        opened = "cannot be opened with the key of its account" if envelope.encrypted else "is not [data][…]_time"
        raise BadInput(f"The content of this message {opened}.")
    blocks = tuple(_BLOCK.findall(found[2]))
    if len(blocks) > EXTENDED_MAX:
        raise BadInput(f"This message has {len(blocks)} blocks of extended data, {EXTENDED_MAX} are read.")
    return Frame(
        token=envelope.token,
        sequence=envelope.sequence,
        account=envelope.account,
        receiver=envelope.receiver,
        line=envelope.line,
        data=found[1],
        extended=blocks,
        at=moment(found[3]) if found[3] else None,
        encrypted=envelope.encrypted,
    )


def _opened(envelope: Envelope, key: bytes) -> bytes:
    """What stands in and after the brackets, without the padding."""
    if not envelope.encrypted:
        return envelope.rest
    if not key:
        raise BadInput("This message is encrypted, but no key is known for its account: give its panel a `secret`.")
    _, bar, content = unseal(envelope.rest.removeprefix(b"[").removesuffix(b"]"), key).partition(b"|")
    if not bar:
        raise BadInput("This message cannot be opened with the key of its account: compare the keys.")
    return b"[" + content


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def encode(frame: Frame, key: bytes = b"", noise: bytes = b"") -> bytes:
    """A message as it goes over the wire; the inverse of `envelope_of` and `frame_of`.

    `noise` is 16 random bytes for the padding of an encrypted one. Raises BadInput for what does not fit
    a frame, or for encryption without key or timestamp, which DC-09 does not know.
    """
    blocks = "".join(f"[{block}]" for block in frame.extended)
    stamp = "" if frame.at is None else f"_{timestamp(frame.at)}"
    content = f"{frame.data}]{blocks}{stamp}".encode()
    head = frame.envelope().head() + b"["
    if not frame.encrypted:
        return framed(head + content)
    if not key or frame.at is None:
        raise BadInput("An encrypted message of DC-09 needs a key and a timestamp.")
    content = b"|" + content
    return framed(head + seal(padding(len(content), noise).encode() + content, key))


def acknowledgement(envelope: Envelope, key: bytes, at: float, noise: bytes) -> bytes:
    """ACK: the message is safe with us. Encrypted, with a timestamp, where the message was."""
    sealed = envelope.encrypted
    return encode(
        Frame(
            token="ACK",  # noqa: S106  # a token of the protocol
            sequence=envelope.sequence,
            account=envelope.account,
            receiver=envelope.receiver,
            line=envelope.line,
            at=at if sealed else None,
            encrypted=sealed,
        ),
        key,
        noise,
    )


def refusal(at: float) -> bytes:
    """NAK: its timestamp is not of now, or we are busy; it says what time it is and is never encrypted."""
    return framed(f'"NAK"0000R0L0A0[]_{timestamp(at)}'.encode())


def unable(envelope: Envelope) -> bytes:
    """DUH: it arrived whole, and we cannot do anything with it; sending it again is of no use."""
    head = Envelope(
        token="DUH",  # noqa: S106  # a token of the protocol
        sequence=envelope.sequence,
        receiver=envelope.receiver,
        line=envelope.line,
        account=envelope.account,
    )
    return framed(head.head() + b"[]")
