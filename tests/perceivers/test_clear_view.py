"""The clear view: whole but for private areas, at its own pace, and a sound member."""

import cv2
import numpy as np
import pytest

from tocsin.city.cameras import Camera
from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.pictures import ClearPicture, Frame, Scene
from tocsin.contract.raster import Raster
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Level, Origin, Place, Reading
from tocsin.perceivers.clear_view import ClearView

HALL = Place(lon=24.9, lat=60.1)
HIDDEN = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
SENSOR = Sensor(
    id="cam-1", family="camera", name="c", place=HALL, coverage=Coverage(range_m=9.0), camera=Camera(private=(HIDDEN,))
)
RESOURCES = Resources(city=City.empty("Town", HALL).with_sensor(SENSOR))


def scene(at=1.0, source="cam-1", labels=("person", "car")):
    frame = Frame(picture=Raster.of(np.full((48, 64, 3), 200, np.uint8)), number=7)
    body = Scene(frame=frame, ids=tuple(range(len(labels))), labels=labels)
    return Reading(at=at, origin=Origin.LIVE, source=source, seq=0, body=body)


ALARM = [scene(1.0), scene(2.0)]
BENIGN = [scene(1.0, labels=())]


def looked(memory, reading):
    return ClearView().start(RESOURCES).look(memory, reading)


def test_it_shows_all_but_private_areas():
    _, perceived = looked(None, scene())
    [found] = perceived.readings
    picture = cv2.imdecode(np.frombuffer(found.body.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture[:, 40:].min() > 180
    assert picture[:, :24].max() < 80
    assert (found.body.of, found.body.count) == (7, 1)


def test_it_keeps_its_pace():
    memory, _ = looked(None, scene(1.0))
    assert looked(memory, scene(1.2))[1].readings == ()
    assert len(looked(memory, scene(1.5))[1].readings) == 1


def test_what_it_gives_is_never_kept_and_leaves_under_a_clearance_alone():
    assert (ClearPicture.level, ClearPicture.kept, ClearPicture.under_clearance) == (Level.CLEAR, False, True)


def test_a_pace_that_cannot_be_is_refused():
    with pytest.raises(ConfigError):
        ClearView(pictures_per_s=0.0)
