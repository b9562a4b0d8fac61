"""Packets become pictures: what is damaged is counted and passed over, what is too large is refused."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tocsin.contract.raster import Raster
from tocsin.contract.streams import words_for
from tocsin.model import SourceLost
from tocsin.sources.video.opening import Stream, refuse_size, told_wall

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

FRUITLESS_MAX = 300
"""Most packets in a row that may give no picture, before the stream counts as unreadable."""

READ_ERRORS_MAX = 50
"""Most failures in a row to read on in a damaged file."""


class Counts(Struct):
    """What came of a camera or file so far. `dropped` were passed over because nobody could take them in time."""

    connections: int = 0
    decoded: int = 0
    given: int = 0
    dropped: int = 0
    corrupt: int = 0
    jumps: int = 0
    resizes: int = 0
    width: int = 0
    height: int = 0
    decode_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture as the decoder gave it, when the stream says it was taken, and by the camera's own clock."""

    frame: "VideoFrame"
    told: float | None
    wall: float | None
    corrupt: bool


class Times:
    """Which of its two times a picture was shown at: that of presentation, unless it goes wrong more often.

    Some containers tell no times of presentation, and what is guessed instead goes back and forth.

    >>> times = Times(trusts_pts=True)
    >>> [times.told(pts, dts) for pts, dts in ((1, 0), (3, 1), (4, 2), (2, 3), (6, 4))]
    [1, 3, 4, 3, 4]
    """

    def __init__(self, *, trusts_pts: bool) -> None:
        self._faulty = [0 if trusts_pts else 1, 0]
        self._last: list[int | None] = [None, None]

    def told(self, pts: int | None, dts: int | None) -> int | None:
        """The time to believe, in units of the stream; None where it tells none."""
        for index, now in enumerate((pts, dts)):
            last = self._last[index]
            self._faulty[index] += now is not None and last is not None and now <= last
            self._last[index] = last if now is None else now
        return pts if pts is not None and self._faulty[0] <= self._faulty[1] else dts


def decoded(stream: Stream, counts: Counts, *, patient: bool) -> Iterator[Decoded]:
    """All pictures in order. Raises SourceLost where nothing can be read any more.

    `patient` reads on behind damage of the container, as is right for files.
    """
    before, damaged, fruitless, times = counts.decoded, False, 0, Times(trusts_pts=stream.shows_pts)
    for packet in _packets(stream, counts, patient=patient):
        frames, broken = _decode(packet, counts)
        damaged = damaged or broken
        for frame in frames:
            refuse_size(frame.width, frame.height)
            counts.decoded += 1
            counts.corrupt += frame.is_corrupt
            told = times.told(frame.pts, frame.dts) if stream.timed else None
            seconds = None if told is None or frame.time_base is None else float(told * frame.time_base)
            yield Decoded(frame, seconds, _wall(packet, frame), damaged or frame.is_corrupt)
            damaged = False
        fruitless = 0 if frames else fruitless + 1
        if fruitless > FRUITLESS_MAX:
            raise SourceLost(f"{FRUITLESS_MAX} packets in a row gave no picture: is it larger than 8K, or encrypted?")
    if counts.decoded == before:
        raise SourceLost("none of its pictures can be read: they are damaged, or larger than 8K")


def _packets(stream: Stream, counts: Counts, *, patient: bool) -> Iterator["Packet[Any]"]:
    import av

    errors = 0
    while True:
        try:
            for packet in stream.container.demux(stream.video):
                errors = 0
                yield packet
            return
        except av.FFmpegError as error:
            errors += 1
            counts.corrupt += 1
            if not patient or errors > READ_ERRORS_MAX:
                raise SourceLost(words_for(error)) from None  # the cause names the address


def _decode(packet: "Packet[Any]", counts: Counts) -> tuple[list["VideoFrame"], bool]:
    """The pictures of a packet, and whether it is damaged."""
    import av

    began = time.perf_counter()
    try:
        frames, broken = packet.decode(), packet.is_corrupt
    except av.FFmpegError:
        frames, broken = [], True
    counts.decode_s += time.perf_counter() - began
    counts.corrupt += broken
    return frames, broken


def _wall(packet: "Packet[Any]", frame: "VideoFrame") -> float | None:
    """When the frame was taken by the camera's clock: the packet's own time, less what lies between the two."""
    wall = told_wall(packet)
    if wall is None or frame.pts is None or packet.pts is None:
        return None
    return wall + frame.time - float(packet.pts * packet.time_base)


class Painter:
    """Turns decoded pictures into arrays (BGR, 8 bit), made smaller where they are wider than `width_max`."""

    def __init__(self, width_max: int) -> None:
        from av.video.reformatter import VideoReformatter

        self._width_max = width_max
        self._reformatter = VideoReformatter()

    def raster(self, frame: "VideoFrame") -> Raster:
        """The picture; raises SourceLost for a pixel format that cannot be turned into colours."""
        import av

        width, height = fitted(frame.width, frame.height, self._width_max)
        interpolation = "AREA" if width < frame.width else "BILINEAR"
        try:
            made = self._reformatter.reformat(frame, width, height, "bgr24", interpolation=interpolation)
        except (av.FFmpegError, ValueError) as error:
            raise SourceLost(f"its pixels cannot be read ({frame.format.name})") from error
        return Raster.of(made.to_ndarray())


def fitted(width: int, height: int, width_max: int) -> tuple[int, int]:
    """The size of a picture that is at most `width_max` wide, its shape kept.

    >>> fitted(3840, 2160, 1280), fitted(640, 480, 1280)
    ((1280, 720), (640, 480))
    """
    if width <= width_max:
        return width, height
    return width_max, max(1, round(height * width_max / width))
