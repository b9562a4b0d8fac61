"""What can be set of measuring bangs."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """The parameters of measuring bangs and of what may leave with them."""

    rise_db: Annotated[float, Meta(description="A bang is so much louder than the 100 ms before it, dB.", gt=0)] = 12.0
    snr_db: Annotated[float, Meta(description="And so much louder than usual, dB.", gt=0)] = 15.0
    model: Annotated[
        str, Meta(description="Name of the sound model, or path of its ONNX file; empty: by physics alone.")
    ] = "sound"
    classes_every_s: Annotated[
        float, Meta(description="How often a stretch without a bang is named too, seconds.", ge=1)
    ] = 2.0
    classes_score_min: Annotated[
        float, Meta(description="A stretch is told of from this score of a class that matters.", ge=0, le=1)
    ] = 0.5
    clip_s_max: Annotated[
        float, Meta(description="Longest piece of audio around a bang that may leave, seconds (0: none).", ge=0, le=2)
    ] = 2.0
    clip_every_s: Annotated[
        float, Meta(description="Least time between two pieces that leave one microphone, seconds.", ge=2)
    ] = 30.0
    alive_every_s: Annotated[
        float, Meta(description="How often a quiet microphone says that it is there, seconds.", ge=5)
    ] = 60.0
    voiced_s_max: Annotated[
        float, Meta(description="A piece with a pitch for longer than this may be speech, and stays.", ge=0)
    ] = 0.06
