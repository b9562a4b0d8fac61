"""Units: which a quantity may have, and how each becomes the unit that we calculate in."""

from collections.abc import Mapping

from tocsin.model import ConfigError

GAS_CONSTANT = 8.314462618
"""Molar gas constant in J/(mol K), CODATA 2018 (exact)."""

ZERO_CELSIUS_K = 273.15

MOLAR_MASS_G: Mapping[str, float] = {
    "ammonia": 17.031,
    "benzene": 78.114,
    "carbon dioxide": 44.009,
    "carbon monoxide": 28.010,
    "chlorine": 70.90,
    "formaldehyde": 30.026,
    "hydrogen": 2.016,
    "hydrogen chloride": 36.46,
    "hydrogen cyanide": 27.026,
    "hydrogen fluoride": 20.006,
    "hydrogen sulphide": 34.08,
    "methane": 16.043,
    "nitric oxide": 30.006,
    "nitrogen dioxide": 46.005,
    "ozone": 47.997,
    "phosgene": 98.91,
    "phosphine": 33.998,
    "sulphur dioxide": 64.06,
}
"""Grams per mole, summed from IUPAC's abridged standard atomic weights (2021)."""

BY_VOLUME: Mapping[str, float] = {"ppm": 1.0, "ppmv": 1.0, "ppb": 1e-3, "ppbv": 1e-3, "%": 1e4}
"""Factors to ppm by volume; `%` is per cent by volume, not of the lower explosive limit."""

BY_MASS: Mapping[str, float] = {
    "mg/m3": 1.0,
    "mg/m³": 1.0,
    "ug/m3": 1e-3,
    "µg/m3": 1e-3,
    "µg/m³": 1e-3,
    "g/m3": 1e3,
}
"""Factors to mg/m³; to become ppm they need a substance, a temperature and a pressure."""

FACTORS: Mapping[str, Mapping[str, float]] = {
    "concentration": {**BY_VOLUME, **BY_MASS},
    "counts": {"counts/s": 1.0, "cps": 1.0, "1/s": 1.0, "counts/min": 1 / 60, "cpm": 1 / 60, "1/min": 1 / 60},
    "density": {"persons/m2": 1.0, "persons/m²": 1.0, "1/m2": 1.0},
    "wind": {"m/s": 1.0, "km/h": 1 / 3.6, "kn": 1852 / 3600, "mph": 0.44704},
}
"""Per quantity: its units, and the factor to ppm (or mg/m³), counts/s, persons/m², m/s."""

UNITLESS = frozenset({"air", "contact", "alive", "sighting", "screening", "impulse"})
"""Quantities that have no unit; those of `air` are in the names of its parts (`factor` converts)."""

AIR = frozenset({
    "temperature_c", "dew_point_c", "pressure_hpa", "cloud_share", "ustar_m_s", "obukhov_m", "mixing_m",
    "sigma_azimuth_deg",
})  # fmt: skip
"""What a station may tell of the air, one number each."""

QUANTITIES = (*FACTORS, "quantity", *sorted(UNITLESS))
"""All that a value can be declared as."""


def possible_units(quantity: str) -> tuple[str, ...]:
    """The units that a quantity may be given in; empty where any UCUM code is possible, or none."""
    return tuple(FACTORS.get(quantity, ()))


def _said(unit: str) -> str:
    return f"has the unit {unit!r}" if unit else "has no unit"


def check_unit(quantity: str, unit: str, where: str) -> None:
    """Refuse a measured quantity without a unit, or with one that is not its own."""
    if quantity in UNITLESS:
        return
    if quantity == "quantity":
        if not unit:
            raise ConfigError(f"{where}: a quantity needs its unit (a UCUM code such as Cel, V, %, lx; 1 for none).")
        return
    if unit not in FACTORS[quantity]:
        said = _said(unit)
        raise ConfigError(f"{where} {said}: a {quantity} is given in one of {', '.join(FACTORS[quantity])}.")


def ppm_of(mg_m3: float, molar_g: float, temperature_c: float = 20.0, pressure_kpa: float = 101.325) -> float:
    """Parts per million by volume of an ideal gas, from its mass concentration.

    >>> round(ppm_of(1.0, MOLAR_MASS_G["chlorine"]), 4)
    0.3393
    """
    litres_per_mol = GAS_CONSTANT * (temperature_c + ZERO_CELSIUS_K) / pressure_kpa
    return mg_m3 * litres_per_mol / molar_g


def mg_m3_of(ppm: float, molar_g: float, temperature_c: float = 20.0, pressure_kpa: float = 101.325) -> float:
    """Mass concentration in mg/m³ of an ideal gas, from its ppm by volume; the inverse of `ppm_of`."""
    return ppm / ppm_of(1.0, molar_g, temperature_c, pressure_kpa)
