"""`tocsin bench flow`: cost per reading through gate, log, detectors and fusion, latency at half that load, memory."""

import gc
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import msgspec

from tocsin.city.context import City
from tocsin.city.registry import Coverage, Family, Sensor
from tocsin.contract.intake import Arrival, mapping_named, ndjson_taken
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.engine.embedded import Embedded
from tocsin.formats.mapping import Reader
from tocsin.model import ConfigError, Fact, Incident, Level, Observation, Origin, Place, SourceState, Tick, moved
from tocsin.suites import House, Order, Report, Verb, Workshop

CENTRE = Place(lon=24.94, lat=60.17)
SPACING_M = 300.0
VIA = "bench"
WAIT_S_MAX = 300.0
"""How long a round may take before it counts as stuck."""

VALUES: dict[Family, dict[str, float]] = {
    "gas": {"cl2_ppm": 0.02},
    "radiation": {"cps": 100.0},
    "crowd": {"persons_per_m2": 0.4, "persons": 40.0},
}
"""What a sensor of each family says on an ordinary second."""

MIX: tuple[Family, ...] = ("gas", "gas", "radiation", "gas", "gas", "crowd", "gas", "gas", "radiation", "gas")
"""Seven gas sensors, two radiation counters and one crowd counter in ten."""

ALARMING = 3
"""So many more gas sensors beside one another smell a release all the time: fusion is at work throughout."""

ALARMING_EVERY = 100
"""Every so-many-th reading comes from one of them, however many other sensors there are."""

CHLORINE_PPM = 40.0


