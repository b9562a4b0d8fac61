"""The cards that ship are whole, and a card that is not is told by its file."""

import pytest
from msgspec.structs import replace

from tocsin.inference.adding import card_text
from tocsin.inference.cards import all_cards, card_of, read_card, shipped_cards, shipped_folder
from tocsin.inference.fetching import fetch
from tocsin.inference.folder import model_path, models_folder
from tocsin.inference.opening import open_detector
from tocsin.model import ConfigError, NotFound

NAMES = sorted(shipped_cards())


@pytest.mark.parametrize("name", NAMES)
def test_a_card_that_ships_says_where_from_under_which_terms_and_how_it_is_proven(name):
    card = shipped_cards()[name]
    assert card.source.kind in {"npm", "pypi"}
    assert card.source.files
    assert card.licence.spdx in {"MIT", "Apache-2.0"}
    assert card.licence.notice
    assert card.probes
    assert card.measured
    assert all(row.command.startswith("tocsin ") for row in card.measured)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_reads_back_as_it_was_written(name, tmp_path):
    card = shipped_cards()[name]
    (tmp_path / f"{name}.toml").write_text(card_text(card), encoding="utf-8")
    assert read_card(tmp_path / f"{name}.toml") == card


def test_the_folder_follows_the_environment(models):
    assert models_folder() == models


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width = 416", "width = 2", "width"),
        ('decoder = "nanodet"', 'decoder = "guess"', "guess"),
        ("[licence]", "[licence]\nfree = true", "free"),
        ('name = "nanodet"', 'name = "other"', "name it other.toml"),
        ("[input]", "[input", "cannot be used"),
    ],
)
def test_a_card_that_cannot_be_used_names_its_file(tmp_path, old, new, message):
    path = tmp_path / "nanodet.toml"
    path.write_text((shipped_folder() / "nanodet.toml").read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_card(path)


@pytest.mark.parametrize("name", ["nobody", "../nanodet", "NANODET", ""])
def test_an_unknown_name_is_told_with_those_there_are(name, models):
    with pytest.raises(NotFound, match="nanodet"):
        card_of(name, models)


def test_a_model_that_was_not_fetched_says_how_to_get_it(models):
    with pytest.raises(NotFound, match="tocsin models fetch nanodet"):
        open_detector("nanodet")


def test_a_card_in_the_folder_cannot_take_the_name_of_one_that_ships(models):
    models.mkdir()
    (models / "nanodet.toml").write_text(card_text(replace(shipped_cards()["nanodet"], title="Evil")), encoding="utf-8")
    assert card_of("nanodet", models) == all_cards(models)["nanodet"] == shipped_cards()["nanodet"]


def test_other_bytes_under_the_right_name_are_not_opened(models):
    models.mkdir()
    model_path(shipped_cards()["nanodet"]).write_bytes(b"other")
    with pytest.raises(ConfigError, match="remove it and fetch again"):
        open_detector("nanodet")


def test_a_model_of_ones_own_is_not_fetched(models):
    own = replace(shipped_cards()["nanodet"], source=replace(shipped_cards()["nanodet"].source, kind="own"))
    with pytest.raises(ConfigError, match="tocsin models add"):
        fetch([own], print)
