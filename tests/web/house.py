"""A whole small house for tests of the web: real stores, real engine, one HTTP input, one real server."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI
from msgspec.structs import replace

from tocsin.app.config import Settings
from tocsin.app.house import House, naming_of, open_house, unmasking_of
from tocsin.app.inforce import changes
from tocsin.city.cameras import Camera, Pose
from tocsin.city.context import City
from tocsin.city.processing import Processing
from tocsin.city.registry import Coverage, Sensor
from tocsin.engine.desk import Desk
from tocsin.engine.embedded import Embedded, Limits
from tocsin.engine.orders import Orders
from tocsin.engine.ring import Ring
from tocsin.engine.rulemarks import RuleMarks
from tocsin.engine.rulewatch import RuleWatch
from tocsin.engine.status import Status
from tocsin.engine.teller import Teller
from tocsin.model import Level, Origin, Place, SourceState
from tocsin.sources.http import HttpIngest, RunningHttp
from tocsin.sources.sapient import SapientNodes
from tocsin.sources.tail import Tail
from tocsin.store.accounts import Account, AccountLimits, Accounts
from tocsin.store.outbox import Outbox
from tocsin.web.app import create_app
from tocsin.web.office import Office

SQUARE = Place(lon=24.9440, lat=60.1708, name="Test Square")
PASSWORD = "correct horse battery"
QUICK = AccountLimits(hash_memory_kib=1024, hash_passes=1, hash_lanes=1, tries_max=3)
"""A password hash that is quick to check: its strength is tested with the accounts."""

DEMO = Account(id="acc-demo", name="Demo operator", role="supervisor")
PAGE = {"X-Tocsin": "1"}


RECORD = Processing(
    id="square",
    name="Test Square",
    purpose="Safety of people on the square.",
    legal_basis="An example act.",
    controller="The city.",
    notice="Cameras watch this square.",
    forbidden=("vision.loitering",),
)
SET_UP = Camera(processing="square", pose=Pose(height_m=6.0, tilt_deg=25.0, field_deg=60.0, bearing_deg=90.0))
"""How cam-1 is set up; cam-0 is one that the map knows and nobody connected."""


def small_city() -> City:
    """Three gas sensors, two cameras and a network sensor around a square."""
    city = City.empty("Test City", SQUARE)
    for number in range(3):
        place = Place(lon=SQUARE.lon + number * 1e-4, lat=SQUARE.lat, radius_m=5.0)
        city = city.with_sensor(_sensor(f"gas-{number}", "gas", place, ("toxic",)))
    city = city.with_sensor(_sensor("ids", "network", SQUARE, ()))
    camera = replace(_sensor("cam-1", "camera", SQUARE, ()), level_max=Level.REDACTED, camera=SET_UP)
    city = city.with_sensor(camera).with_processing(RECORD)
    return city.with_sensor(_sensor("cam-0", "camera", SQUARE, ()))


def _sensor(name, family, place, sees) -> Sensor:
    reach = Coverage(range_m=150.0, bearing_deg=None, assumed=("bearing_deg",))
    state = SourceState.IN_SERVICE
    level = Level.ANONYMOUS if family == "network" else Level.AMBIENT
    return Sensor(
        id=name, family=family, name=name, place=place, coverage=reach, sees=sees, state=state, level_max=level
    )


@dataclass(kw_only=True)
class Running:
    """A house, its engine, its office, and where it is served."""

    house: House
    engine: Embedded
    office: Office
    accounts: Accounts
    outbox: Outbox
    app: FastAPI
    inlet: RunningHttp
    url: str = ""
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def client(self, **more) -> httpx.Client:
        """A client without a session."""
        return httpx.Client(base_url=self.url, headers=PAGE, timeout=20.0, **more)

    def sign_in(self, name) -> httpx.Client:
        """A client with a new session."""
        client = self.client()
        client.post("/api/session", json={"name": name, "password": PASSWORD}).raise_for_status()
        return client

    def signed_in(self, name="anna") -> httpx.Client:
        """A client with the session that this account has already."""
        if name not in self.cookies:
            self.cookies[name] = dict(self.sign_in(name).cookies)
        return self.client(cookies=self.cookies[name])

    def token(self, *scopes, label="gateway") -> str:
        """The secret of a new API token."""
        return self.accounts.add_token(label, scopes, self.office.now())[1]

    def release(self, ppm=60.0, source="gas-0") -> httpx.Response:
        """Post three minutes of chlorine."""
        lines = "".join(line(source, time.time() - age_s, ppm) for age_s in range(180, 0, -10))
        return self.post(lines)

    def post(self, lines, token=None, source="gas") -> httpx.Response:
        """Post lines to an input."""
        secret = self.token("ingest") if token is None else token
        return httpx.post(
            f"{self.url}/api/ingest/{source}",
            content=lines,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=20.0,
        )


def line(source, at, ppm=0.0) -> str:
    """One reading as it is posted."""
    return f'{{"source":"{source}","t":{at:.3f},"n":{int(at * 1000)},"boot":"b","cl2_ppm":{ppm}}}\n'


@contextmanager
def running(
    folder: Path,
    *,
    waiting_max: int = 64,
    started: bool = True,
    rules: Path | None = None,
    log: Path | None = None,
    nodes: bool = False,
) -> Iterator[Running]:
    """A house that runs and is served on a free port of this machine, until the end of the block.

    `rules` is the folder of the city's own rules, `log` a log file that the network sensor `ids` writes; with `nodes`
    SAPIENT nodes can connect on a free port.
    """
    house = open_house(folder, Settings(origin=Origin.EXERCISE), small_city(), rules=rules)
    inlet = HttpIngest(name="gas", origin=Origin.EXERCISE, waiting_max=waiting_max).start(house.resources)
    inputs = {"gas": ("http", inlet)}
    if log is not None:
        tail = Tail(path=str(log), source="ids", origin=Origin.EXERCISE, wait_s=0.1)
        inputs["log"] = ("tail", tail.start(house.resources))
    if nodes:
        listening = SapientNodes(name="nodes", port=0, origin=Origin.EXERCISE)
        inputs["nodes"] = ("feed.sapient", listening.start(house.resources))
    engine = Embedded(house.flow, inputs, limits=Limits(tick_s=0.1, poll_s=0.02))
    house.rules.watch = RuleWatch(
        house.resources.content, rules, house.reloading, post=engine.post, clock=time.time, origin=Origin.EXERCISE
    )
    outbox, accounts = Outbox(house.log), Accounts.open(folder / "private", limits=QUICK)
    status = Status(engine, house.view, house.ledger, outbox, house.rules)
    engine.each_tick(Teller(house.view, status).tick)
    office = Office(
        view=house.view,
        desk=_desk(house, engine, outbox, Orders({name: source for name, (_, source) in inputs.items()})),
        status=status,
        casebook=house.casebook,
        log=house.log,
        ledger=house.ledger,
        ledger_folder=folder / "ledger",
        quarantine=house.quarantine,
        graph=house.graph,
        ring=house.view.ring,
        origin="exercise",
        banner="exercise",
        now=time.time,
        accounts=accounts,
        ingest={"gas": inlet},
        hosts=("127.0.0.1",),
        rules=house.rules,
        marks=RuleMarks(house.rules, house.city),
        naming=naming_of(house, time.time),
        gallery=house.gallery,
        unmasking=unmasking_of(house, time.time),
        resources=house.resources,
    )
    for name, role in (("anna", "operator"), ("berta", "supervisor"), ("vera", "viewer")):
        accounts.add(name, PASSWORD, role, time.time())
    if started:
        engine.start()
        for change in changes(house.in_force, time.time(), Origin.EXERCISE):
            engine.post(change)
    app = create_app(office)
    with served(app, office.ring) as url:
        yield Running(
            house=house, engine=engine, office=office, accounts=accounts, outbox=outbox, app=app, inlet=inlet, url=url
        )
    engine.stop()
    house.close(time.time())
    accounts.close()


def _desk(house, engine, outbox, orders) -> Desk:
    def send(action, now):
        for delivery in house.graph.act(action):
            outbox.put(delivery, now)

    return Desk(
        view=house.view,
        engine=engine,
        ledger=house.ledger,
        policies=house.policies,
        origin=Origin.EXERCISE,
        clock=time.time,
        send=send,
        rules=house.rules,
        orders=orders,
    )


@contextmanager
def served(app: FastAPI, ring: Ring) -> Iterator[str]:
    """A real server on a free port; its streams end with the ring."""
    config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        ring.close()
        server.should_exit = True
        thread.join(10.0)


def wait_for(ready, wait_s=10.0):
    """Ask until something is true; its last answer."""
    end = time.monotonic() + wait_s
    while not (answer := ready()):
        assert time.monotonic() < end, "this did not come in time"
        time.sleep(0.02)
    return answer