@dataclass(frozen=True, slots=True)
class Cost:
    """One round: CPU microseconds per reading in decoding and in the flow, and what else was measured.

    `flow_us` holds the share of one reading in a snapshot of all sensors; `cold_us` is what the
    first reading of a sensor costs (its lease with receipt, its state).
    """

    decode_us: float
    flow_us: float
    snapshot_ms: float
    cold_us: float
    wall_s: float
    resident_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowBench:
    """Measure the embedded engine on readings of simulated gas, radiation and crowd sensors.

    For each number in `sensors`, `readings` readings in NDJSON deliveries of `delivery` lines go
    through the whole installation on real files (every commit synced); the cost is the CPU time
    of the process, all threads together, with its share of the snapshots, in the least disturbed
    of `rounds`. Then `paced_s` seconds at `load` of the measured rate with `paced_sensors` sensors give
    the latency, counted from the moment when a reading was due, not from when somebody had time
    for it. `folder` lies on the disk to be measured.
    """

    kind: ClassVar[str] = "flow"
    verb: ClassVar[Verb] = "bench"

    sensors: tuple[int, ...] = (10, 100, 1_000, 10_000)
    readings: int = 40_000
    delivery: int = 200
    rounds: int = 3
    paced_sensors: int = 1_000
    paced_s: float = 20.0
    load: float = 0.5
    alarms: int = 40
    folder: str = ""

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Measure cost, growth, latency, memory, and the peer on the same readings."""
        costs = self._costs(order, workshop)
        least = {count: _least(rows) for count, rows in costs.items()}
        rate = self._rate(least)
        with self._scratch() as folder:
            paced = Paced(
                workshop, Path(folder), sensors=self.paced_sensors, rate_per_s=rate * self.load, alarms=self.alarms
            )
            latency = paced.run(self.paced_s)
        order.say(f"paced at {rate * self.load:.0f} readings/s")
        return Report(
            suite=self.kind,
            command=order.command,
            data=f"{self.readings} simulated readings per round",
            seed=(),
            metrics={"readings_per_s_per_core": rate, **_metrics(least), **latency},
            peers={"JSON decode + SQLite FULL, 1,000 a transaction": self._peer()},
            detail={
                "rounds": {str(count): rows for count, rows in costs.items()},
                "cpus": os.cpu_count(),
                "load": os.getloadavg(),
            },
        )

    def _costs(self, order: Order, workshop: Workshop) -> dict[int, list[Cost]]:
        """Every round, by the number of sensors; interleaved: a slow minute of the machine hits all alike."""
        costs: dict[int, list[Cost]] = {count: [] for count in self.sensors}
        for turn in range(self.rounds):
            for count in self.sensors:
                costs[count].append(self._round(count, workshop))
                order.say(f"round {turn + 1}, {count} sensors: {_total_us(costs[count][-1]):.1f} µs CPU per reading")
        return costs

    def _rate(self, least: dict[int, Cost]) -> float:
        """Readings per second of one core, decoding included, at the number of sensors that latency is told for."""
        nearest = min(least, key=lambda count: abs(count - self.paced_sensors))
        return 1e6 / _total_us(least[nearest])

    def _scratch(self) -> "tempfile.TemporaryDirectory[str]":
        return tempfile.TemporaryDirectory(prefix="tocsin-bench-", dir=self.folder or None)

    def _round(self, count: int, workshop: Workshop) -> Cost:
        gc.collect()
        with self._scratch() as folder:
            house = workshop.open(Path(folder), city_of(count))
            feed = Feed(house, reader_of(house.resources))
            engine = Embedded(house.flow, {VIA: (VIA, feed)})
            engine.start()
            began = time.process_time()
            try:
                cold_s, _ = feed.drive(bodies(count, count, self.delivery))
                flow_s, wall_s = feed.drive(bodies(count, self.readings, self.delivery))
                began = time.process_time()
            finally:
                engine.stop()  # saves a snapshot of every sensor that has spoken
                snapshot_s = time.process_time() - began
                house.close(time.time())
            return Cost(
                decode_us=feed.decode_s / self.readings * 1e6,
                flow_us=(flow_s / self.readings + snapshot_s / engine.limits.snapshot_facts) * 1e6,
                snapshot_ms=snapshot_s * 1e3,
                cold_us=cold_s / count * 1e6,
                wall_s=wall_s,
                resident_mb=resident_mb(),
            )

    def _peer(self) -> dict[str, float]:
        lines = [
            line for body in bodies(self.paced_sensors, self.readings, self.delivery) for line in body.split(b"\n")
        ]
        with self._scratch() as folder:
            cpu_s, wall_s = bare_inserts(Path(folder, "peer.db"), lines)
        return {"readings_per_s_per_core": len(lines) / cpu_s, "cost_us": cpu_s / len(lines) * 1e6, "wall_s": wall_s}


class Feed:
    """An in-process source: gives prepared deliveries as fast as the engine takes them."""

    def __init__(self, house: House, reader: Reader) -> None:
        self._house = house
        self._reader = reader
        self._waiting: list[Delivered] = []
        self._ready = threading.Condition()
        self.decode_s = 0.0

    def drive(self, raw: Sequence[bytes]) -> tuple[float, float]:
        """Decode all, then let the flow take it: CPU and wall seconds of the flow until all is folded."""
        began = time.process_time()
        batches = [delivered(self._reader, body) for body in raw]
        self.decode_s = time.process_time() - began
        counts = self._house.flow.counts
        wanted = counts.accepted + sum(len(batch.readings) for batch in batches)
        cpu, wall = time.process_time(), time.perf_counter()
        with self._ready:
            self._waiting = batches[::-1]
            self._ready.notify_all()
        wait_until(lambda: counts.accepted >= wanted, WAIT_S_MAX)
        return time.process_time() - cpu, time.perf_counter() - wall

    def next_batch(self, wait_s: float) -> Delivered | None:
        """The next delivery, or None after a while."""
        with self._ready:
            self._ready.wait_for(lambda: bool(self._waiting), wait_s)
            return self._waiting.pop() if self._waiting else None

    def snapshot(self) -> bytes:
        """Nothing to resume."""
        return b""

    def problem(self) -> str:
        """Nothing can go wrong."""
        return ""

    def close(self) -> None:
        """Nothing to give back."""


class PacedFeed(Feed):
    """The same at a pace: a delivery every `every_s`, due at its time whether or not anybody asks."""

    def __init__(self, house: House, reader: Reader, per_delivery: Callable[[float], bytes], every_s: float) -> None:
        super().__init__(house, reader)
        self._make = per_delivery
        self._every_s = every_s
        self.due_at = float("inf")

    def next_batch(self, wait_s: float) -> Delivered | None:
        """The delivery that is due, waiting for it; decoding is part of the load."""
        left = self.due_at - time.time()
        if left > wait_s:
            time.sleep(wait_s)
            return None
        time.sleep(max(0.0, left))
        batch = delivered(self._reader, self._make(self.due_at))
        self.due_at += self._every_s
        return batch


@dataclass
class Paced:
    """Half of the measured load for a while: how long readings and alarms take to be seen."""

    workshop: Workshop
    folder: Path
    sensors: int
    rate_per_s: float
    alarms: int
    every_s: float = 0.02
    seen_s: list[float] = field(default_factory=list)
    alarm_s: dict[str, float] = field(default_factory=dict)
    _alarmed_at: dict[str, float] = field(default_factory=dict)
    _sent: int = 0
    _end: float = 0.0
    _alarm_every_s: float = 1.0

    def run(self, seconds: float) -> dict[str, float]:
        """Quantiles in milliseconds, and how many alarms were due and seen."""
        house = self.workshop.open(self.folder, city_of(self.sensors, alarms=self.alarms))
        feed = PacedFeed(house, reader_of(house.resources), self._body, self.every_s)
        engine = Embedded(house.flow, {VIA: (VIA, feed)})
        house.flow.listen(self)
        house.view.each_fact(self._rang)
        engine.start()
        try:
            Feed.drive(feed, [])
            self._alarm_every_s = seconds / (self.alarms + 1)
            start = time.time() + 0.5
            self._end, feed.due_at = start + seconds, start
            wait_until(lambda: feed.due_at >= self._end, WAIT_S_MAX)  # all that was due was given, however late
            feed.due_at = float("inf")
            wait_until(lambda: len(self.seen_s) >= self._sent, WAIT_S_MAX)
            engine.append(Tick(at=time.time(), origin=Origin.SIMULATED))  # behind it nothing is left to fold
        finally:
            engine.stop()
            house.close(time.time())
        return self._quantiles()

    def _quantiles(self) -> dict[str, float]:
        seen, rang = sorted(self.seen_s), sorted(self.alarm_s.values())
        return {
            "paced_readings_per_s": self.rate_per_s,
            "to_view_p50_ms": quantile_ms(seen, 0.5),
            "to_view_p99_ms": quantile_ms(seen, 0.99),
            "to_incident_p50_ms": quantile_ms(rang, 0.5),
            "to_incident_p99_ms": quantile_ms(rang, 0.99),
            "alarms_due": float(len(self._alarmed_at)),
            "alarms_seen": float(len(rang)),
        }

    def _body(self, due_at: float) -> bytes:
        """All that is due in one step: ordinary readings, and from time to time three of a release."""
        count = max(1, round(self.rate_per_s * self.every_s))
        lines = [line(self._sent + i, self.sensors, due_at) for i in range(count)]
        self._sent += count
        release = len(self._alarmed_at)
        if release < self.alarms and due_at >= self._end - (self.alarms - release) * self._alarm_every_s:
            source = f"release-{release}"
            self._alarmed_at[source] = due_at
            lines += [_chlorine(source, due_at - ago_s, n) for n, ago_s in enumerate((13.0, 6.0, 0.0))]
        return b"\n".join(lines)

    def observed(self, fact: Observation[Any]) -> None:
        """A reading is in the view: how long after it was due."""
        if not fact.source.startswith("release"):
            self.seen_s.append(time.time() - fact.at)

    def told(self, fact: Fact) -> None:
        """Conclusions are heard from the view, after people are told."""

    def _rang(self, fact: Fact) -> None:
        if isinstance(fact, Incident):
            for source in _sources(fact) & self._alarmed_at.keys():
                self.alarm_s.setdefault(source, time.time() - self._alarmed_at[source])


def _sources(incident: Incident) -> set[str]:
    """Whose findings contribute to an incident."""
    return {part.source for stage in incident.stages for part in stage.contributions}


def city_of(count: int, alarms: int = 0) -> City:
    """A city with so many sensors in service on a grid, and `alarms` more, each far from all others."""
    beside = [_sensor(f"alarming-{i}", "gas", -400.0 - 50.0 * i, -400.0) for i in range(ALARMING)]
    far = [_sensor(f"release-{i}", "gas", -5_000.0 * (i + 1), -20_000.0) for i in range(alarms)]
    sensors = {sensor.id: sensor for sensor in (*_grid(count), *beside, *far)}
    return replace(
        City.empty("bench", CENTRE), sensors=sensors, assets={key: one.asset() for key, one in sensors.items()}
    )


def _grid(count: int) -> list[Sensor]:
    side = max(1, round(count**0.5))
    return [_sensor(name(i), MIX[i % 10], (i % side) * SPACING_M, (i // side) * SPACING_M) for i in range(count)]


def _sensor(id: str, family: Family, east_m: float, north_m: float) -> Sensor:
    return Sensor(
        id=id,
        family=family,
        name=id,
        place=moved(CENTRE, east_m, north_m),
        coverage=Coverage(range_m=400.0),
        sees={"gas": ("toxic",), "radiation": ("radiation",), "crowd": ("crowd",)}.get(family, ()),
        state=SourceState.IN_SERVICE,
        level_max=Level.AGGREGATE,
        silent_after_s=3600.0,
    )


def name(index: int) -> str:
    """The id of the n-th sensor."""
    return f"{MIX[index % 10]}-{index:05d}"


def line(index: int, sensors: int, at: float) -> bytes:
    """The n-th reading of the bench as a line of NDJSON, all sensors in turn; some are of a release."""
    if index % ALARMING_EVERY == ALARMING_EVERY - 1:
        which, seq = index // ALARMING_EVERY % ALARMING, index // ALARMING_EVERY // ALARMING
        return _chlorine(f"alarming-{which}", at, seq)
    which, seq = index % sensors, index // sensors
    values = VALUES[MIX[which % 10]]
    return msgspec.json.encode({"source": name(which), "t": at, "n": seq, "boot": "b1", **values})


def _chlorine(source: str, at: float, seq: int) -> bytes:
    return msgspec.json.encode({"source": source, "t": at, "n": seq, "boot": "b1", "cl2_ppm": CHLORINE_PPM})


def bodies(sensors: int, readings: int, delivery: int, span_s: float = 30.0) -> list[bytes]:
    """So many readings of all sensors in turn, dated evenly over the last `span_s`, as NDJSON bodies.

    The first reading of every sensor (`readings` equal to `sensors`) comes before all others.
    """
    warm = readings == sensors
    first, begin = (0, time.time() - 2 * span_s) if warm else (sensors, time.time() - span_s)
    lines = [line(first + i, sensors, round(begin + i * span_s / readings, 4)) for i in range(readings)]
    return [b"\n".join(lines[i : i + delivery]) for i in range(0, readings, delivery)]


def reader_of(resources: Resources) -> Reader:
    """The mapping that plain readings are understood by."""
    return mapping_named("readings", {}, resources)


def delivered(reader: Reader, body: bytes) -> Delivered:
    """A body as an HTTP source would hand it over."""
    taken = list(ndjson_taken(reader, body, Arrival(at=time.time(), via=VIA, origin=Origin.SIMULATED)))
    return Delivered(
        tuple(reading for one in taken for reading in one.readings),
        tuple(wrong for one in taken for wrong in one.rejected),
    )


def bare_inserts(path: Path, lines: Sequence[bytes], per_transaction: int = 1_000) -> tuple[float, float]:
    """The least that anybody could do: decode JSON, insert durably. CPU and wall seconds."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL").fetchall()
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE reading (source TEXT, boot TEXT, seq INTEGER, at REAL, body BLOB)")
    cpu, wall = time.process_time(), time.perf_counter()
    for i in range(0, len(lines), per_transaction):
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO reading VALUES (?, ?, ?, ?, ?)", _rows(lines[i : i + per_transaction]))
        database.execute("COMMIT")
    spent = time.process_time() - cpu, time.perf_counter() - wall
    database.close()
    return spent


