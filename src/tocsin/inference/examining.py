"""An ONNX file that somebody brings: read without trusting it, its weights gathered into one file, its words shown."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.inference.folder import BYTES_MAX
from tocsin.inference.sessions import needed
from tocsin.model import ConfigError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto

SIDE_PX = (16, 4_096)
"""Least and greatest height and width of a model's input."""

NODES_MAX = 100_000
DEPTH_MAX = 8
"""Deepest nesting of graphs inside graphs."""

WORDS_MAX = 20_000
"""Most characters of one entry of metadata that are kept."""

SHOWN_MAX = 400
"""Most characters of it that an error shows."""

_LICENCE_WORDS = ("licen", "copyright", "gpl", "non-commercial", "noncommercial", "cc-by", "cc by", "proprietary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is in the file: one self-contained model, and what its maker wrote into it.

    `size` is the height and width of its input, None for a side that is open. `licences` are the lines of
    metadata that speak of terms of use.
    """

    content: bytes
    size: tuple[int | None, int | None]
    words: Mapping[str, str]
    licences: tuple[str, ...]


def examine(path: Path) -> Examined:
    """Read a file; raises ConfigError that says what is wrong with it and what to do."""
    model = _parsed(path)
    _bounded(model, path)
    _gather(model, path)
    size = _input(model, path)
    words = {one.key: one.value[:WORDS_MAX] for one in model.metadata_props}
    told = {**words, "producer": model.producer_name, "about": model.doc_string[:SHOWN_MAX]}
    licences = tuple(f"{key}: {text[:SHOWN_MAX]}" for key, text in told.items() if _speaks_of_terms(key, text))
    content = model.SerializeToString(deterministic=True)
    return Examined(content=content, size=size, words=words, licences=licences)


def _speaks_of_terms(key: str, text: str) -> bool:
    lower = f"{key}: {text}".lower()
    return bool(text) and any(word in lower for word in _LICENCE_WORDS)


def _parsed(path: Path) -> "ModelProto":
    onnx = needed("onnx")
    decoding = needed("google.protobuf.message").DecodeError
    try:
        size = path.stat().st_size
        content = path.read_bytes() if 0 < size <= BYTES_MAX else b""
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Name an ONNX file.") from error
    if not content:
        raise ConfigError(f"{path} has {size} bytes; a model has 1 to {BYTES_MAX:,}.")
    if content.startswith((b"PK", b"\x80")):
        raise ConfigError(
            f"{path} looks like a PyTorch checkpoint. Such files run code when they are opened, so Tocsin never does: "
            "export it to ONNX where it was trained."
        )
    try:
        model: ModelProto = onnx.load_model_from_string(content)
    except (decoding, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no ONNX file: export the model to ONNX.") from error
    if not model.graph.node or not model.graph.input or not model.graph.output:
        raise ConfigError(f"{path} is no ONNX file, or an empty one: export the model to ONNX.")
    return model


def _bounded(model: "ModelProto", path: Path) -> None:
    """No more nodes, levels and weights than any honest model has; functions of its own are not taken."""
    nodes = sum(len(graph.node) for graph in _graphs(model.graph, path))
    weights = sum(_bytes(tensor, path) for tensor in _tensors(model, path))
    if nodes > NODES_MAX or weights > BYTES_MAX or model.functions:
        raise ConfigError(
            f"{path} has {nodes:,} nodes, {weights:,} bytes of weights and {len(model.functions)} own functions: "
            f"at most {NODES_MAX:,}, {BYTES_MAX:,} and none are taken."
        )


def _graphs(graph: "GraphProto", path: Path, depth: int = 0) -> "Iterator[GraphProto]":
    """A graph and those inside its nodes."""
    if depth > DEPTH_MAX:
        raise ConfigError(f"{path} nests graphs more than {DEPTH_MAX} deep: it is broken, or made to do harm.")
    yield graph
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
            yield from _graphs(inner, path, depth + 1)


def _tensors(model: "ModelProto", path: Path) -> "Iterator[TensorProto]":
    for graph in _graphs(model.graph, path):
        yield from graph.initializer
        yield from (part for sparse in graph.sparse_initializer for part in (sparse.values, sparse.indices))
        for attribute in (attribute for node in graph.node for attribute in node.attribute):
            yield from (*attribute.tensors, *([attribute.t] if attribute.HasField("t") else []))


def _bytes(tensor: "TensorProto", path: Path) -> int:
    """Size of a tensor as it says; raises ConfigError for a length that is none."""
    if any(length < 0 for length in tensor.dims) or math.prod(tensor.dims) > BYTES_MAX:
        raise ConfigError(f"{path}: the weights {tensor.name!r} claim the shape {list(tensor.dims)}: it is broken.")
    return 4 * math.prod(int(length) for length in tensor.dims)


def _gather(model: "ModelProto", path: Path) -> None:
    """Take in weights that lie in files beside the model, and check the whole."""
    onnx = needed("onnx")
    outside = onnx.TensorProto.EXTERNAL
    away = [tensor for tensor in _tensors(model, path) if tensor.data_location == outside]
    for tensor in away:
        _beside(tensor, path)
    try:
        if away:
            needed("onnx.external_data_helper").load_external_data_for_model(model, str(path.resolve().parent))
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, OSError, ValueError, RuntimeError, TypeError) as error:
        raise ConfigError(f"{path} is no sound ONNX model: {str(error).strip()[:SHOWN_MAX]}") from error


def _beside(tensor: "TensorProto", path: Path) -> None:
    """Weights may lie in the model's own folder, nowhere else."""
    where = {entry.key: entry.value for entry in tensor.external_data}.get("location", "")
    folder = path.resolve().parent
    target = (folder / where).resolve()
    if not where or Path(where).is_absolute() or not target.is_relative_to(folder):
        raise ConfigError(f"{path} wants to read weights from {where!r}, outside its own folder: do not use it.")
    if not target.is_file() or target.stat().st_size > BYTES_MAX:
        raise ConfigError(
            f"{path} needs its weights from {where!r}, which is absent or too big: put it beside the model."
        )


def _input(model: "ModelProto", path: Path) -> tuple[int | None, int | None]:
    """Height and width of the one picture that the model takes."""
    weights = {one.name for one in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in weights]
    if len(inputs) != 1:
        raise ConfigError(f"{path} has {len(inputs)} inputs: a model of pictures has one.")
    shape = _shape(inputs[0])
    kind = inputs[0].type.tensor_type.elem_type
    if len(shape) != 4 or kind != 1 or shape[0] not in (1, None) or shape[1] not in (3, None):
        raise ConfigError(
            f"{path} takes {shape}: export it for float pictures as (batch 1 or open, 3 colours, height, width)."
        )
    for side in shape[2:]:
        if side is not None and not SIDE_PX[0] <= side <= SIDE_PX[1]:
            raise ConfigError(
                f"{path} takes pictures of {shape[2:]} pixels; {SIDE_PX[0]} to {SIDE_PX[1]} are possible."
            )
    return shape[2], shape[3]


def _shape(value: "ValueInfoProto") -> list[int | None]:
    axes = value.type.tensor_type.shape.dim
    return [axis.dim_value if axis.HasField("dim_value") else None for axis in axes]
