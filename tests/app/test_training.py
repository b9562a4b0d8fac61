"""From labelled sounds to a model with its card, by one command."""

import pytest

from tests.inference.test_sound import sound, written
from tocsin.inference.sound.cards import read_sound_card
from tocsin.inference.sound.corpus import CLASSES
from tocsin.inference.sound.tagger import open_tagger
from tocsin.model import ConfigError

pytest.importorskip("skl2onnx", reason="training needs pip install 'tocsin[training]'")


def test_a_model_is_trained_written_and_runs(tocsin, tmp_path):
    for kind in CLASSES:
        for seed in range(4):
            written(tmp_path, f"{kind}_{9 * seed:03d}.wav", sound(kind, seed) / 2)
    out = tmp_path / "made" / "mine.onnx"
    said = tocsin("models", "train", "sound", "--data", tmp_path, "--out", out, "--licence", "CC0-1.0")
    assert said.error is None
    assert "threshold for gunshots" in said.text
    card = read_sound_card(out.with_suffix(".toml"))
    assert (card.licence.spdx, card.classes, len(card.measured)) == ("CC0-1.0", CLASSES, 6)
    assert open_tagger(str(out)).scores(sound("siren", 2))["siren"] > 0.5


@pytest.mark.parametrize(
    ("words", "says"),
    [(("pictures",), "nothing called 'pictures'"), (("sound", "--out", "a.bin"), r"must end in \.onnx")],
)
def test_what_cannot_be_trained_says_so(tocsin, tmp_path, words, says):
    error = tocsin("models", "train", *words, "--data", tmp_path).error
    assert isinstance(error, ConfigError)
    with pytest.raises(ConfigError, match=says):
        raise error
