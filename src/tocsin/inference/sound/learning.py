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
from tocsin.inference.sound.pooling import pooled
from tocsin.inference.sound.spectra import Floats
from tocsin.inference.sound.spoiling import at_random
from tocsin.model import ConfigError

Ints = NDArray[np.int64]
Say = Callable[[str], None]

GUNSHOT = CLASSES.index("gunshot")
IMPULSIVE = (CLASSES.index("explosion"), GUNSHOT)
THRESHOLD_MIN = 0.34
"""No threshold below this: a class that is not the likeliest of three is none."""


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
    """Rows of all windows (n, features): of which clip, whether around a bang, and of which copy (0: as recorded)."""

    rows: Floats
    clip: Ints
    bang: NDArray[np.bool_]
    copy: Ints
    kinds: Ints
    recordings: Ints


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
    return Material(
        np.concatenate(rows), np.concatenate(clip), np.concatenate(bang), np.concatenate(copy), kinds, recordings
    )


def learned(material: Material, chosen: Ints, how: Learning) -> Any:  # noqa: ANN401  # scikit-learn is optional
    """An ensemble fitted to the clips `chosen`: half of its word from the shape of windows, half from levels.

    The shape is judged by trees, a linear and a small neural model together. Of clips with bangs only the windows
    around these are learned: what lies between them is no bang. Clips weigh alike within a class, classes alike, and
    those of large recordings less, since they say the same again. Levels are judged by trees of their own, learned
    from the clips as recorded.
    """
    present = np.unique(material.kinds[chosen])
    if len(present) < len(CLASSES):
        missing = ", ".join(name for index, name in enumerate(CLASSES) if index not in present)
        raise ConfigError(f"There is nothing to learn {missing} from: give clips of all of {', '.join(CLASSES)}.")
    kept = np.isin(material.clip, chosen) & (material.bang | ~np.isin(material.kinds[material.clip], IMPULSIVE))
    scaler = part_of("sklearn.preprocessing").StandardScaler().fit(material.rows[kept])
    rows, kinds = scaler.transform(material.rows[kept]), material.kinds[material.clip[kept]]
    shape, levels = _parts(how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the small net is stopped early on purpose
        for one in shape:
            one.fit(rows[:, :SHAPE], kinds, _weights(material, kept))
    first = np.flatnonzero(np.isin(material.clip, chosen) & (material.copy == 0))
    first = first[np.unique(material.clip[first], return_index=True)[1]]
    levels.fit(scaler.transform(material.rows[first])[:, SHAPE:], material.kinds[material.clip[first]])
    return _assembled(scaler, shape, levels, material.rows.shape[1])


def _weights(material: Material, kept: NDArray[np.bool_]) -> Floats:
    clip = material.clip[kept]
    many = np.bincount(material.recordings)[material.recordings]
    weights = many[clip] ** -0.5 / np.bincount(clip, minlength=len(material.kinds))[clip]
    for kind in range(len(CLASSES)):
        own = material.kinds[clip] == kind
        weights[own] /= weights[own].sum()
    found: Floats = weights / weights.mean()
    return found


def _parts(how: Learning) -> tuple[list[Any], Any]:
    """The models of the shape of windows, and that of levels."""
    ensemble = part_of("sklearn.ensemble")
    trees = ensemble.ExtraTreesClassifier(
        how.trees, min_samples_leaf=how.leaf_rows, max_features=0.25, random_state=how.seed
    )
    line = part_of("sklearn.linear_model").LogisticRegression(C=0.003, max_iter=150)
    net = part_of("sklearn.neural_network").MLPClassifier(
        (64,), alpha=3.0, max_iter=12, random_state=how.seed, batch_size=128
    )
    levels = ensemble.ExtraTreesClassifier(2 * how.trees, class_weight="balanced", random_state=how.seed)
    return [trees, line, net], levels


def _assembled(scaler: Any, shape: list[Any], levels: Any, features: int) -> Any:  # noqa: ANN401  # scikit-learn
    """All parts as one model that can be exported: each looks at its own columns, levels weigh as much as the shape."""
    pipeline, columns = part_of("sklearn.pipeline"), part_of("sklearn.compose").ColumnTransformer
    probe = np.zeros((2, features))
    parts = []
    for number, one in enumerate([*shape, levels]):
        own = list(range(SHAPE)) if one is not levels else list(range(SHAPE, features))
        picked = columns([("own", "passthrough", own)]).fit(probe)
        parts.append((f"part{number}", pipeline.Pipeline([("columns", picked), ("model", one)])))
    weights = np.array([1.0] * len(shape) + [float(len(shape))])
    voting = part_of("sklearn.ensemble").VotingClassifier(
        parts, voting="soft", weights=weights, flatten_transform=False
    )
    voting.estimators_ = [one for _, one in parts]
    voting.le_ = part_of("sklearn.preprocessing").LabelEncoder().fit(levels.classes_)
    voting.classes_ = voting.le_.classes_
    return pipeline.Pipeline([("scaler", scaler), ("voting", voting)])


def part_of(module: str) -> Any:  # noqa: ANN401  # scikit-learn has no types
    """A module that only training needs; raises ConfigError that says what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(f"Training needs {module.partition('.')[0]}: pip install 'tocsin[training]'.") from error


def scored(model: Any, rows: Floats) -> Floats:  # noqa: ANN401  # scikit-learn is optional
    """Probabilities of all CLASSES (n, 4) for rows."""
    found: Floats = np.asarray(model.predict_proba(rows), float)
    return found


def clip_scores(material: Material, probabilities: Floats, chosen: Ints, copy: int = 0) -> Floats:
    """Scores (len(chosen), 4) of clips from those of their windows (in the order of the material's rows)."""
    found = np.zeros((len(chosen), len(CLASSES)))
    for place, index in enumerate(chosen):
        own = (material.clip == index) & (material.copy == copy)
        found[place] = pooled(probabilities[own], material.bang[own])
    return found


def split(material: Material, how: Learning) -> list[tuple[Ints, Ints]]:
    """Folds of clips (learn, judge): a recording is never in both."""
    folds = part_of("sklearn.model_selection").StratifiedGroupKFold(how.folds, shuffle=True, random_state=how.seed)
    everything = np.arange(len(material.kinds))
    return [
        (everything[learn], everything[judge])
        for learn, judge in folds.split(everything, material.kinds, material.recordings)
    ]


def out_of_fold(material: Material, chosen: Ints, how: Learning, models: dict[bytes, Any] | None = None) -> Floats:
    """Scores (clips, 4) of the clips `chosen`, each by a model that knows no clip of its recording; others are 0.

    `models` keeps what was fitted, by the clips that it was fitted to: nested folds need the same ones twice.
    """
    models = {} if models is None else models
    found = np.zeros((len(material.kinds), len(CLASSES)))
    for outer_learn, outer_judge in split(material, how):
        learn, judge = np.intersect1d(outer_learn, chosen), np.intersect1d(outer_judge, chosen)
        if not len(judge):
            continue
        key = learn.tobytes()
        if key not in models:
            models[key] = learned(material, learn, how)
        own = np.isin(material.clip, judge) & (material.copy == 0)
        probabilities = np.zeros((len(material.rows), len(CLASSES)))
        probabilities[own] = scored(models[key], material.rows[own])
        found[judge] = clip_scores(material, probabilities, judge)
    return found


def threshold_of(scores: Floats, without_bang: NDArray[np.bool_]) -> float:
    """The lowest score for gunshots that no clip without a bang reaches, of scores that were not learned from them."""
    quiet = scores[without_bang, GUNSHOT]
    return float(max(THRESHOLD_MIN, np.nextafter(quiet.max(initial=0.0), 1.0)))


def exported(model: Any, features: int) -> bytes:  # noqa: ANN401  # scikit-learn is optional
    """The model as ONNX: rows (n, features) of float32 to probabilities (n, 4)."""
    rows = part_of("skl2onnx.common.data_types").FloatTensorType([None, features])
    options = {id(model): {"zipmap": False}}
    made = part_of("skl2onnx").to_onnx(model, initial_types=[("rows", rows)], options=options)
    content: bytes = made.SerializeToString()
    return content
