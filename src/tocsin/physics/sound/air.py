"""How fast sound travels through air, and how much of it the way takes."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

KELVIN = 273.15
SPEED_0_M_S = 331.3
"""Speed of sound in dry air at 0 °C (ISO 9613-1 with its reference values)."""


def sound_speed_m_s(temperature_c: float) -> float:
    """Speed of sound in still air; moisture adds at most 0.4 % and is left to the uncertainty.

    >>> round(sound_speed_m_s(20.0), 1)
    343.2
    """
    return SPEED_0_M_S * float(np.sqrt(1.0 + temperature_c / KELVIN))


def speed_per_kelvin(temperature_c: float) -> float:
    """By how much the speed of sound grows per kelvin, m/s."""
    return sound_speed_m_s(temperature_c) / (2.0 * (KELVIN + temperature_c))


def absorption_db_m(
    hz: ArrayLike, temperature_c: float = 20.0, humidity_percent: float = 70.0, pressure_kpa: float = 101.325
) -> Floats:
    """Pure-tone attenuation by the air itself, dB per metre (ISO 9613-1, equations 3 to 5).

    >>> absorption_db_m([1000.0], 10.0, 70.0).round(5).tolist()
    [0.00366]
    """
    kelvin, hertz = temperature_c + KELVIN, np.asarray(hz, float)
    warm, dense = kelvin / 293.15, pressure_kpa / 101.325
    saturated = 10.0 ** (-6.8346 * (273.16 / kelvin) ** 1.261 + 4.6151)
    water = humidity_percent * saturated / dense
    oxygen_hz = dense * (24.0 + 4.04e4 * water * (0.02 + water) / (0.391 + water))
    nitrogen_hz = dense * warm**-0.5 * (9.0 + 280.0 * water * np.exp(-4.170 * (warm ** (-1.0 / 3.0) - 1.0)))
    oxygen = 0.01275 * np.exp(-2239.1 / kelvin) / (oxygen_hz + hertz**2 / oxygen_hz)
    nitrogen = 0.1068 * np.exp(-3352.0 / kelvin) / (nitrogen_hz + hertz**2 / nitrogen_hz)
    classical = 1.84e-11 / dense * warm**0.5
    found: Floats = 8.686 * hertz**2 * (classical + warm**-2.5 * (oxygen + nitrogen))
    return found
