"""A group of cameras for tests: clips that play in a loop, and a perceiver of a third party that obeys files.

The child process finds the perceiver by its entry point in a folder on its path, as it finds any installed one.
"""

import time
from pathlib import Path

from tocsin.city.cameras import Camera
from tocsin.city.context import City
from tocsin.city.processing import Processing
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.resources import Resources
from tocsin.engine.apart import Apart, ApartLimits, Input
from tocsin.model import Level, Place

PERCEIVER = """
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace

from tocsin.contract.camera_views import views
from tocsin.contract.pictures import ClearPicture, Frame, MaskedPicture, PictureState, Track, Tracks
from tocsin.contract.protocols import Perceived
from tocsin.model import ConfigError, Level


@dataclass(frozen=True, kw_only=True)
class Tells:
    kind: ClassVar[str] = "vision.tells"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar = (Frame,)
    gives: ClassVar = (PictureState, Tracks, MaskedPicture, ClearPicture)
    words: str = ""

    def start(self, resources):
        if (resources.folder / "no start").exists():
            raise ConfigError("no model: fetch it")
        return Telling(resources)


class Telling:
    kind, needs, accepts, gives = Tells.kind, Tells.needs, Tells.accepts, Tells.gives

    def __init__(self, resources):
        self.folder, self.views = resources.folder, views(resources)
        self.wanted = {}

    def heed(self, wanted):
        self.wanted[wanted.source] = wanted

    def look(self, memory, reading):
        count = (memory or 0) + 1
        if (self.folder / "hang").exists():
            time.sleep(60)
        if (self.folder / f"fault {reading.source}").exists():
            raise ValueError("a fault")
        wanted = self.wanted.get(reading.source)
        label = f"{self.views.of(reading.source).camera.analytics} {wanted and wanted.watched}"
        track = Track(id=count, label=label, box=(0.0, 0.0, 1.0, 1.0), since=0.0)
        bodies = (
            PictureState(number=reading.body.number),
            Tracks(tracks=(track,), number=reading.body.number),
            MaskedPicture(jpeg=b"j" * 1000, width=1, height=1, of=reading.body.number, filled=0.0),
            ClearPicture(jpeg=b"c", width=1, height=1, of=reading.body.number),
        )
        return count, Perceived(readings=tuple(replace(reading, body=body) for body in bodies))
"""


def installed(folder):
    """A folder that holds the perceiver as an installed package; give it to the child as PYTHONPATH."""
    info = folder / "beside_test-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "beside_test.py").write_text(PERCEIVER)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: beside-test\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tocsin.perceivers]\ntells = beside_test:Tells\n")
    return folder


def record(**how):
    """A complete record of processing."""
    words = {"purpose": "safety", "legal_basis": "law 1", "controller": "the city", "notice": "Cameras here."}
    return Processing(id="square", name="Square", **{**words, **how})


def city(*sources, analytics=(), processing="square", records=None):
    """A city with these cameras."""
    place = Place(lon=24.9, lat=60.2)
    sensors = {
        source: Sensor(
            id=source,
            family="camera",
            name=source,
            place=place,
            coverage=Coverage(range_m=30.0),
            level_max=Level.REDACTED,
            camera=Camera(processing=processing, analytics=analytics),
        )
        for source in sources
    }
    found = City.empty("test", place)
    for sensor in sensors.values():
        found = found.with_sensor(sensor)
    object.__setattr__(found, "processing", {"square": record()} if records is None else records)
    return found


def inputs(clips):
    """An input per camera: its clip, in a loop."""
    return {
        f"in {source}": Input("camera.video", {"url": str(url), "source": source, "name": f"in {source}", **how})
        for source, (url, how) in clips.items()
    }


class Group:
    """A started group over clips, with what it may look at."""

    def __init__(self, folder: Path, clips, *, its_city=None, level=Level.REDACTED, **limits):
        self.level, self.watched = level, False
        self.clips = {source: (url, {"pace": "live", "loop": True}) for source, url in clips.items()}
        self.folder, self.city = folder, its_city or city(*clips)
        resources = Resources(city=self.city, folder=folder, secrets={"other": "secret"})
        self.apart = Apart(
            "g",
            inputs(self.clips),
            {"vision.tells": {}},
            resources,
            reach=lambda _source, _origin, _now: self.level,
            watched=lambda _source, _now: self.watched,
            limits=ApartLimits(**{"retry_s": 0.1, "ask_s": 0.1, "asked_s": 1.0, **limits}),
        )
        self.sources = {source: self.apart.running(f"in {source}") for source in clips}

    def __enter__(self):
        self.apart.start()
        return self

    def __exit__(self, *_):
        self.apart.close()

    def empty(self):
        """Take away what waits: it is of the past."""
        for source in self.sources.values():
            while source.waiting:
                source.next_batch(0.0)

    def next(self, source, wait_s=15.0):
        """The bodies of the next delivery of a camera, by class name."""
        end = time.monotonic() + wait_s
        while (delivered := self.sources[source].next_batch(0.2)) is None:
            assert time.monotonic() < end, self.sources[source].problem() or "nothing came"
        return {type(one.body).__name__: one for one in delivered.readings}
