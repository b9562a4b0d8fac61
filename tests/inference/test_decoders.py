"""Each decoder gives back the boxes that were written into outputs of its form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.inference.decoders import centres
from tocsin.inference.decoders.blazeface import Blazeface
from tocsin.inference.decoders.centernet import Centernet
from tocsin.inference.decoders.centernet_sides import CenternetSides
from tocsin.inference.decoders.detr import Detr
from tocsin.inference.decoders.movenet import JOINTS, Movenet
from tocsin.inference.decoders.nanodet import Nanodet
from tocsin.inference.decoders.yolov8 import Yolov8
from tocsin.inference.decoders.yolox import Yolox

SIZE = (64, 96)
BOXES = st.tuples(st.integers(8, 87), st.integers(8, 55), st.integers(10, 60), st.integers(10, 60))
"""Middle and size."""


def corners(x, y, width, height):
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def logit(share):
    return np.log(share / (1 - share))


def nanodet(x, y, width, height):
    """All weight on two neighbouring bins, so that the mean is the distance."""
    cell = int(np.hypot(*(centres(SIZE, 8) - (x, y)).T).argmin())
    middle = centres(SIZE, 8)[cell]
    reach = np.abs(np.array(corners(x, y, width, height)).reshape(2, 2) - middle).reshape(4) / 8
    scores, sides = np.zeros((96, 3), np.float32), np.full((96, 4, 9), -40, np.float32)
    scores[cell, 1] = 0.75
    for side, distance in enumerate(reach):
        whole = int(distance)
        for bin_, share in ((whole, 1 - distance + whole), (whole + 1, distance - whole)):
            sides[cell, side, bin_] = np.log(max(share, 1e-17))
    return Nanodet(classes=3, strides=(8,)), [sides.reshape(96, 36), scores]


def centernet(x, y, width, height):
    heat, sizes, offsets = np.zeros((3, 16, 24)), np.zeros((2, 16, 24)), np.zeros((2, 16, 24))
    row, column = y // 4, x // 4
    heat[1, row, column] = 0.75
    sizes[:, row, column] = np.log(height / 4), np.log(width / 4)
    offsets[:, row, column] = y / 4 - row - 0.5, x / 4 - column - 0.5
    return Centernet(classes=3, stride=4), [heat, sizes, offsets]


def centernet_sides(x, y, width, height):
    sides, heat = np.zeros((16, 24, 4)), np.zeros((16, 24, 3))
    row, column = y // 4, x // 4
    heat[row, column, 1] = 0.75
    sides[row, column] = (np.array(corners(x, y, width, height)) - (column * 4, row * 4) * 2) * (-1, -1, 1, 1)
    return CenternetSides(classes=3, stride=4), [sides, heat]


def yolox(x, y, width, height):
    rows = np.zeros((96 + 24, 8), np.float32)
    cell = 96 + (y // 16) * 6 + x // 16
    rows[cell] = x / 16 - x // 16, y / 16 - y // 16, np.log(width / 16), np.log(height / 16), 1, 0, 0.75, 0
    return Yolox(classes=3, strides=(8, 16)), [rows]


def yolov8(x, y, width, height):
    rows = np.zeros((7, 50), np.float32)
    rows[:, 9] = x, y, width, height, 0, 0.75, 0
    return Yolov8(classes=3), [rows]


def detr(x, y, width, height):
    logits, boxes = np.full((9, 4), -20, np.float32), np.zeros((9, 4), np.float32)
    logits[:, 3] = 20
    logits[5] = -20, logit(0.75), -20, 0
    boxes[5] = x / 96, y / 64, width / 96, height / 64
    return Detr(classes=3), [logits, boxes]


def rtdetr(x, y, width, height):
    decoder, (logits, boxes) = detr(x, y, width, height)
    return decoder, [boxes, logits[:, :3]]


FAMILIES = [nanodet, centernet, centernet_sides, yolox, yolov8, detr]


@pytest.mark.parametrize("family", [*FAMILIES, rtdetr], ids=lambda one: one.__name__)
@given(box=BOXES)
def test_a_box_written_is_the_box_read(family, box):
    decoder, outputs = family(*box)
    assert decoder.complaint([output.shape for output in outputs], SIZE) == ""
    found = decoder.decode(outputs, SIZE, 0.5)
    assert found.classes.tolist() == [1]
    assert found.scores == pytest.approx([0.75], abs=1e-4)
    assert found.boxes[0] == pytest.approx(corners(*box), abs=0.01)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.__name__)
def test_nothing_above_the_least_score_is_nothing(family):
    decoder, outputs = family(40, 30, 20, 10)
    found = decoder.decode(outputs, SIZE, 0.8)
    assert (found.boxes.shape, found.scores.shape, found.classes.shape) == ((0, 4), (0,), (0,))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.__name__)
def test_outputs_of_another_form_are_complained_about(family):
    decoder, outputs = family(40, 30, 20, 10)
    shapes = [output.shape for output in outputs]
    for wrong in (shapes[:-1], [], [(*shape, 1) for shape in shapes], [tuple(n + 1 for n in one) for one in shapes]):
        assert decoder.complaint(wrong, SIZE)


@given(box=BOXES, joined=st.booleans())
def test_anchors_are_read_joined_or_apart(box, joined):
    decoder = Blazeface(strides=(16, 32), anchors=(2, 6))
    middles = np.concatenate([centres((64, 64), 16, 2), centres((64, 64), 32, 6)])
    rows = np.zeros((56, 17), np.float32)
    rows[:, 0] = -20
    rows[40, :5] = logit(0.75), *(np.array(box[:2]) - middles[40]), *box[2:]
    apart = [rows[32:, 1:], rows[:32, :1], rows[32:, :1], rows[:32, 1:]]
    outputs = [rows] if joined else apart
    assert decoder.complaint([output.shape for output in outputs], (64, 64)) == ""
    found = decoder.decode(outputs, (64, 64), 0.5)
    assert found.boxes[0] == pytest.approx(corners(*box), abs=0.01)


def poses(people):
    """Maps of 16 × 24 cells with people at (row, column): joints in a row beside their middle."""
    maps = [np.zeros((16, 24, depth), np.float32) for depth in (1, 2, 2, JOINTS, 2 * JOINTS, 2 * JOINTS)]
    middles, sizes, _, joints, guesses, _ = maps
    middles[:], joints[:] = -20, -20
    for row, column in people:
        middles[row, column], sizes[row, column] = 4, (6, 8)
        for joint in range(JOINTS):
            down, right = joint % 5 - 2, joint % 7 - 3
            joints[row + down, column + right, joint] = 2
            guesses[row, column, 2 * joint : 2 * joint + 2] = down + 0.4, right - 0.4
    return maps


def test_joints_are_put_right_by_their_own_maps():
    found = Movenet(stride=4).decode(poses([(8, 8)]), (64, 96), 0.2)
    assert found.boxes.tolist() == [[16.0, 20.0, 48.0, 44.0]]
    wanted = [(4 * (8 + joint % 7 - 3), 4 * (8 + joint % 5 - 2)) for joint in range(JOINTS)]
    assert found.points[0, :, :2].tolist() == [list(map(float, one)) for one in wanted]


def test_people_apart_are_both_found_and_people_in_one_place_are_one():
    assert len(Movenet(stride=4).decode(poses([(8, 6), (8, 17)]), (64, 96), 0.2).boxes) == 2
    assert len(Movenet(stride=4).decode(poses([]), (64, 96), 0.2).boxes) == 0
