"""How the word of the shape of a sound and that of its levels become one, and from which score on it is a gunshot."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sound.corpus import CLASSES
from tocsin.inference.sound.pooling import pooled
from tocsin.inference.sound.spectra import Floats

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

GUNSHOT = CLASSES.index("gunshot")

THRESHOLD_MIN = 0.34
"""No threshold below this: a class that is not the likeliest of three is none."""

LEVELS_SHARES = (0.4, 0.5, 0.6, 0.7, 0.75, 0.8)
"""How much of the word may be from levels; the rest is from the shape."""

SHARPNESS = 1.5
"""The mean of two parts is more timid than either: one that doubts may not hide what the other hears plainly."""

SPARED = 0.995
"""The share of harmless clips, as recorded and spoiled, that must stay below the threshold for gunshots."""


class Windows(NamedTuple):
    """Windows of many clips: of which clip, of which copy of it (0: as recorded), whether around a bang."""

    clip: Ints
    copy: Ints
    bang: Flags

    def scores(self, probabilities: Floats, chosen: Ints, copy: int = 0) -> Floats:
        """Scores (len(chosen), 4) of clips, or of a copy of each, from the probabilities of all windows."""
        found = np.zeros((len(chosen), len(CLASSES)))
        for place, index in enumerate(chosen):
            own = (self.clip == index) & (self.copy == copy)
            found[place] = pooled(probabilities[own], self.bang[own])
        return found


class Tuning(NamedTuple):
    """How much of the word is from levels, and the score from which on it is a gunshot."""

    levels_share: float
    threshold: float


def mixed(parts: Floats, levels_share: float) -> Floats:
    """Probabilities (n, 4) from those by shape and by levels (2, n, 4): their weighed mean, sharpened.

    >>> sure, doubtful = [[0.97, 0.01, 0.01, 0.01]], [[0.25, 0.25, 0.25, 0.25]]
    >>> mixed(np.array([sure, doubtful]), 0.5).round(2).tolist()
    [[0.77, 0.08, 0.08, 0.08]]
    """
    shape, levels = parts
    sharp = ((1.0 - levels_share) * shape + levels_share * levels) ** SHARPNESS
    found: Floats = sharp / sharp.sum(axis=-1, keepdims=True)
    return found


def threshold_of(scores: Floats) -> float:
    """The lowest score for gunshots that at most 1 - SPARED of these harmless scores (n, 4) reach."""
    highest = np.quantile(scores[:, GUNSHOT], SPARED, method="higher") if len(scores) else 0.0
    return float(max(THRESHOLD_MIN, np.nextafter(highest, 1.0)))


def tuned(windows: Windows, parts: Floats, kinds: Ints, chosen: Ints) -> Tuning:
    """The share of levels with which most gunshots pass the threshold that goes with it.

    `parts` (2, windows, 4) are answers of models that know no clip of the same recording; `kinds` the classes of all
    clips. Everyday and sirens are harmless, as recorded and spoiled alike.
    """
    gunshots = kinds[chosen] == GUNSHOT
    harmless = np.isin(kinds[chosen], [CLASSES.index(name) for name in ("casual", "siren")])
    best, most = Tuning(LEVELS_SHARES[0], 1.0), -1.0
    for share in LEVELS_SHARES:
        probabilities = mixed(parts, share)
        copies = [windows.scores(probabilities, chosen, copy) for copy in np.unique(windows.copy)]
        threshold = threshold_of(np.concatenate([scores[harmless] for scores in copies]))
        found = float((copies[0][gunshots, GUNSHOT] >= threshold).mean()) if gunshots.any() else 0.0
        if found > most:
            best, most = Tuning(share, threshold), found
    return best
