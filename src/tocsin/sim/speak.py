"""Speaks for the devices of the simulated city over real sockets and files, in real time.

Run as a child process: `python -m tocsin.sim.speak --plan plan.json --city DIR --scenario FILE
--seed 7`. It ends with its scenario, on SIGTERM, or when its parent is gone.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from tocsin.city.context import City
from tocsin.model import ConfigError, TocsinError
from tocsin.sim.emission import Emission
from tocsin.sim.scenario import load_scenario
from tocsin.sim.wires import EveFiles, HttpWire, MqttWires, Wire
from tocsin.sim.world import generate

NAP_S = 0.2
"""Longest sleep at a stretch, so that an end is noticed soon."""

WAIT_FOR_ACKS_S = 10.0


class Login(Struct, frozen=True, forbid_unknown_fields=True):
    """What one device signs in with."""

    user: str
    password: str


class MqttPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The broker, and one login per device; `ca` is a file of certificates for TLS."""

    host: str
    port: int
    devices: dict[str, Login] = {}
    ca: str = ""


class HttpPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where readings are posted: base address, and the API token."""

    url: str
    token: str = ""


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whereto the city speaks; a part that is None is silent. It holds secrets: mode 0600."""

    mqtt: MqttPlan | None = None
    http: HttpPlan | None = None
    eve_folder: str = ""


class Clock(Protocol):
    """Time and sleep, so that a test need not wait."""

    def time(self) -> float:
        """Seconds UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Spoken(Struct):
    """What came of it, by channel: sent, and lost because nobody took it in time."""

    sent: dict[str, int] = {}
    lost: dict[str, int] = {}


def read_plan(path: Path) -> Plan:
    """The plan file; raises ConfigError without repeating its content."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise ConfigError(f"The plan {path} cannot be read: {error.strerror}.") from error
    except msgspec.MsgspecError as error:
        raise ConfigError(f"The plan {path} is not right: {error}.") from error


def wires_of(plan: Plan) -> dict[str, Wire]:
    """Open what the plan names, by channel."""
    wires: dict[str, Wire] = {}
    if plan.mqtt is not None:
        logins = {name: (login.user, login.password) for name, login in plan.mqtt.devices.items()}
        wires["mqtt"] = MqttWires(plan.mqtt.host, plan.mqtt.port, logins, ca=plan.mqtt.ca)
    if plan.http is not None:
        wires["http"] = HttpWire(plan.http.url, plan.http.token)
    if plan.eve_folder:
        wires["eve"] = EveFiles(Path(plan.eve_folder))
    return wires


def speak(
    emissions: Iterable[Emission],
    wires: dict[str, Wire],
    *,
    stop: threading.Event,
    speed: float = 1.0,
    skip_until: float = 0.0,
    clock: Clock = time,
) -> Spoken:
    """Send every emission when its time has come, `speed` times as fast as the clock.

    Those before `skip_until` (seconds UTC of the emissions) are left out: the world has lived
    already when people come. Sending never blocks the city: what a wire cannot take is lost
    and counted, as with a real device.
    """
    spoken = Spoken()
    begin: tuple[float, float] | None = None
    for emission in emissions:
        if emission.at < skip_until:
            continue
        begin = begin or (clock.time(), emission.at)
        if not _wait_until(begin[0] + (emission.at - begin[1]) / speed, clock, stop):
            break
        wire = wires.get(emission.channel)
        if wire is not None:
            counts = spoken.sent if wire.send(emission) else spoken.lost
            counts[emission.channel] = counts.get(emission.channel, 0) + 1
    return spoken


def _wait_until(moment: float, clock: Clock, stop: threading.Event) -> bool:
    while not stop.is_set():
        left = moment - clock.time()
        if left <= 0:
            return True
        clock.sleep(min(left, NAP_S))
    return False


def _options(arguments: Sequence[str]) -> Any:  # noqa: ANN401  # argparse's namespace
    parser = argparse.ArgumentParser(prog="python -m tocsin.sim.speak", description="Speak for the simulated city.")
    parser.add_argument("--plan", type=Path, required=True, help="JSON file: broker, logins, folder, address")
    parser.add_argument("--city", type=Path, required=True, help="folder of the city")
    parser.add_argument("--scenario", type=Path, required=True, help="scenario file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0, help="times as fast as the clock")
    parser.add_argument("--skip-s", type=float, default=0.0, help="begin so many seconds into the scenario")
    parser.add_argument("--start-at", type=float, help="first second of the scenario, UTC (default: now less skip)")
    parser.add_argument("--duration-s", type=float, help="live on, or end, after so many seconds")
    return parser.parse_args(arguments)


def _stopper() -> threading.Event:
    """Set on SIGTERM, SIGINT, or when the parent process is gone."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    parent = os.getppid()

    def watch() -> None:
        while not stop.wait(1.0):
            if os.getppid() != parent:
                stop.set()

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
    return stop


def _run(arguments: Sequence[str]) -> Spoken:
    options = _options(arguments)
    stop = _stopper()
    city, scenario = City.load(options.city), load_scenario(options.scenario)
    start_at = options.start_at if options.start_at is not None else time.time() - options.skip_s
    emissions = generate(scenario, options.seed, city, start_at=start_at, duration_s=options.duration_s)
    wires = wires_of(read_plan(options.plan))
    try:
        return speak(emissions, wires, stop=stop, speed=options.speed, skip_until=start_at + options.skip_s)
    finally:
        for wire in wires.values():
            wire.close(WAIT_FOR_ACKS_S)


def main(arguments: Sequence[str] | None = None) -> int:
    """Speak until the end; exit status 2 with a plain sentence where the plan cannot work."""
    try:
        spoken = _run(sys.argv[1:] if arguments is None else arguments)
    except TocsinError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(msgspec.json.encode(spoken).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
