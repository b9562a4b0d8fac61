"""Files of sound come whole and in order; a microphone that is absent or broken is a problem in words."""

import wave

import numpy as np
import pytest

from tocsin.contract.resources import Resources
from tocsin.contract.sounds import AudioBlock
from tocsin.formats import flac
from tocsin.model import ConfigError, Level, Origin
from tocsin.sources.audio import Audio

pytest.importorskip("av", reason="audio needs PyAV: pip install 'tocsin[vision]'")

TONE = (0.5 * np.sin(np.arange(40_000) * 0.05)).astype(np.float32)


def written(path, samples=TONE, rate=16_000, channels=1):
    if path.suffix == ".flac":
        path.write_bytes(flac.encode(samples.astype(float), rate))
        return path
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.repeat(samples, channels) * 32767).astype("<i2").tobytes())
    return path


def started(path, **how):
    return Audio(url=str(path), source="mic-1", origin=Origin.REPLAY, **how).start(Resources())


def read(running):
    found = []
    while (delivered := running.next_batch(0.0)) is not None:
        found += delivered.readings
    return found


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_every_sample_comes_once_and_in_order(tmp_path, name):
    running = started(written(tmp_path / name), start_at=1_000.0)
    readings = read(running)
    samples = np.concatenate([one.body.samples.array for one in readings])
    assert np.abs(samples - TONE).max() < 1e-3
    assert [one.body.first for one in readings] == [0, 8_000, 16_000, 24_000, 32_000]
    assert (readings[1].at, readings[0].source, running.finished, running.problem()) == (1_000.5, "mic-1", True, "")


def test_audio_is_level_4_and_never_kept():
    assert (AudioBlock.level, AudioBlock.kept) == (Level.CLEAR, False)


def test_channels_become_one_and_another_rate_is_made(tmp_path):
    readings = read(started(written(tmp_path / "a.wav", rate=48_000, channels=2), rate_hz=16_000))
    assert {one.body.rate_hz for one in readings} == {16_000.0}
    assert sum(len(one.body.samples.array) for one in readings) == pytest.approx(40_000 / 3, abs=40)


def test_the_same_file_has_the_same_identity_wherever_it_lies(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    one, other = written(tmp_path / "a.wav"), written(tmp_path / "elsewhere" / "b.wav")
    assert read(started(one))[0].boot == read(started(other))[0].boot


def test_what_is_no_sound_is_a_problem_in_words(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF nothing of the kind")
    running = started(tmp_path / "a.wav")
    assert read(running) == []
    assert running.problem().startswith("Cannot read all of a.wav")


def test_an_absent_microphone_is_a_problem_and_no_error():
    running = Audio(url="rtsp://127.0.0.1:9/live", source="mic-1", retry_s=0.05).start(Resources())
    try:
        assert running.next_batch(0.3) is None
        assert "rtsp://127.0.0.1:9/live" in running.problem()
    finally:
        running.close()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"url": "ftp://x/y"}, "write rtsp"),
        ({"url": "nothing.wav"}, "is no file"),
        ({"url": "rtsp://a:b@x/y"}, "no user or password in a URL"),
        ({"url": "rtsp://x/y", "block_s": 0.0}, "block_s"),
        ({"url": "rtsp://x/y", "rate_hz": 10}, "rate_hz"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(how, words):
    with pytest.raises(ConfigError, match=words):
        Audio(source="mic-1", **how).start(Resources())
