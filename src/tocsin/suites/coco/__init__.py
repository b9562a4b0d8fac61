"""`tocsin evaluate coco`: how well a detector of the registry finds the things of labelled photos."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.cards import card_of
from tocsin.inference.detected import Detected, Picture, Posed
from tocsin.inference.folder import models_folder
from tocsin.inference.opening import open_detector, open_poses
from tocsin.inference.photos import Labelled, label_names, labelled, only_known, picture_of
from tocsin.model import ConfigError
from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.coco.judging import judged
from tocsin.suites.coco.precision import Scored, means

Eyes = Callable[[Picture, float], Detected]
"""A picture and the least score; what is found, under the numbers of the labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coco:
    """Average precision as COCO defines it: 101 points, overlaps .50 to .95, all sizes, at most 100 boxes.

    `--data DIR` holds `images` and `labels` (one text per photo: class, and middle and size as shares); the classes
    are COCO's 80, or those of a `classes.txt` there, one per line. Only classes that the model knows count
    (`person_ap50` where it knows people); a model of poses is measured by its boxes of people. pycocotools counts,
    from the environment of the peers; where that is absent, our own count does, and says so. Speed is measured
    apart, with boxes of `score_speed` and more.
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
        names = label_names(order.data)
        known = [names.index(name) for name in card_of(self.model, models_folder()).classes if name in names]
        if not known:
            raise ConfigError(f"{self.model} knows none of the classes of these labels: put a classes.txt beside them.")
        person = names.index(self.person) if self.person in [names[number] for number in known] else None
        photos = [only_known(photo, known) for photo in labelled(order.data)]
        eyes = self._eyes(names)
        found = self._found(photos, eyes, order)
        own = means([scored(*pair) for pair in zip(photos, found, strict=True)], person)
        counted = judged(Path(self.peer_python), photos, found, person)
        rate = self._rate([picture_of(photo) for photo in photos], eyes)
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=order.seeds,
            metrics={**(counted or own), "pictures": float(len(photos)), "pictures_per_s": rate},
            peers={},
            detail={**self._detail(counted, own), "classes": len(known)},
        )

    def _eyes(self, names: Sequence[str]) -> Eyes:
        """The model, whichever it is, with the labels' numbers for its classes."""
        if card_of(self.model, models_folder()).sense == "poses":
            poser = open_poses(self.model, threads=self.threads, backend=self.backend)
            return lambda picture, least: _people(poser.poses([picture], score_min=least)[0], names, self.person)
        detector = open_detector(self.model, threads=self.threads, backend=self.backend)
        numbers = np.array([names.index(name) if name in names else -1 for name in detector.names])
        return lambda picture, least: _numbered(detector.detect([picture], score_min=least)[0], numbers)

    def _found(self, photos: Sequence[Labelled], eyes: Eyes, order: Order) -> list[Detected]:
        found = []
        for number, photo in enumerate(photos, start=1):
            found.append(eyes(picture_of(photo), self.score_min))
            if number % 32 == 0:
                order.say(f"{number} of {len(photos)} photos")
        return found

    def _rate(self, pictures: Sequence[Picture], eyes: Eyes) -> float:
        """Photos per second of CPU time, reading them not counted."""
        began = time.process_time()
        for picture in pictures:
            eyes(picture, self.score_speed)
        return len(pictures) / (time.process_time() - began)

    def _detail(self, counted: dict[str, float] | None, own: dict[str, float]) -> dict[str, Any]:
        judge = "pycocotools" if counted else f"our own count: there is no {self.peer_python} (make peers)"
        return {"model": self.model, "backend": self.backend, "threads": self.threads, "judge": judge, "own": own}


def _numbered(found: Detected, numbers: NDArray[np.int64]) -> Detected:
    known = found.where(numbers[found.classes] >= 0)
    return Detected(known.boxes, known.scores, numbers[known.classes], found.names)


def _people(found: Posed, names: Sequence[str], person: str) -> Detected:
    classes = np.full(len(found), names.index(person))
    return Detected(found.boxes, found.scores, classes, tuple(names))


def scored(photo: Labelled, found: Detected) -> Scored:
    """Truth and boxes of one photo, side by side."""
    return Scored(
        truth=photo.boxes,
        truth_classes=photo.classes,
        boxes=found.boxes.astype(np.float64),
        scores=found.scores,
        classes=found.classes,
    )
