"""A line crossed in a direction that is not allowed."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta, Struct, field

from tocsin.city.cameras import Line
from tocsin.contract.camera_post import Post, is_named, sort_of, where
from tocsin.contract.camera_views import CameraView
from tocsin.contract.outlines import Drawn, Stroke, called, lines_drawn, spoken
from tocsin.contract.pictures import Track, Tracks
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.contract.visits import Follower, Scale, Walk, Watch, is_news
from tocsin.model import Finding, Level, Observation, derived_id

_FORWARD, _BACKWARD = 1, -1
_REFUSED: dict[str, tuple[int, ...]] = {"forward": (_BACKWARD,), "backward": (_FORWARD,), "none": (_FORWARD, _BACKWARD)}
_NAMES = {_FORWARD: "forward (from its left to its right)", _BACKWARD: "backward (from its right to its left)"}


class Side(Struct):
    """On which side of a line a visit surely is (1 left, -1 right, 0 not known yet), and what it did since."""

    sure: int = 0
    net: int = 0
    passed_at: float = 0.0
    beyond_since: float | None = None
    recent: list[str] = []


class Crosser(Walk):
    """A visit, and its side of each line."""

    sides: dict[str, Side] = field(default_factory=dict)


class At(NamedTuple):
    """A visit that is seen in this frame, and one of the lines that hold now."""

    view: CameraView
    fact: Observation[Tracks]
    walk: Crosser
    track: Track
    line: Line
    stroke: Stroke


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedLine:
    """Find who passes a line in a direction that it does not allow.

    A crossing needs a sure stand on one side, a way through the line between its ends, and a sure stand
    on the other side for a moment: jitter on the line and ways round its ends are none. A visit is told
    once per line and direction, however often it goes to and fro.

    >>> from tocsin.contract.camera_cases import city_with, walk
    >>> from tocsin.contract.folding import findings
    >>> gate = Line(id="gate", a=(0.5, 0.2), b=(0.5, 0.9), allowed="forward")
    >>> setup = city_with(lines=[gate], analytics=["vision.line"])
    >>> findings(CrossedLine(), walk((0.3, 0.6), (0.7, 0.6)), setup)[0].because
    'A person crossed gate backward (from its right to its left), which is not allowed.'
    """

    kind: ClassVar[str] = "vision.line"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Tracks,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"person": 1.5, "vehicle": 1.5, "other": 0.5}
    on_by_default: ClassVar[bool] = False

    margin_heights: Annotated[
        float, Meta(description="How far from the line is surely a side, body heights.", ge=0)
    ] = 0.15
    settle_s: Annotated[float, Meta(description="How long it must be beyond the line, seconds.", ge=0)] = 0.2
    frames_min: Annotated[int, Meta(description="In how many frames it must have been seen.", ge=2)] = 3
    join_s: Annotated[float, Meta(description="How soon a new track goes on with a lost one, seconds.", ge=0)] = 2.0
    cited_max: Annotated[int, Meta(description="Most frames cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read which cameras have lines that are not free."""
        return Watching(self, Post.of(self, resources), lines_drawn())


@dataclass(frozen=True, slots=True)
class Watching:
    """CrossedLine at work."""

    settings: CrossedLine
    post: Post
    lines: Drawn[tuple[Line, Stroke]]

    def step(
        self, state: Watch[Crosser] | None, fact: Observation[Tracks]
    ) -> tuple[Watch[Crosser] | None, list[Finding]]:
        """Judge one frame."""
        view = self.post.view(fact.source)
        lines = self.lines.of(view) if view is not None else ()
        if view is None or not lines:
            return None, []
        state = state if state is not None else Watch[Crosser]()
        if not is_news(state, fact):
            return state, []
        hour = view.hour(fact.at)
        open_now = [(line, stroke) for line, stroke in lines if line.hours.hold(hour)]
        walks = Follower(Crosser, self.settings.join_s).follow(state, fact, Scale.of(view, fact.body))
        judged = [(walk, track) for walk, track in walks if not track.held and self.post.sees(view, track)]
        seen = (At(view, fact, walk, track, *one) for walk, track in judged for one in open_now)
        told = [(one, self._crossed(one)) for one in seen if is_named(one.track.label, one.line.labels)]
        return state, [self._finding(one, way) for one, way in told if way in _REFUSED[one.line.allowed]]

    def _crossed(self, seen: At) -> int:
        """In which direction a visit has now surely crossed a line; 0 for not at all."""
        _, fact, walk, _, line, stroke = seen
        side = walk.sides.setdefault(line.id, Side())
        through, left = stroke.passed(walk.was, (walk.x, walk.y)), stroke.left(walk.x, walk.y)
        if through:
            side.net, side.passed_at = side.net + through, fact.at
        side.recent = [*side.recent, fact.id][-self.settings.cited_max :]
        if abs(left) < self.settings.margin_heights * walk.height:
            side.beyond_since = None
            return 0
        now = 1 if left > 0 else -1
        if now == side.sure or not side.sure:
            side.sure, side.net, side.beyond_since = now, 0, None
            return 0
        return self._settled(walk, side, now, fact.at)

    def _settled(self, walk: Crosser, side: Side, now: int, at: float) -> int:
        """The direction, once the other side has been held for its time; 0 for a way round the line's ends."""
        settings = self.settings
        if side.beyond_since is None:
            side.beyond_since = at
        sure = walk.seen >= settings.frames_min
        if not sure or at - side.beyond_since < settings.settle_s:
            return 0
        through = (side.net > 0) - (side.net < 0)
        side.sure, side.net, side.beyond_since = now, 0, None
        return through

    def _finding(self, seen: At, way: int) -> Finding:
        view, fact, walk, track, line, _ = seen
        side = walk.sides[line.id]
        evidence, side.recent = tuple(side.recent), []
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, line.id, way, walk.first, walk.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=line.id,
            because=f"A {track.label} crossed {called(line)} {_NAMES[way]}, which is not allowed{spoken(line.hours)}.",
            evidence=evidence,
            source=fact.source,
            detector=self.settings.kind,
            grade=sort_of(track.label),
            place=where(view, fact, track, called(line)),
            since=side.passed_at,
        )
