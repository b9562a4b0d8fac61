"""Clips of all kinds, sound and hostile, through the video source; cameras are in test_video_cameras."""

import itertools
import struct

import numpy as np
import pytest

from tests.sources.clips import picture, places, write
from tocsin.contract.pictures import Frame
from tocsin.contract.resources import Resources
from tocsin.contract.streams import LiveClock
from tocsin.model import ConfigError, Level, Origin
from tocsin.sources.video import Video

SECRETS = Resources(secrets={"cam": "a/b"})


def started(path, **how):
    return Video(url=str(path), source="cam-1", origin=Origin.REPLAY, **how).start(Resources())


def read(running, most=200):
    """All its readings, or the first `most`."""
    found = []
    while len(found) < most and (delivered := running.next_batch(0.0)) is not None:
        found.extend(delivered.readings)
    return found


def flagged(readings):
    """Which pictures bear which marks, keyframes left out."""
    marks = {one.seq: tuple(flag for flag in one.body.flags if flag != "keyframe") for one in readings}
    return {seq: flags for seq, flags in marks.items() if flags}


@pytest.mark.parametrize(
    ("name", "codec", "last_at"),
    [
        ("clip.mp4", "libx264", 1.9),
        ("clip.mkv", "libx264", 1.9),
        ("clip.avi", "mpeg4", 1.9),
        ("clip.ts", "libx264", 1.9),
        ("clip.webm", "libvpx", 1.9),
        ("clip.mjpeg", "mjpeg", 0.76),
        ("clip.h264", "libx264", 0.76),
    ],
)
def test_every_picture_of_a_file_comes_once_and_in_order(tmp_path, name, codec, last_at):
    running = started(write(tmp_path / name, codec=codec))
    readings = read(running)
    assert [one.seq for one in readings] == list(range(20))
    assert (readings[0].at, readings[-1].at) == (0.0, pytest.approx(last_at))
    assert (running.finished, running.problem(), readings[0].source) == (True, "", "cam-1")


@pytest.mark.parametrize("name", ["clip.avi", "clip.mp4", "clip.mkv"])
def test_pictures_that_refer_to_later_ones_come_in_the_order_they_are_shown(tmp_path, name):
    readings = read(started(write(tmp_path / name, b_frames=3)))
    assert [one.at for one in readings] == pytest.approx([n / 10 for n in range(20)], abs=0.01)
    assert all(np.abs(one.body.array.astype(int) - picture(one.seq)).mean() < 3.0 for one in readings)
    assert flagged(readings) == {}


def test_a_frame_is_the_picture_and_clear(tmp_path):
    body = read(started(write(tmp_path / "clip.mp4")))[7].body
    assert isinstance(body, Frame)
    assert (body.level, body.number, body.every_s, body.flags) == (Level.CLEAR, 7, 0.1, ())
    assert np.abs(body.array.astype(int) - picture(7)).mean() < 3.0


def test_a_file_has_the_same_identities_wherever_it_lies(tmp_path):
    (tmp_path / "b").mkdir()
    first = write(tmp_path / "a.mp4")
    second = tmp_path / "b" / "other.mp4"
    second.write_bytes(first.read_bytes())
    boots = {read(started(path))[0].boot for path in (first, second)}
    assert len(boots) == 1
    assert read(started(first, start_at=5.0))[0].boot not in boots


def test_a_file_is_dated_by_what_it_says_of_itself_or_by_what_is_said_of_it(tmp_path):
    dated = write(tmp_path / "a.mp4", metadata={"creation_time": "2024-07-26T20:24:00Z"})
    unset = write(tmp_path / "b.mp4", metadata={"creation_time": "1970-01-01T00:00:00Z"})
    assert read(started(dated))[0].at == 1_722_025_440.0
    assert read(started(unset))[0].at == 0.0
    assert read(started(dated, start_at=1_000.0))[1].at == 1_000.1


def test_less_is_taken_where_less_is_asked_for(tmp_path):
    readings = read(started(write(tmp_path / "clip.mp4"), frames_per_s_max=4.0, width_max=80))
    assert [one.at for one in readings][:4] == pytest.approx([0.0, 0.3, 0.5, 0.8])
    assert len(readings) == 8
    assert {one.body.array.shape for one in readings} == {(60, 80, 3)}
    assert {one.body.dropped for one in readings} == {0}


def test_a_loop_goes_on_in_time_and_number(tmp_path):
    running = started(write(tmp_path / "clip.mp4"), loop=True)
    readings = read(running, most=50)
    running.close()
    assert [one.seq for one in readings] == list(range(50))
    assert readings[-1].at == pytest.approx(4.9)
    assert flagged(readings) == {20: ("again",), 40: ("again",)}


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path):
    write(tmp_path / "2.mp4", size=(320, 240))
    write(tmp_path / "1.mp4")
    readings = read(started(tmp_path))
    assert (len(readings), readings[-1].at) == (40, pytest.approx(3.9))
    assert flagged(readings) == {20: ("resized",)}


