"""What a camera usually shows, learned slowly from its edges; and how much of it can be seen now."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tocsin.perceivers.tamper.small import CELLS, Floats, View, agreement, energy

STRUCTURE_MIN = 0.02
"""Least mean square of lasting edges by which a cell can be judged, grey levels² per pixel²."""

STRUCTURE_SHARE_MIN = 0.1
"""Least part that lasting edges must have of all edges in a cell: less of it is leaves, water, crowds."""

SEEN_SHARE, SEEN_MIN = 0.5, 0.2
"""A cell is seen while its edges agree with the usual ones this much of what is usual, and at least so much."""

SEEN_GAIN = 0.15
"""A cell is seen while its edges have this share of the contrast that the light leaves."""

BRIGHT_SHARE = 0.5
"""Contrast falls with brightness, but no faster than this: what takes more of it is no change of light."""

SMOOTH_SHARE = 0.35
"""A cell that is not seen lies behind something smooth if it has less than this share of its usual edges."""

GAIN_MIN = 0.1
"""Least contrast, as a share of the usual, that is allowed for: below it the picture is dark."""

FOCUS_MIN = 0.85
"""Least usual agreement of fine with coarse edges by which lasting edges say how sharp a picture is."""

_BINS = 32
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Band:
    """Edges of one size in each cell: how strong they are now and usually, and their mean product."""

    now: Floats
    usual: Floats
    product: Floats

    @property
    def gain(self) -> Floats:
        """How strong the usual edges are now (1 is as usual): noise and strangers cancel out of it."""
        return self.product / np.maximum(self.usual, _TINY)

    @property
    def correlation(self) -> Floats:
        """How well the edges agree, whatever their strength (-1 to 1)."""
        found: Floats = self.product / np.sqrt(np.maximum(self.usual * self.now, _TINY))
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """One view against what is usual. `lost` and `smooth` say so per cell; the rest is as in PictureState."""

    lost: NDArray[np.bool_]
    smooth: NDArray[np.bool_]
    weights: Floats
    agreement: float
    edges: float
    focus: float
    contrast: float
    histogram: float
    energy: Floats
    correlations: tuple[Floats, Floats]
    raw_focus: float


@dataclass(slots=True)
class Edges:
    """The usual edges of one size: their mean, and how strong the mean is in each cell."""

    mean: Floats
    energy: Floats

    @classmethod
    def of(cls, slopes: Floats) -> Self:
        return cls(slopes.copy(), energy(slopes))

    def learn(self, slopes: Floats, part: float) -> None:
        """Take a part of these in."""
        self.mean += np.float32(part) * (slopes - self.mean)
        self.energy = energy(self.mean)

    def against(self, slopes: Floats) -> Band:
        """How these lie to the usual ones."""
        return Band(energy(slopes), self.energy, agreement(slopes, self.mean))


class Scenery:
    """The usual view of one camera."""

    def __init__(self, seen: View) -> None:
        self.fine = Edges.of(seen.fine)
        self.middle = Edges.of(seen.middle)
        self.coarse = Edges.of(seen.coarse)
        self.outline = Edges.of(seen.outline)
        self.energy = self.fine.energy.copy()
        self.busy = self.middle.energy.copy()
        self.correlations = tuple(np.ones(CELLS[::-1], np.float32) for _ in range(2))
        self.histogram = shades(seen.grey)
        self.contrast = float(seen.grey.std())
        self.brightness = float(seen.grey.mean())
        self.focus = 1.0

    def judged(self, seen: View) -> Judged:
        """How much of the usual is seen."""
        fine, coarse = self.fine.against(seen.fine), self.coarse.against(seen.coarse)
        correlations = (self.middle.against(seen.middle).correlation, self.outline.against(seen.outline).correlation)
        weights = self.weights()
        gain = self._gain(seen, coarse, weights)
        visible = self._alike(correlations) & (np.maximum(coarse.gain, fine.gain) >= SEEN_GAIN * gain)
        lost = ~visible & (weights > 0)
        edges = float(fine.now.sum() / max(self.energy.sum(), _TINY))
        contrast = float(seen.grey.std()) / max(self.contrast, 1.0)
        raw_focus = _focus(fine, coarse, weights * visible)
        return Judged(
            lost=lost,
            smooth=lost & (fine.now < SMOOTH_SHARE * self.energy * gain**2),
            weights=weights,
            agreement=1.0 - float((weights * lost).sum() / max(weights.sum(), _TINY)),
            edges=edges,
            focus=self._sharpness(raw_focus, edges, contrast),
            contrast=contrast,
            histogram=float(np.abs(shades(seen.grey) - self.histogram).sum() / 2),
            energy=fine.now,
            correlations=correlations,
            raw_focus=raw_focus,
        )

    def _alike(self, correlations: tuple[Floats, Floats]) -> NDArray[np.bool_]:
        """The cells whose edges agree with the usual ones at one of two sizes."""
        pairs = zip(correlations, self.correlations, strict=True)
        return np.logical_or(*(now >= np.maximum(SEEN_SHARE * usual, SEEN_MIN) for now, usual in pairs))

    def _sharpness(self, focus: float, edges: float, contrast: float) -> float:
        """How sharp the picture is against the usual: by the usual edges, and by all edges there are.

        Of the two the better: weak lasting edges are lost to an encoder, all edges change with who is there. A camera
        that is never still cannot be judged by its lasting edges.
        """
        of_all = float(np.sqrt(edges)) / max(contrast, GAIN_MIN)
        return max(focus / self.focus, of_all) if self.focus >= FOCUS_MIN else of_all

    def _gain(self, seen: View, coarse: Band, weights: Floats) -> float:
        """How much contrast the light leaves, as a share of the usual."""
        brightness = float(seen.grey.mean()) / max(self.brightness, 1.0)
        gain = max(weighted_quantile(coarse.gain, weights, 0.7), BRIGHT_SHARE * brightness)
        return float(np.clip(gain, GAIN_MIN, 1.0))

    def weights(self) -> Floats:
        """How much each cell counts: the strength of its lasting edges, none where nothing lasts."""
        found = self.middle.energy
        lasting = (found >= STRUCTURE_MIN) & (found >= STRUCTURE_SHARE_MIN * self.busy)
        return np.where(lasting, np.sqrt(found), 0.0).astype(np.float32)

    def learn(self, seen: View, judged: Judged, part: float) -> None:
        """Take `part` of this view into what is usual."""
        self.fine.learn(seen.fine, part)
        self.middle.learn(seen.middle, part)
        self.coarse.learn(seen.coarse, part)
        self.outline.learn(seen.outline, part)
        for usual, new in (
            (self.energy, judged.energy),
            (self.busy, energy(seen.middle)),
            (self.histogram, shades(seen.grey)),
            *zip(self.correlations, judged.correlations, strict=True),
        ):
            usual[...] += np.float32(part) * (new - usual)
        self.contrast += part * (float(seen.grey.std()) - self.contrast)
        self.brightness += part * (float(seen.grey.mean()) - self.brightness)
        self.focus += part * (judged.raw_focus - self.focus)


def _focus(fine: Band, coarse: Band, weights: Floats) -> float:
    """How much of the fine edges is left where the coarse ones are: light and strangers weaken both alike."""
    ratio = fine.gain / np.maximum(coarse.gain, GAIN_MIN)
    return weighted_quantile(ratio, weights, 0.5, otherwise=1.0)


def shades(grey: Floats) -> Floats:
    """The share of pixels in each of 32 shades."""
    bins = np.clip(grey.ravel() * (_BINS / 256), 0, _BINS - 1).astype(np.intp)
    return (np.bincount(bins, minlength=_BINS) / grey.size).astype(np.float32)


def weighted_quantile(values: Floats, weights: Floats, share: float, otherwise: float = 0.0) -> float:
    """The value below which this share of the weight lies; `otherwise` where nothing has weight."""
    order = np.argsort(values, axis=None)
    rising = np.cumsum(weights.ravel()[order])
    if rising[-1] <= 0:
        return otherwise
    return float(values.ravel()[order[np.searchsorted(rising, share * rising[-1])]])
