"""Cameras on loopback: RTSP cut, frozen, restarted with another picture size; MJPEG over HTTP; HLS."""

import itertools
import threading
import time
from base64 import b64encode

import av
import pytest

from tests.sources.cameras import Rtsp, certificate, folder_served, mjpeg, newest, wait_for
from tests.sources.clips import write
from tocsin.contract.resources import Resources
from tocsin.sources.video import Video

FAST = {"stall_s": 1.0, "retry_s": 0.2, "retry_s_max": 0.5}
SECRETS = Resources(secrets={"cam": "p/w d"})


def started(url, **how):
    return Video(url=url, source="cam-1", **{**FAST, **how}).start(SECRETS)


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    """One RTSP camera that nothing is done to."""
    with Rtsp(tmp_path_factory.mktemp("camera")) as running:
        yield running


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_pictures_of_an_rtsp_camera_are_dated_by_our_clock(camera, transport):
    running = started(camera.url, transport=transport)
    seen = [newest(running) for _ in range(10)]
    now = time.time()
    running.close()
    assert all(0.05 < later.at - earlier.at < 0.3 for earlier, later in itertools.pairwise(seen))
    assert -0.1 < now - seen[-1].at < 0.5
    assert seen[0].body.array.shape == (120, 160, 3)


def test_only_the_newest_picture_is_handed_out_and_the_others_are_counted(camera):
    running = started(camera.url)
    first = newest(running)
    time.sleep(1.0)
    second = newest(running)
    running.close()
    assert 7 <= second.body.dropped <= 12
    assert second.seq == first.seq + second.body.dropped + 1
    assert running.counts.dropped == second.body.dropped
    assert running.next_batch(0.0) is None


def test_a_camera_that_is_cut_comes_back_and_another_is_not_disturbed(camera, tmp_path):
    with Rtsp(tmp_path) as cut:
        running, other = started(cut.url), started(camera.url)
        newest(running), newest(other)
        cut.kill()
        wait_for(running.problem)
        assert cut.url in running.problem()
        before = other.counts.decoded
        cut.start(size=(320, 240))
        wait_for(lambda: "resized" in newest(running).body.flags)
        assert newest(running).body.array.shape == (240, 320, 3)
        assert (running.problem(), running.counts.connections) == ("", 2)
        assert other.counts.decoded - before >= 5
        assert (other.problem(), other.counts.connections) == ("", 1)
        running.close(), other.close()


def test_a_camera_that_stalls_is_lost_and_found_again(tmp_path):
    with Rtsp(tmp_path) as camera:
        running = started(camera.url)
        newest(running)
        camera.say("freeze")
        assert "it sends nothing" in wait_for(running.problem)
        camera.say("go")
        wait_for(lambda: running.next_batch(0.1) and not running.problem())
        running.close()


def test_damaged_pictures_are_marked_and_the_camera_goes_on(tmp_path):
    with Rtsp(tmp_path) as camera:
        running = started(camera.url)
        newest(running)
        camera.say("damage 3")
        wait_for(lambda: "corrupt" in newest(running).body.flags)
        wait_for(lambda: "corrupt" not in newest(running).body.flags)
        assert (running.counts.connections, running.problem()) == (1, "")
        running.close()


def test_an_absent_camera_is_a_problem_in_words_and_closes_at_once():
    running = started("rtsp://127.0.0.1:9/live")
    assert "nobody listens at this address" in wait_for(lambda: "listens" in running.problem() and running.problem())
    began = time.monotonic()
    running.close()
    assert time.monotonic() - began < 1.5
    assert running.next_batch(0.0) is None


# --- HTTP ---


def jpegs(folder, size=(160, 120), count=5):
    with av.open(str(write(folder / "clip.mjpeg", count, codec="mjpeg", size=size))) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_mjpeg_over_http_is_dated_by_arrival(tmp_path):
    with mjpeg(jpegs(tmp_path)) as camera:
        running = started(f"{camera.url}/video")
        seen = [newest(running) for _ in range(5)]
        assert abs(time.time() - seen[-1].at) < 0.3
        assert seen[-1].body.array.shape == (120, 160, 3)
        running.close()


def test_sizes_that_change_in_mid_stream_are_marked(tmp_path):
    mixed = [*jpegs(tmp_path, count=10), *jpegs(tmp_path, size=(320, 240), count=10)]
    with mjpeg(mixed) as camera:
        running = started(f"{camera.url}/video")
        shapes = {newest(running).body.array.shape for _ in range(30)}
        assert shapes == {(120, 160, 3), (240, 320, 3)}
        assert running.counts.resizes >= 2
        running.close()


