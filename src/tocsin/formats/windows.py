"""Windows event log: events as JSON in the forms of evtx_dump, Winlogbeat and NXLog, and .evtx files, as flat rows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from os import SEEK_END
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import msgspec

from tocsin.model import BadInput
from tocsin.model.untrusted import json_object

if TYPE_CHECKING:
    from evtx import PyRecordsIterator

EVTX_MAGIC = b"ElfFile\x00"
"""The first bytes of an .evtx file (MS-EVEN6; libevtx, Windows XML Event Log format)."""

_HEADER_BYTES = 4_096
_CHUNK_BYTES = 65_536
_DAMAGED_MAX = 10_000

_EVENT_ID_MAX = 0xFFFFFFFF

_SYSTEM = {"Channel", "Computer", "EventRecordID", "Level", "Task", "Opcode", "Version", "Keywords"}

_FLAT = {
    "Hostname": "Computer",
    "SourceName": "Provider_Name",
    "ProviderName": "Provider_Name",
    "RecordNumber": "EventRecordID",
    "EventRecordId": "EventRecordID",
    "EventId": "EventID",
}
"""Names of NXLog's im_msvistalog and of flat exports, and what they are in the event's own XML."""

_BEATS = {
    "channel": "Channel",
    "provider_name": "Provider_Name",
    "computer_name": "Computer",
    "record_id": "EventRecordID",
    "task": "Task",
    "opcode": "Opcode",
    "version": "Version",
    "keywords": "Keywords",
}
"""Names of Winlogbeat under `winlog` (its field reference), and what they are in the event's own XML."""

_NXLOG_TYPES = frozenset({"INFO", "WARNING", "ERROR", "AUDIT_SUCCESS", "AUDIT_FAILURE", "VERBOSE", "CRITICAL"})


_Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class _Name(msgspec.Struct):
    Name: str = ""


class _Provider(msgspec.Struct):
    attributes: _Name = msgspec.field(name="#attributes", default_factory=_Name)


class _Moment(msgspec.Struct):
    SystemTime: str = ""


class _Created(msgspec.Struct):
    attributes: _Moment = msgspec.field(name="#attributes", default_factory=_Moment)


class _System(msgspec.Struct):
    """What a row keeps of System, in the common shape; any other shape takes the general way."""

    EventID: int
    TimeCreated: _Created
    Channel: str
    Computer: str
    Provider: _Provider
    EventRecordID: int
    Level: int
    Task: int
    Opcode: int
    Version: int
    Keywords: str


class _Event(msgspec.Struct):
    System: _System
    EventData: dict[str, str | _Integer | float | bool | None]


class _Dumped(msgspec.Struct):
    Event: _Event


_dumped = msgspec.json.Decoder(_Dumped)


def row_of(line: bytes) -> dict[str, Any]:
    """One event: fields of EventData or UserData beside those of System, all at the top level, and `at`.

    `EventID` is a number, `Provider_Name`, `Channel`, `Computer`, `EventRecordID`, `Level`, `Keywords`
    … are as Sigma rules name them; what System says wins over data of the same name. Raises
    BadInput, which repeats no content.

    >>> row_of(b'{"Event":{"System":{"EventID":"7","Channel":"System","TimeCreated":{"#attributes":'
    ...        b'{"SystemTime":"1970-01-01T00:00:05Z"}}},"EventData":{"a":"b"}}}')
    {'a': 'b', 'Channel': 'System', 'EventID': 7, 'at': 5.0}
    """
    try:
        event = _dumped.decode(line).Event
    except (ValueError, RecursionError):
        return _any_form(json_object(line, "event"))
    row: dict[str, Any] = event.EventData
    system = event.System
    row["EventID"] = system.EventID
    row["Provider_Name"] = system.Provider.attributes.Name
    row["Channel"] = system.Channel
    row["Computer"] = system.Computer
    row["EventRecordID"] = system.EventRecordID
    row["Level"] = system.Level
    row["Task"] = system.Task
    row["Opcode"] = system.Opcode
    row["Version"] = system.Version
    row["Keywords"] = system.Keywords
    row["at"] = time_of(system.TimeCreated.attributes.SystemTime)
    return row


def _any_form(event: dict[str, Any]) -> dict[str, Any]:
    inner = event.get("Event")
    if isinstance(inner, dict):
        return _from_xml(inner)
    if isinstance(event.get("winlog"), dict):
        return _from_beats(event, event["winlog"])
    return _from_flat(event)


def _from_xml(event: dict[str, Any]) -> dict[str, Any]:
    """The event's own XML, as converters write it: attributes under `#attributes` or with @ before their names."""
    system = event.get("System")
    if not isinstance(system, dict):
        raise BadInput("This event has no System part: it is not a Windows event.")
    row = _data(event.get("EventData")) or _data(event.get("UserData"), nested=True)
    row.update(_texts(system))
    row["EventID"] = _event_id(_text(system.get("EventID")))
    provider = _attributes(system.get("Provider"))
    if isinstance(provider.get("Name"), str):
        row["Provider_Name"] = provider["Name"]
    row["at"] = time_of(_attributes(system.get("TimeCreated")).get("SystemTime"))
    return row


