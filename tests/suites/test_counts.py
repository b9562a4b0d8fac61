"""People told in clips are compared with counts by hand, frame by frame."""

import json

import av
import pytest

from tests.perceivers.blobs import picture, put_model
from tocsin.app.suites import Bench
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.counts import KNOWN, CountsSuite, counts_of, metrics_of


@pytest.fixture
def blobs(tmp_path, monkeypatch):
    put_model(tmp_path / "models")
    monkeypatch.setenv("TOCSIN_MODELS", str(tmp_path / "models"))
    return "blobs"


@pytest.fixture
def folder(tmp_path):
    """A clip of two people who walk, and a third who comes in."""
    made = tmp_path / "clips"
    made.mkdir()
    with av.open(str(made / "square.avi"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10, options={"qscale": "2"})
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for n in range(60):
            people = [(60 + 2 * n, 61), (401 - 2 * n, 201), *([(200 + n, 131)] if n >= 30 else [])]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(people), format="bgr24")))
        container.mux(stream.encode())
    return made


def run(folder, model):
    return CountsSuite(model=model).run(Order(command="it", data=folder), Bench())


def test_counts_by_hand_are_met_where_everybody_is_found(folder, blobs):
    (folder / "counts.json").write_text(json.dumps({"square": {"20": 2, "50": 3}}))
    report = run(folder, blobs)
    assert (report.metrics["counts"], report.metrics["mae_persons"]) == (2, 0)
    assert report.peers["every frame"]["mae_persons"] == 0
    assert report.peers["whole picture"]["bias_persons"] == -2.5
    assert [row["told"] for row in report.detail["square"]["counts"]["scheduled"]] == [2, 3]


def test_a_count_between_analysed_frames_is_compared_with_the_nearest(folder, blobs):
    (folder / "counts.json").write_text(json.dumps({"square": {"21": 2, "999": 9}}))
    assert run(folder, blobs).metrics["counts"] == 1


def test_clips_of_which_nobody_counted_people_are_no_ground(folder, blobs):
    with pytest.raises(ConfigError, match=r"counts\.json"):
        run(folder, blobs)


def test_counts_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "counts.json").write_text('{"square": [1]}')
    with pytest.raises(ConfigError, match="frame numbers"):
        counts_of(tmp_path)


def test_ten_frames_of_each_concourse_clip_were_counted():
    assert [len(KNOWN[name]) for name in ("concourse_1", "concourse_2")] == [10, 10]


def test_errors_are_told_in_persons_and_as_a_share():
    found = metrics_of([[{"by_hand": 40, "told": 38}], [{"by_hand": 0, "told": 1}]])
    assert (found["mae_persons"], found["bias_persons"], found["worst_persons"]) == (1.5, -0.5, 2.0)
    assert found["error_share"] == pytest.approx(3 / 40)
