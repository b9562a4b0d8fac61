"""One city, spoken twice: over real sockets, and from a capture file; both ways give the same incidents."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from tests.web.house import served, wait_for
from tocsin.app.config import WebPlan
from tocsin.app.demo import demo_settings, devices_of, plan_of
from tocsin.app.live import go_live
from tocsin.app.scenario import SETTLE_S, demo_city_folder, rerun, scenario_path
from tocsin.app.server import office_of
from tocsin.city.context import City
from tocsin.sim.capture import CAPTURE, TRUTH, simulate
from tocsin.sim.capture import read_capture as emissions_of
from tocsin.sim.scenario import load_scenario
from tocsin.sim.speak import HttpPlan, speak, wires_of
from tocsin.store.accounts import Accounts
from tocsin.web.app import create_app

SPEED = 8.0
SEED = 11


@dataclass
class Fast:
    """A clock that runs SPEED times as fast as the wall's while it is let run, and else stands."""

    at: float
    since: float | None = None

    def go(self):
        self.since = time.monotonic()

    def hold(self):
        self.at, self.since = self(), None

    def __call__(self):
        return self.at if self.since is None else self.at + (time.monotonic() - self.since) * SPEED


def short(name):
    """The shipped attack, with less waiting before it and less city after it."""
    scenario = load_scenario(scenario_path(name))
    attack = replace(scenario.attacks[0], at_s=(15.0, 18.0))
    release = replace(scenario.releases[0], at_s=(5.0, 8.0))
    return replace(scenario, attacks=(attack,), releases=(release,), duration_s=190.0)


@contextmanager
def city_online(folder, city, clock):
    """The demo's house with everything that listens, and the wires that reach it."""
    (folder / "eve").mkdir(parents=True)
    devices = devices_of(city)
    live = go_live(folder, demo_settings(city, folder / "eve", WebPlan(port=0)), city, devices=devices, clock=clock)
    accounts = Accounts.open(folder / "private")
    _, token = accounts.add_token("counters", ["ingest"], time.time())
    office = office_of(live, accounts=accounts, demo=None, banner="", hosts=("127.0.0.1",), secure=False)
    live.start()
    try:
        with served(create_app(office), office.ring) as url:
            wait_for(lambda: live.sources["sensors"].wait_ready(0.5), 20.0)
            wires = wires_of(plan_of(live, devices, HttpPlan(url=url, token=token), folder / "eve"))
            yield live, wires
    finally:
        live.stop()
        accounts.close()


def spoken(folder, city, run):
    """The incidents after the capture was spoken over sockets."""
    emissions = list(emissions_of(run / CAPTURE))
    clock = Fast(emissions[0].at - 1.0)
    with city_online(folder, city, clock) as (live, wires):
        clock.go()
        told = speak(iter(emissions), wires, stop=threading.Event(), speed=SPEED)
        clock.hold()  # the last messages are still on their way: no time passes meanwhile
        assert told.lost == {}
        for wire in wires.values():
            wire.close(20.0)
        wait_for(lambda: idle(live.house.flow.counts), 30.0)
        end = clock() + SETTLE_S
        clock.go()
        wait_for(lambda: clock() >= end, 30.0)
        return live.house.view.incidents(), live.house.flow.counts.accepted


def idle(counts):
    """Whether nothing more came for a second of the wall's clock."""
    before = counts.accepted
    time.sleep(1.0)
    return counts.accepted == before


def settled(incidents):
    """What an operator would say of it in the end: titles, stages, urgency, and who saw it."""
    return sorted(
        (
            one.title,
            int(one.priority),
            sorted(stage.hazard for stage in one.stages),
            sorted({part.source for stage in one.stages for part in stage.contributions if part.role == "for"}),
        )
        for one in incidents
    )


@pytest.mark.nightly
def test_the_same_city_over_sockets_and_from_a_capture(tmp_path):
    city = City.load(demo_city_folder())
    run = tmp_path / "run"
    simulate(short("chlorine-at-the-station"), SEED, city, run)
    assert (run / TRUTH).is_file()
    online, accepted = spoken(tmp_path / "online", city, run)
    _, revisions = rerun(run, folder=tmp_path / "recorded")
    recorded = {one.id: one for one in sorted(revisions, key=lambda one: one.rev)}
    assert accepted > 5_000
    assert settled(online) == settled(recorded.values())
    assert [one.priority for one in online] == [0]
