"""`tocsin bench kill`: engine and broker killed with -9 under load; what was acknowledged must be stored, once."""

import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from typing import Any, ClassVar

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tocsin.model import ConfigError, Observation
from tocsin.store.database import reading
from tocsin.suites import Order, Report, Site, Verb, Workshop

READY_S_MAX = 60.0
"""How long a server may take until its session with the broker stands."""

LOAD_S_MAX = 10.0
"""How long devices may take to be heard again."""

OPEN_MAX = 40
"""Most messages that a device sends ahead of their acknowledgements."""

DRAIN_S_MAX = 90.0
"""How long the last server may take to store what the broker still holds."""

STEADY_S = 8.0
"""Nothing new for so long: the broker sends what was not acknowledged again after 5 s."""

EARLY_EVERY = 5
"""Every so-many-th kill hits a server that is still starting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KillBench:
    """Kill the server again and again while devices publish at QoS 1, then count.

    Server means the process with engine, log and MQTT session, and the broker that it started:
    both die at once, at a moment that the seed draws (up to `life_s_max` after devices are heard
    again; each fifth while it starts). Devices count the acknowledgements that they got; each
    of these messages must be in the log, and none twice. Devices send what was not
    acknowledged again, as MQTT demands.
    """

    kind: ClassVar[str] = "kill"
    verb: ClassVar[Verb] = "bench"

    kills: int = 20
    devices: int = 4
    life_s_max: float = 2.0
    pause_s: float = 0.002

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Kill, restart, drain, count."""
        seed = order.seeds[0] if order.seeds else 7
        with tempfile.TemporaryDirectory(prefix="tocsin-kill-") as made:
            site = workshop.furnish(Path(made), [f"gas-{n:02d}" for n in range(1, self.devices + 1)])
            senders = [Sender(site, name, self.pause_s) for name in site.logins]
            killing = Killing(workshop, site, random.Random(seed))
            self._kill(killing, senders, order)
            stored = stored_in(workshop, site)
        return Report(
            suite=self.kind,
            command=order.command,
            data=f"{self.devices} simulated gas sensors by MQTT, QoS 1",
            seed=(seed,),
            metrics={**_counted(senders, stored), **killing.metrics()},
            peers={},
            detail={"published": {sender.name: sender.published for sender in senders}},
        )

    def _kill(self, killing: "Killing", senders: Sequence["Sender"], order: Order) -> None:
        """All kills, and the end of the server and its devices, whatever happens."""
        try:
            for turn in range(self.kills):
                killing.once(self.life_s_max, senders, early=turn % EARLY_EVERY == EARLY_EVERY - 1)
                acknowledged = sum(len(sender.acknowledged) for sender in senders)
                order.say(f"kill {turn + 1}: {acknowledged} acknowledged so far")
            killing.drain(senders)
        finally:
            for sender in senders:
                sender.stop()
            killing.end()


