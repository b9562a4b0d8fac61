"""`tocsin evaluate tamper`: cameras that are covered, blurred, turned, frozen, replayed; and everyday ones."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from tocsin.model import ConfigError
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.tamper.counting import Counted, Happened, cards_of, metrics_of, told_per_deed, told_per_everyday
from tocsin.suites.tamper.deeds import DEEDS
from tocsin.suites.tamper.footage import Picture, clips, opened
from tocsin.suites.tamper.quiet import QUIET
from tocsin.suites.tamper.trials import Plan, Reel, Scene, as_recorded

FOLDERS = ("video", "cctv_clips")
"""The parts of DIR that are taken where they are there; else all clips below it."""

FRAMES_MAX = 400
"""Most pictures of a clip: what comes later is not shown."""


OTHERS_MAX = 40
"""Most pictures of another clip: of what a camera is turned to, and of who walks by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TamperTrials:
    """Every clip becomes a camera: watched for `warm_s` while all is well, then tampered with, or left in peace.

    Tampering is done on the pictures of real clips, with the noise of a sensor added to every picture and through an
    H.264 encoder. Clips are shorter than a trial, so each is shown once and then back and forth between chance
    turning points, never more than a second in one go: a loop would be a replay, and rightly told. Clips whose name
    begins with one of `tuned` were looked at state by state while rules were chosen: all others are reported apart.
    `cards` names a folder to write `vision.tamper.toml` into.
    """

    kind: ClassVar[str] = "tamper"
    verb: ClassVar[Verb] = "evaluate"

    frames_per_s: float = 8.0
    width_px_max: int = 400
    warm_s: float = 20.0
    deed_s: float = 11.0
    quiet_s: float = 60.0
    noise: float = 2.0
    alarm_s_max: float = 10.0
    tuned: tuple[str, ...] = (
        *(
            "concourse_1",
            "concourse_2",
            "left_bag",
            "fi00",
            "fi010",
            "fi011",
            "fi012",
            "fi013",
            "fi014",
            "fi015",
            "fi021",
            "fi022",
        ),
        *("fi025", "nofi00", "nofi012", "nofi013", "nofi016", "nofi018", "nofi020", "nofi023", "nofi029", "nofi030"),
        *("nofi031", "nofi032"),
    )
    only: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()
    everyday: tuple[str, ...] = ()
    cards: str = ""

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002  # no installation is needed
        """Try everything on every clip; raises ConfigError where there are no clips."""
        if self.cards and not Path(self.cards).is_dir():
            raise ConfigError(f"{self.cards} is no folder: make it, or name content/cards.")
        seed = order.seeds[0] if order.seeds else 1
        counted = Counted(self.alarm_s_max)
        for happened in self._everything(order, seed):
            counted.add(happened)
        untuned = counted.only(lambda one: not one.clip.startswith(self.tuned))
        if self.cards:
            self._write(counted, order)
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=(seed,),
            metrics={**metrics_of(counted, ""), **metrics_of(untuned, "_untuned")},
            peers={},
            detail=self._detail(counted),
        )

    def _everything(self, order: Order, seed: int) -> Iterator[Happened]:
        """What happens on each clip, in the order of the clips; every core tries one at a time."""
        paths = self._paths(order.data)
        workers = max(1, min(os.cpu_count() or 1, len(paths)))
        # Spawned, not forked: OpenCV and PyAV have threads of their own.
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            tried = pool.map(partial(self._on_clip, paths, self._plan(seed)), range(len(paths)))
            for number, happened in enumerate(tried):
                order.say(f"{number + 1} of {len(paths)} clips: {paths[number].stem}")
                yield from happened

    def _on_clip(self, paths: Sequence[Path], plan: Plan, number: int) -> list[Happened]:
        path, other = paths[number], paths[(number + 7) % len(paths)]
        reel = Reel(name=path.stem, pictures=self._opened(path), others=self._opened(other)[:OTHERS_MAX])
        recorded = [] if self.everyday else [Happened.quiet(path.stem, "as-recorded", (), as_recorded(path))]
        return [*recorded, *self._tried(reel, plan, turned=False), *self._tried(reel, plan, turned=True)]

    def _plan(self, seed: int) -> Plan:
        return Plan(
            seed=seed,
            frames_per_s=self.frames_per_s,
            warm_s=self.warm_s,
            deed_s=self.deed_s,
            quiet_s=self.quiet_s,
            noise=self.noise,
        )

    def _paths(self, data: Path | None) -> list[Path]:
        if data is None:
            raise ConfigError("Name the folder that holds the clips with --data DIR.")
        folders = [data / name for name in FOLDERS if (data / name).is_dir()] or [data]
        found = [path for folder in folders for path in clips(folder)]
        return [path for path in found if not self.only or path.stem in self.only]

    def _opened(self, path: Path) -> list[Picture]:
        return opened(path, self.frames_per_s, self.width_px_max, FRAMES_MAX)

    def _tried(self, reel: Reel, plan: Plan, *, turned: bool) -> Iterator[Happened]:
        """All deeds, and everydays, on one camera: one that is going to be turned, or not."""
        deeds = [one for one in DEEDS if one.turns is turned and (not self.deeds or one.name in self.deeds)]
        everyday = [one for one in QUIET if not turned and (not self.everyday or one.name in self.everyday)]
        if not deeds and not everyday:
            return
        scene = Scene(reel, plan, turnable=turned)
        yield Happened.quiet(reel.name, "first-view", (), scene.warm)
        for deed in deeds:
            yield Happened.deed(reel.name, deed, scene.warm, scene.done(deed))
        for quiet in everyday:
            yield Happened.quiet(reel.name, quiet.name, scene.warm, scene.lived(quiet))

    def _write(self, counted: Counted, order: Order) -> None:
        command = order.command.replace(str(order.data), "DIR")
        text = cards_of(
            counted, f"counted on {counted.hours:.1f} camera-hours of everyday made of real clips: {command}"
        )
        Path(self.cards, "vision.tamper.toml").write_text(text, encoding="utf-8")

    def _detail(self, counted: Counted) -> dict[str, Any]:
        return {
            "deeds": told_per_deed(counted),
            "everyday": told_per_everyday(counted),
            "tuned": list(self.tuned),
            "clips": sorted({one.clip for one in counted.all}),
        }
