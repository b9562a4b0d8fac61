"""Whether a model on this machine is the one that its card speaks of, and does as the card says."""

from dataclasses import dataclass
from typing import Literal

from tocsin.inference.cards import ModelCard
from tocsin.inference.folder import model_bytes
from tocsin.inference.preparing import tried
from tocsin.model import ConfigError, NotFound


@dataclass(frozen=True, slots=True)
class Verdict:
    """`good`, `absent` (nothing wrong with that), or `wrong` with what to do."""

    name: str
    state: Literal["good", "absent", "wrong"]
    text: str


def verdict(card: ModelCard) -> Verdict:
    """Digest, shapes and the answers to the fixed picture."""
    try:
        tried(card, model_bytes(card))
    except NotFound as error:
        return Verdict(card.name, "absent", str(error))
    except ConfigError as error:
        return Verdict(card.name, "wrong", str(error))
    return Verdict(card.name, "good", f"as its card says, on {len(card.probes)} outputs")
