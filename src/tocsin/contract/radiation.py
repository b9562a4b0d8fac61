"""Bodies of radiation instruments beyond gross counts: spectra and dose rates."""

from typing import ClassVar

from tocsin.formats.n42 import Calibration
from tocsin.formats.n42.values import unpacked
from tocsin.model import Body, Level


class GammaSpectrum(Body, frozen=True, tag="radiation.spectrum/1"):
    """Counts per channel of a gamma spectrum in a live time, with its calibration.

    `counts` are per channel, or with `zeroes_counted` as N42 packs them (each zero followed by how many there are).
    The calibration is a polynomial of the channel's lower edge (keV), or the edges themselves. `detector` names which
    detector of the instrument it was, `material` its kind (NaI, HPGe …: it tells the resolution), `use` what the
    measurement was for (Foreground, Background …).
    """

    level: ClassVar[Level] = Level.AMBIENT
    counts: tuple[float, ...]
    live_s: float
    coefficients_kev: tuple[float, ...] = ()
    edges_kev: tuple[float, ...] = ()
    deviations_kev: tuple[tuple[float, float], ...] = ()
    zeroes_counted: bool = False
    detector: str = ""
    material: str = ""
    use: str = "Foreground"
    flags: tuple[str, ...] = ()

    def channels(self) -> tuple[float, ...]:
        """Counts per channel.

        >>> GammaSpectrum(counts=(3.0, 0.0, 2.0, 1.0), live_s=1.0, zeroes_counted=True).channels()
        (3.0, 0.0, 0.0, 1.0)
        """
        return unpacked(self.counts, "The spectrum") if self.zeroes_counted else self.counts

    def edges(self, channels: int) -> tuple[float, ...]:
        """The energies of the channels' edges, one more than channels (keV); empty where nothing is calibrated."""
        if not self.coefficients_kev and not self.edges_kev:
            return ()
        found = Calibration(
            id="", coefficients=self.coefficients_kev, edges_kev=self.edges_kev, deviations=self.deviations_kev
        )
        return found.edges(channels)


class DoseRate(Body, frozen=True, tag="radiation.dose-rate/1"):
    """An ambient dose equivalent rate, H*(10)."""

    level: ClassVar[Level] = Level.AMBIENT
    usv_h: float
    flags: tuple[str, ...] = ()