class Sender:
    """A device: publishes numbered readings at QoS 1, and remembers which were acknowledged.

    Its own thread alone knows which message is which; acknowledgements reach it by a queue.
    """

    def __init__(self, site: Site, name: str, pause_s: float) -> None:
        self.name = name
        self.published = 0
        self.acknowledged: set[int] = set()
        self._site = site
        self._pause_s = pause_s
        self._open: dict[int, int] = {}
        self._answers: SimpleQueue[int] = SimpleQueue()
        self._hushed = threading.Event()
        self._stopping = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"device-{name}")
        self._client.username_pw_set(name, site.logins[name])
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(OPEN_MAX)
        self._client.on_publish = self._arrived
        self._thread = threading.Thread(target=self._work, name=f"device {name}", daemon=True)

    def start(self) -> None:
        """Connect, and publish until hushed; starting twice is no error."""
        if self._thread.ident is None:
            self._client.connect_async(self._site.host, self._site.port, keepalive=10)
            self._client.loop_start()
            self._thread.start()

    def hush(self) -> None:
        """Publish nothing new; what is open still wants its acknowledgement."""
        self._hushed.set()

    @property
    def settled(self) -> bool:
        """Whether everything that was published was acknowledged."""
        return self._hushed.is_set() and len(self.acknowledged) == self.published

    def stop(self) -> None:
        """Disconnect."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _work(self) -> None:
        while not self._stopping.wait(self._pause_s):
            while not self._answers.empty():
                self.acknowledged.add(self._open.pop(self._answers.get()))
            if len(self._open) < OPEN_MAX and not self._hushed.is_set():
                self._publish()

    def _publish(self) -> None:
        self.published += 1
        said = {"t": round(time.time(), 3), "n": self.published, "boot": "b1", "cl2_ppm": 0.0}
        sent = self._client.publish(self._site.topic(self.name), msgspec.json.encode(said), qos=1)
        self._open[sent.mid] = self.published

    def _arrived(self, _client: object, _data: object, mid: int, _reason: object, _properties: object) -> None:
        self._answers.put(mid)


@dataclass(slots=True)
class Steady:
    """A number that is looked at again and again, and since when it stands still."""

    value: int = -1
    since: float = 0.0

    def still_s(self, value: int) -> float:
        """For how long, in seconds, the number has been this one."""
        if value != self.value:
            self.value, self.since = value, time.monotonic()
        return time.monotonic() - self.since


def _settled(senders: Sequence[Sender]) -> bool:
    return all(sender.settled for sender in senders)


@dataclass
class Killing:
    """The server under test: started, killed together with its broker, started again."""

    workshop: Workshop
    site: Site
    chance: random.Random
    kills: int = 0
    early_kills: int = 0
    ready_s: list[float] = field(default_factory=list)
    _server: "subprocess.Popen[bytes] | None" = None

    def once(self, life_s_max: float, senders: Sequence[Sender], *, early: bool) -> None:
        """One life and its end."""
        server = self._spawn()
        if early and self.ready_s:
            time.sleep(self.chance.uniform(0.0, median(self.ready_s)))
            self.early_kills += 1
        else:
            self._await_ready(server)
            for sender in senders:
                sender.start()
            self._await_load(senders)
            time.sleep(self.chance.uniform(0.0, life_s_max))
        self._kill(server)

    def drain(self, senders: Sequence[Sender]) -> None:
        """Start once more; let every device have its answers and the log all that the broker holds."""
        self._await_ready(self._spawn())
        for sender in senders:
            sender.hush()
        self._await_drained(senders, sum(sender.published for sender in senders))

    def _await_drained(self, senders: Sequence[Sender], wanted: int) -> None:
        counted, end = Steady(), time.monotonic() + DRAIN_S_MAX
        while time.monotonic() < end:
            stored = seen_in(self.site)
            steady_s = counted.still_s(stored)
            if _settled(senders) and (stored >= wanted or steady_s > STEADY_S):
                return
            time.sleep(0.1)

    def end(self) -> None:
        """Stop in order what still runs."""
        server = self._server
        if server is None or server.poll() is not None:
            return
        server.terminate()
        try:
            server.wait(20.0)
        except subprocess.TimeoutExpired:
            self._kill(server)

    def metrics(self) -> dict[str, float]:
        """How often, and how long a start takes."""
        return {
            "kills": self.kills,
            "kills_while_starting": self.early_kills,
            "restart_s": median(self.ready_s) if self.ready_s else 0.0,
        }

    def _spawn(self) -> "subprocess.Popen[bytes]":
        self.site.ready.unlink(missing_ok=True)
        with (self.site.folder / "server.log").open("ab") as said:
            command = [*self.workshop.server(self.site)]
            self._server = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        return self._server

    def _await_ready(self, server: "subprocess.Popen[bytes]") -> None:
        began = time.monotonic()
        while not self.site.ready.exists():
            if server.poll() is not None or time.monotonic() - began > READY_S_MAX:
                words = (self.site.folder / "server.log").read_text(encoding="utf-8")[-2_000:]
                raise ConfigError(f"The server does not start. Its last words: {words}")
            time.sleep(0.02)
        self.ready_s.append(time.monotonic() - began)

    def _await_load(self, senders: Sequence[Sender]) -> None:
        """A kill counts under load only: devices take a second to come back."""
        before = sum(len(sender.acknowledged) for sender in senders)
        end = time.monotonic() + LOAD_S_MAX
        while sum(len(sender.acknowledged) for sender in senders) == before and time.monotonic() < end:
            time.sleep(0.01)

    def _kill(self, server: "subprocess.Popen[bytes]") -> None:
        """Engine and broker at one moment; which of them first is chance too."""
        both: list[Callable[[], None]] = [server.kill, self._kill_broker]
        self.chance.shuffle(both)
        for kill in both:
            kill()
        server.wait()
        self.kills += 1

    def _kill_broker(self) -> None:
        """The broker of this folder; it may not have been started yet."""
        path = self.site.broker_pid
        if path.exists() and (text := path.read_text(encoding="ascii")).isdecimal():
            with suppress(ProcessLookupError):
                os.kill(int(text), signal.SIGKILL)


def seen_in(site: Site) -> int:
    """How many numbers the log has of all devices, read beside the running server."""
    with reading(site.log_file) as connection:
        (total,) = connection.execute("SELECT coalesce(sum(hi - lo + 1), 0) FROM seen").fetchone()
    return int(total)


def stored_in(workshop: Workshop, site: Site) -> Counter[tuple[str, int]]:
    """How often each message of each device lies in the log, read fact by fact."""
    log = workshop.log_of(site)
    try:
        facts: list[Any] = [fact for fact in log.read() if isinstance(fact, Observation)]
    finally:
        log.close()
    return Counter((fact.source, fact.seq) for fact in facts)


def _counted(senders: Sequence[Sender], stored: Counter[tuple[str, int]]) -> dict[str, float]:
    acknowledged = {(sender.name, number) for sender in senders for number in sender.acknowledged}
    return {
        "acknowledged": len(acknowledged),
        "stored": len(stored),
        "missing": len(acknowledged - stored.keys()),
        "doubled": sum(count > 1 for count in stored.values()),
    }
