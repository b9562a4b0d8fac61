"""Crowds as numbers: density, speed, pressure and passages, from the people of a scene; nobody is told singly."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.pictures import CrowdFlow, Scene
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ContractBroken, Level, Reading
from tocsin.perceivers.crowd.parameters import Measuring

if TYPE_CHECKING:
    from tocsin.perceivers.crowd.watching import CrowdWatching


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd(Measuring):
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

    def start(self, resources: Resources) -> "CrowdWatching":
        """Ready to measure, with the areas and lines of the city's cameras."""
        from tocsin.contract.camera_views import views
        from tocsin.perceivers.crowd.watching import CrowdWatching

        return CrowdWatching(self, views(resources))

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """A declaration looks at nothing: start it."""
        raise ContractBroken(f"vision.crowd was asked about {reading.source} before it was started: call start().")
