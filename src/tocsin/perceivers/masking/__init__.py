"""Everybody in a picture filled solid before it is encoded, stored or shown; without its mask no picture is made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.pictures import MaskedPicture, Scene
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, ContractBroken, Level, Reading

if TYPE_CHECKING:
    from tocsin.perceivers.masking.running import RunningMasking


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
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

    pictures_per_s: float = 0.2
    watched_pictures_per_s: float = 2.0
    models: tuple[str, ...] = ("nanodet", "mb3-centernet")
    faces: str = "centerface"
    poses: str = ""
    score_min: float = 0.04
    tile_px: int = 0
    grow: float = 0.035
    drift_per_s: float = 0.3
    held_s_max: float = 2.0
    face_score_min: float = 0.4
    plate_pixels_per_m: float = 55.0
    full_share: float = 0.6
    colour: tuple[int, int, int] = (136, 128, 120)
    quality: int = 80
    backend: str = "onnxruntime"
    threads: int = 1

    def __post_init__(self) -> None:
        if min(self.pictures_per_s, self.watched_pictures_per_s) <= 0:
            raise ConfigError("vision.masking needs pictures_per_s and watched_pictures_per_s above 0.")
        if not (0 < self.score_min < 1 and 0 < self.face_score_min < 1 and 0 < self.full_share <= 1):
            raise ConfigError("vision.masking needs score_min, face_score_min and full_share between 0 and 1.")
        if min(self.grow, self.drift_per_s) < 0 or self.held_s_max <= 0:
            raise ConfigError("vision.masking needs grow and drift_per_s of 0 or more, and held_s_max above 0.")
        if not all(0 <= one <= 255 for one in self.colour) or not 1 <= self.quality <= 100:
            raise ConfigError(
                "vision.masking needs a colour of three numbers from 0 to 255, and a quality of 1 to 100."
            )

    def start(self, resources: Resources) -> "RunningMasking":
        """Open the models. Where one is missing it starts all the same, and makes no picture."""
        from tocsin.contract.camera_views import views
        from tocsin.perceivers.masking.looking import opened
        from tocsin.perceivers.masking.running import RunningMasking

        return RunningMasking(self, opened(self), views(resources))

    def perceive(self, reading: Reading[Scene]) -> Perceived:
        """A declaration makes no picture: start it."""
        raise ContractBroken(f"vision.masking was asked about {reading.source} before it was started: call start().")
