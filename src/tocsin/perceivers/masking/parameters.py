"""The parameters of vision.masking."""

from dataclasses import dataclass

from tocsin.model import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How often pictures are made, what looks at them, how far masks grow, and how they are painted."""

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
