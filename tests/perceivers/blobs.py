"""A true model, small enough for tests: it marks green figures of 12×30 px as persons, red ones as cars."""

import hashlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEIGHT, SIDE, STRIDE = 12, 30, 208, 2

GREEN, RED = 1, 2

CARD = f"""
name = "blobs"
title = "Marks bright figures of one size; for tests"
sense = "objects"
sha256 = "{{sha256}}"
classes = ["person", "car"]
source = {{{{kind = "own", package = "blobs.onnx"}}}}
licence = {{{{spdx = "Apache-2.0", notice = "ours"}}}}
input = {{{{width = {SIDE}, height = {SIDE}, std = [255.0, 255.0, 255.0], fit = "stretch", batch = 8}}}}
output = {{{{decoder = "centernet", strides = [{STRIDE}], iou = 0.2}}}}
"""


def model():
    """The middle of a figure is where the average over its size is greatest."""
    cells = SIDE // STRIDE
    pads = [((cells - 1) * STRIDE + size - SIDE) // 2 for size in (HEIGHT, WIDTH)]
    const = {
        "colours": np.array([1, 2], np.int64),
        "least": np.float32(0.6),
        "reach": np.float32(0.4),
        "no": np.float32(0.0),
        "one": np.float32(1.0),
        "size": np.log(np.float32([HEIGHT, WIDTH]) / STRIDE).reshape(1, 2, 1, 1).astype(np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["input", "colours"], ["seen"], axis=1),
        helper.make_node(
            "AveragePool", ["seen"], ["high"], kernel_shape=[HEIGHT, 1], strides=[STRIDE, 1],
            pads=[pads[0], 0] * 2, count_include_pad=1,
        ),
        helper.make_node(
            "AveragePool", ["high"], ["mean"], kernel_shape=[1, WIDTH], strides=[1, STRIDE],
            pads=[0, pads[1]] * 2, count_include_pad=1,
        ),
        helper.make_node("Sub", ["mean", "least"], ["above"]),
        helper.make_node("Div", ["above", "reach"], ["share"]),
        helper.make_node("Clip", ["share", "no", "one"], ["heat"]),
        helper.make_node("Mul", ["heat", "no"], ["offset"]),
        helper.make_node("Add", ["offset", "size"], ["sizes"]),
    ]  # fmt: skip
    shape = ["batch", 2, cells, cells]
    graph = helper.make_graph(
        nodes,
        "blobs",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("heat", "sizes", "offset")],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in const.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def put_model(folder):
    """Put model and card into a folder of models."""
    folder.mkdir(parents=True, exist_ok=True)
    content = model()
    (folder / "blobs.onnx").write_bytes(content)
    (folder / "blobs.toml").write_text(CARD.format(sha256=hashlib.sha256(content).hexdigest()), encoding="utf-8")
    onnx.checker.check_model(content)


def rough(size=(270, 480), seed=3):
    """A ground on which every place looks different."""
    coarse = np.random.default_rng(seed).integers(20, 110, (size[0] // 10, size[1] // 10)).astype(np.uint8)
    return np.kron(coarse, np.ones((10, 10), np.uint8))


def picture(persons=(), cars=(), *, size=(270, 480), ground=None):
    """A dim, slightly textured place with figures whose middles are given (x, y); both are seen where they cross."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    if ground is None:
        ground = (40 + 10 * ((rows // 16 + columns // 16) % 2)).astype(np.uint8)
    clothes = 255 - 40 * ((np.indices((HEIGHT, WIDTH)) // 4).sum(0) % 3 == 0)
    made = np.repeat(ground[:, :, None], 3, axis=2)
    for middles, colour in ((persons, GREEN), (cars, RED)):
        for x, y in middles:
            corner = round(y - HEIGHT / 2), round(x - WIDTH / 2)
            top, left = max(0, -corner[0]), max(0, -corner[1])
            part = made[max(0, corner[0]) : corner[0] + HEIGHT, max(0, corner[1]) : corner[1] + WIDTH, colour]
            part[:] = clothes[top : top + part.shape[0], left : left + part.shape[1]]
    return made
