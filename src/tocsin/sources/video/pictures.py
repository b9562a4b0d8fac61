"""From decoded pictures to readings: their numbers, their flags, and which of them is due."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tocsin.contract.pictures import Frame
from tocsin.model import Origin, Reading
from tocsin.sources.video.decoding import Counts, Decoded, Painter

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


class Declared(Protocol):
    """What of the declaration is needed here."""

    @property
    def source(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def transport(self) -> str: ...
    @property
    def frames_per_s_max(self) -> float: ...
    @property
    def width_max(self) -> int: ...
    @property
    def loop(self) -> bool: ...
    @property
    def start_at(self) -> float | None: ...
    @property
    def pictures_per_s(self) -> float: ...
    @property
    def hardware(self) -> str: ...
    @property
    def ca_file(self) -> str: ...
    @property
    def stall_s(self) -> float: ...
    @property
    def retry_s(self) -> float: ...
    @property
    def retry_s_max(self) -> float: ...
    @property
    def origin(self) -> Origin: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture with all that is said of it, not yet turned into an array."""

    frame: "VideoFrame"
    at: float
    number: int
    every_s: float
    flags: tuple[str, ...]
    dropped: int = 0


@dataclass(slots=True)
class Marks:
    """What was noticed since the last picture that was handed out; nothing of it gets lost with a passed-over one."""

    counts: Counts
    size: tuple[int, int] = (0, 0)
    waiting: dict[str, None] = field(default_factory=dict)

    def note(self, one: Decoded, *, jumped: bool) -> None:
        """Take down what is to be said of a decoded picture."""
        size = (one.frame.width, one.frame.height)
        resized = self.size not in ((0, 0), size)
        self.size = self.counts.width, self.counts.height = size
        self.counts.resizes += resized
        self.counts.jumps += jumped
        found: Mapping[str, bool] = {"corrupt": one.corrupt, "resized": resized, "time-jump": jumped}
        self.waiting |= dict.fromkeys(name for name, holds in found.items() if holds)

    def begin_again(self) -> None:
        """The next picture is the first of a recording that was shown before, as it was declared."""
        self.waiting["again"] = None

    def keep(self, passed_over: Taken) -> None:
        """Keep the marks of a picture that nobody took."""
        self.waiting = dict.fromkeys(flag for flag in passed_over.flags if flag != "keyframe") | self.waiting

    def taken(self, one: Decoded, at: float, every_s: float) -> Taken:
        """The picture with all marks that wait; none wait any more."""
        flags = (*(("keyframe",) if one.frame.key_frame else ()), *self.waiting)
        self.waiting = {}
        return Taken(one.frame, at, self.counts.decoded - 1, every_s, flags)


def reading_of(declared: Declared, taken: Taken, painter: Painter, boot: str) -> Reading[Frame]:
    """The reading of one picture."""
    body = Frame(
        picture=painter.raster(taken.frame),
        number=taken.number,
        dropped=taken.dropped,
        every_s=round(taken.every_s, 6),
        flags=taken.flags,
    )
    return Reading(
        at=taken.at,
        origin=declared.origin,
        source=declared.source,
        seq=taken.number,
        boot=boot,
        body=body,
        via=declared.name,
    )
