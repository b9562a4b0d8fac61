"""How high the sun stands: day or night for tables that know the two, and the strength of its warmth."""

from math import asin, atan2, cos, degrees, pi, radians, sin


def sun_deg(at: float, lon: float, lat: float) -> float:
    """Elevation of the sun in degrees at a moment (seconds UTC) and place; good to half a degree.

    After the low-precision formulas of the Astronomical Almanac.

    >>> round(sun_deg(1_781_690_400.0, 24.94, 60.17))
    53
    """
    days = at / 86_400.0 - 10_957.5
    anomaly = radians(357.528 + 0.9856003 * days)
    longitude = radians(280.46 + 0.9856474 * days + 1.915 * sin(anomaly) + 0.02 * sin(2.0 * anomaly))
    tilt = radians(23.439 - 4e-7 * days)
    declination = asin(sin(tilt) * sin(longitude))
    equation_deg = degrees(_right_ascension(longitude, tilt)) - (280.46 + 0.9856474 * days)
    hour = radians((at % 86_400.0) / 240.0 - 180.0 + lon - _turned(equation_deg))
    height = sin(radians(lat)) * sin(declination) + cos(radians(lat)) * cos(declination) * cos(hour)
    return degrees(asin(max(-1.0, min(1.0, height))))


def _right_ascension(longitude: float, tilt: float) -> float:
    return atan2(cos(tilt) * sin(longitude), cos(longitude)) % (2.0 * pi)


def _turned(angle_deg: float) -> float:
    return (angle_deg + 180.0) % 360.0 - 180.0
