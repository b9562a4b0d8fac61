"""Finds what stands near a place without asking everything: a grid of cells over the local plane."""

from collections.abc import Callable, Iterable, Iterator
from math import ceil, cos, floor, radians
from typing import Generic, TypeVar

from tocsin.model import Place
from tocsin.model.place import EARTH_RADIUS_M

T = TypeVar("T")

CELL_M = 250.0
"""Edge of a cell: a few sensors each where they stand densely."""


class Grid(Generic[T]):
    """Things by cell. `around` may give some that lie farther away, never leaves out one that is near."""

    def __init__(self, origin: Place, things: Iterable[T], place_of: Callable[[T], Place | None]) -> None:
        scale = radians(1.0) * EARTH_RADIUS_M
        self._lat_m = scale
        self._lon_m = scale * max(0.01, cos(radians(origin.lat)))
        self._cells: dict[tuple[int, int], list[T]] = {}
        for thing in things:
            place = place_of(thing)
            if place is not None:
                self._cells.setdefault(self._cell(place), []).append(thing)

    def around(self, place: Place, radius_m: float) -> Iterator[T]:
        """Everything within `radius_m`, and whatever else shares its cells."""
        rings = ceil(radius_m * 1.1 / CELL_M) + 1  # degrees of longitude shrink towards the pole: some spare
        if (2 * rings + 1) ** 2 >= len(self._cells):
            for things in self._cells.values():
                yield from things
            return
        middle_x, middle_y = self._cell(place)
        for x in range(middle_x - rings, middle_x + rings + 1):
            for y in range(middle_y - rings, middle_y + rings + 1):
                yield from self._cells.get((x, y), ())

    def _cell(self, place: Place) -> tuple[int, int]:
        return floor(place.lon * self._lon_m / CELL_M), floor(place.lat * self._lat_m / CELL_M)
