"""A clip with sound gives pictures and nothing else: no audio stream is read, and nothing heard is made of pictures."""

from fractions import Fraction

import av
import numpy as np
import pytest

from tocsin.contract.pictures import Frame, Scene
from tocsin.contract.resources import Resources
from tocsin.contract.walk import members
from tocsin.sources.video import Video


@pytest.fixture
def loud_clip(tmp_path):
    """One second of noise to see and a tone to hear."""
    path = tmp_path / "loud.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=16_000, layout="mono")
        for number in range(10):
            picture = np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        tone = np.sin(np.arange(16_000) * 0.17).astype(np.float32)[None]
        sound = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = 16_000, 0, Fraction(1, 16_000)
        container.mux([*audio.encode(sound), *audio.encode(None), *video.encode(None)])
    with av.open(str(path)) as written:
        assert [stream.type for stream in written.streams] == ["video", "audio"]
    return path


def test_a_clip_with_sound_gives_pictures_alone(loud_clip):
    source = Video(url=str(loud_clip), source="cam-1", pace="file").start(Resources())
    bodies = []
    while (delivered := source.next_batch(0.0)) is not None:
        bodies += [reading.body for reading in delivered.readings]
    assert {type(body) for body in bodies} == {Frame}
    assert len(bodies) == 10


def test_nothing_heard_is_made_of_pictures():
    of_pictures = [one for one in members("perceivers") if {Frame, Scene} & set(one.accepts)]
    given = {body.__name__.lower() for one in of_pictures for body in one.gives}
    assert len(of_pictures) > 2
    assert not [name for name in given if "sound" in name or "audio" in name or "speech" in name]
