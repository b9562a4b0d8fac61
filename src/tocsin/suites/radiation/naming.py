"""Made-up spectra of a sodium iodide counter: one nuclide over natural background, or background alone."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.nuclides import nuclides_from
from tocsin.contract.resources import Resources
from tocsin.physics.radiation import Nuclide, Resolution, find_peaks, identify
from tocsin.physics.radiation.peaks import FWHM_PER_SD, Spectrum, least_counts

Floats = NDArray[np.float64]

SODIUM_IODIDE = Resolution(fwhm_662_kev=46.0, electronic_kev=5.0)
EDGES_KEV = np.linspace(0.0, 3072.0, 1025)
PHOTOPEAK_COUNTS = 4_000.0
"""Counts in the strongest line."""

NATURE = frozenset({"K-40", "Ra-226", "Th-232"})

HARD = frozenset({"Pu-239", "U-238"})
"""Not tried: their lines are a few in a million decays."""


def spectrum_of(nuclide: Nuclide | None, chance: np.random.Generator) -> Spectrum:
    """Counts: a falling background with potassium, and lines with the plateau that scattering makes below each."""
    middles = (EDGES_KEV[1:] + EDGES_KEV[:-1]) / 2.0
    expected = 60.0 * np.exp(-middles / 500.0) + 2.0 + _line(1460.8, 250.0)
    if nuclide is not None:
        for energy, intensity in nuclide.lines:
            counts = PHOTOPEAK_COUNTS * intensity / nuclide.lines[0][1] * (100.0 / max(energy, 100.0)) ** 0.9
            counts /= (100.0 / max(nuclide.lines[0][0], 100.0)) ** 0.9
            edge = energy / (1.0 + 511.0 / (2.0 * energy))
            plateau = np.where(middles < edge, 1.5 * counts / max(edge, 1.0) * 3.0, 0.0)
            expected = expected + _line(energy, counts) + plateau
    return Spectrum(EDGES_KEV, chance.poisson(expected).astype(np.float64))


def _line(energy: float, counts: float) -> Floats:
    middles = (EDGES_KEV[1:] + EDGES_KEV[:-1]) / 2.0
    deviation = float(SODIUM_IODIDE.fwhm_kev(energy)) / FWHM_PER_SD
    peak: Floats = np.exp(-0.5 * ((middles - energy) / deviation) ** 2)
    found: Floats = counts * peak / peak.sum()
    return found


def named(spectra: int, chance: np.random.Generator) -> tuple[dict[str, float], dict[str, dict[str, int]]]:
    """Shares of spectra with a right name, with any wrong one, and with none; false names in background alone."""
    library = nuclides_from(Resources())
    tried = [one for one in library if one.name not in HARD | NATURE]
    results: dict[str, Counter[str]] = {}
    for nuclide in (*tried, None):
        name = nuclide.name if nuclide is not None else "background"
        results[name] = Counter(_judged(nuclide, library, chance) for _ in range(spectra))
    total: Counter[str] = sum((row for name, row in results.items() if name != "background"), Counter())
    words = ("right", "among others", "wrong", "unknown")
    metrics = {f"nuclides_{word}".replace(" ", "_"): total[word] / total.total() for word in words}
    metrics["nuclides_false_in_background"] = results["background"]["wrong"] / spectra
    return metrics, {name: dict(row) for name, row in results.items()}


def _judged(nuclide: Nuclide | None, library: tuple[Nuclide, ...], chance: np.random.Generator) -> str:
    spectrum = spectrum_of(nuclide, chance)
    peaks = find_peaks(spectrum, SODIUM_IODIDE)
    found, _ = identify(
        peaks, library, SODIUM_IODIDE, lambda energy: least_counts(spectrum, energy, SODIUM_IODIDE), EDGES_KEV[-1]
    )
    said = [{one.nuclide.name, *one.alternatives} for one in found if one.nuclide.name not in NATURE]
    if any(nuclide is None or nuclide.name not in names for names in said):
        return "wrong"
    return ("right" if len(said[0]) == 1 else "among others") if said else "unknown"
