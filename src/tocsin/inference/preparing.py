"""From the files of a package to the one ONNX file that is opened: converted, its open axes named, and tried."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tocsin.inference.cards import ModelCard
from tocsin.inference.decoding import decoder_of
from tocsin.inference.probing import answers, mismatch
from tocsin.inference.sessions import needed, session
from tocsin.model import ConfigError

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto


def onnx_bytes(card: ModelCard, files: Mapping[str, bytes]) -> bytes:
    """The ONNX file of a card, always the same bytes for the same files."""
    needed("onnx")
    model = _converted(card, files) if card.source.form == "tfjs" else _opened(next(iter(files.values())))
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _converted(card: ModelCard, files: Mapping[str, bytes]) -> "ModelProto":
    from tocsin.inference.graphmodel.converting import convert
    from tocsin.inference.graphmodel.reading import read_graph_model

    described = next(content for path, content in files.items() if path.endswith(".json"))
    weights = next(content for path, content in files.items() if path.endswith(".bin"))
    return convert(read_graph_model(described, weights), (card.input.height, card.input.width), card.source.outputs)


def _opened(content: bytes) -> "ModelProto":
    """The model with batch, height and width open; its weights are no inputs."""
    import onnx

    model = onnx.load_model_from_string(content)
    weights = {one.name for one in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    del model.graph.value_info[:]
    for number, one in enumerate([*model.graph.input, *model.graph.output]):
        _open_axes(one, number)
    return model


def _open_axes(value: "ValueInfoProto", number: int) -> None:
    for axis, name in ((0, "batch"), (2, f"height_{number}"), (3, f"width_{number}")):
        value.type.tensor_type.shape.dim[axis].dim_param = name


def tried(card: ModelCard, content: bytes) -> bytes:
    """The content, if it is the file and behaves as the card says; raises ConfigError otherwise.

    The synthetic picture is run through it, so a converter or a runtime that calculates wrongly is found here.
    """
    outputs = answers(session(content), card)
    size = card.input.height, card.input.width
    wrong = decoder_of(card).complaint([one.shape for one in outputs], size) or mismatch(outputs, card.probes)
    if wrong:
        raise ConfigError(f"The model {card.name} does not behave as its card says: {wrong}. Do not use it.")
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ConfigError(f"The model {card.name} came out with other bytes than its card says: update onnx or Tocsin.")
    return content
