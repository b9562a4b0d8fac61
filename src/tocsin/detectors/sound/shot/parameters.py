"""What can be set of the detector of shots."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """The parameters of placing bangs and of calling them shots."""

    microphones_min: Annotated[int, Meta(description="Fewest microphones whose times must agree.", ge=4)] = 4
    error_m_max: Annotated[float, Meta(description="Largest 90 % radius with which a place is told, metres.", gt=0)] = (
        120.0
    )
    support_nats: Annotated[
        float, Meta(description="How much better one source must explain the times than chance, nats.")
    ] = 8.0
    shot_nats: Annotated[float, Meta(description="What must speak for a shot, all together, for `located`, nats.")] = (
        0.5
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
