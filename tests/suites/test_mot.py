"""Sequences of the MOT Challenge are read, tracked, tuned on one another and judged by TrackEval, beside the peers."""

import os
from pathlib import Path

import numpy as np
import pytest

from tocsin.app.suites import Bench
from tocsin.model import ConfigError
from tocsin.physics.tracking import Tracking
from tocsin.suites import Order
from tocsin.suites.mot import Mot, Race, _sequences, ranked, tracked

PEER = Path(".venv-peers/bin/python")


def sequence(folder, *, frames=30, walkers=3, false=True, scale=1.0):
    """Walkers who are seen in every frame, one of them badly, and now and then a false alarm."""
    for name in ("det", "gt"):
        (folder / name).mkdir(parents=True)
    about = f"[Sequence]\nname={folder.name}\nframeRate=10\nseqLength={frames}\nimWidth=640\nimHeight=480\n"
    (folder / "seqinfo.ini").write_text(about)
    boxes = [(f, w, 40 + 150 * w + 3 * f, 150.0, 60, 150) for f in range(1, frames + 1) for w in range(walkers)]
    truth = [f"{f},{w + 1},{x},{y},{b},{h},1,-1,-1,-1" for f, w, x, y, b, h in boxes]
    found = [f"{f},-1,{x + f % 2},{y},{b},{h},{scale * (0.98 - 0.1 * w)},-1,-1,-1" for f, w, x, y, b, h in boxes]
    wrong = [f"{f},-1,{20 * f},20,40,30,{0.6 * scale},-1,-1,-1" for f in range(1, frames + 1, 4)] if false else []
    (folder / "gt" / "gt.txt").write_text("\n".join(truth))
    (folder / "det" / "det.txt").write_text("\n".join(found + wrong))


@pytest.fixture
def peers():
    if not PEER.exists():
        (pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") else pytest.skip)(f"{PEER} is absent: run `make peers`")


def run(data, **parameters):
    test = parameters.pop("test", None)
    return Mot(**parameters).run(Order(command="tocsin evaluate mot", data=data, test=test), Bench())


def test_a_sequence_becomes_frames_and_tracks(tmp_path):
    sequence(tmp_path / "one")
    (one,) = _sequences(tmp_path, "det")
    rows, spent_s = tracked(one, Tracking.walking(score_even=0.6))
    assert (len(one.frames), one.rate_hz, one.width_px) == (30, 10.0, 640.0)
    assert spent_s > 0
    assert {row[1] for row in rows} == {1, 2, 3}
    assert len(rows) >= 3 * 29


def test_scores_without_bounds_become_ranks_that_know_no_later_frame(tmp_path):
    sequence(tmp_path / "one", scale=80.0)
    (one,) = _sequences(tmp_path, "det")
    scores = np.concatenate([frame[:, 4] for frame in one.frames])
    assert (scores > 0).all()
    assert (scores < 1).all()
    frames = [np.array([[0, 0, 1, 1, score]]) for score in (5.0, -2.0, 70.0)]
    assert list(ranked(frames[:2]))[1].tolist() == list(ranked(frames))[1].tolist()


@pytest.mark.parametrize("broken", ["seqinfo.ini", "gt/gt.txt", "det/det.txt"])
def test_a_folder_without_its_parts_is_named(tmp_path, broken):
    sequence(tmp_path / "one")
    (tmp_path / "one" / broken).unlink()
    with pytest.raises(ConfigError, match=r"seqinfo\.ini"):
        _sequences(tmp_path, "det")


@pytest.mark.parametrize("text", ["[Sequence]\nframeRate=x\n", "[Other]\n", "[Sequence]\nframeRate=10\n"])
def test_a_sequence_that_says_too_little_is_named(tmp_path, text):
    sequence(tmp_path / "one")
    (tmp_path / "one" / "seqinfo.ini").write_text(text)
    with pytest.raises(ConfigError, match="one"):
        _sequences(tmp_path, "det")


def test_it_says_what_is_missing(tmp_path):
    with pytest.raises(ConfigError, match="make peers"):
        run(tmp_path, peer_python=str(tmp_path / "python"))


def test_each_sequence_is_reported_with_what_did_best_on_the_others(tmp_path):
    for name in ("a", "b", "c"):
        sequence(tmp_path / name)
    learned = _sequences(tmp_path, "det")
    scores = {"x-0": 50.0, "x-1": 50.5, "x-2": 60.0}
    asked = []

    def judge(request):
        asked.append(request["parts"])
        (key,) = set(request["parts"].values())
        return {"hota": scores[key], "idf1": 0.0}

    race = Race(judge=judge, learned=learned, tested=[], say=print)
    assert race._pick("x", 3, learned[0], margin=1.0) == 2
    assert race._pick("x", 2, learned[0], margin=1.0) == 0
    assert all(str(learned[0].folder) not in parts for parts in asked)


def test_perfect_tracks_are_judged_perfect_and_peers_run_beside(tmp_path, peers):
    sequence(tmp_path / "one", false=False)
    report = run(tmp_path, tuned=False, score_even=0.5)
    assert report.metrics["idf1"] > 95
    assert report.metrics["idsw"] == 0
    assert report.peers.keys() == {"SORT", "ByteTrack", "OC-SORT"}
    assert all(0 < one["hota"] <= 100 for one in report.peers.values())


def test_what_is_learned_on_one_folder_is_reported_on_another(tmp_path, peers):
    for name in ("a", "b"):
        sequence(tmp_path / "data" / name)
    sequence(tmp_path / "test" / "c", walkers=2)
    report = run(tmp_path / "data", test=tmp_path / "test", trials=2)
    assert report.detail["frames"] == 30
    assert report.detail["ours"]["sequences"].keys() == {"c"}
    assert {"SORT tuned", "ByteTrack tuned", "OC-SORT tuned"} <= report.peers.keys()


@pytest.mark.nightly
def test_recorded_sequences_are_tracked_ahead_of_the_peers(peers):
    data = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "mot15"
    if not data.is_dir():
        missing = pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") else pytest.skip
        missing(f"{data} is absent: set TOCSIN_DATA to the folder of recorded data")
    metrics = run(data, tuned=False).metrics
    assert metrics["hota_ahead"] > 3
    assert metrics["idf1_ahead"] > 4
