"""City: the map, zones, sensors and assets of one place, and what can be asked of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from math import atan2, degrees
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from tocsin.city.citymap import CityMap, Collection, Position
from tocsin.city.folder import read_city
from tocsin.city.nearby import Grid
from tocsin.city.processing import Processing
from tocsin.city.registry import Coverage, Sensor
from tocsin.city.zones import Zone, area_m2, grid, inside, square_around
from tocsin.model import Asset, NotFound, Place, Ring, SourceState, distance_m, offset_m

if TYPE_CHECKING:
    from tocsin.city.sight import Walls

UNAIMED_SHARE = 0.25
"""What a camera of unknown direction counts for: a field of 90° could point anywhere (assumed)."""


@dataclass(frozen=True, kw_only=True)
class City:
    """What is known of a city. `bounds` are west, south, east, north in degrees.

    `assets` holds every sensor as an asset too. Nothing here changes: `with_sensor` gives a
    changed city. Load one from its folder with `City.load`, or start with `City.empty`.
    """

    name: str
    centre: Place
    bounds: tuple[float, float, float, float]
    map: CityMap
    zones: dict[str, Zone] = field(default_factory=dict)
    sensors: dict[str, Sensor] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    processing: dict[str, Processing] = field(default_factory=dict)
    timezone: tzinfo | None = None
    invented: bool = False
    digest: str = ""

    @classmethod
    def load(cls, folder: Path) -> "City":
        """Read a city folder (city.yaml and what it names); raises ConfigError with file and key."""
        return cls(**asdict(read_city(folder)))

    @classmethod
    def empty(cls, name: str, centre: Place) -> "City":
        """A city without anything in it, 2 km across."""
        bounds = square_around(centre)
        return cls(name=name, centre=centre, bounds=bounds, map=CityMap(attribution="", bounds=bounds))

    @property
    def attribution(self) -> str:
        """Who must be named wherever the map is shown."""
        return self.map.attribution

    def with_sensor(self, sensor: Sensor) -> "City":
        """The same city with this sensor added or replaced."""
        sensors = {**self.sensors, sensor.id: sensor}
        return replace(self, sensors=sensors, assets={**self.assets, sensor.id: sensor.asset()})

    def with_processing(self, record: Processing) -> "City":
        """The same city with this record of processing added or replaced."""
        return replace(self, processing={**self.processing, record.id: record})

    def processing_of(self, source: str) -> Processing | None:
        """The record under which a camera may run; None where it names none, or one that nobody wrote."""
        sensor = self.sensors.get(source)
        return None if sensor is None or sensor.camera is None else self.processing.get(sensor.camera.processing)

    def place_of(self, source: str) -> Place | None:
        """Where a source stands; None where the registry does not know it."""
        sensor = self.sensors.get(source)
        return None if sensor is None else sensor.place

    def asset_at(self, address: str) -> Asset | None:
        """The asset with this network address, else the one with the narrowest network around it."""
        return self._by_address.get(address) or self.network_of(address)

    def network_of(self, address: str) -> Asset | None:
        """The asset with the narrowest network around an address; None for no address."""
        try:
            wanted = ip_address(address)
        except ValueError:
            return None
        around = [(network.prefixlen, asset) for network, asset in self._networks if wanted in network]
        return max(around, key=lambda pair: pair[0])[1] if around else None

    def zone_of(self, place: Place, at: float | None = None) -> Zone | None:
        """The smallest zone around a place (that holds at `at`, if given)."""
        named = self.zones.get(place.zone)
        if named is not None:
            return named
        around = [z for z in self._valid_zones(at) if inside(place.lon, place.lat, z.ring)]
        return min(around, key=lambda zone: area_m2(zone.ring)) if around else None

    def near(self, place: Place, radius_m: float, at: float | None = None) -> list[Asset]:
        """Assets within `radius_m`, the nearest first."""
        close = self._asset_grid.around(place, radius_m)
        rows = [(distance_m(place, asset.place), asset.id, asset) for asset in close if asset.place is not None]
        return [a for away, _, a in sorted(rows) if away <= radius_m and (at is None or a.validity.holds(at))]

    def people_near(self, place: Place, radius_m: float, at: float) -> int | None:
        """How many people are usually within `radius_m` at that time; None where nothing is known.

        Exposure model: every zone holds its usual number for the local hour, spread evenly;
        each counts with the share of its area that lies within the circle.
        """
        hour = self.local_hour(at)
        counts = [self._people_in(zone, place, radius_m, hour) for zone in self._valid_zones(at)]
        known = [count for count in counts if count is not None]
        return round(sum(known)) if known else None

    def people_within(self, rings: Iterable[Ring], at: float) -> int | None:
        """How many people are usually within these outlines at that time; None where nothing is known.

        The same exposure model as `people_near`: each zone counts with the share of its area that lies inside.
        """
        import shapely

        hour, known = self.local_hour(at), []
        area = shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in rings])
        shapely.prepare(area)
        for zone in self._valid_zones(at):
            people = zone.people(hour)
            if people is not None:
                spots = self._grids[zone.id]
                known.append(people * float(shapely.contains_xy(area, spots).mean()))
        return round(sum(known)) if known else None

    def coverage(self, place: Place, hazard: str, at: float) -> list[tuple[str, float]]:
        """Healthy sensors that would see `hazard` at `place`: (sensor id, probability), best first.

        Probability falls with the square of distance to nothing at the edge of the range; the
        view of a camera is cut by buildings. Only sensors in service count.
        """
        grid, range_m = self._seers.get(hazard, (None, 0.0))
        close = grid.around(place, range_m) if grid is not None else ()
        rows = [(sensor.id, self._p_sees(sensor, place)) for sensor in close if _able(sensor, hazard, at)]
        return sorted(((name, p) for name, p in rows if p > 0.0), key=lambda row: (-row[1], row[0]))

    def viewshed(self, sensor_id: str) -> tuple[Position, ...]:
        """The area that a sensor covers as a closed ring of (lon, lat), a camera's cut by buildings."""
        sensor = self.sensors.get(sensor_id)
        if sensor is None:
            message = f"No sensor {sensor_id!r} in {self.name}: `tocsin doctor` lists the sensors."
            raise NotFound(message)
        return self.seen_from(sensor.place, sensor.coverage, sensor.family)

    def seen_from(self, place: Place, reach: Coverage, family: str) -> tuple[Position, ...]:
        """The area that a sensor of this family would cover there, whether the city knows it or not."""
        walls = self.walls if family == "camera" else self._open_air
        return walls.ring(place, reach.bearing_deg, reach.field_deg, reach.range_m)

    @cached_property
    def _asset_grid(self) -> Grid[Asset]:
        return Grid(self.centre, self.assets.values(), lambda asset: asset.place)

    @cached_property
    def _seers(self) -> dict[str, tuple[Grid[Sensor], float]]:
        """Per hazard: the sensors that see it, by place, and the farthest range among them."""
        hazards = sorted({hazard for sensor in self.sensors.values() for hazard in sensor.sees})
        by_hazard = {name: [one for one in self.sensors.values() if name in one.sees] for name in hazards}
        return {
            name: (Grid(self.centre, seers, lambda one: one.place), max(one.coverage.range_m for one in seers))
            for name, seers in by_hazard.items()
        }

    @cached_property
    def walls(self) -> "Walls":
        """The walls of the map, built on first use."""
        from tocsin.city.sight import Walls

        return Walls(self.centre, self.map.buildings)

    @cached_property
    def _open_air(self) -> "Walls":
        from tocsin.city.sight import Walls

        return Walls(self.centre, Collection())

    @cached_property
    def _by_address(self) -> dict[str, Asset]:
        return {address: asset for asset in self.assets.values() for address in asset.addresses if "/" not in address}

    @cached_property
    def _networks(self) -> list[tuple[IPv4Network | IPv6Network, Asset]]:
        pairs = [(address, asset) for asset in self.assets.values() for address in asset.addresses if "/" in address]
        return [(ip_network(address, strict=False), asset) for address, asset in pairs]

    @cached_property
    def _grids(self) -> dict[str, tuple[Position, ...]]:
        return {zone.id: grid(zone.ring) for zone in self.zones.values()}

    def _valid_zones(self, at: float | None) -> Iterable[Zone]:
        return (zone for zone in self.zones.values() if at is None or zone.validity.holds(at))

    def local_hour(self, at: float) -> float:
        """Hour of the day in the city's time zone, with its fraction."""
        if self.timezone is None:
            return at / 3600.0 % 24.0
        local = datetime.fromtimestamp(at, self.timezone)
        return local.hour + local.minute / 60.0

    def _people_in(self, zone: Zone, place: Place, radius_m: float, hour: float) -> float | None:
        people = zone.people(hour)
        middle = zone.centre()
        if people is None or distance_m(place, middle) > radius_m + middle.radius_m:
            return None
        spots = self._grids[zone.id]
        within = sum(distance_m(place, Place(lon=lon, lat=lat)) <= radius_m for lon, lat in spots)
        return people * within / len(spots) if within else None

    def _p_sees(self, sensor: Sensor, place: Place) -> float:
        reach = sensor.coverage
        away = distance_m(sensor.place, place)
        if away >= reach.range_m:
            return 0.0
        p = reach.p_detect * (1.0 - (away / reach.range_m) ** 2)
        return p * self._share_in_view(sensor, place) if sensor.family == "camera" else p

    def _share_in_view(self, sensor: Sensor, place: Place) -> float:
        if not _in_field(sensor, place) or not self.walls.visible(sensor.place, place):
            return 0.0
        return UNAIMED_SHARE if sensor.coverage.bearing_deg is None else 1.0


def _able(sensor: Sensor, hazard: str, at: float) -> bool:
    return hazard in sensor.sees and sensor.state is SourceState.IN_SERVICE and sensor.validity.holds(at)


def _in_field(sensor: Sensor, place: Place) -> bool:
    reach = sensor.coverage
    if reach.bearing_deg is None or reach.field_deg >= 360.0:
        return True
    east, north = offset_m(sensor.place, place)
    off = (degrees(atan2(east, north)) - reach.bearing_deg + 180.0) % 360.0 - 180.0
    return abs(off) <= reach.field_deg / 2