def test_a_password_signs_in_and_is_told_to_nobody(tmp_path):
    identity = b64encode(b"viewer:p/w d").decode()
    with mjpeg(jpegs(tmp_path), identity=identity) as camera:
        running = started(f"{camera.url}/video?channel=1", user="viewer", secret="cam")
        newest(running)
        running.close()
        refused = started(f"{camera.url}/video?channel=1", user="viewer")
        problem = wait_for(lambda: "refuses" in refused.problem() and refused.problem())
        refused.close()
    assert f"Camera at {camera.url}/video, since" in problem
    assert "check `user` and `secret`" in problem


def test_a_camera_shows_the_certificate_that_is_trusted_or_is_not_watched(tmp_path):
    good, other = certificate(tmp_path / "good"), certificate(tmp_path / "other")
    with mjpeg(jpegs(tmp_path)) as camera:
        url = camera.secured(good)
        trusted, forged = started(url, ca_file=f"{good}.pem"), started(url, ca_file=f"{other}.pem")
        newest(trusted)
        assert "none that `ca_file` trusts" in wait_for(lambda: "trusts" in forged.problem() and forged.problem())
        trusted.close(), forged.close()


def test_what_is_no_camera_is_said(tmp_path):
    (tmp_path / "index.html").write_text("<html>hello</html>")
    with folder_served(tmp_path) as server:
        page, absent = started(f"{server.url}/"), started(f"{server.url}/none.m3u8")
        wait_for(lambda: "no video that can be read" in page.problem())
        wait_for(lambda: "no stream at this path" in absent.problem())
        page.close(), absent.close()


def test_hls_is_played_at_its_own_pace(tmp_path):
    write(tmp_path / "live.m3u8", 40, options={"hls_time": "1", "hls_playlist_type": "vod"})
    with folder_served(tmp_path) as server:
        running = started(f"{server.url}/live.m3u8")
        seen = [newest(running) for _ in range(15)]
        running.close()
    steps = [later.at - earlier.at for earlier, later in itertools.pairwise(seen)]
    assert sum(steps) == pytest.approx(0.1 * sum(b.seq - a.seq for a, b in itertools.pairwise(seen)), abs=0.3)


def test_a_playlist_leads_to_no_file_of_this_machine(tmp_path):
    secret = write(tmp_path / "secret.ts")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "live.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{secret}\n")
    with folder_served(tmp_path / "web") as server:
        running = started(f"{server.url}/live.m3u8")
        assert running.next_batch(1.5) is None
        assert running.problem()
        running.close()


# --- files that play in real time ---


def test_a_file_plays_in_real_time_and_again(tmp_path):
    clip = write(tmp_path / "clip.mp4", 5)
    running = started(str(clip), pace="live", loop=True)
    seen = [newest(running) for _ in range(8)]
    running.close()
    assert abs(time.time() - seen[-1].at) < 0.5
    assert seen[-1].at - seen[0].at == pytest.approx(0.1 * (seen[-1].seq - seen[0].seq), abs=0.3)
    assert any("again" in one.body.flags for one in seen)


def test_a_single_picture_in_a_loop_keeps_no_core_busy(tmp_path):
    running = started(str(write(tmp_path / "clip.mjpeg", 1, codec="mjpeg")), pace="live", loop=True)
    newest(running)
    time.sleep(0.5)
    running.close()
    assert running.counts.decoded <= 20


def test_times_that_leap_are_marked_and_passed_over(tmp_path):
    clip = write(tmp_path / "clip.mkv", 6, times=[0, 50, 100, 5_000_000, 5_000_050, 5_000_100])
    running = started(str(clip), pace="live")
    marked = wait_for(lambda: next((one for one in [newest(running)] if "time-jump" in one.body.flags), None))
    assert abs(time.time() - marked.at) < 1.0
    running.close()


def test_a_file_that_plays_once_ends(tmp_path):
    running = started(str(write(tmp_path / "clip.mp4", 3)), pace="live")
    newest(running)
    wait_for(lambda: running.finished)
    assert running.problem() == ""
    running.close()


def test_threads_end_with_their_cameras(tmp_path):
    clip = write(tmp_path / "clip.mp4", 3)
    before = threading.active_count()
    many = [started(str(clip), pace="live", loop=True) for _ in range(5)]
    for one in many:
        newest(one)
        one.close()
    wait_for(lambda: threading.active_count() <= before)


def test_a_usb_camera_that_is_not_there_is_a_problem():
    running = started("/dev/video97")
    wait_for(lambda: "no such device or file" in running.problem())
    running.close()
