"""From the coordinates of SAPIENT to longitude and latitude (WGS 84), with their uncertainty in metres."""

from math import atan, atan2, atanh, cos, cosh, degrees, hypot, radians, sin, sinh, sqrt, tan

from msgspec import Struct

from tocsin.formats.sapient.rules import Message
from tocsin.model import BadInput, Place, moved
from tocsin.model.place import EARTH_RADIUS_M

UNSAID_SD_M = 10.0
"""Standard deviation along an axis whose error is not said, metres: a working assumption."""

UNSAID_BEARING_SD_DEG = 2.0
"""The same for a bearing, degrees."""

MAGNETIC_SD_DEG = 5.0
"""Added to a magnetic bearing: nobody tells the declination, which is less than that over most of Europe."""

DEGREES_MAX = 0.1
"""An error of more degrees than that (11 km) is meant in metres: that is how it is often written."""

RADIUS_95 = 2.4477468
"""Standard deviations of a round normal distribution whose circle holds 95 %."""

_A, _F, _K0 = 6_378_137.0, 1 / 298.257223563, 0.9996
_N = _F / (2 - _F)
_RECTIFYING_M = _A / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_BETA = (
    _N / 2 - 2 / 3 * _N**2 + 37 / 96 * _N**3,
    _N**2 / 48 + _N**3 / 15,
    17 / 480 * _N**3,
)
_DELTA = (2 * _N - 2 / 3 * _N**2 - 2 * _N**3, 7 / 3 * _N**2 - 8 / 5 * _N**3, 56 / 15 * _N**3)
_ALPHA = (
    _N / 2 - 2 / 3 * _N**2 + 5 / 16 * _N**3,
    13 / 48 * _N**2 - 3 / 5 * _N**3,
    61 / 240 * _N**3,
)

_LAT_LON_RAD, _UTM = 2, 5
_PER_RADIAN, _PER_KM = frozenset({2, 4}), frozenset({3, 4})
_MAGNETIC, _GRID, _PLATFORM = 2, 3, 4


class Covariance(Struct, frozen=True):
    """Of a position, square metres: east-east, east-north, north-north."""

    ee_m2: float
    en_m2: float
    nn_m2: float

    def sd_max_m(self) -> float:
        """The standard deviation along the longer axis."""
        mean, half = (self.ee_m2 + self.nn_m2) / 2, (self.ee_m2 - self.nn_m2) / 2
        return sqrt(max(0.0, mean + hypot(half, self.en_m2)))


class Spot(Struct, frozen=True, kw_only=True):
    """Where something is: the place, its covariance, and its height (metres above the datum) where that is said."""

    place: Place
    covariance: Covariance
    height_m: float | None = None
    height_sd_m: float | None = None


def lon_lat(zone: str, easting_m: float, northing_m: float) -> tuple[float, float]:
    """Longitude and latitude of a UTM position (Krüger's series in n to the third order, good to a millimetre).

    `zone` is number and latitude band, such as 30U (letters from N on lie north of the equator).
    Raises BadInput where easting and northing are none.

    >>> [round(degrees, 5) for degrees in lon_lat("17T", 630_084.3, 4_833_438.6)]
    [-79.38714, 43.64257]
    """
    if not (100_000.0 <= easting_m < 1_000_000.0 and 0.0 <= northing_m <= 10_000_000.0):
        raise BadInput(f"{easting_m:g}, {northing_m:g} is no easting and northing of UTM, in metres.")
    number, south = int(zone[:-1]), zone[-1].upper() < "N"
    xi = (northing_m - (10_000_000.0 if south else 0.0)) / (_K0 * _RECTIFYING_M)
    eta = (easting_m - 500_000.0) / (_K0 * _RECTIFYING_M)
    xi_0 = xi - sum(b * sin(2 * k * xi) * cosh(2 * k * eta) for k, b in enumerate(_BETA, 1))
    eta_0 = eta - sum(b * cos(2 * k * xi) * sinh(2 * k * eta) for k, b in enumerate(_BETA, 1))
    chi = atan2(sin(xi_0), hypot(sinh(eta_0), cos(xi_0)))
    lat = chi + sum(d * sin(2 * k * chi) for k, d in enumerate(_DELTA, 1))
    lon = _central_deg(number) + degrees(atan2(sinh(eta_0), cos(xi_0)))
    return lon, degrees(lat)