def _rows(lines: Sequence[bytes]) -> Iterator[tuple[str, str, int, float, bytes]]:
    for raw in lines:
        said = msgspec.json.decode(raw)
        yield said["source"], said["boot"], said["n"], said["t"], raw


def wait_until(holds: Callable[[], bool], wait_s: float) -> None:
    """Wait without spinning; raises ConfigError where it takes longer than `wait_s`."""
    end = time.monotonic() + wait_s
    while not holds():
        if time.monotonic() > end:
            raise ConfigError(f"The bench is stuck for {wait_s:.0f} s: is the disk full, or the machine overloaded?")
        time.sleep(0.01)


def resident_mb() -> float:
    """Resident memory of this process (Linux), MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def quantile_ms(ordered: Sequence[float], share: float) -> float:
    """A quantile of sorted seconds, in milliseconds; infinite where there is nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3 if ordered else float("inf")


def _total_us(cost: Cost) -> float:
    return cost.decode_us + cost.flow_us


def _least(rows: Sequence[Cost]) -> Cost:
    """The least disturbed round: whatever else the machine did can only have added to it."""
    return min(rows, key=_total_us)


def _metrics(least: dict[int, Cost]) -> dict[str, float]:
    """Per number of sensors, and how the cost grows from the fewest to the most."""
    found: dict[str, float] = {}
    for count, cost in least.items():
        found[f"cost_us_{count}"] = _total_us(cost)
        found[f"decode_us_{count}"] = cost.decode_us
        found[f"flow_us_{count}"] = cost.flow_us
        found[f"first_reading_us_{count}"] = cost.cold_us
        found[f"snapshot_ms_{count}"] = cost.snapshot_ms
        found[f"resident_mb_{count}"] = cost.resident_mb
    found["growth"] = found[f"cost_us_{max(least)}"] / found[f"cost_us_{min(least)}"]
    found["flow_growth"] = found[f"flow_us_{max(least)}"] / found[f"flow_us_{min(least)}"]
    found["flow_readings_per_s_per_core"] = 1e6 / median(cost.flow_us for cost in least.values())
    return found
