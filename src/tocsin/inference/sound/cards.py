"""Cards of sound models: what each says, from which input, under which licence, at which threshold, how it was made."""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tocsin.inference.cards import Licence, Measured, Name, Sha256
from tocsin.inference.folder import BYTES_MAX, models_folder
from tocsin.model import ConfigError, NotFound


class SoundCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is known about a sound model.

    `form` says what it is given: `rows` (n, features) as `tocsin.inference.sound.features` makes them, or `waveform`
    (1, window_s × rate_hz) with values from -1 to 1; it answers a probability per name in `classes`. `says` maps our
    classes (gunshot, explosion, siren) to names of the model's own; one that it leaves out is called as it is.
    """

    name: Name
    title: str
    sha256: Sha256
    licence: Licence
    classes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=10_000)]
    form: Literal["rows", "waveform"] = "rows"
    features: int = 0
    rate_hz: float = 16_000.0
    window_s: float = 1.5
    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.5
    says: dict[str, tuple[str, ...]] = {}
    measured: tuple[Measured, ...] = ()


def sounds_folder() -> Path:
    """Where sound models and their cards lie."""
    return models_folder() / "sounds"


def read_sound_card(path: Path) -> SoundCard:
    """One card; raises ConfigError that names the file and what is wrong in it."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), SoundCard)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The sound model's card {path} cannot be used: {error}. Correct it, or train anew."
        ) from error


def sound_model(name: str) -> tuple[SoundCard, bytes]:
    """Card and content of a model, by name or by the path of its ONNX file.

    Raises NotFound where it is absent, ConfigError where it is not the one that its card speaks of.
    """
    path = Path(name) if name.endswith(".onnx") else sounds_folder() / f"{name}.onnx"
    if not path.is_file():
        raise NotFound(f"There is no sound model {path}: `tocsin models train sound --data DIR` makes one.")
    card = read_sound_card(path.with_suffix(".toml"))
    content = path.read_bytes() if path.stat().st_size <= BYTES_MAX else b""
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ConfigError(f"{path} is not what its card says: train it anew, or put the right file there.")
    return card, content


def keep_sound_model(path: Path, card: SoundCard, content: bytes) -> None:
    """Write a model and its card beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.with_suffix(".toml").write_text(sound_card_text(card), encoding="utf-8")


def sound_card_text(card: SoundCard) -> str:
    """The card as TOML."""
    plain = msgspec.to_builtins(card)
    tables = {name: plain.pop(name) for name in ("licence", "says")}
    measured = plain.pop("measured")
    lines = [f"{name} = {_toml(value)}" for name, value in plain.items()]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{_toml(key)} = {_toml(value)}" for key, value in table.items())]
    for row in measured:
        lines += ["", "[[measured]]", *(f"{key} = {_toml(value)}" for key, value in row.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return msgspec.json.encode(value).decode()
