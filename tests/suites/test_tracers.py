"""The suites of tracer releases, on runs written down by the model itself and, where there, on the real ones."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tocsin.model import ConfigError
from tocsin.suites.tracers.arcs import PrairieGrass, ours
from tocsin.suites.tracers.records import ARCS, WEATHER, releases
from tocsin.suites.tracers.sources import SourceTerm

RATE_G_S = 80.0
RUNS = {5: (-28.0, 0.39, 782.0, 9.5), 6: (204.0, 0.46, -999.0, 5.8), 7: (-60.0, 0.45, 900.0, 9.0)}


def arcs_of(run):
    """What each sampler would read if the model were the truth."""
    obukhov, ustar, mixing, swing = RUNS[run]
    lines = []
    for number, (distance, step) in enumerate([(50, 2), (200, 2), (800, 1)], 1):
        lines += [f"{run:3d},{number:3d},'07/06/56','1400-1410',{distance:8.1f}"]
        lines += [f" 31,  1, 31,   1,     1.000,    0.0,    0.0,  {RATE_G_S},  0.46,  1.50,     1.000"]
        lines += [f"  {(360 + step * n) % 360:6d} {100 + step * n:8d} {distance:8d} {0.0:9.3f}" for n in range(-15, 16)]
    weather = f"{run}\t{obukhov}\t{ustar}\t{mixing}\t180\t0\t0\t0\t{swing}\t6.0"
    return lines, weather


def told(line, plume):
    """A line of the record; that of a sampler with what the plume brings there."""
    parts = line.split()
    if len(parts) != 4 or "'" in line:
        return line
    away, angle = float(parts[2]), np.radians(float(parts[0]))
    mg = 1e3 * RATE_G_S * float(plume.steady(away * np.cos(angle), away * np.sin(angle)))
    return f"  {parts[0]:>6} {parts[1]:>8} {parts[2]:>8} {mg:9.5f}"


@pytest.fixture
def folder(tmp_path):
    """Three runs in the form of Project Prairie Grass whose readings are the model's own."""
    rows = {run: arcs_of(run) for run in RUNS}
    (tmp_path / WEATHER).write_text("\n".join(weather for _, weather in rows.values()))
    (tmp_path / ARCS).write_text("\n".join(line for lines, _ in rows.values() for line in lines))
    plumes = {one.run: ours(one) for one in releases(tmp_path)}
    text = [told(line, plumes[run]) for run, (lines, _) in rows.items() for line in lines]
    (tmp_path / ARCS).write_text("\n".join(text))
    return tmp_path


def test_a_model_agrees_with_itself(order, workshop, folder):
    report = PrairieGrass().run(replace(order, data=folder), workshop)
    assert report.metrics["unseen_fac2"] == report.metrics["fac2_800m"] == 1.0
    assert report.metrics["vg"] == pytest.approx(1.0, abs=0.01)
    assert report.peers["Briggs"]["vg"] > report.metrics["vg"]


def test_the_real_runs_are_met(order, workshop):
    data = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "prairie_grass"
    if not data.is_dir():
        missing = pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") else pytest.skip
        missing(f"{data} is absent: set TOCSIN_DATA to the folder of recorded data")
    metrics = PrairieGrass().run(replace(order, data=data), workshop).metrics
    assert metrics["fac2"] >= 0.93
    assert max(metrics["vg"], metrics["unseen_vg"]) <= 1.15
    assert max(abs(metrics["fb"]), abs(metrics["unseen_fb"])) < 0.1


@pytest.mark.parametrize("broken", ["", "1,1,'07/03/56'\nnonsense\n"])
def test_what_is_no_record_says_what_to_do(order, workshop, tmp_path, broken):
    if broken:
        (tmp_path / ARCS).write_text(broken)
        (tmp_path / WEATHER).write_text("5\t-28.0\t0.39\t782\t176\t0\t0\t0\t9.5\t5.93\n")
    with pytest.raises(ConfigError, match=f"{ARCS}|--data"):
        PrairieGrass().run(replace(order, data=tmp_path), workshop)


def test_the_source_is_found_where_the_model_is_true(order, workshop, folder):
    report = SourceTerm(hypotheses=400).run(replace(order, data=folder, seeds=(1, 2)), workshop)
    assert report.metrics["position_error_m_20"] < 60.0
    assert 0.0 <= report.metrics["coverage90"] <= 1.0
    assert report.peers["grid search"]["position_error_m_20"] < 60.0
