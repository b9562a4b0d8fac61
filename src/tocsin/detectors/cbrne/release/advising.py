"""Which further reading would tell most: places where the hypotheses disagree beyond what a sensor errs."""

from typing import NamedTuple

import numpy as np

from tocsin.detectors.cbrne.release.believing import ERRORS
from tocsin.detectors.cbrne.release.mapping import Scene
from tocsin.physics.dispersion.air import Floats
from tocsin.physics.source_term.hypotheses import Part
from tocsin.physics.source_term.readings import Readings, predicted

RING_M = (30.0, 80.0, 160.0)
BEARINGS = 12
TRIED = 300
SOON_S = 60.0


class Advice(NamedTuple):
    """Where to read next (metres from the origin) and how much it is expected to tell, nats."""

    east_m: float
    north_m: float
    gain_nats: float


def most_telling(scene: Scene, spots: Floats, floor_kg_m3: float) -> list[Advice]:
    """The expected gain of one reading a minute from now at each spot, the greatest first.

    Readings are compared as logarithms above the floor; with errors about normal, what one tells is half the
    logarithm of one plus the variance of what the hypotheses predict over that of its error (Lindley 1956).
    """
    rows = scene.rows[:: max(1, len(scene.rows) // TRIED)]
    count = len(spots)
    ones = np.ones(count)
    asked = Readings(
        east_m=spots[:, 0],
        north_m=spots[:, 1],
        at_s=(scene.now_s + SOON_S) * ones,
        kg_m3=0.0 * ones,
        floor_kg_m3=floor_kg_m3 * ones,
        full_kg_m3=ones,
        sensor=np.arange(count),
        towards_rad=scene.towards_rad * ones,
        lag_s=0.0 * ones,
    )
    spread = np.log(predicted(rows, scene.plume, asked, steady=False).kg_m3 + floor_kg_m3).var(axis=0)
    gains = 0.5 * np.log1p(spread / (ERRORS.model**2 + ERRORS.bias**2))
    order = np.argsort(-gains, kind="stable")
    return [Advice(float(spots[k, 0]), float(spots[k, 1]), float(gains[k])) for k in order]


def places_to_ask(scene: Scene) -> Floats:
    """Rings of places around the likeliest source."""
    middle = np.median(scene.rows[:, : Part.LOG_RATE], axis=0)
    angles = 2.0 * np.pi * np.arange(BEARINGS) / BEARINGS
    return np.vstack([middle + radius * np.column_stack([np.sin(angles), np.cos(angles)]) for radius in RING_M])
