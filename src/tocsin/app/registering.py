"""New sensors in a city's register: what they deliver is known, the rest is assumed and marked so."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tocsin.app.edit import add_row, replace_text, set_key
from tocsin.app.layout import city_folder
from tocsin.city.context import City
from tocsin.city.folder import CityFile
from tocsin.city.registry import Coverage, Family, Sensor
from tocsin.contract import bodies, screening, sounds  # noqa: F401  # registers the bodies whose levels are asked for
from tocsin.model import ConfigError, Level, Place, SourceState, body_type

FAMILY_OF: dict[str, Family] = {
    "gas.concentration/1": "gas",
    "radiation.counts/1": "radiation",
    "crowd.density/1": "crowd",
    "weather.wind/1": "wind",
    "weather.air/1": "wind",
    "vision.sighting/1": "camera",
    "sensor.contact/1": "contact",
    "screening.result/1": "screening",
    "sound.impulse/1": "sound",
    "log.events/1": "network",
}
"""What a body says about the sensor that sends it; the first that is seen decides, all else is `other`."""

SEES: dict[str, tuple[str, ...]] = {
    "gas": ("toxic",),
    "radiation": ("radiation",),
    "crowd": ("crowd",),
    "network": ("cyber",),
}
"""Hazards on which the silence of a healthy sensor is evidence."""

RANGE_M: dict[str, float] = {"gas": 60.0, "radiation": 30.0, "crowd": 30.0, "camera": 40.0}
"""How far a sensor of a family sees, where nobody said: working assumptions."""

UNSURVEYED_M = 500.0
"""Uncertainty of the place of a sensor that was put at the centre of the city."""

SILENT_S = (60.0, 600.0)
"""How long a sensor that was heard often, or hardly, may be silent before it is called so: assumptions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where new sensors are put; `assumed` where nobody said it."""

    place: Place
    assumed: bool


def spot_of(folder: Path, place: str) -> Spot:
    """`lon,lat`, or the centre of the city where it is empty; raises ConfigError for anything else."""
    if not place:
        centre = City.load(city_folder(folder)).centre
        return Spot(place=Place(lon=centre.lon, lat=centre.lat, radius_m=UNSURVEYED_M), assumed=True)
    try:
        lon, lat = (float(part) for part in place.split(","))
    except ValueError as error:
        message = f"The place {place!r} is not written as longitude,latitude, such as 24.9384,60.1699."
        raise ConfigError(message) from error
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        message = f"There is no place {place!r} on this globe: write longitude,latitude in degrees."
        raise ConfigError(message)
    return Spot(place=Place(lon=lon, lat=lat), assumed=False)


def sensor_of(id: str, tags: Iterable[str], spot: Spot, *, often: bool, mapping: str = "") -> Sensor:
    """A sensor in service, by the bodies that it sends (their tags); `often` if it was heard again and again."""
    seen = set(tags)
    family: Family = next((FAMILY_OF[tag] for tag in FAMILY_OF if tag in seen), "other")
    assumed = ("range_m", "p_detect", "silent_after_s", *(("place",) if spot.assumed else ()))
    level = max((body_type(tag).level for tag in seen), default=Level.AMBIENT)
    return Sensor(
        id=id,
        family=family,
        name=f"{family.capitalize()} {id}" if family not in id else id,
        place=spot.place,
        coverage=Coverage(range_m=RANGE_M.get(family, 1.0), p_detect=0.6, assumed=assumed),
        sees=SEES.get(family, ()),
        silent_after_s=SILENT_S[0] if often else SILENT_S[1],
        state=SourceState.IN_SERVICE,
        level_max=level,
        purpose="network security" if family == "network" else "public safety",
        mapping=mapping,
    )


def register(folder: Path, sensors: Iterable[Sensor]) -> list[Sensor]:
    """Add those to the sensor file of the city that it does not have yet; gives them."""
    city = city_folder(folder)
    path = _sensor_file(city)
    known = City.load(city).sensors
    new = [sensor for sensor in sensors if sensor.id not in known]
    for sensor in new:
        add_row(path, sensor)
    return new


def _sensor_file(city: Path) -> Path:
    """The file that city.yaml names; one is begun where it names none."""
    import msgspec

    name = msgspec.yaml.decode((city / "city.yaml").read_bytes(), type=CityFile).sensors
    if not name:
        name = "sensors.yaml"
        set_key(city / "city.yaml", "sensors", name)
    if not (city / name).exists():
        replace_text(city / name, "# The sensors of this city.\n[]\n")
    return city / name
