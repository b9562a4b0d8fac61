"""Orders of people on their way to sensors that can be tasked: to the connection over which the sensor speaks."""

from collections.abc import Mapping

from tocsin.contract.orders import Order, Orderable
from tocsin.contract.protocols import RunningSource
from tocsin.model import Conflict


class Orders:
    """Finds who can carry an order. The desk writes the receipt between `check` and `give`."""

    def __init__(self, sources: Mapping[str, RunningSource]) -> None:
        self._sources = sources

    def check(self, sensor: str, order: Order) -> None:
        """Raise Conflict where the sensor is not connected, or takes no such order."""
        self._carrier(sensor, order)

    def give(self, sensor: str, order: Order, id: str) -> None:
        """Send it; raises Conflict as `check` does."""
        self._carrier(sensor, order).order(sensor, order, id)

    def _carrier(self, sensor: str, order: Order) -> Orderable:
        for source in self._sources.values():
            if isinstance(source, Orderable) and source.takes(sensor, order):
                return source
        raise Conflict(f"{sensor} takes no orders, or is not connected now: see it on the Devices page.")
