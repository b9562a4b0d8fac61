"""A file of sound: block after block, as fast as it is asked for, then the source ends."""

from collections.abc import Generator
from hashlib import blake2b
from pathlib import Path

from tocsin.contract.protocols import Delivered
from tocsin.contract.streams import BREAKS
from tocsin.model import SourceLost
from tocsin.sources.audio.opening import Declared, Place, blocks, reading_of

HEAD_BYTES = 65_536


class RecordedAudio:
    """A recording being read. `finished` once all was given."""

    def __init__(self, declared: Declared, place: Place) -> None:
        self._declared, self._place = declared, place
        path = Path(place.called)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        words = f"{path.stat().st_size} {declared.start_at}".encode()
        self._boot = blake2b(words + head, digest_size=6).hexdigest()
        self._problem = ""
        self._deliveries = self._all()
        self.finished = False

    def next_batch(self, wait_s: float = 0.0) -> Delivered | None:
        """The next block, at once; None once all were given."""
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

    def _all(self) -> Generator[Delivered, None, None]:
        first, start = 0, self._declared.start_at or 0.0
        try:
            for samples, rate in blocks(self._declared, self._place):
                at = round(start + first / rate, 6)
                yield Delivered((reading_of(self._declared, (samples, rate), first, at, self._boot, gap=False),))
                first += len(samples)
        except (SourceLost, *BREAKS) as error:
            why = str(error) if isinstance(error, SourceLost) else f"it breaks the reader ({type(error).__name__})"
            self._problem = f"Cannot read all of {Path(self._place.called).name}: {why}."
