"""The log of the Mosquitto MQTT broker: who connects, who is refused, who leaves and why, what is published."""

import re
from datetime import UTC, datetime
from typing import Any

from tocsin.model import BadInput

BYTES_MAX = 1 << 18
"""Longest line that is read: a topic has at most 65,535 bytes."""

_LINE = re.compile(r"(\d{1,12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?): (.*)", re.DOTALL)
_YEAR_10000_S = 253_402_300_800

_FROM = r"\[?(?P<src_ip>[0-9A-Fa-f.:]+):(?P<src_port>\d{1,5})\]?"
_PACKET = (
    r"\(d(?P<dup>[01]), q(?P<qos>[012]), r(?P<retain>[01])(?:, m(?P<mid>\d+))?, '(?P<topic>.*)'"
    r"(?:, \.\.\. \((?P<bytes>\d+) bytes\))?"
)

_TERMS = r"p(?P<protocol>\d+), c(?P<clean>[01]), k(?P<keepalive_s>\d+)(?:, u'(?P<user>.*)')?"

_SAID: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (event, re.compile(pattern))
    for event, pattern in (
        ("connection", rf"New connection from {_FROM} on port (?P<port>\d{{1,5}})"),
        (
            "connected",
            rf"New (?:bridge )?(?:client|bridge) connected from {_FROM} as (?P<client>.*) \({_TERMS}\)",
        ),
        ("refused", rf"Client (?P<client>\S+) (?:{_FROM} )?disconnected[:,] (?P<reason>not authori[sz]ed)"),
        ("taken-over", rf"Client (?P<client>.+?) (?:{_FROM} )?already connected, closing old connection"),
        ("timeout", rf"Client (?P<client>.+?) (?:{_FROM} )?(?:has )?exceeded timeout"),
        ("closed", rf"Client (?P<client>.+?) (?:{_FROM} )?closed its connection"),
        ("disconnected", rf"Client (?P<client>.+?) (?:{_FROM} )?disconnected(?:[:,] (?P<reason>.*?))?\.?$"),
        ("error", r"Socket error on client (?P<client>.+?), disconnecting"),
        ("denied", rf"Denied PUBLISH from (?P<client>.+?) {_PACKET}"),
        ("denied", r"Denied SUBSCRIBE from (?P<client>.+?)(?: |$)"),
        ("publish", rf"Received PUBLISH from (?P<client>.+?) {_PACKET}"),
        ("deliver", rf"Sending PUBLISH to (?P<client>.+?) {_PACKET}"),
        ("subscribe", r"Received SUBSCRIBE from (?P<client>.+)"),
        ("subscribe", r"(?P<client>\S+) (?P<qos>[012]) (?P<topic>\S+)$"),
        ("unsubscribe", r"Received UNSUBSCRIBE from (?P<client>.+)"),
        ("protocol-error", r"(?:Invalid|Bad|Unsupported|Unknown) .*?(?:from|client) (?P<client>\S+)"),
        ("tls-error", r"OpenSSL Error"),
        ("listen", r"Opening (?P<family>ipv[46]|websockets) listen socket on port (?P<port>\d{1,5})"),
        ("start", r"mosquitto version (?P<version>\S+) (?:starting|running)"),
        ("stop", r"mosquitto version (?P<version>\S+) terminating"),
        ("config", r"Config loaded from|Using default config|Reloading config"),
        ("warning", r"Warning: "),
        ("error", r"Error: "),
    )
)
"""What the broker's lines say, first that fits wins; wording of Mosquitto 1.6 to 2.1 (its sources, log__printf)."""

_NUMBERS = frozenset({"src_port", "port", "keepalive_s", "qos", "bytes", "mid"})


def row_of(line: bytes) -> dict[str, Any]:
    """One line: `at` in seconds UTC, `message` as it was said, `event` what it is, and its parts.

    Parts, where the line has them: client, src_ip, src_port, user, port, topic, qos, retain, bytes,
    reason. A time without offset (`log_timestamp_format`) is taken as UTC. Raises BadInput.

    >>> row = row_of(b"5: New client connected from 10.0.0.7:51234 as cam-1 (p2, c1, k60, u'anna').")
    >>> row["event"], row["client"], row["src_ip"], row["user"]
    ('connected', 'cam-1', '10.0.0.7', 'anna')
    """
    if len(line) > BYTES_MAX:
        raise BadInput(f"This line is longer than {BYTES_MAX} bytes: Mosquitto writes none such.")
    try:
        found = _LINE.fullmatch(line.decode())
    except UnicodeDecodeError as error:
        raise BadInput(f"Byte {error.start} of this line is not UTF-8.") from None
    if found is None:
        raise BadInput("This line is not of Mosquitto's log (time: message): set log_timestamp true.")
    message = found[2]
    return {"event": "other", "message": message, **_said(message), "at": _time(found[1])}


def _said(message: str) -> dict[str, Any]:
    """What the first pattern that fits finds in a message; nothing where none does."""
    for event, pattern in _SAID:
        if (found := pattern.match(message)) is not None:
            return {"event": event, **_values(found.groupdict())}
    return {}


def _values(parts: dict[str, str | None]) -> dict[str, Any]:
    return {name: int(text) if name in _NUMBERS else text for name, text in parts.items() if text is not None}


def _time(stamp: str) -> float:
    if stamp.isdecimal():
        at = float(stamp)
        if at >= _YEAR_10000_S:
            raise BadInput("The time of this line lies outside the years 1970 to 9999.")
        return at
    try:
        moment = datetime.fromisoformat(stamp)
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise BadInput("The time of this line is not ISO 8601.") from None
