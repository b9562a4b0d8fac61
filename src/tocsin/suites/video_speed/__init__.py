"""`tocsin bench video`: how many cameras one core carries, and whether looking seldom still sees everybody."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tocsin.model import ConfigError, TocsinError
from tocsin.perceivers.people import People
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.video_speed import comparing, memory
from tocsin.suites.video_speed.delay import Delays, delays, p99
from tocsin.suites.video_speed.footage import HEIGHT_MIN, clips_of, invented
from tocsin.suites.video_speed.running import Ran, run, scheduled, timed, whole_picture

BUSY = 0.8
"""How far cores are filled where the delay under load is told."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One clip, looked at in every way."""

    every: Ran
    ours: Ran
    plain: Ran
    reference: Ran | None
    delays: Delays
    bytes_per_camera: float
    no_masks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoBench:
    """Measure cameras per core at `per_s` analysed frames a second, on clips as cameras would deliver them.

    Each clip is looked at three times in one run: by the detector in all tiles of every analysed frame, by the
    scheduling that ships, and by the detector on the whole picture alone, the cheapest way. Cost is CPU time of this
    process, decoding every frame included. A fourth run, twice as dense in time and in tiles, is the reference for
    all three (`reference` switches it off): whole people whom it follows for a second or more. Besides, ours is
    compared with the run on every frame directly, both ways. The headline is about clips of 720 lines and more,
    where there are any; every clip is in `detail`.
    """

    kind: ClassVar[str] = "video"
    verb: ClassVar[Verb] = "bench"

    model: str = "nanodet"
    per_s: float = 5.0
    seconds_max: float = 20.0
    clips_max: int = 3
    reference: bool = True
    cameras_measured: int = 4

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Measure; raises ConfigError without clips in `--data`, or without the model."""
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
            clips = clips_of(order.data, self.clips_max) if order.data else [invented(Path(folder, "invented.avi"))]
            self._warm_up(clips[0])
            compared = {clip.stem: self._compare(clip, order, workshop) for clip in clips}
        high = {name: one for name, one in compared.items() if one.ours.size[0] >= HEIGHT_MIN}
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data or "a made-up clip"),
            seed=(),
            metrics=self._metrics(high or compared),
            peers={},
            detail={
                "clips": {name: self._metrics({name: one}) | _about(one) for name, one in compared.items()},
                "headline": sorted(high or compared),
                "cpus": os.cpu_count(),
                "load": os.getloadavg(),
            },
        )

    def _warm_up(self, clip: Path) -> None:
        """Look once, so that whoever is measured first does not pay for loading the libraries."""
        detector = timed(self.model)
        people = People(model=self.model, analysed_per_s=self.per_s)
        run(clip, scheduled(people, detector), detector, per_s=self.per_s, seconds_max=1.0)

    def _compare(self, clip: Path, order: Order, workshop: Workshop) -> Compared:
        order.say(f"{clip.stem}: the detector in every frame")
        every = self._ran(clip, People(model=self.model, analysed_per_s=self.per_s, always=True))
        order.say(f"{clip.stem}: the scheduling that ships")
        people = People(model=self.model, analysed_per_s=self.per_s)
        try:
            ours, no_masks = self._ran(clip, people, masks=True), ""
        except TocsinError as error:
            ours, no_masks = self._ran(clip, people), str(error)
        order.say(f"{clip.stem}: the whole picture alone")
        detector = timed(self.model)
        way = whole_picture(detector, sure=people.score_sure, least=people.score_min)
        plain = run(clip, way, detector, per_s=self.per_s, seconds_max=self.seconds_max)
        order.say(f"{clip.stem}: from frame to finding")
        took = delays(clip, self.model, workshop, per_s=self.per_s, seconds_max=self.seconds_max)
        kept = memory.bytes_per_camera(clip, people, self.cameras_measured, self.per_s)
        return Compared(every, ours, plain, self._reference(clip, order), took, kept, no_masks)

    def _ran(self, clip: Path, people: People, *, masks: bool = False) -> Ran:
        detector = timed(self.model)
        way = scheduled(people, detector)
        return run(clip, way, detector, per_s=self.per_s, seconds_max=self.seconds_max, masks=masks)

    def _reference(self, clip: Path, order: Order) -> Ran | None:
        if not self.reference:
            return None
        order.say(f"{clip.stem}: the reference, twice as dense")
        detector, per_s = timed(self.model), 2.0 * self.per_s
        people = People(model=self.model, analysed_per_s=per_s, always=True, tile_overlap=0.45)
        return run(clip, scheduled(people, detector), detector, per_s=per_s, seconds_max=self.seconds_max)

    def _metrics(self, compared: Mapping[str, Compared]) -> dict[str, float]:
        all_of = list(compared.values())
        every, ours, plain = (_load([getattr(one, name) for one in all_of]) for name in ("every", "ours", "plain"))
        cameras = max(1, int(BUSY / max(ours, 1e-9)))
        found = {
            "cameras_per_core_every_frame": 1 / every,
            "cameras_per_core": 1 / ours,
            "ratio": every / ours,
            "cameras_per_core_whole_picture": 1 / plain,
            **_recalls(all_of),
            "delay_p99_s": p99([took for one in all_of for took in one.delays.frames_s]),
            "finding_delay_max_s": max((took for one in all_of for took in one.delays.findings_s), default=0.0),
            "findings": float(sum(len(one.delays.findings_s) for one in all_of)),
            "delay_p99_loaded_s": p99([took for one in all_of for took in one.delays.queued(cameras, self.per_s)]),
            "cameras_loaded": float(cameras),
            "memory_per_camera_mib": max(one.bytes_per_camera for one in all_of) / 2**20,
            **_shares([one.ours for one in all_of]),
        }
        return {name: round(value, 4) for name, value in found.items()}


def _load(ran: Sequence[Ran]) -> float:
    """CPU seconds per second of a camera, on average over the clips."""
    loads = [one.load for one in ran if one.seconds > 0]
    if not loads:
        raise ConfigError("No picture could be read from these clips: there is nothing to measure.")
    return sum(loads) / len(loads)


def _recalls(compared: Sequence[Compared]) -> dict[str, float]:
    """How much of the reference each way covers; how much of one another ours and every frame cover."""
    found: dict[str, float] = {}
    ways = {"track_recall_every_frame": "every", "track_recall": "ours", "track_recall_whole_picture": "plain"}
    for name, attribute in ways.items():
        pairs = [
            comparing.covered(one.reference.shown, getattr(one, attribute).shown, _people(one.reference))
            for one in compared
            if one.reference is not None
        ]
        found |= _share(name, pairs)
    every_people = [comparing.covered(one.every.shown, one.ours.shown, _people(one.every)) for one in compared]
    ours_people = [comparing.covered(one.ours.shown, one.every.shown, _people(one.ours)) for one in compared]
    found |= _share("every_frame_covered", every_people) | _share("covered_by_every_frame", ours_people)
    return found | _share(
        "every_frame_covered_all_boxes", [comparing.covered(one.every.shown, one.ours.shown) for one in compared]
    )


def _people(ran: Ran) -> list[comparing.Bools]:
    return comparing.whole_people(ran.shown, ran.size)


def _share(name: str, pairs: Sequence[tuple[int, int]]) -> dict[str, float]:
    """The share, where there is anything to have a share of."""
    count = sum(pair[1] for pair in pairs)
    return {name: sum(pair[0] for pair in pairs) / count} if count else {}


def _shares(ran: Sequence[Ran]) -> dict[str, float]:
    """Of the CPU time of our way, masks included: what decoding, detecting, following and masking take."""
    parts = {name: sum(getattr(one, f"{name}_s") for one in ran) for name in ("decode", "detect", "track", "mask")}
    whole, pictures = sum(parts.values()), sum(one.pictures for one in ran)
    made = {f"{name}_share": spent / whole for name, spent in parts.items()}
    return made | ({"mask_ms_per_picture": 1000 * parts["mask"] / pictures} if pictures else {})


def _about(one: Compared) -> dict[str, Any]:
    return {
        "height_px": one.ours.size[0],
        "width_px": one.ours.size[1],
        "seconds": one.ours.seconds,
        "runs_per_s": {
            name: round(getattr(one, name).runs / max(one.ours.seconds, 1e-9), 2) for name in ("every", "ours", "plain")
        },
        "cpu_s_per_s": {name: round(getattr(one, name).load, 4) for name in ("every", "ours", "plain")},
        "decode_s_per_s": round(one.ours.decode_s / max(one.ours.seconds, 1e-9), 4),
        "tracks": {name: comparing.tracks(getattr(one, name).shown) for name in ("every", "ours", "plain")},
        "masks": one.no_masks or f"{one.ours.pictures} pictures",
    }
