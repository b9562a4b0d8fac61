"""A camera that was covered, defocused or turned, or whose picture stands still or comes back."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from tocsin.contract.camera_post import Post
from tocsin.contract.pictures import PictureState
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import Condition, Fact, Finding, Health, Level, Observation, derived_id

COVERED, DEFOCUSED, TURNED, FROZEN, REPLAYED = "covered", "defocused", "turned", "frozen", "replayed"


class Trouble(Struct):
    """Something that is wrong with the picture: since when, when last, what was seen of it, and when it was told."""

    grade: str
    since: float
    last: float
    told_at: float | None = None
    recent: list[str] = field(default_factory=list)


class Looked(Struct):
    """What is known of one camera: its troubles, and whether it was said to be suspect."""

    last_at: float = float("-inf")
    boot: str = ""
    troubles: list[Trouble] = field(default_factory=list)
    suspect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tamper:
    """Find a camera whose picture is no longer that of its place, or no longer of now.

    What is wrong must last for its time; it ends when nothing of it was seen for `release_s`. While a trouble
    lasts the camera is suspect, so that what it says is trusted less.

    >>> from tocsin.contract.examples import series
    >>> from tocsin.contract.folding import findings
    >>> well, hand = PictureState(number=1, learned=True), PictureState(number=2, learned=True, hidden=0.8)
    >>> findings(Tamper(), series([well, *[hand] * 10], every_s=0.5))[0].because
    'Covered: 80 % of what this camera usually shows has been hidden for 3 s.'
    """

    kind: ClassVar[str] = "vision.tamper"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (PictureState,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {COVERED: 3.0, DEFOCUSED: 1.5, TURNED: 3.0, FROZEN: 3.0, REPLAYED: 3.0}
    on_by_default: ClassVar[bool] = True

    hidden_min: Annotated[
        float, Meta(description="Part of the view that is hidden when it is covered.", gt=0, le=1)
    ] = 0.25
    smooth_min: Annotated[
        float, Meta(description="Part of what is lost that must be behind something smooth.", gt=0)
    ] = 0.55
    agreement_min: Annotated[float, Meta(description="Part of the view without which it is another.", gt=0, le=1)] = (
        0.35
    )
    edges_min: Annotated[float, Meta(description="Part of the usual edges without which it shows nothing.", gt=0)] = 0.4
    contrast_min: Annotated[
        float, Meta(description="Part of the usual contrast that another view has, but no cover.", gt=0)
    ] = 0.5
    focus_min: Annotated[float, Meta(description="Part of the usual sharpness; less is out of focus.", gt=0)] = 0.6
    shift_min: Annotated[float, Meta(description="Shift of a turned camera, share of the width.", gt=0)] = 0.025
    turn_min_deg: Annotated[float, Meta(description="Roll of a turned camera, degrees.", gt=0)] = 2.5
    size_min: Annotated[float, Meta(description="Change of size of a zoomed camera, share.", gt=0)] = 0.1
    noise_min: Annotated[float, Meta(description="Part of the least usual noise; less is a still picture.", gt=0)] = 0.7
    covered_s: Annotated[float, Meta(description="How long it must be covered, seconds.", ge=0)] = 3.0
    defocused_s: Annotated[float, Meta(description="How long it must be out of focus, seconds.", ge=0)] = 4.0
    turned_s: Annotated[float, Meta(description="How long it must be turned, seconds.", ge=0)] = 3.0
    frozen_s: Annotated[float, Meta(description="How long it must stand still, seconds.", ge=0)] = 2.0
    replayed_s: Annotated[float, Meta(description="How long it must come back, seconds.", ge=0)] = 0.5
    lapse_s: Annotated[float, Meta(description="Longest lapse of a trouble that is not told yet, seconds.", ge=0)] = 1.0
    release_s: Annotated[float, Meta(description="How long it must be well to be over, seconds.", gt=0)] = 5.0
    gap_s_max: Annotated[float, Meta(description="Longest silence that a trouble survives, seconds.", gt=0)] = 60.0
    repeat_s: Annotated[float, Meta(description="How often a lasting trouble is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most states cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read where it may run."""
        return Watching(self, Post.of(self, resources))

    def lasting_s(self, grade: str) -> float:
        """How long a trouble of this grade must last."""
        return {
            COVERED: self.covered_s,
            DEFOCUSED: self.defocused_s,
            TURNED: self.turned_s,
            FROZEN: self.frozen_s,
            REPLAYED: self.replayed_s,
        }[grade]

    def wrong(self, state: PictureState) -> str:
        """What is wrong with one picture: its grade, or nothing. Where much is, what explains the rest."""
        if not state.learned:
            return ""
        if self._moved(state):
            return TURNED
        if state.focus < self.focus_min and state.agreement >= self.agreement_min:
            return DEFOCUSED  # what is only blurred lies where it was; under a cover nothing does
        if self._covered(state):
            return COVERED
        if self._elsewhere(state):
            return TURNED
        if state.focus < self.focus_min:
            return DEFOCUSED
        if state.noise < self.noise_min:
            return FROZEN
        return REPLAYED if state.replayed_s is not None else ""

    def _moved(self, state: PictureState) -> bool:
        shift = state.shift_px / state.width if state.width else 0.0
        zoom = abs(state.size - 1.0)
        return shift >= self.shift_min or state.turn_deg >= self.turn_min_deg or zoom >= self.size_min

    def _covered(self, state: PictureState) -> bool:
        """Whether something smooth hides it, or it shows hardly anything: neither what is usual nor much else."""
        lost = 1.0 - state.agreement
        empty = state.agreement < self.agreement_min and not self._shows(state)
        return empty or (state.hidden >= self.hidden_min and state.hidden >= self.smooth_min * lost)

    def _elsewhere(self, state: PictureState) -> bool:
        """Whether it shows something else, sharp and still."""
        strange = state.agreement < self.agreement_min and self._shows(state)
        return strange and "other-view" in state.flags

    def _shows(self, state: PictureState) -> bool:
        """Whether there is anything to see, be it another view."""
        return state.edges >= self.edges_min or state.contrast >= self.contrast_min


