"""A learned sound model as one ONNX graph: both parts, and how their words become one (`mixing`)."""

from typing import Any

import numpy as np

from tocsin.inference.sound.learning import Parts, part_of
from tocsin.inference.sound.mixing import SHARPNESS

OPSET = 18


def exported(parts: Parts, levels_share: float, features: int) -> bytes:
    """Rows (n, features) of float32 to probabilities (n, 4). Raises ConfigError where the exporter is not installed."""
    onnx = part_of("onnx")
    graphs = [_graph(one, name, features) for one, name in ((parts.shape, "shape"), (parts.levels, "levels"))]
    merged = onnx.compose.merge_models(*graphs, io_map=[])
    graph = merged.graph
    shape, levels = (next(out.name for out in one.graph.output if "probabilities" in out.name) for one in graphs)
    constants = {"shape_share": 1.0 - levels_share, "levels_share": levels_share, "sharpness": SHARPNESS}
    graph.initializer.extend(
        onnx.numpy_helper.from_array(np.array(value, np.float32), name) for name, value in constants.items()
    )
    graph.initializer.append(onnx.numpy_helper.from_array(np.array([-1], np.int64), "axes"))
    rows = onnx.helper.make_tensor_value_info("rows", onnx.TensorProto.FLOAT, [None, features])
    told = onnx.helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, [None, None])
    taken = [onnx.helper.make_node("Identity", ["rows"], [one.name]) for one in graph.input]
    nodes = [*taken, *graph.node, *_mixing(onnx, shape, levels)]
    for field, values in ((graph.input, [rows]), (graph.output, [told]), (graph.node, nodes)):
        kept = list(values)
        del field[:]
        field.extend(kept)
    onnx.checker.check_model(merged)
    content: bytes = merged.SerializeToString()
    return content


def _graph(model: Any, name: str, features: int) -> Any:  # noqa: ANN401  # scikit-learn and onnx are optional
    rows = part_of("skl2onnx.common.data_types").FloatTensorType([None, features])
    options = {id(model): {"zipmap": False}}
    made = part_of("skl2onnx").to_onnx(model, initial_types=[("rows", rows)], options=options, target_opset=OPSET)
    return part_of("onnx").compose.add_prefix(made, f"{name}_")


def _mixing(onnx: Any, shape: str, levels: str) -> list[Any]:  # noqa: ANN401  # onnx is optional
    """The nodes that do what `mixed` does."""
    node = onnx.helper.make_node
    return [
        node("Mul", [shape, "shape_share"], ["shape_weighed"]),
        node("Mul", [levels, "levels_share"], ["levels_weighed"]),
        node("Add", ["shape_weighed", "levels_weighed"], ["mean"]),
        node("Pow", ["mean", "sharpness"], ["sharp"]),
        node("ReduceSum", ["sharp", "axes"], ["sum"], keepdims=1),
        node("Div", ["sharp", "sum"], ["probabilities"]),
    ]
