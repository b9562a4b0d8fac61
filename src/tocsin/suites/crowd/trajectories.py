"""Trajectories of a laboratory: who was where in each frame, in metres, as PeTrack and JuPedSim write them."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tocsin.model import ConfigError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HERMES_FPS = 16.0
"""Frame rate of files without a header: the HERMES experiments of 2009 (PedPy's and OpenTraj's notes say so)."""

STEP_M_MAX = 0.5
"""Nobody walks further than this between two frames: where the usual step is longer, the file is in centimetres."""


@dataclass(frozen=True, slots=True)
class Trajectories:
    """One row per person and frame, ordered by frame."""

    name: str
    frame_rate: float
    ids: Ints
    frames: Ints
    places: Floats

    @classmethod
    def read(cls, path: Path) -> "Trajectories":
        """Read a file of `id frame x y [z …]`; raises ConfigError naming it where it is none."""
        text = path.read_text(encoding="utf-8", errors="replace")
        header = "\n".join(line for line in text.splitlines()[:40] if line.lstrip().startswith("#"))
        rows = [line.split()[:4] for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        try:
            table = np.array(rows, dtype=np.float64)
        except ValueError as error:
            raise ConfigError(f"{path.name} is no file of trajectories (id frame x y): {error}.") from error
        if table.ndim != 2 or table.shape[1] != 4 or not np.isfinite(table).all():
            raise ConfigError(f"{path.name} is no file of trajectories: lines of id, frame, x and y are needed.")
        table = table[np.lexsort((table[:, 0], table[:, 1]))]
        ids, frames = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
        places = table[:, 2:4] * _metres(header, ids, frames, table[:, 2:4])
        return cls(path.stem, _frame_rate(header), ids, frames, places)


def found(folder: Path) -> list[Path]:
    """The files of trajectories in a folder; raises ConfigError where there is none."""
    files = [path for path in sorted(folder.rglob("*.txt")) if _looks_right(path)]
    if not files:
        raise ConfigError(f"No trajectories in {folder}: put files there with lines of id, frame, x, y (*.txt).")
    return files


def _looks_right(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as lines:
        first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    return len(first.split()) >= 4 and all(re.fullmatch(r"[-+.\deE]+", word) for word in first.split()[:4])


def _frame_rate(header: str) -> float:
    told = re.search(r"frame\s*_?rate\D*?([\d.]+)", header, flags=re.IGNORECASE)
    return float(told.group(1)) if told else HERMES_FPS


def _metres(header: str, ids: Ints, frames: Ints, places: Floats) -> float:
    """What a unit of the file is in metres: as its header says, else by how far people step."""
    told = re.search(r"\bx\s*[/\[(]\s*(?:in\s*)?(cm|m)\b", header)
    if told:
        return 0.01 if told.group(1) == "cm" else 1.0
    order = np.lexsort((frames, ids))
    same = (np.diff(ids[order]) == 0) & (np.diff(frames[order]) == 1)
    step = np.linalg.norm(np.diff(places[order], axis=0), axis=1)[same]
    return 0.01 if len(step) and float(np.median(step)) > STEP_M_MAX else 1.0
