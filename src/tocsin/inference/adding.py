"""`tocsin models add`: a model of one's own becomes one of the registry, with a card that names its digest."""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tocsin.inference.cards import Licence, ModelCard, Source, card_of, shipped_cards
from tocsin.inference.decoding import decoder_of
from tocsin.inference.examining import Examined
from tocsin.inference.fetching import keep
from tocsin.inference.folder import model_path, models_folder
from tocsin.inference.probing import answers, probed
from tocsin.inference.sessions import session
from tocsin.inference.trying import trial
from tocsin.model import ConfigError, Refused

TOLERANCE = 1e-4
"""How far outputs may differ between machines, as a share of the greatest."""

SIDE_PX_DEFAULT = 640
"""Height and width of the input where the model leaves them open and nobody says."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says about a model: how it is fed, how it is read, what its classes are called."""

    name: str
    decoder: str
    classes: tuple[str, ...]
    title: str = ""
    licence: str = ""
    input: Mapping[str, Any] = {}
    output: Mapping[str, Any] = {}


def add(found: Examined, wanted: Wanted, *, accepted: bool) -> ModelCard:
    """Try a model and put it into the folder of models; its card.

    Raises Refused where the file carries terms of use that were not accepted, ConfigError where it is not what
    was said about it.
    """
    if found.licences and not accepted:
        raise Refused(
            "This model carries terms of use: " + "; ".join(found.licences) + ". "
            "Read them, ask who decides about them in your city, then say --accept-licence."
        )
    card = _card(found, wanted)
    if card.name in shipped_cards():
        raise ConfigError(f"{card.name} is a model that ships: give yours another --name.")
    _try(card, found.content)
    outputs = answers(session(found.content), card)
    greatest = max(float(np.abs(output).max(initial=0)) for output in outputs)
    probed_card = msgspec.structs.replace(card, probes=probed(outputs, TOLERANCE * max(1.0, greatest)))
    keep(probed_card, found.content)
    keep_card(probed_card)
    return probed_card


def own_card(name: str) -> ModelCard:
    """The card of a model that a person added; raises ConfigError for one that ships."""
    card = card_of(name, models_folder())
    if card.source.kind != "own":
        raise ConfigError(f"The card of {name} ships with Tocsin and is not written: only that of your own model is.")
    return card


def keep_card(card: ModelCard) -> None:
    """Write the card of a person's own model beside it."""
    model_path(card).with_suffix(".toml").write_text(card_text(card), encoding="utf-8")


def _card(found: Examined, wanted: Wanted) -> ModelCard:
    sides = {"height": found.size[0] or SIDE_PX_DEFAULT, "width": found.size[1] or SIDE_PX_DEFAULT}
    said = {name: value for name, value in wanted.input.items() if value is not None}
    for name, fixed in zip(("height", "width"), found.size, strict=True):
        if fixed is not None and said.get(name, fixed) != fixed:
            raise ConfigError(f"This model takes only pictures with a {name} of {fixed}, not {said[name]}.")
    notice = "; ".join(filter(None, (wanted.licence, *found.licences))) or "The file names none, and none was given."
    document = {
        "name": wanted.name,
        "title": wanted.title or wanted.name,
        "sense": "objects",
        "sha256": hashlib.sha256(found.content).hexdigest(),
        "source": Source(kind="own"),
        "licence": Licence(spdx=wanted.licence or "unknown", notice=notice),
        "input": {**sides, **said},
        "output": {"decoder": wanted.decoder, **wanted.output},
        "classes": wanted.classes,
    }
    try:
        return msgspec.convert(msgspec.to_builtins(document), ModelCard)
    except msgspec.ValidationError as error:
        raise ConfigError(f"This cannot be said of a model: {error}.") from error


def _try(card: ModelCard, content: bytes) -> None:
    """Run it once, apart; its outputs must be what its decoder reads."""
    size = card.input.height, card.input.width
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".trying-", suffix=".onnx") as file:
        file.write(content)
        file.flush()
        shapes = trial(Path(file.name), *size)
    wrong = decoder_of(card).complaint([shape[1:] for shape in shapes], size)
    if wrong or any(shape[:1] != (1,) for shape in shapes):
        said = ", ".join(str(shape) for shape in shapes)
        raise ConfigError(
            f"This is no model for the decoder {card.output.decoder} with {len(card.classes)} classes: "
            f"{wrong or 'each output should begin with the batch'}; its outputs are {said}."
        )


def card_text(card: ModelCard) -> str:
    """The card as TOML."""
    document = msgspec.to_builtins(card)
    return "\n".join(_table("", document)) + "\n"


def _table(path: str, table: Mapping[str, Any]) -> Iterable[str]:
    """Plain values first, then tables, then lists of tables."""
    inner = {key: value for key, value in table.items() if isinstance(value, dict) or _tables(value)}
    yield from (f"{key} = {_plain(value)}" for key, value in table.items() if key not in inner)
    for key, value in inner.items():
        name = f"{path}.{key}" if path else key
        for one in [value] if isinstance(value, dict) else value:
            yield ""
            yield f"[{name}]" if isinstance(value, dict) else f"[[{name}]]"
            yield from _table(name, one)


def _tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], dict)


def _plain(value: object) -> str:
    """A value of TOML; its words, numbers and lists are written as JSON's are."""
    return msgspec.json.encode(value).decode()
