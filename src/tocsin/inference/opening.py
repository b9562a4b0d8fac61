"""Open a model by name: read its card, check its digest, start its session. All that perceivers need from here."""

from tocsin.inference.cards import ModelCard, card_of
from tocsin.inference.decoding import decoder_of
from tocsin.inference.detector import Detector, Model, Poser
from tocsin.inference.folder import model_bytes, models_folder
from tocsin.inference.sessions import session
from tocsin.model import ConfigError


def open_detector(name_or_card: str | ModelCard, *, threads: int = 1, backend: str = "onnxruntime") -> Detector:
    """A detector of things, such as `nanodet` or a model of one's own.

    Raises NotFound where the model is unknown or not fetched, ConfigError where it cannot be used.
    """
    return Detector(open_model(name_or_card, threads=threads, backend=backend, senses=("objects", "faces")))


def open_faces(name_or_card: str | ModelCard, *, threads: int = 1, backend: str = "onnxruntime") -> Detector:
    """A detector of faces, for covering them (`centerface`) or for judging how well they were covered."""
    return Detector(open_model(name_or_card, threads=threads, backend=backend, senses=("faces",)))


def open_poses(name_or_card: str | ModelCard, *, threads: int = 1, backend: str = "onnxruntime") -> Poser:
    """A finder of people's outlines, such as `movenet-multipose`."""
    return Poser(open_model(name_or_card, threads=threads, backend=backend, senses=("poses",)))


def open_model(name_or_card: str | ModelCard, *, threads: int, backend: str, senses: tuple[str, ...]) -> Model:
    """Card, session and decoder; the digest is checked at every opening."""
    card = card_of(name_or_card, models_folder()) if isinstance(name_or_card, str) else name_or_card
    if card.sense not in senses:
        raise ConfigError(f"The model {card.name} finds {card.sense}, not {' or '.join(senses)}: choose another.")
    running = session(model_bytes(card), backend, threads=threads)
    return Model(card=card, session=running, decoder=decoder_of(card))
