"""Remote ID of drones: the messages that they broadcast by Bluetooth or Wi-Fi (ASTM F3411-22a, ASD-STAN EN 4709-002).

A message has 25 bytes, little-endian: type and protocol version in the first, then fields of fixed width. A pack is
a header of 3 bytes and up to 9 messages. What a field says when it is not known (361°, 255 m/s, -1000 m, 0/0) is None.
"""

from struct import Struct as Layout

from msgspec import Struct

from tocsin.model import BadInput

MESSAGE_BYTES = 25
PACK_MESSAGES_MAX = 9

_BASIC, _LOCATION, _AUTH, _SELF, _SYSTEM, _OPERATOR, _PACK = 0, 1, 2, 3, 4, 5, 15
_VERSION = 2
_ID_KINDS = ("none", "serial number", "registration", "utm", "session")
_TYPES = (
    "undeclared",
    "aeroplane",
    "helicopter or multirotor",
    "gyroplane",
    "hybrid lift",
    "ornithopter",
    "glider",
    "kite",
    "free balloon",
    "captive balloon",
    "airship",
    "parachute",
    "rocket",
    "tethered",
    "ground obstacle",
    "other",
)
_STATES = ("undeclared", "on the ground", "airborne", "emergency", "remote id failure")
_WITHIN_M = (None, 18_520.0, 7_408.0, 3_704.0, 1_852.0, 926.0, 555.6, 185.2, 92.6, 30.0, 10.0, 3.0, 1.0)
"""Horizontal accuracy (95 %) by its code, metres."""

_HIGH_WITHIN_M = (None, 150.0, 45.0, 25.0, 10.0, 3.0, 1.0)
_EU_CATEGORIES = ("", "open", "specific", "certified")

_location = Layout("<BBBBbiiHHHBBHBx")
_system = Layout("<BBiiHBHHBHIx")


class BasicId(Struct, frozen=True, kw_only=True):
    """Which aircraft: its id, what kind of id that is, and what kind of aircraft."""

    id: str
    id_kind: str = "serial number"
    type: str = "undeclared"


class LocationVector(Struct, frozen=True, kw_only=True):
    """Where it is and where it goes. Heights are above take-off unless `over_ground`; altitudes above the ellipsoid.

    `since_hour_s` are seconds since the full hour UTC.
    """

    state: str = "undeclared"
    lon: float | None = None
    lat: float | None = None
    within_m: float | None = None
    direction_deg: float | None = None
    speed_m_s: float | None = None
    climb_m_s: float | None = None
    altitude_m: float | None = None
    pressure_altitude_m: float | None = None
    height_m: float | None = None
    height_within_m: float | None = None
    over_ground: bool = False
    since_hour_s: float | None = None


class SystemInfo(Struct, frozen=True, kw_only=True):
    """About the flight: how many aircraft, in which category of the EU. The operator's place is not decoded."""

    aircraft: int = 1
    category: str = ""


class Other(Struct, frozen=True, kw_only=True):
    """A message whose content is not read: authentication, the pilot's text, the operator's id."""

    kind: str


Message = BasicId | LocationVector | SystemInfo | Other


def decode(raw: bytes) -> tuple[Message, ...]:
    """The messages in a broadcast, one or those of a pack; raises BadInput where it is none.

    >>> decode(encode(BasicId(id="1596F0123456789", type="helicopter or multirotor")))[0].type
    'helicopter or multirotor'
    """
    if len(raw) == MESSAGE_BYTES:
        return (_one(raw),)
    if len(raw) < 3 or raw[0] >> 4 != _PACK:
        raise BadInput(f"{len(raw)} bytes are no message of Remote ID: one has {MESSAGE_BYTES}, a pack begins with F.")
    size, count = raw[1], raw[2]
    if size != MESSAGE_BYTES or not 1 <= count <= PACK_MESSAGES_MAX or len(raw) < 3 + size * count:
        raise BadInput(f"A pack of {count} messages of {size} bytes in {len(raw)} bytes: that cannot be.")
    parts = [raw[3 + n * size : 3 + (n + 1) * size] for n in range(count)]
    if any(part[0] >> 4 == _PACK for part in parts):
        raise BadInput("A pack within a pack: refused.")
    return tuple(map(_one, parts))


def _one(raw: bytes) -> Message:
    match raw[0] >> 4:
        case 0:
            return _basic(raw)
        case 1:
            return _where(raw)
        case 4:
            return _flight(raw)
        case 2 | 3 | 5 as kind:
            return Other(kind={2: "authentication", 3: "self-id", 5: "operator-id"}[kind])
        case kind:
            raise BadInput(f"Remote ID has no message of type {kind}.")


