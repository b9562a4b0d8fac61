"""A city as a folder of files: city.yaml and the map, sensors, zones and assets that it names."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from tocsin.city.citymap import CityMap, Feature, Point, read_map
from tocsin.city.processing import Processing
from tocsin.city.registry import Coverage, Sensor
from tocsin.city.zones import Zone, square_around
from tocsin.model import Asset, ConfigError, Level, Place, SourceState, derived_id, digest

T = TypeVar("T")


class CameraPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How cameras of the map become sensors: their (invented) network, range and state."""

    network: str = ""
    range_m: float = 40.0
    state: SourceState = SourceState.STAGED
    silent_after_s: float = 90.0


class CityFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of city.yaml; the file names are relative to its folder, empty for none."""

    name: str
    centre: tuple[float, float]
    timezone: str = "UTC"
    invented: bool = False
    map: str = ""
    sensors: str = ""
    zones: str = ""
    assets: str = ""
    processing: str = ""
    cameras: CameraPlan = CameraPlan()


class CityParts(Struct, frozen=True, kw_only=True):
    """What a city folder holds, checked; the fields are those of `City`."""

    name: str
    centre: Place
    bounds: tuple[float, float, float, float]
    map: CityMap
    zones: dict[str, Zone]
    sensors: dict[str, Sensor]
    assets: dict[str, Asset]
    processing: dict[str, Processing]
    timezone: tzinfo
    invented: bool
    digest: str


def read_city(folder: Path) -> CityParts:
    """Read a city folder; raises ConfigError naming the file and what is wrong in it."""
    plan = _read(folder / "city.yaml", CityFile)
    centre = Place(lon=plan.centre[0], lat=plan.centre[1], name=plan.name)
    city_map = read_map(folder / plan.map) if plan.map else CityMap(attribution="", bounds=square_around(centre))
    sensors = {camera.id: camera for camera in cameras_of(city_map, plan.cameras)}
    sensors |= _by_id(_read_list(folder, plan.sensors, Sensor), plan.sensors)
    declared = _by_id(_read_list(folder, plan.assets, Asset), plan.assets)
    return CityParts(
        name=plan.name,
        centre=centre,
        bounds=city_map.bounds,
        map=city_map,
        zones=_by_id(_read_list(folder, plan.zones, Zone), plan.zones),
        sensors=sensors,
        assets={asset.id: asset for asset in sites_of(city_map)}
        | {name: sensor.asset() for name, sensor in sensors.items()}
        | declared,
        processing=_by_id(_read_list(folder, plan.processing, Processing), plan.processing),
        timezone=_timezone(plan.timezone, folder),
        invented=plan.invented,
        digest=_digest(folder, ("city.yaml", plan.map, plan.sensors, plan.zones, plan.assets, plan.processing)),
    )


def write_sensors(path: Path, sensors: Iterable[Sensor]) -> None:
    """Write the sensor file of a city; what people edited (aim, state) is kept there."""
    ordered = sorted(sensors, key=lambda sensor: sensor.id)
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.yaml.encode(ordered))
    part.replace(path)


def cameras_of(city_map: CityMap, plan: CameraPlan) -> Iterator[Sensor]:
    """The cameras of a map as sensors, with addresses counted up in the plan's network.

    They see no hazard by themselves: a picture becomes evidence only through a perceiver.
    """
    hosts = ip_network(plan.network).hosts() if plan.network else iter(())
    for feature in city_map.cameras.features:
        if isinstance(feature.geometry, Point):
            yield _camera(feature, feature.geometry, plan, next(hosts, None))


def sites_of(city_map: CityMap) -> Iterator[Asset]:
    """Schools, hospitals and stations of a map as assets of kind `site.<kind>`."""
    for feature in city_map.sites.features:
        if isinstance(feature.geometry, Point):
            name, kind = str(feature.properties["name"]), str(feature.properties["kind"])
            lon, lat = feature.geometry.coordinates
            place = Place(lon=lon, lat=lat, radius_m=40.0, name=name)
            yield Asset(id=derived_id("site", kind, name, lon, lat), kind=f"site.{kind}", name=name, place=place)


def _coverage(bearing: object, range_m: float) -> Coverage:
    """A quarter around the bearing, all around where none is known."""
    if not isinstance(bearing, float | int):
        return Coverage(range_m=range_m, field_deg=360.0, assumed=("range_m", "bearing_deg", "field_deg"))
    return Coverage(range_m=range_m, bearing_deg=float(bearing), field_deg=90.0, assumed=("range_m", "field_deg"))


def _camera(feature: Feature, point: Point, plan: CameraPlan, address: object) -> Sensor:
    name = str(feature.properties["id"])
    return Sensor(
        id=name,
        family="camera",
        name=str(feature.properties.get("name") or f"Camera {name.removeprefix('cam-')}"),
        place=Place(lon=point.coordinates[0], lat=point.coordinates[1], radius_m=5.0),
        coverage=_coverage(feature.properties.get("direction"), plan.range_m),
        silent_after_s=plan.silent_after_s,
        state=plan.state,
        addresses=() if address is None else (str(address),),
        level_max=Level.REDACTED,
        purpose="public safety",
    )


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=kind)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. `tocsin init` makes a city folder."
        raise ConfigError(message) from error
    except msgspec.MsgspecError as error:
        message = f"{path} is not right: {error}."
        raise ConfigError(message) from error


def _read_list(folder: Path, name: str, kind: type[T]) -> list[T]:
    """The rows of a file; a file of comments alone holds none."""
    return (_read(folder / name, list[kind] | None) or []) if name else []  # type: ignore[valid-type, arg-type]


def _by_id(rows: list[T], name: str) -> dict[str, T]:
    found: dict[str, T] = {}
    for row in rows:
        key: str = row.id  # type: ignore[attr-defined]  # sensors, zones and assets have an id
        if key in found:
            message = f"{name}: id {key!r} appears twice; give one of them another id."
            raise ConfigError(message)
        found[key] = row
    return found


def _timezone(name: str, folder: Path) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{folder / 'city.yaml'}: timezone {name!r} is unknown; use an IANA name such as Europe/Helsinki."
        raise ConfigError(message) from error


def _digest(folder: Path, names: tuple[str, ...]) -> str:
    return digest(b"\x1f".join((folder / name).read_bytes() for name in names if name))
