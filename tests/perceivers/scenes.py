"""Scenes for masking: noise in which people are magenta, so that one pixel of them that is left is seen."""

import cv2
import numpy as np
from msgspec.structs import replace

from tocsin.city.cameras import Camera
from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.examples import START_AT
from tocsin.contract.pictures import Frame, Scene
from tocsin.contract.raster import EMPTY, Raster
from tocsin.contract.resources import Resources
from tocsin.model import Origin, Place, Reading, SourceState
from tocsin.perceivers.masking import Masking

SIZE = (120, 160)
MAGENTA = (255, 0, 255)
PLAIN = Masking(models=(), faces="")
"""Trusts the scene alone, so that tests need no model."""


def street(boxes=(), size=SIZE, seed=0):
    """Grey-green noise with people in magenta."""
    noise = np.random.default_rng(seed).integers(90, 110, (*size, 3), np.uint8)
    noise[:, :, 1] += 50
    for left, top, right, bottom in np.round(np.array(boxes).reshape(-1, 4)).astype(int):
        noise[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = MAGENTA
    return noise


def still(rows=12, columns=16):
    """Nothing moves."""
    return Raster.of(np.zeros((rows, columns), np.uint8))


def moves(rows, columns, *, of=(12, 16)):
    """Cells of a coarse grid in which something moves."""
    cells = np.zeros(of, np.uint8)
    cells[slice(*rows), slice(*columns)] = 255
    return Raster.of(cells)


def scene(boxes=(), *, number=0, every_s=1.0, picture=None, labels=None, moving=None, extra=(), source="cam-1", **more):
    """A scene of people in these boxes, all seen, `number` seconds (of `every_s`) after the first."""
    count = len(boxes)
    frame = Frame(picture=Raster.of(street(boxes) if picture is None else picture), number=number)
    body = Scene(
        frame=frame,
        ids=tuple(range(1, count + 1)),
        labels=labels or ("person",) * count,
        boxes_px=Raster.of(np.array(boxes, np.float64)) if count else EMPTY,
        scores=(0.9,) * count,
        seen=(True,) * count,
        confirmed=(True,) * count,
        extra_px=Raster.of(np.array(extra, np.float64)) if len(extra) else EMPTY,
        moving=still() if moving is None else moving,
    )
    at = START_AT + number * every_s
    return Reading(at=at, origin=Origin.SIMULATED, source=source, seq=number, body=replace(body, **more))


def city(**camera):
    """A city with one camera, set up like this."""
    place = Place(lon=0.0, lat=0.0)
    sensor = Sensor(
        id="cam-1",
        family="camera",
        name="cam-1",
        place=place,
        coverage=Coverage(range_m=50.0),
        state=SourceState.IN_SERVICE,
        camera=Camera(**camera),
    )
    return City.empty("test", place).with_sensor(sensor)


def run(readings, member=PLAIN, resources=None, wanted=(), share=1.0):
    """What masking says of each reading, one after the other."""
    stage, memory, said = member.start(resources or Resources()), None, []
    if share < 1.0:
        stage.pace(share)
    for one in wanted:
        stage.heed(one)
    for reading in readings:
        memory, perceived = stage.look(memory, reading)
        said.append(perceived)
    return said


def pictures(said):
    """The masked pictures of all that was said."""
    return [one.body for perceived in said for one in perceived.readings]


def decoded(body):
    """The pixels of a masked picture."""
    return cv2.imdecode(np.frombuffer(body.jpeg, np.uint8), cv2.IMREAD_COLOR)


def magenta_px(picture):
    """How many pixels are (nearly) of the colour of people; JPEG moves colours a little."""
    red, green, blue = (picture[:, :, channel].astype(int) for channel in (2, 1, 0))
    return int(((red > 170) & (blue > 170) & (green < 90)).sum())
