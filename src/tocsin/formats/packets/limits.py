"""How much of a capture is remembered at a time."""

from msgspec import Struct


class Limits(Struct, frozen=True, kw_only=True):
    """How many flows are remembered and how long a quiet one waits for more (seconds of event time)."""

    flows_max: int = 100_000
    attempt_s: float = 10.0
    closing_s: float = 5.0
    datagram_s: float = 60.0
    stream_s: float = 300.0
