"""`tocsin evaluate counts`: people told in clips against people counted by hand."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from msgspec import ValidationError, json

from tocsin.contract.pictures import Frame, Tracks
from tocsin.contract.resources import Resources
from tocsin.inference.detector import Detector
from tocsin.inference.opening import open_detector
from tocsin.model import ConfigError, Reading
from tocsin.perceivers.people import People
from tocsin.sources.video import Video
from tocsin.suites import Order, Report, Verb, Workshop

ENDINGS = frozenset({".avi", ".mkv", ".mov", ".mp4", ".mpg", ".webm"})

BY_HAND = "counts.json"
"""Where a folder says what was counted in its clips: name of the clip → frame number → people."""

KNOWN: Mapping[str, Mapping[int, int]] = {
    "concourse_1": {17: 46, 51: 48, 85: 50, 119: 47, 153: 41, 187: 39, 221: 40, 255: 43, 289: 45, 323: 43},
    "concourse_2": {41: 0, 125: 0, 208: 0, 292: 0, 375: 0, 459: 0, 542: 0, 626: 0, 709: 0, 793: 0},
    "left_bag": {97: 0, 292: 1, 487: 1, 681: 1, 876: 1, 1071: 1},
}
"""Counted by one of us, by eye, in frames of clips of public sets: everybody of whom at least a leg is seen.

In a crowd at the picture's edge two counts may differ by three. `concourse_2` is a test card in our copy.
"""

APART_S = 0.25
"""A count is compared with the analysed frame nearest to it, if that is no farther away."""


@dataclass(slots=True)
class Clip:
    """What was told of one clip: seconds, frame numbers and people, by way of looking."""

    at: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    told: dict[str, list[int]] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)

    def compare(self, by_hand: Mapping[int, int], way: str) -> list[dict[str, int]]:
        """Each count by hand with the one of the nearest analysed frame."""
        rows, every_s = [], self._every_s()
        for number, counted in sorted(by_hand.items()):
            nearest = int(np.argmin(np.abs(np.array(self.numbers) - number)))
            if abs(self.numbers[nearest] - number) * every_s <= APART_S:
                row = {"frame": number, "by_hand": counted, "told": self.told[way][nearest]}
                rows.append({**row, "analysed_frame": self.numbers[nearest]})
        return rows

    def _every_s(self) -> float:
        """Seconds between two frames of the clip."""
        steps = max(self.numbers[-1] - self.numbers[0], 1)
        return (self.at[-1] - self.at[0]) / steps


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsSuite:
    """Run clips through vision.people and compare how many people it tells with counts by hand.

    `--data DIR` holds clips; counts are known for some of public sets, and told by a `counts.json` in DIR for others.
    Peers on the same frames: the same perceiver with all tiles in every frame, and the detector on the whole picture.
    """

    kind: ClassVar[str] = "counts"
    verb: ClassVar[Verb] = "evaluate"

    model: str = "nanodet"
    per_s: float = 5.0

    def run(self, order: Order, _workshop: Workshop) -> Report:
        """Watch every clip for which counts are known; raises ConfigError where there is none, or no model."""
        by_hand = counts_of(order.data)
        clips = {path.stem: path for path in _clips(order.data) if path.stem in by_hand}
        if not clips:
            raise ConfigError(f"No clip in {order.data} of which people were counted: write a {BY_HAND} beside them.")
        watched = {}
        for name, path in clips.items():
            order.say(f"{name}: watching")
            watched[name] = self._watch(path)
        ways = ("scheduled", "every frame", "whole picture")
        metrics = {way: metrics_of([one.compare(by_hand[name], way) for name, one in watched.items()]) for way in ways}
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=(),
            metrics=metrics["scheduled"],
            peers={way: metrics[way] for way in ways[1:]},
            detail={name: _detail(one, by_hand[name]) for name, one in watched.items()},
        )

    def _watch(self, path: Path) -> Clip:
        clip, resources = Clip(), Resources()
        ours = {
            "scheduled": People(model=self.model, analysed_per_s=self.per_s).start(resources),
            "every frame": People(model=self.model, analysed_per_s=self.per_s, always=True).start(resources),
        }
        memories: dict[str, Any] = dict.fromkeys(ours)
        detector, least = open_detector(self.model), People().score_sure
        for reading in self._frames(path):
            clip.at.append(reading.at)
            clip.numbers.append(reading.body.number)
            for way, stage in ours.items():
                began = time.process_time()
                memories[way], perceived = stage.look(memories[way], reading)
                told = [one.body for one in perceived.readings if isinstance(one.body, Tracks)]
                self._note(clip, way, int(told[0].persons) if told else 0, began)
            began = time.process_time()
            self._note(clip, "whole picture", _in_whole(detector, reading, least), began)
        return clip

    def _note(self, clip: Clip, way: str, people: int, began: float) -> None:
        clip.told.setdefault(way, []).append(people)
        clip.cpu_s[way] = clip.cpu_s.get(way, 0.0) + time.process_time() - began

    def _frames(self, path: Path) -> Iterator[Reading[Frame]]:
        source = Video(url=str(path), source=path.stem, pace="file", start_at=0.0, frames_per_s_max=self.per_s).start(
            Resources()
        )
        try:
            while (delivered := source.next_batch(0.0)) is not None:
                yield from delivered.readings
        finally:
            source.close()


def counts_of(folder: Path | None) -> dict[str, Mapping[int, int]]:
    """What was counted by hand: as the folder says, else as is known of public clips."""
    path = None if folder is None else folder / BY_HAND
    if path is None or not path.is_file():
        return dict(KNOWN)
    try:
        return {**KNOWN, **json.decode(path.read_bytes(), type=dict[str, dict[int, int]])}
    except ValidationError as error:
        raise ConfigError(f"{path.name}: {error}. It maps names of clips to frame numbers to people.") from error


def metrics_of(clips: Sequence[Sequence[Mapping[str, int]]]) -> dict[str, float]:
    """Mean absolute error and bias in persons over all counts, and the error as a share of those who were there.

    >>> metrics_of([[{"by_hand": 10, "told": 9}, {"by_hand": 10, "told": 12}]])["mae_persons"]
    1.5
    """
    rows = [row for clip in clips for row in clip]
    off = np.array([row["told"] - row["by_hand"] for row in rows], np.float64)
    there = float(sum(row["by_hand"] for row in rows))
    return {
        "counts": float(len(rows)),
        "mae_persons": float(np.abs(off).mean()),
        "bias_persons": float(off.mean()),
        "error_share": float(np.abs(off).sum() / there) if there else 0.0,
        "bias_share": float(off.sum() / there) if there else 0.0,
        "worst_persons": float(np.abs(off).max()),
    }


def _in_whole(detector: Detector, reading: Reading[Frame], least: float) -> int:
    return len(detector.detect([reading.body.array], score_min=least)[0].only("person"))


def _clips(folder: Path | None) -> list[Path]:
    if folder is None or not folder.is_dir():
        raise ConfigError("evaluate counts needs --data DIR with clips.")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)


def _detail(clip: Clip, by_hand: Mapping[int, int]) -> dict[str, Any]:
    return {
        "counts": {way: clip.compare(by_hand, way) for way in clip.told},
        "over_time": {
            "at_s": [round(at, 2) for at in clip.at],
            "people": dict(clip.told),
        },
        "cpu_s_per_s": {
            way: round(spent / max(clip.at[-1] - clip.at[0], 1e-9), 3) for way, spent in clip.cpu_s.items()
        },
        "metrics": {way: metrics_of([clip.compare(by_hand, way)]) for way in clip.told},
    }
