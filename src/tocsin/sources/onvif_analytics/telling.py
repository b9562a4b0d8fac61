"""From documents of a metadata stream to readings: tracks at a modest rate, events, signs of life."""

from collections.abc import Iterator
from typing import Any, Protocol

from msgspec import Struct

from tocsin.contract.bodies import Alive, Contact, Sighting
from tocsin.contract.camera_views import CameraView
from tocsin.contract.streams import LiveClock
from tocsin.formats.onvif_events import Message, is_identifying, messages_of, side_of
from tocsin.formats.onvif_metadata import Moment, label_of, moments_of, parsed
from tocsin.model import Body, Origin, Reading, tag_of
from tocsin.sources.onvif_analytics.visits import Visits

QUIET_S = 1.0
"""How often it is told that nothing is there."""

CLASSES = ("ClassTypes", "ClassType", "ObjectClass", "ObjectType", "Class")
"""Items of events that name what was seen."""


class Declared(Protocol):
    """What of the declaration is needed here."""

    @property
    def source(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def origin(self) -> Origin: ...
    @property
    def tracks_per_s_max(self) -> float: ...
    @property
    def held_s(self) -> float: ...
    @property
    def events(self) -> bool: ...
    @property
    def alive_s(self) -> float: ...


class Counts(Struct):
    """What came. `passed_over` are objects and events that name or show somebody: they are never read."""

    connections: int = 0
    documents: int = 0
    frames: int = 0
    objects: int = 0
    passed_over: int = 0
    unreadable: int = 0
    dropped: int = 0


class Telling:
    """One stream's documents, in order; one thread."""

    def __init__(self, declared: Declared, view: CameraView) -> None:
        self._declared = declared
        self._clock = LiveClock()
        self._visits = Visits(view, declared.held_s)
        self._told_at = self._alive_at = 0.0
        self._numbers: dict[str, int] = {}
        self.boot = ""
        self.counts = Counts()

    def restart(self) -> None:
        """A new connection: its times have nothing to do with those before."""
        self._clock.restart()

    def readings(self, raw: bytes, now: float) -> Iterator[Reading[Any]]:
        """What is to be told of a document that arrived now; raises BadInput for one that cannot be read."""
        root = parsed(raw)
        self.counts.documents += 1
        for moment in moments_of(root):
            yield from self._moment(moment, now)
        if self._declared.events:
            for message in messages_of(root):
                yield from self._message(message, now)
        if now - self._alive_at >= self._declared.alive_s:
            self._alive_at = now
            yield self._reading(now, Alive(online=True))

    def _moment(self, moment: Moment, now: float) -> Iterator[Reading[Any]]:
        counts = self.counts
        counts.frames += 1
        counts.objects += len(moment.seen)
        counts.passed_over += moment.passed_over
        counts.unreadable += moment.unreadable
        at, _ = self._clock.at(moment.at, now, moment.at)
        self._visits.take(moment, at)
        pause_s = 1.0 / self._declared.tracks_per_s_max if len(self._visits) else QUIET_S
        every_s = at - self._told_at
        if every_s >= pause_s - 1e-3:
            told = self._visits.told(at, counts.frames, every_s if self._told_at else 0.0)
            self._told_at = at
            yield self._reading(at, told)

    def _message(self, message: Message, now: float) -> Iterator[Reading[Any]]:
        """The side of what has two, and what was seen where an event names a class."""
        if is_identifying(message):
            self.counts.passed_over += 1
            return
        at = message.at if message.at is not None and abs(now - message.at) < self._declared.held_s + 5.0 else now
        side = side_of(message)
        if side is not None:
            yield self._reading(at, Contact(name=side.name, active=side.active))
        if side is None or side.active:
            for body in sightings(message):
                yield self._reading(at, body)

    def _reading(self, at: float, body: Body) -> Reading[Any]:
        declared, word = self._declared, tag_of(type(body)).partition("/")[0]
        seq = self._numbers[word] = self._numbers.get(word, -1) + 1
        boot = f"{self.boot}/{word}"
        return Reading(
            at=at, origin=declared.origin, source=declared.source, seq=seq, boot=boot, body=body, via=declared.name
        )


def sightings(message: Message) -> list[Sighting]:
    """What an event says was seen, by class; nothing where it names none, or only what would name somebody.

    >>> sightings(Message(topic="RuleEngine/ObjectDetection/Object", source={"Rule": "gate"},
    ...     data={"ClassTypes": "Human HumanFace"}))
    [Sighting(label='person', zone='gate', count=1, score=None, track='')]
    """
    words = [word for name in CLASSES for word in message.data.get(name, "").replace(",", " ").split()]
    labels = dict.fromkeys(label for word in words if (label := label_of(word)))
    zone = (message.source.get("Rule") or message.source.get("RuleName") or "")[:80]
    return [Sighting(label=label, zone=zone, track=_object(message)) for label in labels]


def _object(message: Message) -> str:
    number = message.key.get("ObjectId") or message.data.get("ObjectId") or ""
    return number[:20] if number.isdecimal() else ""
