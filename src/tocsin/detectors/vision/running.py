"""Several people who run at once, one way or apart from one point."""

from dataclasses import dataclass
from math import hypot
from statistics import median
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta, Struct

from tocsin.contract.camera_post import Post
from tocsin.contract.camera_views import CameraView
from tocsin.contract.movers import Mover, around, middle, movers, order, outward, spread_m
from tocsin.contract.pictures import Tracks
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.contract.visits import Follower, Scale, Walk, Watch, is_news
from tocsin.model import Finding, Level, Observation, derived_id

_FOLLOWER = Follower(Walk, join_s=1.0, reach_per_s=1.5)
"""People who run are often lost between two frames: a new track a stride ahead goes on with a lost one."""

_WORDS = {"together": "the same way", "outward": "apart from one point"}


class Episode(Struct):
    """Since when several run (and when last), which way, and what was told of it."""

    since: float
    last: float
    told: str = ""
    told_at: float = 0.0
    recent: list[str] = []


class Seen(Struct):
    """The visits in one picture, and the running that goes on there."""

    watch: Watch[Walk]
    episode: Episode | None = None


class Rush(NamedTuple):
    """Who is faster than walking, among how many people, and which way they go (empty: no running crowd)."""

    fast: list[Mover[Walk]]
    people: int
    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Find several people close together who are faster than walking at the same time, one way or outward.

    One runner is none, and neither are some runners among many who walk. People on bicycles are left
    out where the bicycle is seen. Only cameras that are placed on the ground are judged: speeds are metres per
    second, over about a second each.

    >>> from tocsin.contract.camera_cases import HANGS, city_with, crowd_walks
    >>> from tocsin.contract.folding import findings
    >>> rush = crowd_walks(6, (-5.0, 10.0), toward=(1.0, 0.0), m_s=3.5)
    >>> findings(Running(), rush, city_with(analytics=["vision.running"], pose=HANGS))[0].because
    '6 of 6 people run the same way (median 3.5 m/s, for 1 s).'
    """

    kind: ClassVar[str] = "vision.running"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Tracks,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"together": 0.5, "outward": 1.5}
    on_by_default: ClassVar[bool] = False

    run_m_s: Annotated[float, Meta(description="What is faster than walking, m/s.", gt=0)] = 2.2
    runners_min: Annotated[int, Meta(description="How many must run at once.", ge=2)] = 4
    share_min: Annotated[float, Meta(description="Which part of those around them must run.", ge=0, le=1)] = 0.4
    near_m: Annotated[float, Meta(description="How close together they are, metres.", gt=0)] = 12.0
    order_min: Annotated[float, Meta(description="How much they go the same way (0 to 1).", ge=0, le=1)] = 0.7
    outward_min: Annotated[float, Meta(description="How much they go apart (0 to 1).", ge=0, le=1)] = 0.6
    hold_s: Annotated[float, Meta(description="How long it must hold, seconds.", ge=0)] = 0.8
    gap_s: Annotated[float, Meta(description="Longest break that does not end it before it is told.", ge=0)] = 0.6
    quiet_s: Annotated[float, Meta(description="How long nobody may run until it is over, seconds.", gt=0)] = 30.0
    repeat_s: Annotated[float, Meta(description="How often it is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most frames cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read where it may run."""
        return Watching(self, Post.of(self, resources))


@dataclass(frozen=True, slots=True)
class Watching:
    """Running at work."""

    settings: Running
    post: Post

    def step(self, state: Seen | None, fact: Observation[Tracks]) -> tuple[Seen | None, list[Finding]]:
        """Judge one frame."""
        view = self.post.view(fact.source)
        if view is None or not fact.body.calibrated or not view.camera.calibrated:
            return None, []
        state = state if state is not None else Seen(watch=Watch[Walk]())
        if not is_news(state.watch, fact):
            return state, []
        _FOLLOWER.follow(state.watch, fact, Scale.of(view, fact.body))
        moving = movers(state.watch)
        people = [one for one in moving if self.post.sees(view, one.walk)]
        rush = self._rush(people)
        self._hold(state, fact, rush.way)
        episode = state.episode
        told = episode is not None and self._is_news(episode, fact, rush.way)
        return state, [self._finding(view, fact, episode, rush)] if told and episode is not None else []

    def _rush(self, people: list[Mover[Walk]]) -> Rush:
        """Who runs together, and which way they do; no way where they are too few, too far apart or at odds."""
        settings = self.settings
        fast = [one for one in people if one.speed_m_s >= settings.run_m_s]
        if len(fast) < settings.runners_min:
            return Rush(fast, len(people), "")
        spot = middle(fast)
        near = sum(hypot(one.east_m - spot[0], one.north_m - spot[1]) <= settings.near_m for one in people)
        way = ""
        if spread_m(fast, spot) <= settings.near_m and len(fast) >= settings.share_min * near:
            way = "together" if order(fast) >= settings.order_min else ""
            way = way or ("outward" if outward(fast, spot) >= settings.outward_min else "")
        return Rush(fast, len(people), way)

    def _hold(self, state: Seen, fact: Observation[Tracks], way: str) -> None:
        """Let an episode begin, go on or end with this frame."""
        episode, settings = state.episode, self.settings
        if episode is not None:
            patience_s = settings.quiet_s if episode.told else settings.gap_s
            if fact.at - episode.last > patience_s:
                state.episode = episode = None
        if not way:
            return
        if episode is None:
            state.episode = episode = Episode(since=fact.at, last=fact.at)
        episode.last = fact.at
        episode.recent = [*episode.recent, fact.id][-settings.cited_max :]

    def _is_news(self, episode: Episode, fact: Observation[Tracks], way: str) -> bool:
        """Whether it has held for its time, and was not told lately."""
        if not way or fact.at - episode.since < self.settings.hold_s:
            return False
        return not episode.told or fact.at - episode.told_at >= self.settings.repeat_s

    def _finding(self, view: CameraView, fact: Observation[Tracks], episode: Episode, rush: Rush) -> Finding:
        fast = rush.fast
        evidence, episode.recent = tuple(episode.recent), []
        episode.told, episode.told_at = rush.way, fact.at
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, fact.boot, episode.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=fact.source,
            because=f"{len(fast)} of {rush.people} people run {_WORDS[rush.way]} "
            f"(median {median(one.speed_m_s for one in fast):.1f} m/s, for {fact.at - episode.since:.0f} s).",
            evidence=evidence,
            source=fact.source,
            detector=self.settings.kind,
            grade=rush.way,
            place=around(view, fact, fast),
            since=episode.since,
            measure=float(len(fast)),
            unit="persons",
        )
