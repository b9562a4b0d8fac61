"""Masking's own look at a frame: people whom detectors only half believe in, and faces."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.detected import Detected, Picture
from tocsin.inference.detector import Detector, Poser
from tocsin.inference.opening import open_detector, open_faces, open_poses
from tocsin.inference.sessions import needed
from tocsin.inference.tiling import tiles
from tocsin.model import TocsinError
from tocsin.perceivers.masking.claims import SCALES, Claims, Opinion, claims
from tocsin.perceivers.masking.parameters import Settings

Floats = NDArray[np.float32]

PERSON = "person"
OVERLAP = 0.25
SIDE_PX_MIN = 1.0
"""Narrower boxes are no people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The models, opened; `problem` says why there are none, and then there are no pictures."""

    detectors: tuple[Detector, ...] = ()
    faces: Detector | None = None
    poser: Poser | None = None
    score_min: float = 0.04
    face_score_min: float = 0.3
    tile_px: int = 0
    faults: tuple[type[Exception], ...] = ()
    problem: str = ""

    @property
    def looks(self) -> bool:
        """Whether it looks for people itself."""
        return bool(self.detectors)

    def people(self, picture: Picture) -> Claims:
        """Where people may be in a picture, in its pixels."""
        return claims([self._opinion(one, picture) for one in self.detectors])

    def faces_of(self, picture: Picture) -> Detected:
        """The faces in a picture."""
        if self.faces is None:
            return Detected.nothing(("face",))
        return self.faces.detect([picture], score_min=self.face_score_min)[0]

    def _opinion(self, detector: Detector, picture: Picture) -> Opinion:
        parts = [*self._raw(detector, picture)]
        boxes = np.concatenate([boxes for boxes, _ in parts])
        scores = np.concatenate([scores for _, scores in parts])
        return Opinion(boxes, scores, SCALES.get(detector.model.card.name, 1.0))

    def _raw(self, detector: Detector, picture: Picture) -> Iterator[tuple[Floats, Floats]]:
        """Every box of people, of the whole and of its tiles, less those that a tile cuts off."""
        person = detector.names.index(PERSON)
        parts = tiles(picture.shape[:2], self.tile_px, OVERLAP) if self.tile_px else []
        views = [picture, *(part.of(picture) for part in parts)]
        for number, (fit, raw) in enumerate(detector.model.raw(views, self.score_min)):
            boxes = fit.inside(fit.back(raw.boxes))
            kept = (raw.classes == person) & (boxes[:, 2:] - boxes[:, :2] > SIDE_PX_MIN).all(1)
            if number:
                part = parts[number - 1]
                kept &= ~part.cuts(boxes)
                boxes = boxes + np.array([part.left, part.top] * 2, np.float32)
            yield boxes[kept], raw.scores[kept]


def opened(of: Settings) -> Look:
    """All models of a declaration; where one cannot be had, none, with what to do."""
    try:
        cv2 = needed("cv2")
        detectors = tuple(open_detector(name, threads=of.threads, backend=of.backend) for name in of.models)
        faces = open_faces(of.faces, threads=of.threads, backend=of.backend) if of.faces else None
        poser = open_poses(of.poses, threads=of.threads, backend=of.backend) if of.poses else None
    except TocsinError as error:
        return Look(problem=f"No picture can be masked: {error}")
    if missing := [one.model.card.name for one in detectors if PERSON not in one.names]:
        return Look(problem=f"No picture can be masked: the model {missing[0]} does not know people. Choose another.")
    return Look(
        detectors=detectors,
        faces=faces,
        poser=poser,
        score_min=of.score_min,
        face_score_min=of.face_score_min,
        tile_px=of.tile_px,
        faults=(cv2.error,),
    )
