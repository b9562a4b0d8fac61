"""Labelled sounds are read and grouped by recording; a model is learned, exported and runs as it was trained."""

import hashlib
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.contract.sounds import likeliest
from tocsin.inference.cards import Licence
from tocsin.inference.sessions import session
from tocsin.inference.sound import learning, mixing
from tocsin.inference.sound.cards import SoundCard, keep_sound_model, read_sound_card, sound_model
from tocsin.inference.sound.corpus import CLASSES, Clip, read_corpus
from tocsin.inference.sound.exporting import exported
from tocsin.inference.sound.features import FEATURES, SHAPE, windows_of
from tocsin.inference.sound.grouping import recordings_of
from tocsin.inference.sound.spoiling import CODECS, CONDITIONS, at_random, coded
from tocsin.inference.sound.tagger import open_tagger
from tocsin.model import ConfigError, NotFound

pytest.importorskip("av", reason="audio needs PyAV: pip install 'tocsin[vision]'")

RATE = 16_000


def sound(kind, seed, seconds=1.6):
    """A made-up sound of a class: a crack, a rumble, a siren, or a murmur."""
    chance = np.random.default_rng([CLASSES.index(kind), seed])
    at = np.arange(int(seconds * RATE)) / RATE
    hiss = chance.standard_normal(len(at))
    late = np.maximum(at - 0.4, 0.0)
    if kind == "gunshot":
        made = 0.8 * hiss * np.exp(-late / 0.03) * (at > 0.4)
    elif kind == "explosion":
        rumble = np.convolve(hiss, np.ones(60) / 8.0, "same")
        made = 0.5 * rumble * np.exp(-late / 0.5) * (at > 0.4)
    elif kind == "siren":
        made = 0.3 * np.sin(2 * np.pi * (700 + 60 * seed) * at + 60 * np.sin(2 * np.pi * 2 * at))
    else:
        made = 0.05 * np.convolve(hiss, np.ones(9) / 3.0, "same") * (1 + np.sin(2 * np.pi * 3 * at))
    return made + 1e-3 * (1 + seed) * chance.standard_normal(len(at))


@pytest.fixture(scope="module")
def clips():
    return [Clip(f"{kind}_{10 * seed:03d}", kind, sound(kind, seed)) for kind in CLASSES for seed in range(6)]


@pytest.fixture(scope="module")
def material(clips):
    how = learning.Learning(copies=1, trees=12, folds=2)
    return how, learning.gathered(clips, np.arange(len(clips)), how, lambda _: None)


def written(folder, name, samples):
    with wave.open(str(folder / name), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 20_000).clip(-32_768, 32_767).astype("<i2").tobytes())


def test_a_corpus_is_read_by_names_and_what_is_none_is_said(tmp_path):
    written(tmp_path, "gunshot_001.wav", sound("gunshot", 1))
    written(tmp_path, "dog_bark_7.wav", sound("casual", 1))
    (tmp_path / "siren_2.wav").write_bytes(b"nothing")
    clips, rejected = read_corpus(tmp_path)
    assert [(clip.label, clip.kind) for clip in clips] == [("dog_bark", "casual"), ("gunshot", "gunshot")]
    assert [name for name, _ in rejected] == ["siren_2.wav"]


def test_a_table_of_labels_comes_before_names(tmp_path):
    written(tmp_path, "a1.wav", sound("siren", 1))
    (tmp_path / "labels.csv").write_text("slice_file_name,fold,class\na1.wav,1,gun_shot\n")
    assert [clip.kind for clip in read_corpus(tmp_path)[0]] == ["gunshot"]


def test_a_folder_without_sounds_says_what_to_give(tmp_path):
    with pytest.raises(ConfigError, match="CLASS_NUMBER"):
        read_corpus(tmp_path)


def test_clips_cut_from_one_recording_are_one_group():
    long = sound("siren", 1, seconds=6.0)
    cut = [Clip(f"siren_{n:03d}", "siren", long[n * RATE : (n + 2) * RATE]) for n in range(3)]
    other = Clip("siren_090", "siren", 0.02 * np.random.default_rng(9).standard_normal(2 * RATE))
    groups = recordings_of([*cut, other])
    assert len(set(groups[:3])) == 1
    assert groups[3] not in groups[:3]


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 20.0), st.sampled_from(CLASSES))
def test_gain_hardly_changes_the_shape(gain, kind):
    piece = sound(kind, 2)
    louder, as_is = (windows_of(one).rows[:, :SHAPE] for one in (piece * gain, piece))
    assert np.abs(louder - as_is).mean() < 0.1


@pytest.mark.parametrize("count", [0, 1, 100, 20_000, 90_000])
def test_any_length_has_finite_rows_even_silence(count):
    found = windows_of(np.zeros(count))
    assert found.rows.shape[1] == FEATURES
    assert np.isfinite(found.rows).all()


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_keeps_the_length_and_is_no_silence(name):
    piece = sound("gunshot", 1)
    spoiled = CONDITIONS[name](piece, np.random.default_rng(1))
    assert len(spoiled) == len(piece)
    assert 0.0 < np.abs(spoiled).max() < 100.0


@pytest.mark.parametrize("codec", CODECS)
def test_what_went_through_a_codec_is_still_alike(codec):
    piece = sound("siren", 0)
    back = coded(piece, codec)
    lags = [np.corrcoef(piece[2_000:20_000], back[2_000 + lag : 20_000 + lag])[0, 1] for lag in range(-1_100, 1_100, 1)]
    assert max(lags) > 0.8