def utm(lon: float, lat: float) -> tuple[str, float, float]:
    """Zone, easting and northing of a place, metres (the regular zones; the inverse of `lon_lat`).

    >>> zone, easting, northing = utm(24.9384, 60.1699)
    >>> zone, round(easting, 2), round(northing, 2)
    ('35V', 385611.32, 6672118.38)
    """
    number = int((lon + 180.0) // 6) % 60 + 1
    phi, away = radians(lat), radians(lon - _central_deg(number))
    e = 2 * sqrt(_N) / (1 + _N)
    t = sinh(atanh(sin(phi)) - e * atanh(e * sin(phi)))
    xi, eta = atan2(t, cos(away)), atanh(sin(away) / sqrt(1 + t * t))
    north = xi + sum(a * sin(2 * k * xi) * cosh(2 * k * eta) for k, a in enumerate(_ALPHA, 1))
    east = eta + sum(a * cos(2 * k * xi) * sinh(2 * k * eta) for k, a in enumerate(_ALPHA, 1))
    band = "CDEFGHJKLMNPQRSTUVWX"[min(19 if lat >= 0 else 9, max(0, int((lat + 80.0) // 8)))]
    northing = _K0 * _RECTIFYING_M * north + (0.0 if lat >= 0 else 10_000_000.0)
    return f"{number}{band}", 500_000.0 + _K0 * _RECTIFYING_M * east, northing


def _central_deg(number: int) -> float:
    return 6.0 * number - 183.0


def spot_of(location: Message) -> Spot:
    """Where a Location is; raises BadInput where its numbers are no place."""
    lon, lat, per_x, per_y = _degrees(location)
    sd_e = _sd_m(location.x_error if location.HasField("x_error") else None, per_x)
    sd_n = _sd_m(location.y_error if location.HasField("y_error") else None, per_y)
    covariance = Covariance(sd_e**2, 0.0, sd_n**2)
    return Spot(
        place=Place(lon=lon, lat=lat, radius_m=RADIUS_95 * max(sd_e, sd_n)),
        covariance=covariance,
        height_m=location.z if location.HasField("z") else None,
        height_sd_m=location.z_error if location.HasField("z_error") else None,
    )


def _degrees(location: Message) -> tuple[float, float, float, float]:
    """Longitude, latitude, and how many metres one unit of each axis is."""
    if location.coordinate_system == _UTM:
        lon, lat = lon_lat(location.utm_zone.strip(), location.x, location.y)
        return lon, lat, 1.0, 1.0
    unit = degrees(1.0) if location.coordinate_system == _LAT_LON_RAD else 1.0
    lon, lat = location.x * unit, location.y * unit
    per_degree_m = radians(1.0) * EARTH_RADIUS_M
    return lon, lat, unit * per_degree_m * cos(radians(lat)), unit * per_degree_m


def _sd_m(error: float | None, per_unit_m: float) -> float:
    if error is None:
        return UNSAID_SD_M
    return error if per_unit_m == 1.0 or error > DEGREES_MAX else error * per_unit_m


def bearing_deg(polar: Message, here: Place) -> tuple[float, float]:
    """The azimuth clockwise from true north, and its standard deviation; both in degrees.

    Raises BadInput for one that counts from the platform's own heading, which nobody tells.
    """
    if polar.datum == _PLATFORM:
        raise BadInput("A bearing from the platform's heading says nothing while nobody tells the heading.")
    unit = degrees(1.0) if polar.coordinate_system in _PER_RADIAN else 1.0
    azimuth = polar.azimuth * unit
    sd = polar.azimuth_error * unit if polar.HasField("azimuth_error") else UNSAID_BEARING_SD_DEG
    if polar.datum == _GRID:
        azimuth += _convergence_deg(here)
    elif polar.datum == _MAGNETIC:
        sd = hypot(sd, MAGNETIC_SD_DEG)
    return azimuth % 360.0, sd


def _convergence_deg(here: Place) -> float:
    """From true to grid north of UTM at a place."""
    number = int((here.lon + 180.0) // 6) % 60 + 1
    away = radians(here.lon - _central_deg(number))
    return degrees(atan(tan(away) * sin(radians(here.lat))))


def range_m(polar: Message) -> float | None:
    """The distance in metres, None where it is not told."""
    if not polar.HasField("range"):
        return None
    return float(polar.range) * (1_000.0 if polar.coordinate_system in _PER_KM else 1.0)


def spot_from(polar: Message, here: Place) -> Spot | None:
    """Where a range and bearing from `here` lead; None for a bearing alone. Raises BadInput as `bearing_deg` does."""
    azimuth, azimuth_sd = bearing_deg(polar, here)
    slant_m = range_m(polar)
    if slant_m is None or not polar.HasField("azimuth"):
        return None
    elevation = _elevation(polar)
    ground_m = slant_m * cos(elevation)
    kilo = 1_000.0 if polar.coordinate_system in _PER_KM else 1.0
    along = polar.range_error * kilo if polar.HasField("range_error") else max(UNSAID_SD_M, 0.05 * slant_m)
    covariance = _turned(azimuth, along, ground_m * radians(azimuth_sd), here.radius_m / RADIUS_95)
    east_m, north_m = ground_m * sin(radians(azimuth)), ground_m * cos(radians(azimuth))
    return Spot(
        place=moved(here, east_m, north_m, RADIUS_95 * covariance.sd_max_m()),
        covariance=covariance,
        height_m=slant_m * sin(elevation) if polar.HasField("elevation") else None,
    )


def _elevation(polar: Message) -> float:
    return float(polar.elevation) if polar.coordinate_system in _PER_RADIAN else radians(polar.elevation)


def _turned(azimuth_deg: float, along_m: float, across_m: float, own_m: float) -> Covariance:
    """Errors along and across a bearing as a covariance, with that of where it is taken from added."""
    s, c = sin(radians(azimuth_deg)), cos(radians(azimuth_deg))
    aa, cc = along_m**2, across_m**2
    return Covariance(aa * s * s + cc * c * c + own_m**2, (aa - cc) * s * c, aa * c * c + cc * s * s + own_m**2)


__all__ = ["Covariance", "Spot", "bearing_deg", "lon_lat", "range_m", "spot_from", "spot_of", "utm"]
