"""`tocsin bench behaviour`: millions of connection records through the behaviour detectors: speed, memory, state."""

import gc
import os
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import msgspec

from tocsin.contract.bodies import LogEvents
from tocsin.contract.folding import Folding
from tocsin.contract.resources import Resources
from tocsin.contract.walk import members, start
from tocsin.model import ConfigError, Finding, Level, Observation, Origin, Tick
from tocsin.suites import Order, Report, Verb, Workshop

START_AT = 1_700_000_000.0
SOURCE = "zeek-conn"
BATCH = 1_000
"""Records of one observation: as many as a log source hands over at once."""

NOT_BEHAVIOUR = frozenset({"cyber.ids", "cyber.sigma"})
"""Detectors of the network that judge single events by what others wrote about them: they have benches of their own."""

SERVICES: tuple[tuple[int, str, str, int], ...] = (
    (443, "tcp", "ssl", 55),
    (80, "tcp", "http", 15),
    (53, "udp", "dns", 18),
    (123, "udp", "ntp", 4),
    (1883, "tcp", "mqtt", 4),
    (502, "tcp", "modbus", 2),
    (22, "tcp", "ssh", 1),
    (25, "tcp", "smtp", 1),
)
"""Port, transport, service and share in a hundred of what ordinary hosts do (assumed)."""


@dataclass(frozen=True, slots=True)
class Network:
    """A made-up network: ordinary hosts and servers, hosts that scan, hosts that call by the clock.

    Blocks of ordinary records are made once; what follows is the same with later times, and with new
    strangers in the place of one server in twenty, so that values never end.
    """

    seed: int
    hosts: int
    servers: int
    scanners: int
    beacons: int
    beacon_every_s: float
    rate_per_s: float

    def batches(self, count: int, blocks: int = 64) -> Iterator[Observation[LogEvents]]:
        """So many batches of 1,000 records each."""
        chance = Random(self.seed)  # the same records every time
        premade = [self._block(chance) for _ in range(blocks)]
        for number in range(count):
            at = START_AT + number * BATCH / self.rate_per_s
            rows = self._later(premade[number % blocks], at, number)
            first = number * BATCH
            body = LogEvents(format="zeek", offsets=tuple(range(first, first + len(rows))), rows=tuple(rows))
            yield Observation(
                at=at + BATCH / self.rate_per_s,
                origin=Origin.SIMULATED,
                source=SOURCE,
                seq=first,
                seq_end=first + len(rows) - 1,
                body=body,
                level=Level.ANONYMOUS,
            )

    def _block(self, chance: Random) -> list[dict[str, Any]]:
        """Ordinary records: few servers are asked by many, nearly all answer."""
        shares = list(accumulate(share for *_, share in SERVICES))
        return [self._ordinary(chance, shares) for _ in range(BATCH)]

    def _ordinary(self, chance: Random, shares: Sequence[int]) -> dict[str, Any]:
        port, proto, service, _ = SERVICES[bisect_right(shares, chance.randrange(shares[-1]))]
        host = int(self.hosts * chance.random())
        server = int(self.servers * chance.random() ** 3)
        ends = (f"10.20.{host >> 8}.{host & 255}", f"198.18.{server >> 8}.{server & 255}")
        return _row(ends, port, proto, service, failed=chance.random() < 0.02, sent=chance.randrange(100, 4_000))

    def _later(self, block: Sequence[dict[str, Any]], at: float, number: int) -> list[dict[str, Any]]:
        """The block at a later time, with strangers, scans and beacons in their places."""
        step_s = 1.0 / self.rate_per_s
        rows = [{**row, "at": at + place * step_s} for place, row in enumerate(block)]
        for place in range(7, BATCH, 20):
            rows[place]["id.resp_h"] = f"100.{64 + number % 64}.{number // 64 % 256}.{place // 4}"
        for scanner in range(self.scanners):
            self._scan(rows, scanner, number, step_s)
        for beacon in range(self.beacons):
            self._call(rows, beacon, at, step_s)
        return rows

    def _scan(self, rows: list[dict[str, Any]], scanner: int, number: int, step_s: float) -> None:
        """Five tries at the next hosts of another network."""
        for n in range(5):
            place, target = 1 + scanner * 50 + n * 10, number * 5 + n
            ends = (f"10.20.250.{scanner}", f"10.{32 + scanner}.{target >> 8 & 255}.{target & 255}")
            rows[place] = {**_row(ends, 23, "tcp", "", failed=True, sent=0), "at": rows[0]["at"] + place * step_s}

    def _call(self, rows: list[dict[str, Any]], beacon: int, at: float, step_s: float) -> None:
        """A call where one falls due within the batch."""
        due = at + (-at - beacon) % self.beacon_every_s
        place = int((due - at) / step_s)
        if place < len(rows):
            ends = (f"10.20.251.{beacon}", f"203.0.113.{beacon}")
            rows[place] = {**_row(ends, 4_444, "tcp", "", failed=False, sent=240), "at": due}


