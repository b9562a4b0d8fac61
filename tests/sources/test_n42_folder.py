"""Files that are put into the folder are read once, when they are whole; what is broken is told and passed over."""

import os

import pytest

from tests.formats.test_n42 import DOCUMENT
from tocsin.contract.bodies import Counts
from tocsin.contract.radiation import DoseRate, GammaSpectrum
from tocsin.contract.resources import Resources
from tocsin.formats.n42 import encode
from tocsin.model import ConfigError
from tocsin.sources.n42_folder import N42Folder


def opened(folder, resume=b"", **more):
    declared = N42Folder(path=str(folder), source="rid-1", **{"settle_s": 0.0, **more})
    return declared.start(Resources(), resume)


def taken(running):
    found = []
    while (delivered := running.next_batch(0.0)) is not None:
        found.append(delivered)
        delivered.acknowledge()
    return found


def test_a_file_becomes_spectra_counts_and_doses(tmp_path):
    (tmp_path / "a.n42").write_bytes(encode(DOCUMENT))
    (delivered,) = taken(opened(tmp_path))
    spectrum, counts, dose = (reading.body for reading in delivered.readings)
    assert isinstance(spectrum, GammaSpectrum)
    assert spectrum.channels() == DOCUMENT.measurements[0].spectra[0].counts
    assert spectrum.edges(4)[:2] == (0.0, 3.0)
    assert spectrum.material == "NaI"
    assert counts == Counts(counts_per_s=2.0, live_s=10.0)
    assert dose == DoseRate(usv_h=0.11)
    assert {reading.at for reading in delivered.readings} == {DOCUMENT.measurements[0].start_at + 10.5}


def test_a_file_is_read_once_also_after_a_restart(tmp_path):
    (tmp_path / "a.n42").write_bytes(encode(DOCUMENT))
    running = opened(tmp_path)
    assert len(taken(running)) == 1
    assert taken(running) == []
    assert taken(opened(tmp_path, running.snapshot())) == []


def test_what_was_not_acknowledged_comes_again(tmp_path):
    (tmp_path / "a.n42").write_bytes(encode(DOCUMENT))
    running = opened(tmp_path)
    first = running.next_batch(0.0)
    again = opened(tmp_path, running.snapshot()).next_batch(0.0)
    assert first.readings == again.readings


def test_a_file_that_still_grows_waits(tmp_path):
    (tmp_path / "a.n42").write_bytes(encode(DOCUMENT))
    assert taken(opened(tmp_path, settle_s=30.0)) == []
    os.utime(tmp_path / "a.n42", (1.0, 1.0))
    assert len(taken(opened(tmp_path, settle_s=30.0))) == 1


def test_a_broken_file_is_told_and_passed_over(tmp_path):
    (tmp_path / "a.n42").write_bytes(b"<RadInstrumentData>")
    (tmp_path / "b.n42").write_bytes(encode(DOCUMENT))
    broken, whole = taken(opened(tmp_path))
    assert "a.n42" in broken.rejected[0][1]
    assert len(whole.readings) == 3


def test_a_folder_that_is_not_there_is_a_problem_and_no_error(tmp_path):
    running = opened(tmp_path / "later")
    assert running.next_batch(0.0) is None
    assert "create it" in running.problem()


def test_a_pattern_that_leads_out_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="pattern"):
        opened(tmp_path, pattern="../*.n42")