@dataclass(frozen=True, slots=True)
class Watching:
    """Tamper at work."""

    settings: Tamper
    post: Post

    def step(self, state: Looked | None, fact: Observation[PictureState]) -> tuple[Looked | None, list[Fact]]:
        """Judge one state of one camera."""
        if self.post.view(fact.source) is None:
            return None, []
        state = state if state is not None else Looked()
        if fact.boot == state.boot and fact.at <= state.last_at:
            return state, []
        if fact.boot != state.boot or fact.at - state.last_at > self.settings.gap_s_max:
            state.troubles, state.boot = [], fact.boot
        state.last_at = fact.at
        self._note(state, fact)
        return state, [*self._findings(state, fact), *self._health(state, fact)]

    def _note(self, state: Looked, fact: Observation[PictureState]) -> None:
        """Begin, lengthen and end troubles."""
        grade = self.settings.wrong(fact.body)
        known = next((one for one in state.troubles if one.grade == grade), None)
        if grade and known is None:
            state.troubles.append(known := Trouble(grade, fact.at, fact.at))
        if known is not None:
            known.last = fact.at
            known.recent = [*known.recent, fact.id][-self.settings.cited_max :]
        state.troubles = [one for one in state.troubles if fact.at - one.last <= self._lapse_s(one)]

    def _lapse_s(self, trouble: Trouble) -> float:
        return self.settings.lapse_s if trouble.told_at is None else self.settings.release_s

    def _findings(self, state: Looked, fact: Observation[PictureState]) -> list[Fact]:
        """What has lasted long enough now and is news; only what is seen in this very state."""
        return [self._told(one, fact) for one in state.troubles if one.last == fact.at and self._is_news(one, fact.at)]

    def _is_news(self, trouble: Trouble, at: float) -> bool:
        if trouble.told_at is not None:
            return at - trouble.told_at >= self.settings.repeat_s
        return at - trouble.since >= self.settings.lasting_s(trouble.grade)

    def _told(self, trouble: Trouble, fact: Observation[PictureState]) -> Finding:
        trouble.told_at, evidence, trouble.recent = fact.at, tuple(trouble.recent), []
        because, measure, unit = _because(trouble.grade, fact.body, fact.at - trouble.since)
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, fact.boot, trouble.grade, trouble.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=fact.source,
            because=because,
            evidence=evidence,
            source=fact.source,
            detector=self.settings.kind,
            grade=trouble.grade,
            place=fact.place,
            since=trouble.since,
            measure=measure,
            unit=unit,
        )

    def _health(self, state: Looked, fact: Observation[PictureState]) -> list[Fact]:
        """That the camera is suspect, or well again, when that changes."""
        told = [one.grade for one in state.troubles if one.told_at is not None]
        if bool(told) == state.suspect:
            return []
        state.suspect = bool(told)
        condition = Condition.SUSPECT if told else Condition.OK
        because = (
            f"The picture of {fact.source} is {told[0]}." if told else f"{fact.source} shows its usual view again."
        )
        return [
            Health(
                at=fact.at,
                origin=fact.origin,
                source=fact.source,
                condition=condition,
                because=because,
                place=fact.place,
            )
        ]


def _because(grade: str, state: PictureState, lasts_s: float) -> tuple[str, float, str]:
    """The sentence, the number in it and its unit."""
    match grade:
        case "covered":
            share = max(state.hidden, 1.0 - state.agreement)
            text = f"Covered: {_percent(share)} of what this camera usually shows has been hidden for {lasts_s:.0f} s."
            return text, share, ""
        case "defocused":
            text = f"Out of focus: {_percent(state.focus)} of the usual sharpness for {lasts_s:.0f} s."
            return text, state.focus, ""
        case "turned":
            return _how_turned(state, lasts_s)
        case "frozen":
            text = f"The picture stands still: no fresh noise and no movement for {lasts_s:.0f} s."
            return text, state.noise, ""
    ago_s = state.replayed_s or 0.0
    return f"What it shows was seen before, {ago_s:.0f} s ago, down to the noise.", ago_s, "s"


def _how_turned(state: PictureState, lasts_s: float) -> tuple[str, float, str]:
    if state.agreement < 0.5 and "other-view" in state.flags:
        return f"Turned away: it has shown another view for {lasts_s:.0f} s.", 1.0 - state.agreement, ""
    share = state.shift_px / state.width if state.width else 0.0
    where = (
        f"{_percent(share)} of its width and {state.turn_deg:.0f}° from where it was, {state.size:.2f} times as large"
    )
    return f"Turned: for {lasts_s:.0f} s the picture has lain {where}.", share, ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
