"""Background by weather: radon's daughters that rain brings down, and what all counters of a place have in common.

References: J. F. Mercier et al. (2009), Increased environmental gamma-ray dose rate during precipitation, J. Environ.
Radioact. 100, 527-533; half-lives of Pb-214 (26.8 min) and Bi-214 (19.9 min): ENSDF.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

PB_214_PER_S = log(2.0) / (26.8 * 60.0)
BI_214_PER_S = log(2.0) / (19.9 * 60.0)


@dataclass(frozen=True, slots=True)
class Washout:
    """What rain has brought down: Pb-214 and Bi-214 on the ground, in decays per second of an arbitrary unit.

    Rain of 1 mm/h brings one unit of each per second; the count rate follows Bi-214, which has the strong lines.
    """

    lead: float = 0.0
    bismuth: float = 0.0

    def after(self, seconds: float, rain_mm_h: float) -> "Washout":
        """The same some time later, while it rained at a steady rate (Bateman's equations, exact).

        >>> dry = Washout(10.0, 10.0).after(26.8 * 60.0, 0.0)
        >>> round(dry.lead, 3)
        5.0
        """
        lead_left, bismuth_left = exp(-PB_214_PER_S * seconds), exp(-BI_214_PER_S * seconds)
        lead_most, bismuth_most = rain_mm_h / PB_214_PER_S, 2.0 * rain_mm_h / BI_214_PER_S
        lead = lead_most + (self.lead - lead_most) * lead_left
        gone = PB_214_PER_S / (BI_214_PER_S - PB_214_PER_S) * (self.lead - lead_most) * (lead_left - bismuth_left)
        return Washout(lead, bismuth_most + (self.bismuth - bismuth_most) * bismuth_left + gone)


def common_factor(shares: Sequence[float], fewest: int = 3) -> float:
    """What all counters show against their own backgrounds alike: the median; 1 where too few speak.

    Rain, radon and pressure move all counters together; a source moves one or two.

    >>> common_factor([1.10, 1.12, 1.11, 6.0, 1.10])
    1.11
    """
    ordered = sorted(shares)
    if len(ordered) < fewest:
        return 1.0
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2.0
