"""`tocsin evaluate masking` counts what is filled, what is open and what judges still see, on photos and on clips."""

import os
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tocsin.inference.detected import Detected
from tocsin.model import ConfigError
from tocsin.suites.masking import MaskingSuite
from tocsin.suites.masking.footage import Leaks, detail, measured
from tocsin.suites.masking.judging import Judge, sides
from tocsin.suites.masking.stills import Still, by_size, coverage, judged_by, worst
from tocsin.suites.masking.stills import measured as over_photos

DATA = Path(os.environ.get("TOCSIN_DATA", Path(__file__).parents[3] / "shared" / "data"))
STREET = "000000001000"
ALL_MODELS = ("nanodet", "mb3-centernet", "centerface", "blazeface-back")
QUICK = MaskingSuite(judges=("blazeface-back",), references=("nanodet",))


def still(name="12", covered=(1.0, 0.5), elsewhere_px=10, free_px=100, faces=()):
    people = np.array([(0.0, 0.0, 10.0 * (n + 1), 10.0 * (n + 1)) for n in range(len(covered))])
    seen = {"judge": np.array([(0, 0, side, side / 2) for side, _ in faces]).reshape(-1, 4)}
    filled = {"judge": np.array([share for _, share in faces])}
    return Still(name, people.reshape(-1, 4), np.array(covered), elsewhere_px, free_px, 1.0, seen, seen, filled)


def test_coverage_by_hand():
    filled = np.zeros((10, 20), bool)
    filled[:, :5] = True
    shares, elsewhere, free = coverage(filled, np.array([[0.0, 0.0, 10.0, 10.0], [4.0, 0.0, 5.0, 2.0]]))
    assert (shares.tolist(), elsewhere, free) == ([0.5, 1.0], 0, 100)
    shares, elsewhere, free = coverage(filled, np.zeros((0, 4)))
    assert (shares.tolist(), elsewhere, free) == ([], 50, 200)


def test_photos_are_pooled_and_averaged():
    found = over_photos([still(), still("13", (1.0,), 0, 300)])
    assert (found["persons"], found["persons_covered_95"]) == (3.0, pytest.approx(2 / 3))
    assert (found["masked_elsewhere"], found["masked_elsewhere_mean"]) == (0.025, 0.05)


def test_photos_without_anybody_divide_by_nothing():
    nobody = over_photos([still(covered=(), elsewhere_px=0)])
    assert (nobody["persons_covered_95"], nobody["masked_elsewhere"]) == (1.0, 0.0)
    assert over_photos([])["masked_elsewhere_mean"] == 0.0


def test_sizes_and_the_least_covered_are_told():
    found = [still(), still("13", (0.2,))]
    assert by_size(found, (15.0,))["below 15"] == {"persons": 2.0, "covered_95": 0.5}
    assert [row["covered"] for row in worst(found, 5)] == [0.2, 0.5]
    assert (still("12").even, still("000007").even) == (True, False)


def test_faces_are_counted_by_their_longer_side():
    judged = judged_by("judge", [still(faces=[(10.0, 0.0), (24.0, 0.95)]), still("13", faces=[(40.0, 0.5)])], 24.0)
    assert (judged.after, judged.on_fill) == ((2.0, 1.0), 1.0)
    assert judged.rows[0] == {"picture": "13", "side_px": 40.0, "filled": 0.5}
    assert judged_by("judge", [], 24.0).before == (0.0, 0.0)


class Corner:
    """Sees one thing in the upper left quarter of whatever it is shown."""

    names = ("face",)

    def detect(self, pictures, *, score_min):
        return [self._one(picture.shape[1] / 4, picture.shape[0] / 4) for picture in pictures]

    def _one(self, right, bottom):
        return Detected(np.float32([[0, 0, right, bottom]]), np.float32([0.9]), np.zeros(1, np.int64), self.names)


