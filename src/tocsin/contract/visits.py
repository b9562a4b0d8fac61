"""Visits: what detectors remember of each track in a camera's picture, steadied against flicker and jitter.

A visit is one track, or several that follow each other at one spot within a moment: a tracker that loses
somebody and finds them again a step further gives two tracks and one visit. Nothing but place and time is
compared; whoever leaves and comes back later is somebody new.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, hypot, inf
from typing import Generic, TypeVar

from msgspec import Struct

from tocsin.contract.analytics import STATURE_M, VEHICLE_M, VEHICLES
from tocsin.contract.camera_post import stands_at
from tocsin.contract.camera_views import CameraView
from tocsin.contract.pictures import Box, Point, Track, Tracks
from tocsin.model import Observation

VISITS_MAX = 500
"""Most visits remembered per camera; of more, those seen longest ago are forgotten."""

GAP_S_MAX = 10.0
"""After a longer silence of a camera everything begins anew."""

STEADY_S = 0.25
"""How long a foot point is averaged over, seconds."""

PACE_S = 1.0
"""A speed is measured over at least half and at most about so many seconds."""

USUAL_S = 0.7
"""How long the height of a box is averaged over."""

CUT_SHARE = 0.75
"""A box less than so high as usual is cut off by something in front: its feet are where they would be."""

LOWEST, BELOW = 0.995, 1.02
"""A box that ends lower than the first goes on below the picture: its feet are at the second at least."""

CUT_S_MAX = 3.0
"""After so long a lower box is no cut but a change."""

JOIN_S = 2.0
"""How soon a new track goes on with a lost one: detectors look at a place about once or twice a second."""

TOGETHER_S_MAX = 1.0
"""Two tracks that were both there for longer are two people."""

EARLIER_MAX = 8
"""Most earlier tracks that a visit remembers."""

REACH_HEIGHTS = 0.75
"""A track that begins within so many body heights of where one was lost goes on with its visit."""

ALIKE = 1.4
"""Most that the heights of two such tracks differ by, as a factor."""


class Walk(Struct, kw_only=True):
    """One visit, as far as a detector remembers it.

    Pictures are measured in their own heights: `x`, `y` is the steadied foot, y downwards, `begun` where it
    was first and `was` where it was in the frame before.
    `east_m`, `north_m` are metres from the camera where it is placed on the ground, else metres since the
    visit began as the height of the box gives them (north is up in the picture). `far` is how far it has
    been from where it began, in body heights; `seen` counts the frames in which it was really found. `earlier`
    are the tracks that it had before.
    """

    track: int
    first: int
    since: float
    label: str
    box: Box
    at: float
    x: float
    y: float
    height: float
    begun: Point
    was: Point
    east_m: float
    north_m: float
    vx: float = 0.0
    vy: float = 0.0
    far: float = 0.0
    seen: int = 0
    cut_since: float | None = None
    paces: list[tuple[float, float, float]] = []
    earlier: list[int] = []

    @property
    def velocity(self) -> tuple[float, float] | None:
        """Metres per second east and north over the last moment; None while that is too short."""
        if not self.paces or self.at - self.paces[0][0] < PACE_S / 2:
            return None
        at, east_m, north_m = self.paces[0]
        return (self.east_m - east_m) / (self.at - at), (self.north_m - north_m) / (self.at - at)


W = TypeVar("W", bound=Walk)


class Watch(Struct, Generic[W]):
    """The visits in one camera's picture, by the track that each has now."""

    last_at: float = -inf
    boot: str = ""
    walks: dict[int, W] = {}


@dataclass(frozen=True, slots=True)
class Scale:
    """How shares of a picture become picture heights, and whether its tracks carry metres."""

    aspect: float
    in_metres: bool

    @classmethod
    def of(cls, view: CameraView, body: Tracks) -> "Scale":
        """That of one camera as it is set up now."""
        width, height = view.camera.picture
        return cls(width / height, body.calibrated)


def is_news(watch: Watch[W], fact: Observation[Tracks]) -> bool:
    """Whether a fact is later than all before it; forgets everything after a gap or a restart of the camera."""
    if fact.boot == watch.boot and fact.at <= watch.last_at:
        return False
    if fact.at < watch.last_at - GAP_S_MAX:
        return False  # an old run, told late
    if fact.boot != watch.boot or fact.at - watch.last_at > GAP_S_MAX:
        watch.walks, watch.boot = {}, fact.boot
    watch.last_at = fact.at
    return True


