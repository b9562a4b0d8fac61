"""The threshold of a scene comes from the others; a weapon counts in hands, and in clips where it stays."""

import av
import cv2
import numpy as np
import pytest

from tests.perceivers.blobs import GREEN, picture, put_model
from tocsin.app.suites import Bench
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.weapons import WeaponTrials
from tocsin.suites.weapons.bounds import at_least

SIDE = 208
PERSON = (100, 100)
HAND = (109, 101)


@pytest.fixture
def blobs(tmp_path, monkeypatch):
    put_model(tmp_path / "models")
    monkeypatch.setenv("TOCSIN_MODELS", str(tmp_path / "models"))
    return "blobs"


def person(cars=()):
    """Somebody in dark green, so that what is red stands out."""
    made = picture([PERSON], cars, size=(SIDE, SIDE))
    made[..., GREEN] = np.minimum(made[..., GREEN], 215)
    return made


def shot(shade=None, at=HAND):
    """A person, and at a hand something as red as that: three pixels wide, seven high."""
    made = person()
    if shade is not None:
        made[at[1] - 3 : at[1] + 4, at[0] - 1 : at[0] + 2] = (0, 0, shade)
    return made


def label(at=HAND):
    return f"1 {(at[0] + 0.5) / SIDE} {(at[1] + 0.5) / SIDE} {3 / SIDE} {7 / SIDE}\n"


def photo(folder, name, made, text=""):
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "images" / f"{name}.png"), made)
    (folder / "labels" / f"{name}.txt").write_text(text)


def clip(folder, name, shots, labelled=()):
    """A clip without loss, two pictures a second."""
    (folder / "clips").mkdir(parents=True)
    (folder / "labels" / name).mkdir(parents=True)
    with av.open(str(folder / "clips" / f"{name}.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=2)
        stream.height, stream.width, stream.pix_fmt = SIDE, SIDE, "bgr0"
        for one in shots:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(one, format="bgr24")))
        container.mux(stream.encode(None))
    for number in labelled:
        (folder / "labels" / name / f"{number:06d}.txt").write_text(label())


def run(data, blobs, **parameters):
    order = Order(command="tocsin evaluate weapons", data=data)
    suite = WeaponTrials(model=blobs, people_model=blobs, labels=("car",), weapons=("car",), **parameters)
    return suite.run(order, Bench())


@pytest.fixture
def city(tmp_path):
    """Three scenes: two with a weapon, one with something that looks a little like one."""
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / "classes.txt").write_text("person\ncar\n")
    for name in ("yard", "hall"):
        photo(tmp_path / "city" / name, "a", shot(255), label())
    photo(tmp_path / "city" / "shop", "a", shot(220))
    return tmp_path / "city"


def test_a_scene_is_judged_by_the_threshold_of_the_others(city, blobs):
    report = run(city, blobs)
    told = report.detail["scenes"]
    assert {name: (one["found"], one["weapons"]) for name, one in told.items()} == {
        "hall": (1, 1), "shop": (0, 0), "yard": (1, 1),
    }  # fmt: skip
    assert told["yard"]["threshold"] > 0.5 > told["shop"]["threshold"]
    assert (report.metrics["recall"], told["shop"]["false"]) == (1.0, 1)
    assert report.metrics["recall_lower95"] == pytest.approx(0.224, abs=0.001)


def test_what_nobody_holds_is_seen_on_whole_pictures_alone(city, blobs):
    away = (30, 40)
    photo(city / "park", "a", person([away]))
    report = run(city, blobs)
    assert report.detail["scenes"]["park"]["false"] == 0
    assert next(iter(report.peers.values()))["false_alarms"] == 1.0


@pytest.mark.parametrize(("looks", "found"), [(2, 0), (3, 1), (12, 1)])
def test_in_a_clip_it_must_be_seen_in_three_of_five_looks(city, blobs, looks, found):
    clip(city / "gate", "one", [shot(255 if n < looks else None) for n in range(12)], labelled=range(looks))
    told = run(city, blobs).detail["scenes"]["gate"]
    assert (told["weapons"], told["found"], told["false"]) == (1, found, 0)


def test_where_the_folder_holds_pictures_each_is_a_scene(tmp_path, blobs):
    (tmp_path / "classes.txt").write_text("person\ncar\n")
    for name in ("a", "b", "c"):
        photo(tmp_path, name, shot(255), label())
    report = run(tmp_path, blobs)
    assert (report.metrics["scenes"], report.metrics["recall"]) == (3.0, 1.0)


def test_one_scene_is_not_enough(tmp_path, blobs):
    photo(tmp_path / "yard", "a", shot(255), label())
    (tmp_path / "classes.txt").write_text("person\ncar\n")
    with pytest.raises(ConfigError, match="two scenes"):
        run(tmp_path, blobs)


def test_labels_that_cannot_be_read_are_named(city, blobs):
    clip(city / "gate", "one", [shot()] * 2)
    (city / "gate" / "labels" / "one" / "0.txt").write_text("1 half\n")
    with pytest.raises(ConfigError, match=r"0\.txt needs five numbers"):
        run(city, blobs)


def test_few_finds_mean_little():
    assert [round(at_least(n, n), 2) for n in (1, 3, 59)] == [0.05, 0.37, 0.95]
