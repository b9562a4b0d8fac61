"""Operators that calculate element by element, or over some axes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tocsin.inference.graphmodel.building import BATCH, Builder, Known, Value, flowing
from tocsin.inference.graphmodel.reading import Node
from tocsin.model import ConfigError

Made = list[Value | Known]

_PAIRS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "Add": ("Add", np.add),
    "AddV2": ("Add", np.add),
    "BiasAdd": ("Add", np.add),
    "Sub": ("Sub", np.subtract),
    "Mul": ("Mul", np.multiply),
    "RealDiv": ("Div", np.divide),
    "Maximum": ("Max", np.maximum),
    "Minimum": ("Min", np.minimum),
}

_SINGLES = {
    "Relu": "Relu",
    "Sigmoid": "Sigmoid",
    "Exp": "Exp",
    "Tanh": "Tanh",
    "Neg": "Neg",
    "Reciprocal": "Reciprocal",
}


def pair(build: Builder, node: Node, given: Sequence[Value | Known]) -> Made:
    """Two tensors, or a tensor and a constant; constants alone are settled at once."""
    name, settle = _PAIRS[node.op]
    left, right = given
    if not isinstance(left, Value) and not isinstance(right, Value):
        return [np.asarray(settle(left, right))]
    model = left if isinstance(left, Value) else flowing(node.name, right)
    if isinstance(left, Value) and isinstance(right, Value) and len(left.shape) != len(right.shape):
        raise ConfigError(f"{node.name}: the converter joins only tensors with equally many axes.")
    names = [_against(build, one, model) for one in (left, right)]
    return [Value(build.emit(name, names)[0], _joined(left.shape, right.shape), model.axes)]


def _against(build: Builder, one: Value | Known, model: Value) -> str:
    return build.lying(one, model.axes) if isinstance(one, Value) else build.alike(one, model)


def _joined(left: Sequence[int], right: Sequence[int]) -> tuple[int, ...]:
    rank = max(len(left), len(right))
    wide = [(1,) * (rank - len(shape)) + tuple(shape) for shape in (left, right)]
    return tuple(BATCH if BATCH in both else max(both) for both in zip(*wide, strict=True))


def single(build: Builder, node: Node, given: Sequence[Value | Known]) -> Made:
    """One tensor, element by element."""
    value = flowing(node.name, given[0])
    return [Value(build.emit(_SINGLES[node.op], [value.name])[0], value.shape, value.axes)]


def relu6(build: Builder, node: Node, given: Sequence[Value | Known]) -> Made:
    """Between 0 and 6."""
    value = flowing(node.name, given[0])
    limits = [build.constant(np.float32(0)), build.constant(np.float32(6))]
    return [Value(build.emit("Clip", [value.name, *limits])[0], value.shape, value.axes)]


def leaky(build: Builder, node: Node, given: Sequence[Value | Known]) -> Made:
    """A slope below zero."""
    value = flowing(node.name, given[0])
    made = build.emit("LeakyRelu", [value.name], alpha=node.real("alpha", 0.2))
    return [Value(made[0], value.shape, value.axes)]


def softmax(build: Builder, node: Node, given: Sequence[Value | Known]) -> Made:
    """Over the last axis."""
    value = flowing(node.name, given[0])
    made = build.emit("Softmax", [value.name], axis=value.axes[-1])
    return [Value(made[0], value.shape, value.axes)]


def mean(build: Builder, node: Node, given: Sequence[Value | Known]) -> Made:
    """Over some axes, which stay with length 1."""
    value = flowing(node.name, given[0])
    if isinstance(given[1], Value) or not node.yes("keep_dims"):
        raise ConfigError(f"{node.name}: the converter averages only over fixed axes that are kept.")
    over = [int(axis) % len(value.shape) for axis in np.atleast_1d(given[1])]
    made = build.emit("ReduceMean", [value.name], axes=[value.axes[axis] for axis in over], keepdims=1)
    shape = tuple(1 if axis in over else length for axis, length in enumerate(value.shape))
    return [Value(made[0], shape, value.axes)]
