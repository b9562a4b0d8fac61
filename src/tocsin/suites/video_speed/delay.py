"""From a frame to its finding: through perceivers, gate, log and detectors, as in an installation."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.city.cameras import Area, Camera
from tocsin.city.context import City
from tocsin.city.processing import Processing
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.contract.walk import configured, member_of, start
from tocsin.engine.perceiving import Perception
from tocsin.model import Fact, Finding, Level, Origin, Place, SourceState
from tocsin.suites import Workshop
from tocsin.suites.video_speed.footage import frames, opened

HERE = Place(lon=24.94, lat=60.17)
VIA = "bench"
START_AT = 1_790_000_000.0
ALL = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

RECORD = Processing(
    id="bench",
    name="Bench",
    purpose="Measuring how long a finding takes.",
    legal_basis="None is needed: nothing here is live.",
    controller="Whoever runs this bench.",
    notice="No notice: recorded clips.",
)


@dataclass(slots=True)
class Delays:
    """Wall seconds from a frame's delivery until all that follows from it is told, per frame, and of findings.

    `cpu_s` is the CPU time of the same frames.
    """

    frames_s: list[float] = field(default_factory=list)
    findings_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def queued(self, cameras: int, per_s: float) -> list[float]:
        """How long frames of so many cameras would take that share one core, in turn, after their first second."""
        times, free, waited = self.cpu_s[int(per_s) :], 0.0, list[float]()
        for number in range(len(times) * cameras):
            due = number / (cameras * per_s)
            free = max(free, due) + times[number // cameras]
            waited.append(free - due)
        return waited


def city_with(camera: str) -> City:
    """A city with one camera in whose picture no person may be."""
    area = Area(id="all", ring=ALL, forbidden=("person",))
    sensor = Sensor(
        id=camera,
        family="camera",
        name=camera,
        place=HERE,
        coverage=Coverage(range_m=60.0),
        state=SourceState.IN_SERVICE,
        level_max=Level.ANONYMOUS,
        camera=Camera(processing=RECORD.id, areas=(area,), analytics=("vision.zone",)),
    )
    return City.empty("Bench", HERE).with_processing(RECORD).with_sensor(sensor)


def delays(clip: Path, model: str, workshop: Workshop, *, per_s: float, seconds_max: float) -> Delays:
    """Every frame of a clip from the source to the findings, one after the other."""
    made = Delays()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        city = city_with(clip.stem)
        house = workshop.open(Path(folder), city)
        people = configured(member_of("perceivers", "vision.people"), {"model": model})
        perception = Perception([start(people, Resources(city=city))])
        source = opened(clip, per_s, Origin.SIMULATED)
        try:
            for reading in frames(source, seconds_max):
                began, cpu = time.perf_counter(), time.process_time()
                seen = perception.perceive(reading, Level.ANONYMOUS)
                told = _through(house, Delivered(tuple(seen.readings)), START_AT + reading.at)
                took = time.perf_counter() - began
                made.frames_s.append(took)
                made.cpu_s.append(time.process_time() - cpu)
                made.findings_s += [took for fact in told if isinstance(fact, Finding)]
        finally:
            source.close()
            house.close(START_AT + seconds_max)
    return made


def _through(house: Any, delivered: Delivered, now: float) -> Sequence[Fact]:  # noqa: ANN401  # House
    """Admit, log, wait for the disk, fold."""
    facts = house.flow.admit(delivered, VIA, now)
    future = house.flow.submit(facts, delivered)
    return house.flow.fold(future.result()) if future is not None else ()


def p99(values: Sequence[float]) -> float:
    """The 99th percentile; nothing of nothing."""
    return float(np.percentile(values, 99)) if values else 0.0
