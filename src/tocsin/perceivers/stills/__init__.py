"""Things that stand still in a picture and do not belong to it: left there, or gone from where they were."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.pictures import Scene, Stills
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ContractBroken, Level, Reading
from tocsin.perceivers.stills.parameters import Standing

if TYPE_CHECKING:
    from tocsin.perceivers.stills.watching import StillsWatching


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingStill(Standing):
    """Find what stands still before the usual background: static foreground, without asking what it is.

    Two backgrounds are learned of a small picture, one slow, one fast. Where they differ for `still_s` while
    the picture agrees with the fast one, something stands still: left, if its border shows in the picture,
    removed, if it shows in the slow background. A detector's boxes only say what it may be called, so that
    people and vehicles that stop are told as such; who was near, and who was there when it began, comes
    from the tracks of the scene. A change of light, or a camera that moves, begins everything anew.

    >>> StandingStill(width_px=240).gives
    (<class 'tocsin.contract.pictures.Stills'>,)
    """

    kind: ClassVar[str] = "vision.stills"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (Scene,)
    gives: ClassVar[tuple[type[Body], ...]] = (Stills,)

    def start(self, resources: Resources) -> "StillsWatching":
        """Ready to look; raises ConfigError where OpenCV is not installed."""
        from tocsin.contract.camera_views import views
        from tocsin.inference.sessions import needed
        from tocsin.perceivers.stills.watching import StillsWatching

        needed("cv2")
        return StillsWatching(self, views(resources))

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """A declaration looks at nothing: start it."""
        raise ContractBroken(f"vision.stills was asked about {reading.source} before it was started: call start().")
