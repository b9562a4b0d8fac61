"""The parameters of vision.masking."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from tocsin.model import ConfigError

Grey = Annotated[int, Meta(ge=0, le=255)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How often pictures are made, what is looked for in each, how far it is filled, and how it looks then."""

    pictures_per_s: Annotated[float, Meta(description="Pictures per second where nobody watches.")] = 0.2
    watched_pictures_per_s: Annotated[float, Meta(description="The same while somebody watches.")] = 2.0
    models: Annotated[tuple[str, ...], Meta(description="Detectors for its own look; none: the scene alone.")] = (
        "nanodet",
        "mb3-centernet",
    )
    faces: Annotated[str, Meta(description="Detector of faces that are covered; empty: none.")] = "centerface"
    poses: Annotated[str, Meta(description="Finder of joints for stick figures; empty: none are drawn.")] = ""
    score_min: Annotated[float, Meta(description="Least score of a box that is heard at all.")] = 0.04
    tile_px: Annotated[int, Meta(description="Also look at tiles of this side; 0: only at the whole.", ge=0)] = 0
    grow: Annotated[float, Meta(description="Boxes grow by this share of their size on each side.")] = 0.035
    drift_per_s: Annotated[float, Meta(description="A box not found again grows by so many heights per second.")] = 0.3
    held_s_max: Annotated[float, Meta(description="Longest since the detector looked, without own models.")] = 2.0
    face_score_min: Annotated[float, Meta(description="Least score of a face that is covered.")] = 0.4
    plate_pixels_per_m: Annotated[float, Meta(description="From this on plates are covered.", ge=0)] = 55.0
    full_share: Annotated[float, Meta(description="Above this filled share the background is shown.")] = 0.6
    colour: Annotated[tuple[Grey, Grey, Grey], Meta(description="The fill: blue, green, red.")] = (136, 128, 120)
    quality: Annotated[int, Meta(description="Quality of the JPEG, 1 to 100.")] = 80
    backend: Annotated[str, Meta(description="What runs the models: onnxruntime or openvino.")] = "onnxruntime"
    threads: Annotated[int, Meta(description="Threads of each model.", ge=1)] = 1

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
