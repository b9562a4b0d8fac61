"""Recorded clips as input of a replay: which files are pictures, and as which camera they are looked at."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tocsin.city.cameras import Camera
from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.model import Level, Origin, SourceState

KIND = "camera.video"
CLIP_RANGE_M = 40.0
QUIET_S = 90_000.0
"""A clip ends, and that is no silence of its camera (SP2 of EN 50136-1)."""

_BEGINNINGS = (b"RIFF", b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"\xff\xd8\xff", b"FLV")
_BOX, _BOX_AT = b"ftyp", 4
_TS_PACKET, _TS_SYNC = 188, 0x47


def is_clip(path: Path) -> bool:
    """Whether a file holds moving pictures, by its first bytes: AVI, MP4 and MOV, Matroska, MPEG, MJPEG, FLV."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_TS_PACKET + 1)
    transport = len(head) > _TS_PACKET and head[0] == head[_TS_PACKET] == _TS_SYNC
    return transport or head.startswith(_BEGINNINGS) or head[_BOX_AT : _BOX_AT + len(_BOX)] == _BOX


def camera_named(city: City, name: str) -> City:
    """The city with a camera of that name: the registered one, else one that nobody set up; accepted for now."""
    known = city.sensors.get(name)
    if known is not None:
        return city.with_sensor(
            replace(
                known,
                state=SourceState.IN_SERVICE,
                level_max=max(known.level_max, Level.REDACTED),
                silent_after_s=QUIET_S,
            )
        )
    return city.with_sensor(
        Sensor(
            id=name,
            family="camera",
            name=name,
            place=city.centre,
            coverage=Coverage(range_m=CLIP_RANGE_M, assumed=("range_m", "bearing_deg", "field_deg")),
            state=SourceState.IN_SERVICE,
            level_max=Level.REDACTED,
            silent_after_s=QUIET_S,
            purpose="replay",
            camera=Camera(),
        )
    )


def clip_input(path: Path, camera: str, frames_per_s: float) -> dict[str, Any]:
    """The parameters of the source that reads a clip from its first picture to its last."""
    return {
        "url": str(path.resolve()),
        "source": camera,
        "name": camera,
        "pace": "file",
        "start_at": 0.0,
        "frames_per_s_max": frames_per_s,
        "origin": Origin.REPLAY,
    }
