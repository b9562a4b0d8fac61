"""Which nuclides explain the peaks of a spectrum; what is not explained stays unexplained.

A nuclide is named where its strongest lines are found, and no line is missing that would have been seen: how strong
a line must be follows from those that were found, less efficiency at higher energies taken off, lines of lower
energy than any found excused (shielding takes them). The order in which nuclides are taken is by the counts explained.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tocsin.physics.radiation.peaks import Peak, Resolution

EFFICIENCY_POWER = 1.0
"""A counter's efficiency in the full-energy peak falls about as 1/E above 100 keV."""

MISSING_FACTOR = 3.0
"""A line is missed only where so many times the detection limit was to be expected."""

TOLERANCE_SD = 3.0


@dataclass(frozen=True, slots=True)
class Nuclide:
    """Gamma lines as (keV, photons per 100 decays), strongest first; `use` is where it is met with."""

    name: str
    lines: tuple[tuple[float, float], ...]
    use: str


@dataclass(frozen=True, slots=True)
class Named:
    """A nuclide that was recognised: the lines found (keV), their counts, and the share of expected lines found."""

    nuclide: Nuclide
    lines_kev: tuple[float, ...]
    counts: float
    share: float


@dataclass(frozen=True, slots=True)
class _Match:
    line: tuple[float, float]
    peak: Peak


def identify(
    peaks: Sequence[Peak],
    library: Sequence[Nuclide],
    resolution: Resolution,
    least_counts: Callable[[float], float],
    highest_kev: float,
    share_min: float = 0.6,
) -> tuple[tuple[Named, ...], tuple[Peak, ...]]:
    """The nuclides that the peaks show, strongest first, and the peaks that none of them explains.

    `least_counts` gives the detection limit at an energy; lines above `highest_kev` could not be seen.

    >>> caesium = Nuclide("Cs-137", ((661.657, 85.1),), "industry")
    >>> named, left = identify([Peak(661.0, 0.5, 900.0, 40.0), Peak(1460.9, 0.5, 90.0, 12.0)], [caesium],
    ...                        Resolution(fwhm_662_kev=46.0), lambda _: 30.0, 3000.0)
    >>> [one.nuclide.name for one in named], [round(peak.energy_kev) for peak in left]
    (['Cs-137'], [1461])
    """
    left, named = list(peaks), list[Named]()
    while True:
        tried = (_named(one, left, peaks, resolution, least_counts, highest_kev) for one in library)
        fits = [one for one in tried if one is not None and one.share >= share_min]
        fits = [one for one in fits if all(one.nuclide != other.nuclide for other in named)]
        if not fits:
            return tuple(named), tuple(left)
        best = max(fits, key=lambda one: (one.counts * one.share, one.nuclide.name))
        named.append(best)
        own = _matches(best.nuclide.lines, peaks, resolution)
        left = [peak for peak in left if all(match.peak != peak for match in own)]


def _matches(lines: Sequence[tuple[float, float]], peaks: Sequence[Peak], resolution: Resolution) -> list[_Match]:
    found = []
    for line in lines:
        near = [peak for peak in peaks if abs(peak.energy_kev - line[0]) <= _tolerance_kev(peak, resolution)]
        if near:
            found.append(_Match(line, min(near, key=lambda peak: abs(peak.energy_kev - line[0]))))
    return found


def _tolerance_kev(peak: Peak, resolution: Resolution) -> float:
    """The uncertainty of its place, and a sixth of its width for the calibration."""
    return TOLERANCE_SD * min(peak.energy_sd_kev, 10.0) + float(resolution.fwhm_kev(peak.energy_kev)) / 6.0


def _named(
    nuclide: Nuclide,
    left: Sequence[Peak],
    peaks: Sequence[Peak],
    resolution: Resolution,
    least_counts: Callable[[float], float],
    highest_kev: float,
) -> Named | None:
    """The nuclide with what speaks for it, where one of its two strongest visible lines is among the peaks left."""
    lines = [line for line in nuclide.lines if line[0] <= highest_kev]
    matches = _matches(lines, peaks, resolution)
    own = [match for match in matches if match.peak in left]
    strongest = sorted(lines, key=lambda line: -line[1])[:2]
    if not any(match.line in strongest for match in own):
        return None
    expected = [line for line in lines if _is_expected(line, matches, least_counts)]
    share = sum(_weight(match.line) for match in matches) / sum(
        _weight(line) for line in {*expected, *(match.line for match in matches)}
    )
    return Named(nuclide, tuple(match.line[0] for match in matches), sum(m.peak.counts for m in own), share)


def _weight(line: tuple[float, float]) -> float:
    return line[1] ** 0.5


def _is_expected(
    line: tuple[float, float], matches: Sequence[_Match], least_counts: Callable[[float], float]
) -> bool:
    """Whether this line must be seen, going by the strongest line that was: not where shielding may have taken it."""
    base = max(matches, key=lambda match: match.line[1])
    if line[0] < 0.8 * min(match.line[0] for match in matches):
        return False
    efficiency = (max(base.line[0], 100.0) / max(line[0], 100.0)) ** EFFICIENCY_POWER
    expected = base.peak.counts * line[1] / base.line[1] * efficiency
    return expected > MISSING_FACTOR * least_counts(line[0])