@dataclass(frozen=True, slots=True)
class _Frame(Generic[W]):
    """One frame: when, how it measures, and the visits that were lost a moment ago."""

    at: float
    scale: Scale
    lost: list[W]


@dataclass(frozen=True, slots=True)
class Follower(Generic[W]):
    """Follows visits from frame to frame. `make` is what a detector remembers of each.

    Visits not seen for `join_s` end: 0 where a visit is to end with its track. A new track goes on with a lost
    one that it begins near: `reach_heights` and `reach_per_s` more for each second since (for who is faster
    than trackers follow). `alike` is the factor by which the heights of two tracks of one visit may differ.
    For `cut_s` a box that becomes lower is taken for one whose feet are hidden (0: it is lower).
    """

    make: Callable[..., W]
    join_s: float = JOIN_S
    alike: float = ALIKE
    reach_heights: float = REACH_HEIGHTS
    reach_per_s: float = 0.0
    cut_s: float = CUT_S_MAX

    def follow(self, watch: Watch[W], fact: Observation[Tracks], scale: Scale) -> list[tuple[W, Track]]:
        """Each track of this frame with its visit, brought up to date; what is only held over is not moved."""
        tracks = tuple(track for track in fact.body.tracks[:VISITS_MAX] if _is_whole(track.box))
        frame = _Frame(fact.at, scale, self._lost(watch, tracks, fact.at))
        pairs = [(self._walk(watch, track, frame), track) for track in tracks]
        self._forget(watch, tracks, fact.at)
        return [(walk, track) for walk, track in pairs if walk is not None]

    def _lost(self, watch: Watch[W], tracks: tuple[Track, ...], at: float) -> list[W]:
        """Visits that nobody goes on with in this frame, and that were seen a moment ago."""
        going = {track.id for track in tracks if not track.held}
        return [walk for key, walk in watch.walks.items() if key not in going and 0 < at - walk.at <= self.join_s]

    def _forget(self, watch: Watch[W], tracks: tuple[Track, ...], at: float) -> None:
        there, walks = {track.id for track in tracks}, watch.walks
        for key in [key for key, walk in walks.items() if key not in there and at - walk.at > self.join_s]:
            del walks[key]
        if len(walks) > VISITS_MAX:
            oldest = sorted(walks, key=lambda key: (walks[key].at, key))
            for key in oldest[: len(walks) - VISITS_MAX]:
                del walks[key]

    def _walk(self, watch: Watch[W], track: Track, frame: _Frame[W]) -> W | None:
        walk = watch.walks.get(track.id)
        if walk is not None and track.since > walk.at:
            walk = None  # a number that is used again
        if track.held:
            return walk
        spot = _foot(track, frame.scale)
        if walk is None:
            walk = self._joined(watch, track, spot, frame) or self._begun(track, spot, frame)
            watch.walks[track.id] = walk
        self._step(walk, track, spot, frame)
        return walk

    def _joined(self, watch: Watch[W], track: Track, spot: Point, frame: _Frame[W]) -> W | None:
        """The lost visit that this new track goes on with, if there is one."""
        near = [(self._apart(walk, spot, track, frame.at), walk.track, walk) for walk in frame.lost]
        within = [row for row in near if row[0] <= self.reach_heights and self._fits(row[2], track)]
        _, _, walk = min(within, key=lambda row: row[:2], default=(0.0, 0, None))
        if walk is None:
            return None
        frame.lost.remove(walk)
        watch.walks.pop(walk.track, None)
        walk.earlier = [*walk.earlier, walk.track][-EARLIER_MAX:]
        walk.track = track.id
        return walk

    def _apart(self, walk: W, spot: Point, track: Track, at: float) -> float:
        """How far a new track begins from where a lost one would be by then, in body heights beyond the usual reach.

        A track that this visit had before may come back at any time.
        """
        later_s = (at if track.id in walk.earlier else track.since) - walk.at
        if later_s < -TOGETHER_S_MAX:
            return inf
        ahead = max(0.0, later_s)
        apart = hypot(spot[0] - walk.x - walk.vx * ahead, spot[1] - walk.y - walk.vy * ahead) / walk.height
        return apart - self.reach_per_s * ahead

    def _step(self, walk: Walk, track: Track, spot: Point, frame: _Frame[W]) -> None:
        """Bring a visit up to date with a track that was seen."""
        at, dt = frame.at, frame.at - walk.at
        walk.at, walk.label, walk.box = at, track.label, track.box
        walk.seen += 1
        x, y = spot[0], _foot_y(walk, track, spot[1], dt, self.cut_s)
        was_x, was_y = walk.was = walk.x, walk.y
        keep = exp(-dt / STEADY_S) if dt > 0 else 0.0
        walk.x, walk.y = x + (was_x - x) * keep, y + (was_y - y) * keep
        walk.far = max(walk.far, hypot(walk.x - walk.begun[0], walk.y - walk.begun[1]) / walk.height)
        if dt > 0:
            trust = 1 - exp(-dt / (2 * STEADY_S))
            walk.vx += ((walk.x - was_x) / dt - walk.vx) * trust
            walk.vy += ((walk.y - was_y) / dt - walk.vy) * trust
        _pace(walk, track, (walk.x - was_x, walk.y - was_y), frame.scale)

    def _fits(self, walk: W, track: Track) -> bool:
        ratio = (track.box[3] - track.box[1]) / walk.height
        return (walk.label in VEHICLES) == (track.label in VEHICLES) and 1 / self.alike < ratio < self.alike

    def _begun(self, track: Track, spot: Point, frame: _Frame[W]) -> W:
        east_m, north_m = _metres(track, frame.scale) or (0.0, 0.0)
        return self.make(
            track=track.id,
            first=track.id,
            since=track.since,
            label=track.label,
            box=track.box,
            at=frame.at,
            x=spot[0],
            y=spot[1],
            height=max(1e-4, track.box[3] - track.box[1]),
            begun=spot,
            was=spot,
            east_m=east_m,
            north_m=north_m,
        )


