"""What every transport does with what it received: messages and lines become readings, alike for all.

Identity: a device that sends a boot counter and a sequence number is believed. Else its time
tells its messages apart, else the time of arrival; both with 20 bits of the payload's checksum,
so that two messages of one millisecond differ. A message that is delivered twice is recognised
by number or by device time, and not where only arrival tells: it then counts twice. A mapping of
several values gives each its own numbering, `boot:path`.
"""

from binascii import crc32
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tocsin.contract import bodies, noses, radiation, screening  # noqa: F401  # registers what mappings name
from tocsin.contract.resources import Resources
from tocsin.formats.mapping import Mapped, Reader, checked
from tocsin.formats.ndjson import Line, line_of
from tocsin.model import BadInput, Body, ConfigError, Level, Origin, Reading, body_type

TOPICS_MAX = 10_000
"""Topics whose route is remembered; beyond, the memory starts anew."""


@dataclass(slots=True)
class Taken:
    """What came of one message or of several lines; `passed_over` counts those that a mapping skips."""

    readings: list[Reading[Any]] = field(default_factory=list)
    rejected: list[tuple[bytes, str]] = field(default_factory=list)
    passed_over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How and when something arrived: `at` in seconds UTC, `via` the connection's configured name."""

    at: float
    via: str
    origin: Origin = Origin.LIVE


def mapping_named(name: str, own: Mapping[str, object], resources: Resources) -> Reader:
    """The mapping of that name, from the configuration or from `content/mappings`; raises ConfigError."""
    document = own[name] if name in own else resources.document(f"mappings/{name}.yaml")
    return Reader(checked(name, document))


def topic_matches(filter: str, topic: str) -> bool:
    """Whether an MQTT topic filter covers a topic (MQTT 3.1.1, section 4.7).

    >>> topic_matches("city/+/g1", "city/gas/g1"), topic_matches("city/#", "city"), topic_matches("#", "$SYS/x")
    (True, True, False)
    """
    wanted, levels = filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    return _covers(wanted, levels)


def _covers(wanted: list[str], levels: list[str]) -> bool:
    for index, part in enumerate(wanted):
        if part == "#":
            return True
        if index >= len(levels) or part not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)


class Routes:
    """Which mapping reads which topic: the first filter that matches, in the order given."""

    def __init__(self, routes: Mapping[str, str], own: Mapping[str, object], resources: Resources) -> None:
        for topics in routes:
            _check_filter(topics)
        self._routes = [(topics, mapping_named(name, own, resources)) for topics, name in routes.items()]
        self._known: dict[str, Reader | None] = {}

    def reader(self, topic: str) -> Reader | None:
        """The mapping for a topic, or None where no filter matches."""
        if topic not in self._known:
            if len(self._known) >= TOPICS_MAX:
                self._known.clear()
            self._known[topic] = next((reader for topics, reader in self._routes if topic_matches(topics, topic)), None)
        return self._known[topic]


def _check_filter(filter: str) -> None:
    levels = filter.split("/")
    if not filter or "#" in levels[:-1] or any(len(part) > 1 and set(part) & {"+", "#"} for part in levels):
        raise ConfigError(f"Topic filter {filter!r}: `+` stands for one whole level, `#` only at the end for the rest.")


def message_taken(routes: Routes, topic: str, payload: bytes, arrival: Arrival) -> Taken:
    """One published message as readings: its values are independent, one bad value spoils no other."""
    taken = Taken()
    reader = routes.reader(topic)
    if reader is None:
        taken.rejected.append((payload, "No route covers this topic: add its filter to `routes`."))
        return taken
    try:
        mapped = reader.read(payload, topic)
        if mapped is None:
            taken.passed_over += 1
        else:
            _take(taken, reader, mapped, payload, arrival)
    except BadInput as error:
        taken.rejected.append((payload, str(error)))
    return taken


def _take(taken: Taken, reader: Reader, mapped: Mapped, payload: bytes, arrival: Arrival) -> None:
    at, seq, boot = _identity(mapped, payload, arrival)
    many = len(reader.mapping.values) > 1
    for path, document in mapped.bodies:
        numbering = f"{boot}:{path or 'alive'}" if many else boot
        taken.readings.append(_reading(arrival, mapped.source, (at, seq, numbering), _body(document)))
    taken.rejected.extend((payload, problem) for problem in mapped.problems)


def _identity(said: Mapped | Line, payload: bytes, arrival: Arrival) -> tuple[float, int, str]:
    """Time, number and numbering of a message: see the head of this file."""
    at, told = (arrival.at, "arrival") if said.at is None else (said.at, "time")
    if said.seq is not None and said.boot:
        return at, said.seq, said.boot
    return at, int(at * 1000) << 20 | crc32(payload) & 0xFFFFF, said.boot or told


def _reading(arrival: Arrival, source: str, identity: tuple[float, int, str], body: Body) -> Reading[Any]:
    at, seq, boot = identity
    return Reading(at=at, origin=arrival.origin, source=source, seq=seq, boot=boot, body=body, via=arrival.via)


def _body(document: dict[str, Any]) -> Body:
    try:
        body: Body = msgspec.convert(document, body_type(str(document["is"])))
    except msgspec.ValidationError as error:
        raise BadInput(f"The body is not a {document['is']}: {error}.") from None
    return body


def ndjson_taken(reader: Reader, body: bytes, arrival: Arrival, source: str = "") -> Iterator[Taken]:
    """Each line of NDJSON in order, as it was taken; empty lines give nothing.

    Plain values are read by `reader`; `source` speaks where a line names none.
    """
    for raw in body.split(b"\n"):
        if raw.strip():
            yield line_taken(reader, raw.strip(), arrival, source)


def line_taken(reader: Reader, raw: bytes, arrival: Arrival, source: str = "") -> Taken:
    """One line of NDJSON, typed or plain, as readings."""
    taken = Taken()
    try:
        line = line_of(raw, source)
        if line.body is not None:
            identity = _identity(line, raw, arrival)
            taken.readings.append(_reading(arrival, line.source, identity, _typed(line.body)))
        else:
            bodies, problems = reader.bodies(line.values)
            mapped = Mapped(
                source=line.source, at=line.at, seq=line.seq, boot=line.boot, bodies=bodies, problems=problems
            )
            _take(taken, reader, mapped, raw, arrival)
    except BadInput as error:
        taken.rejected.append((raw, str(error)))
    return taken


def _typed(document: dict[str, Any]) -> Body:
    """A body that a device typed itself: never one that only admission may make."""
    body = _body(document)
    if body.level > Level.ANONYMOUS or str(document["is"]).startswith("log."):
        raise BadInput("A device may not send this body itself: log lines come by a file source, pictures by a camera.")
    return body
