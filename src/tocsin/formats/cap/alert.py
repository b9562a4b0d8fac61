"""The nouns of CAP 1.2: Alert, Info, Area, Resource, and its times as text with an offset."""

import re
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from tocsin.model import BadInput

Ring = tuple[tuple[float, float], ...]
"""A closed ring of (lon, lat) in degrees, WGS 84. In the XML each pair is written lat,lon."""

Status = Literal["Actual", "Exercise", "System", "Test", "Draft"]
MsgType = Literal["Alert", "Update", "Cancel", "Ack", "Error"]
Scope = Literal["Public", "Restricted", "Private"]
Category = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"
]
ResponseType = Literal["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"]
Urgency = Literal["Immediate", "Expected", "Future", "Past", "Unknown"]
Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
Certainty = Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")


class Named(Struct, frozen=True, kw_only=True):
    """A valueName and its value, as in eventCode, parameter and geocode."""

    name: str
    value: str


class Circle(Struct, frozen=True, kw_only=True):
    """A circle: its centre in degrees and its radius in kilometres."""

    lon: float
    lat: float
    radius_km: float


class Area(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a message holds; several shapes are one union. `altitude_ft`, `ceiling_ft`: feet above sea level."""

    description: str
    polygons: tuple[Ring, ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Named, ...] = ()
    altitude_ft: float | None = None
    ceiling_ft: float | None = None


class Resource(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that goes with an info block. `digest` is the SHA-1 that the standard asks for."""

    description: str
    mime_type: str
    size_bytes: int | None = None
    uri: str = ""
    deref_uri: str = ""
    digest: str = ""


class Info(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a message says in one language. An empty `language` stands for en-US (CAP 1.2, 3.2.2)."""

    categories: tuple[Category, ...]
    event: str
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    language: str = ""
    response_types: tuple[ResponseType, ...] = ()
    audience: str = ""
    event_codes: tuple[Named, ...] = ()
    effective: str = ""
    onset: str = ""
    expires: str = ""
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Named, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One CAP message. Times are CAP text (`cap_time` writes, `seconds` reads them).

    `references` are "sender,identifier,sent" each. `signed` says that a signature came with
    it; it is not verified here and not written again.
    """

    identifier: str
    sender: str
    sent: str
    status: Status
    msg_type: MsgType
    scope: Scope = "Public"
    source: str = ""
    restriction: str = ""
    addresses: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    infos: tuple[Info, ...] = ()
    signed: bool = False


def cap_time(at: float) -> str:
    """Seconds UTC as CAP text to the second; UTC is written -00:00 and never Z (CAP 1.2, 3.3.2).

    Raises BadInput for a moment that no calendar has.

    >>> cap_time(1795341600.0)
    '2026-11-22T10:00:00-00:00'
    """
    try:
        return f"{datetime.fromtimestamp(at, UTC).isoformat(timespec='seconds')[:19]}-00:00"
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(f"{at!r} is no moment in seconds since 1970 that a calendar has.") from error


def seconds(text: str) -> float:
    """CAP text as seconds UTC; raises BadInput for anything but YYYY-MM-DDThh:mm:ss±hh:mm.

    >>> seconds("2026-11-22T12:00:00+02:00") == seconds("2026-11-22T10:00:00-00:00")
    True
    """
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).timestamp()
    except ValueError:
        pass
    message = f"{text[:40]!r} is no CAP time: write 2026-11-22T12:00:00+02:00, with an offset and without Z."
    raise BadInput(message)


def reference(alert: Alert) -> str:
    """How a later message refers to this one.

    >>> reference(Alert(identifier="a1", sender="s", sent="2026-11-22T10:00:00-00:00", status="Test", msg_type="Alert"))
    's,a1,2026-11-22T10:00:00-00:00'
    """
    return f"{alert.sender},{alert.identifier},{alert.sent}"
