"""A file of sound: block after block, as fast as it is asked for, then the source ends."""

from collections.abc import Generator
from pathlib import Path

from tocsin.contract.playback import Playback, numbering, unreadable
from tocsin.contract.protocols import Delivered
from tocsin.contract.streams import BREAKS
from tocsin.model import SourceLost
from tocsin.sources.audio.opening import Declared, Place, blocks, reading_of


class RecordedAudio(Playback):
    """A recording being read. `finished` once all was given."""

    def __init__(self, declared: Declared, place: Place) -> None:
        self._declared, self._place = declared, place
        self._boot = numbering(Path(place.called), declared.start_at)
        super().__init__()

    def _all(self) -> Generator[Delivered, None, None]:
        first, start = 0, self._declared.start_at or 0.0
        try:
            for samples, rate in blocks(self._declared, self._place):
                at = round(start + first / rate, 6)
                yield Delivered((reading_of(self._declared, (samples, rate), first, at, self._boot, gap=False),))
                first += len(samples)
        except (SourceLost, *BREAKS) as error:
            self._problem = unreadable(Path(self._place.called), error)
