"""The engine's mailbox: committed facts first, then urgent deliveries, then the rest; all bounded."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tocsin.contract.protocols import Delivered
from tocsin.store.scribe import Committed


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery with the connection that brought it and where that connection would resume."""

    via: str
    delivered: Delivered
    resume: bytes = b""


Item = Letter | Committed | Callable[[], None]


class Mailbox:
    """Deliveries wait here; who posts one is held back while `letters_max` wait."""

    def __init__(self, letters_max: int = 256) -> None:
        self._letters_max = letters_max
        self._ready = threading.Condition()
        self._committed: deque[Committed | Callable[[], None]] = deque()
        self._urgent: deque[Letter] = deque()
        self._letters: deque[Letter] = deque()
        self._closed = False
        self.unfolded = 0

    def post(self, letter: Letter, wait_s: float | None = None) -> bool:
        """Put a delivery in; waits for room. False when none came in time or the box is closed."""
        with self._ready:
            if not letter.delivered.urgent and not self._ready.wait_for(self._room, wait_s):
                return False
            if self._closed:
                return False
            (self._urgent if letter.delivered.urgent else self._letters).append(letter)
            self._ready.notify_all()
            return True

    def put(self, item: Committed | Callable[[], None]) -> None:
        """Put in what the log committed, or a call for the engine's thread; never held back."""
        with self._ready:
            self._committed.append(item)
            self.unfolded += _size(item)
            self._ready.notify_all()

    def take(self, wait_s: float, *, letters: bool = True) -> Item | None:
        """The next item by rank, or None when nothing came in time; `letters=False` leaves deliveries waiting."""
        with self._ready:
            self._ready.wait_for(lambda: self._any(letters=letters), wait_s)
            if self._committed:
                item = self._committed.popleft()
                self.unfolded -= _size(item)
                return item
            return self._letter() if letters else None

    def _letter(self) -> Letter | None:
        waiting = self._urgent or self._letters
        if not waiting:
            return None
        self._ready.notify_all()
        return waiting.popleft()

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    @property
    def waiting(self) -> int:
        """How many deliveries wait."""
        return len(self._urgent) + len(self._letters)

    def _room(self) -> bool:
        return self._closed or len(self._letters) < self._letters_max

    def _any(self, *, letters: bool) -> bool:
        return bool(self._closed or self._committed or (letters and (self._urgent or self._letters)))


def _size(item: Committed | Callable[[], None]) -> int:
    return len(item.facts) if isinstance(item, Committed) else 0
