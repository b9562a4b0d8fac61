"""Recorded scenes: pictures and clips with YOLO labels, a folder each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.photos import Labelled, labelled, picture_of
from tocsin.inference.sessions import needed
from tocsin.model import ConfigError

CLIPS = (".avi", ".mkv", ".mov", ".mp4", ".webm")

Boxes = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One picture, and the boxes (x1, y1, x2, y2; pixels) and classes of what is labelled in it."""

    picture: NDArray[np.uint8]
    boxes: Boxes
    classes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One scene by name: its photos and its clips."""

    name: str
    photos: tuple[Labelled, ...] = ()
    clips: tuple[Path, ...] = ()


def scenes_in(folder: Path | None) -> list[Recorded]:
    """The scenes of a folder; where it holds `images` itself, each picture is one. Raises ConfigError for none."""
    if folder is None or not folder.is_dir():
        raise ConfigError("Name the folder that holds a folder per scene with --data DIR.")
    if (folder / "images").is_dir():
        return [Recorded(photo.path.stem, (photo,)) for photo in labelled(folder)]
    found = [_scene(path) for path in sorted(folder.iterdir()) if path.is_dir()]
    scenes = [scene for scene in found if scene.photos or scene.clips]
    if not scenes:
        raise ConfigError(
            f"{folder} holds no scene: a folder each, with `images` or `clips`, and `labels` beside them."
        )
    return scenes


def _scene(folder: Path) -> Recorded:
    photos = tuple(labelled(folder)) if (folder / "images").is_dir() else ()
    clips = sorted(path for path in (folder / "clips").glob("*") if path.suffix.lower() in CLIPS)
    return Recorded(folder.name, photos, tuple(clips))


def seen_on(photo: Labelled) -> Seen:
    """A photo with its labels."""
    return Seen(picture_of(photo), photo.boxes, photo.classes)


def seen_in(clip: Path, looks_per_s: float) -> Iterator[tuple[float, Seen]]:
    """Pictures of a clip at this rate, each with its second and its labels: `labels/CLIP/NUMBER.txt`, from 0."""
    av = needed("av")
    folder = clip.parent.parent / "labels" / clip.stem
    by_number = {int(path.stem): path for path in folder.glob("*.txt") if path.stem.isdigit()}
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 25)
        looks = 0
        for number, frame in enumerate(container.decode(stream)):
            if number / rate + 1e-6 >= looks / looks_per_s:
                looks += 1
                picture = frame.to_ndarray(format="bgr24")
                boxes, classes = _labels(by_number.get(number), picture.shape)
                yield number / rate, Seen(picture, boxes, classes)


def _labels(path: Path | None, shape: tuple[int, ...]) -> tuple[Boxes, NDArray[np.int64]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path else []
    try:
        table = np.array([[float(part) for part in line.split()] for line in lines if line.strip()], np.float64)
        table = table.reshape(-1, 5)
    except ValueError as error:
        raise ConfigError(f"{path} needs five numbers in each line ({error}).") from error
    middles, spans = table[:, 1:3] * shape[1::-1], table[:, 3:5] * shape[1::-1]
    return np.concatenate([middles - spans / 2, middles + spans / 2], axis=1), table[:, 0].astype(np.int64)
