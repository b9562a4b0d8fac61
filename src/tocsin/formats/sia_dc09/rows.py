"""Messages of alarm panels as rows of a log (format `sia`), and what they say about time and place."""

import re
from collections.abc import Mapping
from typing import Any

from tocsin.formats.sia_dc09.codes import Codes
from tocsin.formats.sia_dc09.events import Event, events_of
from tocsin.formats.sia_dc09.frame import Frame, moment
from tocsin.model import BadInput, Place
from tocsin.model.untrusted import json_object

FIX_RADIUS_M = 50.0
"""Uncertainty of a position that a panel reports: DC-09 gives thousandths of a minute, receivers are worse."""

_DEGREES = re.compile(r"(\d{1,3})([EWNS])(\d{1,2}(?:\.\d{1,6})?)")
_DECIMAL = re.compile(r"-?\d{1,3}\.\d{1,9}")
_SIDES = {"longitude": (180.0, "EW"), "latitude": (90.0, "NS")}
_NAMED = {"M": "mac", "I": "text", "S": "site", "O": "building", "R": "room", "L": "location", "T": "trigger"}
"""Extended data (DC-09 section 5.5.1.7) that become fields; H, X, Y and Z say when and where.

V (links to pictures and sound of people), A (authentication) and P (programming) are never carried on.
"""


def blocks_of(frame: Frame) -> dict[str, str]:
    """Extended data by their letter; of two with one letter the first."""
    found: dict[str, str] = {}
    for block in frame.extended:
        if block[:1].isalpha():
            found.setdefault(block[0], block[1:].strip())
    return found


def time_of(frame: Frame) -> float | None:
    """When it happened: the time of occurrence [H], else when the panel sent it; None where neither is said."""
    said = blocks_of(frame).get("H", "").removeprefix("_")
    if not said:
        return frame.at
    try:
        return moment(said)
    except BadInput:
        return frame.at  # an alarm is not lost for a clock that cannot be read


def place_of(frame: Frame) -> Place | None:
    """Where a panel on the move says that it is ([X…] longitude, [Y…] latitude), or None.

    >>> place_of(Frame(token="SIA-DCS", sequence="0001", extended=("X024E56.5", "Y60N10.25"))).lat
    60.170833
    """
    blocks = blocks_of(frame)
    lon, lat = _angle(blocks.get("X", ""), "longitude"), _angle(blocks.get("Y", ""), "latitude")
    return None if lon is None or lat is None else Place(lon=lon, lat=lat, radius_m=FIX_RADIUS_M)


def _angle(text: str, name: str) -> float | None:
    limit, sides = _SIDES[name]
    found = _DEGREES.fullmatch(text)
    if found is not None and found[2] in sides and float(found[3]) < 60.0:
        angle = (int(found[1]) + float(found[3]) / 60.0) * (-1 if found[2] == sides[1] else 1)
    elif _DECIMAL.fullmatch(text):
        angle = float(text)
    else:
        return None
    return round(angle, 6) if abs(angle) <= limit else None


def rows_of(frame: Frame, codes: Codes, at: float, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per event of a message; raises BadInput where its data cannot be read.

    `at` (seconds UTC) is when it happened, `told` what the receiver knows: `panel`, `src_ip` and so on.
    Fields: panel, account, protocol, event_code, event, class, state, qualifier, partition, zone, user,
    device, modifier, text, mac, sequence, encrypted, site, room.
    """
    same: dict[str, Any] = {
        "at": at,
        **told,
        "account": frame.account,
        "protocol": frame.token,
        "sequence": int(frame.sequence),
        "encrypted": frame.encrypted,
    }
    same |= {_NAMED[letter]: text for letter, text in blocks_of(frame).items() if letter in _NAMED and text}
    return [_row(same, event, codes) for event in events_of(frame)]


def _row(same: Mapping[str, Any], event: Event, codes: Codes) -> dict[str, Any]:
    meaning = codes.meaning(event)
    said = {
        "partition": event.partition,
        "user": event.user,
        meaning.about: event.address,
        "device": event.device,
        "modifier": " ".join(event.modifiers),
        "text": event.text,
        "panel_time": f"{event.date} {event.clock}".strip(),
    }
    said.pop("none", None)
    known = {"event_code": event.code, "event": meaning.event, "class": meaning.kind, "state": meaning.state}
    return {**same, **known, "qualifier": event.qualifier, **{name: value for name, value in said.items() if value}}


def row_of(line: bytes) -> dict[str, Any]:
    """A row that was written as one line of JSON; raises BadInput, which repeats no content.

    >>> row_of(b'{"at":5.0,"panel":"hall","event_code":"BA"}')["panel"]
    'hall'
    """
    row = json_object(line)
    at = row.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(row.get("event_code"), str):
        raise BadInput("This is no event of an alarm panel: it has no `at` (seconds UTC) and `event_code`.")
    row["at"] = float(at)
    return row
