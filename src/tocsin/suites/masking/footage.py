"""Clips without labels: what masking leaves open of people whom detectors find when they look at everything."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.pictures import Frame, Scene, Tracks
from tocsin.contract.resources import Resources
from tocsin.model import BadInput, ConfigError, Origin, Reading
from tocsin.perceivers.masking.filling import whole_px
from tocsin.perceivers.masking.memory import Memory
from tocsin.perceivers.masking.running import RunningMasking
from tocsin.perceivers.people.looking import Looking
from tocsin.sources.video import Video
from tocsin.suites.masking.stills import COVERED, Floats, binned

ENDINGS = {".avi", ".mkv", ".mov", ".mp4", ".mpg", ".webm"}

SIZES_PX = (40.0, 80.0, 160.0)
"""Heights of people in pixels, between which leaks are told apart."""

LUMINANCES = (40.0, 80.0, 130.0)
"""Mean grey levels of people's boxes, between which leaks are told apart."""


@dataclass(slots=True)
class Leaks:
    """Per frame of a reference track: how much of its box was filled, its height, how bright it is, whose it is."""

    covered: list[float] = field(default_factory=list)
    height_px: list[float] = field(default_factory=list)
    luminance: list[float] = field(default_factory=list)
    track: list[str] = field(default_factory=list)
    pictures: int = 0
    refused: int = 0
    filled: list[float] = field(default_factory=list)

    def add(self, clip: str, tracks: Sequence[tuple[str, Floats]], picture: NDArray[np.uint8], filled: Floats) -> None:
        """Compare the mask of one frame with the people known to be in it."""
        for name, box in tracks:
            left, top, right, bottom = whole_px(box[None].astype(np.float32), filled.shape)[0].tolist()
            if right > left and bottom > top:
                self.covered.append(float(filled[top:bottom, left:right].mean()))
                self.height_px.append(float(bottom - top))
                self.luminance.append(float(picture[top:bottom, left:right, 1].mean()))
                self.track.append(f"{clip} {name}")

    def take(self, others: "Leaks") -> None:
        """Those of another folder too."""
        self.covered += others.covered
        self.height_px += others.height_px
        self.luminance += others.luminance
        self.track += others.track
        self.filled += others.filled
        self.pictures += others.pictures
        self.refused += others.refused


@dataclass(frozen=True, slots=True)
class Trial:
    """The masker with the scheduled perceiver before it, and the references that look at everything in every frame."""

    people: Callable[[], Looking]
    masking: RunningMasking
    references: Sequence[Callable[[], Looking]]
    frames_per_s: float
    width_max: int
    frames_max: int

    def clip(self, path: Path, leaks: Leaks) -> None:
        """One clip; the masks are compared with all reference tracks of the same frame."""
        people, references = self.people(), [make() for make in self.references]
        watch: Any = None
        memory: Memory | None = None
        states: list[Any] = [None] * len(references)
        for reading in _frames(path, self):
            watch, perceived = people.look(watch, reading)
            known: list[tuple[str, Floats]] = []
            for number, reference in enumerate(references):
                states[number], seen = reference.look(states[number], reading)
                known += [(f"{number}.{name}", box) for name, box in _persons(seen.readings)]
            scenes = [one for one in perceived.readings if isinstance(one.body, Scene)]
            memory = self._compare(path.stem, scenes, memory, known, leaks) if scenes else memory

    def _compare(
        self,
        clip: str,
        scenes: Sequence[Reading[Scene]],
        memory: Memory | None,
        known: Sequence[tuple[str, Floats]],
        leaks: Leaks,
    ) -> Memory:
        memory, scene = self.masking.remembered(memory, scenes[0])
        try:
            made = self.masking.masked(memory, scenes[0], scene)
        except BadInput:
            leaks.refused += 1
            return memory
        leaks.pictures += 1
        leaks.filled.append(made.mask.share)
        leaks.add(clip, known, scene.picture, (made.mask.filled > 0).astype(np.float64))
        return memory


