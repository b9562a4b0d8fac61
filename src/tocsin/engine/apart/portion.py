"""What the process beside the cameras must know of the city: its cameras, their records, zones and time; no map."""

from collections.abc import Iterable
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from tocsin.city.citymap import CityMap
from tocsin.city.context import City
from tocsin.city.processing import Processing
from tocsin.city.registry import Sensor
from tocsin.city.zones import Zone
from tocsin.model import Place


class Portion(Struct, frozen=True, kw_only=True):
    """A part of a city that goes through a pipe."""

    name: str
    centre: Place
    bounds: tuple[float, float, float, float]
    sensors: dict[str, Sensor]
    processing: dict[str, Processing]
    zones: dict[str, Zone]
    timezone: str = ""

    @classmethod
    def of(cls, city: City | None, sources: Iterable[str]) -> "Portion":
        """What of the city concerns these sensors; of none, nothing."""
        city = city or City.empty("", Place(lon=0.0, lat=0.0))
        sensors = {source: city.sensors[source] for source in sources if source in city.sensors}
        return cls(
            name=city.name,
            centre=city.centre,
            bounds=city.bounds,
            sensors=sensors,
            processing=city.processing,
            zones=city.zones,
            timezone=str(city.timezone or ""),
        )

    def city(self) -> City:
        """A city in which nothing else is known."""
        return City(
            name=self.name,
            centre=self.centre,
            bounds=self.bounds,
            map=CityMap(attribution="", bounds=self.bounds),
            zones=self.zones,
            sensors=self.sensors,
            assets={sensor.id: sensor.asset() for sensor in self.sensors.values()},
            processing=self.processing,
            timezone=_timezone(self.timezone),
        )


def _timezone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
