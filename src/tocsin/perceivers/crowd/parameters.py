"""The parameters of vision.crowd."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from tocsin.model import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """How people are followed on the ground, and what is told of them."""

    report_s: Annotated[float, Meta(description="How often numbers are told, seconds.", gt=0)] = 2.0
    sample_s: Annotated[float, Meta(description="Least time between two measures that go into one.", ge=0)] = 0.2
    window_s: Annotated[float, Meta(description="Time over which a velocity is taken.", gt=0)] = 1.0
    slow_window_s: Annotated[float, Meta(description="The same for people slower than `slow_m_s`.", gt=0)] = 3.0
    slow_m_s: Annotated[float, Meta(description="Slower than this, noise rules over a short time.", ge=0)] = 0.5
    cutoff_m: Annotated[float, Meta(description="Floor further than this is nobody's, metres.", gt=0)] = 1.0
    spot_m: Annotated[float, Meta(description="Fineness of the floor, metres.", gt=0)] = 0.15
    persons_min: Annotated[int, Meta(description="Fewest people of whom velocities are told.", ge=2)] = 5
    cells_across: Annotated[int, Meta(description="Arrows per side of an area, for the console.", ge=1, le=16)] = 4
    held_s_max: Annotated[float, Meta(description="How long somebody counts who is not seen.", ge=0)] = 0.6
    gap_s_max: Annotated[float, Meta(description="How long somebody lost can be found again.", ge=0)] = 1.5
    reach_m: Annotated[float, Meta(description="How near to where they were expected, metres.", ge=0)] = 0.8
    place_sd_m: Annotated[float, Meta(description="How far off places of people are seen, metres.", gt=0)] = 0.15
    band_m: Annotated[float, Meta(description="How far beyond a line a passage counts, metres.", ge=0)] = 0.4
    range_m_max: Annotated[float, Meta(description="Ground further away is not measured, metres.", gt=0)] = 40.0
    tracked_share: Annotated[float, Meta(description="Share of people that are tracked, if measured.", gt=0, le=1)] = (
        1.0
    )

    def __post_init__(self) -> None:
        if self.sample_s > self.report_s:
            raise ConfigError("vision.crowd: sample_s must not be above report_s, or there is nothing to tell.")
        if self.window_s > self.slow_window_s:
            raise ConfigError("vision.crowd: window_s must not be above slow_window_s.")
