"""Notification messages (WS-BaseNotification 1.3, ONVIF Core section 9), read by a parser that knows no DTD."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from lxml import etree
from msgspec import Struct

from tocsin.model import BadInput
from tocsin.model.untrusted import json_object

WSNT = "{http://docs.oasis-open.org/wsn/b-2}"
TT = "{http://www.onvif.org/ver10/schema}"
TOPICS = "http://www.onvif.org/ver10/topics"

BYTES_MAX = 4 << 20
"""Longest document that is read, in bytes."""

MESSAGES_MAX = 1_024
"""Most messages of one document."""

ITEMS_MAX = 64
"""Most simple items of one message."""

VALUE_CHARS_MAX = 512
"""Longest value that is kept of an item."""

OPERATIONS = frozenset({"Initialized", "Changed", "Deleted"})
"""What became of a property; an event that is no property has none."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_IDENTIFYING = frozenset(
    {"face", "faces", "facial", "plate", "plates", "anpr", "alpr", "lpr", "age", "gender", "emotion", "ethnicity"}
)


class Message(Struct, frozen=True, kw_only=True):
    """One notification. `topic` has no prefix where it is ONVIF's own; `at` is None where the device says no time.

    `source` and `key` say which part of the device it is about, `data` what is the case there.
    """

    topic: str
    at: float | None = None
    operation: str = ""
    source: Mapping[str, str] = {}
    key: Mapping[str, str] = {}
    data: Mapping[str, str] = {}


def parsed(raw: bytes) -> Any:  # noqa: ANN401  # lxml's element
    """A document of somebody else's making; raises BadInput, which repeats no content."""
    if len(raw) > BYTES_MAX:
        raise BadInput(f"This document has {len(raw)} bytes, {BYTES_MAX} are read.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise BadInput(f"Line {line} of this document is not well-formed XML.") from None
    if root.getroottree().docinfo.doctype:
        raise BadInput("This document has a document type definition, which ONVIF never needs.")
    return root


def messages_of(root: Any) -> list[Message]:  # noqa: ANN401  # lxml's element
    """The messages in a PullMessages response, a Notify, or a piece of a metadata stream; raises BadInput.

    >>> raw = b'''<m xmlns:w="http://docs.oasis-open.org/wsn/b-2" xmlns:t="http://www.onvif.org/ver10/schema"
    ...  xmlns:n="http://www.onvif.org/ver10/topics"><w:NotificationMessage><w:Topic>n:UserAlarm/Panic</w:Topic>
    ...  <w:Message><t:Message UtcTime="1970-01-01T00:00:05Z"><t:Data><t:SimpleItem Name="State" Value="true"/></t:Data>
    ...  </t:Message></w:Message></w:NotificationMessage></m>'''
    >>> messages_of(parsed(raw))
    [Message(topic='UserAlarm/Panic', at=5.0, operation='', source={}, key={}, data={'State': 'true'})]
    """
    found = list(root.iter(f"{WSNT}NotificationMessage"))
    if len(found) > MESSAGES_MAX:
        raise BadInput(f"This document has {len(found)} messages, {MESSAGES_MAX} are read.")
    return [_message(node) for node in found]


def _message(node: Any) -> Message:  # noqa: ANN401
    content = node.find(f"{WSNT}Message/{TT}Message")
    if content is None:
        raise BadInput("A notification has no message of ONVIF's schema in it.")
    operation = content.get("PropertyOperation", "")
    items = {name: dict(_items(content.find(f"{TT}{name}"))) for name in ("Source", "Key", "Data")}
    return Message(
        topic=_topic(node.find(f"{WSNT}Topic")),
        at=_time(content.get("UtcTime", "")),
        operation=operation if operation in OPERATIONS else "",
        source=items["Source"],
        key=items["Key"],
        data=items["Data"],
    )


def _topic(node: Any) -> str:  # noqa: ANN401
    """The path of names; a maker's own keeps its prefix, ONVIF's own loses it whatever it was bound to."""
    text = "" if node is None else (node.text or "").strip()
    if not text or len(text) > VALUE_CHARS_MAX:
        raise BadInput("A notification has no topic.")
    ours = {prefix for prefix, uri in node.nsmap.items() if uri == TOPICS}
    return "/".join(_step(step.strip(), ours) for step in text.split("/"))


def _step(step: str, ours: set[str | None]) -> str:
    prefix, colon, name = step.partition(":")
    return name if colon and prefix in ours else step


def _items(node: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    items = [] if node is None else node.findall(f"{TT}SimpleItem")
    if len(items) > ITEMS_MAX:
        raise BadInput(f"A notification has {len(items)} items, {ITEMS_MAX} are read.")
    for item in items:
        name = item.get("Name", "").strip()
        if name:
            yield name[:VALUE_CHARS_MAX], item.get("Value", "")[:VALUE_CHARS_MAX]


def _time(text: str) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None  # the arrival is the next best


def is_identifying(message: Message) -> bool:
    """Whether it says whose face or number plate was seen, or judges a person: such messages are never read.

    >>> [is_identifying(Message(topic=topic)) for topic in ("RuleEngine/Recognition/Face", "Door/State/DoorMode")]
    [True, False]
    """
    words = _WORD.findall(" ".join((message.topic, *message.data)))
    return any(word.lower() in _IDENTIFYING for word in words)


def row_text(message: Message, device: str, at: float) -> bytes:
    """A message as a row of a log (format `onvif`), one line of JSON.

    Fields: at, device, topic, operation, and `source.NAME`, `key.NAME`, `data.NAME` for its items.
    """
    row: dict[str, Any] = {"at": at, "device": device, "topic": message.topic}
    if message.operation:
        row["operation"] = message.operation
    for part in ("source", "key", "data"):
        row |= {f"{part}.{name}": value for name, value in getattr(message, part).items()}
    return msgspec.json.encode(row)


def row_of(line: bytes) -> dict[str, Any]:
    """A row that was written as one line; raises BadInput, which repeats no content.

    >>> row_of(row_text(Message(topic="UserAlarm/Panic"), "cam-1", 5.0))["topic"]
    'UserAlarm/Panic'
    """
    row = json_object(line)
    at = row.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(row.get("topic"), str):
        raise BadInput("This is no event of an ONVIF device: it has no `at` (seconds UTC) and `topic`.")
    row["at"] = float(at)
    return row
