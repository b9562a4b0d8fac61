"""A file or a folder of files: every picture in order, as fast as it is asked for, then the source ends."""

from collections.abc import Generator, Iterator
from pathlib import Path

from tocsin.contract.playback import Playback, numbering, unreadable
from tocsin.contract.protocols import Delivered
from tocsin.contract.streams import BREAKS
from tocsin.model import SourceLost
from tocsin.sources.video.address import Address, files_of
from tocsin.sources.video.decoding import Counts, Painter, decoded
from tocsin.sources.video.opening import Plan, Stream, opened
from tocsin.sources.video.pictures import Declared, Marks, Taken, reading_of
from tocsin.sources.video.timing import FileClock, Thinning


class RunningRecording(Playback):
    """A recording being read. `finished` once all was given; `counts` says what came of it."""

    def __init__(self, declared: Declared, address: Address) -> None:
        self._declared = declared
        self._paths = files_of(Path(address.called)) if address.way == "folder" else [Path(address.called)]
        self._plan = Plan(way=address.way, hardware=declared.hardware, pictures_per_s=declared.pictures_per_s)
        self._painter = Painter(declared.width_max)
        self._clock: FileClock | None = None
        self._thinning = Thinning(declared.frames_per_s_max)
        self._boot = numbering(self._paths[0], declared.start_at)
        self.counts = Counts()
        self._marks = Marks(self.counts)
        super().__init__()

    def _all(self) -> Generator[Delivered, None, None]:
        while True:
            before = self.counts.decoded
            for path in self._paths:
                yield from self._file(path)
            if not self._declared.loop or self.counts.decoded == before:
                return
            self._marks.begin_again()

    def _file(self, path: Path) -> Iterator[Delivered]:
        before, damaged = self.counts.decoded, self.counts.corrupt
        try:
            with opened(str(path), self._plan) as stream:
                self.counts.connections += 1
                for taken in self._taken(stream):
                    self.counts.given += 1
                    yield Delivered((reading_of(self._declared, taken, self._painter, self._boot),))
        except (SourceLost, *BREAKS) as error:
            came = self.counts.decoded - before
            self._problem = f"{unreadable(path, error)} {came} pictures before that were read."
            return
        if places := self.counts.corrupt - damaged:
            self._problem = f"{path.name} is damaged in {places} places: pictures there are missing, or marked corrupt."

    def _taken(self, stream: Stream) -> Iterator[Taken]:
        clock = self._dating(stream)
        for one in decoded(stream, self.counts, patient=True):
            at, jumped = clock.at(one.told)
            self._marks.note(one, jumped=jumped)
            if self._thinning.takes(at):
                yield self._marks.taken(one, at, clock.every.s)

    def _dating(self, stream: Stream) -> FileClock:
        """The clock of this recording, set to the file that begins."""
        start_at = self._declared.start_at
        if self._clock is None:
            self._clock = FileClock(start_at if start_at is not None else 0.0)
        self._clock.begin(stream.taken_at if start_at is None else None, stream.every_s)
        return self._clock
