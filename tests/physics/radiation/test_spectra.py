"""Peaks are found where they are, nuclides named where their lines are, and nothing in noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.physics.radiation import Nuclide, Peak, Resolution, find_peaks, identify
from tocsin.physics.radiation.peaks import FWHM_PER_SD, Spectrum, least_counts

IODIDE = Resolution(fwhm_662_kev=46.0)
GERMANIUM = Resolution(fwhm_662_kev=1.5, electronic_kev=0.9)
CAESIUM = Nuclide("Cs-137", ((661.657, 85.1),), "industry")
COBALT = Nuclide("Co-60", ((1332.5, 100.0), (1173.2, 99.9)), "industry")
FLUORINE = Nuclide("F-18", ((511.0, 193.0),), "medicine")
SODIUM = Nuclide("Na-22", ((511.0, 180.0), (1274.5, 100.0)), "industry")


def spectrum(lines, resolution, step_kev=3.0, flat=20.0, seed=1):
    edges = np.arange(0.0, 3000.0, step_kev)
    middles = (edges[1:] + edges[:-1]) / 2
    expected = np.full(len(middles), flat)
    for energy, counts in lines:
        deviation = float(resolution.fwhm_kev(energy)) / FWHM_PER_SD
        shape = np.exp(-0.5 * ((middles - energy) / deviation) ** 2)
        expected = expected + counts * shape / shape.sum()
    return Spectrum(edges, np.random.default_rng(seed).poisson(expected).astype(float))


def names(found, resolution, library):
    named, left = identify(
        find_peaks(found, resolution), library, resolution, lambda e: least_counts(found, e, resolution), 2990.0
    )
    return {one.nuclide.name for one in named}, named, left


@settings(max_examples=15, deadline=None)
@given(st.floats(150.0, 2500.0), st.integers(0, 5))
def test_a_peak_is_found_where_it_is_with_its_counts(energy, seed):
    (peak,) = find_peaks(spectrum([(energy, 4000.0)], IODIDE, seed=seed), IODIDE, sigmas_min=8.0)
    assert abs(peak.energy_kev - energy) < 5.0 * peak.energy_sd_kev + 0.5
    assert peak.counts == pytest.approx(4000.0, rel=0.2)


def test_two_peaks_that_overlap_are_told_apart():
    energies = [peak.energy_kev for peak in find_peaks(spectrum([(1173.2, 3e3), (1332.5, 3e3)], IODIDE), IODIDE)]
    assert energies == pytest.approx([1173.2, 1332.5], abs=5.0)


@pytest.mark.parametrize("seed", range(4))
def test_noise_has_no_peaks(seed):
    assert find_peaks(spectrum([], IODIDE, seed=seed), IODIDE) == []


def test_nuclides_are_named_and_an_unknown_line_is_left():
    found = spectrum([(661.657, 3e3), (1173.2, 2e3), (1332.5, 2e3), (2000.0, 900.0)], IODIDE)
    told, _, left = names(found, IODIDE, [CAESIUM, COBALT])
    assert told == {"Cs-137", "Co-60"}
    assert [round(peak.energy_kev, -1) for peak in left] == [2000.0]


def test_a_nuclide_whose_other_line_is_missing_is_not_named():
    told, named, _ = names(spectrum([(511.0, 5e3)], IODIDE), IODIDE, [FLUORINE, SODIUM])
    assert told == {"F-18"}
    assert named[0].alternatives == ()


def test_what_fits_equally_is_told_beside():
    twin = Nuclide("Ga-68", ((511.0, 178.0),), "medicine")
    _, (named,), _ = names(spectrum([(511.0, 5e3)], IODIDE), IODIDE, [FLUORINE, twin])
    assert {named.nuclide.name, *named.alternatives} == {"F-18", "Ga-68"}


def test_scattering_of_a_strong_line_names_nothing():
    edge = Nuclide("X-1", ((470.0, 50.0),), "industry")
    peaks = [Peak(470.0, 2.0, 400.0, 50.0), Peak(661.7, 0.5, 5e3, 90.0)]
    named, _ = identify(peaks, [edge, CAESIUM], IODIDE, lambda _: 30.0, 3000.0)
    assert [one.nuclide.name for one in named] == ["Cs-137"]
    fine, _ = identify(peaks, [edge, CAESIUM], GERMANIUM, lambda _: 30.0, 3000.0)
    assert {one.nuclide.name for one in fine} == {"Cs-137", "X-1"}
