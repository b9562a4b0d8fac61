"""From scores of clips to figures: accuracy, precision, recall, average precision, false alarms per hour."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.cards import poisson_upper
from tocsin.inference.sound.corpus import CLASSES, Clip
from tocsin.inference.sound.mixing import GUNSHOT

Floats = NDArray[np.float64]
Figures = dict[str, float]

BANGS = ("gunshot", "explosion")
RECALL = 0.9


@dataclass(frozen=True, slots=True)
class Judged:
    """Figures, and the clips that were called most wrongly a gunshot, or none."""

    metrics: Figures
    worst: dict[str, list[tuple[str, float]]]


def judged(clips: Sequence[Clip], scores: Floats, thresholds: Floats | None, without_bang: NDArray[np.bool_]) -> Judged:
    """All figures for scores (clips, 4); without thresholds a gunshot is what is likelier that than anything else.

    `false_alarms` are those on clips of everyday and sirens without any bang; `false_alarms_all` on every clip that is
    no gunshot. `*_false_per_hour_at_90` is what it costs to find nine in ten of a class.
    """
    truth = np.array([CLASSES.index(one.kind) for one in clips])
    hours = np.array([one.seconds for one in clips]) / 3600.0
    told = scores.argmax(axis=1)
    metrics: Figures = {"clips": float(len(clips)), "accuracy": float((told == truth).mean())}
    for index, name in enumerate(CLASSES):
        metrics |= _of_class(name, scores[:, index], told == index, truth == index, hours)
    alarms = told == GUNSHOT if thresholds is None else scores[:, GUNSHOT] >= thresholds
    metrics |= _of_alarms(alarms, truth, hours, without_bang)
    if thresholds is not None:
        metrics["gunshot_threshold"] = float(np.median(thresholds))
    order = np.argsort(-scores[:, GUNSHOT], kind="stable")
    false = [(clips[n].name, round(float(scores[n, GUNSHOT]), 3)) for n in order if truth[n] != GUNSHOT][:12]
    missed = [(clips[n].name, round(float(scores[n, GUNSHOT]), 3)) for n in order[::-1] if truth[n] == GUNSHOT][:12]
    return Judged(metrics, {"not gunshots": false, "gunshots": missed})


def _of_class(name: str, scores: Floats, told: NDArray[np.bool_], true: NDArray[np.bool_], hours: Floats) -> Figures:
    """Precision and recall where the likeliest class counts, average precision, false alarms at nine tenths found."""
    found: Figures = {}
    if told.any():
        found[f"{name}_likeliest_precision"] = float(true[told].mean())
    if true.any():
        found[f"{name}_likeliest_recall"] = float(told[true].mean())
        found[f"{name}_ap"] = average_precision(true, scores)
        least = np.sort(scores[true])[::-1][int(np.ceil(RECALL * true.sum())) - 1]
        exposure = float(hours[~true].sum())
        if exposure > 0.0:
            found[f"{name}_false_per_hour_at_90"] = float((scores[~true] >= least).sum()) / exposure
    return found


def _of_alarms(
    alarms: NDArray[np.bool_], truth: NDArray[np.int64], hours: Floats, without_bang: NDArray[np.bool_]
) -> Figures:
    """What alarms for gunshots find, and what they cost."""
    true = truth == GUNSHOT
    quiet = without_bang & ~np.isin(truth, [CLASSES.index(name) for name in BANGS])
    calm = ~np.isin(truth, [CLASSES.index(name) for name in BANGS])
    found: Figures = {"gunshot_precision": float(true[alarms].mean()) if alarms.any() else 1.0}
    if true.any():
        found["gunshot_recall"] = float(alarms[true].mean())
    for name, part in (("false_alarms", quiet), ("false_alarms_everyday", calm), ("false_alarms_all", ~true)):
        count, exposure = int(alarms[part].sum()), float(hours[part].sum())
        found |= {name: float(count), f"{name}_hours": exposure}
        if exposure > 0.0:
            found |= {f"{name}_per_hour": count / exposure, f"{name}_per_hour_upper95": poisson_upper(count) / exposure}
    return found


def average_precision(true: NDArray[np.bool_], scores: Floats) -> float:
    """Area under precision over recall, as steps; equal scores count together.

    >>> round(average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.7])), 3)
    0.833
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(true[order])
    last = np.r_[np.diff(scores[order]) != 0.0, True]
    precision, recall = (hits / np.arange(1, len(hits) + 1))[last], (hits / max(int(true.sum()), 1))[last]
    return float((np.diff(np.r_[0.0, recall]) * precision).sum())
