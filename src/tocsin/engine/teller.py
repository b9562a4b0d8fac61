"""Tells listeners that time passes: ticks, changed sensors, the state of the system."""

from tocsin.engine.status import Status
from tocsin.engine.view import View

SYSTEM_EVERY = 2
"""The state of the system is told with every second tick."""


class Teller:
    """Called after every tick of the engine. Without ticks nothing is told, and the console says that it is stale."""

    def __init__(self, view: View, status: Status) -> None:
        self._view = view
        self._status = status
        self._count = 0

    def tick(self, now: float) -> None:
        """Tell the time, what changed among the sensors, and now and then the state of all."""
        self._count += 1
        self._view.ring.tell("tick", {"now": now})
        changed = self._view.changed_sensors()
        if changed:
            self._view.ring.tell("sensor", changed)
        if self._count % SYSTEM_EVERY == 0:
            self._view.ring.tell("system", self._status.system(now))
