"""Radiation: how a source looks to counters, where it moves, what its spectrum says, and what weather does.

Counters tell counts per second; strengths are counts per second that a counter would see at 1 m (no shielding).
"""

from tocsin.physics.radiation.background import common_factor
from tocsin.physics.radiation.field import AIR_PER_M, Counters, rates
from tocsin.physics.radiation.nuclides import Named, Nuclide, identify
from tocsin.physics.radiation.peaks import Peak, Resolution, find_peaks
from tocsin.physics.radiation.tracing import Track, bound, trace

__all__ = [
    "AIR_PER_M",
    "Counters",
    "Named",
    "Nuclide",
    "Peak",
    "Resolution",
    "Track",
    "bound",
    "common_factor",
    "find_peaks",
    "identify",
    "rates",
    "trace",
]
