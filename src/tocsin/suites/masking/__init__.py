"""`tocsin evaluate masking`: who is covered, what else is, which faces are still found, what leaks in video."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tocsin.contract.resources import Resources
from tocsin.inference.opening import open_faces
from tocsin.inference.photos import label_names, labelled
from tocsin.model import ConfigError
from tocsin.perceivers.masking import Masking
from tocsin.perceivers.masking.running import RunningMasking
from tocsin.perceivers.people import People
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.masking import footage, stills
from tocsin.suites.masking.judging import Judge

PERSON = "person"

PHOTOS, CLIPS = "coco_val128", ("cctv_clips", "video")
"""Folders that are looked for below `--data`."""

SIZES_PX = (24.0, 48.0, 96.0, 192.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskingSuite:
    """Measure masking on labelled photos (`coco_val128`) and on clips (`cctv_clips`, `video`) below `--data DIR`.

    Any of the three may be absent; a DIR that holds `images` and `labels`, or clips, is one itself. Photos go through
    the perceivers as a single frame each. A labelled person counts as covered where 95 % of the box is filled;
    `masked_elsewhere` is the filled share of what lies in no labelled box, over all photos, `_mean` per photo; `_even`
    and `_odd` tell photos apart by number (masking was tuned on the even ones). The judges, face detectors that
    masking does not use, look at the JPEGs and, if `closely`, at everybody cut out and enlarged, before and after.
    Clips have no labels: there, boxes of detectors that look at every part of every frame stand for the truth.
    """

    kind: ClassVar[str] = "masking"
    verb: ClassVar[Verb] = "evaluate"

    judges: tuple[str, ...] = ("blazeface-back", "facemesh-detection-full")
    judge_score_min: float = 0.2
    side_px: float = 24.0
    closely: bool = True
    references: tuple[str, ...] = ("nanodet", "mb3-centernet")
    frames_per_s: float = 5.0
    clips_max: int = 60
    frames_max: int = 200
    width_max: int = 1280
    models: tuple[str, ...] = field(default_factory=lambda: Masking().models)

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002  # no installation is needed
        """Mask, compare, judge; raises ConfigError where there is nothing to mask."""
        if order.data is None:
            raise ConfigError(f"Give --data with a folder that holds any of {PHOTOS}, {', '.join(CLIPS)}.")
        masking = Masking(models=self.models).start(Resources())
        if masking.problem:
            raise ConfigError(masking.problem)
        photos, folders = _photos(order.data), _clips(order.data)
        if photos is None and not folders:
            raise ConfigError(f"{order.data} holds neither photos with labels nor clips: name another folder.")
        metrics: dict[str, float] = {}
        detail: dict[str, Any] = {"models": self.models, "judges": self.judges}
        if photos is not None:
            self._stills(photos, masking, order, metrics, detail)
        if folders:
            self._footage(folders, masking, order, metrics, detail)
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=order.seeds,
            metrics=metrics,
            peers={},
            detail=detail,
        )

    def _stills(
        self, folder: Path, masking: RunningMasking, order: Order, metrics: dict[str, float], detail: dict[str, Any]
    ) -> None:
        judges = {name: Judge(open_faces(name), self.judge_score_min, self.closely) for name in self.judges}
        chain = stills.Chain(People(always=True).start(Resources()), masking, judges)
        names = label_names(folder)
        if PERSON not in names:
            raise ConfigError(f"The labels of {folder} know no {PERSON}: put a classes.txt beside them that does.")
        found = stills.through(labelled(folder), chain, names.index(PERSON), order.say)
        metrics.update(stills.measured(found))
        for half, chosen in (("even", True), ("odd", False)):
            part = stills.measured([one for one in found if one.even is chosen])
            kept = ("persons", "persons_covered_95", "masked_elsewhere", "masked_elsewhere_mean")
            metrics.update({f"{name}_{half}": part[name] for name in kept})
        metrics.update(self._faces(found, detail))
        metrics["ms_per_picture"] = float(np.median([one.ms for one in found]))
        detail["by_size_px"] = stills.by_size(found, SIZES_PX)
        detail["covered_least"] = stills.worst(found, 20)

    def _faces(self, found: list[stills.Still], detail: dict[str, Any]) -> dict[str, float]:
        """Counts of the first judge as metrics, of all with sizes as detail."""
        judged = {name: stills.judged_by(name, found, self.side_px) for name in self.judges}
        detail["faces"] = {name: one.rows for name, one in judged.items()}
        first = judged[self.judges[0]]
        return {
            "faces_24px": first.after[0],
            "faces_below_24px": first.after[1],
            "faces_24px_before": first.before[0],
            "faces_below_24px_before": first.before[1],
            "faces_24px_on_fill": first.on_fill,
            "faces_24px_any_judge": max(one.after[0] for one in judged.values()),
            "faces_24px_any_judge_open": max(one.after[0] - one.on_fill for one in judged.values()),
        }

    def _footage(
        self,
        folders: list[Path],
        masking: RunningMasking,
        order: Order,
        metrics: dict[str, float],
        detail: dict[str, Any],
    ) -> None:
        trial = footage.Trial(
            people=lambda: People().start(Resources()),
            masking=masking,
            references=[partial(People(model=name, always=True).start, Resources()) for name in self.references],
            frames_per_s=self.frames_per_s,
            width_max=self.width_max,
            frames_max=self.frames_max,
        )
        every = footage.Leaks()
        for folder in folders:
            leaks = footage.Leaks()
            for path in footage.clips(folder, self.clips_max):
                order.say(f"{folder.name}: {path.name}")
                trial.clip(path, leaks)
            if leaks.covered:
                detail[folder.name] = {**footage.measured(leaks), **footage.detail(leaks)}
            every.take(leaks)
        metrics.update(footage.measured(every))


def _photos(data: Path) -> Path | None:
    """The folder of labelled photos."""
    return next((one for one in (data / PHOTOS, data) if (one / "images").is_dir() and (one / "labels").is_dir()), None)


def _clips(data: Path) -> list[Path]:
    """Folders of clips."""
    known = [data / name for name in CLIPS if (data / name).is_dir()]
    return known or ([data] if footage.clips(data, 1) and _photos(data) is None else [])
