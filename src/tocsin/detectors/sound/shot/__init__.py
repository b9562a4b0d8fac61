"""Shots: bangs at several microphones become one place, with what speaks for a shot and against it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.bodies import Quantity, Wind
from tocsin.contract.protocols import by_city
from tocsin.contract.resources import Resources
from tocsin.contract.sounds import Impulse
from tocsin.model import Level

if TYPE_CHECKING:
    from tocsin.detectors.sound.shot.folding import Folding


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
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

    microphones_min: Annotated[int, Meta(description="Fewest microphones whose times must agree.", ge=4)] = 4
    error_m_max: Annotated[float, Meta(description="Largest 90 % radius with which a place is told, metres.", gt=0)] = (
        120.0
    )
    support_nats: Annotated[
        float, Meta(description="How much better one source must explain the times than chance, nats.")
    ] = 8.0
    shot_nats: Annotated[float, Meta(description="What must speak for a shot, all together, for `located`, nats.")] = (
        1.0
    )
    doubtful_nats: Annotated[
        float, Meta(description="What must speak for a shot for anything to be told at all, nats (negative: against).")
    ] = -2.0
    heard_score: Annotated[
        float, Meta(description="Score from which a bang at one microphone alone is told.", gt=0, le=1)
    ] = 0.95
    clock_sd_s: Annotated[float, Meta(description="Error of the microphones' clocks, seconds.", gt=0)] = 0.010
    late_share: Annotated[float, Meta(description="Share of arrivals that are echoes.", ge=0, lt=0.9)] = 0.2
    window_s: Annotated[float, Meta(description="How far apart bangs of one source may arrive, seconds.", gt=0)] = 6.0
    burst_s: Annotated[float, Meta(description="Pause after which bangs at a place are a new finding.", gt=0)] = 60.0

    def start(self, resources: Resources) -> "Folding":
        """Ready to listen."""
        from tocsin.detectors.sound.shot.folding import Folding

        del resources
        return Folding(self)
