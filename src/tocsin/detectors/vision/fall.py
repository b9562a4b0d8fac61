"""A person who stood, lies on the same spot, and stays down."""

from dataclasses import dataclass
from math import atan2, degrees, exp, hypot
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta, field

from tocsin.contract.camera_post import PERSON, Post, where
from tocsin.contract.camera_views import CameraView
from tocsin.contract.pictures import Point, Posture, Postures, Track, Tracks
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.contract.visits import Follower, Scale, Walk, Watch, is_news
from tocsin.model import Finding, Level, Observation, derived_id

_SHOULDERS, _HIPS = (5, 6), (11, 12)
_BORDER = 0.02
_TALL_S = 2.0
_ALIKE = 5.0
_POSTURE_S = 2.0
_UP = 1.3
_WHOLE = 0.95


class Stance(Walk):
    """A visit, how it stands, and how it last stood upright.

    `tall` and `wide` are the usual size of its box while upright, `stood` where its feet were then (picture
    heights), `clear` whether that was seen with pixels enough. `lying` is what joints said last.
    """

    tall: float = 0.0
    wide: float = 0.0
    upright_s: float = 0.0
    upright_at: float | None = None
    stood: Point = (0.0, 0.0)
    clear: bool = False
    down_since: float | None = None
    down_at: Point = (0.0, 0.0)
    lying: bool | None = None
    posed_at: float = 0.0
    told_at: float | None = None
    recent: list[str] = field(default_factory=list)


