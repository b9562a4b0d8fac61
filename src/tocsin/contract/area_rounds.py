"""One round through the areas of a camera: who is seen well enough at this frame, and how long each stays where."""

from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct, field

from tocsin.city.cameras import Area
from tocsin.contract.camera_post import Post
from tocsin.contract.camera_views import CameraView
from tocsin.contract.outlines import Drawn, Outline
from tocsin.contract.pictures import Track, Tracks
from tocsin.contract.visits import Follower, Scale, W, Walk, Watch, is_news
from tocsin.model import Observation

V = TypeVar("V", bound=Walk)


class Seen(NamedTuple, Generic[V]):
    """A visit that is seen in this frame, and one of the areas that are watched now."""

    view: CameraView
    fact: Observation[Tracks]
    walk: V
    track: Track
    area: Area
    outline: Outline


def round_of(
    post: Post,
    drawn: Drawn[tuple[Area, Outline]],
    state: Watch[W] | None,
    fact: Observation[Tracks],
    follower: Follower[W],
) -> tuple[Watch[W] | None, Iterator[Seen[W]]]:
    """The visits of one frame, each with every area watched now; nothing (and no memory) where none is.

    Late and doubled frames give nothing. What is only held over, or seen with too few pixels per metre, is
    left out.
    """
    view = post.view(fact.source)
    areas = drawn.of(view) if view is not None else ()
    if view is None or not areas:
        return None, iter(())
    watch = state if state is not None else Watch[W]()
    if not is_news(watch, fact):
        return watch, iter(())
    hour = view.hour(fact.at)
    now = [(area, outline) for area, outline in areas if area.hours.hold(hour)]
    walks = follower.follow(watch, fact, Scale.of(view, fact.body))
    judged = [(walk, track) for walk, track in walks if not track.held and post.sees(view, track)]
    return watch, (Seen(view, fact, walk, track, area, outline) for walk, track in judged for area, outline in now)


class Stay(Struct):
    """How long one visit is in one area: since when, in how many frames, when last, and when it was told."""

    entered: float
    last_in: float
    inside: int = 0
    told_at: float | None = None
    recent: list[str] = []


class Stayer(Walk):
    """A visit, and its stay in each area."""

    stays: dict[str, Stay] = field(default_factory=dict)


def stay_in(seen: Seen[Stayer], margin_heights: float, leave_s: float, cited_max: int) -> Stay | None:
    """The stay in the area, where the visit is inside it now.

    It begins once the feet are inside by the margin, goes on while they are not outside by it, and ends after
    `leave_s` outside.
    """
    fact, walk, area = seen.fact, seen.walk, seen.area
    depth, margin = seen.outline.depth(walk.x, walk.y), seen.outline.margin(margin_heights * walk.height)
    stay = walk.stays.get(area.id)
    if stay is not None and fact.at - stay.last_in > leave_s:
        stay = None
        del walk.stays[area.id]
    if depth < (margin if stay is None else -margin):
        return None
    if stay is None:
        stay = walk.stays[area.id] = Stay(entered=fact.at, last_in=fact.at)
    stay.inside += 1
    stay.last_in = fact.at
    stay.recent = [*stay.recent, fact.id][-cited_max:]
    return stay


def cited(stay: Stay, at: float) -> tuple[str, ...]:
    """The frames to cite as the stay is told now; what was cited is not cited again."""
    recent, stay.recent, stay.told_at = tuple(stay.recent), [], at
    return recent
