"""`tocsin init` and `tocsin add map`: an empty city of one's own, and a map for it."""

from pathlib import Path

from tocsin.app.config import FILE
from tocsin.app.layout import RULES
from tocsin.contract.resources import content_folder
from tocsin.model import ConfigError, Conflict

CITY_FILES = ("city.yaml", "sensors.yaml", "zones.yaml", "assets.yaml", "processing.yaml")
"""What a city folder begins with."""


def init_city(folder: Path, *, name: str, lon: float, lat: float, timezone: str) -> None:
    """Write a commented installation; raises Conflict where one exists already."""
    if (folder / FILE).exists():
        message = f"{folder / FILE} is already there: nothing was changed. Choose another folder."
        raise Conflict(message)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        message = f"The centre {lon}, {lat} is not a longitude and latitude in degrees."
        raise ConfigError(message)
    _check_timezone(timezone)
    templates = content_folder() / "templates"
    (folder / "city").mkdir(parents=True, exist_ok=True)
    (folder / RULES).mkdir(exist_ok=True)
    (folder / RULES / "README.md").write_text((templates / "rules.md").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / FILE).write_text((templates / FILE).read_text(encoding="utf-8"), encoding="utf-8")
    values = {"@NAME@": name.replace('"', "'"), "@LON@": f"{lon}", "@LAT@": f"{lat}", "@TIMEZONE@": timezone}
    for file in CITY_FILES:
        text = (templates / file).read_text(encoding="utf-8")
        for mark, value in values.items():
            text = text.replace(mark, value)
        (folder / "city" / file).write_text(text, encoding="utf-8")


def add_map(folder: Path, extract: Path, clip: tuple[float, float, float, float] | None = None) -> dict[str, int]:
    """Import an OpenStreetMap extract as the map of a city; how many features of each kind it has."""
    from tocsin.app.edit import set_key
    from tocsin.app.layout import city_folder
    from tocsin.city.citymap import write_map
    from tocsin.city.osm import import_map

    city = city_folder(folder)
    if not (city / "city.yaml").is_file():
        message = f"There is no city in {folder}: make one with `tocsin init {folder}`, or name it with --city."
        raise ConfigError(message)
    if not extract.is_file():
        message = f"There is no file {extract}: download an extract (.osm.pbf) of your city and name it here."
        raise ConfigError(message)
    imported = import_map(extract, clip)
    write_map(city / "map.json", imported)
    set_key(city / "city.yaml", "map", "map.json")
    west, south, east, north = imported.bounds
    set_key(city / "city.yaml", "centre", [round((west + east) / 2, 5), round((south + north) / 2, 5)])
    return {
        "buildings": len(imported.buildings.features),
        "roads": len(imported.roads.features),
        "cameras": len(imported.cameras.features),
    }


def _check_timezone(name: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"The timezone {name!r} is unknown: use an IANA name such as Europe/Helsinki."
        raise ConfigError(message) from error
