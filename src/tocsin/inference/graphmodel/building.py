"""The ONNX graph under construction: values that know their shape and how their axes lie in memory.

TF keeps pictures as (batch, height, width, channel), ONNX as (batch, channel, height, width). Instead of a transpose
around every convolution, a value carries `axes`: where each of its axes lies in the ONNX tensor. A transpose of TF
only renames axes; a real one is written where an operator needs another order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tocsin.model import ConfigError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

Array = NDArray[Any]

BATCH = -1
"""The length of the first axis while it is open: any number of pictures."""

PICTURE = (0, 2, 3, 1)
"""How (batch, height, width, channel) lies in ONNX's (batch, channel, height, width)."""

OPSET = 17
IR_VERSION = 8


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor that is known only when the model runs; axis `i` of TF is axis `axes[i]` of ONNX."""

    name: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]


Known = Array
"""A tensor that is known while converting."""


def fixed(name: str, value: Value | Known) -> Known:
    """An input that must be known while converting; raises ConfigError that names the node."""
    if isinstance(value, Value):
        raise ConfigError(f"{name}: the converter needs this input to be fixed.")
    return value


def flowing(name: str, value: Value | Known) -> Value:
    """An input that must come from the picture; raises ConfigError that names the node."""
    if not isinstance(value, Value):
        raise ConfigError(f"{name}: the converter knows this only for what comes from the picture.")
    return value


@dataclass(slots=True)
class Builder:
    """Collects the nodes and constants of an ONNX model."""

    nodes: "list[NodeProto]" = field(default_factory=list)
    constants: "list[TensorProto]" = field(default_factory=list)
    count: int = 0

    def emit(self, op: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> list[str]:  # noqa: ANN401  # ONNX attributes are of many types
        """Write one node; the names of its outputs."""
        from onnx import helper

        names = [self._fresh() for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=names[0], **attributes))
        return names

    def constant(self, array: Array | np.generic) -> str:
        """The name of a constant."""
        from onnx import numpy_helper

        name = self._fresh()
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def _fresh(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def lying(self, value: Value, axes: Sequence[int]) -> str:
        """The value's tensor with its axes where they are wanted."""
        if value.axes == tuple(axes):
            return value.name
        order = [0] * len(axes)
        for here, there in zip(value.axes, axes, strict=True):
            order[there] = here
        return self.emit("Transpose", [value.name], perm=order)[0]

    def plain(self, value: Value) -> str:
        """The value's tensor in TF's own order."""
        return self.lying(value, range(len(value.shape)))

    def alike(self, known: Known, value: Value) -> str:
        """A constant that broadcasts against a value as it lies."""
        wide = known.reshape((1,) * (len(value.shape) - known.ndim) + known.shape)
        return self.constant(wide.transpose(np.argsort(value.axes)))

    def model(self, inputs: Sequence[Value], outputs: Sequence[Value], input_type: int) -> "ModelProto":
        """The whole model, checked. Outputs keep TF's order of axes."""
        from onnx import TensorProto, checker, helper

        named = []
        for number, value in enumerate(outputs):
            self.nodes.append(helper.make_node("Identity", [self.plain(value)], [f"output_{number}"]))
            named.append(helper.make_tensor_value_info(f"output_{number}", TensorProto.FLOAT, _dims(value.shape)))
        given = [helper.make_tensor_value_info(one.name, input_type, _dims(_laid(one))) for one in inputs]
        graph = helper.make_graph(self.nodes, "graph", given, named, self.constants)
        model = helper.make_model(graph, producer_name="tocsin", opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        checker.check_model(model)
        return model


def _laid(value: Value) -> list[int]:
    return [value.shape[value.axes.index(axis)] for axis in range(len(value.axes))]


def _dims(shape: Sequence[int]) -> list[int | str]:
    return ["batch" if length == BATCH else length for length in shape]
