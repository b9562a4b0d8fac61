"""SAPIENT messages as bytes and back: read with every problem named, built for what a node or fusion node says."""

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tocsin.formats.sapient.rules import Message, problems
from tocsin.model import BadInput

if TYPE_CHECKING:
    from sapient_msg.bsi_flex_335_v2_0.sapient_message_pb2 import SapientMessage

ICD = "BSI Flex 335 v2.0"
"""How version 2 of the standard calls itself in a registration."""

ECHOED_BYTES_MAX = 4_096
"""How much of a refused packet an error carries back."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Unfit(BadInput):
    """A message that the standard does not allow; `problems` begin with the path of the field, `packet` came."""

    code = "unfit"

    def __init__(self, problems: Iterable[str], packet: bytes = b"") -> None:
        self.problems = tuple(problems)
        self.packet = packet
        super().__init__("; ".join(self.problems))


@cache
def message_class() -> "type[SapientMessage]":
    """The class of all messages, of the PyPI package `sapient-proto`; imported when first needed."""
    from sapient_msg.bsi_flex_335_v2_0.sapient_message_pb2 import SapientMessage

    return SapientMessage


def parse(payload: bytes) -> "SapientMessage":
    """The message in these bytes, unchecked; raises Unfit where they are none."""
    from google.protobuf.message import DecodeError

    try:
        return message_class().FromString(payload)
    except DecodeError:
        raise Unfit(("message: these bytes are no SapientMessage",), payload) from None


def decode(payload: bytes) -> "SapientMessage":
    """The message in these bytes, checked; raises Unfit naming every offending field.

    >>> try:
    ...     decode(b"")
    ... except Unfit as error:
    ...     error.problems[0]
    'timestamp: mandatory, and not set'
    """
    message = parse(payload)
    if wrong := problems(message):
        raise Unfit(wrong, payload)
    return message


def encode(message: "SapientMessage") -> bytes:
    """The bytes of a message of ours; raises Unfit where it is not as the standard asks."""
    if wrong := problems(message):
        raise Unfit(wrong)
    return message.SerializeToString()


def at_of(message: "SapientMessage") -> float:
    """When a message says that it was sent, seconds UTC."""
    return float(message.timestamp.seconds) + message.timestamp.nanos * 1e-9


def node_id(key: bytes, name: str) -> str:
    """A UUID of ours that stays the same: of the installation's key and a name.

    >>> node_id(b"key", "tocsin") == node_id(b"key", "tocsin") != node_id(b"other", "tocsin")
    True
    """
    digest = blake2b(name.encode(), key=key[:64], digest_size=16, person=b"tocsin-node").digest()
    return str(UUID(bytes=digest, version=4))


def word(message: Message, field: str, prefix: str) -> str:
    """The name of an enumeration's value as people write it, without its prefix; empty where it is not set.

    >>> said = message("a8654cdf-4328-47de-81fa-c495589e30c9", 0.0, task_answer(ulid(0.0, b""), "accepted"))
    >>> word(said.task_ack, "task_status", "TASK_STATUS_")
    'accepted'
    """
    if not message.HasField(field):
        return ""
    known = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    value = known.get(getattr(message, field))
    name = "" if value is None else str(value.name).removeprefix(prefix).lower().replace("_", "-")
    return "" if name == "unspecified" else name


def message(node: str, at: float, content: Mapping[str, Any], to: str = "") -> "SapientMessage":
    """A message of `node` (a UUID) to another, with one content: the fields by their names in the definitions.

    >>> said = message("a8654cdf-4328-47de-81fa-c495589e30c9", 1.5, {"registration_ack": {"acceptance": True}})
    >>> decode(encode(said)).registration_ack.acceptance, at_of(said)
    (True, 1.5)
    """
    made = message_class()(node_id=node, **content)
    made.timestamp.FromNanoseconds(round(at * 1e6) * 1_000)
    if to:
        made.destination_id = to
    return made


def of_json(text: str | bytes) -> "SapientMessage":
    """A message from its JSON form, unchecked; raises Unfit where that does not read."""
    from google.protobuf import json_format

    try:
        return json_format.Parse(text, message_class()())
    except json_format.ParseError as error:
        raise Unfit((f"message: {error}",)) from None


def to_json(message: "SapientMessage") -> str:
    """The JSON form of a message, with the field names of the definitions."""
    from google.protobuf import json_format

    return json_format.MessageToJson(message, preserving_proto_field_name=True)


def ulid(at: float, salt: bytes) -> str:
    """A ULID of a moment: its random part is a digest of `salt`, so that the same salt gives the same id.

    >>> ulid(1_790_000_000.0, b"report 1")
    '01M3250V00YSFXPM3BSBMG6MZM'
    """
    number = int(at * 1000) << 80 | int.from_bytes(sha256(salt).digest()[:10], "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -5, -5))


def ulid_at(text: str) -> float:
    """The moment in a ULID, seconds UTC.

    >>> ulid_at(ulid(1_790_000_000.0, b""))
    1790000000.0
    """
    number = 0
    for letter in text[:10].upper():
        number = number << 5 | _CROCKFORD.index(letter)
    return number / 1000.0


def accepted(reasons: Iterable[str] = ()) -> dict[str, Any]:
    """A registration is accepted; what is said about it."""
    return {"registration_ack": {"acceptance": True, "ack_response_reason": list(reasons)}}


def declined(reasons: Iterable[str]) -> dict[str, Any]:
    """A registration is not accepted, and why."""
    return {"registration_ack": {"acceptance": False, "ack_response_reason": list(reasons)}}


def error(packet: bytes, reasons: Iterable[str]) -> dict[str, Any]:
    """What was wrong with a packet, with its beginning."""
    return {"error": {"packet": packet[:ECHOED_BYTES_MAX] or b"\0", "error_message": list(reasons)}}


def alert_seen(alert_id: str, *, taken: bool = True, reasons: Iterable[str] = ()) -> dict[str, Any]:
    """An alert was taken in, or refused."""
    status = "ALERT_ACK_STATUS_ACCEPTED" if taken else "ALERT_ACK_STATUS_REJECTED"
    return {"alert_ack": {"alert_id": alert_id, "alert_ack_status": status, "reason": list(reasons)}}


def task_answer(task_id: str, status: str, reasons: Iterable[str] = ()) -> dict[str, Any]:
    """What becomes of a task: `status` is accepted, rejected, completed or failed."""
    return {"task_ack": {"task_id": task_id, "task_status": f"TASK_STATUS_{status.upper()}", "reason": list(reasons)}}


def task(task_id: str, command: Mapping[str, Any], *, control: str = "start", name: str = "") -> dict[str, Any]:
    """Ask a node for something: `command` as in the definitions, `control` is start, stop or pause."""
    told: dict[str, Any] = {"task_id": task_id, "control": f"CONTROL_{control.upper()}", "command": dict(command)}
    if name:
        told["task_name"] = name
    return {"task": told}


def at_lon_lat(lon: float, lat: float, sd_m: float | None = None, height_m: float | None = None) -> dict[str, Any]:
    """A Location in degrees (WGS 84); its errors in degrees, as its axes are."""
    told: dict[str, Any] = {
        "x": lon,
        "y": lat,
        "coordinate_system": "LOCATION_COORDINATE_SYSTEM_LAT_LNG_DEG_M",
        "datum": "LOCATION_DATUM_WGS84_E",
    }
    if sd_m is not None:
        told |= _errors(lat, sd_m)
    if height_m is not None:
        told["z"] = height_m
    return told


def sector(range_m: float, bearing_deg: float, field_deg: float) -> dict[str, Any]:
    """A range and bearing from true north, with the extent of what is covered, in metres and degrees."""
    return {
        "range": range_m,
        "azimuth": bearing_deg,
        "horizontal_extent": field_deg,
        "coordinate_system": "RANGE_BEARING_COORDINATE_SYSTEM_DEGREES_M",
        "datum": "RANGE_BEARING_DATUM_TRUE",
    }


def _errors(lat: float, sd_m: float) -> dict[str, float]:
    from math import cos, radians

    per_degree_m = 111_195.0
    return {"x_error": sd_m / (per_degree_m * max(0.01, cos(radians(lat)))), "y_error": sd_m / per_degree_m}
