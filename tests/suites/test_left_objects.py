"""Clips are watched from source to finding: a bag is found where and when it was left, and nothing else."""

import json
import os
from pathlib import Path

import av
import pytest

from tests.perceivers.blobs import picture, put_model
from tocsin.app.suites import Bench
from tocsin.contract.pictures import Still
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.left_objects import Judged, Left, LeftObjects, Told, clips_of, judge, metrics, truth_of

BAG = (280, 150, 300, 168)
BOX = (BAG[0] / 480, BAG[1] / 270, BAG[2] / 480, BAG[3] / 270)
WIDE, HIGH = 1000, 500

BLUE = (210, 40, 40)
"""What the model does not take for anybody."""


def written(path, frames=96, rate=3):
    """Somebody walks in, stands, and walks off; a bag stays."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate, options={"qscale": "2"})
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for n in range(frames):
            x = 100 + 12 * min(max(n - 26, 0), 14) - 14 * max(n - 45, 0)
            shown = picture([(x, 150)] if n >= 26 and x > 0 else [])
            if n >= 39:
                shown[BAG[1] : BAG[3], BAG[0] : BAG[2]] = BLUE
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
        container.mux(stream.encode())
    return path


@pytest.fixture
def blobs(tmp_path, monkeypatch):
    """The name of the model that marks bright figures, where it can be opened."""
    put_model(tmp_path / "models")
    monkeypatch.setenv("TOCSIN_MODELS", str(tmp_path / "models"))
    return "blobs"


def test_a_bag_is_found_where_it_was_left(tmp_path, blobs):
    folder = tmp_path / "clips"
    folder.mkdir()
    written(folder / "bag.avi")
    (folder / "left-objects.json").write_text(json.dumps({"bag": [{"box": BOX, "left_s": 13.0, "alone_s": 15.5}]}))
    metrics = (
        LeftObjects(model=blobs, labels=("person",), frames_per_s=3.0)
        .run(Order(command="it", data=folder), Bench())
        .metrics
    )
    assert (metrics["clips"], metrics["objects"], metrics["found"], metrics["false_findings"]) == (1, 1, 1, 0)
    assert metrics["position_error_px"] < 4.0
    assert 8.0 < metrics["delay_s"] < 16.0
    assert metrics["false_per_hour_upper95"] == pytest.approx(3.0 / metrics["exposure_h"], rel=0.01)


def told(at_s, box=(0.1, 0.1, 0.2, 0.2), grade="left"):
    return Told(at_s, grade, Still(id=1, box=box, since=at_s - 15.0))


@pytest.mark.parametrize(
    ("one", "right"),
    [
        (told(30.0), True),
        (told(30.0, grade="removed"), False),
        (told(5.0), False),
        (told(30.0, box=(0.5, 0.5, 0.6, 0.6)), False),
    ],
)
def test_a_finding_is_right_at_the_object_after_it_was_left(one, right):
    judged = Judged(seconds=60.0, objects=1)
    judge(judged, [one, one], [Left((0.1, 0.1, 0.2, 0.22), 10.0, 12.0)], (WIDE, HIGH))
    assert (len(judged.errors_px), len(judged.false)) == ((1, 0) if right else (0, 2))


def test_position_and_delay_are_of_the_first_finding():
    judged = Judged(seconds=3600.0, objects=1)
    judge(judged, [told(30.0), told(150.0, grade="lasting")], [Left((0.1, 0.1, 0.2, 0.22), 10.0, 12.0)], (WIDE, HIGH))
    found = metrics([judged])
    assert (found["position_error_px"], found["delay_s"]) == (pytest.approx(5.0), 18.0)
    assert found["false_per_hour_upper95"] == pytest.approx(3.0, abs=0.01)


def test_data_that_cannot_be_used_is_named(tmp_path):
    with pytest.raises(ConfigError, match="--data"):
        clips_of(None)
    with pytest.raises(ConfigError, match="No clips"):
        clips_of(tmp_path)
    (tmp_path / "left-objects.json").write_text('{"a": [{"box": 1}]}')
    with pytest.raises(ConfigError, match=r"left-objects\.json"):
        truth_of(tmp_path)


@pytest.mark.nightly
def test_the_recorded_bag_is_the_only_thing_found():
    folder = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "video"
    if not folder.is_dir():
        missing = pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") else pytest.skip
        missing(f"{folder} is absent: set TOCSIN_DATA to the folder of recorded data")
    found = LeftObjects().run(Order(command="it", data=folder), Bench()).metrics
    assert (found["objects"], found["found"], found["false_findings"]) == (1, 1, 0)
    assert found["position_error_px"] < 20.0
