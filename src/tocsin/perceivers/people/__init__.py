"""People and vehicles in a camera's picture: found by a model, followed from frame to frame, told as pseudonyms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tocsin.contract.pictures import CameraLoad, Frame, Scene, Tracks
from tocsin.contract.protocols import Perceived
from tocsin.contract.resources import Resources
from tocsin.model import Body, ConfigError, ContractBroken, Level, NotFound, Reading

if TYPE_CHECKING:
    from tocsin.perceivers.people.looking import Looking

LABELS = (
    "person",
    "bicycle",
    "motorcycle",
    "car",
    "bus",
    "truck",
    "dog",
    "backpack",
    "handbag",
    "suitcase",
)
"""What is looked for by default, as far as the model knows it: the words of its classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
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

    model: str = "nanodet"
    backend: str = "onnxruntime"
    threads: int = 1
    labels: tuple[str, ...] = LABELS
    score_min: float = 0.2
    score_sure: float = 0.4
    extra_score_min: float = 0.1
    tile_overlap: float = 0.2
    memory_s: float = 2.0
    analysed_per_s: float = 5.0
    detections_per_s: float = 1.0
    still_s: float = 3.0
    motion_s: float = 0.4
    sweep_s: float = 10.0
    runs_per_frame_max: int = 3
    runs_per_s_max: float = 16.0
    always: bool = False
    load_every_s: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.extra_score_min <= self.score_min < self.score_sure < 1:
            raise ConfigError("vision.people needs 0 < extra_score_min <= score_min < score_sure < 1.")
        rates = (self.analysed_per_s, self.detections_per_s, self.runs_per_s_max, self.runs_per_frame_max)
        if min(*rates, self.memory_s, self.still_s, self.motion_s, self.sweep_s, self.load_every_s) <= 0:
            raise ConfigError("vision.people needs rates, limits and times above 0.")

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
