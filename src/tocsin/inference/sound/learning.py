"""Learns the classes of sounds from labelled clips: rows of windows, weights, an ensemble, and its threshold."""

import importlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.sound.corpus import CLASSES, Clip
from tocsin.inference.sound.features import SHAPE, windows_of
from tocsin.inference.sound.mixing import GUNSHOT, Windows
from tocsin.inference.sound.spectra import Floats
from tocsin.inference.sound.spoiling import at_random
from tocsin.model import ConfigError

Ints = NDArray[np.int64]
Say = Callable[[str], None]

IMPULSIVE = (CLASSES.index("explosion"), GUNSHOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How it is learned: spoiled copies of each clip, trees and the least rows of a leaf, folds, and the seed."""

    copies: int = 2
    trees: int = 100
    leaf_rows: int = 4
    folds: int = 4
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Material:
    """Rows of all windows (n, features), what is known of each window, and class and recording of each clip."""

    rows: Floats
    windows: Windows
    kinds: Ints
    recordings: Ints


@dataclass(frozen=True, slots=True)
class Parts:
    """What was learned: a model of the shape of windows and one of levels, each from whole rows to classes."""

    shape: Any  # scikit-learn is optional, and has no types
    levels: Any

    def answers(self, rows: Floats) -> Floats:
        """Probabilities by shape and by levels (2, n, 4)."""
        return np.stack([np.asarray(one.predict_proba(rows), float) for one in (self.shape, self.levels)])


def gathered(clips: Sequence[Clip], recordings: Ints, how: Learning, say: Say) -> Material:
    """The rows of all clips and of spoiled copies of each."""
    rows, clip, bang, copy = [], [], [], []
    for index, one in enumerate(clips):
        chance = np.random.default_rng([how.seed, index])
        for number in range(how.copies + 1):
            found = windows_of(one.samples if number == 0 else at_random(one.samples, chance))
            rows.append(found.rows)
            bang.append(found.bangs)
            clip.append(np.full(len(found.rows), index))
            copy.append(np.full(len(found.rows), number))
        if index % 100 == 99:
            say(f"{index + 1} of {len(clips)} clips analysed")
    kinds = np.array([CLASSES.index(one.kind) for one in clips], np.int64)
    windows = Windows(np.concatenate(clip), np.concatenate(copy), np.concatenate(bang))
    return Material(np.concatenate(rows), windows, kinds, recordings)


def learned(material: Material, chosen: Ints, how: Learning) -> Parts:
    """Both models fitted to the clips `chosen`. Raises ConfigError for a class that has none.

    The shape is judged by trees, a linear and a small neural model together. Of clips with bangs only the windows
    around these are learned: what lies between them is no bang. Clips weigh alike within a class, classes alike, and
    those of large recordings less, since they say the same again. Levels are judged by trees of their own.
    """
    present = np.unique(material.kinds[chosen])
    if len(present) < len(CLASSES):
        missing = ", ".join(name for index, name in enumerate(CLASSES) if index not in present)
        raise ConfigError(f"There is nothing to learn {missing} from: give clips of all of {', '.join(CLASSES)}.")
    clip, bang = material.windows.clip, material.windows.bang
    kept = np.isin(clip, chosen) & (bang | ~np.isin(material.kinds[clip], IMPULSIVE))
    scaler = part_of("sklearn.preprocessing").StandardScaler().fit(material.rows[kept])
    rows, kinds = scaler.transform(material.rows[kept]), material.kinds[clip[kept]]
    shape, levels = _models(how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the small net is stopped early on purpose
        for one in shape:
            one.fit(rows[:, :SHAPE], kinds, _weights(material, kept))
    first, kinds, weights = _doubting(material, chosen)
    levels.fit(scaler.transform(material.rows[first])[:, SHAPE:], kinds, weights)
    features = material.rows.shape[1]
    return Parts(
        _assembled(scaler, shape, list(range(SHAPE)), features),
        _assembled(scaler, [levels], list(range(SHAPE, features)), features),
    )


def _weights(material: Material, kept: NDArray[np.bool_]) -> Floats:
    clip = material.windows.clip[kept]
    many = np.bincount(material.recordings)[material.recordings]
    weights = many[clip] ** -0.5 / np.bincount(clip, minlength=len(material.kinds))[clip]
    for kind in range(len(CLASSES)):
        own = material.kinds[clip] == kind
        weights[own] /= weights[own].sum()
    found: Floats = weights / weights.mean()
    return found


def _doubting(material: Material, chosen: Ints) -> tuple[Ints, Ints, Floats]:
    """Rows, classes and weights to learn levels from: clips as recorded, and their copies as every class alike.

    Levels of a copy say nothing of its class: trees that are told so answer near 1/4 for each class where noise, a
    codec or gain has changed them, and leave the word to the shape. Classes weigh alike.
    """
    clip, copy = material.windows.clip, material.windows.copy
    own = np.flatnonzero(np.isin(clip, chosen))
    first = own[np.unique(np.stack([clip[own], copy[own]]), axis=1, return_index=True)[1]]
    clean, copies = first[copy[first] == 0], first[copy[first] > 0]
    rows = np.concatenate([clean, np.repeat(copies, len(CLASSES))])
    told = material.kinds[clip[rows]]
    weights = 1.0 / np.bincount(told[: len(clean)])[told]
    weights[len(clean) :] /= len(CLASSES)
    kinds = np.concatenate([told[: len(clean)], np.tile(np.arange(len(CLASSES)), len(copies))])
    return rows, kinds, weights / weights.mean()


def _models(how: Learning) -> tuple[list[Any], Any]:
    """The models of the shape of windows, and that of levels."""
    ensemble = part_of("sklearn.ensemble")
    trees = ensemble.ExtraTreesClassifier(
        how.trees, min_samples_leaf=how.leaf_rows, max_features=0.25, random_state=how.seed
    )
    line = part_of("sklearn.linear_model").LogisticRegression(C=0.003, max_iter=150)
    net = part_of("sklearn.neural_network").MLPClassifier(
        (64,), alpha=3.0, max_iter=12, random_state=how.seed, batch_size=128
    )
    return [trees, line, net], ensemble.ExtraTreesClassifier(2 * how.trees, random_state=how.seed)


def _assembled(scaler: Any, models: list[Any], own: list[int], features: int) -> Any:  # noqa: ANN401  # scikit-learn
    """Fitted models that look at these columns, as one that can be exported and takes whole rows; all weigh alike."""
    pipeline, columns = part_of("sklearn.pipeline"), part_of("sklearn.compose").ColumnTransformer
    picked = columns([("own", "passthrough", own)]).fit(np.zeros((2, features)))
    parts = [
        (f"part{number}", pipeline.Pipeline([("columns", picked), ("model", one)])) for number, one in enumerate(models)
    ]
    voting = part_of("sklearn.ensemble").VotingClassifier(parts, voting="soft", flatten_transform=False)
    voting.estimators_ = [one for _, one in parts]
    voting.le_ = part_of("sklearn.preprocessing").LabelEncoder().fit(models[0].classes_)
    voting.classes_ = voting.le_.classes_
    return pipeline.Pipeline([("scaler", scaler), ("voting", voting)])


def part_of(module: str) -> Any:  # noqa: ANN401  # scikit-learn has no types
    """A module that only training needs; raises ConfigError that says what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(f"Training needs {module.partition('.')[0]}: pip install 'tocsin[training]'.") from error


def split(material: Material, how: Learning) -> list[tuple[Ints, Ints]]:
    """Folds of clips (learn, judge): a recording is never in both."""
    folds = part_of("sklearn.model_selection").StratifiedGroupKFold(how.folds, shuffle=True, random_state=how.seed)
    everything = np.arange(len(material.kinds))
    return [
        (everything[learn], everything[judge])
        for learn, judge in folds.split(everything, material.kinds, material.recordings)
    ]


def out_of_fold(material: Material, chosen: Ints, how: Learning, models: dict[bytes, Parts] | None = None) -> Floats:
    """Answers (2, windows, 4) on the clips `chosen`, by models that know no clip of the same recording.

    Those on other clips are even.
    `models` keeps what was fitted, by the clips that it was fitted to: nested folds need the same ones twice.
    """
    models = {} if models is None else models
    found = np.full((2, len(material.rows), len(CLASSES)), 1.0 / len(CLASSES))
    for outer_learn, outer_judge in split(material, how):
        learn, judge = np.intersect1d(outer_learn, chosen), np.intersect1d(outer_judge, chosen)
        if not len(judge):
            continue
        key = learn.tobytes()
        if key not in models:
            models[key] = learned(material, learn, how)
        own = np.isin(material.windows.clip, judge)
        found[:, own] = models[key].answers(material.rows[own])
    return found
