"""Measures of a camera's picture by which tampering is noticed: covered, defocused, turned, frozen, replayed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.pictures import Frame, PictureState
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ContractBroken, Level, Reading
from tocsin.perceivers.tamper.parameters import Learning

if TYPE_CHECKING:
    from tocsin.perceivers.tamper.watching import Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class Tamper(Learning):
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

    def start(self, resources: Resources) -> "Watching":
        """Ready to look; raises ConfigError where OpenCV is not installed."""
        from tocsin.contract.camera_views import views
        from tocsin.perceivers.tamper.watching import Watching

        return Watching(self, views(resources))

    def perceive(self, reading: Reading[Frame]) -> Perceived:
        """A declaration looks at nothing: start it."""
        raise ContractBroken(f"vision.state was asked about {reading.source} before it was started: call start().")
