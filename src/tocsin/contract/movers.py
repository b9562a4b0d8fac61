"""People who move in one picture, as places and velocities in metres: what detectors of crowds in motion judge."""

from collections.abc import Iterable, Sequence
from math import hypot, sqrt
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec.structs import replace

from tocsin.contract.analytics import VEHICLES
from tocsin.contract.camera_post import PERSON, UNSURE_M
from tocsin.contract.camera_views import CameraView
from tocsin.contract.pictures import Box, Tracks
from tocsin.contract.visits import Walk, Watch
from tocsin.model import Observation, Place

W = TypeVar("W", bound=Walk)

FRESH_S = 0.6
"""Who was seen so lately is still there: detectors miss one in some frames."""

RIDES_SHARE = 0.3
"""A person of whom so much is covered by a vehicle's box rides it."""

SPEED_M_S_MAX = 9.0
"""No person is faster than this for a second: such a track has jumped to somebody else."""


class Mover(NamedTuple, Generic[W]):
    """One person on foot: metres from the camera, and metres per second."""

    walk: W
    east_m: float
    north_m: float
    v_east: float
    v_north: float

    @property
    def speed_m_s(self) -> float:
        """How fast."""
        return hypot(self.v_east, self.v_north)


def movers(watch: Watch[W]) -> list[Mover[W]]:
    """The people on foot who were seen a moment ago and whose speed is known, of a camera placed on the ground."""
    fresh = [walk for walk in watch.walks.values() if watch.last_at - walk.at <= FRESH_S]
    ridden = [walk.box for walk in fresh if walk.label in VEHICLES]
    people = [one for one in fresh if one.label == PERSON and not any(_rides(one.box, box) for box in ridden)]
    made = [Mover(one, one.east_m, one.north_m, *one.velocity) for one in people if one.velocity is not None]
    return [one for one in made if one.speed_m_s <= SPEED_M_S_MAX]


def _rides(person: Box, vehicle: Box) -> bool:
    wide = min(person[2], vehicle[2]) - max(person[0], vehicle[0])
    high = min(person[3], vehicle[3]) - max(person[1], vehicle[1])
    area = (person[2] - person[0]) * (person[3] - person[1])
    return wide > 0 and high > 0 and wide * high >= RIDES_SHARE * area


def middle(of: Iterable[Mover[Any]]) -> tuple[float, float]:
    """The mean place."""
    places = [(one.east_m, one.north_m) for one in of]
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def spread_m(of: Sequence[Mover[Any]], spot: tuple[float, float]) -> float:
    """Root mean square of the distances from a spot."""
    return sqrt(sum((one.east_m - spot[0]) ** 2 + (one.north_m - spot[1]) ** 2 for one in of) / len(of))


def order(of: Sequence[Mover[Any]]) -> float:
    """How much all go the same way (0 to 1): the length of the mean of their directions."""
    units = [(one.v_east / one.speed_m_s, one.v_north / one.speed_m_s) for one in of if one.speed_m_s > 0]
    return hypot(sum(x for x, _ in units), sum(y for _, y in units)) / max(1, len(units))


def outward(of: Sequence[Mover[Any]], spot: tuple[float, float]) -> float:
    """How much all go away from a spot (1) or towards it (-1): the mean cosine of direction and bearing."""
    cosines = []
    for one in of:
        dx, dy = one.east_m - spot[0], one.north_m - spot[1]
        length = hypot(dx, dy) * one.speed_m_s
        if length > 0:
            cosines.append((one.v_east * dx + one.v_north * dy) / length)
    return sum(cosines) / max(1, len(cosines))


def around(view: CameraView, fact: Observation[Tracks], of: Sequence[Mover[Any]]) -> Place | None:
    """The place of a group, with its spread."""
    if fact.place is None:
        return None
    spot = middle(of)
    place = view.at(*spot, UNSURE_M + 2.0 * spread_m(of, spot))
    return replace(place, name=fact.place.name, building=fact.place.building, floor=fact.place.floor)
