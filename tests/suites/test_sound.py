"""Figures of sounds follow from scores as defined, and a small corpus is judged by folds and on another one."""

from dataclasses import replace

import numpy as np
import pytest

from tests.inference.test_sound import sound, written
from tocsin.inference.sound.corpus import CLASSES, Clip
from tocsin.inference.sound.learning import Learning
from tocsin.model import ConfigError
from tocsin.suites.sound import Sound
from tocsin.suites.sound.counting import average_precision, judged

pytest.importorskip("av", reason="audio needs PyAV: pip install 'tocsin[vision]'")

QUICK = Sound(learning=Learning(copies=0, trees=8, folds=3), robustness=False, peer=True)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Two folders of made-up sounds."""
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    for folder, first, most in zip(folders, (0, 50), (4, 2), strict=True):
        for kind in CLASSES:
            for seed in range(first, first + most):
                written(folder, f"{kind}_{7 * seed:03d}.wav", sound(kind, seed % 9, seconds=1.7 + seed / 50) / 2)
    return folders


def test_folds_of_one_corpus(corpora, order, workshop):
    told = QUICK.run(replace(order, data=corpora[0]), workshop)
    assert {
        "gunshot_recall",
        "gunshot_precision",
        "gunshot_ap",
        "accuracy",
        "false_alarms_hours",
    } <= told.metrics.keys()
    assert told.metrics["false_alarms_per_hour_upper95"] > told.metrics["false_alarms_per_hour"]
    assert told.detail["recordings"]["siren"]["clips"] == 4
    assert "accuracy" in told.peers["log-mel statistics with trees"]


def test_another_corpus_and_its_robustness(corpora, order, workshop):
    suite = replace(QUICK, robustness=True, every=4, peer=False)
    told = suite.run(replace(order, data=corpora[0], test=corpora[1]), workshop)
    assert told.metrics["clips"] == 8
    assert {"accuracy_pink_0db", "accuracy_opus", "accuracy_as_recorded"} <= told.metrics.keys()


def test_without_data_it_says_what_to_give(order, workshop):
    with pytest.raises(ConfigError, match="--data"):
        Sound().run(order, workshop)


def test_figures_of_known_scores():
    clips = [Clip(f"{kind}_1", kind, np.zeros(16_000 * 36)) for kind in ("gunshot", "gunshot", "casual", "explosion")]
    scores = np.array([[0.0, 0, 0.9, 0.1], [0.5, 0, 0.3, 0.2], [0.4, 0, 0.6, 0], [0, 0.9, 0.1, 0]])
    told = judged(clips, scores, np.full(4, 0.5), np.array([False, False, True, False])).metrics
    assert (told["gunshot_recall"], told["gunshot_precision"]) == (0.5, 0.5)
    assert (told["false_alarms"], told["false_alarms_hours"], told["false_alarms_per_hour"]) == (1.0, 0.01, 100.0)
    assert told["accuracy"] == 0.5
    assert told["gunshot_false_per_hour_at_90"] == pytest.approx(50.0)


def test_average_precision_of_equal_scores_depends_on_no_order():
    scores = np.array([0.5, 0.5, 0.5, 0.1])
    assert average_precision(np.array([True, False, False, True]), scores) == pytest.approx(
        average_precision(np.array([False, False, True, True]), scores)
    )
