"""The picture of a weapon alone: everything outside its box is filled, and so is every head inside it."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed

AROUND = 0.5
"""How much of filled surroundings is left around the weapon, in sides of its box: for its size to be seen."""

HEAD = (0.24, 0.15)
"""Part of a person's height from the top that is the head, and margin beyond the box, in heights."""

FILL = 96
QUALITY = 85

Px = Sequence[float]


def crop(picture: NDArray[np.uint8], weapon_px: Px, people_px: Iterable[Px]) -> bytes:
    """A JPEG; a head that lies over the weapon is filled too: it fails closed."""
    cv2 = needed("cv2")
    height, width = picture.shape[:2]
    left, top, right, bottom = _whole(weapon_px, width, height)
    shown = np.full_like(picture, FILL)
    shown[top:bottom, left:right] = picture[top:bottom, left:right]
    for person in people_px:
        x1, y1, x2, y2 = _whole(_head(person), width, height)
        shown[y1:y2, x1:x2] = FILL
    wide, high = round(AROUND * (right - left)), round(AROUND * (bottom - top))
    part = shown[max(0, top - high) : bottom + high, max(0, left - wide) : right + wide]
    done, coded = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(coded) if done else b""


def _head(person_px: Px) -> Px:
    x1, y1, x2, y2 = person_px
    share, margin = (part * (y2 - y1) for part in HEAD)
    return x1 - margin, y1 - margin, x2 + margin, y1 + share


def _whole(box_px: Px, width: int, height: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = box_px
    return (
        min(width, max(0, round(left))),
        min(height, max(0, round(top))),
        min(width, max(0, round(right))),
        min(height, max(0, round(bottom))),
    )
