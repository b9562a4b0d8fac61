"""People and vehicles in a camera's picture: found by a model, followed from frame to frame, told as pseudonyms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.pictures import CameraLoad, Frame, Scene, Tracks
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, ContractBroken, Level, NotFound, Reading
from tocsin.perceivers.people.parameters import LABELS, Settings

if TYPE_CHECKING:
    from tocsin.perceivers.people.looking import Looking


@dataclass(frozen=True, slots=True, kw_only=True)
class People(Settings):
    """Find and follow people and vehicles in frames.

    A frame becomes a Scene (for masking and other perceivers, inside admission only), Tracks, and now and then
    CameraLoad. The model is opened at the start, so it must have been fetched.

    >>> People(labels=("person",)).kind, [body.__name__ for body in People.gives]
    ('vision.people', ['Scene', 'Tracks', 'CameraLoad'])
    """

    kind: ClassVar[str] = "vision.people"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (Frame,)
    gives: ClassVar[tuple[type[Body], ...]] = (Scene, Tracks, CameraLoad)

    def start(self, resources: Resources) -> "Looking":
        """Open the model; raises ConfigError where it is not on this machine or cannot be used."""
        from tocsin.contract.camera_views import views
        from tocsin.inference.opening import open_detector
        from tocsin.perceivers.people.looking import Looking

        try:
            detector = open_detector(self.model, threads=self.threads, backend=self.backend)
        except NotFound as error:
            raise ConfigError(f"{error} Cameras are not looked at without it (`tocsin models fetch`).") from error
        missing = sorted(set(self.labels) - set(detector.names))
        if missing and (self.labels != LABELS or len(missing) == len(LABELS)):
            raise ConfigError(f"The model {self.model} does not know {missing[0]!r}: say in `labels` what to look for.")
        return Looking(self, detector, views(resources))

    def perceive(self, reading: Reading[Frame]) -> Perceived:
        """A declaration looks at nothing: start it."""
        raise ContractBroken(f"vision.people was asked about {reading.source} before it was started: call start().")
