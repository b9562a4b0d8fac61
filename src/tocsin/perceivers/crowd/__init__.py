"""Crowds as numbers: density, speed, pressure and passages, from the people of a scene; nobody is told singly."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.pictures import CrowdFlow, Scene
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, ContractBroken, Level, Reading

if TYPE_CHECKING:
    from tocsin.perceivers.crowd.watching import Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Measure the people of a scene as a crowd, every `report_s`.

    In each area of the camera in which crowds are watched (without any: the whole ground in sight) density,
    speed, spread of velocity and pressure; at each line how many passed, both ways. It runs inside admission
    and lets out numbers alone, so it works where no more than level 1 may be observed. A camera that is not
    calibrated gives counts and order, no metres.

    >>> Crowd(report_s=5.0).gives
    (<class 'tocsin.contract.pictures.CrowdFlow'>,)
    """

    kind: ClassVar[str] = "vision.crowd"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (Scene,)
    gives: ClassVar[tuple[type[Body], ...]] = (CrowdFlow,)

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

    def start(self, resources: Resources) -> "Watching":
        """Ready to measure, with the areas and lines of the city's cameras."""
        from tocsin.contract.camera_views import views
        from tocsin.perceivers.crowd.watching import Watching

        return Watching(self, views(resources))

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """A declaration looks at nothing: start it."""
        raise ContractBroken(f"vision.crowd was asked about {reading.source} before it was started: call start().")
