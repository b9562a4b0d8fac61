"""Requests that wait for another person: bounded in number and time, answered once, in memory alone."""

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from tocsin.model import Conflict, NotFound, TooMuch

OPEN_MAX = 100
"""Most requests that wait for an answer at once."""

OPEN_S_MAX = 900.0
"""How long a request waits: whoever asked is still at the desk then."""


class Waits(Protocol):
    """What a request says of itself."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def until(self) -> float:
        """When it is over, seconds UTC."""
        ...


R = TypeVar("R", bound=Waits)
T = TypeVar("T")


class Requests(Generic[R]):
    """Those that wait. Thread-safe; a restart forgets those that nobody has answered. `listed` says where they are."""

    def __init__(self, listed: str) -> None:
        self._listed = listed
        self._count = 0
        self._waiting: dict[str, R] = {}
        self._one_at_a_time = threading.Lock()

    def add(self, made: Callable[[int], R], now: float) -> R:
        """Let one more wait; `made` is given its number. Raises TooMuch where too many wait."""
        with self._one_at_a_time:
            self._forget(now)
            if len(self._waiting) >= OPEN_MAX:
                raise TooMuch(f"{OPEN_MAX} requests wait for an answer: ask when some are answered.", OPEN_S_MAX)
            self._count += 1
            request = made(self._count)
            self._waiting[request.id] = request
        return request

    def open(self, now: float) -> list[R]:
        """Those that wait at that moment, oldest first."""
        with self._one_at_a_time:
            self._forget(now)
            return list(self._waiting.values())

    def answered(self, name: str, now: float, grant: Callable[[R], T]) -> tuple[R, T]:
        """Have a request granted, once: it waits no longer where `grant` raised nothing.

        Raises NotFound or Conflict for one that does not wait, and what `grant` raises.
        """
        with self._one_at_a_time:
            request = self._asked(name, now)
            granted = grant(request)
            del self._waiting[name]
        return request, granted

    def _asked(self, name: str, now: float) -> R:
        request = self._waiting.get(name)
        if request is None:
            raise NotFound(f"No such request waits: it was answered, or is over. {self._listed} lists those that wait.")
        if now >= request.until:
            raise Conflict(f"This request is over since {now - request.until:.0f} s: have it asked again.")
        return request

    def _forget(self, now: float) -> None:
        for request in [one for one in self._waiting.values() if now >= one.until]:
            del self._waiting[request.id]
