"""The parameters of vision.state."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

ANALYTIC = "vision.tamper"
"""What must not be switched off for a camera that is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How often a picture is judged, how fast its usual view is learned, how far back it is remembered."""

    states_per_s: Annotated[float, Meta(description="How often the picture is judged, per second.", gt=0, le=10)] = 2.0
    warmup_s: Annotated[float, Meta(description="How long a view is learned before it is judged, seconds.", ge=1)] = 4.0
    learn_s: Annotated[
        float, Meta(description="How long it takes until a lasting change becomes usual, seconds.", ge=60)
    ] = 1_800.0
    relearn_s: Annotated[
        float, Meta(description="How long a view may be unlike the usual before it is learned anew, seconds.", ge=600)
    ] = 21_600.0
    memory_s: Annotated[
        float, Meta(description="How far back a replay is looked for, seconds (4,096 frames at most).", ge=10)
    ] = 300.0
