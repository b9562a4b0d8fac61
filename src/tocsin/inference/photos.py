"""Labelled photos, by which models are measured: a text per photo, a line per thing, in shares as YOLO writes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.cards import shipped_cards
from tocsin.inference.detected import Picture
from tocsin.inference.sessions import needed
from tocsin.model import ConfigError

KINDS = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A photo and what is on it: boxes (x1, y1, x2, y2) in pixels, and their classes."""

    path: Path
    size: tuple[int, int]
    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]


def labelled(folder: Path | None) -> list[Labelled]:
    """All photos of a folder with `images` and `labels`; raises ConfigError where there are none."""
    paths = sorted(path for path in (folder / "images").glob("*") if path.suffix.lower() in KINDS) if folder else []
    if folder is None or not paths or not (folder / "labels").is_dir():
        raise ConfigError("Give --data with a folder that holds `images` and `labels` (one text per photo).")
    return [_labelled(path, folder / "labels" / f"{path.stem}.txt") for path in paths]


def label_names(folder: Path | None) -> tuple[str, ...]:
    """What the numbers of the labels mean: the lines of `classes.txt` in the folder, else COCO's 80 things."""
    path = folder / "classes.txt" if folder else None
    return tuple(_lines(path)) if path and path.is_file() else shipped_cards()["nanodet"].classes


def only_known(photo: Labelled, known: Sequence[int]) -> Labelled:
    """The photo with only those things whose class is one of these."""
    chosen = np.isin(photo.classes, known)
    return replace(photo, boxes=photo.boxes[chosen], classes=photo.classes[chosen])


def picture_of(photo: Labelled) -> Picture:
    """The pixels."""
    return _read(photo.path)


def _read(path: Path) -> Picture:
    picture: Picture | None = needed("cv2").imread(str(path))
    if picture is None:
        raise ConfigError(f"{path} is no photo that can be read: remove it, or put it back.")
    return picture


def _labelled(path: Path, labels: Path) -> Labelled:
    """A photo without a text has nothing on it."""
    height, width = _read(path).shape[:2]
    try:
        rows = [[float(part) for part in line.split()] for line in _lines(labels)]
        table = np.array(rows, np.float64).reshape(len(rows), 5)
    except ValueError as error:
        raise ConfigError(f"{labels} needs five numbers in each line ({error}).") from error
    middles, spans = table[:, 1:3] * (width, height), table[:, 3:5] * (width, height)
    boxes = np.concatenate([middles - spans / 2, middles + spans / 2], 1)
    return Labelled(path, (height, width), boxes, table[:, 0].astype(np.int64))


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return [line.strip() for line in text.splitlines() if line.strip()]
