"""A video of masked pictures with what was found in them drawn over: boxes with pseudonyms, findings in words."""

import threading
from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tocsin.contract.pictures import MaskedPicture, Track, Tracks
from tocsin.inference.detected import Picture
from tocsin.inference.sessions import needed
from tocsin.model import ConfigError, Fact, Finding, Observation

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

SHOWN_S = 4.0
"""How long a finding is written under the picture."""

FINDINGS_MAX = 3
"""Most findings that are written at a time; the newest."""

TRACKS_KEPT = 8
"""Bodies of tracks that are kept to be drawn into the picture of the same frame."""

GAP_S_MAX = 2.0
"""A longer gap (or time that goes back: another clip) becomes a step of one picture."""

STEP_MS = 200
WIDTH_PX = 640
"""Narrower pictures are enlarged to this, so that words can be read."""

PERSON, THING, WORDS = (90, 220, 90), (220, 180, 60), (40, 60, 230)
"""Colours: blue, green, red."""

CODECS = (("libx264", {"preset": "veryfast", "crf": "24"}), ("mpeg4", {"b": "3000000"}))
"""H.264 where this PyAV has it, else MPEG-4."""


@dataclass
class Annotator:
    """Writes one video; only pictures that masking made are ever in it.

    Give `take` to what is shown, and the annotator itself to what is told, of a flow; then `close()`. The file is made
    with the first picture. A picture is written once the tracks of its frame are known, or the next one comes.
    """

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: "Observation[MaskedPicture] | None" = None
    _tracks: deque[Observation[Tracks]] = field(default_factory=lambda: deque(maxlen=TRACKS_KEPT))
    _findings: dict[str, Finding] = field(default_factory=dict)
    _film: "Film | None" = None

    def take(self, observation: Observation[Any]) -> None:
        """Something to show; what is no masked picture is left aside."""
        if isinstance(observation.body, MaskedPicture):
            with self._lock:
                self._write()
                self._waiting = observation

    def observed(self, fact: Observation[Any]) -> None:
        """Something was observed; tracks are drawn."""
        if isinstance(fact.body, Tracks):
            with self._lock:
                self._tracks.append(fact)

    def told(self, fact: Fact) -> None:
        """Something was concluded; findings are written under the picture."""
        if isinstance(fact, Finding):
            with self._lock:
                self._findings.pop(fact.id, None)
                self._findings[fact.id] = fact

    def close(self) -> None:
        """Write what waits, and end the file."""
        with self._lock:
            self._write()
            if self._film is not None:
                self._film.close()
                self._film = None

    def _write(self) -> None:
        shown = self._waiting
        self._waiting = None
        if shown is None:
            return
        picture = _enlarged(_decoded(shown.body))
        for track in self._known(shown):
            _box(picture, track)
        self._findings = {one.id: one for one in self._findings.values() if abs(shown.at - one.at) <= SHOWN_S}
        newest = list(self._findings.values())[-FINDINGS_MAX:]
        _words(picture, [f"{one.kind} {one.grade}: {one.because}" for one in newest])
        if self._film is None:
            self._film = Film.open(self.path, picture.shape[1], picture.shape[0])
        self._film.add(picture, shown.at)

    def _known(self, shown: Observation[MaskedPicture]) -> tuple[Track, ...]:
        """The tracks of the very frame that the picture shows."""
        same = (one for one in self._tracks if one.source == shown.source and one.body.number == shown.body.of)
        return next((one.body.tracks for one in same), ())


@dataclass
class Film:
    """The file: one size, times of the pictures."""

    container: "OutputContainer"
    stream: "VideoStream"
    size: tuple[int, int]
    at: float | None = None
    ms: int = 0

    @classmethod
    def open(cls, path: Path, width: int, height: int) -> "Film":
        """A new file; raises ConfigError where it cannot be written."""
        av = needed("av")
        size = width // 2 * 2, height // 2 * 2
        try:
            container = av.open(str(path), "w")
            stream = _stream(container, size)
            container.start_encoding()
        except (OSError, ValueError, av.FFmpegError) as error:
            raise ConfigError(f"{path} cannot be written as a video ({error}): name a file such as out.mp4.") from error
        return cls(container, stream, size)

    def add(self, picture: Picture, at: float) -> None:
        """One more picture; one of another size is fitted in."""
        av = needed("av")
        step_s = 0.0 if self.at is None else at - self.at
        if self.at is not None:
            self.ms += max(1, round(1_000 * step_s)) if 0.0 < step_s <= GAP_S_MAX else STEP_MS
        frame = av.VideoFrame.from_ndarray(_fitted(picture, self.size), format="bgr24")
        frame.pts, frame.time_base = self.ms, Fraction(1, 1_000)
        self.container.mux(self.stream.encode(frame))
        self.at = at

    def close(self) -> None:
        """Write what the encoder still holds."""
        self.container.mux(self.stream.encode(None))
        self.container.close()


def _stream(container: "OutputContainer", size: tuple[int, int]) -> "VideoStream":
    codecs = needed("av").codecs_available
    name, options = next(one for one in CODECS if one[0] in codecs)
    stream = cast("VideoStream", container.add_stream(name, rate=25, options=dict(options)))
    stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
    stream.codec_context.time_base = Fraction(1, 1_000)
    stream.codec_context.thread_count = 1
    return stream


def _decoded(body: MaskedPicture) -> Picture:
    cv2 = needed("cv2")
    picture: Picture | None = cv2.imdecode(np.frombuffer(body.jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ConfigError(f"The masked picture of frame {body.of} is no JPEG: it was damaged on its way.")
    return picture


def _enlarged(picture: Picture) -> Picture:
    cv2 = needed("cv2")
    if picture.shape[1] >= WIDTH_PX:
        return picture
    size = WIDTH_PX, round(picture.shape[0] * WIDTH_PX / picture.shape[1])
    larger: Picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    return larger


def _fitted(picture: Picture, size: tuple[int, int]) -> Picture:
    """In the middle of a picture of this width and height, as large as it fits."""
    cv2 = needed("cv2")
    width, height = size
    if abs(picture.shape[1] - width) <= 1 and abs(picture.shape[0] - height) <= 1:
        return np.ascontiguousarray(picture[:height, :width])
    scale = min(width / picture.shape[1], height / picture.shape[0])
    inner = max(1, min(width, round(picture.shape[1] * scale))), max(1, min(height, round(picture.shape[0] * scale)))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
    return canvas


def _box(picture: Picture, track: Track) -> None:
    """A box with the pseudonym and the class; thinner where the thing was not seen in this frame."""
    cv2 = needed("cv2")
    height, width = picture.shape[:2]
    left, top, right, bottom = (round(share * side) for share, side in zip(track.box, (width, height) * 2, strict=True))
    colour = PERSON if track.label == "person" else THING
    cv2.rectangle(picture, (left, top), (right, bottom), colour, 1 if track.held else 2)
    name = f"{track.id}" if track.label == "person" else f"{track.id} {track.label}"
    cv2.putText(picture, name, (left, max(10, top - 4)), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)


def _words(picture: Picture, lines: list[str]) -> None:
    """Lines of text at the lower edge, on a dark ground; what OpenCV cannot write becomes a question mark."""
    cv2 = needed("cv2")
    height, width = picture.shape[:2]
    for number, line in enumerate(reversed(lines)):
        bottom = height - 18 * number
        picture[max(0, bottom - 18) : bottom] //= 4
        plain = line.replace("²", "2").encode("ascii", "replace").decode()[: width // 7]
        cv2.putText(picture, plain, (4, bottom - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.4, WORDS, 1, cv2.LINE_AA)
