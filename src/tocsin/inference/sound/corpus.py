"""Folders of labelled sounds: files named `CLASS_*`, or any files with a CSV of labels; read through PyAV."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.inference.sessions import needed
from tocsin.inference.sound.spectra import RATE_HZ, Floats
from tocsin.model import BadInput, ConfigError

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aiff", ".aif")
CLASSES = ("casual", "explosion", "gunshot", "siren")
WORDS: dict[str, tuple[str, ...]] = {
    "gunshot": ("gunshot", "gun_shot", "gun-shot", "gun shot", "gunfire", "shot", "rifle", "pistol"),
    "explosion": ("explosion", "blast", "bomb", "detonation"),
    "siren": ("siren", "emergency_vehicle"),
}
"""How other corpora call our classes: a label that begins so is meant; every other one is `casual`."""

CLIP_S_MAX = 120.0
"""Longest piece that is taken of one file."""

_FILE = ("file", "filename", "file_name", "slice_file_name", "path", "fname", "name")
_LABEL = ("label", "class", "category", "classname", "class_name", "target_label")


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled sound: samples (n,) at RATE_HZ, full scale 1.0; `label` as its corpus has it."""

    name: str
    label: str
    samples: Floats

    @property
    def kind(self) -> str:
        """Our class of it."""
        return class_of(self.label)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / RATE_HZ


def class_of(label: str) -> str:
    """Which of CLASSES a label means.

    >>> [class_of(label) for label in ("gun_shot", "Siren", "dog_bark")]
    ['gunshot', 'siren', 'casual']
    """
    plain = label.strip().lower()
    return next((name for name, words in WORDS.items() if plain.startswith(words)), "casual")


def read_audio(path: Path, seconds_max: float = CLIP_S_MAX) -> Floats:
    """The first audio of a file, mono at RATE_HZ; raises BadInput with the reason where there is none."""
    av = needed("av")
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            stream = container.streams.best("audio")
            if stream is None:
                raise BadInput(f"{path.name} holds no audio.")
            parts = _decoded(av, container, stream, round(seconds_max * RATE_HZ))
    except (av.FFmpegError, ValueError) as error:
        raise BadInput(f"{path.name} cannot be read as audio ({type(error).__name__}).") from error
    if not parts:
        raise BadInput(f"{path.name} holds no audio that can be read.")
    return np.concatenate(parts).astype(float)[: round(seconds_max * RATE_HZ)]


def _decoded(av: Any, container: Any, stream: Any, most: int) -> list[Floats]:  # noqa: ANN401  # PyAV is optional
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    parts: list[Floats] = []
    count = 0
    for frame in container.decode(stream):
        for made in resampler.resample(frame):
            parts.append(made.to_ndarray().ravel())
            count += len(parts[-1])
        if count >= most:
            return parts
    parts += [made.to_ndarray().ravel() for made in resampler.resample(None)]
    return parts


def read_corpus(folder: Path) -> tuple[list[Clip], list[tuple[str, str]]]:
    """All labelled clips of a folder, in order of name, and the files that could not be read with the reason.

    Raises ConfigError where the folder holds no labelled sound.
    """
    labels = labels_of(folder)
    clips, rejected = [], []
    for path, label in sorted(labels.items()):
        try:
            samples = read_audio(path)
        except (BadInput, OSError) as error:
            rejected.append((path.name, str(error)))
            continue
        clips.append(Clip(path.stem, label, samples))
    if not clips:
        raise ConfigError(
            f"{folder} holds no labelled sounds: files named CLASS_NUMBER.wav, or a CSV of file and label."
        )
    return clips, rejected


def labels_of(folder: Path) -> dict[Path, str]:
    """Each sound file with its label: from a CSV in the folder where there is one, else from its name."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder: give the one with the labelled sounds.")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file()]
    told: dict[str, str] = {}
    for table in sorted(folder.glob("*.csv")):
        told |= _of_csv(table)
    if told:
        found = {path: told[key] for path in files for key in (path.name, path.stem) if key in told}
        if found:
            return found
    return {path: path.stem.rpartition("_")[0] or path.stem for path in files}


def _of_csv(table: Path) -> dict[str, str]:
    with table.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.DictReader(file)
        names = {name.strip().lower(): name for name in rows.fieldnames or ()}
        where = next((names[one] for one in _FILE if one in names), None)
        what = next((names[one] for one in _LABEL if one in names), None)
        if where is None or what is None:
            return {}
        return {Path(row[where] or "").name: row[what] or "" for row in rows}
