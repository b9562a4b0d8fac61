"""The parameters of vision.stills."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from tocsin.model import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands still, how backgrounds are learned, and what is near."""

    width_px: Annotated[int, Meta(description="Width of the small picture.", ge=32, le=1280)] = 320
    sample_s: Annotated[float, Meta(description="Least time between two pictures that are looked at.", ge=0)] = 0.4
    report_s: Annotated[float, Meta(description="How often things are told, seconds.", gt=0)] = 1.0
    still_s: Annotated[float, Meta(description="How long something must stand still, seconds.", gt=0)] = 3.0
    fast_s: Annotated[float, Meta(description="How slowly the fast background learns, seconds.", gt=0)] = 1.0
    slow_s: Annotated[float, Meta(description="How slowly the slow background learns, seconds.", gt=0)] = 120.0
    settle_s: Annotated[float, Meta(description="How long it learns first, seconds.", ge=0)] = 8.0
    differs: Annotated[float, Meta(description="Least difference of brightness or colour, of 255.", gt=0)] = 18.0
    side_px_min: Annotated[int, Meta(description="Least side of a thing in the small picture.", ge=2)] = 5
    share_max: Annotated[float, Meta(description="Largest part of the picture that a thing fills.", gt=0, le=1)] = 0.1
    changed_max: Annotated[float, Meta(description="More of the picture changed is light or motion.", gt=0, le=1)] = 0.4
    shift_max: Annotated[float, Meta(description="Motion of the camera, as a share of the width.", gt=0)] = 0.01
    near_heights: Annotated[float, Meta(description="Near is within so many heights of a person.", ge=0)] = 0.5
    hidden_s_max: Annotated[float, Meta(description="How long a thing may be hidden, seconds.", gt=0)] = 20.0
    absorb_s: Annotated[float, Meta(description="After how long it belongs to the background.", gt=0)] = 900.0
    absorb_gone_s: Annotated[float, Meta(description="The same where something is gone.", gt=0)] = 120.0
    stills_max: Annotated[int, Meta(description="Most things told at a time, the largest.", ge=1)] = 32

    def __post_init__(self) -> None:
        if not self.fast_s < self.still_s < min(self.absorb_s, self.absorb_gone_s) or self.fast_s >= self.slow_s:
            raise ConfigError(
                "vision.stills: fast_s < still_s < absorb_s, absorb_gone_s and fast_s < slow_s must hold."
            )
