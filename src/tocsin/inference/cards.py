"""Model cards: where a model comes from, what may be done with it, how it is fed and read, what it was measured at."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tocsin.model import ConfigError, NotFound

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]
Side = Annotated[int, Meta(ge=16, le=4_096)]
Three = Annotated[tuple[float, ...], Meta(min_length=3, max_length=3)]
Sense = Literal["objects", "faces", "poses"]
DecoderName = Literal["nanodet", "centernet", "centernet-sides", "yolox", "yolov8", "detr", "blazeface", "movenet"]
Fit = Literal["centre", "corner", "stretch", "flexible"]

_PACKAGE = Path(__file__).resolve().parents[1]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Piece(_Part, frozen=True):
    """A file inside a package, and the digest that it must have."""

    path: str
    sha256: Sha256


class Source(_Part, frozen=True):
    """Where a model comes from; `own` is a file that a person added.

    `outputs` are the nodes of a TF.js graph at which the conversion stops (none: its own outputs).
    """

    kind: Literal["npm", "pypi", "own"]
    package: str = ""
    version: str = ""
    form: Literal["onnx", "tfjs"] = "onnx"
    files: tuple[Piece, ...] = ()
    outputs: tuple[str, ...] = ()


class Licence(_Part, frozen=True):
    """Under which terms a model may be used, and whose words must go with it."""

    spdx: str
    notice: str


class Input(_Part, frozen=True):
    """How a picture becomes the model's input: (pixel - mean) / std, channels in the order of `colour`.

    `fit`: `centre` and `corner` keep the proportions and fill the rest with `fill`, `stretch` does not keep them,
    `flexible` keeps them within half a `step` (for models that take any size that is a multiple of it).
    """

    width: Side
    height: Side
    colour: Literal["bgr", "rgb"] = "bgr"
    mean: Three = (0.0, 0.0, 0.0)
    std: Three = (1.0, 1.0, 1.0)
    fit: Fit = "centre"
    fill: Annotated[int, Meta(ge=0, le=255)] = 114
    step: Annotated[int, Meta(ge=1, le=256)] = 32
    batch: Annotated[int, Meta(ge=1, le=64)] = 1


class Output(_Part, frozen=True):
    """How a model's output becomes boxes."""

    decoder: DecoderName
    strides: tuple[Annotated[int, Meta(ge=1, le=256)], ...] = (8, 16, 32)
    anchors: tuple[Annotated[int, Meta(ge=1, le=16)], ...] = ()
    iou: Annotated[float, Meta(gt=0, le=1)] = 0.6


class Probe(_Part, frozen=True):
    """What one output must be on the fixed synthetic picture: some values, evenly spaced, within a tolerance."""

    shape: tuple[int, ...]
    values: tuple[float, ...]
    tolerance: Annotated[float, Meta(gt=0)]


class Measured(_Part, frozen=True):
    """A number, the data that it was measured on, and the command that makes it."""

    data: str
    metric: str
    value: float
    command: str


class ModelCard(_Part, frozen=True):
    """All that is known about a model; `sha256` is that of the ONNX file which is opened."""

    name: Name
    title: str
    sense: Sense
    sha256: Sha256
    source: Source
    licence: Licence
    input: Input
    output: Output
    classes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=10_000)]
    default: bool = False
    probes: tuple[Probe, ...] = ()
    measured: tuple[Measured, ...] = ()


def shipped_folder() -> Path:
    """Where the cards that ship lie: in the wheel's content or the checkout's; raises ConfigError without either."""
    for folder in (_PACKAGE / "_content" / "models", _PACKAGE.parents[1] / "content" / "models"):
        if folder.is_dir():
            return folder
    raise ConfigError(f"No content/models beside {_PACKAGE}: install the wheel again, or run from a whole checkout.")


def read_card(path: Path) -> ModelCard:
    """One card; raises ConfigError that names the file and what is wrong in it."""
    try:
        card = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), ModelCard)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The model card {path} cannot be used: {error}. Correct it, or add the model anew."
        ) from error
    if card.name != path.stem:
        raise ConfigError(f"The model card {path} is about {card.name!r}: name it {card.name}.toml.")
    return card


@cache
def shipped_cards() -> Mapping[str, ModelCard]:
    """The cards that ship, by name."""
    return {path.stem: read_card(path) for path in sorted(shipped_folder().glob("*.toml"))}


def all_cards(models: Path) -> dict[str, ModelCard]:
    """The cards that ship and those that a person added to the folder of models; none can take another's name."""
    own = {path.stem: read_card(path) for path in sorted(models.glob("*.toml"))} if models.is_dir() else {}
    return {**own, **shipped_cards()}


def card_of(name: str, models: Path) -> ModelCard:
    """The card of a name; raises NotFound that lists the names there are."""
    known = shipped_cards().get(name)
    if known is not None:
        return known
    path = models / f"{name}.toml"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound(f"There is no model {name!r}: choose one of {', '.join(all_cards(models))}, or add your own.")
    return read_card(path)
