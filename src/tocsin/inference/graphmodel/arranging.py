"""Operators that count, reorder, cut and join: most are settled while converting, and leave no node."""

import math
from collections.abc import Sequence

import numpy as np

from tocsin.inference.graphmodel.building import BATCH, Builder, Known, Value, fixed, flowing
from tocsin.inference.graphmodel.reading import Node
from tocsin.model import ConfigError


def same(_build: Builder, _node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """Identity and its like."""
    return [given[0]]


def transpose(_build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """Only the names of the axes change; see building.py."""
    value, order = given
    moved = [int(axis) for axis in fixed(node.name, order)]
    if not isinstance(value, Value):
        return [value.transpose(moved)]
    return [Value(value.name, tuple(value.shape[at] for at in moved), tuple(value.axes[at] for at in moved))]


def shape(_build: Builder, _node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """The shape, with -1 for the open number of pictures: what reshapes take just so."""
    return [np.array(given[0].shape, np.int32)]


def reshape(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """To a fixed shape; an open batch stays the first axis."""
    value, wanted = given
    target = [int(length) for length in np.atleast_1d(fixed(node.name, wanted))]
    if not isinstance(value, Value):
        return [value.reshape(target)]
    if value.shape[0] == BATCH:
        target[0] = BATCH
    else:
        rest = -math.prod(target)
        target = [math.prod(value.shape) // rest if length == -1 else length for length in target]
    if target.count(-1) > 1:
        target[1:] = [_rest(value.shape[1:], target[1:]) if length == -1 else length for length in target[1:]]
    made = build.emit("Reshape", [build.plain(value), build.constant(np.array(target, np.int64))])
    return [Value(made[0], tuple(target), tuple(range(len(target))))]


def _rest(have: Sequence[int], wanted: Sequence[int]) -> int:
    return math.prod(have) // -math.prod(wanted)


def concatenate(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """Join along an axis."""
    *parts, where = given
    axis = int(fixed(node.name, where))
    if not any(isinstance(part, Value) for part in parts):
        return [np.concatenate([fixed(node.name, part) for part in parts], axis)]
    values = [flowing(node.name, part) for part in parts]
    first, axis = values[0], axis % len(values[0].shape)
    names = [build.lying(value, first.axes) for value in values]
    lengths = [value.shape[axis] for value in values]
    joined = (*first.shape[:axis], sum(lengths), *first.shape[axis + 1 :])
    return [Value(build.emit("Concat", names, axis=first.axes[axis])[0], joined, first.axes)]


def split_by_sizes(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """SplitV: parts of given lengths."""
    value, sizes, where = flowing(node.name, given[0]), fixed(node.name, given[1]), int(fixed(node.name, given[2]))
    return _split(build, value, [int(size) for size in sizes], where)


def split_evenly(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """Split: parts of equal length."""
    where, value = int(fixed(node.name, given[0])), flowing(node.name, given[1])
    parts = node.number("num_split")
    return _split(build, value, [value.shape[where] // parts] * parts, where)


def _split(build: Builder, value: Value, sizes: Sequence[int], where: int) -> list[Value | Known]:
    axis = where % len(value.shape)
    lengths = build.constant(np.array(sizes, np.int64))
    names = build.emit("Split", [value.name, lengths], outputs=len(sizes), axis=value.axes[axis])
    shapes = [(*value.shape[:axis], size, *value.shape[axis + 1 :]) for size in sizes]
    return [Value(name, one, value.axes) for name, one in zip(names, shapes, strict=True)]


def pack(_build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """Stack constants: this is how shapes are computed."""
    return [np.stack([fixed(node.name, part) for part in given], node.number("axis"))]


def strided_slice(_build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """A part of a constant vector, such as height and width of a shape."""
    vector, begin, end, step = (fixed(node.name, one) for one in given)
    if vector.ndim != 1 or node.number("begin_mask") or node.number("end_mask"):
        raise ConfigError(f"{node.name}: the converter slices only vectors between two fixed places.")
    part = vector[int(begin[0]) : int(end[0]) : int(step[0])]
    return [part[0] if node.number("shrink_axis_mask") else part]


def sparse_to_dense(_build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """A vector with values at some places."""
    places, length, values, default = (fixed(node.name, one) for one in given)
    made = np.full([int(one) for one in length], default)
    if len(places):
        made[places.reshape(-1)] = values
    return [made]


def cast(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """To float, or of constants to whole numbers."""
    kind = node.attributes["DstT"]["type"]
    if not isinstance(given[0], Value):
        return [given[0].astype({"DT_FLOAT": np.float32, "DT_INT32": np.int32}[kind])]
    if kind not in {"DT_FLOAT", 1}:
        raise ConfigError(f"{node.name}: the converter casts values only to float, not to {kind}.")
    return [Value(build.emit("Cast", [given[0].name], to=1)[0], given[0].shape, given[0].axes)]
