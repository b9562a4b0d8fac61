"""Which events lie near one another: the largest sets whose members are pairwise within a distance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

from tocsin.model import Place, distance_m, same_floor
from tocsin.sigma.windows import Event

Spot: TypeAlias = tuple[float, float, str, float | None]
"""Longitude, latitude, building, floor: events of one spot are always near one another."""

SETS_MAX = 256
"""Most sets that are looked at for one window."""


def near_sets(events: Sequence[Event], near_m: float, places_max: int) -> list[list[Event]]:
    """The largest sets of events that lie pairwise within `near_m` metres and not on different floors.

    Events in order of time, as given; the set of most events first, of equal ones that with the newest.
    Where more than `places_max` spots occur, the newest are looked at. No events give one empty set.
    """
    placed = [(spot_of(event.place), index) for index, event in enumerate(events) if event.place is not None]
    spots = _newest(placed)[:places_max]
    near = {spot: _neighbours(spot, spots, near_m) for spot in spots}
    sets = [_indexes(placed, clique) for clique in islice(_largest(spots, near), SETS_MAX)]
    sets.sort(key=_rank, reverse=True)
    return [list(map(events.__getitem__, each)) for each in sets]


def _newest(placed: Sequence[tuple[Spot, int]]) -> list[Spot]:
    """Each spot once, those where something happened last first."""
    return list(dict.fromkeys(spot for spot, _ in reversed(placed)))


def _neighbours(spot: Spot, spots: Sequence[Spot], near_m: float) -> set[Spot]:
    return {other for other in spots if other != spot and is_near(spot, other, near_m)}


def _indexes(placed: Sequence[tuple[Spot, int]], clique: Sequence[Spot]) -> list[int]:
    chosen = frozenset(clique)
    return [index for spot, index in placed if spot in chosen]


def _rank(indexes: list[int]) -> tuple[int, list[int]]:
    return len(indexes), indexes[::-1]


def spot_of(place: Place) -> Spot:
    """What of a place decides what it is near to."""
    return (place.lon, place.lat, place.building, place.floor)


@lru_cache(maxsize=65_536)
def is_near(a: Spot, b: Spot, near_m: float) -> bool:
    """Whether two spots lie within a distance of each other, and not on floors known to differ."""
    one, other = _place(a), _place(b)
    return same_floor(one, other) and distance_m(one, other) <= near_m


def _place(spot: Spot) -> Place:
    return Place(lon=spot[0], lat=spot[1], building=spot[2], floor=spot[3])


def _largest(spots: Sequence[Spot], near: dict[Spot, set[Spot]]) -> Iterator[list[Spot]]:
    """Maximal cliques (Bron and Kerbosch 1973, with pivot), in an order that depends on nothing else."""
    rank = {spot: index for index, spot in enumerate(spots)}
    pending: list[tuple[list[Spot], set[Spot], set[Spot]]] = [([], set(spots), set())]
    while pending:
        chosen, possible, excluded = pending.pop()
        if not possible:
            if not excluded:
                yield chosen
            continue
        pending.extend(reversed(list(_branches(chosen, possible, excluded, near, rank))))


def _branches(
    chosen: list[Spot], possible: set[Spot], excluded: set[Spot], near: dict[Spot, set[Spot]], rank: dict[Spot, int]
) -> Iterator[tuple[list[Spot], set[Spot], set[Spot]]]:
    """What is left to look at with each spot that is not near the pivot."""
    pivot = max(possible | excluded, key=lambda spot: (len(near[spot] & possible), -rank[spot]))
    for spot in sorted(possible - near[pivot], key=rank.__getitem__):
        yield [*chosen, spot], possible & near[spot], excluded & near[spot]
        possible = possible - {spot}
        excluded = excluded | {spot}
