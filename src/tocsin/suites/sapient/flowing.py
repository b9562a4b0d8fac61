"""One node that reports as fast as it is heard, or at a steady pace: CPU per detection, and the time to the log."""

import gc
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from tocsin.city.context import City
from tocsin.contract.sapient import Detection
from tocsin.engine.embedded import Embedded
from tocsin.formats import sapient
from tocsin.model import ConfigError, Fact, Observation, Origin, Place
from tocsin.sim.sapient_node import SimulatedNode
from tocsin.sources.sapient import RunningSapient, SapientNodes
from tocsin.suites import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator

CENTRE = Place(lon=24.94, lat=60.17)
TRACKS = 50
"""So many things are seen in turn."""

CLASSES = ("Human", "Vehicle", "Bird")
WAIT_S_MAX = 180.0
NODE = "bench"
PER_S_MAX = 1e9
"""No limit: the bench is a flood on purpose."""


def detections(count: int, at: float | None = None, name: str = NODE) -> list[bytes]:
    """So many framed reports of one node, each of another moment of the last seconds, all in order."""
    node = str(uuid5(NAMESPACE_URL, name))
    begin = time.time() - 30.0 if at is None else at
    tracks = [sapient.ulid(begin, b"track %d" % n) for n in range(TRACKS)]
    return [_report(node, begin + 0.001 * n, n, tracks[n % TRACKS]) for n in range(count)]


def _report(node: str, at: float, number: int, track: str) -> bytes:
    lon, lat = CENTRE.lon + 1e-5 * (number % 500), CENTRE.lat + 1e-5 * (number % 300)
    classes = [(CLASSES[number % 3], 0.8), (CLASSES[(number + 1) % 3], 0.2)]
    report_id = sapient.ulid(at, b"%d" % number)
    content = sapient.detection(report_id, track, sapient.at_lon_lat(lon, lat, 3.0), classes)
    content["detection_report"]["enu_velocity"] = {"east_rate": 1.0, "north_rate": 0.5}
    return sapient.frame(sapient.message(node, at, content).SerializeToString())


@dataclass
class Heard:
    """Told of every observation: how many detections are in the log, and how old each was when it was folded."""

    count: int = 0
    ages_s: list[float] = field(default_factory=list)

    def observed(self, fact: Observation[Any]) -> None:
        """A detection is on disk and folded."""
        if isinstance(fact.body, Detection):
            self.count += 1
            self.ages_s.append(time.time() - fact.at)

    def told(self, fact: Fact) -> None:
        """Conclusions are not counted here."""


@dataclass(frozen=True)
class Flowing:
    """Rounds of one installation each."""

    workshop: Workshop
    folder: Path

    def rate(self, count: int, turn: int, say: Callable[[str], None]) -> tuple[float, float]:
        """Detections per second of CPU and of the clock, from the socket to the log and through all stages."""
        frames = detections(count)
        chunks = [b"".join(frames[n : n + 200]) for n in range(0, count, 200)]
        with self._running(f"rate-{turn}") as (running, heard), SimulatedNode(running.port, NODE) as node:
            node.register()
            gc.collect()
            began, wall = time.process_time(), time.monotonic()
            for chunk in chunks:
                node.send(chunk)
            wait_until(lambda: heard.count >= count)
            spent, lasted = time.process_time() - began, time.monotonic() - wall
        say(f"round {turn + 1}: {count / spent:.0f} detections/s of CPU, {count / lasted:.0f}/s of the clock")
        return count / spent, count / lasted

    def paced(self, per_s: float, seconds: float, say: Callable[[str], None]) -> dict[str, float]:
        """How long a detection takes to the log, at a steady pace."""
        every_s = 0.02
        step = max(1, round(per_s * every_s))
        with self._running("paced") as (running, heard), SimulatedNode(running.port, NODE) as node:
            node.register()
            node.detect()
            wait_until(lambda: heard.count == 1)
            heard.ages_s.clear()
            sent, due = 1, time.time() + 0.1
            end = due + seconds
            while due < end:
                frames = detections(step, due - 0.001 * step)
                time.sleep(max(0.0, due - time.time()))
                node.send(b"".join(frames))
                sent, due = sent + step, due + every_s
            wait_until(lambda: heard.count >= sent)
        ages = sorted(age - 0.0005 * step for age in heard.ages_s)  # dated within the step before it was due
        say(f"paced at {step / every_s:.0f} detections/s")
        return {
            "paced_per_s": step / every_s,
            "to_log_p50_ms": _quantile_ms(ages, 0.5),
            "to_log_p99_ms": _quantile_ms(ages, 0.99),
        }

    @contextmanager
    def _running(self, name: str) -> "Iterator[tuple[RunningSapient, Heard]]":
        folder = self.folder / name
        folder.mkdir(parents=True)
        house = self.workshop.open(folder, City.empty("bench", CENTRE))
        declared = SapientNodes(port=0, rate_per_s_max=PER_S_MAX, origin=Origin.SIMULATED)
        running = declared.start(house.resources)
        engine, heard = Embedded(house.flow, {"sapient": (declared.kind, running)}), Heard()
        house.flow.listen(heard)
        engine.start()
        try:
            yield running, heard
        finally:
            engine.stop()
            house.close(time.time())


def wait_until(holds: Callable[[], bool], wait_s: float = WAIT_S_MAX) -> None:
    """Wait without spinning; raises ConfigError where it takes too long."""
    end = time.monotonic() + wait_s
    while not holds():
        if time.monotonic() > end:
            raise ConfigError(f"The bench is stuck for {wait_s:.0f} s: is the disk full, or the machine overloaded?")
        time.sleep(0.01)


def _quantile_ms(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3 if ordered else float("inf")