def _texts(system: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The elements of the System part that are rows' fields as they stand."""
    for name, value in system.items():
        if name in _SYSTEM and (text := _text(value)) is not None:
            yield name, text


def _attributes(value: object) -> Mapping[str, Any]:
    """The attributes of an element, in either way of writing them."""
    if not isinstance(value, dict):
        return {}
    inner = value.get("#attributes", value)
    return {name.removeprefix("@"): one for name, one in inner.items()} if isinstance(inner, dict) else {}


def _text(value: object) -> Any:  # noqa: ANN401  # any JSON value
    """The text of an element, also where it has attributes; several texts are joined by commas."""
    if isinstance(value, dict):
        value = value.get("#text")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value if item is not None)
    return value


def _data(data: object, *, nested: bool = False) -> dict[str, Any]:
    """Fields of EventData; of UserData, which wraps its fields once more, with `nested`."""
    if not isinstance(data, dict):
        return {}
    row: dict[str, Any] = {}
    for name, value in data.items():
        if not name.startswith(("#", "@", "xmlns")):
            row.update(_element(name, value, nested=nested))
    return row


def _element(name: str, value: Any, *, nested: bool) -> dict[str, Any]:  # noqa: ANN401  # any JSON value
    if name == "Data" and _has_elements(value):
        return dict(_named(value))
    if nested and isinstance(value, dict) and "#text" not in value:
        return _data(value)
    return {name: _text(value)}


def _has_elements(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)


def _named(items: list[Any]) -> Iterator[tuple[str, Any]]:
    """`<Data Name="…">…</Data>` elements as XML-to-JSON converters list them."""
    for item in items:
        name = _attributes(item).get("Name")
        if isinstance(name, str):
            yield name, _text(item)


def _from_beats(event: dict[str, Any], winlog: dict[str, Any]) -> dict[str, Any]:
    row = _data(winlog.get("event_data")) or _data(winlog.get("user_data"), nested=True)
    row.update({ours: winlog[theirs] for theirs, ours in _BEATS.items() if theirs in winlog})
    row["EventID"] = _event_id(winlog.get("event_id"))
    row["at"] = time_of(event.get("@timestamp"))
    return row


def _from_flat(event: dict[str, Any]) -> dict[str, Any]:
    """A flat object. Its time is @timestamp, else Sysmon's UtcTime, else EventTime (UTC unless it says otherwise)."""
    if event.get("EventType") in _NXLOG_TYPES:
        del event["EventType"]  # NXLog's word for the level; Sysmon has a field of this name
    row = {_FLAT.get(name, name): _text(value) for name, value in event.items() if not name.startswith("@")}
    if not _is_event(row):
        raise BadInput("This object has no EventID with a Channel, provider or computer: it is not a Windows event.")
    row["EventID"] = _event_id(row["EventID"])
    stamps = (event.get("@timestamp"), row.get("UtcTime"), row.get("EventTime"), row.get("TimeCreated"))
    row["at"] = time_of(next((stamp for stamp in stamps if stamp is not None), None))
    return row


def _is_event(row: dict[str, Any]) -> bool:
    return "EventID" in row and ("Channel" in row or "Provider_Name" in row or "Computer" in row)


def _event_id(value: object) -> int:
    try:
        number = int(value)  # type: ignore[call-overload]  # its TypeError is caught
    except (TypeError, ValueError):
        number = -1
    if isinstance(value, bool) or not 0 <= number <= _EVENT_ID_MAX:
        raise BadInput("This event has no EventID that is a number.")
    return int(number)


def time_of(stamp: object) -> float:
    """Seconds UTC of a time in ISO 8601, UTC where it names no offset; 1970 at the earliest; raises BadInput."""
    try:
        moment = datetime.fromisoformat(stamp)  # type: ignore[arg-type]  # its TypeError is caught
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp())
    except (TypeError, ValueError, OverflowError):
        raise BadInput("This event has no time in ISO 8601 (TimeCreated, @timestamp, UtcTime or EventTime).") from None


def evtx_pieces(file: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """Every record of an .evtx file as a line of JSON; what is damaged or cut off comes as a reason."""
    from evtx import PyEvtxParser

    missing = _missing_bytes(file)
    try:
        yield from _records(PyEvtxParser(file).records_json())
    except (RuntimeError, OSError, ValueError):
        yield EVTX_MAGIC, "This .evtx file has no readable header: it is damaged or was cut."
        return
    if missing > 0:
        yield EVTX_MAGIC, f"This .evtx file is {missing} bytes shorter than its header says: it was cut."


def _records(records: "PyRecordsIterator") -> Iterator[tuple[bytes, str]]:
    damaged = 0
    while damaged < _DAMAGED_MAX:
        try:
            record = next(records)
        except StopIteration:
            return
        except RuntimeError:
            damaged += 1
            yield b"", "A record of this .evtx file is damaged; the ones after it are read."
            continue
        yield (record or {"data": ""})["data"].encode(), ""


def _missing_bytes(file: BinaryIO) -> int:
    """How much of the chunks that the header counts (16 bits at byte 42) the file does not hold; rewinds it."""
    head = file.read(_HEADER_BYTES)
    size = file.seek(0, SEEK_END)
    file.seek(0)
    return _HEADER_BYTES + int.from_bytes(head[42:44], "little") * _CHUNK_BYTES - size
