"""The fixed synthetic picture, and whether a model says of it what its card promises."""

from collections.abc import Sequence

import numpy as np

from tocsin.inference.cards import ModelCard, Probe
from tocsin.inference.decoders import Array
from tocsin.inference.detected import Picture
from tocsin.inference.fitting import prepared
from tocsin.inference.sessions import Session

VALUES = 12
"""How many values of each output a card keeps."""


def synthetic(height: int, width: int) -> Picture:
    """Waves and squares made of whole numbers alone, so that every machine makes the same picture.

    >>> synthetic(2, 2)[1, 1].tolist()
    [20, 49, 78]
    """
    y, x, colour = np.ogrid[:height, :width, :3]
    squares = ((x // 32 + y // 32) % 2) * 90
    picture: Picture = ((x * 7 + y * 13 + colour * 29 + (x * y) // 64 + squares) % 256).astype(np.uint8)
    return picture


def answers(session: Session, card: ModelCard) -> list[Array]:
    """What the model says of the synthetic picture: its outputs without the batch."""
    tensor = prepared(synthetic(card.input.height, card.input.width), card.input)
    return [output[0] if output.ndim else output for output in session.run(tensor[None])]


def probed(outputs: Sequence[Array], tolerance: float) -> tuple[Probe, ...]:
    """What a card keeps of these outputs."""
    return tuple(Probe(shape=one.shape, values=_sample(one), tolerance=tolerance) for one in outputs)


def _sample(output: Array) -> tuple[float, ...]:
    flat = output.reshape(-1)
    return tuple(float(value) for value in flat[np.linspace(0, len(flat) - 1, VALUES).astype(int)])


def mismatch(outputs: Sequence[Array], probes: Sequence[Probe]) -> str:
    """How the outputs differ from what the card promises; '' where they do not."""
    if len(outputs) != len(probes):
        return f"{len(outputs)} outputs instead of {len(probes)}"
    for number, (output, probe) in enumerate(zip(outputs, probes, strict=True)):
        if output.shape != probe.shape:
            return f"output {number} has the shape {output.shape} instead of {probe.shape}"
        apart = float(np.abs(np.array(_sample(output)) - np.array(probe.values)).max())
        if not apart <= probe.tolerance:
            return f"output {number} is off by {apart:g}, more than {probe.tolerance:g}"
    return ""