class Shape(NamedTuple):
    """A box in picture heights: how high and wide, where its lower edge is, and whether joints say that it lies."""

    at: float
    high: float
    wide: float
    feet: Point
    lies: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """Find a standing figure whose box becomes low and wide on the same spot and stays so.

    The feet must not have moved up: who is hidden from below by something in front keeps their head, who
    falls keeps their feet. Where stick figures come too, a torso that lies confirms it and one that stands
    refutes it; boxes cut by the edge of the picture are not judged.

    >>> from tocsin.contract.camera_cases import city_with, falling
    >>> from tocsin.contract.folding import findings
    >>> findings(Fall(), falling(), city_with(analytics=["vision.fall"]))[0].because
    'Somebody who stood went down within 1 s and has been down for 5 s.'
    """

    kind: ClassVar[str] = "vision.fall"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Tracks, Postures)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"shape": 0.5, "joints": 1.5}
    on_by_default: ClassVar[bool] = False

    upright: Annotated[float, Meta(description="Height over width of a box from which it stands.", gt=0)] = 1.7
    lying: Annotated[float, Meta(description="Height over width of a box up to which it lies.", gt=0)] = 1.0
    drop: Annotated[
        float, Meta(description="Part of the standing height that a lying box has at most.", gt=0, le=1)
    ] = 0.65
    wider: Annotated[float, Meta(description="How much wider than standing a lying box is.", ge=1)] = 1.5
    stood_s: Annotated[float, Meta(description="How long it must have stood before, seconds.", ge=0)] = 1.0
    within_s: Annotated[float, Meta(description="How long falling takes at most, seconds.", gt=0)] = 2.0
    stay_s: Annotated[float, Meta(description="How long it must stay down, seconds.", ge=0)] = 5.0
    shift_heights: Annotated[float, Meta(description="How far it may lie from where it stood, body heights.", gt=0)] = (
        0.8
    )
    rise_heights: Annotated[float, Meta(description="How far its lower edge may rise, body heights.", ge=0)] = 0.35
    torso_deg: Annotated[float, Meta(description="Torso from upright, degrees, that lies.", gt=0, le=90)] = 55.0
    repeat_s: Annotated[float, Meta(description="How often it is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most frames cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read where it may run."""
        return Watching(self, Post.of(self, resources))


@dataclass(frozen=True, slots=True)
class Watching:
    """Fall at work."""

    settings: Fall
    post: Post

    def step(
        self, state: Watch[Stance] | None, fact: Observation[Tracks] | Observation[Postures]
    ) -> tuple[Watch[Stance] | None, list[Finding]]:
        """Judge one frame of tracks, or note the stick figures of one."""
        view = self.post.view(fact.source)
        if view is None:
            return None, []
        state = state if state is not None else Watch[Stance]()
        if isinstance(fact.body, Postures):
            self._pose(state, fact.body, fact, view)
            return state, []
        return state, self._frame(state, fact, view)

    def _pose(self, state: Watch[Stance], body: Postures, fact: Observation[Postures], view: CameraView) -> None:
        """Remember of each track whether its torso lies, where its joints say so."""
        width, height = view.camera.picture
        for posture in body.postures:
            walk, lies = state.walks.get(posture.track), _lies(posture, width / height, self.settings.torso_deg)
            if walk is not None and lies is not None and fact.at >= walk.posed_at:
                walk.lying, walk.posed_at = lies, fact.at

    def _frame(self, state: Watch[Stance], fact: Observation[Tracks], view: CameraView) -> list[Finding]:
        if not is_news(state, fact):
            return []
        scale = Scale.of(view, fact.body)
        told = []
        for walk, track in Follower(Stance, self.settings.within_s, _ALIKE, cut_s=0.0).follow(state, fact, scale):
            if track.held or track.label != PERSON or _is_cut(track):
                continue
            shape = _shape(walk, track, scale.aspect, fact.at)
            self._look(walk, shape)
            if walk.upright_at == fact.at and shape.high >= _WHOLE * walk.tall:
                walk.clear = self.post.sees(view, track)
            walk.recent = [*walk.recent, fact.id][-self.settings.cited_max :]
            if self._is_news(walk, fact.at):
                told.append(self._finding(view, fact, walk, track))
        return told

    def _look(self, walk: Stance, shape: Shape) -> None:
        """Bring how it stands up to date."""
        upright = shape.high >= self.settings.upright * shape.wide and not self._is_low(walk, shape)
        if upright and shape.lies is not True:
            _stand(walk, shape)
        elif walk.down_since is not None:
            self._stay_down(walk, shape)
        elif self._goes_down(walk, shape):
            walk.down_since, walk.down_at = shape.at, shape.feet

    def _is_low(self, walk: Stance, shape: Shape) -> bool:
        return walk.tall > 0 and shape.high <= self.settings.drop * walk.tall

    def _goes_down(self, walk: Stance, shape: Shape) -> bool:
        """Whether it now lies where it stood a moment ago."""
        settings = self.settings
        if walk.upright_at is None or walk.upright_s < settings.stood_s or shape.lies is False:
            return False
        flat = shape.high <= settings.lying * shape.wide and shape.wide >= settings.wider * walk.wide
        return (
            (shape.lies is True or (flat and self._is_low(walk, shape)))
            and shape.at - walk.upright_at <= settings.within_s
            and abs(shape.feet[0] - walk.stood[0]) <= settings.shift_heights * walk.tall
            and walk.stood[1] - shape.feet[1] <= settings.rise_heights * walk.tall
        )

    def _stay_down(self, walk: Stance, shape: Shape) -> None:
        """End it where it moves on, sits up, or its joints say that it stands."""
        gone = hypot(shape.feet[0] - walk.down_at[0], shape.feet[1] - walk.down_at[1])
        up = shape.high > _UP * self.settings.lying * shape.wide and shape.lies is not True
        if up or shape.lies is False or gone > self.settings.shift_heights * walk.tall:
            walk.down_since, walk.told_at = None, None

    def _is_news(self, walk: Stance, at: float) -> bool:
        if walk.down_since is None or not walk.clear or at - walk.down_since < self.settings.stay_s:
            return False
        return walk.told_at is None or at - walk.told_at >= self.settings.repeat_s

    def _finding(self, view: CameraView, fact: Observation[Tracks], walk: Stance, track: Track) -> Finding:
        since = walk.down_since or fact.at
        went_s, down_s = max(1.0, since - (walk.upright_at or since)), fact.at - since
        evidence, walk.recent, walk.told_at = tuple(walk.recent), [], fact.at
        joints = walk.lying is True and fact.at - walk.posed_at <= _POSTURE_S
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, walk.first, walk.since, since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=fact.source,
            because=f"Somebody who stood went down within {went_s:.0f} s and has been down for {down_s:.0f} s"
            f"{' (their joints lie too)' if joints else ''}.",
            evidence=evidence,
            source=fact.source,
            detector=self.settings.kind,
            grade="joints" if joints else "shape",
            place=where(view, fact, track),
            since=since,
            measure=down_s,
            unit="s",
        )


def _shape(walk: Stance, track: Track, aspect: float, at: float) -> Shape:
    x1, y1, x2, y2 = track.box
    lies = walk.lying if at - walk.posed_at <= _POSTURE_S else None
    return Shape(at, y2 - y1, (x2 - x1) * aspect, ((x1 + x2) / 2 * aspect, y2), lies)


def _stand(walk: Stance, shape: Shape) -> None:
    """Note that it stands, how tall and where."""
    dt = shape.at - walk.upright_at if walk.upright_at is not None else 0.0
    share = 1 - exp(-dt / _TALL_S) if walk.tall else 1.0
    walk.tall += (shape.high - walk.tall) * share
    walk.wide += (shape.wide - walk.wide) * share
    walk.upright_s = walk.upright_s + dt if dt <= _POSTURE_S else 0.0
    walk.upright_at, walk.stood = shape.at, shape.feet
    walk.down_since, walk.told_at = None, None


def _is_cut(track: Track) -> bool:
    """Whether the edge of the picture cuts the box, so that its shape says nothing."""
    x1, y1, x2, y2 = track.box
    return min(x1, y1) < _BORDER or max(x2, y2) > 1 - _BORDER


def _lies(posture: Posture, aspect: float, torso_deg: float) -> bool | None:
    """Whether a torso lies; None where its shoulders or hips are not seen."""
    shoulders, hips = _mean(posture, _SHOULDERS), _mean(posture, _HIPS)
    if shoulders is None or hips is None:
        return None
    aside, up = abs(shoulders[0] - hips[0]) * aspect, abs(hips[1] - shoulders[1])
    return degrees(atan2(aside, up)) >= torso_deg


def _mean(posture: Posture, joints: tuple[int, int], sure: float = 0.3) -> Point | None:
    seen = [posture.joints[one] for one in joints if one < len(posture.joints) and posture.joints[one][2] >= sure]
    if not seen:
        return None
    return sum(x for x, _, _ in seen) / len(seen), sum(y for _, y, _ in seen) / len(seen)
