"""Operators that slide a window or change height and width: convolution, pooling, padding, resizing."""

from collections.abc import Sequence

import numpy as np

from tocsin.inference.graphmodel.building import PICTURE, Array, Builder, Known, Value, fixed, flowing
from tocsin.inference.graphmodel.reading import Node
from tocsin.model import ConfigError


def convolution(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """Conv2D, alone or fused with bias and activation; the depth-wise kinds too."""
    picture, kernel, more = flowing(node.name, given[0]), fixed(node.name, given[1]), given[2:]
    weights, groups = _weights(kernel, depthwise="Depthwise" in node.op)
    steps, spread = node.numbers("strides")[1:3], (node.numbers("dilations") or [1, 1, 1, 1])[1:3]
    pads, size = _window(node, picture.shape[1:3], kernel.shape[:2], steps, spread)
    names = [build.lying(picture, PICTURE), build.constant(weights)]
    fused = node.texts("fused_ops")
    if fused[:1] == ["BiasAdd"]:
        names.append(build.constant(fixed(node.name, more[0])))
    made = build.emit(
        "Conv", names, strides=steps, dilations=spread, pads=pads, group=groups, kernel_shape=kernel.shape[:2]
    )[0]
    shape = (picture.shape[0], *size, weights.shape[0])
    return [_activated(build, node, Value(made, shape, PICTURE), fused, more)]


def _weights(kernel: Known, *, depthwise: bool) -> tuple[Array, int]:
    """The kernel in ONNX's order, and the number of groups."""
    height, width, inward, outward = kernel.shape
    if depthwise:
        return kernel.transpose(2, 3, 0, 1).reshape(inward * outward, 1, height, width), inward
    return kernel.transpose(3, 2, 0, 1), 1


def _activated(build: Builder, node: Node, value: Value, fused: Sequence[str], more: Sequence[Value | Known]) -> Value:
    """What is fused behind a convolution, other than the bias."""
    for name in fused:
        if name == "BiasAdd":
            continue
        if name not in {"Relu", "Relu6", "Prelu", "LeakyRelu"}:
            raise ConfigError(f"{node.name}: fused {name} is not known to the converter.")
        value = _activation(build, node, value, name, more)
    return value


def _activation(build: Builder, node: Node, value: Value, name: str, more: Sequence[Value | Known]) -> Value:
    match name:
        case "Relu6":
            made = build.emit("Clip", [value.name, build.constant(np.float32(0)), build.constant(np.float32(6))])
        case "Prelu":
            made = build.emit("PRelu", [value.name, build.alike(fixed(node.name, more[-1]), value)])
        case "LeakyRelu":
            made = build.emit("LeakyRelu", [value.name], alpha=node.real("leakyrelu_alpha", 0.2))
        case _:
            made = build.emit(name, [value.name])
    return Value(made[0], value.shape, value.axes)


def pooling(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """MaxPool and AvgPool."""
    picture = flowing(node.name, given[0])
    window, steps = node.numbers("ksize")[1:3], node.numbers("strides")[1:3]
    pads, size = _window(node, picture.shape[1:3], window, steps, [1, 1])
    kind = {"MaxPool": "MaxPool", "AvgPool": "AveragePool"}[node.op]
    made = build.emit(kind, [build.lying(picture, PICTURE)], kernel_shape=window, strides=steps, pads=pads)
    return [Value(made[0], (picture.shape[0], *size, picture.shape[3]), PICTURE)]


def _window(
    node: Node, size: Sequence[int], window: Sequence[int], steps: Sequence[int], spread: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Padding (top, left, bottom, right) and the size that results."""
    before, after, out = [], [], []
    for length, part, step, gap in zip(size, window, steps, spread, strict=True):
        reach = (part - 1) * gap + 1
        same = node.text("padding") == "SAME"
        count = -(-length // step) if same else (length - reach) // step + 1
        missing = max((count - 1) * step + reach - length, 0) if same else 0
        before.append(missing // 2)
        after.append(missing - missing // 2)
        out.append(count)
    return [*before, *after], out


def padding(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """Pad and PadV2, with a constant."""
    value, (margins, *fill) = flowing(node.name, given[0]), given[1:]
    lengths = fixed(node.name, margins)
    if not lengths.any():
        return [value]
    laid = np.empty_like(lengths)
    laid[list(value.axes)] = lengths
    names = [value.name, build.constant(laid.T.reshape(-1).astype(np.int64))]
    names += [build.constant(np.float32(fixed(node.name, one))) for one in fill]
    shape = tuple(
        length if not pair.any() else length + int(pair.sum())
        for length, pair in zip(value.shape, lengths, strict=True)
    )
    return [Value(build.emit("Pad", names)[0], shape, value.axes)]


def resizing(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """ResizeBilinear and ResizeNearestNeighbor to a size that is known while converting."""
    picture = flowing(node.name, given[0])
    size = [int(length) for length in fixed(node.name, given[1])]
    scales = [1.0, 1.0, *(new / old for new, old in zip(size, picture.shape[1:3], strict=True))]
    names = [build.lying(picture, PICTURE), "", build.constant(np.array(scales, np.float32))]
    where = "align_corners" if node.yes("align_corners") else "asymmetric"
    where = "half_pixel" if node.yes("half_pixel_centers") else where
    mode = "linear" if node.op == "ResizeBilinear" else "nearest"
    made = build.emit("Resize", names, mode=mode, coordinate_transformation_mode=where, nearest_mode="floor")
    return [Value(made[0], (picture.shape[0], *size, picture.shape[3]), PICTURE)]


def depth_to_space(build: Builder, node: Node, given: Sequence[Value | Known]) -> list[Value | Known]:
    """Channels become blocks of pixels."""
    picture = flowing(node.name, given[0])
    block = node.number("block_size")
    made = build.emit("DepthToSpace", [build.lying(picture, PICTURE)], blocksize=block, mode="DCR")
    count, height, width, depth = picture.shape
    return [Value(made[0], (count, height * block, width * block, depth // block**2), PICTURE)]
