"""Things that stand still in a picture and do not belong to it: left there, or gone from where they were."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.pictures import Scene, Stills
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, ContractBroken, Level, Reading

if TYPE_CHECKING:
    from tocsin.perceivers.stills.watching import Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingStill:
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

    def start(self, resources: Resources) -> "Watching":
        """Ready to look; raises ConfigError where OpenCV is not installed."""
        from tocsin.contract.camera_views import views
        from tocsin.inference.sessions import needed
        from tocsin.perceivers.stills.watching import Watching

        needed("cv2")
        return Watching(self, views(resources))

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """A declaration looks at nothing: start it."""
        raise ContractBroken(f"vision.stills was asked about {reading.source} before it was started: call start().")
