"""Walking or driving against the one direction that an area allows."""

from dataclasses import dataclass
from math import cos, hypot, radians, sin, sqrt, tan
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from tocsin.city.cameras import Area
from tocsin.contract.area_rounds import Seen, round_of
from tocsin.contract.camera_post import VEHICLE, Post, sort_of, unsure_m, where
from tocsin.contract.outlines import Drawn, Outline, areas_drawn, called, spoken
from tocsin.contract.pictures import Tracks
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.contract.visits import Follower, Walk, Watch
from tocsin.model import Finding, Level, Observation, derived_id


class Way(Struct):
    """How far a visit came along the allowed direction, where and when that was, and what was told since."""

    along_m: float
    east_m: float
    north_m: float
    at: float
    told_at: float | None = None
    recent: list[str] = []


class Goer(Walk):
    """A visit, and its way in each area."""

    ways: dict[str, Way] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongWay:
    """Find who goes against the direction of an area, for a distance and a time.

    The way back counts from the farthest point along the allowed direction; its own uncertainty is
    added to the distance. Where the camera is not placed on the ground, metres are those of a body of
    1.7 m (a vehicle of 1.5 m) as high as its box, and the direction is clockwise from up in the picture.

    >>> from tocsin.contract.camera_cases import area, city_with, walk
    >>> from tocsin.contract.folding import findings
    >>> exit = area("exit", (0.1, 0.1), (0.9, 0.9), toward_deg=90.0)
    >>> setup = city_with(areas=[exit], analytics=["vision.wrong-way"])
    >>> findings(WrongWay(), walk((0.8, 0.6), (0.2, 0.6)), setup)[0].because
    'A person went 4 m against the direction of exit in 5 s.'
    """

    kind: ClassVar[str] = "vision.wrong-way"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Tracks,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"person": 1.0, "vehicle": 2.0, "other": 0.5}
    on_by_default: ClassVar[bool] = False

    against_m: Annotated[float, Meta(description="How far people must go against it, metres.", gt=0)] = 4.0
    vehicle_m: Annotated[float, Meta(description="How far vehicles must go against it, metres.", gt=0)] = 8.0
    against_s: Annotated[float, Meta(description="How long that must take at least, seconds.", ge=0)] = 2.0
    angle_deg: Annotated[float, Meta(description="How far off the opposite direction it may be.", gt=0, lt=90)] = 50.0
    margin_heights: Annotated[float, Meta(description="How far outside it goes on, body heights.", ge=0)] = 0.25
    sigmas: Annotated[float, Meta(description="Standard deviations of its place that are added.", ge=0)] = 2.0
    join_s: Annotated[float, Meta(description="How soon a new track goes on with a lost one, seconds.", ge=0)] = 2.0
    repeat_s: Annotated[float, Meta(description="How often it is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most frames cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read which cameras have areas with a direction."""
        drawn = areas_drawn(self.kind, lambda area: area.toward_deg is not None)
        return Watching(self, Post.of(self, resources), drawn)


@dataclass(frozen=True, slots=True)
class Watching:
    """WrongWay at work."""

    settings: WrongWay
    post: Post
    areas: Drawn[tuple[Area, Outline]]

    def step(self, state: Watch[Goer] | None, fact: Observation[Tracks]) -> tuple[Watch[Goer] | None, list[Finding]]:
        """Judge one frame."""
        state, seen = round_of(self.post, self.areas, state, fact, Follower(Goer, self.settings.join_s))
        told = [self._judged(one) for one in seen]
        return state, [finding for finding in told if finding is not None]

    def _judged(self, seen: Seen[Goer]) -> Finding | None:
        walk = seen.walk
        depth = seen.outline.depth(walk.x, walk.y)
        if depth < -self.settings.margin_heights * walk.height or (depth < 0 and seen.area.id not in walk.ways):
            walk.ways.pop(seen.area.id, None)
            return None
        way = self._way(walk, seen.area, seen.fact)
        back_m, aside_m = _back(walk, way, seen.area.toward_deg or 0.0)
        wrong = self._is_wrong(seen, way, back_m, aside_m) and self._is_news(way, seen.fact.at)
        return self._finding(seen, way, back_m) if wrong else None

    def _way(self, walk: Goer, area: Area, fact: Observation[Tracks]) -> Way:
        """The way in this area, begun anew wherever it gets farther along the allowed direction."""
        along = _along(walk, area.toward_deg or 0.0)
        way = walk.ways.get(area.id)
        if way is None or along >= way.along_m:
            told_at = way.told_at if way is not None else None
            way = walk.ways[area.id] = Way(along, walk.east_m, walk.north_m, fact.at, told_at)
        way.recent = [*way.recent, fact.id][-self.settings.cited_max :]
        return way

    def _is_wrong(self, seen: Seen[Goer], way: Way, back_m: float, aside_m: float) -> bool:
        settings, walk, track = self.settings, seen.walk, seen.track
        far_m = settings.vehicle_m if sort_of(track.label) == VEHICLE else settings.against_m
        return (
            back_m >= far_m + settings.sigmas * unsure_m(track)
            and aside_m <= back_m * tan(radians(settings.angle_deg))
            and walk.at - way.at >= settings.against_s
        )

    def _is_news(self, way: Way, at: float) -> bool:
        return way.told_at is None or at - way.told_at >= self.settings.repeat_s

    def _finding(self, seen: Seen[Goer], way: Way, back_m: float) -> Finding:
        view, fact, walk, track, area, _ = seen
        evidence, way.recent, way.told_at = tuple(way.recent), [], fact.at
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, area.id, walk.first, walk.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=area.id,
            because=f"A {track.label} went {back_m:.0f} m against the direction of {called(area)} "
            f"in {fact.at - way.at:.0f} s{spoken(area.hours)}.",
            evidence=evidence,
            source=fact.source,
            detector=self.settings.kind,
            grade=sort_of(track.label),
            place=where(view, fact, track, called(area)),
            since=way.at,
            measure=back_m,
            unit="m",
        )


def _along(walk: Walk, toward_deg: float) -> float:
    """How far along a bearing somebody is."""
    bearing = radians(toward_deg)
    return walk.east_m * sin(bearing) + walk.north_m * cos(bearing)


def _back(walk: Walk, way: Way, toward_deg: float) -> tuple[float, float]:
    """How far back against the bearing, and how far aside, since the farthest point along it."""
    back_m = way.along_m - _along(walk, toward_deg)
    whole_m = hypot(walk.east_m - way.east_m, walk.north_m - way.north_m)
    return back_m, sqrt(max(0.0, whole_m * whole_m - back_m * back_m))
