"""The process beside the cameras: a real child, really killed, hung and told of changes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.engine.apart.beside import Group, city, installed, record
from tests.sources.cameras import wait_for
from tests.sources.clips import write
from tocsin.contract.pictures import Frame, Tracks
from tocsin.contract.protocols import Tasked, Wanted
from tocsin.contract.raster import Raster
from tocsin.engine.apart.messages import packed, unpacked
from tocsin.engine.apart.portion import Portion
from tocsin.model import BadInput, Level, Origin, Reading

HOUSE = """
import sys, time
from pathlib import Path
from tests.engine.apart.beside import Group
folder = Path(sys.argv[1])
with Group(folder, {"cam-1": folder / "clip.mp4"}) as group:
    group.next("cam-1")
    print(group.apart.pid, flush=True)
    time.sleep(60)
"""
"""A house with one camera that tells the process beside it."""


def clip_in(folder):
    return write(folder / "clip.mp4", 10)


@pytest.fixture(scope="module", autouse=True)
def extension(tmp_path_factory):
    """The perceiver is installed where children look."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(installed(tmp_path_factory.mktemp("installed") / "site")))
        yield


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    """Two cameras with a record, one without, one that is not there; whoever changes something puts it back."""
    folder = tmp_path_factory.mktemp("group")
    clip = clip_in(folder)
    clips = {"cam-1": clip, "cam-2": clip, "bare": clip, "absent": folder / "absent.mp4"}
    with Group(folder, clips, its_city=city("cam-1", "cam-2", "absent")) as running:
        running.next("cam-1")
        yield running


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def track(group, source):
    """What its perceiver says of the next picture that may be looked at: how many there were, and what is set up."""
    found = wait_for(lambda: group.next(source).get("Tracks"))
    return found.body.tracks[0]


def test_what_is_perceived_beside_two_cameras_comes_out(group):
    group.empty()
    first = group.next("cam-1")
    assert set(first) == {"PictureState", "Tracks", "MaskedPicture"}
    assert {one.source for one in first.values()} == {"cam-1"}
    assert abs(time.time() - first["Tracks"].at) < 2.0
    assert first["Tracks"].via == "in cam-1"
    assert {one.source for one in group.next("cam-2").values()} == {"cam-2"}
    wait_for(lambda: group.sources["cam-1"].problem() == "")


def test_no_more_comes_out_than_is_allowed_at_the_moment(group):
    group.level = Level.ANONYMOUS
    wait_for(lambda: set(group.next("cam-1")) == {"PictureState", "Tracks"})
    group.level = Level.AMBIENT
    wait_for(lambda: set(group.next("cam-1")) == {"PictureState"})
    group.level = Level.REDACTED
    wait_for(lambda: "MaskedPicture" in group.next("cam-1"))
    assert wait_for(lambda: group.sources["cam-1"].tally.withheld) > 0


def test_a_clear_picture_comes_out_while_a_clearance_runs_and_no_longer(group):
    group.level = Level.CLEAR
    wait_for(lambda: "ClearPicture" in group.next("cam-1"))
    group.level = Level.REDACTED
    group.empty()
    wait_for(lambda: "ClearPicture" not in group.next("cam-1"))
    assert all("ClearPicture" not in group.next("cam-1") for _ in range(10))


def test_what_is_asked_of_a_camera_can_only_lower_its_level(group):
    camera = group.sources["cam-1"]
    assert isinstance(camera, Tasked)
    camera.send(Wanted(source="cam-1", level=Level.IDENTIFYING, until=time.time() + 60.0, watched=True))
    wait_for(lambda: "True" in track(group, "cam-1").label)
    camera.send(Wanted(source="cam-1", level=Level.AMBIENT, until=time.time() + 2.0))
    wait_for(lambda: set(group.next("cam-1")) == {"PictureState"})
    wait_for(lambda: "MaskedPicture" in group.next("cam-1"))  # what was asked is over


def test_who_looks_is_told_to_the_perceivers(group):
    wait_for(lambda: "False" in track(group, "cam-2").label)
    group.watched = True
    wait_for(lambda: "True" in track(group, "cam-2").label)
    group.watched = False


def test_a_perceiver_that_fails_on_one_camera_leaves_the_others_alone(group):
    fault = group.folder / "fault cam-1"
    fault.touch()
    wait_for(lambda: "Perceivers fail" in group.sources["cam-1"].problem())
    before = track(group, "cam-2").id
    wait_for(lambda: track(group, "cam-2").id > before + 10)
    assert group.sources["cam-2"].problem() == ""
    fault.unlink()
    wait_for(lambda: group.sources["cam-1"].problem() == "")


def test_perceivers_that_do_not_start_are_said_and_those_at_work_stay(group):
    (group.folder / "no start").touch()
    group.apart.reload(city("cam-1", "cam-2", "absent", analytics=("vision.line",)))
    assert "no model: fetch it" in wait_for(group.sources["cam-1"].problem)
    group.next("cam-1")
    (group.folder / "no start").unlink()
    group.apart.reload(group.city)
    wait_for(lambda: group.sources["cam-1"].problem() == "")