def test_a_folder_of_pictures_is_a_clip(tmp_path):
    for number in range(5):
        write(tmp_path / f"{number:06}.jpg", 1, codec="mjpeg", options={"update": "1"})
    readings = read(started(tmp_path, pictures_per_s=5.0))
    assert [one.at for one in readings] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])


@pytest.mark.parametrize("pace", ["auto", "file"])
def test_a_closed_file_gives_nothing_more(tmp_path, pace):
    running = started(write(tmp_path / "clip.mp4"), pace=pace)
    read(running, most=3)
    running.close()
    assert running.next_batch(0.0) is None


# --- hostile and damaged files ---


def patched(path, mark, offset, value):
    """The same file with a few bytes behind a mark changed."""
    raw = bytearray(path.read_bytes())
    at = raw.index(mark) + offset
    raw[at : at + len(value)] = value
    path.write_bytes(raw)
    return path


def test_a_file_that_claims_2_to_the_60_frames_is_read_as_far_as_it_goes(tmp_path):
    path = write(tmp_path / "clip.mkv")  # its duration in milliseconds is a number of 8 bytes
    running = started(patched(path, b"\x44\x89\x88", 3, struct.pack(">d", 2.0**60 * 100.0)))
    assert len(read(running)) == 20
    assert running.problem() == ""


def test_counts_in_a_header_are_not_believed(tmp_path):
    avi = write(tmp_path / "clip.avi", codec="mpeg4")
    patched(patched(avi, b"avih", 24, b"\xff" * 4), b"strh", 40, b"\xff" * 4)
    mp4 = patched(write(tmp_path / "clip.mp4"), b"stts", 12, b"\xff" * 4)
    assert [len(read(started(path))) for path in (avi, mp4)] == [20, 20]


def test_a_table_of_sizes_without_end_is_refused(tmp_path):
    running = started(patched(write(tmp_path / "clip.mp4"), b"stsz", 12, b"\xff" * 4))
    assert read(running) == []
    assert "Cannot read all of clip.mp4" in running.problem()


def test_8k_is_taken_and_made_smaller(tmp_path):
    readings = read(started(write(tmp_path / "clip.mjpeg", 1, codec="mjpeg", size=(7680, 4320)), width_max=1280))
    assert [one.body.array.shape for one in readings] == [(720, 1280, 3)]


@pytest.mark.parametrize(("wide", "high"), [(65_500, 65_500), (8_192, 4_320), (4_320, 7_696)])
def test_what_is_larger_than_8k_is_refused(tmp_path, wide, high):
    path = write(tmp_path / "clip.mjpeg", 1, codec="mjpeg")
    running = started(patched(path, b"\xff\xc0", 5, struct.pack(">HH", high, wide)))
    assert read(running) == []
    assert "larger than 8K" in running.problem()


def test_one_picture_per_second_and_a_variable_rate_are_dated_as_they_are(tmp_path):
    slow = read(started(write(tmp_path / "slow.mp4", 5, rate=1)))
    assert [one.at for one in slow] == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0])
    times = [0, 40, 500, 1500, 1540, 5000]
    uneven = read(started(write(tmp_path / "uneven.mkv", 6, times=times)))
    assert [one.at for one in uneven] == pytest.approx([time / 1000 for time in times])
    assert flagged([*slow, *uneven]) == {}


def test_times_that_jump_are_marked_and_lead_nowhere(tmp_path):
    times = [0, 100, 200, 5_000_000_000, 5_000_000_100, 5_000_000_200]
    readings = read(started(write(tmp_path / "clip.mkv", 6, times=times)))
    assert [one.at for one in readings] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert flagged(readings) == {3: ("time-jump",)}


def test_times_that_go_back_are_marked_and_go_forward(tmp_path):
    (tmp_path / "a.ts").write_bytes(b"".join(write(tmp_path / f"{n}.ts").read_bytes() for n in "12"))
    readings = read(started(tmp_path / "a.ts"))
    assert all(later.at > earlier.at for earlier, later in itertools.pairwise(readings))
    assert flagged(readings)[20] == ("time-jump",)


def test_a_damaged_packet_is_counted_and_marked_and_the_rest_read(tmp_path):
    path = write(tmp_path / "clip.mkv", 30)
    offset, length = places(path)[12]
    raw = bytearray(path.read_bytes())
    raw[offset + 20 : offset + length] = b"\x55" * (length - 20)
    path.write_bytes(raw)
    running = started(path)
    readings = read(running)
    assert len(readings) >= 29
    assert "corrupt" in flagged(readings)[12]
    assert (running.counts.corrupt, "damaged in 1 place" in running.problem()) == (1, True)


