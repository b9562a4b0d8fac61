"""One input of a group as the engine sees it: a running source whose deliveries come out of another process."""

import threading
from collections import deque
from collections.abc import Callable

from tocsin.contract.protocols import Delivered, Wanted
from tocsin.engine.apart.messages import Input, Tally


class RunningApart:
    """The engine asks it for batches, and may send it what is wanted.

    It is given what to call when there is room for one more, what says why nothing comes, and what to call
    at its end. `tally` counts what came of its pictures.
    """

    def __init__(
        self, declared: Input, room: Callable[[], None], problem: Callable[[], str], leave: Callable[[], None]
    ) -> None:
        self.declared = declared
        self.tally = Tally()
        self.fault = ""
        self.asked: Wanted | None = None
        self._room = room
        self._problem = problem
        self._leave = leave
        self._waiting: deque[Delivered] = deque()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many deliveries wait."""
        return len(self._waiting)

    def next_batch(self, wait_s: float) -> Delivered | None:
        """What came of one picture, in order; None when nothing came within `wait_s`."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed, wait_s)
            delivered = self._waiting.popleft() if self._waiting else None
        if delivered is not None:
            self._room()
        return delivered

    def put(self, delivered: Delivered) -> None:
        """Lay a delivery ready; no more are sent than there is room for."""
        with self._changed:
            self._waiting.append(delivered)
            self._changed.notify_all()

    def send(self, wanted: Wanted) -> None:
        """Take note of what is wanted of this camera; it can lower the level that is allowed, never raise it."""
        self.asked = wanted

    def snapshot(self) -> bytes:
        """Nothing: pictures of the past are gone."""
        return b""

    def problem(self) -> str:
        """Why nothing comes of this camera; empty while all is well."""
        return self._problem()

    def close(self) -> None:
        """Leave the group; with the last one its process ends."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._leave()
