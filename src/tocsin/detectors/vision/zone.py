"""A person or a vehicle where none may be."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from tocsin.city.cameras import Area
from tocsin.contract.area_rounds import Seen, Stay, Stayer, cited, round_of, stay_in
from tocsin.contract.camera_post import Post, is_named, sort_of, where
from tocsin.contract.outlines import Drawn, Outline, areas_drawn, called, spoken
from tocsin.contract.pictures import Tracks
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.contract.visits import Follower, Watch
from tocsin.model import Finding, Level, Observation, derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Find a person or vehicle whose feet or wheels are in an area that forbids it, at the hours that it says.

    A stay counts from entering by a margin until leaving by a margin for a time, so that a track that
    flickers or stands on the edge is one finding per visit and area. What never moved from where it was
    first seen (a poster, a car that was parked before) is passed over.

    >>> from tocsin.contract.camera_cases import area, city_with, walk
    >>> from tocsin.contract.folding import findings
    >>> yard = area("yard", (0.4, 0.2), (0.9, 0.9), forbidden=("person",))
    >>> findings(Zone(), walk((0.2, 0.6), (0.6, 0.6)), city_with(areas=[yard], analytics=["vision.zone"]))[0].because
    'A person has been in yard for 2 s, where none may be.'
    """

    kind: ClassVar[str] = "vision.zone"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Tracks,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"person": 2.0, "vehicle": 2.0, "other": 0.5}
    on_by_default: ClassVar[bool] = False

    confirm_s: Annotated[float, Meta(description="How long it must be inside, seconds.", ge=0)] = 2.0
    frames_min: Annotated[int, Meta(description="In how many frames it must be seen inside.", ge=1)] = 3
    margin_heights: Annotated[float, Meta(description="How far past the edge counts, body heights.", ge=0)] = 0.1
    moved_heights: Annotated[float, Meta(description="How far it must have moved, body heights.", ge=0)] = 0.5
    leave_s: Annotated[float, Meta(description="How long outside ends a stay, seconds.", ge=0)] = 3.0
    join_s: Annotated[float, Meta(description="How soon a new track goes on with a lost one, seconds.", ge=0)] = 2.0
    repeat_s: Annotated[float, Meta(description="How often a lasting stay is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most frames cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read which cameras watch which areas."""
        return Watching(self, Post.of(self, resources), areas_drawn(self.kind, lambda area: bool(area.forbidden)))


@dataclass(frozen=True, slots=True)
class Watching:
    """Zone at work."""

    settings: Zone
    post: Post
    areas: Drawn[tuple[Area, Outline]]

    def step(
        self, state: Watch[Stayer] | None, fact: Observation[Tracks]
    ) -> tuple[Watch[Stayer] | None, list[Finding]]:
        """Judge one frame."""
        state, seen = round_of(self.post, self.areas, state, fact, Follower(Stayer, self.settings.join_s))
        told = [self._judged(one) for one in seen]
        return state, [finding for finding in told if finding is not None]

    def _judged(self, seen: Seen[Stayer]) -> Finding | None:
        if not is_named(seen.track.label, seen.area.forbidden):
            return None
        stay = stay_in(seen, self.settings.margin_heights, self.settings.leave_s, self.settings.cited_max)
        return self._finding(seen, stay) if stay is not None and self._is_news(seen, stay) else None

    def _is_news(self, seen: Seen[Stayer], stay: Stay) -> bool:
        """Whether it is sure by now, and not told lately."""
        settings, at = self.settings, seen.fact.at
        if stay.told_at is not None:
            return at - stay.told_at >= settings.repeat_s
        return (
            at - stay.entered >= settings.confirm_s
            and stay.inside >= settings.frames_min
            and seen.walk.far >= settings.moved_heights
        )

    def _finding(self, seen: Seen[Stayer], stay: Stay) -> Finding:
        view, fact, walk, track, area, _ = seen
        lasted_s = fact.at - stay.entered
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, area.id, walk.first, walk.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=area.id,
            because=f"A {track.label} has been in {called(area)} for {lasted_s:.0f} s, "
            f"where none may be{spoken(area.hours)}.",
            evidence=cited(stay, fact.at),
            source=fact.source,
            detector=self.settings.kind,
            grade=sort_of(track.label),
            place=where(view, fact, track, called(area)),
            since=stay.entered,
            measure=lasted_s,
            unit="s",
        )
