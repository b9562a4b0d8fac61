"""Something left behind that stays while nobody is near, or something gone that was there."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from tocsin.contract.camera_post import PERSON, Post
from tocsin.contract.camera_views import CameraView, foot, within
from tocsin.contract.pictures import Box, Still, Stills
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import Finding, Level, Observation, Place, derived_id

GAP_S_MAX = 60.0
"""After a longer silence of a camera everything begins anew."""

THINGS_MAX = 200
"""Most things remembered per camera; of more, those seen longest ago are forgotten."""

SAME_OVERLAP = 0.4
"""Things whose boxes share so much (intersection over union) are one thing, whatever their numbers."""

LEFT, LASTING, REMOVED = "left", "lasting", "removed"


class Thing(Struct):
    """One thing that stands still: since when, where, whether somebody brought it, and what was told."""

    id: int
    since: float
    box: Box
    removed: bool
    last: float
    frames: int = 0
    brought: bool = False
    told: str = ""
    told_at: float = 0.0
    recent: list[str] = field(default_factory=list)


class Things(Struct):
    """The things in one camera's picture."""

    last_at: float = float("-inf")
    boot: str = ""
    things: list[Thing] = field(default_factory=list)


class Seen(NamedTuple):
    """A thing as it is seen in this picture."""

    thing: Thing
    still: Still


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftObject:
    """Find a thing that somebody brought and that stays after they went; in areas watched for it, also what is gone.

    Persons who stand still, vehicles and animals are none; neither is what covers much of the picture, nor
    many things that appear at one moment (light). A thing is told once, and again when it has been there
    for long. Where areas name this analytic, only things in them count.

    >>> from tocsin.contract.camera_cases import city_with, left_behind
    >>> from tocsin.contract.folding import findings
    >>> findings(LeftObject(), left_behind(stays_s=30), city_with())[0].because.split("; ")[0]
    'Something (a backpack) has been standing 52 % from the left and 76 % from the top for 16 s'
    """

    kind: ClassVar[str] = "vision.left-object"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Stills,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"left": 1.0, "lasting": 2.0, "removed": 0.5}
    on_by_default: ClassVar[bool] = True

    left_s: Annotated[float, Meta(description="How long it must stand there, seconds.", gt=0)] = 15.0
    away_s: Annotated[float, Meta(description="How long nobody may have been near, seconds.", ge=0)] = 10.0
    lasting_s: Annotated[float, Meta(description="After how long it is told as lasting, seconds.", gt=0)] = 120.0
    brought: Annotated[bool, Meta(description="Whether somebody must have been seen near it.")] = True
    frames_min: Annotated[int, Meta(description="In how many pictures it must be seen.", ge=1)] = 3
    share_max: Annotated[float, Meta(description="Largest part of the picture that it covers.", gt=0, le=1)] = 0.03
    burst_s: Annotated[float, Meta(description="Things that appear within this time may be light, seconds.", ge=0)] = (
        2.0
    )
    burst_min: Annotated[int, Meta(description="How many that appear so are one change of light.", ge=2)] = 5
    ignored: Annotated[tuple[str, ...], Meta(description="What is nothing left, by class.")] = (
        "person", "bicycle", "car", "motorcycle", "bus", "train", "truck", "bird", "cat", "dog", "horse",
    )  # fmt: skip
    forget_s: Annotated[float, Meta(description="How long something unseen is remembered, seconds.", gt=0)] = 30.0
    repeat_s: Annotated[float, Meta(description="How often a thing is told again, seconds.", gt=0)] = 120.0
    cited_max: Annotated[int, Meta(description="Most pictures cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read where it may run."""
        return Watching(self, Post.of(self, resources))


@dataclass(frozen=True, slots=True)
class Watching:
    """LeftObject at work."""

    settings: LeftObject
    post: Post

    def step(self, state: Things | None, fact: Observation[Stills]) -> tuple[Things | None, list[Finding]]:
        """Judge the things of one picture."""
        view = self.post.view(fact.source)
        if view is None:
            return None, []
        state = state if state is not None else Things()
        if fact.boot == state.boot and fact.at <= state.last_at:
            return state, []
        if fact.boot != state.boot or fact.at - state.last_at > GAP_S_MAX:
            state.things, state.boot = [], fact.boot
        state.last_at = fact.at
        seen = [self._noted(state, still, fact) for still in fact.body.stills]
        self._forget(state, fact.at)
        told = [(one, grade) for one in seen if (grade := self._grade(one, seen, view, fact.at))]
        return state, [self._finding(view, fact, one, grade) for one, grade in told]

    def _noted(self, state: Things, still: Still, fact: Observation[Stills]) -> Seen:
        """The thing that this is, known or new."""
        known = next((one for one in state.things if one.id == still.id and one.since == still.since), None)
        known = known or next((one for one in state.things if _is_same(one, still)), None)
        if known is None:
            known = Thing(still.id, still.since, still.box, still.removed, fact.at)
            state.things.append(known)
        known.last, known.box, known.removed = fact.at, still.box, still.removed
        known.frames += 1
        known.brought = known.brought or still.owner != 0 or still.person_near_s is not None
        known.recent = [*known.recent, fact.id][-self.settings.cited_max :]
        return Seen(known, still)

    def _forget(self, state: Things, at: float) -> None:
        kept = [one for one in state.things if at - one.last <= self.settings.forget_s]
        state.things = sorted(kept, key=lambda one: (one.last, one.id))[-THINGS_MAX:]

    def _grade(self, seen: Seen, others: list[Seen], view: CameraView, at: float) -> str:
        """What there is to tell of a thing now; empty for nothing."""
        thing, settings = seen.thing, self.settings
        if not self._is_thing(seen, others, view, at):
            return ""
        grade = REMOVED if thing.removed else LASTING if at - thing.since >= settings.lasting_s else LEFT
        news = grade != thing.told or at - thing.told_at >= settings.repeat_s
        return grade if news else ""

    def _is_thing(self, seen: Seen, others: list[Seen], view: CameraView, at: float) -> bool:
        """Whether it has stood there alone for long enough, in a watched place, and is no change of light."""
        thing, still, settings = *seen, self.settings
        burst = sum(abs(one.thing.since - thing.since) <= settings.burst_s for one in others)
        return (
            at - thing.since >= settings.left_s
            and thing.frames >= settings.frames_min
            and still.label not in settings.ignored
            and still.share <= settings.share_max
            and burst < settings.burst_min
            and (still.person_near_s is None or still.person_near_s >= settings.away_s)
            and (thing.brought or not settings.brought)
            and self._is_watched(view, still, at)
        )

    def _is_watched(self, view: CameraView, still: Still, at: float) -> bool:
        """Whether it is where this analytic looks, with pixels enough. What is gone is told in named areas alone."""
        spot = foot(still.box)
        named = [area for area in view.camera.areas if self.settings.kind in area.kinds]
        holding = [area for area in named if area.hours.hold(view.hour(at)) and within(spot, area.ring)]
        if not holding and (named or still.removed):
            return False
        return self.post.sees_spot(view, *spot)

    def _finding(self, view: CameraView, fact: Observation[Stills], seen: Seen, grade: str) -> Finding:
        thing, still = seen
        evidence, thing.recent, thing.told, thing.told_at = tuple(thing.recent), [], grade, fact.at
        lasted_s = fact.at - thing.since
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, fact.boot, thing.id, thing.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=fact.source,
            because=_because(still, grade, lasted_s, _where(view, still)),
            evidence=evidence,
            source=fact.source,
            detector=self.settings.kind,
            grade=grade,
            place=_place(view, fact, still),
            since=thing.since,
            measure=lasted_s,
            unit="s",
        )


def _is_same(thing: Thing, still: Still) -> bool:
    return thing.removed == still.removed and _overlap(thing.box, still.box) >= SAME_OVERLAP


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - wide * high
    return wide * high / both


def _because(still: Still, grade: str, lasted_s: float, where: str) -> str:
    what = f"Something (a {still.label})" if still.label and still.label != PERSON else "Something"
    if grade == REMOVED:
        return f"{what} that stood {where} has been gone for {lasted_s:.0f} s."
    alone = "" if still.person_near_s is None else f"; nobody has been near it for {still.person_near_s:.0f} s"
    return f"{what} has been standing {where} for {lasted_s:.0f} s{alone}."


def _where(view: CameraView, still: Still) -> str:
    """Here, on the ground; where the camera is not placed there, where in the picture."""
    if view.ground is not None:
        return "here"
    left, top = foot(still.box)
    return f"{100 * left:.0f} % from the left and {100 * top:.0f} % from the top"


def _place(view: CameraView, fact: Observation[Stills], still: Still) -> Place | None:
    """Where it stands on the ground where the camera is placed there, else where the camera is."""
    if view.ground is None or fact.place is None:
        return fact.place
    east_m, north_m = (float(one) for one in view.metres([foot(still.box)])[0])
    place = view.at(east_m, north_m)
    return replace(place, name=fact.place.name, building=fact.place.building, floor=fact.place.floor)
