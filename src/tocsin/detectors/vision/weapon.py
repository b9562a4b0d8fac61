"""A weapon-like thing in somebody's hands, seen again and again by a model that the city brings."""

from dataclasses import dataclass
from math import inf
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from tocsin.contract.camera_post import Post
from tocsin.contract.pictures import Armed, Weapons
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import Finding, Level, Observation, derived_id

POSSIBLE, CONFIRMED = "possible", "confirmed"

GAP_S_MAX = 60.0
"""After a longer silence of a camera everything begins anew."""

PERSONS_MAX = 64
"""Most people remembered per camera; of more, those seen longest ago are forgotten."""


class Suspicion(Struct):
    """What was seen with one person: since when, when last, what was told, and in which looks."""

    track: int
    since: float
    last: float
    told: str = ""
    told_at: float = -inf
    recent: list[str] = field(default_factory=list)


class Watched(Struct):
    """The people of one camera with whom something was seen."""

    last_at: float = -inf
    boot: str = ""
    people: list[Suspicion] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weapon:
    """Find a thing that a model calls a weapon with one person, in several looks.

    `possible` is told where it was seen more than once, `confirmed` where it was seen in as many looks as the slot
    asks for. It is off everywhere until somebody switches it on for a camera: what it is worth is the worth of the
    model, and the one that comes with Tocsin is no weapon detector.

    >>> from tocsin.contract.camera_cases import CAMERA, city_with
    >>> from tocsin.contract.examples import series
    >>> from tocsin.contract.folding import findings
    >>> seen = [Armed(track=7, label="knife", score=0.6, frames=n, of=n, box=(0.4, 0.5, 0.45, 0.6)) for n in (1, 2)]
    >>> facts = series([Weapons(weapons=(one,), model="city-weapons") for one in seen], every_s=0.5, source=CAMERA)
    >>> findings(Weapon(), facts, city_with(analytics=["vision.weapon"]))[0].because
    'Possibly a weapon (knife) with a person: seen in 2 of 2 looks by city-weapons, score 0.60 at best.'
    """

    kind: ClassVar[str] = "vision.weapon"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Weapons,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {POSSIBLE: 0.5, CONFIRMED: 2.0}
    on_by_default: ClassVar[bool] = False

    possible_frames: Annotated[int, Meta(description="In how many looks it must be seen to be possible.", ge=1)] = 2
    life: Annotated[bool, Meta(description="Whether a confirmed one is told as danger to life.")] = True
    forget_s: Annotated[float, Meta(description="How long after it was last seen it is over, seconds.", gt=0)] = 30.0
    repeat_s: Annotated[float, Meta(description="How often it is told again while it lasts, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most looks cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read where it may run."""
        return Watching(self, Post.of(self, resources))


@dataclass(frozen=True, slots=True)
class Watching:
    """Weapon at work."""

    settings: Weapon
    post: Post

    def step(self, state: Watched | None, fact: Observation[Weapons]) -> tuple[Watched | None, list[Finding]]:
        """Judge what one look saw."""
        if self.post.view(fact.source) is None:
            return None, []
        state = state if state is not None else Watched()
        if fact.boot == state.boot and fact.at <= state.last_at:
            return state, []
        if fact.boot != state.boot or fact.at - state.last_at > GAP_S_MAX:
            state.people, state.boot = [], fact.boot
        state.last_at = fact.at
        self._forget(state, fact.at)
        seen = [(self._noted(state, armed, fact), armed) for armed in fact.body.weapons[:PERSONS_MAX]]
        told = [(one, armed, grade) for one, armed in seen if (grade := self._grade(one, armed, fact.at))]
        return state, [self._finding(fact, one, armed, grade) for one, armed, grade in told]

    def _noted(self, state: Watched, armed: Armed, fact: Observation[Weapons]) -> Suspicion:
        known = next((one for one in state.people if one.track == armed.track), None)
        if known is None:
            known = Suspicion(armed.track, fact.at, fact.at)
            state.people.append(known)
        known.last = fact.at
        known.recent = [*known.recent, fact.id][-self.settings.cited_max :]
        return known

    def _forget(self, state: Watched, at: float) -> None:
        kept = [one for one in state.people if at - one.last <= self.settings.forget_s]
        state.people = sorted(kept, key=lambda one: (one.last, one.track))[-PERSONS_MAX:]

    def _grade(self, one: Suspicion, armed: Armed, at: float) -> str:
        """What there is to tell now; empty for nothing. What was confirmed does not become possible again."""
        if armed.confirmed or one.told == CONFIRMED:
            grade = CONFIRMED
        else:
            grade = POSSIBLE if armed.frames >= self.settings.possible_frames else ""
        news = grade != one.told or at - one.told_at >= self.settings.repeat_s
        return grade if news else ""

    def _finding(self, fact: Observation[Weapons], one: Suspicion, armed: Armed, grade: str) -> Finding:
        evidence, one.recent, one.told, one.told_at = tuple(one.recent), [], grade, fact.at
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, fact.boot, one.track, one.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=fact.source,
            because=_because(armed, grade, fact.body.model),
            evidence=evidence,
            source=fact.source,
            detector=self.settings.kind,
            grade=grade,
            place=fact.place,
            since=one.since,
            measure=armed.score,
            life=self.settings.life and grade == CONFIRMED,
        )


def _because(armed: Armed, grade: str, model: str) -> str:
    what = "A weapon" if grade == CONFIRMED else "Possibly a weapon"
    looks = f"seen in {armed.frames} of {armed.of} looks by {model or 'a model'}"
    return f"{what} ({armed.label}) with a person: {looks}, score {armed.score:.2f} at best."
