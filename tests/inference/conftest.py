"""Small ONNX models made by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper


def constant_model(outputs, *, side=64, batch=1, colours=3, words=None):
    """A model that says the same of every picture: each output, plus nothing times the picture's mean."""
    given = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [batch, colours, side, side])
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    constants = [numpy_helper.from_array(np.float32(0), "zero")]
    named = []
    for number, output in enumerate(outputs):
        array = np.asarray(output, np.float32)[None]
        constants.append(numpy_helper.from_array(array, f"said_{number}"))
        nodes.append(helper.make_node("Add", [f"said_{number}", "nothing"], [f"output_{number}"]))
        named.append(helper.make_tensor_value_info(f"output_{number}", TensorProto.FLOAT, array.shape))
    graph = helper.make_graph(nodes, "constant", [given], named, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    helper.set_model_props(model, words or {})
    return model


def yolov8_rows(boxes, classes, candidates=84):
    """The output of YOLOv8 for (middle x, middle y, width, height, class, score) rows."""
    rows = np.zeros((4 + classes, candidates), np.float32)
    for number, (x, y, width, height, which, score) in enumerate(boxes):
        rows[:4, number] = x, y, width, height
        rows[4 + which, number] = score
    return rows


@pytest.fixture
def onnx_file(tmp_path):
    """Write a constant model: `onnx_file([outputs], words={…})`."""

    def write(outputs, name="mine.onnx", **more):
        path = tmp_path / name
        onnx.save(constant_model(outputs, **more), path)
        return path

    return write
