"""Clips for the bench: found in a folder, or one made up where none is given."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.pictures import Frame
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Origin, Reading
from tocsin.sources.video import RunningRecording, Video

ENDINGS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"})

HEIGHT_MIN = 720
"""Clips at least so high are what the headline is about, where there are any."""


def clips_of(folder: Path, count_max: int) -> list[Path]:
    """At most so many clips of a folder, those in `video` first; raises ConfigError where there is none."""
    found = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in ENDINGS]
    found.sort(key=lambda path: (path.parent.name != "video", str(path)))
    if not found:
        raise ConfigError(f"No clips in {folder}: put some there ({', '.join(sorted(ENDINGS))}).")
    return found[:count_max]


def opened(clip: Path, frames_per_s: float, origin: Origin = Origin.REPLAY) -> RunningRecording:
    """A clip as a source that is read as fast as one asks."""
    source = Video(
        url=str(clip), source=clip.stem, pace="file", start_at=0.0, frames_per_s_max=frames_per_s, origin=origin
    ).start(Resources())
    if not isinstance(source, RunningRecording):
        raise ConfigError(f"{clip} is no recording: name a file.")
    return source


def frames(source: RunningRecording, seconds_max: float) -> Iterator[Reading[Frame]]:
    """Its pictures, of at most so many seconds."""
    first: float | None = None
    while (delivered := source.next_batch()) is not None:
        for reading in delivered.readings:
            first = reading.at if first is None else first
            if reading.at - first > seconds_max:
                return
            yield reading


def invented(path: Path, seconds: float = 10.0, rate: int = 25) -> Path:
    """A made-up clip: a rough ground on which figures walk. No detector is sure to take them for people."""
    from tocsin.inference.sessions import needed

    av, chance = needed("av"), np.random.default_rng(4)
    ground: NDArray[np.uint8] = chance.integers(70, 180, (72, 128)).astype(np.uint8).repeat(10, 0).repeat(10, 1)
    starts, speeds = chance.uniform(0, 1280, 12), chance.uniform(-60, 60, 12)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate, options={"qscale": "4"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for n in range(int(seconds * rate)):
            shown = _figures(ground, starts + speeds * n / rate)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
        container.mux(stream.encode())
    return path


def _figures(ground: NDArray[np.uint8], places: NDArray[np.float64]) -> NDArray[np.uint8]:
    shown = np.repeat(ground[:, :, None], 3, axis=2)
    for number, x in enumerate(places % 1280):
        left, top = int(x), 80 + 50 * number
        shown[top : top + 20, left + 10 : left + 26] = (150, 170, 210)
        shown[top + 20 : top + 60, left + 4 : left + 32] = (40 + 15 * number, 30, 60)
        shown[top + 60 : top + 100, left + 8 : left + 28] = (30, 30, 30)
    return shown
