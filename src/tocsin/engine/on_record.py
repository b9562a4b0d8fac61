"""A source that sees people by itself is connected only while its camera has a complete record of processing."""

import threading
from collections.abc import Callable
from dataclasses import replace

from tocsin.city.context import City
from tocsin.contract.camera_views import CameraView, views
from tocsin.contract.protocols import Delivered, RunningSource
from tocsin.contract.resources import Resources

Start = Callable[[Resources], RunningSource]


class OnRecord:
    """Connects, and lets go, as the record comes and goes; connects anew where the camera's set-up changed."""

    def __init__(self, source: str, resources: Resources, start: Start) -> None:
        self._source = source
        self._resources = resources
        self._start = start
        self._view = views(resources).of(source)
        self._running: RunningSource | None = None
        self._connected: CameraView | None = None
        self._changed = threading.Event()

    def reload(self, city: City) -> None:
        """Put another set-up of cameras in force."""
        self._resources = replace(self._resources, city=city)
        self._view = views(self._resources).of(self._source)
        self._changed.set()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """The next delivery, while there is a record; raises ConfigError where the source cannot start."""
        view = self._view
        if view.missing or _differ(view, self._connected):
            self._let_go()
        if view.missing:
            self._changed.wait(wait_s)
            self._changed.clear()
            return None
        if self._running is None:
            self._running, self._connected = self._start(self._resources), view
        return self._running.next_batch(wait_s)

    def snapshot(self) -> bytes:
        """Where the source would resume."""
        running = self._running
        return b"" if running is None else running.snapshot()

    def problem(self) -> str:
        """What keeps it from starting, else what is wrong with the source."""
        missing, running = self._view.missing, self._running
        if missing:
            return f"Camera {self._source} does not start. {' '.join(missing)}"
        return "" if running is None else running.problem()

    def close(self) -> None:
        """Stop."""
        self._changed.set()
        self._let_go()

    def _let_go(self) -> None:
        running, self._running, self._connected = self._running, None, None
        if running is not None:
            running.close()


def _differ(view: CameraView, connected: CameraView | None) -> bool:
    """Whether a connection was made with another set-up than is in force."""
    return connected is not None and (view.camera, view.place) != (connected.camera, connected.place)
