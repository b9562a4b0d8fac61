"""Emission: one message that a device of the simulated city puts on a wire."""

from typing import Literal

from msgspec import Struct

Channel = Literal["mqtt", "eve", "http"]
"""How it travels: an MQTT message, a line appended to an EVE file, an HTTP POST of NDJSON."""


class Emission(Struct, frozen=True):
    """What is sent, when (seconds UTC) and whereto.

    `address` is the topic (mqtt), the id of the log (eve) or the path (http); `payload` one JSON
    object, one line without its end, or lines. `device` is who sends it.
    """

    at: float
    channel: Channel
    address: str
    payload: bytes
    device: str = ""
