"""What everybody would try first: statistics of log-mel levels of the whole clip, and trees."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sound.corpus import CLASSES, Clip
from tocsin.inference.sound.learning import part_of
from tocsin.inference.sound.spectra import log_mel_db, power

Floats = NDArray[np.float64]
PEER = "log-mel statistics with trees"


def _row(clip: Clip) -> Floats:
    levels = log_mel_db(power(clip.samples))
    parts = [levels.mean(axis=0), levels.std(axis=0), *np.percentile(levels, (10, 50, 90, 100), axis=0)]
    return np.concatenate(parts)


def peer_scores(learn: Sequence[Clip], judge: Sequence[Clip], seed: int) -> Floats:
    """Scores (clips, 4) of those to judge, by trees that learned the others."""
    trees = part_of("sklearn.ensemble").ExtraTreesClassifier(300, random_state=seed, class_weight="balanced")
    trees.fit(np.stack([_row(one) for one in learn]), [CLASSES.index(one.kind) for one in learn])
    scores = np.zeros((len(judge), len(CLASSES)))
    scores[:, trees.classes_] = trees.predict_proba(np.stack([_row(one) for one in judge]))
    return scores
