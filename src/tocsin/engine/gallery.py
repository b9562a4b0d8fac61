"""Masked pictures on their way to people: the newest of each camera, its last seconds, clips of what was found."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from tocsin.city.context import City
from tocsin.contract.pictures import CameraLoad, ClearPicture, CrowdFlow, MaskedPicture, PictureState, Tracks
from tocsin.engine.seats import Seats
from tocsin.gate.ledger import Ledger
from tocsin.model import Fact, Finding, Level, Observation, Origin, Receipt, TocsinError, derived_id
from tocsin.store.clips import Clip, Clips
from tocsin.store.clips import Still as Kept

log = structlog.get_logger()

CLIP_KEPT_H = 72.0
"""Hours that a clip is kept where nothing shorter is said (level 3, EDPB guidelines 3/2019)."""


@dataclass(frozen=True, kw_only=True)
class GalleryLimits:
    """Every bound of the gallery: seconds and bytes kept per camera, seconds of a clip around a finding."""

    ring_s: float = 30.0
    ring_bytes: int = 24_000_000
    before_s: float = 8.0
    after_s: float = 8.0
    clip_s_max: float = 60.0
    pending_max: int = 64
    fresh_s: float = 10.0


@dataclass(slots=True)
class Wall:
    """What is at hand of one camera: its last pictures, and the newest small bodies about it."""

    ring: deque[Observation[MaskedPicture]] = field(default_factory=deque)
    bytes: int = 0
    number: int = 0
    watched_until: float = 0.0
    clear: Observation[ClearPicture] | None = None
    tracks: Observation[Tracks] | None = None
    flow: Observation[CrowdFlow] | None = None
    load: Observation[CameraLoad] | None = None
    state: Observation[PictureState] | None = None

    def take(self, picture: Observation[MaskedPicture], limits: GalleryLimits) -> None:
        """Add a picture, drop what is too old or too much."""
        self.ring.append(picture)
        self.bytes += len(picture.body.jpeg)
        self.number += 1
        while len(self.ring) > 1 and (self.bytes > limits.ring_bytes or self.ring[0].at < picture.at - limits.ring_s):
            self.bytes -= len(self.ring.popleft().body.jpeg)


@dataclass(slots=True)
class Wish:
    """A clip that shall be made once its last second has passed."""

    source: str
    origin: Origin
    since: float
    until: float
    findings: list[str]


class Gallery:
    """Shown every masked picture by the flow's thread; asked by any. Keeps no picture without a mask."""

    def __init__(
        self, clips: Clips, ledger: Ledger, seats: Seats, city: Callable[[], City], limits: GalleryLimits | None = None
    ) -> None:
        self.clips = clips
        self.limits = limits or GalleryLimits()
        self.problem = ""
        self._ledger = ledger
        self._seats = seats
        self._city = city
        self._walls: dict[str, Wall] = {}
        self._wishes: dict[str, Wish] = {}
        self._news = threading.Condition()

    def show(self, observation: Observation[Any]) -> None:
        """Take a picture that passed the gate. Of clear ones only the newest is held, for as long as it is new."""
        if isinstance(observation.body, ClearPicture):
            self._wall(observation.source).clear = observation
        if isinstance(observation.body, MaskedPicture):
            with self._news:
                self._wall(observation.source).take(observation, self.limits)
                self._news.notify_all()

    def observed(self, fact: Observation[Any]) -> None:
        """Keep the newest small bodies about a camera at hand."""
        match fact.body:
            case Tracks():
                self._wall(fact.source).tracks = fact
            case CrowdFlow():
                self._wall(fact.source).flow = fact
            case CameraLoad():
                self._wall(fact.source).load = fact
            case PictureState():
                self._wall(fact.source).state = fact

    def told(self, fact: Fact) -> None:
        """Wish for a clip where a camera's finding is new; a running wish of that camera grows."""
        if not isinstance(fact, Finding) or fact.source not in self._walls:
            return
        with self._news:
            wish = self._wishes.get(fact.source)
            if wish is None and len(self._wishes) < self.limits.pending_max:
                since = fact.at - self.limits.before_s
                wish = Wish(fact.source, fact.origin, since, fact.at + self.limits.after_s, [])
                self._wishes[fact.source] = wish
            if wish is not None and fact.id not in wish.findings:
                wish.findings.append(fact.id)
                wish.until = min(fact.at + self.limits.after_s, wish.since + self.limits.clip_s_max)

    def tick(self, now: float) -> None:
        """Make the clips whose last second has passed, a receipt before each."""
        with self._news:
            due = [wish for wish in self._wishes.values() if wish.until <= now]
            for wish in due:
                del self._wishes[wish.source]
        for wish in due:
            try:
                self._make(wish, now)
                self.problem = ""
            except TocsinError as error:
                self.problem = f"A clip of {wish.source} could not be kept: {error}"
                log.warning("clip not kept", source=wish.source, code=error.code)

    def newest(self, source: str) -> Observation[MaskedPicture] | None:
        """The newest masked picture of a camera, if it has one at hand."""
        wall = self._walls.get(source)
        return wall.ring[-1] if wall is not None and wall.ring else None

    def wall(self, source: str) -> Wall:
        """What is at hand of a camera; an empty wall for one that showed nothing yet."""
        return self._walls.get(source) or Wall()

    def after(self, source: str, number: int, wait_s: float) -> tuple[int, Observation[MaskedPicture]] | None:
        """The newest picture if it is newer than the one of that number, waiting for it; None where none came."""
        with self._news:
            self._news.wait_for(lambda: self.wall(source).number > number, wait_s)
            wall = self.wall(source)
            return (wall.number, wall.ring[-1]) if wall.number > number and wall.ring else None

    def newest_clear(self, source: str, now: float) -> Observation[ClearPicture] | None:
        """The newest clear picture, unless it is old: a clear view that ended leaves nothing behind."""
        wall = self.wall(source)
        if wall.clear is not None and now - wall.clear.at > self.limits.fresh_s:
            wall.clear = None
        return wall.clear

    def watch(self, source: str, until: float) -> None:
        """Somebody looks at the pictures of a camera until that moment, and asks again before it."""
        with self._news:
            wall = self._wall(source)
            wall.watched_until = max(wall.watched_until, until)

    def watched(self, source: str, now: float) -> bool:
        """Whether somebody looks at it now."""
        return self.wall(source).watched_until > now

    def _wall(self, source: str) -> Wall:
        return self._walls.setdefault(source, Wall())

    def _make(self, wish: Wish, now: float) -> None:
        with self._news:
            ring = [one for one in self.wall(wish.source).ring if wish.since <= one.at <= wish.until]
        if not ring:
            return
        clip = self._clip(wish, ring, now)
        self._ledger.append(_receipt(clip, wish.origin, now))
        stills = [
            Kept(at=one.at, jpeg=one.body.jpeg, number=one.body.of, count=one.body.count, filled=one.body.filled)
            for one in ring
        ]
        self.clips.put(clip, stills)

    def _clip(self, wish: Wish, ring: list[Observation[MaskedPicture]], now: float) -> Clip:
        record = self._city().processing_of(wish.source)
        seat = self._seats.find(wish.source)
        hours = CLIP_KEPT_H if record is None else record.kept_h(CLIP_KEPT_H)
        return Clip(
            id=derived_id("clip", wish.source, wish.since, *wish.findings),
            source=wish.source,
            since=ring[0].at,
            until=ring[-1].at,
            frames=len(ring),
            keep_until=now + 3600.0 * hours,
            findings=tuple(wish.findings),
            zone=seat.zone if seat is not None else "",
            person_s=sum(one.body.persons * one.body.every_s for one in ring),
        )


def _receipt(clip: Clip, origin: Origin, now: float) -> Receipt:
    """What the ledger says of a clip before it is kept."""
    return Receipt(
        id=derived_id("receipt", clip.id, now),
        at=now,
        act="clip",
        subject=clip.source,
        by="policy:clips",
        level=int(Level.REDACTED),
        place=clip.zone,
        until=clip.keep_until,
        origin=origin,
        detail={"clip": clip.id, "frames": clip.frames, "person_s": clip.person_s, "findings": len(clip.findings)},
    )