def test_a_size_that_changes_in_mid_stream_is_marked(tmp_path):
    parts = [write(tmp_path / "1.h264").read_bytes(), write(tmp_path / "2.h264", size=(320, 240)).read_bytes()]
    (tmp_path / "a.h264").write_bytes(b"".join(parts))
    readings = read(started(tmp_path / "a.h264"))
    assert {one.body.array.shape[1] for one in readings} == {160, 320}
    assert flagged(readings) == {20: ("resized",)}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nx.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile x.ts\n",
    ],
    ids=["empty", "text", "playlist", "list of files"],
)
def test_what_is_no_video_is_said_and_leads_to_no_other_file(tmp_path, content):
    write(tmp_path / "x.ts")
    (tmp_path / "clip.mp4").write_bytes(content)
    running = started(tmp_path / "clip.mp4")
    assert read(running) == []
    assert "Cannot read all of clip.mp4" in running.problem()


def test_a_file_that_breaks_off_is_read_to_there(tmp_path):
    whole = write(tmp_path / "clip.mp4", 30, options={"movflags": "faststart"}).read_bytes()
    (tmp_path / "clip.mp4").write_bytes(whole[: len(whole) * 3 // 4])
    running = started(tmp_path / "clip.mp4")
    assert 5 < len(read(running)) < 30
    assert running.problem()


# --- what is declared ---


@pytest.mark.parametrize(
    ("url", "how", "why"),
    [
        ("rtsp://viewer:pw@192.0.2.7/live", {}, "no user or password in a URL"),
        ("http://192.0.2.7/video?user=v&password=hunter2", {}, "write password={secret}"),
        ("rtsp://192.0.2.7:99999/live", {}, "no valid port"),
        ("rtsp:///live", {}, "names no host"),
        ("gopher://192.0.2.7/live", {}, "gopher:// is not read"),
        ("rtsp://192.0.2.7/live", {"pace": "file"}, "is for files"),
        ("rtsp://192.0.2.7/live", {"stall_s": 0.0}, "above 0"),
        ("rtsp://192.0.2.7/live", {"width_max": 4}, "at least 16"),
        ("no/such/file.mp4", {}, "there is no file"),
        ("rtsp://192.0.2.7/live", {"secret": "absent"}, "No secret named 'absent'"),
    ],
)
def test_what_cannot_work_is_said_at_once_and_without_passwords(url, how, why):
    with pytest.raises(ConfigError, match=why) as caught:
        Video(url=url, source="cam-1", **how).check(SECRETS)
    assert "hunter2" not in str(caught.value)


def test_hardware_that_is_not_there_is_said(tmp_path):
    path = write(tmp_path / "clip.mp4", 3)
    with pytest.raises(ConfigError, match="'nonsense' does not work on this machine"):
        started(path, hardware="nonsense")
    assert [len(read(started(path, hardware=name))) for name in ("auto", "off")] == [3, 3]


def test_passwords_are_called_and_never_shown():
    video = Video(url="http://192.0.2.7/v?u={user}&p={secret}", source="c", user="eve", secret="cam")
    address = video._address(SECRETS)
    assert address.called == "http://192.0.2.7/v?u=eve&p=a%2Fb"
    assert "a%2Fb" not in repr(address)
    signed = Video(url="rtsp://192.0.2.7/v", source="c", user="eve", secret="cam")._address(SECRETS)
    assert (signed.called, signed.shown) == ("rtsp://eve:a%2Fb@192.0.2.7/v", "rtsp://192.0.2.7/v")


# --- the clock of a live stream ---


def test_drift_is_followed_slowly_and_never_backwards():
    clock, truth = LiveClock(), []
    for n in range(3_000):  # the camera's clock is 0.5 % slow
        at, jumped = clock.at(n * 0.1 * 0.995, arrived=1_000.0 + n * 0.1)
        truth.append((at - 1_000.0 - n * 0.1, jumped))
    assert max(abs(off) for off, _ in truth) < 0.01
    assert not any(jumped for _, jumped in truth)


def test_a_slow_network_moves_no_time():
    clock = LiveClock()
    clock.at(0.0, arrived=1_000.0)
    late = [clock.at(n * 0.1, arrived=1_000.0 + n * 0.1 + (1.5 if n == 5 else 0.0)) for n in range(1, 10)]
    assert [at for at, _ in late] == pytest.approx([1_000.0 + n * 0.1 for n in range(1, 10)], abs=0.02)


def test_the_cameras_own_clock_is_followed_where_it_can_be_right():
    told, wrong = LiveClock(), LiveClock()
    for n in range(200):
        right = told.at(n * 0.1, 1_000.0 + n * 0.1, wall=999.6 + n * 0.1)[0]
        same = wrong.at(n * 0.1, 1_000.0 + n * 0.1, wall=5.0 + n * 0.1)[0]
    assert (right, same) == (pytest.approx(1_019.5, abs=0.01), pytest.approx(1_019.9))


def test_a_stream_whose_time_stood_still_is_put_right_and_marked():
    clock = LiveClock()
    clock.at(0.0, arrived=1_000.0)
    after = [clock.at(0.1 + n * 0.1, arrived=1_060.0 + n * 0.1) for n in range(60)]
    assert [n for n, (_, jumped) in enumerate(after) if jumped] == [30]
    assert after[-1][0] == pytest.approx(1_065.9)
