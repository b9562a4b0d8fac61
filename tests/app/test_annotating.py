"""The annotated video holds masked pictures only, with boxes and findings, in the order and at the pace of the clip."""

import av
import numpy as np
import pytest

from tests.perceivers.scenes import magenta_px, pictures, run, scene, street
from tocsin.app.annotating import Annotator
from tocsin.contract.examples import START_AT
from tocsin.contract.pictures import Frame, MaskedPicture, Track, Tracks
from tocsin.contract.raster import Raster
from tocsin.model import ConfigError, Finding, Observation, Origin

ANNA = (20, 30, 44, 100)
CLIP = [scene([ANNA], number=n, every_s=5.0, picture=street([ANNA], size=(120, 160))) for n in range(4)]


def seen(body, number, source="cam-1", at=None):
    return Observation(
        at=START_AT + 0.2 * number if at is None else at,
        origin=Origin.REPLAY,
        source=source,
        seq=number,
        body=body,
        level=type(body).level,
    )


def tracks(number):
    box = tuple(value / side for value, side in zip(ANNA, (160, 120, 160, 120), strict=True))
    return Tracks(tracks=(Track(id=7, label="person", box=box, since=START_AT),), number=number)


def finding(number):
    return Finding(
        at=START_AT + 0.2 * number,
        origin=Origin.REPLAY,
        id="f-1",
        kind="vision.zone",
        subject="cam-1",
        because="Somebody is in the yard (4 m²).",
        evidence=("e",),
        grade="inside",
    )


def written(path):
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]


@pytest.fixture
def film(tmp_path):
    """Annotate masked pictures of the clip; what the file then holds."""

    def make(*, with_tracks=True, with_finding=False):
        annotator = Annotator(tmp_path / "out.mp4")
        for number, body in enumerate(pictures(run(CLIP))):
            annotator.take(seen(body, number))
            if with_tracks:
                annotator.observed(seen(tracks(body.of), number))
            if with_finding and number == 1:
                annotator.told(finding(number))
        annotator.close()
        return written(tmp_path / "out.mp4")

    return make


def green(picture):
    """Pixels in which green is far ahead: those of the boxes of people."""
    blue, greens, red = (picture[:, :, channel].astype(int) for channel in range(3))
    return int(((greens - red > 70) & (greens - blue > 70)).sum())


def test_every_picture_is_there_in_time_and_nobody_is_in_it(film):
    frames = film()
    assert [round(at, 2) for at, _ in frames] == [0.0, 0.2, 0.4, 0.6]
    assert {picture.shape for _, picture in frames} == {(480, 640, 3)}
    assert all(magenta_px(picture) == 0 for _, picture in frames)


def test_boxes_are_drawn_in_the_picture_of_their_own_frame(film):
    assert green(film()[0][1]) > green(film(with_tracks=False)[0][1]) + 500


def test_findings_are_written_under_the_picture_from_then_on(film):
    plain, told = film(), film(with_finding=True)
    dark = [float(np.abs(a[-18:].astype(int) - b[-18:]).mean()) for (_, a), (_, b) in zip(plain, told, strict=True)]
    assert dark[0] < 5 < min(dark[1:])


def test_what_is_no_masked_picture_is_never_written(tmp_path):
    annotator = Annotator(tmp_path / "out.mp4")
    annotator.take(seen(Frame(picture=Raster.of(street([ANNA])), number=0), 0))
    annotator.observed(seen(tracks(0), 0))
    annotator.close()
    annotator.close()
    assert not (tmp_path / "out.mp4").exists()


def test_another_size_and_another_clip_are_fitted_in(tmp_path):
    wide = scene([ANNA], number=9, picture=street([ANNA], size=(100, 300)))
    annotator = Annotator(tmp_path / "out.mp4")
    for at, reading in ((100.0, CLIP[0]), (3.0, wide)):
        [body] = pictures(run([reading]))
        annotator.take(seen(body, 0, at=at))
    annotator.close()
    assert [(round(at, 1), picture.shape) for at, picture in written(tmp_path / "out.mp4")] == [
        (0.0, (480, 640, 3)),
        (0.2, (480, 640, 3)),
    ]


@pytest.mark.parametrize("name", ["nowhere/out.mp4", "out.nosuchkind"])
def test_a_file_that_cannot_be_is_said_so(tmp_path, name):
    [body] = pictures(run(CLIP[:1]))
    annotator = Annotator(tmp_path / name)
    annotator.take(seen(body, 0))
    with pytest.raises(ConfigError, match="cannot be written"):
        annotator.close()


def test_a_damaged_picture_is_said_so(tmp_path):
    annotator = Annotator(tmp_path / "out.mp4")
    annotator.take(seen(MaskedPicture(jpeg=b"no", width=1, height=1, of=3, filled=0.0), 0))
    with pytest.raises(ConfigError, match="frame 3"):
        annotator.close()
