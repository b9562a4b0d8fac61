"""How many cameras one core carries, and whether looking seldom sees as many people."""

import av
import numpy as np
import pytest

from tests.perceivers.blobs import picture, put_model
from tocsin.app.suites import Bench
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.video_speed import VideoBench
from tocsin.suites.video_speed.comparing import covered, whole_people
from tocsin.suites.video_speed.delay import Delays, p99
from tocsin.suites.video_speed.footage import clips_of, frames, invented, opened
from tocsin.suites.video_speed.running import Shown


@pytest.fixture
def blobs(tmp_path, monkeypatch):
    put_model(tmp_path / "models")
    monkeypatch.setenv("TOCSIN_MODELS", str(tmp_path / "models"))
    return "blobs"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "video"
    made.mkdir()
    with av.open(str(made / "square.avi"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10, options={"qscale": "2"})
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for n in range(50):
            people = [(61 + 2 * n, 61), (401 - 2 * n, 201)]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(people), format="bgr24")))
        container.mux(stream.encode())
    return made


def test_looking_seldom_costs_less_and_sees_as_many(folder, blobs):
    report = VideoBench(model=blobs, cameras_measured=1).run(Order(command="it", data=folder), Bench())
    found = report.metrics
    assert found["ratio"] > 1.2
    assert found["track_recall"] >= found["track_recall_every_frame"] - 0.02
    assert found["findings"] == 2
    assert 0.0 < found["delay_p99_s"] < 10.0
    assert sum(found[f"{name}_share"] for name in ("decode", "detect", "track", "mask")) == pytest.approx(1.0, abs=1e-3)
    assert report.detail["headline"] == ["square"]


def test_a_folder_without_clips_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No clips"):
        clips_of(tmp_path, 3)


def test_a_clip_can_be_made_up(tmp_path):
    source = opened(invented(tmp_path / "invented.avi", seconds=1.0), 5.0)
    assert [one.body.picture.shape for one in frames(source, 9.0)] == [(720, 1280, 3)] * 5


def shown(at, *boxes):
    return Shown(at, tuple(range(len(boxes))), np.array(boxes, float).reshape(-1, 4))


def test_what_is_covered_is_counted_at_equal_times():
    reference = [shown(0.0, (0, 0, 10, 30)), shown(0.2, (0, 0, 10, 30), (50, 0, 60, 30)), shown(0.4)]
    other = [shown(0.0, (1, 0, 11, 30)), shown(0.2, (0, 0, 10, 30)), shown(0.3, (50, 0, 60, 30))]
    assert covered(reference, other) == (2, 3)


def test_only_whole_people_who_last_a_second_count():
    lasting = [shown(0.2 * n, (100, 100, 120, 160), (0, 100, 20, 160), (104, 104, 112, 130)) for n in range(6)]
    assert [one.tolist() for one in whole_people(lasting, (720, 1280))] == [[True, False, False]] * 6
    assert not any(one.any() for one in whole_people(lasting[:3], (720, 1280)))


def test_cameras_that_share_a_core_wait_for_one_another():
    times = Delays(cpu_s=[9.0] * 5 + [0.05] * 40)
    assert p99(times.queued(1, 5.0)) == pytest.approx(0.05)
    assert p99(times.queued(3, 5.0)) == pytest.approx(0.05, abs=0.01)
    assert p99(times.queued(5, 5.0)) > 1.0
