"""`tocsin evaluate face-agreement`: how many of the faces that one model sees on people another sees too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Detected, Picture
from tocsin.inference.detector import Detector
from tocsin.inference.opening import open_faces
from tocsin.inference.photos import Labelled, label_names, labelled, picture_of
from tocsin.inference.suppression import overlaps
from tocsin.model import ConfigError
from tocsin.suites import Order, Report, Verb, Workshop

GROWN = 0.1
"""A person's box is grown by this share of its longer side before it is cut out."""

MET = 0.25
"""Boxes that overlap by this much are the same face: models draw them differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceAgreement:
    """Two face detectors that share nothing, on photos with labelled people and no labelled faces.

    `model` looks at every labelled person cut out, `other` at whole photos. `recall` is the share of the faces of
    `other` (score `other_min`, `side_px` wide, in a person's box) that `model` finds with `score_min`; `alone` counts
    its further boxes of 24 pixels and more, per person. It says how well one can judge the other, not how good it is.
    """

    kind: ClassVar[str] = "face-agreement"
    verb: ClassVar[Verb] = "evaluate"

    model: str = "blazeface-back"
    other: str = "centerface"
    backend: str = "onnxruntime"
    score_min: float = 0.2
    other_min: float = 0.5
    side_px: float = 10.0

    def run(self, order: Order, workshop: Workshop) -> Report:  # noqa: ARG002 - no installation is needed
        """Compare over all photos with people; raises ConfigError where there are none."""
        person = label_names(order.data).index("person")
        photos = [photo for photo in labelled(order.data) if person in photo.classes]
        if not photos:
            raise ConfigError("Nobody is labelled on these photos: give --data with photos of people.")
        model, other = (open_faces(name, backend=self.backend) for name in (self.model, self.other))
        counts = np.zeros(4)
        for photo in photos:
            counts += self._compared(photo, photo.boxes[photo.classes == person], model, other)
        faces, met, alone, people = (float(count) for count in counts)
        metrics = {"recall": met / max(faces, 1), "alone": alone / people, "faces": faces, "people": people}
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(order.data),
            seed=order.seeds,
            metrics=metrics,
            peers={},
            detail={"model": self.model, "other": self.other, "photos": len(photos)},
        )

    def _compared(
        self, photo: Labelled, people: NDArray[np.float64], model: Detector, other: Detector
    ) -> NDArray[np.float64]:
        """Faces of the other, how many of them were met, boxes that nobody met, people."""
        picture = picture_of(photo)
        seen = other.detect([picture], score_min=self.score_min)[0]
        sure = _on_people(seen.where(seen.scores >= self.other_min), people, self.side_px)
        found = _found_on(picture, people, model, self.score_min)
        meeting = overlaps(sure.boxes, found.boxes)[0].max(1, initial=0)
        known = overlaps(found.boxes, seen.boxes)[0].max(1, initial=0)
        alone = (known <= MET / 2) & (found.boxes[:, 2] - found.boxes[:, 0] >= 24)
        return np.array([len(sure), np.count_nonzero(meeting > MET), np.count_nonzero(alone), len(people)], np.float64)


def _on_people(faces: Detected, people: NDArray[np.float64], side_px: float) -> Detected:
    middles = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
    within = (middles[:, None] >= people[None, :, :2]) & (middles[:, None] <= people[None, :, 2:])
    inside: NDArray[np.bool_] = np.any(np.all(within, axis=2), axis=1)
    return faces.where(inside & (faces.boxes[:, 2] - faces.boxes[:, 0] >= side_px))


def _found_on(picture: Picture, people: NDArray[np.float64], model: Detector, score_min: float) -> Detected:
    """Boxes on all people cut out, in pixels of the photo; two people may share a face."""
    corners = [_cut(box, picture.shape) for box in people]
    parts = [picture[top:bottom, left:right] for left, top, right, bottom in corners]
    found = model.detect(parts, score_min=score_min)
    moved = [one.moved(left, top) for one, (left, top, _, _) in zip(found, corners, strict=True)]
    return Detected.of(moved, model.names)


def _cut(box: NDArray[np.float64], shape: Sequence[int]) -> tuple[int, int, int, int]:
    """The box, grown, within the photo, and at least a pixel wide and high."""
    margin = GROWN * float((box[2:] - box[:2]).max())
    left, top = (int(np.clip(value - margin, 0, side - 1)) for value, side in zip(box[:2], shape[1::-1], strict=True))
    right, bottom = (int(min(value + margin, side)) for value, side in zip(box[2:], shape[1::-1], strict=True))
    return left, top, max(right, left + 1), max(bottom, top + 1)
