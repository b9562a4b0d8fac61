"""`tocsin evaluate coco`: how well a detector of the registry finds the things of labelled photos."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tocsin.inference.detected import Detected, Picture
from tocsin.inference.detector import Detector
from tocsin.inference.opening import open_detector
from tocsin.model import ConfigError
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.coco.judging import judged
from tocsin.suites.coco.labels import Labelled, labelled, picture_of
from tocsin.suites.coco.precision import Scored, means


@dataclass(frozen=True, slots=True, kw_only=True)
class Coco:
    """Average precision as COCO defines it: 101 points, overlaps .50 to .95, all sizes, at most 100 boxes.

    `--data DIR` holds `images` and `labels` (one text per photo: class, and middle and size as shares). pycocotools
    counts, from the environment of the peers; where that is absent, our own count does, and says so. Its speed is
    measured apart, with boxes of `score_speed` and more, as in operation.
    """

    kind: ClassVar[str] = "coco"
    verb: ClassVar[Verb] = "evaluate"

    model: str = "nanodet"
    backend: str = "onnxruntime"
    threads: int = 1
    score_min: float = 0.01
    score_speed: float = 0.25
    person: str = "person"
    peer_python: str = ".venv-peers/bin/python"

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002 - no installation is needed
        """Detect, count, time; raises ConfigError where data or model cannot be used."""
        photos = labelled(order.data)
        detector = open_detector(self.model, threads=self.threads, backend=self.backend)
        if self.person not in detector.names:
            raise ConfigError(f"{self.model} knows no {self.person!r}: name one of its classes with --set person=NAME.")
        found = self._found(photos, detector, order)
        person = detector.names.index(self.person)
        own = means([scored(*pair) for pair in zip(photos, found, strict=True)], person)
        counted = judged(Path(self.peer_python), photos, found, person)
        rate = self._rate([picture_of(photo) for photo in photos], detector)
        metrics = {**(counted or own), "pictures": float(len(photos)), "pictures_per_s": rate}
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=order.seeds,
            metrics=metrics,
            peers={},
            detail=self._detail(counted, own),
        )

    def _found(self, photos: Sequence[Labelled], detector: Detector, order: Order) -> list[Detected]:
        found = []
        for number, photo in enumerate(photos, start=1):
            found += detector.detect([picture_of(photo)], score_min=self.score_min)
            if number % 32 == 0:
                order.say(f"{number} of {len(photos)} photos")
        return found

    def _rate(self, pictures: Sequence[Picture], detector: Detector) -> float:
        """Photos per second of CPU time, reading them not counted."""
        began = time.process_time()
        for picture in pictures:
            detector.detect([picture], score_min=self.score_speed)
        return len(pictures) / (time.process_time() - began)

    def _detail(self, counted: dict[str, float] | None, own: dict[str, float]) -> dict[str, Any]:
        judge = "pycocotools" if counted else f"our own count: there is no {self.peer_python} (make peers)"
        return {"model": self.model, "backend": self.backend, "threads": self.threads, "judge": judge, "own": own}


def scored(photo: Labelled, found: Detected) -> Scored:
    """Truth and boxes of one photo, side by side."""
    return Scored(
        truth=photo.boxes,
        truth_classes=photo.classes,
        boxes=found.boxes.astype(np.float64),
        scores=found.scores,
        classes=found.classes,
    )
