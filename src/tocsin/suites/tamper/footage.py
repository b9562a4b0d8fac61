"""Real clips as a camera would have sent them for minutes: stretched, with fresh sensor noise, through an encoder."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.model import ConfigError

Picture = NDArray[np.uint8]

Values = NDArray[np.floating[Any]]

ENDINGS = (".avi", ".mkv", ".mov", ".mp4", ".mpg", ".webm")
RUN_S_MAX = 1.0
"""Longest stretch of a clip that is shown in one go once all of it was shown: no longer one comes back."""

GOP_S = 2.0
"""How often the encoder of a usual camera sends a whole picture."""


def picture_of(values: Values) -> Picture:
    """Values as a picture: what is brighter than white is white."""
    found: Picture = np.clip(values, 0, 255).astype(np.uint8)
    return found


def clips(folder: Path) -> list[Path]:
    """The clips below a folder; raises ConfigError where there are none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if not found:
        raise ConfigError(f"{folder} holds no clip ({', '.join(ENDINGS)}): name the folder that does with --data.")
    return found


def opened(path: Path, frames_per_s: float, width_px_max: int, frames_max: int) -> list[Picture]:
    """The pictures of a clip at this rate and at most this wide, with even sides; raises ConfigError for none."""
    av = needed("av")
    pictures: list[Picture] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 25)
        for number, frame in enumerate(container.decode(stream)):
            if len(pictures) == frames_max:
                break
            if number / rate + 1e-6 >= len(pictures) / frames_per_s:
                pictures.append(_even(frame.to_ndarray(format="bgr24"), width_px_max))
    if len(pictures) < 2:
        raise ConfigError(f"{path} holds no moving picture: take it out of the folder.")
    return pictures


def recorded(path: Path) -> Iterator[Picture]:
    """All pictures of a clip, as they were recorded."""
    av = needed("av")
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.video[0]):
            yield frame.to_ndarray(format="bgr24")


def rate_of(path: Path) -> float:
    """How many pictures a second a clip says that it has."""
    av = needed("av")
    with av.open(str(path)) as container:
        return float(container.streams.video[0].average_rate or 25)


def _even(picture: Picture, width_px_max: int) -> Picture:
    cv2 = needed("cv2")
    height, width = picture.shape[:2]
    if width > width_px_max:
        size = (width_px_max, round(height * width_px_max / width))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2])


def wander(length: int, frames_per_s: float, chance: np.random.Generator) -> Iterator[int]:
    """Which picture of a clip to show next, for ever: once through, then back and forth between chance turning points.

    No stretch longer than RUN_S_MAX is shown twice in the same direction, so that a short clip made long
    is not itself what a replay is.
    """
    yield from range(length)
    at, way, run_max = length - 1, -1, max(1, round(RUN_S_MAX * frames_per_s))
    while True:
        room = at if way < 0 else length - 1 - at
        for _ in range(int(chance.integers(1, min(room, run_max) + 1)) if room else 0):
            at += way
            yield at
        way = -way


class Sensor:
    """Adds the noise of a sensor: normal, independent in every pixel and frame."""

    def __init__(self, shape: tuple[int, ...], chance: np.random.Generator) -> None:
        self._shape, self._chance = shape, chance
        self._field = chance.standard_normal((shape[0] + 97, shape[1] + 131, 3), np.float32)
        self._loud: dict[float, NDArray[np.int16]] = {}

    def seen(self, picture: Picture, sigma: float) -> Picture:
        """The picture with noise: a part of a large field of it, chosen anew each time, as it is or negative."""
        cv2 = needed("cv2")
        if sigma <= 0:
            return picture
        top, left = int(self._chance.integers(0, 97)), int(self._chance.integers(0, 131))
        noise = self._at(sigma)[top : top + self._shape[0], left : left + self._shape[1]]
        add = cv2.subtract if self._chance.random() < 0.5 else cv2.add
        seen = add(picture, noise, dtype=cv2.CV_8U)
        return np.asarray(seen, np.uint8)

    def _at(self, sigma: float) -> NDArray[np.int16]:
        """The field as loud as that, to a quarter of a grey level."""
        step = max(0.25, round(4 * sigma) / 4)
        if step not in self._loud:
            self._loud[step] = np.rint(np.float32(step) * self._field).astype(np.int16)
        return self._loud[step]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How a camera compresses: H.264 at this quality (a larger `crf` is worse), a whole picture every `gop_s`."""

    crf: int = 23
    gop_s: float = GOP_S


USUAL = Encoding()


def encoded(pictures: Iterable[Picture], frames_per_s: float, encoding: Encoding = USUAL) -> Iterator[Picture]:
    """The pictures as whoever receives the stream decodes them; raises ConfigError without an H.264 encoder."""
    av, cv2 = needed("av"), needed("cv2")
    encoder: Any = None
    decoder: Any = None
    for number, picture in enumerate(pictures):
        if encoder is None:
            encoder, decoder = _coders(av, picture.shape, frames_per_s, encoding)
        frame = av.VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), format="yuv420p")
        frame.pts = number
        yield from _decoded(decoder, encoder.encode(frame))
    if encoder is not None:
        yield from _decoded(decoder, [*encoder.encode(None), None])


def _coders(
    av: Any,  # noqa: ANN401  # a module without types
    shape: Sequence[int],
    frames_per_s: float,
    encoding: Encoding,
) -> tuple[Any, Any]:
    try:
        encoder = av.CodecContext.create("libx264", "w")
    except ValueError as error:
        raise ConfigError("This PyAV has no H.264 encoder: install the wheel from PyPI.") from error
    encoder.height, encoder.width = shape[:2]
    encoder.pix_fmt, encoder.thread_count = "yuv420p", 1
    encoder.framerate = Fraction(frames_per_s).limit_denominator(1000)
    encoder.time_base = 1 / encoder.framerate
    encoder.gop_size = max(1, round(encoding.gop_s * frames_per_s))
    encoder.options = {"preset": "superfast", "tune": "zerolatency", "crf": str(encoding.crf), "sc_threshold": "0"}
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    return encoder, decoder


def _decoded(decoder: Any, packets: Iterable[Any]) -> Iterator[Picture]:  # noqa: ANN401  # as above
    cv2 = needed("cv2")
    for packet in packets:
        for frame in decoder.decode(packet):
            yield cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420)
