"""What the house hopes to learn from each camera now: those near an open incident get more of the computing."""

from collections.abc import Iterable, Mapping

from tocsin.city.context import City
from tocsin.contract.protocols import RunningSource, Tasked, Wanted
from tocsin.engine.view import View
from tocsin.model import Incident, IncidentState, Level, Place, Priority, distance_m

EVERY_S = 5.0
"""How often it is looked at."""

NEAR_M = 150.0
"""A camera this close to an incident may see more of it, even where its own coverage is not known."""

BY_PRIORITY = {Priority.LIFE: 1.0, Priority.HIGH: 0.8, Priority.MEDIUM: 0.5, Priority.LOW: 0.2}
"""How much one open incident of a priority raises the interest: an order of ours, not a measurement."""

OVER = (IncidentState.CLOSED, IncidentState.MERGED, IncidentState.SHELVED)


def interest(place: Place, range_m: float, incidents: Iterable[Incident]) -> float:
    """The interest in what a camera sees, 0 to 1: that of the most urgent open incident within its reach.

    >>> interest(Place(lon=24.9, lat=60.1), 40.0, [])
    0.0
    """
    reach_m = max(range_m, NEAR_M)
    near = (
        BY_PRIORITY[one.priority]
        for one in incidents
        if one.state not in OVER
        and one.place is not None
        and distance_m(place, one.place) <= reach_m + min(one.place.radius_m, reach_m)
    )
    return max(near, default=0.0)


class Interest:
    """Called after every tick: tells each source that can be asked how much is hoped for from its camera."""

    def __init__(self, view: View, sources: Mapping[str, RunningSource], source_of: Mapping[str, str]) -> None:
        self._view = view
        self._asked = {source_of.get(name, name): one for name, one in sources.items() if isinstance(one, Tasked)}
        self._at = 0.0

    def tick(self, now: float) -> None:
        """Look at the open incidents, every EVERY_S."""
        if now - self._at < EVERY_S or not self._asked:
            return
        self._at = now
        incidents, city = self._view.incidents(), self._view.city
        for source, running in self._asked.items():
            running.send(self._wanted(source, incidents, city, now))

    @staticmethod
    def _wanted(source: str, incidents: list[Incident], city: City, now: float) -> Wanted:
        sensor = city.sensors.get(source)
        hoped = 0.0 if sensor is None else interest(sensor.place, sensor.coverage.range_m, incidents)
        return Wanted(source=source, level=Level.CLEAR, until=now + 2 * EVERY_S, interest=hoped)
