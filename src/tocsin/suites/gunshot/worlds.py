"""A made-up square of city with microphones, and what they hear of a shot by walls, wind and clocks.

The square is filled with blocks of houses. Microphones hang in its streets about where the map of expected error wants
them. Sound comes straight or, for a share of the microphones, by the shortest way over one wall that nothing cuts off.
"""

from dataclasses import dataclass

import numpy as np

from tocsin.sim.chance import Floats
from tocsin.sim.echoes import Air, Walls

SIDE_M = 1_200.0
BLOCK_M, STREET_M = 76.0, 24.0
SHIFT_M = 60.0
"""How far from its ideal place a lamp post may be."""

ROWS: dict[int, tuple[int, ...]] = {6: (3, 3), 8: (3, 2, 3), 10: (3, 4, 3)}
"""How microphones are laid out: so many in each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weathering:
    """What nobody tells the solver: temperature off by `kelvin_sd`, a wind of `wind_m_s` from anywhere, clocks."""

    clock_sd_s: float = 0.010
    kelvin_sd: float = 5.0
    wind_m_s: float = 3.0
    echo_share: float = 0.2
    temperature_c: float = 15.0


@dataclass(frozen=True, slots=True)
class Shot:
    """What was heard: places of microphones (M, 2), arrival times (M,), which came late, and the truth."""

    spots_m: Floats
    at_s: Floats
    late: Floats
    source_m: Floats


def houses() -> Walls:
    """Blocks of houses in a grid of streets, each a little different (always the same ones)."""
    chance, rings = np.random.default_rng(11), []
    pitch = BLOCK_M + STREET_M
    for column in range(int(SIDE_M // pitch)):
        for row in range(int(SIDE_M // pitch)):
            west, south = (index * pitch + STREET_M / 2 + chance.uniform(0.0, 8.0) for index in (column, row))
            east, north = west + BLOCK_M - chance.uniform(0.0, 16.0), south + BLOCK_M - chance.uniform(0.0, 16.0)
            rings.append([(west, south), (east, south), (east, north), (west, north), (west, south)])
    return Walls.of_rings(rings)


def outdoors(chance: np.random.Generator, near: Floats, spread_m: float) -> Floats:
    """A place in a street within `spread_m` of another, inside the square."""
    pitch = BLOCK_M + STREET_M
    while True:
        spot = np.clip(near + chance.uniform(-spread_m, spread_m, 2), 3.0, SIDE_M - 3.0)
        if (np.abs((spot + STREET_M / 2) % pitch - STREET_M / 2) < STREET_M / 2 - 1.0).any():
            return spot


def layout(chance: np.random.Generator, count: int) -> Floats:
    """Places of microphones (count, 2): on a lattice that reaches near the edges, moved to streets."""
    rows = ROWS.get(count) or _rows(count)
    places = []
    for number, in_row in enumerate(rows):
        north = SIDE_M * (0.08 + 0.84 * (number / max(len(rows) - 1, 1)))
        places += [(SIDE_M * (0.08 + 0.84 * (n / max(in_row - 1, 1))), north) for n in range(in_row)]
    return np.array([outdoors(chance, np.array(place), SHIFT_M) for place in places])


def _rows(count: int) -> tuple[int, ...]:
    """About as many rows as microphones in each."""
    rows = max(1, round(count**0.5))
    return tuple(count // rows + (number < count % rows) for number in range(rows))


def shot(chance: np.random.Generator, walls: Walls, count: int, weather: Weathering) -> Shot:
    """One shot somewhere in the streets, as it reaches every microphone."""
    spots = layout(chance, count)
    source = outdoors(chance, np.full(2, SIDE_M / 2), SIDE_M / 2)
    bearing = chance.uniform(0.0, 2.0 * np.pi)
    air = Air(
        temperature_c=weather.temperature_c + weather.kelvin_sd * float(chance.normal()),
        east_m_s=weather.wind_m_s * float(np.sin(bearing)),
        north_m_s=weather.wind_m_s * float(np.cos(bearing)),
    )
    at, late = np.empty(count), np.zeros(count)
    for index, spot in enumerate(spots):
        length, late[index] = _length(chance, walls, source, spot, weather.echo_share)
        at[index] = air.travel_s(chance, source, spot, length) + weather.clock_sd_s * float(chance.normal())
    return Shot(spots, at, late, source)


def _length(
    chance: np.random.Generator, walls: Walls, source: Floats, spot: Floats, echo_share: float
) -> tuple[float, float]:
    """How far the sound goes to a microphone, and whether that is by a wall."""
    straight = float(np.hypot(*(spot - source)))
    if chance.random() >= echo_share:
        return straight, 0.0
    echoes = [way.length_m for way in walls.ways(source, spot) if way.echo]
    if not echoes:  # no single wall leads there: the sound comes round corners, later by what streets add
        return straight + float(chance.exponential(40.0)), 1.0
    return echoes[0], 1.0
