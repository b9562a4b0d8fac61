"""The load of a camera: what perceivers cannot know is written into their report, or reported instead of them."""

import numpy as np
from msgspec.structs import replace

from tocsin.contract.pictures import CameraLoad, Frame, MaskedPicture
from tocsin.contract.raster import Raster
from tocsin.engine.apart.loads import REPORT_S, Known, Loads
from tocsin.model import Origin, Reading
from tocsin.sources.video.decoding import Counts

FRAME = Frame(picture=Raster.of(np.zeros((2, 2, 3), np.uint8)), number=1, dropped=2)
PICTURE = MaskedPicture(jpeg=b"j", width=2, height=2, of=1, filled=0.0)
TOLD = CameraLoad(frames_per_s=5.0, detections_per_s=1.0, pictures_per_s=0.0, dropped=3)


def reading(body):
    return Reading(at=1.0, origin=Origin.LIVE, source="cam-1", seq=7, boot="b", body=body)


def known(now, *, looked=10, spent=0.5, pictures=1.0, **counts):
    return Known(Counts(**counts), "slow", looked, {"detect_ms": spent, "mask_ms": 0.1}, pictures, now)


def test_a_report_of_the_perceivers_is_completed():
    loads = Loads(began=0.0)
    loads.complete([reading(PICTURE)] * 20, known(5.0))
    (done,) = loads.complete([reading(TOLD)], known(10.0, decoded=100, decode_s=0.4, width=640, height=360))
    assert done.body == replace(
        TOLD, pictures_per_s=2.0, decode_ms=4.0, detect_ms=50.0, mask_ms=10.0, width=640, height=360, problem="slow"
    )


def test_the_next_report_counts_from_the_last():
    loads = Loads(began=0.0)
    loads.complete([reading(PICTURE), reading(TOLD)], known(10.0, decoded=100, decode_s=0.4))
    more = known(20.0, looked=20, spent=0.6, decoded=200, decode_s=1.4)
    (done,) = loads.complete([reading(TOLD)], more)
    assert (done.body.pictures_per_s, done.body.decode_ms, done.body.detect_ms) == (0.0, 10.0, 10.0)


def test_few_pictures_are_said_to_be_few():
    (done,) = Loads(began=0.0).complete([reading(TOLD)], known(10.0, pictures=0.4))
    assert done.body.problem == "slow Masked pictures come at 40% of their rate: looking comes first."


def test_a_camera_without_reports_is_reported_where_pictures_came_and_only_there():
    loads = Loads(began=0.0)
    assert loads.overdue(known(REPORT_S + 1.0)) is None
    loads.count(reading(FRAME))
    assert loads.overdue(known(REPORT_S - 1.0)) is None
    told = loads.overdue(known(40.0))
    assert (told.body.frames_per_s, told.body.dropped) == (1 / 40.0, 2)
    assert (told.source, told.boot, told.seq) == ("cam-1", "b/load", 1)
    assert loads.overdue(known(80.0)) is None
