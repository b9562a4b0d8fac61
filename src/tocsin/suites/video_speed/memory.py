"""What one more camera costs in memory: resident bytes of this process before and after some were added."""

import gc
from pathlib import Path
from typing import Any

from tocsin.contract.camera_views import views
from tocsin.contract.resources import Resources
from tocsin.inference.opening import open_detector
from tocsin.perceivers.people import People
from tocsin.perceivers.people.looking import Looking
from tocsin.suites.video_speed.footage import frames, opened

FRAMES = 12
"""So many frames of each camera are looked at before memory is read."""

PAGE = 4096


def resident() -> int:
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def bytes_per_camera(clip: Path, people: People, cameras: int, per_s: float) -> float:
    """Growth of this process per camera: its open stream with its decoder, and what is remembered of it."""
    looking = Looking(people, open_detector(people.model), views(Resources()))
    held: list[Any] = [_watched(clip, looking, per_s)]
    gc.collect()
    before = resident()
    held += [_watched(clip, looking, per_s) for _ in range(cameras)]
    gc.collect()
    grown = resident() - before
    for source, _ in held:
        source.close()
    return max(0.0, grown / cameras)


def _watched(clip: Path, looking: Looking, per_s: float) -> tuple[Any, Any]:
    """A camera that runs: its source, still open, and what is remembered of it."""
    source, memory = opened(clip, per_s), None
    for _, reading in zip(range(FRAMES), frames(source, 1e9), strict=False):
        memory, _ = looking.look(memory, reading)
    return source, memory
