"""The parameters of vision.people."""

from dataclasses import dataclass

from tocsin.model import ConfigError

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
class Settings:
    """Which model, what it looks for, how sure it must be, and how often it looks."""

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
    runs_per_frame_max: int = 2
    runs_per_s_max: float = 16.0
    always: bool = False
    load_every_s: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.extra_score_min <= self.score_min < self.score_sure < 1:
            raise ConfigError("vision.people needs 0 < extra_score_min <= score_min < score_sure < 1.")
        rates = (self.analysed_per_s, self.detections_per_s, self.runs_per_s_max, self.runs_per_frame_max)
        if min(*rates, self.memory_s, self.still_s, self.motion_s, self.sweep_s, self.load_every_s) <= 0:
            raise ConfigError("vision.people needs rates, limits and times above 0.")
