"""MQTT 3.1.1 and 5: who connects, subscribes and publishes to which topic; what is published is dropped."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import PENDING_MAX, Malformed, Row, text

TOPICS_MAX = 32
"""Most topics of one subscription that a row names."""

_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _SUBACK, _UNSUBSCRIBE = 1, 2, 3, 8, 9, 10
_STATES = {
    0: "Connection Accepted",
    1: "Refused: unacceptable protocol version",
    2: "Refused: identifier rejected",
    3: "Refused: server unavailable",
    4: "Refused: bad user name or password",
    5: "Refused: not authorized",
    0x86: "Refused: bad user name or password",
    0x87: "Refused: not authorized",
}


class Mqtt:
    """Rows of logs mqtt_connect, mqtt_subscribe and mqtt_publish."""

    service: ClassVar[str] = "mqtt"

    def __init__(self) -> None:
        self.done = False
        self._is_5 = False
        self._skip = [0, 0]
        self._client = ""
        self._connect: Row | None = None
        self._asked: dict[int, Row] = {}

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del port
        return is_orig and head[:1] == b"\x10" and (b"\0\4MQTT" in head[2:12] or b"\0\6MQIsdp" in head[2:14])

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        if skip := self._skip[is_orig]:
            self._skip[is_orig] = max(0, skip - len(data))
            return min(skip, len(data)), []
        begin, size = _length(data)
        if not begin:
            return 0, []
        kind = data[0] >> 4
        body = data[begin : begin + size]
        if _tells_topic(kind, body, size):
            self._skip[is_orig] = size - len(body)
            return begin + len(body), [self._publish(data[0], body, size, is_orig=is_orig)]
        if len(body) < size:
            return 0, []
        return begin + size, self._control(at, kind, body)

    def end(self) -> list[Row]:
        left = [*([self._connect] if self._connect else []), *self._asked.values()]
        self._connect = None
        self._asked.clear()
        return left

    def _control(self, at: float, kind: int, body: bytes) -> list[Row]:
        if kind == _CONNECT:
            self._connect = {"ts": at, **self._connected(body)}
        elif kind == _CONNACK:
            return self._connack(body)
        elif kind in {_SUBSCRIBE, _UNSUBSCRIBE}:
            return self._subscribe(at, kind, body)
        elif kind == _SUBACK:
            row = self._asked.pop(unpack_from(">H", body)[0], {"_path": "mqtt_subscribe", "action": "subscribe"})
            granted = body[-1]
            return [row | {"ack": granted < 0x80, "granted_qos_level": granted & 3}]
        return []

    def _connack(self, body: bytes) -> list[Row]:
        row, self._connect = self._connect or {"_path": "mqtt_connect"}, None
        state = body[1]
        return [row | {"connect_status": _STATES.get(state, f"Refused: reason {state}")}]

    def _connected(self, body: bytes) -> Row:
        name, at = _field(body, 0)
        version, flags = body[at], body[at + 1]
        self._is_5 = version >= 5
        at = self._after_properties(body, at + 4)
        client, at = _field(body, at)
        self._client = text(client)
        row: Row = {"_path": "mqtt_connect", "proto_name": text(name), "proto_version": str(version)}
        row["client_id"] = self._client
        if flags & 4:
            will, _ = _field(body, self._after_properties(body, at))
            row["will_topic"] = text(will)
        row |= {"username_present": bool(flags & 0x80), "password_present": bool(flags & 0x40)}
        return row | {"cleartext_login": True} if flags & 0x40 else row

    def _subscribe(self, at: float, kind: int, body: bytes) -> list[Row]:
        number = unpack_from(">H", body)[0]
        topics, levels = _filters(body, self._after_properties(body, 2), graded=kind == _SUBSCRIBE)
        action = "subscribe" if kind == _SUBSCRIBE else "unsubscribe"
        row: Row = {"_path": "mqtt_subscribe", "ts": at, "action": action, "topics": topics, "ack": False}
        row["client_id"] = self._client
        if kind == _UNSUBSCRIBE or len(self._asked) >= PENDING_MAX:
            return [row]
        self._asked[number] = row | {"qos_levels": levels}
        return []

    def _publish(self, first: int, body: bytes, size: int, *, is_orig: bool) -> Row:
        topic, at = _field(body, 0)
        qos = first >> 1 & 3
        return {
            "_path": "mqtt_publish",
            "from_client": is_orig,
            "client_id": self._client,
            "topic": text(topic),
            "qos": ("at most once", "at least once", "exactly once", "invalid")[qos],
            "retain": bool(first & 1),
            "payload_len": max(0, size - at - (2 if qos else 0)),
        }

    def _after_properties(self, body: bytes, at: int) -> int:
        """Where a message goes on after its properties, which only version 5 has."""
        if not self._is_5:
            return at
        begin, size = _length(b"\0" + body[at : at + 4])
        return at + begin - 1 + size


def _length(data: bytes) -> tuple[int, int]:
    """Where the rest of a message begins (0: not all of its length is there) and how long it is."""
    size = 0
    for number in range(1, min(5, len(data))):
        size |= (data[number] & 0x7F) << 7 * (number - 1)
        if data[number] < 0x80:
            return number + 1, size
    if len(data) >= 5:
        raise Malformed("a length of more than four bytes")
    return 0, 0


def _tells_topic(kind: int, body: bytes, size: int) -> bool:
    """Whether this is a publication of `size` bytes, of which as much is here as tells its topic."""
    return kind == _PUBLISH and len(body) >= 2 and len(body) >= min(size, 4 + unpack_from(">H", body)[0])


def _filters(body: bytes, offset: int, *, graded: bool) -> tuple[list[str], list[int]]:
    """The topics of a subscription, and where `graded` the quality of service after each."""
    topics: list[str] = []
    levels: list[int] = []
    while offset < len(body) and len(topics) < TOPICS_MAX:
        topic, offset = _field(body, offset)
        topics.append(text(topic))
        if graded:
            levels.append(body[offset] & 3)
            offset += 1
    return topics, levels


def _field(body: bytes, at: int) -> tuple[bytes, int]:
    """A text after its length, and where it ends."""
    size = unpack_from(">H", body, at)[0]
    if at + 2 + size > len(body):
        raise Malformed("a text beyond the end")
    return body[at + 2 : at + 2 + size], at + 2 + size
