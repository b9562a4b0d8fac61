"""Peaks of a gamma spectrum: searched with a window as wide as a peak, then fitted with their neighbours.

References: M. A. Mariscotti (1967), Nucl. Instrum. Meth. 50, 309-320 (a zero-area window); L. A. Currie (1968),
Anal. Chem. 40, 586-593 (detection limit); G. F. Knoll (2010), Radiation Detection and Measurement, 4th ed., ch. 12.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FWHM_PER_SD = 2.0 * sqrt(2.0 * log(2.0))

HALF_WINDOW = 0.85
"""Half width of the window in which a peak's counts are summed, in FWHM: 95 % of a normal peak."""

PEAKS_MAX = 60
TOGETHER_MAX = 5
"""Most peaks fitted at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """How wide peaks are: the full width at half maximum at 662 keV, growing with the root of the energy.

    `electronic_kev` is the part that does not grow. Typical: 46 keV (NaI), 20 keV (LaBr3), 1.3 keV (HPGe).
    """

    fwhm_662_kev: float
    electronic_kev: float = 0.0

    def fwhm_kev(self, energy_kev: Floats | float) -> Floats:
        """Full width at half maximum at these energies."""
        fixed = min(self.electronic_kev, 0.99 * self.fwhm_662_kev) ** 2
        grown = (self.fwhm_662_kev**2 - fixed) * np.maximum(energy_kev, 1.0) / 661.657
        found: Floats = np.sqrt(fixed + grown)
        return found


@dataclass(frozen=True, slots=True)
class Peak:
    """A fitted peak: where it is and how many counts are in it, each with one standard deviation."""

    energy_kev: float
    energy_sd_kev: float
    counts: float
    counts_sd: float

    @property
    def sigmas(self) -> float:
        """How many deviations it stands out."""
        return self.counts / max(self.counts_sd, 1e-9)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Counts per channel, with the energies of the channels' edges (one more), keV."""

    edges_kev: Floats
    counts: Floats

    @property
    def middles_kev(self) -> Floats:
        """The middle of each channel."""
        return (self.edges_kev[1:] + self.edges_kev[:-1]) / 2.0

    def between(self, low_kev: Floats, high_kev: Floats) -> Floats:
        """Counts between energies; channels that are cut are shared out by width."""
        summed = np.concatenate([[0.0], np.cumsum(self.counts)])
        found: Floats = np.interp(high_kev, self.edges_kev, summed) - np.interp(low_kev, self.edges_kev, summed)
        return found


def windowed(spectrum: Spectrum, energies_kev: Floats, resolution: Resolution) -> tuple[Floats, Floats]:
    """Net counts in the window around each energy, and their deviation, from side bands of the same width."""
    half = HALF_WINDOW * resolution.fwhm_kev(energies_kev)
    inside = spectrum.between(energies_kev - half, energies_kev + half)
    beside = spectrum.between(energies_kev - 2.0 * half, energies_kev - half) + spectrum.between(
        energies_kev + half, energies_kev + 2.0 * half
    )
    return inside - beside, np.sqrt(inside + beside + 1.0)


def least_counts(spectrum: Spectrum, energy_kev: float, resolution: Resolution) -> float:
    """Currie's detection limit at an energy: a peak of so many counts is found in 95 of 100 cases."""
    half = HALF_WINDOW * float(resolution.fwhm_kev(energy_kev))
    around = spectrum.between(np.array([energy_kev - 2.0 * half]), np.array([energy_kev + 2.0 * half]))
    return 2.71 + 3.29 * sqrt(max(float(around[0]), 1.0))


def find_peaks(spectrum: Spectrum, resolution: Resolution, sigmas_min: float = 4.5) -> list[Peak]:
    """The peaks of a spectrum by energy. Those weaker than `sigmas_min`, in the search or in the fit, are left out.

    >>> edges = np.arange(0.0, 1001.0)
    >>> flat = np.full(1000, 100.0); flat[640:680] += 2000 * np.exp(-0.5 * ((np.arange(640, 680) - 661) / 3.0) ** 2)
    >>> [round(peak.energy_kev) for peak in find_peaks(Spectrum(edges, flat), Resolution(fwhm_662_kev=7.0))]
    [662]
    """
    middles = spectrum.middles_kev
    usable = (middles > middles[0] + 2.0 * resolution.fwhm_kev(middles)) & (
        middles < middles[-1] - 2.0 * resolution.fwhm_kev(middles)
    )
    net, deviation = windowed(spectrum, middles, resolution)
    seen = np.where(usable & (middles > 0.0), net / deviation, 0.0)
    tops = _tops(middles, seen, resolution, sigmas_min)
    found = [peak for group in _groups(tops, resolution) for peak in _fitted(spectrum, group, resolution)]
    return sorted((peak for peak in found if peak.sigmas >= sigmas_min), key=lambda peak: peak.energy_kev)


