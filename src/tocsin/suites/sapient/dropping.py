"""Many nodes at once, some of which vanish and come back: nothing lost, each absence noticed in its time."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tocsin.city.context import City
from tocsin.contract.sapient import Detection
from tocsin.engine.embedded import Embedded
from tocsin.formats.sapient import Role
from tocsin.model import Condition, ConfigError, Fact, Health, Observation, Origin, Place, moved
from tocsin.sim.sapient_node import SimulatedNode
from tocsin.sources.sapient import SapientNodes
from tocsin.suites import Workshop

CENTRE = Place(lon=24.94, lat=60.17)
INTERVALS = 2.5
"""Status intervals that a node may miss; see the source."""

LATE_S_MAX = 2.5
"""What may come on top of a node's promise: two ticks of the engine and the time to fold."""

WAIT_S_MAX = 60.0


@dataclass
class Kept:
    """What the log and the detectors say of each node."""

    detections: Counter[str] = field(default_factory=Counter)
    silent_at: dict[str, list[float]] = field(default_factory=dict)
    back_at: dict[str, list[float]] = field(default_factory=dict)

    def observed(self, fact: Observation[Any]) -> None:
        """A detection is in the log."""
        if isinstance(fact.body, Detection):
            self.detections[fact.source] += 1

    def told(self, fact: Fact) -> None:
        """A node is called silent, or well again."""
        if isinstance(fact, Health):
            kept = self.silent_at if fact.condition is Condition.SILENT else self.back_at
            kept.setdefault(fact.source, []).append(time.time())


@dataclass
class _Player:
    """One node of the play: when it speaks next, and when it is away."""

    name: str
    port: int
    place: Place
    role: Role
    away: tuple[float, float] | None = None
    node: SimulatedNode | None = None
    sent: int = 0
    beat_at: float = 0.0
    last_beat_at: float = 0.0
    gone_after: float = 0.0
    report_at: float = 0.0

    @property
    def source(self) -> str:
        return f"sapient-{self._met().id}"

    def _met(self) -> SimulatedNode:
        if self.node is None:
            self.node = SimulatedNode(self.port, self.name, role=self.role, place=(self.place.lon, self.place.lat))
            self.node.register()
        return self.node

    def play(self, now: float) -> None:
        """Whatever is due now: vanish, come back, a status, a detection."""
        if self.away is not None and self.away[0] <= now < self.away[1]:
            if not self.gone_after:
                self.gone_after = self.last_beat_at
                self._met().close()
            return
        if self.gone_after and self.away is not None and now >= self.away[1]:
            self.node, self.away, self.beat_at = None, None, 0.0
        node = self._met()
        if now >= self.beat_at:
            node.status(new=False)
            self.last_beat_at, self.beat_at = now, now + self.role.interval_s
        if now >= self.report_at:
            node.detect(("Vehicle", 0.7))
            self.sent += 1
            self.report_at = now + 1.0


@dataclass
class Dropping:
    """The play: `nodes` nodes, of which `dropping` vanish once without a word for `absent_s`."""

    workshop: Workshop
    folder: Path
    nodes: int
    dropping: int
    interval_s: float
    absent_s: float

    def run(self, say: Callable[[str], None], seed: int) -> dict[str, float]:
        """Counts of what was sent, logged, noticed and told back, and how late the latest absence was noticed."""
        self.folder.mkdir(parents=True)
        house = self.workshop.open(self.folder, City.empty("bench", CENTRE))
        declared = SapientNodes(
            port=0, silent_intervals=INTERVALS, connections_max=2 * self.nodes + 10, origin=Origin.SIMULATED
        )
        running = declared.start(house.resources)
        kept, engine = Kept(), Embedded(house.flow, {"sapient": (declared.kind, running)})
        house.flow.listen(kept)
        engine.start()
        try:
            players = self._players(running.port, Random(seed))
            self._play(players, say)
            self._settle(kept, players)
        finally:
            engine.stop()
            house.close(time.time())
        return self._figures(kept, players)

    def _players(self, port: int, chance: Random) -> list[_Player]:
        role = Role(name="Bench node", type="CAMERA", interval_s=self.interval_s, classes=("Vehicle",))
        begin = time.time() + 4 * self.interval_s
        players = [
            _Player(f"bench-{n}", port, moved(CENTRE, 60.0 * (n % 10), 60.0 * (n // 10)), role)
            for n in range(self.nodes)
        ]
        for player in chance.sample(players, self.dropping):
            away = begin + chance.uniform(0, self.absent_s)
            player.away = (away, away + self.absent_s)
        return players

    def _play(self, players: list[_Player], say: Callable[[str], None]) -> None:
        """All nodes from one thread: each speaks when it is its time."""
        end = max((one.away[1] for one in players if one.away), default=time.time()) + 3 * self.interval_s
        say(f"{len(players)} nodes for {end - time.time():.0f} s")
        pause = threading.Event()
        while (now := time.time()) < end:
            for player in players:
                player.play(now)
            pause.wait(0.05)

    def _settle(self, kept: Kept, players: list[_Player]) -> None:
        end, pause = time.monotonic() + WAIT_S_MAX, threading.Event()
        while sum(kept.detections.values()) < sum(one.sent for one in players):
            if time.monotonic() > end:
                raise ConfigError("Detections are missing from the log: the bench has found a loss.")
            pause.wait(0.05)

    def _figures(self, kept: Kept, players: list[_Player]) -> dict[str, float]:
        gone = [one for one in players if one.gone_after]
        within_s = INTERVALS * self.interval_s
        late = [
            kept.silent_at[one.source][0] - one.gone_after - within_s for one in gone if one.source in kept.silent_at
        ]
        accused = sum(len(times) for source, times in kept.silent_at.items()) - len(late)
        return {
            "nodes": float(len(players)),
            "dropped": float(len(gone)),
            "sent": float(sum(one.sent for one in players)),
            "lost": float(sum(max(0, one.sent - kept.detections[one.source]) for one in players)),
            "doubled": float(sum(max(0, kept.detections[one.source] - one.sent) for one in players)),
            "absences_noticed": float(len(late)),
            "absences_in_time": float(sum(0.0 <= one <= LATE_S_MAX for one in late)),
            "noticed_late_s_max": max(late, default=0.0),
            "called_silent_wrongly": float(accused),
            "returns_told": float(sum(one.source in kept.back_at for one in gone)),
        }
