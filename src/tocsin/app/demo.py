"""`tocsin demo`: a living, simulated city behind the real protocols, and its first incident within a minute."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from tocsin.app.config import EMBEDDED, BrokerPlan, MemberPlan, OutletPlan, Settings, WebPlan
from tocsin.app.live import Live, go_live
from tocsin.app.scenario import demo_city_folder, routes, scenario_path
from tocsin.app.server import address_of, listening, office_of, open_browser, serve_until_stopped
from tocsin.city.context import City
from tocsin.engine.broker import Device
from tocsin.model import Origin, derived_id
from tocsin.sim.scenario import Scenario, load_scenario
from tocsin.sim.speak import HttpPlan, Login, MqttPlan, Plan
from tocsin.sim.world import FAMILIES
from tocsin.store.accounts import Account, Accounts

BANNER = "simulated city, no real data"

CROWD = "crowd"
"""The HTTP input of the crowd counters."""

INSTRUMENTS = "instruments"
"""The HTTP input of spectrometers."""

CAMERAS = "cameras"
"""The HTTP input of the recorders that speak for the cameras."""


def demo(*, port: int, scenario: str, seed: int, folder: Path | None, browse: bool) -> int:
    """Run the demo until it is stopped. Without a folder nothing of it is kept."""
    if folder is not None:
        return _run(folder, port, scenario, seed, browse=browse)
    with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as made:
        return _run(Path(made), port, scenario, seed, browse=browse)


def _run(folder: Path, port: int, scenario: str, seed: int, *, browse: bool) -> int:
    path = scenario_path(scenario)
    shown = load_scenario(path)
    plan = WebPlan(port=port)
    bound = listening(plan)
    city = City.load(demo_city_folder())
    logs = folder / "eve"
    logs.mkdir(parents=True, exist_ok=True)
    devices = devices_of(city)
    live = go_live(folder, demo_settings(city, logs, plan), city, devices=devices)
    accounts = Accounts.open(folder / "private")
    _, token = accounts.add_token("simulated crowd counters", ["ingest"], time.time())
    address = address_of(plan, bound)
    told = folder / "private" / "speak.json"
    write_plan(told, plan_of(live, devices, HttpPlan(url=address, token=token), logs))
    operator = Account(id=derived_id("acc", "demo"), name="Demo operator", role="supervisor")
    office = office_of(
        live, accounts=accounts, demo=operator, banner=BANNER, hosts=("127.0.0.1", "localhost", "[::1]"), secure=False
    )
    children: list[subprocess.Popen[bytes]] = []
    live.start()
    try:
        serve_until_stopped(
            office, plan, bound, lambda: _ready(address, children, shown, [told, path, seed], folder, browse=browse)
        )
    finally:
        for child in children:
            child.terminate()
        live.stop()
        accounts.close()
    return 0


def _ready(
    address: str,
    children: list[subprocess.Popen[bytes]],
    shown: Scenario,
    told: list[Any],
    folder: Path,
    *,
    browse: bool,
) -> None:
    children.append(speaker(*told, skip_s=shown.shown_from_s, log=folder / "speak.log"))
    print(f"Tocsin is ready: {address}", flush=True)
    soon = " The first incident rises in a minute or two." if shown.expected.incidents_min else ""
    print(f"A simulated city, no real data.{soon} Stop with Ctrl C.", flush=True)
    if browse:
        open_browser(address)


def demo_settings(city: City, logs: Path, web: WebPlan) -> Settings:
    """The demo's configuration: the same inputs that a real city would have, on a free port of the loopback."""
    read_by = routes(demo_city_folder())
    inputs = {
        "sensors": MemberPlan(kind="mqtt", parameters={"url": EMBEDDED, **read_by}),
        CROWD: MemberPlan(kind="http", parameters={"mapping": "crowd", "mappings": read_by["mappings"]}),
        CAMERAS: MemberPlan(kind="http"),
        INSTRUMENTS: MemberPlan(kind="http"),
    }
    for sensor in city.sensors.values():
        if sensor.family == "network":
            path = str(logs / f"{sensor.id}.eve.json")
            parameters = {"path": path, "source": sensor.id, "format": "eve", "wait_s": 0.5}
            inputs[sensor.id] = MemberPlan(kind="tail", parameters=parameters)
    return Settings(
        origin=Origin.SIMULATED,
        banner=BANNER,
        web=web,
        broker=BrokerPlan(port=0),
        inputs=inputs,
        outlets={"folder": OutletPlan(kind="folder", folder="exercise", exercise=True)},
    )


def devices_of(city: City) -> list[Device]:
    """One credential per sensor that speaks MQTT, allowed its own topic and nothing else."""
    return [
        Device(name=sensor.id, publish=(f"city/{sensor.family}/{sensor.id}",))
        for sensor in city.sensors.values()
        if sensor.family in FAMILIES
    ]


def plan_of(live: Live, devices: list[Device], http: HttpPlan, logs: Path) -> Plan:
    """Where the simulator shall speak, and as whom."""
    if live.broker is None:
        return Plan(http=http, eve_folder=str(logs))
    logins = {one.name: Login(user=one.name, password=live.broker.credentials[one.name]) for one in devices}
    mqtt = MqttPlan(host=live.broker.host, port=live.broker.port, devices=logins)
    return Plan(mqtt=mqtt, http=http, eve_folder=str(logs))


def write_plan(path: Path, plan: Plan) -> None:
    """The plan file holds secrets and is ours alone."""
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(plan))


def speaker(
    plan: Path, scenario: Path, seed: int, *, skip_s: float, log: Path, speed: float = 1.0
) -> subprocess.Popen[bytes]:
    """The simulator as a child process: it sees nothing of ours but the protocols."""
    arguments = {
        "--plan": plan,
        "--city": demo_city_folder(),
        "--scenario": scenario,
        "--seed": seed,
        "--speed": speed,
        "--skip-s": skip_s,
        "--duration-s": 7 * 86_400,
    }
    command = [sys.executable, "-m", "tocsin.sim.speak", *(str(part) for pair in arguments.items() for part in pair)]
    with log.open("ab") as said:
        return subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, "OMP_NUM_THREADS": "1"})
