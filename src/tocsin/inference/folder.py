"""Where models lie on this machine, and the check that each is the one that its card speaks of."""

import hashlib
import os
from pathlib import Path

from tocsin.inference.cards import ModelCard
from tocsin.model import ConfigError, NotFound

BYTES_MAX = 1_500_000_000
"""Largest model that is read."""


def models_folder() -> Path:
    """$TOCSIN_MODELS; else tocsin/models in $XDG_DATA_HOME or ~/.local/share."""
    named = os.environ.get("TOCSIN_MODELS")
    if named:
        return Path(named)
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / "tocsin" / "models"


def model_path(card: ModelCard) -> Path:
    """Where the ONNX file of a card lies, or would lie."""
    return models_folder() / f"{card.name}.onnx"


def model_bytes(card: ModelCard) -> bytes:
    """The model itself, its digest checked; raises NotFound where it is absent, ConfigError where it is another."""
    path = model_path(card)
    if not path.is_file():
        raise NotFound(f"The model {card.name} is not on this machine: `tocsin models fetch {card.name}` gets it.")
    return same(path.read_bytes() if path.stat().st_size <= BYTES_MAX else b"", card.sha256, path)


def same(content: bytes, sha256: str, path: Path) -> bytes:
    """The content, if its digest is the one wanted; raises ConfigError otherwise."""
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ConfigError(
            f"{path} is not what its card says (sha256 {found[:12]}…, not {sha256[:12]}…): remove it and fetch again."
        )
    return content
