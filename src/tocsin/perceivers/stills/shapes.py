"""What stands still as things: connected places, each with its box and whether its border shows now or before."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sessions import needed
from tocsin.perceivers.stills.backgrounds import Backgrounds
from tocsin.perceivers.stills.parameters import Standing

Bools = NDArray[np.bool_]
BoxPx = tuple[int, int, int, int]
Slope = tuple[NDArray[np.float32], NDArray[np.float32]]

FILLED_MIN = 0.25
"""A thing fills at least so much of its box: lines and frames of shadows do not."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One thing in the small picture: its box (x1, y1, x2, y2), its places, how long it has stood, and its border.

    `now` and `before` are how strong the edges along its border are in the picture and in the slow background.
    """

    box: BoxPx
    places: Bools
    still_s: float
    now: float
    before: float

    @property
    def there(self) -> float:
        """How much more its border shows in the picture than in the background (1), or less (-1): then it is gone."""
        return (self.now - self.before) / max(self.now + self.before, 1e-9)


def shapes(seen: Backgrounds, what: Standing) -> list[Shape]:
    """The things that stand still, largest first."""
    cv2: Any = needed("cv2")
    mask = (seen.still_s >= what.still_s).astype(np.uint8)
    if not mask.any():
        return []
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    order = sorted(range(1, count), key=lambda n: (-int(stats[n, cv2.CC_STAT_AREA]), n))
    edges = [_edges(picture) for picture in (seen.fast, seen.slow)]
    made = (_shape(seen, labels == n, tuple(int(one) for one in stats[n][:5]), edges, what) for n in order)
    return [one for one in made if one is not None][: what.stills_max]


def _shape(
    seen: Backgrounds, places: Bools, stats: tuple[int, ...], edges: list[Slope], what: Standing
) -> Shape | None:
    x, y, wide, high, area = stats
    if min(wide, high) < what.side_px_min or area < FILLED_MIN * wide * high or area > what.share_max * places.size:
        return None
    now, before = (_shows(places, edge) for edge in edges)
    still_s = float(np.median(seen.still_s[places & (seen.still_s > 0)]))
    return Shape((x, y, x + wide, y + high), places, still_s, now, before)


def _edges(picture: NDArray[np.float32]) -> Slope:
    """How brightness rises across and down at each place."""
    cv2: Any = needed("cv2")
    grey = picture.mean(axis=2)
    return cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)


def _shows(places: Bools, edges: Slope) -> float:
    """How strongly the border of a shape shows: edges that run along it count, those that cross it do not."""
    cv2: Any = needed("cv2")
    soft = cv2.GaussianBlur(places.astype(np.float32), (5, 5), 1.0)
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    total = float(np.hypot(across, down).sum())
    return float(np.abs(across * edges[0] + down * edges[1]).sum()) / max(total, 1e-9)
