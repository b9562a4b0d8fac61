"""What was fetched runs as its card says, alone and in batches, with one backend as with the other."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tocsin.inference.cards import shipped_cards
from tocsin.inference.checking import verdict
from tocsin.inference.opening import open_detector, open_faces, open_model, open_poses
from tocsin.inference.probing import answers, mismatch, synthetic
from tocsin.inference.suppression import overlaps
from tocsin.model import ConfigError

NAMES = sorted(shipped_cards())
DATA = Path(os.environ.get("TOCSIN_DATA", Path(__file__).parents[3] / "shared" / "data"))
EACH = [pytest.param(name, marks=pytest.mark.needs_model(name)) for name in NAMES]
SENSES = ("objects", "faces", "poses")


@pytest.fixture(scope="module")
def street():
    """A photo with many people (read from the recorded data, never carried here)."""
    import cv2

    path = DATA / "coco_val128" / "images" / "000000001000.jpg"
    if not path.is_file():
        reason = f"{path} is absent: set TOCSIN_DATA to the folder of recorded data"
        (pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") == "1" else pytest.skip)(reason)
    return cv2.imread(str(path))


@pytest.mark.parametrize("name", EACH)
def test_it_answers_as_the_original_does(name):
    assert verdict(shipped_cards()[name]).state == "good"


@pytest.mark.parametrize("name", EACH)
def test_openvino_agrees(name):
    if find_spec("openvino") is None:
        reason = "openvino is not installed: pip install 'tocsin[openvino]'"
        (pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") == "1" else pytest.skip)(reason)
    model = open_model(name, threads=1, backend="openvino", senses=SENSES)
    assert mismatch(answers(model.session, model.card), model.card.probes) == ""


@pytest.mark.parametrize("name", EACH)
def test_a_batch_is_its_pictures_one_by_one(name):
    model = open_model(name, threads=1, backend="onnxruntime", senses=SENSES)
    pictures = [synthetic(200, 300), synthetic(90, 60)[::-1].copy(), synthetic(200, 300)]
    together = [raw for _, raw in model.raw(pictures, 0.05)]
    alone = [raw for one in pictures for _, raw in model.raw([one], 0.05)]
    for batched, single in zip(together, alone, strict=True):
        assert batched.boxes == pytest.approx(single.boxes, abs=0.01)
        assert batched.scores == pytest.approx(single.scores, abs=1e-4)


@pytest.mark.needs_model("nanodet")
def test_people_on_a_street_are_found_where_they_are(street):
    detector = open_detector("nanodet")
    people = detector.detect([street], score_min=0.3)[0].only("person")
    assert len(people) >= 12
    assert (people.boxes[:, 2:] <= (street.shape[1], street.shape[0])).all()
    mirrored = detector.detect([street[:, ::-1].copy()], score_min=0.3)[0].only("person")
    assert abs(len(mirrored) - len(people)) <= 4


@pytest.mark.needs_model("nanodet")
def test_tiles_find_small_people_and_none_twice_in_one_place(street):
    import cv2

    detector = open_detector("nanodet")
    scene = np.tile(cv2.resize(street, (320, 240)), (3, 4, 1))
    whole = detector.detect([scene], score_min=0.3)[0].only("person")
    tiled = detector.detect_tiles(scene, tile_px=400, overlap=0.25, score_min=0.3).only("person")
    assert len(tiled) > 4 * len(whole)
    shared, _ = overlaps(tiled.boxes, tiled.boxes)
    assert (shared > 0.6).sum() == len(tiled)


@pytest.mark.needs_model("centerface", "blazeface-back")
def test_the_judge_sees_the_faces_that_the_masker_sees(street):
    masker = open_faces("centerface").detect([street], score_min=0.7)[0]
    judge = open_faces("blazeface-back").detect([street], score_min=0.2)[0]
    middles = (masker.boxes[:, :2] + masker.boxes[:, 2:]) / 2
    inside = (judge.boxes[None, :, :2] <= middles[:, None]) & (middles[:, None] <= judge.boxes[None, :, 2:])
    assert inside.all(2).any(1).mean() > 0.8


@pytest.mark.needs_model("movenet-multipose")
def test_people_stand_on_their_feet(street):
    (found,) = open_poses("movenet-multipose").poses([street], score_min=0.2)
    assert len(found) >= 6
    nose, ankles = found.points[:, 0, 1], found.points[:, 15:, 1].mean(1)
    assert (nose < ankles).mean() > 0.8


@pytest.mark.needs_model("nanodet")
@pytest.mark.parametrize(("threads", "backend"), [(0, "onnxruntime"), (1, "abacus")])
def test_a_session_that_cannot_be_is_told(threads, backend):
    with pytest.raises(ConfigError):
        open_detector("nanodet", threads=threads, backend=backend)


@pytest.mark.needs_model("nanodet")
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (4_000, 3, 3)])
def test_absurdly_narrow_pictures_are_no_crash(shape):
    (found,) = open_detector("nanodet").detect([np.zeros(shape, np.uint8)], score_min=0.3)
    assert found.boxes.shape[1] == 4