def test_a_model_learns_what_is_plain_and_knows_recordings_that_it_never_saw(material):
    how, rows = material
    answers = learning.out_of_fold(rows, np.arange(24), how)
    scores = rows.windows.scores(mixing.mixed(answers, 0.5), np.arange(24))
    assert scores.sum(axis=1) == pytest.approx(np.ones(24))
    assert (scores.argmax(axis=1) == rows.kinds).mean() >= 0.8


def test_levels_doubt_what_is_spoiled_and_nothing_else(material):
    how, rows = material
    _, told = learning.learned(rows, np.arange(24), how).answers(rows.rows)
    assert (told[rows.windows.copy == 0].max(axis=1) > 0.9).mean() > 0.9
    assert (told[rows.windows.copy == 1].max(axis=1) < 0.6).mean() > 0.9


def test_a_threshold_lies_above_all_but_one_in_two_hundred():
    scores = np.tile([0.2, 0.1, 0.4, 0.3], (400, 1))
    scores[:2, 2] = 0.9
    assert mixing.threshold_of(scores) > 0.9
    scores[0, 2] = 0.4
    assert 0.4 < mixing.threshold_of(scores) < 0.5
    assert mixing.threshold_of(scores[:0]) == mixing.THRESHOLD_MIN


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8), st.floats(0.0, 1.0))
def test_two_words_become_probabilities_and_agreement_only_makes_surer(numbers, share):
    parts = np.array(numbers).reshape(2, 1, 4) + 0.01
    parts /= parts.sum(axis=-1, keepdims=True)
    assert mixing.mixed(parts, share).sum() == pytest.approx(1.0)
    parts[1] = parts[0]
    told = mixing.mixed(parts, share)[0]
    assert told.max() >= parts[0].max() - 1e-9
    assert list(np.argsort(told, kind="stable")) == list(np.argsort(parts[0, 0], kind="stable"))


def test_levels_have_the_larger_share_where_they_tell_gunshots_and_the_least_where_they_mislead():
    kinds = np.array([0, 0, 2, 2])
    windows = mixing.Windows(np.tile(np.arange(4), 2), np.repeat([0, 1], 4), np.ones(8, bool))
    right = np.where(np.arange(4) == kinds[:, None], 0.7, 0.1)
    wrong = right[::-1]
    helped = mixing.tuned(
        windows, np.tile(np.stack([0.55 * wrong + 0.45 * right, right]), (1, 2, 1)), kinds, np.arange(4)
    )
    misled = mixing.tuned(windows, np.tile(np.stack([right, wrong]), (1, 2, 1)), kinds, np.arange(4))
    assert misled.levels_share == min(mixing.LEVELS_SHARES)
    told = mixing.mixed(np.stack([0.55 * wrong + 0.45 * right, right]), helped.levels_share)
    assert (told[kinds == 2, 2] >= helped.threshold).all()


def test_a_class_without_clips_is_named(material):
    how, rows = material
    with pytest.raises(ConfigError, match="siren"):
        learning.learned(rows, np.flatnonzero(rows.kinds != CLASSES.index("siren")), how)


def kept(path, content, **other):
    card = {
        "name": path.stem,
        "title": "a test",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": Licence(spdx="CC0-1.0", notice="made up"),
        "classes": CLASSES,
        "features": FEATURES,
    }
    keep_sound_model(path, SoundCard(**card | other), content)


def test_an_exported_model_runs_as_it_was_trained(material, tmp_path):
    pytest.importorskip("skl2onnx", reason="training needs pip install 'tocsin[training]'")
    how, rows = material
    parts = learning.learned(rows, np.arange(24), how)
    kept(tmp_path / "mine.onnx", exported(parts, 0.7, FEATURES))
    tagger = open_tagger(str(tmp_path / "mine.onnx"))
    (answered,) = session((tmp_path / "mine.onnx").read_bytes()).run(rows.rows.astype(np.float32))
    assert answered == pytest.approx(mixing.mixed(parts.answers(rows.rows), 0.7), abs=1e-3)
    scores = tagger.scores(sound("gunshot", 3), bang_at_s=0.4)
    assert likeliest(scores).name == likeliest(tagger.scores(sound("gunshot", 3))).name == "gunshot"
    assert sum(scores.values()) == pytest.approx(1.0, abs=0.01)


def test_cards_come_back_and_what_does_not_fit_them_is_refused(tmp_path, models):
    path = tmp_path / "a.onnx"
    kept(path, b"no model", says={"gunshot": ("Gunshot, gunfire", "Cap gun")})
    assert read_sound_card(path.with_suffix(".toml")).says["gunshot"][1] == "Cap gun"
    with pytest.raises(ConfigError, match="cannot read this model"):
        open_tagger(str(path))
    path.write_bytes(b"another")
    with pytest.raises(ConfigError, match="not what its card says"):
        sound_model(str(path))
    with pytest.raises(NotFound, match="models train sound"):
        sound_model("sound")


def test_a_model_of_other_features_is_refused(tmp_path):
    kept(tmp_path / "old.onnx", b"x", features=7)
    with pytest.raises(ConfigError, match="7 features"):
        open_tagger(str(tmp_path / "old.onnx"))


def test_spoiling_at_random_is_the_same_for_the_same_seed():
    piece = sound("casual", 1)
    once, again = (at_random(piece, np.random.default_rng(6)) for _ in range(2))
    assert np.array_equal(once, again)
