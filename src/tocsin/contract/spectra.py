"""Nuclides in the spectra that instruments tell: what detectors of spectra share."""

from msgspec import Struct

from tocsin.contract.radiation import GammaSpectrum
from tocsin.physics.radiation.nuclides import Nuclide

FWHM_662_KEV = {
    "HPGe": 1.6,
    "CZT": 12.0,
    "CdTe": 20.0,
    "LaBr3": 20.0,
    "CeBr4": 26.0,
    "CLYC": 33.0,
    "NaI": 46.0,
    "CsI": 50.0,
}
"""Typical widths of the peak at 662 keV by material; any other counts as sodium iodide. Makers tell their own."""

ELECTRONIC_KEV = {"HPGe": 1.0, "CZT": 6.0}

CHANNELS_MIN = 64


class Found(Struct, frozen=True):
    """A nuclide in a spectrum: name, where it is met with, lines seen (keV), others that fit, share of lines found."""

    name: str
    use: str
    lines_kev: tuple[float, ...]
    alternatives: tuple[str, ...] = ()
    counts: float = 0.0
    share: float = 1.0


def nuclides_in(body: GammaSpectrum, library: tuple[Nuclide, ...], sigmas_min: float = 5.0) -> tuple[list[Found], int]:
    """The nuclides in a spectrum, strongest first, and how many peaks none of them explains.

    Nothing, and no peaks, where the spectrum has no calibration, or too few channels.
    """
    import numpy as np

    from tocsin.physics.radiation.nuclides import identify
    from tocsin.physics.radiation.peaks import Resolution, Spectrum, find_peaks, least_counts

    counts = np.array(body.channels())
    edges = np.array(body.edges(len(counts)))
    if not _is_spectrum(counts, edges):
        return [], 0
    width = FWHM_662_KEV.get(body.material, FWHM_662_KEV["NaI"])
    resolution = Resolution(fwhm_662_kev=width, electronic_kev=ELECTRONIC_KEV.get(body.material, 0.0))
    spectrum = Spectrum(edges, counts)
    named, left = identify(
        find_peaks(spectrum, resolution, sigmas_min),
        library,
        resolution,
        lambda energy: least_counts(spectrum, energy, resolution),
        float(edges[-1]),
    )
    return [
        Found(one.nuclide.name, one.nuclide.use, one.lines_kev, one.alternatives, one.counts, one.share)
        for one in named
    ], len(left)


def _is_spectrum(counts: object, edges: object) -> bool:
    """Whether there are channels enough, finite counts of zero and more, and energies that rise."""
    import numpy as np

    channels, energies = np.asarray(counts, np.float64), np.asarray(edges, np.float64)
    if len(channels) < CHANNELS_MIN or len(energies) != len(channels) + 1:
        return False
    whole = bool(np.isfinite(channels).all() and np.isfinite(energies).all() and (channels >= 0).all())
    return whole and bool((np.diff(energies) > 0).all())
