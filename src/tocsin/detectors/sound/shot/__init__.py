"""Shots: bangs at several microphones become one place, with what speaks for a shot and against it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.bodies import Quantity, Wind
from tocsin.contract.protocols import by_city
from tocsin.contract.resources import Resources
from tocsin.contract.sounds import Impulse
from tocsin.detectors.sound.shot.parameters import Placing
from tocsin.model import Level

if TYPE_CHECKING:
    from tocsin.detectors.sound.shot.folding import Folding


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot(Placing):
    """Locate bangs that several microphones heard, and say whether they are shots.

    The place follows from differences of arrival times, with clocks, weather and echoes as unknowns
    (`tocsin.physics.sound`). Bangs near one another within `burst_s` are one finding. For a shot speak the classes that
    the microphones give and a bullet's shock wave; against it a rising whistle, a source in the air, many bangs all
    over the place. What is more likely no shot is told as `doubtful`, a single microphone's bang as `heard`.

    >>> from tocsin.contract.folding import findings
    >>> from tocsin.contract.sound_cases import heard_shot
    >>> [found.grade for found in findings(Shot(), heard_shot(5))]
    ['located', 'located']
    """

    kind: ClassVar[str] = "sound.shot"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Impulse, Wind, Quantity)
    key: ClassVar = by_city
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"located": 3.0, "doubtful": 1.0, "heard": 1.0}

    def start(self, resources: Resources) -> "Folding":
        """Ready to listen."""
        from tocsin.detectors.sound.shot.folding import Folding

        del resources
        return Folding(self)
