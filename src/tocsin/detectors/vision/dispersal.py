"""A group of people that suddenly scatters."""

from dataclasses import dataclass
from math import exp, sqrt
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from tocsin.contract.camera_post import Post
from tocsin.contract.camera_views import CameraView
from tocsin.contract.movers import Mover, around, movers
from tocsin.contract.pictures import Tracks
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.contract.visits import Follower, Scale, Walk, Watch, is_news
from tocsin.model import Finding, Level, Observation, derived_id

Floats = NDArray[np.float64]

GUESS_M_S, GUESS_S = 0.3, 30.0
"""How fast groups grow where nobody has looked yet (m/s, as mean and deviation), and for how long that counts."""


class Pace(Walk):
    """A visit, and how fast it was until a moment ago (a slow mean), m/s."""

    calm_m_s: float | None = None
    paced_at: float = 0.0


_FOLLOWER = Follower(Pace, join_s=1.0, reach_per_s=1.5)
"""People who run are often lost between two frames: a new track a stride ahead goes on with a lost one."""


class Usual(Struct):
    """How fast the group that grows fastest usually grows at this camera: mean and variance, m/s."""

    since: float
    mean: float
    variance: float
    at: float


class Episode(Struct):
    """Since when a group scatters, and when that was told."""

    since: float
    last: float
    told_at: float | None = None
    recent: list[str] = []


class Scene(Struct):
    """The visits in one picture, what is usual there, and the scattering that goes on."""

    watch: Watch[Pace]
    usual: Usual
    episode: Episode | None = None


class Group(NamedTuple):
    """The group that grows fastest: who, how fast away from its middle, how fast at all, and how much faster now."""

    people: list[Mover[Pace]]
    outward_m_s: float
    speed_m_s: float
    gain_m_s: float
    outward_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersal:
    """Find a group whose people get away from its middle fast, all of a sudden, and faster than is usual here.

    For the people around each one the growth of the group is measured: their mean speed away from its
    moving middle. It must be faster than walking, much faster than they themselves were a moment ago, and
    some standard deviations above the fastest growing group that this camera usually sees. Only cameras that
    are placed on the ground are judged.

    >>> from tocsin.contract.camera_cases import HANGS, city_with, crowd_walks
    >>> from tocsin.contract.folding import findings
    >>> scattering = crowd_walks(9, (0.0, 11.0), m_s=3.5, calm_s=70.0)
    >>> findings(Dispersal(), scattering, city_with(analytics=["vision.dispersal"], pose=HANGS))[0].because
    '6 people get away from one spot at 2.5 m/s, 2.3 m/s faster than a moment ago (usual here: 0.1 m/s outward).'
    """

    kind: ClassVar[str] = "vision.dispersal"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Tracks,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"scatter": 2.0}
    on_by_default: ClassVar[bool] = False

    group_min: Annotated[int, Meta(description="How many people are a group.", ge=3)] = 6
    around_m: Annotated[float, Meta(description="How far around its middle it reaches, metres.", gt=0)] = 8.0
    outward_m_s: Annotated[float, Meta(description="How fast it must grow, m/s.", gt=0)] = 1.0
    outward_share: Annotated[float, Meta(description="Which part of it must go outward.", ge=0, le=1)] = 0.7
    speed_m_s: Annotated[float, Meta(description="How fast half of it must be, m/s.", gt=0)] = 1.8
    gain_m_s: Annotated[float, Meta(description="How much faster than before half of it must be, m/s.", gt=0)] = 0.8
    sigmas: Annotated[float, Meta(description="How far above the usual growth, standard deviations.", ge=0)] = 3.0
    hold_s: Annotated[float, Meta(description="How long it must hold, seconds.", ge=0)] = 0.2
    gap_s: Annotated[float, Meta(description="Longest break that does not end it, seconds.", ge=0)] = 5.0
    calm_s: Annotated[float, Meta(description="How long the speed before is averaged over, seconds.", gt=0)] = 5.0
    usual_s: Annotated[float, Meta(description="How long the usual is averaged over, seconds.", gt=0)] = 900.0
    warmup_s: Annotated[float, Meta(description="How long it only learns, seconds.", ge=0)] = 60.0
    repeat_s: Annotated[float, Meta(description="How often it is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most frames cited at a time.", ge=1)] = 16

    def start(self, resources: Resources) -> "Watching":
        """Read where it may run."""
        return Watching(self, Post.of(self, resources))


