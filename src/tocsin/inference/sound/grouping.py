"""Which clips come from one recording: splits that tear a recording apart measure how well it is recognised again.

Nothing in such a corpus says it, so it is concluded from how clips sound between their events: the level of each band
in quiet, usual and loud moments. Two clips of a class are of one recording where these differ by less than ALIKE_DB
(root mean square), or by less than NEIGHBOURS_DB where their numbers follow one another within NEAR.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sound.corpus import Clip
from tocsin.inference.sound.spectra import Floats, log_mel_db, power

ALIKE_DB, NEIGHBOURS_DB, NEAR = 1.5, 4.0, 3
"""Measured on SESA: half of the clips have a neighbour in number this alike, one random pair in fifty is."""


def fingerprint_db(clip: Clip) -> Floats:
    """Levels of the bands in the quietest tenth, the median and the loudest twentieth of its frames."""
    levels = log_mel_db(power(clip.samples))
    found: Floats = np.percentile(levels, (10, 50, 95), axis=0).ravel()
    return found


def recordings_of(clips: Sequence[Clip]) -> NDArray[np.int64]:
    """A number per clip; clips of one recording share it (single linkage, so it rather joins too many than too few)."""
    if not clips:
        return np.zeros(0, np.int64)
    prints = np.stack([fingerprint_db(clip) for clip in clips])
    numbers, kinds = np.array([_number(clip.name) for clip in clips]), np.array([clip.kind for clip in clips])
    groups = np.arange(len(clips))
    for index in range(len(clips)):
        apart = np.sqrt(((prints - prints[index]) ** 2).mean(axis=1))
        near = np.abs(numbers - numbers[index]) <= NEAR
        linked = (kinds == kinds[index]) & ((apart < ALIKE_DB) | (near & (apart < NEIGHBOURS_DB)))
        groups[np.isin(groups, groups[linked])] = groups[linked].min()
    return groups


def _number(name: str) -> float:
    found = re.findall(r"\d+", name)
    return float(found[-1]) if found else float("inf")
