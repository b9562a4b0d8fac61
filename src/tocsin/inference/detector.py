"""A model that finds things in pictures: fitted, run in batches, decoded, and only the best of what overlaps kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from tocsin.inference.cards import ModelCard
from tocsin.inference.decoders import Array, Decoder, Raw
from tocsin.inference.detected import Detected, Picture, Posed
from tocsin.inference.fitting import Fitted, checked, fitted
from tocsin.inference.sessions import Session
from tocsin.inference.suppression import suppressed, survivors, without_cut_doubles
from tocsin.inference.tiling import tiles

CUT_SHARE = 0.5
"""A box cut off at a tile's edge yields to a whole one that holds this share of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A card, its running session, and the decoder of its outputs."""

    card: ModelCard
    session: Session
    decoder: Decoder

    def raw(self, pictures: Sequence[Picture], score_min: float) -> Iterator[tuple[Fitted, Raw]]:
        """What the model says of each picture, in the pixels of its own tensor; in their order."""
        fits = [fitted(picture, self.card.input) for picture in pictures]
        for _, alike in groupby(fits, key=lambda one: one.tensor.shape):
            yield from self._alike(list(alike), score_min)

    def _alike(self, fits: Sequence[Fitted], score_min: float) -> Iterator[tuple[Fitted, Raw]]:
        """Tensors of one size, as many at a time as the model takes."""
        at_once = self.card.input.batch
        for first in range(0, len(fits), at_once):
            part = fits[first : first + at_once]
            outputs = self.session.run(np.stack([one.tensor for one in part]))
            for number, one in enumerate(part):
                mine: list[Array] = [output[number] for output in outputs]
                yield one, self.decoder.decode(mine, one.tensor.shape[1:], score_min)


@dataclass(frozen=True, slots=True)
class Detector:
    """Finds boxes in pictures.

    Nothing in it changes: it can be used again and again, and gives the same boxes for the same picture.
    """

    model: Model

    @property
    def names(self) -> tuple[str, ...]:
        """The words for the classes."""
        return self.model.card.classes

    def detect(self, pictures: Sequence[Picture], *, score_min: float) -> list[Detected]:
        """The boxes of each picture, in its pixels, with a score of at least `score_min`; the surest first."""
        return [self._found(*pair) for pair in self.model.raw(pictures, score_min)]

    def _found(self, fit: Fitted, raw: Raw) -> Detected:
        boxes = fit.inside(fit.back(raw.boxes))
        found = Detected(boxes, raw.scores, raw.classes, self.names)
        return suppressed(found.where(_solid(boxes)), self.model.card.output.iou)

    def detect_tiles(self, picture: Picture, *, tile_px: int, overlap: float, score_min: float) -> Detected:
        """The boxes of a big picture: of overlapping tiles, and of the whole, where big things are seen best."""
        parts = tiles(checked(picture).shape[:2], tile_px, overlap)
        seen = self.detect([picture, *(part.of(picture) for part in parts)], score_min=score_min)
        moved = [seen[0], *(one.moved(part.left, part.top) for part, one in zip(parts, seen[1:], strict=True))]
        cut = [np.zeros(len(seen[0]), bool), *(part.cuts(one.boxes) for part, one in zip(parts, seen[1:], strict=True))]
        joined = Detected.of(moved, self.names)
        return without_cut_doubles(joined, np.concatenate(cut), CUT_SHARE, self.model.card.output.iou)


def _solid(boxes: Array) -> Array:
    """Boxes that are numbers and have an area within the picture."""
    return np.asarray(np.isfinite(boxes).all(1) & (boxes[:, 2:] > boxes[:, :2]).all(1))


@dataclass(frozen=True, slots=True)
class Poser:
    """Finds people and their joints in pictures."""

    model: Model

    def poses(self, pictures: Sequence[Picture], *, score_min: float) -> list[Posed]:
        """The people of each picture, with 17 joints each (COCO's order), in its pixels."""
        return [self._found(*pair) for pair in self.model.raw(pictures, score_min)]

    def _found(self, fit: Fitted, raw: Raw) -> Posed:
        points = np.zeros((0, 17, 3), np.float32) if raw.points is None else raw.points.copy()
        points[:, :, :2] = fit.back(points[:, :, :2])
        boxes = fit.inside(fit.back(raw.boxes))
        kept = survivors(boxes, raw.scores, raw.classes, self.model.card.output.iou)
        return Posed(points[kept], boxes[kept], raw.scores[kept])
