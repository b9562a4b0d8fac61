"""What was told lately, numbered, for those who listen: a bounded ring with resume."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import msgspec

RING_MAX = 5_000
"""Most events kept; a listener that fell further behind must start over."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event on its way to the console: its number, its name, its JSON."""

    number: int
    name: str
    data: bytes


class Ring:
    """Events by number. Listeners ask for those after the last they know."""

    def __init__(self, first: int = 1) -> None:
        self._events: deque[Event] = deque(maxlen=RING_MAX)
        self._next = first
        self._new = threading.Condition()
        self._closed = False

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._next - 1

    def tell(self, name: str, value: Any) -> None:  # noqa: ANN401  # any Struct, list or dict
        """Append an event."""
        data = msgspec.json.encode(value)
        with self._new:
            self._events.append(Event(self._next, name, data))
            self._next += 1
            self._new.notify_all()

    def after(self, number: int, wait_s: float) -> list[Event] | None:
        """Events after `number`, waiting for one; [] when none came, None when some are already gone."""
        with self._new:
            self._new.wait_for(lambda: self.last > number or self._closed, wait_s)
            oldest = self._next - len(self._events)
            if not oldest - 1 <= number <= self.last:
                return None
            return [event for event in self._events if event.number > number]

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._new:
            self._closed = True
            self._new.notify_all()

    @property
    def closed(self) -> bool:
        """Whether the house is closing."""
        return self._closed