@dataclass(frozen=True, slots=True)
class Watching:
    """Dispersal at work."""

    settings: Dispersal
    post: Post

    def step(self, state: Scene | None, fact: Observation[Tracks]) -> tuple[Scene | None, list[Finding]]:
        """Judge one frame."""
        view = self.post.view(fact.source)
        if view is None or not fact.body.calibrated or not view.camera.calibrated:
            return None, []
        if state is None:
            state = Scene(
                watch=Watch[Pace](), usual=Usual(since=fact.at, mean=GUESS_M_S, variance=GUESS_M_S**2, at=fact.at)
            )
        if not is_news(state.watch, fact):
            return state, []
        _FOLLOWER.follow(state.watch, fact, Scale.of(view, fact.body))
        moving = movers(state.watch)
        people = [one for one in moving if self.post.sees(view, one.walk)]
        group = fastest_growing(people, self.settings.around_m, self.settings.group_min)
        for walk in state.watch.walks.values():
            _remember(walk, fact.at, self.settings.calm_s)
        if group is None:
            return state, []
        told = self._told(state, fact, view, group)
        return state, [told] if told is not None else []

    def _told(self, state: Scene, fact: Observation[Tracks], view: CameraView, group: Group) -> Finding | None:
        """The finding, where the group scatters and that is news; else the growth is learned as usual."""
        settings, usual = self.settings, state.usual
        if not self._scatters(group, usual):
            _learn(usual, group.outward_m_s, fact.at, settings.usual_s)
            return None
        episode = state.episode
        if episode is None or fact.at - episode.last > settings.gap_s:
            episode = state.episode = Episode(since=fact.at, last=fact.at)
        episode.last = fact.at
        episode.recent = [*episode.recent, fact.id][-settings.cited_max :]
        early = fact.at - usual.since < settings.warmup_s or fact.at - episode.since < settings.hold_s
        told_lately = episode.told_at is not None and fact.at - episode.told_at < settings.repeat_s
        return None if early or told_lately else self._finding(view, fact, episode, group, usual)

    def _scatters(self, group: Group, usual: Usual) -> bool:
        settings = self.settings
        return (
            group.outward_m_s >= max(settings.outward_m_s, usual.mean + settings.sigmas * sqrt(usual.variance))
            and group.outward_share >= settings.outward_share
            and group.speed_m_s >= settings.speed_m_s
            and group.gain_m_s >= settings.gain_m_s
        )

    def _finding(
        self, view: CameraView, fact: Observation[Tracks], episode: Episode, group: Group, usual: Usual
    ) -> Finding:
        evidence, episode.recent, episode.told_at = tuple(episode.recent), [], fact.at
        return Finding(
            id=derived_id("f", self.settings.kind, fact.source, fact.boot, episode.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.settings.kind,
            subject=fact.source,
            because=f"{len(group.people)} people get away from one spot at {group.speed_m_s:.1f} m/s, "
            f"{group.gain_m_s:.1f} m/s faster than a moment ago (usual here: {usual.mean:.1f} m/s outward).",
            evidence=evidence,
            source=fact.source,
            detector=self.settings.kind,
            grade="scatter",
            place=around(view, fact, group.people),
            since=episode.since,
            measure=group.outward_m_s,
            unit="m/s",
        )


def _remember(walk: Pace, at: float, calm_s: float) -> None:
    """Let the slow mean of the speed follow."""
    velocity = walk.velocity
    if velocity is None or walk.at < at:
        return
    speed = float(np.hypot(*velocity))
    if walk.calm_m_s is None:
        walk.calm_m_s = speed
    else:
        walk.calm_m_s += (speed - walk.calm_m_s) * (1 - exp(-(at - walk.paced_at) / calm_s))
    walk.paced_at = at


def _learn(usual: Usual, outward_m_s: float, at: float, usual_s: float) -> None:
    """Let the usual follow: a plain mean at first (of which the first guess is a part), a fading one later."""
    share = min(max(0.0, at - usual.at), 1.0) / min(usual_s, GUESS_S + at - usual.since)
    off = outward_m_s - usual.mean
    usual.mean += share * off
    usual.variance = (1 - share) * (usual.variance + share * off * off)
    usual.at = at


def fastest_growing(people: list[Mover[Pace]], around_m: float, group_min: int) -> Group | None:
    """Of the groups around each of these people that which gets away from its middle fastest; none if all are small."""
    if len(people) < group_min:
        return None
    places = np.array([(one.east_m, one.north_m) for one in people])
    velocities = np.array([(one.v_east, one.v_north) for one in people])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    together = (apart <= around_m).astype(np.float64)
    sizes = together.sum(axis=1)
    if sizes.max() < group_min:
        return None
    growth = _growth(places, velocities, together, sizes)
    means = np.where(sizes >= group_min, (growth * together).sum(axis=1) / sizes, -np.inf)
    best = int(np.argmax(means))
    return _group(people, growth[best], np.flatnonzero(together[best]), float(means[best]))


def _growth(places: Floats, velocities: Floats, together: Floats, sizes: Floats) -> Floats:
    """Row by row (one group each): how fast every person gets away from that group's moving middle, m/s."""
    off = places[None] - (together @ places / sizes[:, None])[:, None]
    faster = velocities[None] - (together @ velocities / sizes[:, None])[:, None]
    length = np.maximum(np.linalg.norm(off, axis=2), 1e-6)
    growth: Floats = (off * faster).sum(axis=2) / length
    return growth


def _group(people: list[Mover[Pace]], growth: Floats, rows: NDArray[np.int64], outward_m_s: float) -> Group:
    own = [people[row] for row in rows]
    speeds = [one.speed_m_s for one in own]
    gains = [one.speed_m_s - (one.walk.calm_m_s or 0.0) for one in own]
    share = float((growth[rows] > 0).mean())
    return Group(own, outward_m_s, float(np.median(speeds)), float(np.median(gains)), share)
