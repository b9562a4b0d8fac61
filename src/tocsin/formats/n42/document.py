"""The nouns of N42.42, as far as we use them. Names of the standard, units last; times in seconds UTC."""

from bisect import bisect_right

from msgspec import Struct

CLASSES = ("Foreground", "Background", "Calibration", "IntrinsicActivity", "NotSpecified")
"""What a measurement was for."""

CATEGORIES = ("Gamma", "Neutron", "Alpha", "Beta", "X-ray", "Other")

KINDS = (
    "HPGe", "HPXe", "NaI", "LaBr3", "LaCl3", "BGO", "CZT", "CdTe", "CsI", "GMT", "GMTW", "LiFiber", "PVT", "PS",
    "He3", "He4", "LiGlass", "LiI", "SrI2", "CLYC", "CdWO4", "BF3", "HgI2", "CeBr4", "LiCAF", "LiZnS", "Other",
)  # fmt: skip
"""Kinds of detectors."""

INSTRUMENTS = (
    "Backpack", "Dosimeter", "Electronic Personal Emergency Radiation Detector", "Mobile System",
    "Network Area Monitor", "Neutron Handheld", "Personal Radiation Detector", "Radionuclide Identifier",
    "Portal Monitor", "Spectroscopic Portal Monitor", "Spectroscopic Personal Radiation Detector", "Gamma Handheld",
    "Transportable System", "Other",
)  # fmt: skip
"""Classes of instruments."""


class Instrument(Struct, frozen=True, kw_only=True):
    """Who made the instrument, which it is, what class (one of INSTRUMENTS), and versions of its parts."""

    manufacturer: str
    model: str
    identifier: str = ""
    kind: str = "Other"
    versions: tuple[tuple[str, str], ...] = (("Software", "unknown"),)


class Detector(Struct, frozen=True, kw_only=True):
    """One detector of the instrument: category (of CATEGORIES) and kind (of KINDS)."""

    id: str
    name: str = ""
    category: str = "Gamma"
    kind: str = "Other"
    description: str = ""


class Calibration(Struct, frozen=True, kw_only=True):
    """Channel to energy: a polynomial of the channel's lower edge (keV), or the edges themselves.

    `deviations` are pairs (keV, keV to be added there), interpolated in between (a straight line here).
    """

    id: str
    coefficients: tuple[float, ...] = ()
    edges_kev: tuple[float, ...] = ()
    deviations: tuple[tuple[float, float], ...] = ()

    def edges(self, channels: int) -> tuple[float, ...]:
        """The energies of the edges of so many channels (one more than channels), keV.

        >>> Calibration(id="c", coefficients=(1.0, 3.0)).edges(2)
        (1.0, 4.0, 7.0)
        """
        if self.edges_kev:
            return self.edges_kev
        plain = (sum(one * n**k for k, one in enumerate(self.coefficients)) for n in range(channels + 1))
        return tuple(energy + self._deviation(energy) for energy in plain)

    def _deviation(self, energy: float) -> float:
        if not self.deviations:
            return 0.0
        at = bisect_right(self.deviations, (energy, float("inf")))
        if at in {0, len(self.deviations)}:
            return self.deviations[min(at, len(self.deviations) - 1)][1]
        (low, first), (high, second) = self.deviations[at - 1 : at + 1]
        return first + (second - first) * (energy - low) / (high - low)


class Spectrum(Struct, frozen=True, kw_only=True):
    """Counts per channel in a live time; `calibration` and `detector` are ids."""

    live_s: float
    counts: tuple[float, ...]
    calibration: str
    detector: str = ""
    remarks: tuple[str, ...] = ()


class GrossCounts(Struct, frozen=True, kw_only=True):
    """Counts in a live time, over all energies or per window."""

    live_s: float
    counts: tuple[float, ...]
    detector: str


class DoseRate(Struct, frozen=True, kw_only=True):
    """An ambient dose equivalent rate."""

    usv_h: float
    detector: str


class Position(Struct, frozen=True, kw_only=True):
    """Where the instrument was (degrees, WGS 84)."""

    lat: float
    lon: float
    accuracy_m: float | None = None


class Measurement(Struct, frozen=True, kw_only=True):
    """What was measured from `start_at` on, for `real_s` seconds. `occupied` is whether something was in the portal."""

    id: str
    start_at: float
    real_s: float
    kind: str = "NotSpecified"
    spectra: tuple[Spectrum, ...] = ()
    gross_counts: tuple[GrossCounts, ...] = ()
    dose_rates: tuple[DoseRate, ...] = ()
    position: Position | None = None
    occupied: bool | None = None
    remarks: tuple[str, ...] = ()


class N42Document(Struct, frozen=True, kw_only=True):
    """One file."""

    instrument: Instrument
    detectors: tuple[Detector, ...]
    measurements: tuple[Measurement, ...]
    calibrations: tuple[Calibration, ...] = ()
    uuid: str = ""
    creator: str = ""

    def calibration(self, id: str) -> Calibration | None:
        """The calibration of that id, if there is one."""
        return next((one for one in self.calibrations if one.id == id), None)

    def detector(self, id: str) -> Detector | None:
        """The detector of that id, if there is one."""
        return next((one for one in self.detectors if one.id == id), None)