def _tops(middles: Floats, seen: Floats, resolution: Resolution, sigmas_min: float) -> list[float]:
    """Energies where the window sees most, strongest first, none within one width of a stronger one."""
    tops: list[float] = []
    rising = np.flatnonzero((seen >= sigmas_min) & (seen >= np.roll(seen, 1)) & (seen >= np.roll(seen, -1)))
    for row in sorted(rising, key=lambda row: -seen[row]):
        energy = float(middles[row])
        if all(abs(energy - other) > float(resolution.fwhm_kev(energy)) for other in tops):
            tops.append(energy)
        if len(tops) >= PEAKS_MAX:
            break
    return sorted(tops)


def _groups(tops: Sequence[float], resolution: Resolution) -> list[list[float]]:
    """Peaks that lie so close that they must be fitted together."""
    groups: list[list[float]] = []
    for energy in tops:
        near = groups and energy - groups[-1][-1] < 2.5 * float(resolution.fwhm_kev(energy))
        if near and len(groups[-1]) < TOGETHER_MAX:
            groups[-1].append(energy)
        else:
            groups.append([energy])
    return groups


def _fitted(spectrum: Spectrum, group: Sequence[float], resolution: Resolution) -> list[Peak]:
    """Normal peaks on a straight line, least squares with the weights of counts."""
    from scipy.optimize import least_squares  # type: ignore[import-untyped]

    widths = resolution.fwhm_kev(np.array(group))
    low, high = group[0] - 1.5 * widths[0], group[-1] + 1.5 * widths[-1]
    rows = np.flatnonzero((spectrum.edges_kev[:-1] >= low) & (spectrum.edges_kev[1:] <= high))
    if len(rows) < 2 * len(group) + 4:
        return _summed(spectrum, group, resolution)
    at, counts = spectrum.middles_kev[rows], spectrum.counts[rows]
    noise, step = np.sqrt(np.maximum(counts, 1.0)), np.diff(spectrum.edges_kev)[rows]

    def off(parameters: Floats) -> Floats:
        shapes = _shapes(parameters, widths, at, step)
        weights = np.linalg.lstsq(shapes / noise[:, None], counts / noise, rcond=None)[0]
        found: Floats = (shapes @ weights - counts) / noise
        return found

    start = np.array([*group, 0.0])
    reach = np.array([*(0.6 * widths), 0.4])
    solved = least_squares(off, start, bounds=(start - reach, start + reach), x_scale=reach)
    return _read(solved.x, solved.jac, widths, (at, counts, noise, step))


def _shapes(parameters: Floats, widths: Floats, at: Floats, step: Floats) -> Floats:
    """One column per peak of one count, and two for the line; the last parameter widens all peaks."""
    deviations = widths * np.exp(parameters[-1]) / FWHM_PER_SD
    away = (at[:, None] - parameters[None, :-1]) / deviations[None, :]
    peaks = np.exp(-0.5 * away * away) / (deviations * sqrt(2.0 * np.pi)) * step[:, None]
    line = np.stack([step, step * (at - at.mean()) / max(float(np.ptp(at)), 1e-9)], axis=1)
    return np.hstack([peaks, line])


def _read(
    parameters: Floats, jacobian: Floats, widths: Floats, told: tuple[Floats, Floats, Floats, Floats]
) -> list[Peak]:
    at, counts, noise, step = told
    shapes = _shapes(parameters, widths, at, step) / noise[:, None]
    weights = np.linalg.lstsq(shapes, counts / noise, rcond=None)[0]
    areas = np.sqrt(np.diag(np.linalg.pinv(shapes.T @ shapes)))
    places = np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian)))
    return [
        Peak(float(parameters[k]), float(places[k]), float(weights[k]), float(areas[k])) for k in range(len(widths))
    ]


def _summed(spectrum: Spectrum, group: Sequence[float], resolution: Resolution) -> list[Peak]:
    """Where there are too few channels to fit: the sum in the window stands for the peak."""
    energies = np.array(group)
    net, deviation = windowed(spectrum, energies, resolution)
    place = resolution.fwhm_kev(energies) / FWHM_PER_SD / np.sqrt(np.maximum(net, 1.0))
    return [Peak(*map(float, row)) for row in zip(energies, place, net, deviation, strict=True)]
