"""Somebody who stays in one area for longer than is usual there."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from tocsin.city.cameras import Area
from tocsin.contract.area_rounds import Seen, Stay, Stayer, cited, round_of, stay_in
from tocsin.contract.camera_post import PERSON, Post, where
from tocsin.contract.outlines import Drawn, Outline, areas_drawn, called, spoken
from tocsin.contract.pictures import Tracks
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.contract.visits import Follower, Watch
from tocsin.model import Finding, Level, Observation, derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Loitering:
    """Find a track that stays in an area for longer than the time set there (`loiter_s`).

    It is never on by itself. The time ends with the visit: a track that is lost goes on with one that begins at
    the same spot within a moment (`join_s`; 0 for never), and nobody is recognised who leaves and comes back.

    >>> from tocsin.contract.camera_cases import area, city_with, walk
    >>> from tocsin.contract.folding import findings
    >>> bank = area("cash machine", (0.4, 0.2), (0.9, 0.9), loiter_s=60.0)
    >>> setup = city_with(areas=[bank], analytics=["vision.loitering"])
    >>> findings(Loitering(), walk((0.3, 0.6), (0.6, 0.6), stay=400), setup)[0].because
    'Somebody has been in cash machine for 60 s, longer than the 60 s set there.'
    """

    kind: ClassVar[str] = "vision.loitering"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Tracks,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"stays": 0.3}
    on_by_default: ClassVar[bool] = False

    leave_s: Annotated[float, Meta(description="How long outside ends a stay, seconds.", ge=0)] = 3.0
    margin_heights: Annotated[float, Meta(description="How far past the edge counts, body heights.", ge=0)] = 0.1
    moved_heights: Annotated[float, Meta(description="How far it must have moved, body heights.", ge=0)] = 0.5
    join_s: Annotated[float, Meta(description="How soon a new track goes on with a lost one, seconds.", ge=0)] = 2.0
    repeat_s: Annotated[float, Meta(description="How often a lasting stay is told again, seconds.", gt=0)] = 120.0
    cited_max: Annotated[int, Meta(description="Most frames cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read which areas say how long somebody may stay."""
        drawn = areas_drawn(self.kind, lambda area: area.loiter_s is not None)
        return Watching(self, Post.of(self, resources), drawn)


@dataclass(frozen=True, slots=True)
class Watching:
    """Loitering at work."""

    settings: Loitering
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
        if seen.track.label != PERSON:
            return None
        stay = stay_in(seen, self.settings.margin_heights, self.settings.leave_s, self.settings.cited_max)
        return self._finding(seen, stay) if stay is not None and self._is_news(seen, stay) else None

    def _is_news(self, seen: Seen[Stayer], stay: Stay) -> bool:
        at = seen.fact.at
        if stay.told_at is not None:
            return at - stay.told_at >= self.settings.repeat_s
        return at - stay.entered >= (seen.area.loiter_s or 0.0) and seen.walk.far >= self.settings.moved_heights

    def _finding(self, seen: Seen[Stayer], stay: Stay) -> Finding:
        view, fact, walk, track, area, _ = seen
        lasted_s = fact.at - stay.entered
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, area.id, walk.first, walk.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=area.id,
            because=f"Somebody has been in {called(area)} for {lasted_s:.0f} s, "
            f"longer than the {area.loiter_s:g} s set there{spoken(area.hours)}.",
            evidence=cited(stay, fact.at),
            source=fact.source,
            detector=self.settings.kind,
            grade="stays",
            place=where(view, fact, track, called(area)),
            since=stay.entered,
            measure=lasted_s,
            unit="s",
        )
