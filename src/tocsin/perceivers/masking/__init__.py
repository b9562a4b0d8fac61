"""Everybody in a picture filled solid before it is encoded, stored or shown; without its mask no picture is made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.pictures import MaskedPicture, Scene
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ContractBroken, Level, Reading
from tocsin.perceivers.masking.parameters import Settings

if TYPE_CHECKING:
    from tocsin.perceivers.masking.running import RunningMasking


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking(Settings):
    """Fill people, faces, number plates, unexplained motion and private areas of a scene, and give it as JPEG.

    For every picture that it makes it looks at that very frame itself, with `models`; without them it
    trusts the scene alone. Where anything is missing or wrong, no picture is made and the reason is rejected.

    >>> Masking(pictures_per_s=0.5).kind, Masking().gives[0].level.name
    ('vision.masking', 'REDACTED')
    """

    kind: ClassVar[str] = "vision.masking"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (Scene,)
    gives: ClassVar[tuple[type[Body], ...]] = (MaskedPicture,)

    def start(self, resources: Resources) -> "RunningMasking":
        """Open the models. Where one is missing it starts all the same, and makes no picture."""
        from tocsin.contract.camera_views import views
        from tocsin.perceivers.masking.looking import opened
        from tocsin.perceivers.masking.running import RunningMasking

        return RunningMasking(self, opened(self), views(resources))

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """A declaration makes no picture: start it."""
        raise ContractBroken(f"vision.masking was asked about {reading.source} before it was started: call start().")
