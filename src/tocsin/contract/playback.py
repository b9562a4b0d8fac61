"""Recordings as sources: a file is read to its end, as fast as it is asked for."""

from abc import ABC, abstractmethod
from collections.abc import Generator
from hashlib import blake2b
from pathlib import Path

from tocsin.contract.protocols import Delivered
from tocsin.model import SourceLost

HEAD_BYTES = 65_536
"""How much of a file tells it from others."""


class Playback(ABC):
    """A recording being read. `finished` once all was given."""

    def __init__(self) -> None:
        self._problem = ""
        self._deliveries = self._all()
        self.finished = False

    @abstractmethod
    def _all(self) -> Generator[Delivered]:
        """Everything in order; what cannot be read goes into `_problem` and ends it."""

    def next_batch(self, wait_s: float = 0.0) -> Delivered | None:
        """The next delivery, at once; None once all were given (`finished`)."""
        del wait_s  # a file never lets one wait
        delivery = next(self._deliveries, None)
        self.finished = delivery is None
        return delivery

    def snapshot(self) -> bytes:
        """Nothing: a file begins at its beginning."""
        return b""

    def problem(self) -> str:
        """Why not all of it could be read; empty where it could, so far."""
        return self._problem

    def close(self) -> None:
        """Give the open file back."""
        self._deliveries.close()
        self.finished = True


def numbering(path: Path, start_at: float | None) -> str:
    """A numbering of its own for each file and each time that it is said to begin, the same wherever it lies."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return blake2b(f"{path.stat().st_size} {start_at}".encode() + head, digest_size=6).hexdigest()


def unreadable(path: Path, error: Exception) -> str:
    """That a file could not be read to its end, and why."""
    why = str(error) if isinstance(error, SourceLost) else f"it breaks the reader ({type(error).__name__})"
    return f"Cannot read all of {path.name}: {why}."
