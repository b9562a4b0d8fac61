"""`tocsin models train sound`: from a folder of labelled sounds to an ONNX model with its card."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tocsin.inference.cards import Measured

Floats = NDArray[np.float64]


def train_sound(data: Path, out: Path | None, licence: str, seed: int, say: Callable[[str], None]) -> Iterator[str]:
    """Learn, choose the threshold on folds by recording, export, try the export; tells what was written."""
    from tocsin.inference.cards import Licence
    from tocsin.inference.sound import cards, corpus, learning
    from tocsin.inference.sound.exporting import exported
    from tocsin.inference.sound.features import FEATURES
    from tocsin.inference.sound.grouping import recordings_of
    from tocsin.inference.sound.mixing import mixed, tuned
    from tocsin.model import ConfigError

    path = out or cards.sounds_folder() / "sound.onnx"
    if path.suffix != ".onnx":
        raise ConfigError(f"{path} must end in .onnx: the card is written beside it as .toml.")
    clips, rejected = corpus.read_corpus(data)
    how = learning.Learning(seed=seed)
    say(f"{len(clips)} clips, {len(rejected)} could not be read")
    material = learning.gathered(clips, recordings_of(clips), how, say)
    everything = np.arange(len(clips))
    say("Choosing the threshold on recordings that each model does not know …")
    inner = learning.out_of_fold(material, everything, how)
    share, threshold = tuned(material.windows, inner, material.kinds, everything)
    scores = material.windows.scores(mixed(inner, share), everything)
    parts = learning.learned(material, everything, how)
    content = exported(parts, share, FEATURES)
    _same(content, mixed(parts.answers(material.rows[:64]), share), material.rows[:64])
    command = f"tocsin models train sound --data {data} --seed {seed}"
    card = cards.SoundCard(
        name=path.stem.lower().replace("_", "-"),
        title="Gunshots, explosions, sirens and everything else, from windows of 1.5 s",
        sha256=hashlib.sha256(content).hexdigest(),
        licence=Licence(spdx=licence, notice=f"Trained on {data.name}; the licence of that data holds for the model."),
        classes=corpus.CLASSES,
        features=FEATURES,
        threshold=round(threshold, 4),
        measured=tuple(_measured(scores, material.kinds, threshold, f"{data.name}, {len(clips)} clips", command)),
    )
    cards.keep_sound_model(path, card, content)
    yield f"Wrote {path} ({len(content) / 1e6:.1f} MB) and its card; threshold for gunshots {threshold:.3f}."
    yield from (f"  {row.metric} {row.value:g} ({row.data})" for row in card.measured)
    yield from (f"  left out {name}: {why}" for name, why in rejected)


def _same(content: bytes, expected: Floats, rows: Floats) -> None:
    """Raises ConfigError where the exported model does not answer as the one that was trained."""
    from tocsin.inference.sessions import session
    from tocsin.model import ConfigError

    answered = session(content).run(np.ascontiguousarray(rows, np.float32))[-1]
    if not np.allclose(answered, expected, atol=1e-3):
        raise ConfigError("The exported model answers otherwise than the trained one: this is a fault of the exporter.")


def _measured(
    scores: Floats, kinds: NDArray[np.int64], threshold: float, data: str, command: str
) -> Iterator[Measured]:
    """Rows for the card: what recordings that no model knew were called."""
    from tocsin.inference.sound.corpus import CLASSES
    from tocsin.suites.sound.counting import average_precision

    for index, name in enumerate(CLASSES):
        value = round(average_precision(kinds == index, scores[:, index]), 3)
        yield Measured(data=data, metric=f"{name}_ap", value=value, command=command)
    gunshots = kinds == CLASSES.index("gunshot")
    recall = round(float((scores[gunshots, CLASSES.index("gunshot")] >= threshold).mean()), 3)
    yield Measured(data=data, metric="gunshot_recall", value=recall, command=command)
    accuracy = round(float((scores.argmax(axis=1) == kinds).mean()), 3)
    yield Measured(data=data, metric="accuracy", value=accuracy, command=command)