def _is_whole(box: Box) -> bool:
    """Whether this is a box: false for anything that is no number."""
    x1, y1, x2, y2 = box
    return -1.0 < x1 < x2 < 2.0 and -1.0 < y1 < y2 < 2.0


def _foot(track: Track, scale: Scale) -> Point:
    x1, _, x2, y2 = track.box
    return (x1 + x2) / 2 * scale.aspect, y2


def _metres(track: Track, scale: Scale) -> tuple[float, float] | None:
    return stands_at(track) if scale.in_metres else None


def _foot_y(walk: Walk, track: Track, y: float, dt: float, cut_s: float) -> float:
    """Where it stands; where something in front cuts the box off, where its feet would be.

    Feet below the picture are below it, however little is known of how far: in no area, and at no line.
    """
    height = max(1e-4, track.box[3] - track.box[1])
    if track.box[3] >= LOWEST:
        walk.height = max(walk.height, height)
        return max(BELOW, track.box[1] + walk.height)
    if height >= CUT_SHARE * walk.height:
        walk.cut_since = None
    elif walk.cut_since is None:
        walk.cut_since = walk.at
    if walk.cut_since is not None and walk.at - walk.cut_since < cut_s:
        return track.box[1] + walk.height
    if walk.cut_since is not None:
        walk.height, walk.cut_since = height, None
    walk.height += (height - walk.height) * (1 - exp(-max(0.0, dt) / USUAL_S))
    return y


def _pace(walk: Walk, track: Track, moved: tuple[float, float], scale: Scale) -> None:
    metres = _metres(track, scale)
    if metres is not None:
        walk.east_m, walk.north_m = metres
    else:
        size_m = (VEHICLE_M if track.label in VEHICLES else STATURE_M) / walk.height
        walk.east_m += moved[0] * size_m
        walk.north_m -= moved[1] * size_m
    if not walk.paces or walk.at - walk.paces[-1][0] >= PACE_S / 4:
        walk.paces.append((walk.at, walk.east_m, walk.north_m))
        while len(walk.paces) > 2 and walk.at - walk.paces[1][0] >= PACE_S:
            del walk.paces[0]
