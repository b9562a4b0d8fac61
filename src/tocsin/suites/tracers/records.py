"""Reads tracer releases in the form of Project Prairie Grass: arcs of samplers, and the weather of each run."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path

import numpy as np

from tocsin.model import ConfigError
from tocsin.physics.dispersion.air import Air, Floats

ARCS = "PGARCS.txt"
WEATHER = "modelParamList.txt"
MISSING = -1.0
ROUGHNESS_M = 0.006
"""Of the mown prairie at O'Neill, Nebraska (Barad 1958)."""

SURFACE_S_M = 101.0
"""Resistance of dry grass to sulphur dioxide, s/m; chosen with the constants of the model."""


@dataclass(frozen=True, slots=True, eq=False)
class Arc:
    """Samplers at one distance: bearing in degrees and 10-minute mean in mg/m³; missing ones are left out."""

    distance_m: float
    bearing_deg: Floats
    mg_m3: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """One run: rate in g/s, heights, the weather, the wind as it was measured, its bearing, and the arcs."""

    run: int
    rate_g_s: float
    source_m: float
    receptor_m: float
    air: Air
    speed_m_s: float
    wind_from_deg: float
    arcs: tuple[Arc, ...]


def releases(folder: Path | None) -> list[Release]:
    """All runs of a folder that have both arcs and weather; raises ConfigError saying what is missing."""
    if folder is None or not (folder / ARCS).is_file() or not (folder / WEATHER).is_file():
        raise ConfigError(f"Name a folder with {ARCS} and {WEATHER} (Project Prairie Grass) with --data DIR.")
    weather = _weather((folder / WEATHER).read_text("utf-8", "replace"))
    blocks = _blocks((folder / ARCS).read_text("utf-8", "replace").splitlines())
    runs: dict[int, list[tuple[list[str], Arc]]] = {}
    for run, source, arc in blocks:
        runs.setdefault(run, []).append((source, arc))
    found = [_release(run, rows, weather[run]) for run, rows in sorted(runs.items()) if run in weather]
    if not found:
        raise ConfigError(f"No run of {ARCS} has its weather in {WEATHER}.")
    return found


def _weather(text: str) -> dict[int, list[float]]:
    try:
        rows = [[float(part) for part in line.split()] for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise ConfigError(
            f"{WEATHER}: {error}; each line holds run, L, u*, mixing height, bearing, … speed."
        ) from error
    return {int(row[0]): row for row in rows if len(row) >= 10}


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str], Arc]]:
    """Every arc with its run and the line that describes its source."""
    heads = [n for n, line in enumerate(lines) if "'" in line]
    for begin, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        try:
            head, source = lines[begin].split(","), lines[begin + 1].split(",")
            rows = np.array([list(map(float, line.split())) for line in lines[begin + 2 : end] if line.strip()])
            seen = rows[:, 3] > MISSING
            yield int(head[0]), source, Arc(float(head[-1]), rows[seen, 0], rows[seen, 3])
        except (IndexError, ValueError) as error:
            raise ConfigError(f"{ARCS}, line {begin + 1}: not an arc ({error}).") from error


def _release(run: int, rows: list[tuple[list[str], Arc]], weather: list[float]) -> Release:
    source = rows[0][0]
    obukhov_m, ustar, mixing, bearing, swing_deg, speed = (weather[n] for n in (1, 2, 3, 4, 8, 9))
    air = Air(
        ustar_m_s=ustar,
        obukhov_m=obukhov_m or inf,
        roughness_m=ROUGHNESS_M,
        sigma_azimuth_rad=float(np.radians(swing_deg)),
        mixing_m=mixing if mixing > 0 else None,
    )
    arcs = tuple(arc for _, arc in rows if len(arc.mg_m3))
    return Release(run, float(source[7]), float(source[8]), float(source[9]), air, speed, bearing, arcs)