def test_a_changed_set_up_is_in_force_within_a_second_and_cameras_stay_connected(group):
    group.empty()
    before = track(group, "cam-1").id
    began = time.monotonic()
    group.apart.reload(city("cam-1", "cam-2", analytics=("vision.zone",)))
    wait_for(lambda: "vision.zone" in track(group, "cam-1").label)
    assert time.monotonic() - began < 1.0
    assert track(group, "cam-1").id > before  # what was remembered is remembered
    assert group.apart.restarts == 0
    group.apart.reload(group.city)


def test_a_camera_that_cannot_be_opened_is_said(group):
    assert "there is no file" in wait_for(group.sources["absent"].problem)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"processing": ""}, "names no record of processing"),
        ({"records": {}}, "'square' does not exist"),
        ({"records": {"square": record(retention_h=100.0)}}, "needs a reason"),
    ],
)
def test_a_camera_without_a_complete_record_does_not_start(group, how, why):
    bare = group.sources["bare"]
    group.apart.reload(city("bare", **how))
    assert bare.problem().startswith("Camera bare does not start. ")
    assert why in bare.problem()
    group.empty()
    assert bare.next_batch(0.5) is None
    group.apart.reload(group.city)


def test_a_camera_runs_while_its_record_is_there(group):
    bare = group.sources["bare"]
    group.apart.reload(city("cam-1", "cam-2", "bare"))
    group.next("bare")
    group.apart.reload(group.city)
    assert "does not start" in bare.problem()
    wait_for(lambda: bare.next_batch(0.5) is None)


def test_a_killed_child_is_said_and_starts_again_and_another_group_goes_on(group, tmp_path):
    with Group(tmp_path, {"cam-9": clip_in(tmp_path)}, retry_s=0.5) as struck:
        struck.next("cam-9")
        before, killed = track(group, "cam-2").id, struck.apart.pid
        os.kill(killed, signal.SIGKILL)
        problem = wait_for(lambda: "signal 9" in (said := struck.sources["cam-9"].problem()) and said)
        assert "group 'g'" in problem
        wait_for(lambda: struck.apart.pid not in (0, killed))
        struck.empty()
        assert track(struck, "cam-9").id < 50
        wait_for(lambda: struck.sources["cam-9"].problem() == "")
        assert struck.sources["cam-9"].tally.restarts == 1
    wait_for(lambda: track(group, "cam-2").id > before + 10)
    assert group.apart.restarts == 0


def test_a_child_does_not_outlive_a_house_that_is_killed(tmp_path):
    clip_in(tmp_path)
    house = subprocess.Popen(
        [sys.executable, "-c", HOUSE, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    child = int(house.stdout.readline())
    house.kill()
    house.wait()
    house.stdout.close()
    wait_for(lambda: not alive(child))


def test_a_child_that_hangs_is_killed_and_started_again(tmp_path):
    with Group(tmp_path, {"cam-1": clip_in(tmp_path)}, silent_s_max=2.5) as group:
        group.next("cam-1")
        hung = group.apart.pid
        (tmp_path / "hang").touch()
        wait_for(lambda: group.apart.restarts == 1)
        (tmp_path / "hang").unlink()
        wait_for(lambda: group.apart.pid not in (0, hung))
        group.empty()
        group.next("cam-1")


def test_a_full_queue_makes_the_child_drop_frames_and_not_grow(tmp_path):
    with Group(tmp_path, {"cam-1": clip_in(tmp_path)}, waiting_max=3) as group:
        source = group.sources["cam-1"]
        wait_for(lambda: source.waiting == 3)
        before = source.tally.dropped
        wait_for(lambda: source.tally.dropped >= before + 20)
        assert source.waiting == 3
        numbers = [group.next("cam-1")["PictureState"].body.number for _ in range(4)]
        assert numbers[3] - numbers[2] >= 5  # what was passed over is nowhere
        pid = group.apart.pid
        source.close()
        wait_for(lambda: not alive(pid))  # with the last input the child ends


def test_a_clear_picture_goes_through_no_pipe():
    frame = Frame(picture=Raster.of(np.zeros((2, 2, 3), np.uint8)), number=1)
    clear = Reading(at=1.0, origin=Origin.LIVE, source="cam-1", seq=1, body=frame)
    with pytest.raises(BadInput, match="never leaves"):
        packed(clear)
    with pytest.raises(BadInput, match="never leaves"):
        unpacked(msgspec.msgpack.encode(clear))


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\x80", msgspec.msgpack.encode({"at": 1.0})])
def test_what_is_no_reading_is_refused(raw):
    with pytest.raises(BadInput, match="no reading"):
        unpacked(raw)


def test_readings_and_cities_come_through_as_they_were():
    reading = Reading(at=1.0, origin=Origin.LIVE, source="c", seq=1, boot="b", body=Tracks(tracks=(), number=4))
    assert unpacked(packed(reading)) == reading
    known = city("cam-1", "cam-2")
    sent = msgspec.msgpack.decode(msgspec.msgpack.encode(Portion.of(known, ["cam-1"])), type=Portion).city()
    assert sent.sensors == {"cam-1": known.sensors["cam-1"]}
    assert sent.processing_of("cam-1") == record()
