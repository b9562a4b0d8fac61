"""Where people's hands may be in a picture: at their wrists where a posture says so, else by the shape of a person."""

from collections.abc import Sequence
from dataclasses import dataclass

PxBox = tuple[int, int, int, int]
"""Left, top, right, bottom, whole pixels within the picture."""

REACH = 0.3
"""How far hands and what they hold reach beyond a person's box, in heights."""

HAND = 0.4
"""Side of the square around a wrist, in heights of the person: room for a long knife or a pistol."""

BAND = (0.1, 0.75)
"""Between which heights, from the head down, hands are where nobody knows better."""

CONFIDENCE_MIN = 0.3
"""Least confidence of a joint that is believed."""

WRISTS = (9, 10)
"""Joints in COCO's order."""

SIDE_PX_MIN = 24
"""A smaller part shows nothing."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is looked at: the track, the box in pixels, and the wrists (pixels) where they are known."""

    track: int
    box_px: tuple[float, float, float, float]
    wrists_px: tuple[tuple[float, float], ...] = ()

    @property
    def height_px(self) -> float:
        """How tall."""
        return self.box_px[3] - self.box_px[1]


def parts(person: Person, size: tuple[int, int], side_px: int) -> list[PxBox]:
    """The parts of a picture (rows, columns) to look at, none larger than the model needs to see them whole.

    A person who fits into the model's input is looked at as a whole; of a larger one the hands are.
    """
    x1, y1, x2, y2 = person.box_px
    reach = REACH * person.height_px
    if person.height_px <= side_px:
        return _inside([(x1 - reach, y1 - reach / 2, x2 + reach, y2)], size)
    if person.wrists_px:
        half = HAND * person.height_px / 2
        return _inside([(x - half, y - half, x + half, y + half) for x, y in person.wrists_px], size)
    top, bottom = (y1 + share * person.height_px for share in BAND)
    middle, overlap = (x1 + x2) / 2, reach / 3
    halves = [(x1 - reach, top, middle + overlap, bottom), (middle - overlap, top, x2 + reach, bottom)]
    return _inside(halves, size)


def _inside(boxes: Sequence[tuple[float, float, float, float]], size: tuple[int, int]) -> list[PxBox]:
    """Whole pixels within the picture; what is too small to show anything is left out."""
    height, width = size
    found = []
    for left, top, right, bottom in boxes:
        box = (max(0, round(left)), max(0, round(top)), min(width, round(right)), min(height, round(bottom)))
        if min(box[2] - box[0], box[3] - box[1]) >= SIDE_PX_MIN:
            found.append(box)
    return found