def clips(folder: Path, count_max: int) -> list[Path]:
    """Clips of a folder, evenly chosen where there are more than wanted."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    step = max(1.0, len(found) / count_max)
    return [found[int(number * step)] for number in range(min(count_max, len(found)))]


def _frames(path: Path, trial: Trial) -> Iterator[Reading[Frame]]:
    source = Video(
        url=str(path),
        source=path.stem,
        pace="file",
        frames_per_s_max=trial.frames_per_s,
        width_max=trial.width_max,
        start_at=0.0,
        origin=Origin.REPLAY,
    ).start(Resources())
    try:
        for _ in range(trial.frames_max):
            delivered = source.next_batch(0.0)
            if delivered is None:
                return
            yield from delivered.readings
    finally:
        source.close()


def _persons(readings: Sequence[Reading[Any]]) -> list[tuple[str, Floats]]:
    """People of a reference that it saw in this very frame, in pixels."""
    scene = next((one.body for one in readings if isinstance(one.body, Scene)), None)
    told = next((one.body for one in readings if isinstance(one.body, Tracks)), None)
    if scene is None or told is None:
        return []
    height, width = scene.frame.picture.shape[:2]
    size = np.array([width, height, width, height], np.float64)
    people = [one for one in told.tracks if one.label == "person" and not one.held]
    return [(str(one.id), np.array(one.box) * size) for one in people]


def measured(leaks: Leaks) -> dict[str, float]:
    """Leakage over all frames of all reference tracks, and in the worst of them."""
    if not leaks.covered:
        raise ConfigError("No person was followed in these clips: there is nothing to measure masks against.")
    covered = np.array(leaks.covered)
    names, whose = np.unique(leaks.track, return_inverse=True)
    frames = np.bincount(whose)
    leaky = np.bincount(whose, covered < COVERED) / frames
    return {
        "tracks": float(len(names)),
        "track_frames": float(len(covered)),
        "track_frames_leaking": float((covered < COVERED).mean()),
        "track_frames_half_open": float((covered < 0.5).mean()),
        "track_area_open": float((1 - covered).mean()),
        "tracks_never_leaking": float((leaky == 0).mean()),
        "worst_track_leaking": float(leaky[frames >= min(5, frames.max())].max()),
        "video_pictures": float(leaks.pictures),
        "video_pictures_refused": float(leaks.refused),
        "video_filled": float(np.mean(leaks.filled)) if leaks.filled else 0.0,
        **{
            f"leaking_{name}_{part.replace(' ', '_')}": float((covered[chosen] < COVERED).mean())
            for name, parts in _parts(leaks).items()
            for part, chosen in parts.items()
        },
    }


def detail(leaks: Leaks) -> dict[str, object]:
    """How many track-frames there are of each size and darkness, and the tracks that leak most."""
    counts = {
        f"{name}_track_frames": {part: int(chosen.sum()) for part, chosen in parts.items()}
        for name, parts in _parts(leaks).items()
    }
    return {**counts, "worst": _worst(leaks)}


def _parts(leaks: Leaks) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """The track-frames by size and by darkness, as far as there are any."""
    values = {"height_px": (np.array(leaks.height_px), SIZES_PX), "luminance": (np.array(leaks.luminance), LUMINANCES)}
    return {
        name: {part: chosen for part, chosen in binned(found, edges).items() if chosen.any()}
        for name, (found, edges) in values.items()
    }


def _worst(leaks: Leaks) -> list[dict[str, object]]:
    names, whose = np.unique(leaks.track, return_inverse=True)
    covered = np.array(leaks.covered)
    rows = [
        (float((covered[whose == n] < COVERED).mean()), int((whose == n).sum()), str(name))
        for n, name in enumerate(names)
    ]
    rows.sort(key=lambda row: (-row[0], -row[1]))
    return [
        {"track": name, "frames": frames, "leaking": round(share, 3)} for share, frames, name in rows[:10] if share > 0
    ]
