"""People who move in one picture, as places and velocities in metres: what detectors of crowds in motion judge."""

from collections.abc import Iterable, Sequence
from math import hypot
from statistics import median
from typing import Any, Generic, NamedTuple, TypeVar

from tocsin.contract.analytics import STATURE_M, VEHICLES
from tocsin.contract.camera_post import PERSON
from tocsin.contract.pictures import Box, Track
from tocsin.contract.visits import Walk

W = TypeVar("W", bound=Walk)

RIDES_SHARE = 0.3
"""A person of whom so much is covered by a vehicle's box rides it."""

SPEED_M_S_MAX = 9.0
"""No person is faster than this for a second: such a track has jumped to somebody else."""


class Mover(NamedTuple, Generic[W]):
    """One person on foot: metres in a frame common to the picture, and metres per second."""

    walk: W
    track: Track
    east_m: float
    north_m: float
    v_east: float
    v_north: float

    @property
    def speed_m_s(self) -> float:
        """How fast."""
        return hypot(self.v_east, self.v_north)


def movers(pairs: Sequence[tuple[W, Track]], *, in_metres: bool) -> list[Mover[W]]:
    """The people on foot that are seen now and whose speed is known by now."""
    ridden = [track.box for _, track in pairs if track.label in VEHICLES]
    people = [pair for pair in pairs if pair[1].label == PERSON and not pair[1].held]
    walking = [(walk, track) for walk, track in people if not any(_rides(track.box, box) for box in ridden)]
    size_m = 0.0 if in_metres or not walking else STATURE_M / median(walk.height for walk, _ in walking)
    made = (_mover(walk, track, size_m) for walk, track in walking)
    return [one for one in made if one is not None and one.speed_m_s <= SPEED_M_S_MAX]


def _mover(walk: W, track: Track, size_m: float) -> Mover[W] | None:
    velocity = walk.velocity
    if velocity is None:
        return None
    place = (walk.x * size_m, -walk.y * size_m) if size_m else (walk.east_m, walk.north_m)
    return Mover(walk, track, *place, *velocity)


def _rides(person: Box, vehicle: Box) -> bool:
    wide = min(person[2], vehicle[2]) - max(person[0], vehicle[0])
    high = min(person[3], vehicle[3]) - max(person[1], vehicle[1])
    area = (person[2] - person[0]) * (person[3] - person[1])
    return wide > 0 and high > 0 and wide * high >= RIDES_SHARE * area


def middle(of: Iterable[Mover[Any]]) -> tuple[float, float]:
    """The mean place."""
    places = [(one.east_m, one.north_m) for one in of]
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


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