def test_the_judge_looks_at_everybody_enlarged_and_counts_inside_people_only():
    picture = np.zeros((200, 400, 3), np.uint8)
    faces = Judge(Corner(), 0.2).faces(picture, np.array([[300.0, 100.0, 340.0, 180.0]]))
    assert faces.tolist() == []
    faces = Judge(Corner(), 0.2).faces(picture, np.array([[0.0, 0.0, 60.0, 60.0]]))
    assert sorted(sides(faces).tolist()) == pytest.approx([17.0, 100.0], abs=1.0)


def test_leaks_are_told_by_track_size_and_darkness():
    leaks, picture = Leaks(), np.full((100, 100, 3), 30, np.uint8)
    half = np.zeros((100, 100))
    half[:, :50] = 1.0
    for _ in range(6):
        leaks.add("clip", [("a", np.array([0, 0, 40, 90])), ("b", np.array([20, 0, 80, 30]))], picture, half)
    found = measured(leaks)
    assert (found["tracks"], found["track_frames_leaking"], found["worst_track_leaking"]) == (2.0, 0.5, 1.0)
    assert (found["leaking_height_px_below_40"], found["leaking_luminance_below_40"]) == (1.0, 0.5)
    told = detail(leaks)
    assert told["height_px_track_frames"] == {"below 40": 6, "80 to 160": 6}
    assert told["luminance_track_frames"] == {"below 40": 12}
    assert told["worst"] == [{"track": "clip b", "frames": 6, "leaking": 1.0}]


def test_without_anybody_there_is_nothing_to_measure():
    with pytest.raises(ConfigError, match="No person"):
        measured(Leaks())


def test_it_says_what_is_missing(order, workshop, tmp_path):
    with pytest.raises(ConfigError, match="--data"):
        MaskingSuite().run(order, workshop)


@pytest.fixture
def street():
    """A photo with many people (read from the recorded data, never carried here)."""
    folder = DATA / "coco_val128"
    if not (folder / "images" / f"{STREET}.jpg").is_file():
        reason = f"{folder} is absent: set TOCSIN_DATA to the folder of recorded data"
        (pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") == "1" else pytest.skip)(reason)
    return folder


@pytest.fixture
def data(tmp_path, street):
    """A folder of photos, and one of a clip in which the photo is panned over."""
    for part, kind in (("images", "jpg"), ("labels", "txt")):
        (tmp_path / "coco_val128" / part).mkdir(parents=True)
        (tmp_path / "coco_val128" / part / f"{STREET}.{kind}").symlink_to(street / part / f"{STREET}.{kind}")
    (tmp_path / "video").mkdir()
    photo = cv2.imread(str(street / "images" / f"{STREET}.jpg"))
    with av.open(str(tmp_path / "video" / "pan.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 560, 400, "yuv420p", 4_000_000
        for n in range(6):
            part = np.ascontiguousarray(photo[40:440, 8 * n : 8 * n + 560])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(part, format="bgr24")))
        container.mux(stream.encode(None))
    return tmp_path


@pytest.mark.needs_model(*ALL_MODELS)
def test_photos_and_clips_are_measured(order, workshop, data):
    report = QUICK.run(replace(order, data=data), workshop)
    metrics = report.metrics
    assert (metrics["pictures"], metrics["persons"]) == (1.0, 12.0)
    assert metrics["persons_covered_95"] > 0.9
    assert metrics["faces_24px_before"] + metrics["faces_below_24px_before"] >= 5
    assert metrics["faces_24px"] == 0.0
    assert metrics["video_pictures"] == 6.0
    assert metrics["tracks"] >= 5
    assert metrics["track_frames_leaking"] < 0.1
    assert "video" in report.detail


@pytest.mark.needs_model(*ALL_MODELS)
def test_a_folder_with_nothing_to_mask_is_refused(order, workshop, tmp_path):
    with pytest.raises(ConfigError, match="neither photos"):
        QUICK.run(replace(order, data=tmp_path), workshop)
