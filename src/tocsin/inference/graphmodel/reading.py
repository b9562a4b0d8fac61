"""A TF.js graph model as it lies on disk: nodes from its JSON, weights from its binary part."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.model import ConfigError

Array = NDArray[Any]

_STORED = {"float16": np.float16, "uint8": np.uint8, "uint16": np.uint16}
_TYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_, "uint8": np.uint8}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: its inputs are names of other nodes (`name:1` is a second output)."""

    op: str
    name: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def text(self, key: str, default: str = "") -> str:
        """An attribute that is a word; they are stored as base64."""
        value = self.attributes.get(key, {}).get("s")
        return default if value is None else base64.b64decode(value).decode()

    def texts(self, key: str) -> list[str]:
        """An attribute that is a list of words."""
        found = self.attributes.get(key, {}).get("list", {}).get("s", [])
        return [base64.b64decode(value).decode() for value in found]

    def numbers(self, key: str) -> list[int]:
        """An attribute that is a list of whole numbers."""
        return [int(value) for value in self.attributes.get(key, {}).get("list", {}).get("i", [])]

    def number(self, key: str, default: int = 0) -> int:
        """An attribute that is a whole number."""
        return int(self.attributes.get(key, {}).get("i", default))

    def real(self, key: str, default: float) -> float:
        """An attribute that is a number."""
        return float(self.attributes.get(key, {}).get("f", default))

    def yes(self, key: str) -> bool:
        """An attribute that is a switch."""
        return bool(self.attributes.get(key, {}).get("b", False))


@dataclass(frozen=True, slots=True)
class GraphModel:
    """Nodes by name, in no order, and the arrays of those that are constant."""

    nodes: Mapping[str, Node]
    weights: Mapping[str, Array]
    outputs: tuple[str, ...]


def read_graph_model(description: bytes, weights: bytes) -> GraphModel:
    """Read `model.json` and its one binary file; raises ConfigError where they are no such model."""
    try:
        document = json.loads(description)
        nodes = [_node(row) for row in document["modelTopology"]["node"]]
        manifest = [row for group in document["weightsManifest"] for row in group["weights"]]
        signature = document.get("signature") or document.get("userDefinedMetadata", {}).get("signature", {})
        outputs = [row.get("name", key) for key, row in signature["outputs"].items()]
        arrays = _arrays(manifest, weights)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"This is no TF.js graph model ({type(error).__name__}: {error}): fetch it again."
        raise ConfigError(message) from error
    return GraphModel({node.name: node for node in nodes}, arrays, tuple(outputs))


def _node(row: Mapping[str, Any]) -> Node:
    inputs = tuple(name for name in row.get("input", []) if not name.startswith("^"))
    return Node(row["op"], row["name"], inputs, row.get("attr", {}))


def _arrays(manifest: Sequence[Mapping[str, Any]], weights: bytes) -> dict[str, Array]:
    """The arrays one after the other; what is stored smaller becomes float32 again."""
    found: dict[str, Array] = {}
    at = 0
    for row in manifest:
        kept = row.get("quantization", {})
        stored = np.dtype(_STORED[kept["dtype"]] if kept else _TYPES[row["dtype"]])
        count = math.prod(row["shape"])
        array = np.frombuffer(weights, stored, count, at).reshape(row["shape"])
        at += count * stored.itemsize
        found[row["name"]] = _restored(array, kept) if kept else array
    return found


def _restored(array: Array, kept: Mapping[str, Any]) -> Array:
    if "scale" not in kept:
        return array.astype(np.float32)
    return (array.astype(np.float32) * np.float32(kept["scale"]) + np.float32(kept["min"])).astype(np.float32)
