"""From a TF.js graph model to ONNX: walk the graph from its outputs, operator by operator."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from tocsin.inference.graphmodel import arranging, calculating, windows
from tocsin.inference.graphmodel.building import BATCH, PICTURE, Builder, Known, Value
from tocsin.inference.graphmodel.reading import GraphModel, Node
from tocsin.model import ConfigError

if TYPE_CHECKING:
    from onnx import ModelProto

Operator = Callable[[Builder, Node, Sequence[Value | Known]], list[Value | Known]]

_FLOAT = 1
_INT32 = 6

OPERATORS: Mapping[str, Operator] = {
    **dict.fromkeys(("Identity", "StopGradient", "PreventGradient"), arranging.same),
    **dict.fromkeys(("Add", "AddV2", "BiasAdd", "Sub", "Mul", "RealDiv", "Maximum", "Minimum"), calculating.pair),
    **dict.fromkeys(("Relu", "Sigmoid", "Exp", "Tanh", "Neg", "Reciprocal"), calculating.single),
    **dict.fromkeys(
        ("Conv2D", "_FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"), windows.convolution
    ),
    **dict.fromkeys(("MaxPool", "AvgPool"), windows.pooling),
    **dict.fromkeys(("Pad", "PadV2"), windows.padding),
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor"), windows.resizing),
    "Cast": arranging.cast,
    "ConcatV2": arranging.concatenate,
    "DepthToSpace": windows.depth_to_space,
    "LeakyRelu": calculating.leaky,
    "Mean": calculating.mean,
    "Pack": arranging.pack,
    "Relu6": calculating.relu6,
    "Reshape": arranging.reshape,
    "Shape": arranging.shape,
    "Softmax": calculating.softmax,
    "SparseToDense": arranging.sparse_to_dense,
    "Split": arranging.split_evenly,
    "SplitV": arranging.split_by_sizes,
    "StridedSlice": arranging.strided_slice,
    "Transpose": arranging.transpose,
}
"""What the converter knows: the operators of detectors, pose models and their like."""


def convert(model: GraphModel, size: tuple[int, int], outputs: Sequence[str] = ()) -> "ModelProto":
    """The ONNX model with an open batch; `outputs` names inner nodes to stop at (none: the model's own).

    `size` is the height and width of the pictures. Whole numbers as input become floats.
    The input lies in memory as ONNX convolutions want it, channel first.
    """
    build, known = Builder(), dict[str, list[Value | Known]]()
    placeholders = [node for node in model.nodes.values() if node.op == "Placeholder"]
    if len(placeholders) != 1:
        raise ConfigError(f"The converter takes models of one picture, not of {len(placeholders)} inputs.")
    entry = _entry(placeholders[0], size)
    known[placeholders[0].name] = [entry]
    ends = [_tensor(name) for name in outputs or model.outputs]
    for name, _ in ends:
        _settle(model, name, build, known)
    made = [known[name][number] for name, number in ends]
    if not all(isinstance(one, Value) for one in made):
        raise ConfigError("An output of this model does not depend on its input: name others.")
    return build.model([entry], [one for one in made if isinstance(one, Value)], _FLOAT)


def _entry(node: Node, size: tuple[int, int]) -> Value:
    """The input, channel first in memory, whichever way TF names its axes; raises ConfigError for another size."""
    named = [int(axis["size"]) for axis in node.attributes["shape"]["shape"]["dim"]]
    first = len(named) == 4 and named[1] == 3
    shape = (BATCH, 3, *size) if first else (BATCH, *size, 3)
    fits = len(named) == 4 and all(want in (-1, have) for want, have in zip(named[1:], shape[1:], strict=True))
    if not fits:
        raise ConfigError(
            f"This model takes pictures of the shape {named}, not {size[0]} × {size[1]} in three colours."
        )
    return Value("input", shape, (0, 1, 2, 3) if first else PICTURE)


def _tensor(name: str) -> tuple[str, int]:
    """Node and number of the output: `split:1` is the second of `split`."""
    node, _, number = name.partition(":")
    return node, int(number or 0)


def _settle(model: GraphModel, wanted: str, build: Builder, known: dict[str, list[Value | Known]]) -> None:
    """Convert a node after all that it needs; a stack of our own, as graphs are deep."""
    stack, opened = [wanted], set[str]()
    while stack:
        name = stack[-1]
        node = model.nodes.get(name)
        if node is None:
            raise ConfigError(f"The graph has no node {name!r}.")
        missing = [one for one, _ in map(_tensor, node.inputs) if one not in known]
        if name in known or not missing:
            stack.pop()
            if name not in known:
                known[name] = _converted(model, node, build, known)
        elif name in opened:
            raise ConfigError(f"The graph runs in a circle at {name!r}: loops are not known to the converter.")
        else:
            opened.add(name)
            stack += missing


def _converted(
    model: GraphModel, node: Node, build: Builder, known: Mapping[str, list[Value | Known]]
) -> list[Value | Known]:
    if node.op == "Const":
        return [model.weights[node.name]]
    if node.op not in OPERATORS:
        raise ConfigError(f"{node.name}: the operator {node.op} is not known to the converter.")
    given = [known[name][number] for name, number in map(_tensor, node.inputs)]
    return OPERATORS[node.op](build, node, given)