_UNANSWERED = {
    "conn_state": "S0",
    "history": "S",
    "orig_pkts": 1,
    "resp_pkts": 0,
    "orig_bytes": 0,
    "resp_bytes": 0,
    "duration": 0.0,
}
_ANSWERED = {"conn_state": "SF", "history": "ShADadFf", "orig_pkts": 8, "resp_pkts": 7, "duration": 0.5}


def _row(ends: tuple[str, str], port: int, proto: str, service: str, *, failed: bool, sent: int) -> dict[str, Any]:
    """A record as Zeek writes it and admission leaves it."""
    row: dict[str, Any] = {
        "log": "conn",
        "at": 0.0,
        "uid": "C0",
        "id.orig_h": ends[0],
        "id.orig_p": 40_000 + sent,
        "id.resp_h": ends[1],
        "id.resp_p": port,
        "proto": proto,
    }
    if failed:
        return {**row, **_UNANSWERED}
    talked = {**_ANSWERED, "orig_bytes": sent, "resp_bytes": 3 * sent}
    return {**row, **talked, "service": service} if service else {**row, **talked}


@dataclass(slots=True)
class Station:
    """One detector under load: its fold, the CPU time that it took, what it said."""

    kind: str
    fold: Folding
    cpu_s: float = 0.0
    told: set[str] = field(default_factory=set)
    accused: set[str] = field(default_factory=set)
    findings: int = 0

    def feed(self, fact: Observation[LogEvents] | Tick) -> None:
        """Fold one fact, on the clock."""
        began = time.process_time()
        said = self.fold.feed(fact)
        self.cpu_s += time.process_time() - began
        for one in said:
            if isinstance(one, Finding):
                self.findings += 1
                self.told.add(one.id)
                self.accused.update(one.actors[:1])

    def state_bytes(self) -> int:
        """Its state, encoded as in a snapshot."""
        return sum(len(msgspec.msgpack.encode(state)) for state in self.fold.states.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourBench:
    """Fold `records` made-up connection records through every behaviour detector, one after the other.

    Nine records in ten are ordinary traffic of `hosts` with `servers` and ever-new strangers; `scanners`
    sweep other networks, `beacons` call home every `beacon_every_s`. The cost is the CPU time of the folds alone; the
    maker of the records is told beside. Memory is read after a fifth of the records (caches are full
    then), half, and all; `only` names detectors to measure (all by default).
    """

    kind: ClassVar[str] = "behaviour"
    verb: ClassVar[Verb] = "bench"

    records: int = 10_000_000
    hosts: int = 600
    servers: int = 3_000
    scanners: int = 3
    beacons: int = 4
    beacon_every_s: float = 60.0
    rate_per_s: float = 200.0
    only: tuple[str, ...] = ()

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Measure; raises ConfigError for a detector that does not exist."""
        del workshop  # the detectors alone, without gate, log and fusion
        seed = order.seeds[0] if order.seeds else 1
        stations = self._stations()
        memory, made_s = self._drive(self._network(seed), stations, order)
        folded_s = sum(station.cpu_s for station in stations)
        return Report(
            suite=self.kind,
            command=order.command,
            data=f"{self._batches() * BATCH} made-up connection records",
            seed=(seed,),
            metrics={
                "records": self._batches() * BATCH,
                "records_per_s_per_core": self._rate(folded_s),
                **self._rates(stations),
                **memory,
                "maker_records_per_s": self._rate(made_s),
            },
            peers={"one dictionary update per record": {"records_per_s_per_core": self._peer(seed)}},
            detail={
                "detectors": {station.kind: _told(station) for station in stations},
                "cpus": os.cpu_count(),
                "load": os.getloadavg(),
            },
        )

    def _batches(self) -> int:
        return max(20, self.records // BATCH)

    def _rates(self, stations: Sequence[Station]) -> dict[str, float]:
        return {f"{station.kind}_records_per_s": self._rate(station.cpu_s) for station in stations}

    def _rate(self, cpu_s: float) -> float:
        return self._batches() * BATCH / cpu_s if cpu_s else 0.0

    def _network(self, seed: int) -> Network:
        return Network(
            seed, self.hosts, self.servers, self.scanners, self.beacons, self.beacon_every_s, self.rate_per_s
        )

    def _stations(self) -> list[Station]:
        known: dict[str, Any] = {member.kind: member for member in members("detectors")}  # type: ignore[attr-defined]
        behaviour = sorted(filter(lambda kind: _watches(known[kind]), known))
        kinds = self.only or tuple(sorted(set(behaviour) - NOT_BEHAVIOUR))
        if unknown := sorted(set(kinds) - set(behaviour)):
            raise ConfigError(f"No behaviour detector {unknown[0]!r}: there are {', '.join(behaviour)}.")
        return [Station(kind, Folding(start(known[kind](), Resources()), known[kind].key)) for kind in kinds]

    def _drive(self, network: Network, stations: Sequence[Station], order: Order) -> tuple[dict[str, float], float]:
        """Feed everything; gives memory at three moments, and the CPU time of making the records."""
        count, began = self._batches(), time.process_time()
        marks = {count // 5: "start", count // 2: "middle", count - 1: "end"}
        memory: dict[str, float] = {}
        for number, batch in enumerate(network.batches(count)):
            for station in stations:
                station.feed(batch)
                station.feed(Tick(at=batch.at, origin=Origin.SIMULATED))
            if number in marks:
                memory |= _memory(marks[number], stations)
                order.say(f"{marks[number]}: {(number + 1) * BATCH} records, {resident_mb():.0f} MB resident")
        memory["memory_growth"] = memory["resident_end_mb"] / memory["resident_start_mb"]
        return memory, time.process_time() - began - sum(station.cpu_s for station in stations)

    def _peer(self, seed: int) -> float:
        """The least that anybody could do with a record: count it by its two ends."""
        counts: dict[tuple[str, str], int] = {}
        cpu_s, seen = 0.0, 0
        for batch in self._network(seed).batches(20):
            began = time.process_time()
            for row in batch.body.rows:
                ends = (row["id.orig_h"], row["id.resp_h"])
                counts[ends] = counts.get(ends, 0) + 1
            cpu_s += time.process_time() - began
            seen += len(batch.body.rows)
        return seen / cpu_s if cpu_s else 0.0


def _memory(moment: str, stations: Sequence[Station]) -> dict[str, float]:
    """What is held at one moment, by the process and in states."""
    gc.collect()
    held = sum(station.state_bytes() for station in stations)
    return {f"resident_{moment}_mb": resident_mb(), f"state_{moment}_bytes": held}


def _watches(member: Any) -> bool:  # noqa: ANN401  # a member of any kind
    """Whether a detector judges networks by what logs say."""
    return str(member.kind).startswith("cyber.") and LogEvents in member.accepts


def _told(station: Station) -> dict[str, Any]:
    """What one detector said and keeps."""
    return {
        "cpu_s": round(station.cpu_s, 3),
        "state_bytes": station.state_bytes(),
        "findings": len(station.told),
        "revisions": station.findings,
        "accused": sorted(station.accused)[:20],
    }


def resident_mb() -> float:
    """Resident memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
