"""Reports are told once each, bad lines are named once, and a calm has no direction."""

import os
from time import gmtime, strftime, time

import pytest

from tocsin.contract.resources import Resources
from tocsin.contract.weather import Air, Wind
from tocsin.model import ConfigError
from tocsin.sources.metar import Metar


def report(minutes_ago, rest="24008KT CAVOK 18/09 Q1015", station="EFHK"):
    return f"METAR {station} {strftime('%d%H%MZ', gmtime(time() - 60 * minutes_ago))} {rest}\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metar.txt"


def started(path, resume=b"", **fields):
    return Metar(path=str(path), source="efhk", poll_s=0.01, **fields).start(Resources(), resume)


def written(path, text, nth=[0]):  # noqa: B006  # each writing gets a time of its own
    path.write_text(text)
    nth[0] += 1
    os.utime(path, (nth[0], nth[0]))


def test_a_report_becomes_wind_and_air(path):
    written(path, report(5))
    wind, air = (reading.body for reading in started(path).next_batch(0.0).readings)
    assert (round(wind.speed_m_s, 1), wind.from_deg) == (4.1, 240.0)
    assert (air.cloud_share, air.temperature_c) == (0.0, 18.0)


def test_each_report_is_told_once_also_after_a_restart(path):
    written(path, report(60))
    running = started(path)
    assert running.next_batch(0.0)
    assert running.next_batch(0.0) is None
    written(path, report(60) + report(30))
    assert len(running.next_batch(0.0).readings) == 2
    assert started(path, running.snapshot()).next_batch(0.0) is None


def test_a_variable_wind_has_no_arrow(path):
    written(path, report(5, "VRB02KT CAVOK 18/09 Q1015"))
    assert [type(reading.body) for reading in started(path).next_batch(0.0).readings] == [Air]


def test_only_the_wanted_station_is_told(path):
    written(path, report(5, station="EFHK") + report(4, station="EFTU"))
    bodies = [reading.body for reading in started(path, station="EFTU").next_batch(0.0).readings]
    assert [type(body) for body in bodies] == [Wind, Air]


def test_a_line_that_is_no_report_is_named_once(path):
    running = started(path)
    for text in ("nonsense\n", "nonsense\n" + report(3)):
        written(path, text)
        delivered = running.next_batch(0.0)
        assert len(delivered.rejected) == (1 if "METAR" not in text else 0)


def test_a_missing_file_is_a_problem_and_a_missing_folder_an_error(path, tmp_path):
    running = started(path)
    assert running.next_batch(0.0) is None
    assert "Check the path" in running.problem()
    with pytest.raises(ConfigError, match="no folder"):
        started(tmp_path / "nowhere" / "metar.txt")
