"""Which nuclides explain the peaks of a spectrum; what is not explained stays unexplained.

A nuclide is named where its strongest lines are found, and no line is missing that would have been seen: how strong
a line must be follows from those that were found, less efficiency at higher energies taken off, lines of lower
energy than any found excused (shielding takes them). Lines that a counter cannot tell apart are one line here. The
order in which nuclides are taken is by the counts explained, and how near the lines lie.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, sqrt

from tocsin.physics.radiation.peaks import Peak, Resolution

EFFICIENCY_POWER = 1.0
"""A counter's efficiency in the full-energy peak falls about as 1/E above 100 keV."""

MISSING_FACTOR = 3.0
"""A line is missed only where so many times the detection limit was to be expected."""

TOLERANCE_SD = 3.0

ELECTRON_KEV = 510.999

COARSE_KEV = 5.0
"""Counters with wider peaks than this at 662 keV show the edges of scattering as peaks."""

EDGE = (0.78, 1.04)
BACK = (0.85, 1.2)
"""Where such peaks lie, as shares of the edge's energy, and of the energy that is scattered straight back."""

PARENT = 2.5
"""So many times the counts must the peak have whose scattering it is."""


@dataclass(frozen=True, slots=True)
class Nuclide:
    """Gamma lines as (keV, photons per 100 decays), strongest first; `use` is where it is met with."""

    name: str
    lines: tuple[tuple[float, float], ...]
    use: str


@dataclass(frozen=True, slots=True)
class Named:
    """A nuclide that was recognised: the lines found (keV), their counts, and the share of expected lines found.

    `alternatives` are the names of others that the same peaks would fit as well; `nearness` (0 to 1) tells how
    near the lines lie to the peaks.
    """

    nuclide: Nuclide
    lines_kev: tuple[float, ...]
    counts: float
    share: float
    nearness: float = 1.0
    peaks: tuple[Peak, ...] = ()
    alternatives: tuple[str, ...] = ()


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
    *,
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
    look = _Look(peaks, resolution, least_counts, highest_kev)
    merged = [(one, _merged(one.lines, resolution)) for one in library]
    left = [peak for peak in peaks if not _is_scattered(peak, peaks, resolution)]
    named: list[Named] = []
    while True:
        tried = (_named(one, lines, left, look) for one, lines in merged)
        fits = [one for one in tried if one is not None and one.share >= share_min]
        fits = [one for one in fits if all(one.nuclide != other.nuclide for other in named)]
        if not fits:
            return tuple(named), tuple(left)
        best = max(fits, key=lambda one: (one.counts * one.share * one.nearness, one.nuclide.name))
        same = (one for one in fits if one.peaks == best.peaks and _is_as_good(one, best))
        named.append(replace(best, alternatives=tuple(one.nuclide.name for one in same if one != best)))
        left = [peak for peak in left if peak not in best.peaks]


@dataclass(frozen=True, slots=True)
class _Look:
    """What is asked of every nuclide alike."""

    peaks: Sequence[Peak]
    resolution: Resolution
    least_counts: Callable[[float], float]
    highest_kev: float


def _is_as_good(one: Named, best: Named) -> bool:
    return one.share >= best.share - 0.15 and one.nearness >= 0.8 * best.nearness


def _merged(lines: Sequence[tuple[float, float]], resolution: Resolution) -> list[tuple[float, float]]:
    """Lines that lie within one width of each other, as one line at their middle."""
    groups: list[list[tuple[float, float]]] = []
    for line in sorted(lines):
        if groups and line[0] - groups[-1][-1][0] < 0.8 * float(resolution.fwhm_kev(line[0])):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [_middle(group) for group in groups]


def _middle(group: Sequence[tuple[float, float]]) -> tuple[float, float]:
    total = sum(intensity for _, intensity in group)
    return sum(energy * intensity for energy, intensity in group) / total, total


def _is_scattered(peak: Peak, peaks: Sequence[Peak], resolution: Resolution) -> bool:
    """Whether it lies where a much stronger peak's scattering shows (Compton's edge, and straight back)."""
    if resolution.fwhm_662_kev < COARSE_KEV:
        return False
    for parent in peaks:
        back = parent.energy_kev / (1.0 + 2.0 * parent.energy_kev / ELECTRON_KEV)
        shares = peak.energy_kev / (parent.energy_kev - back), peak.energy_kev / back
        there = EDGE[0] <= shares[0] <= EDGE[1] or BACK[0] <= shares[1] <= BACK[1]
        if there and parent.counts >= PARENT * peak.counts and parent.energy_kev > peak.energy_kev:
            return True
    return False


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


def _nearness(matches: Sequence[_Match], resolution: Resolution) -> float:
    """How near the peaks lie to their lines, the strongest lines counting most."""
    parts = [
        (_weight(one.line), (one.peak.energy_kev - one.line[0]) / (0.5 * _tolerance_kev(one.peak, resolution)))
        for one in matches
    ]
    near = sum(weight * exp(-0.5 * off * off) for weight, off in parts)
    return near / sum(weight for weight, _ in parts)


def _named(nuclide: Nuclide, every: Sequence[tuple[float, float]], left: Sequence[Peak], look: _Look) -> Named | None:
    """The nuclide with what speaks for it, where one of its two strongest visible lines is among the peaks left."""
    lines = [line for line in every if line[0] <= look.highest_kev]
    matches = _matches(lines, look.peaks, look.resolution)
    own = [match for match in matches if match.peak in left]
    strongest = sorted(lines, key=lambda line: -line[1])[:2]
    if not any(match.line in strongest for match in own):
        return None
    expected = [line for line in lines if _is_expected(line, matches, look.least_counts)]
    share = sum(_weight(match.line) for match in matches) / sum(
        _weight(line) for line in {*expected, *(match.line for match in matches)}
    )
    return Named(
        nuclide,
        tuple(match.line[0] for match in matches),
        sum(match.peak.counts for match in own),
        share,
        _nearness(matches, look.resolution),
        tuple(match.peak for match in own),
    )


def _weight(line: tuple[float, float]) -> float:
    return sqrt(line[1])


def _is_expected(line: tuple[float, float], matches: Sequence[_Match], least_counts: Callable[[float], float]) -> bool:
    """Whether this line must be seen, going by the strongest line that was: not where shielding may have taken it."""
    base = max(matches, key=lambda match: match.line[1])
    if line[0] < 0.8 * min(match.line[0] for match in matches):
        return False
    efficiency = float((max(base.line[0], 100.0) / max(line[0], 100.0)) ** EFFICIENCY_POWER)
    expected = base.peak.counts * line[1] / base.line[1] * efficiency
    return bool(expected > MISSING_FACTOR * least_counts(line[0]))