def _basic(raw: bytes) -> BasicId:
    kind, aircraft = raw[1] >> 4, raw[1] & 15
    told = raw[2:22]
    text = told.rstrip(b"\0").decode("ascii", "replace") if kind in (1, 2) else told.hex()
    plain = "".join(letter if letter.isprintable() else "·" for letter in text)
    return BasicId(id=plain, id_kind=_named(_ID_KINDS, kind), type=_named(_TYPES, aircraft))


def _named(names: tuple[str, ...], code: int) -> str:
    return names[code] if code < len(names) else "reserved"


def _where(raw: bytes) -> LocationVector:
    _, bits, direction, speed, climb, lat, lon, pressure, altitude, height, accuracy, _, tenths, _ = _location.unpack(
        raw
    )
    known = (lat, lon) != (0, 0) and abs(lat) <= 900_000_000 and abs(lon) <= 1_800_000_000
    degrees = direction + (180 if bits & 2 else 0)
    return LocationVector(
        state=_named(_STATES, bits >> 4),
        lon=lon / 1e7 if known else None,
        lat=lat / 1e7 if known else None,
        within_m=_at(_WITHIN_M, accuracy & 15),
        direction_deg=float(degrees) if degrees < 360 else None,
        speed_m_s=_speed(speed, faster=bool(bits & 1)),
        climb_m_s=climb / 2.0 if climb != 126 else None,
        altitude_m=_metres(altitude),
        pressure_altitude_m=_metres(pressure),
        height_m=_metres(height),
        height_within_m=_at(_HIGH_WITHIN_M, accuracy >> 4),
        over_ground=bool(bits & 4),
        since_hour_s=tenths / 10.0 if tenths <= 36_000 else None,
    )


def _at(values: tuple[float | None, ...], code: int) -> float | None:
    return values[code] if code < len(values) else None


def _speed(code: int, *, faster: bool) -> float | None:
    """In quarters of a metre per second up to 63.75; beyond, in three quarters; 255 with the flag is unknown."""
    if faster and code == 255:
        return None
    return 0.75 * code + 63.75 if faster else 0.25 * code


def _metres(code: int) -> float | None:
    return code / 2.0 - 1_000.0 if code else None


def _flight(raw: bytes) -> SystemInfo:
    _, bits, _, _, count, _, _, _, category, _, _ = _system.unpack(raw)
    european = bits >> 2 & 7 == 1
    return SystemInfo(aircraft=count or 1, category=_named(_EU_CATEGORIES, category >> 4) if european else "")


def encode(message: BasicId | LocationVector) -> bytes:
    """One message as it is broadcast; raises BadInput for what does not fit its field."""
    return _basic_bytes(message) if isinstance(message, BasicId) else _where_bytes(message)


def pack(*messages: bytes) -> bytes:
    """Several encoded messages in one broadcast."""
    if not 1 <= len(messages) <= PACK_MESSAGES_MAX:
        raise BadInput(f"A pack holds 1 to {PACK_MESSAGES_MAX} messages, not {len(messages)}.")
    return bytes((_PACK << 4 | _VERSION, MESSAGE_BYTES, len(messages))) + b"".join(messages)


def _basic_bytes(message: BasicId) -> bytes:
    told = message.id.encode("ascii") if message.id_kind in _ID_KINDS[1:3] else bytes.fromhex(message.id)
    if len(told) > 20:
        raise BadInput("An id of more than 20 bytes does not fit.")
    kinds = _ID_KINDS.index(message.id_kind) << 4 | _TYPES.index(message.type)
    return bytes((_BASIC << 4 | _VERSION, kinds)) + told.ljust(20, b"\0") + bytes(3)


def _where_bytes(message: LocationVector) -> bytes:
    direction = 361 if message.direction_deg is None else round(message.direction_deg) % 360
    speed, faster = _speed_code(message.speed_m_s)
    bits = _STATES.index(message.state) << 4 | (direction >= 180) << 1 | message.over_ground << 2 | faster
    return _location.pack(
        _LOCATION << 4 | _VERSION,
        bits,
        direction - 180 if direction >= 180 else direction,
        speed,
        126 if message.climb_m_s is None else round(2 * message.climb_m_s),
        round((message.lat or 0.0) * 1e7),
        round((message.lon or 0.0) * 1e7),
        _code(message.pressure_altitude_m),
        _code(message.altitude_m),
        _code(message.height_m),
        _HIGH_WITHIN_M.index(message.height_within_m) << 4 | _WITHIN_M.index(message.within_m),
        0,
        0xFFFF if message.since_hour_s is None else round(10 * message.since_hour_s),
        0,
    )


def _code(metres: float | None) -> int:
    return 0 if metres is None else round(2 * (metres + 1_000.0))


def _speed_code(speed_m_s: float | None) -> tuple[int, bool]:
    if speed_m_s is None:
        return 255, True
    return (round(4 * speed_m_s), False) if speed_m_s <= 63.75 else (round((speed_m_s - 63.75) / 0.75), True)
