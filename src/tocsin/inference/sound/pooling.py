"""From windows to a piece: one score per class."""

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sound.spectra import Floats


def pooled(probabilities: Floats, bangs: NDArray[np.bool_]) -> Floats:
    """The geometric mean over the windows around bangs; over all where there is none. Sums to 1.

    >>> pooled(np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([True, False])).round(2).tolist()
    [0.9, 0.1]
    """
    chosen = probabilities[bangs] if bangs.any() else probabilities
    mean = np.exp(np.log(np.maximum(chosen, 1e-3)).mean(axis=0))
    found: Floats = mean / mean.sum()
    return found
