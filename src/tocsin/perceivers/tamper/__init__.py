"""Measures of a camera's picture by which tampering is noticed: covered, defocused, turned, frozen, replayed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.pictures import Frame, PictureState
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ContractBroken, Level, Reading

if TYPE_CHECKING:
    from tocsin.perceivers.tamper.watching import Watching


ANALYTIC = "vision.tamper"
"""What must not be switched off for a camera that is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tamper:
    """Tell, a few times a second, how a picture differs from what its camera usually shows.

    Edges, focus and position come from a grey picture 320 pixels wide, against a reference that is learned slowly and
    only while all is well; freshness and repetition from the grain of 48 small patches of every frame.

    >>> Tamper(states_per_s=1.0).kind, [body.__name__ for body in Tamper.gives]
    ('vision.state', ['PictureState'])
    """

    kind: ClassVar[str] = "vision.state"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (Frame,)
    gives: ClassVar[tuple[type[Body], ...]] = (PictureState,)

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

    def start(self, resources: Resources) -> "Watching":
        """Ready to look; raises ConfigError where OpenCV is not installed."""
        from tocsin.contract.camera_views import views
        from tocsin.perceivers.tamper.watching import Watching

        return Watching(self, views(resources))

    def perceive(self, reading: Reading[Frame]) -> Perceived:
        """A declaration looks at nothing: start it."""
        raise ContractBroken(f"vision.state was asked about {reading.source} before it was started: call start().")
