"""Bangs and classes of sounds from audio, as numbers: beside the microphone, and speech never gets out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.bodies import Alive
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.contract.sounds import AudioBlock, Impulse, SoundClasses, SoundClip
from tocsin.model import Body, ContractBroken, Level, Reading
from tocsin.perceivers.impulses.parameters import Hearing

if TYPE_CHECKING:
    from tocsin.perceivers.impulses.listening import Listening


@dataclass(frozen=True, slots=True, kw_only=True)
class Impulses(Hearing):
    """Measure every bang in a microphone's audio, and name what it sounded like.

    Onset (to less than a sample), crest, rise, first swing, decay, spectrum, a bullet's shock wave before it, a whistle
    before it; classes by the sound model where one is on this machine, else none. Where level 3 may be observed and
    nobody speaks, at most 2 s of audio around the bang go with it; otherwise numbers alone.

    >>> Impulses(clip_s_max=0.0).kind, [body.__name__ for body in Impulses.gives]
    ('sound.impulse', ['Impulse', 'SoundClasses', 'SoundClip', 'Alive'])
    """

    kind: ClassVar[str] = "sound.impulse"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (AudioBlock,)
    gives: ClassVar[tuple[type[Body], ...]] = (Impulse, SoundClasses, SoundClip, Alive)

    def start(self, resources: Resources) -> "Listening":
        """Ready to listen, with the sound model if it is on this machine."""
        from tocsin.perceivers.impulses.listening import Listening

        del resources
        return Listening.of(self)

    def perceive(self, reading: Reading[AudioBlock]) -> Perceived:
        """A declaration hears nothing: start it."""
        raise ContractBroken(f"sound.impulse was asked about {reading.source} before it was started: call start().")
