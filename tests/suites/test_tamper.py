"""Clips become cameras to be tampered with: stretched without looping, noisy, encoded; found out or left alone."""

from itertools import islice

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.suites import Bench
from tocsin.contract.cards import Cards
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.tamper import TamperTrials
from tocsin.suites.tamper.deeds import DEEDS, cover, defocus, looking, turn
from tocsin.suites.tamper.footage import RUN_S_MAX, Encoding, Sensor, encoded, wander
from tocsin.suites.tamper.quiet import QUIET

HEIGHT, WIDTH = 180, 240


def place(seed=3):
    """A made-up view: walls and windows of chance."""
    chance = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for x, y, w, h, *shade in chance.integers(0, 240, (160, 7)):
        corner = (int(x), int(y))
        opposite = (int(x + 4 + w // 4), int(y + 4 + h // 4))
        cv2.rectangle(picture, corner, opposite, [int(one) for one in shade], -1)
    return picture


def walked(frames, seed=3):
    """Somebody walks through the view."""
    for n in range(frames):
        picture = place(seed)
        cv2.rectangle(picture, (8 * n, 90), (8 * n + 14, 130), (20, 20, 160), -1)
        yield picture


def clip(path, pictures):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=5)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "bgr0"
        for one in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(one, format="bgr24")))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    clip(folder / "video" / "yard.mkv", walked(24))
    clip(folder / "cctv_clips" / "hall.mkv", walked(24, seed=5))
    return folder


def run(data, **parameters):
    lasting = {"frames_per_s": 5.0, "warm_s": 12.0, "deed_s": 10.0, "quiet_s": 10.0, "tuned": ("yard",)}
    order = Order(command=f"tocsin evaluate tamper --data {data}", data=data, seeds=(4,))
    return TamperTrials(**{**lasting, **parameters}).run(order, Bench())


ONE_OF_EACH = ("hand-full", "blur-1.5%", "pan-12%", "same-frame", "loop-6s-encoded-again")


@pytest.fixture(scope="module")
def report(data):
    return run(data, deeds=ONE_OF_EACH, everyday=("untouched", "clouds"))


def test_what_is_done_is_found_as_what_it_is_and_in_time(report):
    grades = ("covered", "defocused", "turned", "frozen", "replayed")
    assert {grade: report.metrics[f"recall_{grade}"] for grade in grades} == dict.fromkeys(grades, 1.0)
    assert 0 < report.metrics["delay_max_s"] <= 10.0


def test_an_everyday_is_left_alone_and_its_length_is_told(report):
    assert report.metrics["false_alarms"] == 0.0
    assert report.metrics["camera_hours"] == pytest.approx(2 * (2 * 10 + 2 * 12) / 3600, rel=0.1)
    assert report.metrics["false_per_hour_upper95"] == pytest.approx(2.996 / report.metrics["camera_hours"], rel=0.01)


def test_what_was_not_tuned_on_is_told_apart(report):
    assert report.metrics["camera_hours_untuned"] == pytest.approx(report.metrics["camera_hours"] / 2)
    assert report.detail["deeds"]["turned pan-12%"]["of"] == 2


def test_the_card_is_what_was_counted(data, tmp_path):
    run(data, only=("yard",), deeds=("same-frame",), everyday=("untouched",), quiet_s=20.0, cards=str(tmp_path))
    card = (tmp_path / "vision.tamper.toml").read_text()
    assert "--data DIR" in card
    assert Cards.load(tmp_path).rows["vision.tamper", "frozen"].windows >= 1


def test_a_folder_without_clips_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no clip"):
        run(tmp_path)


@given(st.integers(2, 60), st.integers(0, 10_000))
def test_no_stretch_is_shown_for_longer_than_a_second_again(length, seed):
    shown = list(islice(wander(length, 5.0, np.random.default_rng(seed)), 400))
    steps = np.diff(shown)
    turns = np.flatnonzero(np.diff(steps[length - 1 :]))
    assert shown[:length] == list(range(length))
    assert set(np.abs(steps)) <= {1}
    assert max(np.diff(turns), default=0) <= RUN_S_MAX * 5.0


def test_noise_is_fresh_in_every_picture():
    sensor = Sensor((HEIGHT, WIDTH, 3), np.random.default_rng(1))
    grey = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    one, other = (sensor.seen(grey, 2.0).astype(float) - 128 for _ in range(2))
    assert one.std() == pytest.approx(2.0, abs=0.1)
    assert abs((one * other).mean()) < 0.1


def test_an_encoder_gives_back_as_many_pictures_a_little_worse():
    sent = list(walked(12))
    usual, worse = (list(encoded(sent, 5.0, Encoding(crf=crf))) for crf in (20, 40))
    errors = [np.abs(np.subtract(got, sent, dtype=float)).mean() for got in (usual, worse)]
    assert len(usual) == len(worse) == 12
    assert 0 < errors[0] < errors[1] < 20


def test_a_cover_hides_as_much_as_it_says():
    alter = cover(0.4, 1.0, (0, 0, 0), 0.0)((HEIGHT, WIDTH, 3), np.random.default_rng(2))
    white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    assert [(alter(white, at) < 128).mean() for at in (0.0, 0.5, 2.0)] == pytest.approx([0.0, 0.2, 0.4], abs=0.03)


def test_a_blur_grows():
    alter = defocus(0.02, 4.0)((HEIGHT, WIDTH, 3), np.random.default_rng(2))
    edges = [cv2.Laplacian(alter(place(), at), cv2.CV_64F).std() for at in (0.0, 1.0, 4.0)]
    assert edges == sorted(edges, reverse=True)


def test_a_turn_shows_what_lies_beside():
    whole = place()
    aside = turn(right=0.1)((HEIGHT, WIDTH, 3), np.random.default_rng(2))(whole, 9.0)
    still = looking(whole, 0.0, 0.0, 0.0, 1.0)
    (right, down), sure = cv2.phaseCorrelate(*(one[..., 1].astype(np.float32) for one in (still, aside)))
    assert abs(right) == pytest.approx(0.1 * still.shape[1], abs=0.5)
    assert (abs(down) < 0.5, sure > 0.3) == (True, True)


def test_deeds_and_everydays_have_names_of_their_own():
    names = [one.name for one in (*DEEDS, *QUIET)]
    assert len(names) == len(set(names))
    assert {"covered", "defocused", "turned", "frozen", "replayed"} == {deed.kind for deed in DEEDS}
