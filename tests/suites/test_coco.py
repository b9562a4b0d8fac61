"""Average precision is COCO's, and a detector of the registry is measured with the labels' own numbers."""

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.inference.conftest import constant_model, yolov8_rows
from tocsin.inference.adding import Wanted, add
from tocsin.inference.examining import examine
from tocsin.inference.photos import labelled
from tocsin.model import ConfigError, NotFound
from tocsin.suites.coco import Coco
from tocsin.suites.coco.precision import Scored, average, means
from tocsin.suites.face_agreement import FaceAgreement

DATA = Path(os.environ.get("TOCSIN_DATA", Path(__file__).parents[3] / "shared" / "data")) / "coco_val128"


def scattered(seed, photos=12):
    """Made-up truth, and boxes near it, doubled and beside it."""
    random = np.random.default_rng(seed)
    for _ in range(photos):
        corners = random.integers(0, 80, (random.integers(0, 9), 2)).astype(float)
        truth = np.concatenate([corners, corners + random.integers(8, 40, corners.shape)], 1)
        classes = random.integers(0, 3, len(truth))
        boxes = np.concatenate([truth, truth, truth[:3]]) + random.normal(0, 2, (2 * len(truth) + len(truth[:3]), 4))
        found = np.concatenate([classes, classes, (classes[:3] + 1) % 3])
        scores = random.permutation(len(found)).astype(np.float32) / 100
        yield Scored(truth=truth, truth_classes=classes, boxes=boxes, scores=scores, classes=found)


@pytest.mark.parametrize(
    ("seed", "judged"),
    [
        (1, {"map": 0.37378867906152297, "map50": 0.7013171335863206, "person_ap50": 0.6902474805808705}),
        (2, {"map": 0.43657034626277386, "map50": 0.8376158041857718, "person_ap50": 0.8901265126512653}),
    ],
)
def test_it_counts_as_pycocotools_2_0_11_did_on_the_same_boxes(seed, judged):
    assert means(list(scattered(seed)), person=0) == pytest.approx(judged, abs=1e-9)


@pytest.mark.parametrize(
    ("hits", "total", "wanted"),
    [([True, True], 2, 1.0), ([False, True], 1, 0.5), ([True], 2, 51 / 101), ([], 3, 0.0), ([True], 0, 1.0)],
)
def test_average_precision_by_hand(hits, total, wanted):
    assert average(np.array(hits, bool), total) == pytest.approx(wanted)


@pytest.fixture
def photos(tmp_path):
    """Two grey photos of 200 × 100 with one thing of class 1 each, at the middle."""
    folder = tmp_path / "photos"
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for name in ("a", "b"):
        cv2.imwrite(str(folder / "images" / f"{name}.png"), np.full((100, 200, 3), 90, np.uint8))
        (folder / "labels" / f"{name}.txt").write_text("1 0.5 0.5 0.25 0.5\n\n0 0.1 0.1 0.1 0.1\n", encoding="utf-8")
    (folder / "classes.txt").write_text("person\nknife\n", encoding="utf-8")
    return folder


@pytest.fixture
def knife(tmp_path, models):
    """A model that sees one knife in the middle of everything, whose own number for it is 0."""
    (tmp_path / "knife.onnx").write_bytes(
        constant_model([yolov8_rows([(32, 32, 16, 16, 0, 0.9)], 1)]).SerializeToString()
    )
    return add(
        examine(tmp_path / "knife.onnx"), Wanted(name="knife", decoder="yolov8", classes=("knife",)), accepted=True
    )


def test_classes_meet_by_their_words_and_others_do_not_count(order, workshop, photos, knife):
    suite = Coco(model="knife", peer_python="nowhere")
    report = suite.run(replace(order, data=photos), workshop)
    assert report.detail["classes"] == 1
    assert "make peers" in report.detail["judge"]
    assert report.metrics["map50"] == pytest.approx(1)
    assert "person_ap50" not in report.metrics


def test_a_model_with_no_class_of_the_labels_and_one_that_nobody_knows_are_told(order, workshop, photos, knife):
    (photos / "classes.txt").write_text("cow\n", encoding="utf-8")
    for name, error in (("knife", ConfigError), ("nobody", NotFound)):
        with pytest.raises(error, match=name):
            Coco(model=name).run(replace(order, data=photos), workshop)


@pytest.mark.parametrize(
    ("name", "content"), [("labels/a.txt", "1 0.5 0.5"), ("labels/a.txt", "a b c d e"), ("images/a.png", "no photo")]
)
def test_broken_labels_and_photos_are_told_by_their_file(photos, name, content):
    (photos / name).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=Path(name).name):
        labelled(photos)


@pytest.mark.parametrize("folder", [None, Path("nowhere")])
@pytest.mark.parametrize("suite", [Coco(), FaceAgreement()], ids=["coco", "face-agreement"])
def test_a_folder_without_photos_says_what_to_do(order, workshop, suite, folder):
    with pytest.raises(ConfigError, match="--data"):
        suite.run(replace(order, data=folder), workshop)


def some(count, folder):
    """The first photos with people, linked into a folder."""
    if not DATA.is_dir():
        reason = f"{DATA} is absent: set TOCSIN_DATA to the folder of recorded data"
        (pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") == "1" else pytest.skip)(reason)
    chosen = [photo for photo in labelled(DATA) if 0 in photo.classes][:count]
    for part, suffix in (("images", ".jpg"), ("labels", ".txt")):
        (folder / part).mkdir()
        for photo in chosen:
            (folder / part / f"{photo.path.stem}{suffix}").symlink_to(
                (DATA / part / photo.path.stem).with_suffix(suffix)
            )
    return folder


@pytest.mark.needs_model("nanodet")
def test_people_are_found_on_real_photos(order, workshop, tmp_path):
    report = Coco(peer_python="nowhere").run(replace(order, data=some(6, tmp_path)), workshop)
    assert report.metrics["person_ap50"] > 0.5


@pytest.mark.needs_model("centerface", "blazeface-back")
def test_the_judge_agrees_with_the_masker_on_real_photos(order, workshop, tmp_path):
    report = FaceAgreement().run(replace(order, data=some(6, tmp_path)), workshop)
    assert report.metrics["recall"] > 0.8


@pytest.mark.nightly
@pytest.mark.needs_model("nanodet")
def test_the_default_detector_is_as_good_as_its_card_says(order, workshop):
    report = Coco().run(replace(order, data=DATA), workshop)
    assert report.metrics["map"] >= 0.29
    assert report.metrics["person_ap50"] >= 0.60
