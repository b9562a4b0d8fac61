"""Laboratory files of any form are read, an area and a line laid, faults made as stated, and reports judged."""

import os
from pathlib import Path

import numpy as np
import pytest

from tocsin.app.suites import Bench
from tocsin.contract.pictures import AreaFlow, CrowdFlow, Passages
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.crowd import CrowdSuite
from tocsin.suites.crowd.judging import Truth, judged
from tocsin.suites.crowd.planning import planned
from tocsin.suites.crowd.seeing import Faults, watched
from tocsin.suites.crowd.trajectories import Trajectories, found

PEER = Path(".venv-peers/bin/python")
NO_FAULTS = Faults(across_sd_m=0.0, down_sd_m=0.0, lasting=0.0, missed=0.0, false_share=0.0, spell_s=0.5)


def corridor(people=40, frames=200, fps=10.0, speed_m_s=1.0):
    """Rows of four walk along x in a corridor of two metres, one row per metre; id, frame, x, y."""
    rows = []
    for one in range(people):
        x = -(one // 4) + speed_m_s * np.arange(frames) / fps
        inside = (x >= 0) & (x <= 8)
        rows += [(one, n, x[n], 0.25 + 0.5 * (one % 4)) for n in np.flatnonzero(inside)]
    return rows


def written(path, rows, header="# framerate: 10 fps\n# id frame x/m y/m z/m\n", scale=1.0):
    lines = "".join(f"{one} {frame} {x * scale:.4f} {y * scale:.4f} 176\n" for one, frame, x, y in rows)
    path.write_text(header + lines, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "scale", "fps"),
    [
        ("# framerate: 10 fps\n# id frame x/m y/m z/m\n", 1.0, 10.0),
        ("# id frame x/cm y/cm z/cm\n#framerate: 25.00\n", 100.0, 25.0),
        ("", 100.0, 16.0),
    ],
)
def test_files_are_read_in_metres_whatever_their_header(tmp_path, header, scale, fps):
    of = Trajectories.read(written(tmp_path / "a.txt", corridor(speed_m_s=9.0 if not header else 1.0), header, scale))
    assert of.frame_rate == fps
    assert of.places.max() == pytest.approx(8.0, abs=0.95)


def test_what_is_no_file_of_trajectories_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing of the kind\n")
    with pytest.raises(ConfigError, match="No trajectories"):
        found(tmp_path)
    (tmp_path / "odd.txt").write_text("1 2 3 4\n1 2 x y\n")
    with pytest.raises(ConfigError, match=r"odd\.txt"):
        Trajectories.read(found(tmp_path)[0])


def test_area_and_line_lie_across_the_stream(tmp_path):
    plan = planned(Trajectories.read(written(tmp_path / "a.txt", corridor())))
    assert abs(plan.along[0]) == pytest.approx(1.0, abs=1e-3)
    assert np.ptp(plan.area, axis=0) == pytest.approx([2.0, 2.1], abs=0.1)
    assert np.ptp(plan.line, axis=0) == pytest.approx([0.0, 2.1], abs=0.1)


def test_the_line_is_laid_where_the_stream_is_narrowest(tmp_path):
    rows = [(one, n, x, y if x < 6 else 1.0 + (y - 1.0) / 3) for one, n, x, y in corridor()]
    line = planned(Trajectories.read(written(tmp_path / "a.txt", rows))).line
    assert line[:, 0].mean() > 5.9
    assert np.ptp(line[:, 1]) == pytest.approx(1.1, abs=0.1)


def test_without_faults_the_perceiver_tells_the_truth(tmp_path):
    of = Trajectories.read(written(tmp_path / "a.txt", corridor(people=80, frames=260)))
    reports = [flow for _, flow in watched(of, planned(of), NO_FAULTS, 2, 1).reports]
    middle = reports[4].areas[0]
    assert middle.persons_per_m2 == pytest.approx(4 / 2.1, rel=0.1)
    assert middle.speed_m_s == pytest.approx(1.0, rel=0.03)
    assert sum(flow.passages[0].forward + flow.passages[0].backward for flow in reports) == pytest.approx(80, abs=5)


def test_faults_are_as_many_as_was_said(tmp_path):
    of = Trajectories.read(written(tmp_path / "a.txt", corridor(people=80, frames=260)))
    faults = Faults(across_sd_m=0.0, down_sd_m=0.0, lasting=0.0, missed=0.3, false_share=0.0, spell_s=0.3)
    seen = sum(len(ids) for _, ids, _ in watched(of, planned(of), faults, 2, 1).tracks)
    there = sum(len(ids) for _, ids, _ in watched(of, planned(of), NO_FAULTS, 2, 1).tracks)
    assert 0.5 < seen / there < 0.75


def test_reports_are_judged_over_the_time_they_speak_of():
    frames = range(200)
    truth = Truth(10.0, dict.fromkeys(frames, 2.0), dict.fromkeys(frames, 1.0), dict.fromkeys(frames, 8.0), [*frames])
    area = AreaFlow("area", 8.0, 4.0, 2.2, speed_m_s=0.9)
    reports = [(at, CrowdFlow(areas=(area,), passages=(Passages("l", 20, 2),), every_s=2.0)) for at in range(2, 21, 2)]
    told = judged(reports, truth, 5).told
    assert told["density_error"] == pytest.approx(0.1)
    assert told["speed_error"] == pytest.approx(0.1)
    assert told["specific_flow_error"] == pytest.approx(0.01)
    assert told["flow_error"] == pytest.approx(0.1, abs=0.02)


def test_it_says_what_is_missing_before_it_starts(tmp_path):
    with pytest.raises(ConfigError, match="--data"):
        CrowdSuite().run(Order(command=""), Bench())
    with pytest.raises(ConfigError, match="make peers"):
        CrowdSuite(peer_python=str(tmp_path / "python")).run(Order(command="", data=tmp_path), Bench())


@pytest.mark.nightly
def test_recorded_crowds_are_measured_as_the_peer_measures_them():
    folder = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "pedpy"
    if not folder.is_dir() or not PEER.is_file():
        missing = pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") else pytest.skip
        missing(f"{folder} or {PEER} is absent: set TOCSIN_DATA to the folder of recorded data, and run `make peers`")
    metrics = CrowdSuite().run(Order(command="it", data=folder), Bench()).metrics
    assert metrics["density_error"] <= 0.1
    assert metrics["flow_error"] <= 0.1
