"""Bangs and classes of sounds from audio, as numbers: beside the microphone, and speech never gets out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.contract.sounds import AudioBlock, Impulse, SoundClasses, SoundClip
from tocsin.model import Body, ContractBroken, Level, Reading

if TYPE_CHECKING:
    from tocsin.perceivers.impulses.listening import Listening


@dataclass(frozen=True, slots=True, kw_only=True)
class Impulses:
    """Measure every bang in a microphone's audio, and name what it sounded like.

    Onset (to less than a sample), crest, rise, first swing, decay, spectrum, a bullet's shock wave before it, a whistle
    before it; classes by the sound model where one is on this machine, else none. Where level 3 may be observed and
    nobody speaks, at most 2 s of audio around the bang go with it; otherwise numbers alone.

    >>> Impulses(clip_s_max=0.0).kind, [body.__name__ for body in Impulses.gives]
    ('sound.impulse', ['Impulse', 'SoundClasses', 'SoundClip'])
    """

    kind: ClassVar[str] = "sound.impulse"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (AudioBlock,)
    gives: ClassVar[tuple[type[Body], ...]] = (Impulse, SoundClasses, SoundClip)

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
    voiced_s_max: Annotated[
        float, Meta(description="A piece with a pitch for longer than this may be speech, and stays.", ge=0)
    ] = 0.06

    def start(self, resources: Resources) -> "Listening":
        """Ready to listen, with the sound model if it is on this machine."""
        from tocsin.perceivers.impulses.listening import Listening

        del resources
        return Listening.of(self)

    def perceive(self, reading: Reading[AudioBlock]) -> Perceived:
        """A declaration hears nothing: start it."""
        raise ContractBroken(f"sound.impulse was asked about {reading.source} before it was started: call start().")
