"""The parameters of vision.weapons."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from tocsin.model import ConfigError

ANALYTIC = "vision.weapon"
"""What must be switched on for a camera before anybody there is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Which model, who is looked at how often, and after how many looks something counts."""

    model: Annotated[str, Meta(description="Which detector of the model registry.")] = "nanodet"
    labels: Annotated[tuple[str, ...], Meta(description="Its classes that are weapons; all where empty.")] = ("knife",)
    backend: Annotated[str, Meta(description="What runs it; `openvino` where that is installed.")] = "onnxruntime"
    threads: Annotated[int, Meta(description="Threads of the model.", ge=1)] = 1
    score_min: Annotated[float, Meta(description="Least score that counts as seen.", gt=0, lt=1)] = 0.4
    confirm_frames: Annotated[int, Meta(description="In how many looks it must be seen.", ge=1)] = 3
    confirm_of: Annotated[int, Meta(description="Of how many of the last looks.", ge=1, le=60)] = 5
    looks_per_s: Annotated[
        float, Meta(description="How often people of one camera are looked at, per second.", gt=0)
    ] = 2.0
    persons_max: Annotated[int, Meta(description="Most people per look; the others come next.", ge=1)] = 4
    pixels_per_m_min: Annotated[
        float, Meta(description="Fewest pixels per metre at a person; 0: as the table of analytics says.", ge=0)
    ] = 0.0
    tell_every_s: Annotated[float, Meta(description="How often it is told that nothing was found, seconds.", gt=0)] = (
        10.0
    )
    crop_every_s: Annotated[float, Meta(description="How often a confirmed weapon is shown, seconds.", gt=0)] = 5.0

    def __post_init__(self) -> None:
        if self.confirm_frames > self.confirm_of:
            raise ConfigError("vision.weapons needs confirm_frames of confirm_of at most.")
