"""`tocsin evaluate` and `tocsin bench`: the workshop that suites are lent, and how their reports are told."""

import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from tocsin.app.config import EMBEDDED, BrokerPlan, MemberPlan, Settings
from tocsin.app.house import House, open_house, settled
from tocsin.app.scenario import SETTLE_S, demo_city_folder, routes, scenario_path
from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.walk import configured, member_of
from tocsin.engine.broker import READY_S_MAX, Broker, Device
from tocsin.engine.rerun import Rerun
from tocsin.gate.keys import KeyRing
from tocsin.model import ConfigError, Origin, Place, SourceState, moved
from tocsin.sim.capture import CAPTURE, simulate
from tocsin.sim.scenario import load_scenario
from tocsin.store.log import FILE as LOG_FILE
from tocsin.store.log import EventLog
from tocsin.suites import Order, Rehearsed, Report, Site, Verb, seeds_of, suite_named

PLAN = "site.json"
"""What a server of `bench kill` reads: port and devices."""

BROKER = "broker"
READY = "ready"

SETTINGS = Settings(origin=Origin.SIMULATED, newcomers=SourceState.IN_SERVICE)
"""What suites measure: the shipped defaults, on simulated input, with every sensor accepted."""


@dataclass(frozen=True)
class Bench:
    """The workshop: installations, scenarios and rehearsals, all in folders that are given back."""

    def open(self, folder: Path, city: City, *, recorded: bool = False, rules: Path | None = None) -> House:
        """A fresh installation of simulated origin."""
        return settled(open_house(folder, SETTINGS, city, recorded=recorded, rules=rules))

    def scenario(self, name: str) -> Path:
        """The file of a scenario by name or path."""
        return scenario_path(name)

    @contextmanager
    def rehearse(self, scenario: Path, seed: int) -> Iterator[Rehearsed]:
        """Simulate, replay, lend what came of it; the folder is gone afterwards."""
        city = City.load(demo_city_folder())
        with tempfile.TemporaryDirectory(prefix="tocsin-suite-") as made:
            run = Path(made, "run")
            _, truth = simulate(load_scenario(scenario), seed, city, run)
            house = self.open(Path(made, "house"), city, recorded=True)
            driver = Rerun(house.flow)
            try:
                source = configured(member_of("sources", "replay"), _recording(run)).start(house.resources)
                concluded = (*driver.run(source, "replay"), *driver.settle(SETTLE_S))
                yield Rehearsed(truth=truth, concluded=concluded, log=house.log)
            finally:
                house.close(driver.now)

    def furnish(self, folder: Path, devices: Sequence[str]) -> Site:
        """Write down who may publish, on which port; the broker's own files make the passwords."""
        broker = Broker(folder / BROKER, [_device(name) for name in devices])
        plan = {"port": broker.port, "devices": list(devices)}
        (folder / PLAN).write_bytes(msgspec.json.encode(plan))
        return Site(
            folder=folder,
            log_file=folder / "log" / LOG_FILE,
            broker_pid=folder / BROKER / "broker.pid",
            ready=folder / READY,
            host=broker.host,
            port=broker.port,
            logins={name: broker.credentials[name] for name in devices},
        )

    def server(self, site: Site) -> Sequence[str]:
        """This module, as a program."""
        return [sys.executable, "-m", "tocsin.app.suites", str(site.folder)]

    def log_of(self, site: Site) -> EventLog:
        """The log, with the keys of the site."""
        return EventLog.open(site.log_file.parent, KeyRing.open(site.folder / "private" / "keys"))


def run_evaluate(
    name: str,
    data: Path | None,
    test: Path | None,
    seeds: Sequence[str],
    as_json: bool,
    *,
    parameters: Sequence[str] = (),
) -> int:
    """Run a suite of quality and print its report; `parameters` are `name=value` of the suite's fields."""
    tell(measure("evaluate", name, data=data, test=test, seeds=seeds, parameters=parameters), as_json=as_json)
    return 0


def run_bench(
    name: str, data: Path | None, as_json: bool, *, parameters: Sequence[str] = (), seeds: Sequence[str] = ()
) -> int:
    """Run a suite of speed or endurance and print its report."""
    tell(measure("bench", name, data=data, seeds=seeds, parameters=parameters), as_json=as_json)
    return 0


def measure(
    verb: Verb,
    name: str,
    *,
    data: Path | None,
    test: Path | None = None,
    seeds: Sequence[str] = (),
    parameters: Sequence[str] = (),
) -> Report:
    """The report of a suite; it names the command that makes it again."""
    options = [*_option("data", data), *_option("test", test), *(f"--seed {seed}" for seed in seeds)]
    command = " ".join([f"tocsin {verb}", name, *options, *(f"--set {text}" for text in parameters)])
    order = Order(command=command, data=data, test=test, seeds=seeds_of(seeds), say=_say)
    suite = configured(cast("type", suite_named(verb, name)), _parameters(parameters))
    report: Report = suite.run(order, Bench())
    return report


def _parameters(texts: Sequence[str]) -> dict[str, Any]:
    """Name and value of each; a value is JSON where it reads as such, else a word."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"{text!r} sets nothing: write name=value.")
        try:
            found[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            found[name] = value
    return found


def _option(name: str, value: Path | None) -> list[str]:
    return [] if value is None else [f"--{name} {value}"]


def _recording(run: Path) -> dict[str, Any]:
    read_by: Mapping[str, Any] = routes(demo_city_folder())
    return {"paths": [str(run / CAPTURE)], "origin": Origin.SIMULATED, "mapping": "crowd", **read_by}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def tell(report: Report, *, as_json: bool) -> None:
    """Print a report: one JSON object, or its numbers in columns."""
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    print(f"{report.suite} on {report.data}")
    _table("", report.metrics)
    for peer, metrics in report.peers.items():
        _table(f"peer {peer}: ", metrics)
    print(f"made by: {report.command}")


def _table(prefix: str, metrics: Mapping[str, float]) -> None:
    for name, value in metrics.items():
        print(f"  {prefix}{name:<40} {value:>14.6g}")


def _device(name: str) -> Device:
    return Device(name=name, publish=(f"city/gas/{name}",))


def _gas_sensor(name: str, index: int) -> Sensor:
    place = moved(Place(lon=24.94, lat=60.17), 400.0 * index, 0.0)
    coverage = Coverage(range_m=300.0)
    return Sensor(id=name, family="gas", name=name, place=place, coverage=coverage, state=SourceState.IN_SERVICE)


def serve_site(folder: Path) -> None:
    """Serve a furnished folder until SIGTERM: broker, session, engine, all as in `tocsin serve`, without a console."""
    from tocsin.app.live import go_live

    plan: dict[str, Any] = msgspec.json.decode((folder / PLAN).read_bytes())
    city = City.empty("kill", Place(lon=24.94, lat=60.17))
    for index, name in enumerate(plan["devices"]):
        city = city.with_sensor(_gas_sensor(name, index))
    parameters = {"url": EMBEDDED, **routes(demo_city_folder())}
    settings = msgspec.structs.replace(
        SETTINGS,
        broker=BrokerPlan(port=plan["port"]),
        inputs={"sensors": MemberPlan(kind="mqtt", parameters=parameters)},
    )
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    live = go_live(folder, settings, city, devices=[_device(name) for name in plan["devices"]])
    live.start()
    try:
        session: Any = live.sources["sensors"]
        if session.wait_ready(READY_S_MAX):
            (folder / READY).touch()
            stopping.wait()
    finally:
        live.stop()


if __name__ == "__main__":
    serve_site(Path(sys.argv[1]))
