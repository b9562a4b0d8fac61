"""No real output leaves: every responder, with facts that are not live, through every kind of outlet."""

import importlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.engine.receivers import HttpReceiver, SyslogReceiver, served
from tests.store.material import SeededKeys
from tocsin.contract.cases import approved
from tocsin.contract.folding import Folding
from tocsin.contract.resources import Resources
from tocsin.contract.walk import members, start
from tocsin.engine.outbox import Carrier, FolderOutlet, HttpOutlet, SyslogOutlet
from tocsin.gate.outlet import permit
from tocsin.model import Origin, Proposal
from tocsin.store.log import EventLog
from tocsin.store.outbox import Outbox

RESPONDERS = members("responders")
UNREAL = [origin for origin in Origin if origin is not Origin.LIVE]


class World:
    """Everything that output could reach, and an outbox that would bring it there."""

    def __init__(self, folder):
        self.http, self.siem = served(HttpReceiver()), served(SyslogReceiver())
        self.real, self.drill = folder / "real", folder / "drill"
        outlets = {
            "http": HttpOutlet(url=self.http.url),
            "marked http": HttpOutlet(url=self.http.url, exercise=True),
            "siem": SyslogOutlet(host="127.0.0.1", port=self.siem.port, transport="tcp"),
            "real": FolderOutlet(folder=self.real),
            "drill": FolderOutlet(folder=self.drill, exercise=True),
        }
        self.names, self.told = list(outlets), []
        self.log = EventLog.open(folder / "log", SeededKeys())
        self.outbox = Outbox(self.log)
        self.carrier = Carrier(self.outbox, outlets, permit, lambda: 0.0, self.told.append)

    def carry(self, deliveries):
        """Each delivery, through every outlet there is."""
        for one in deliveries:
            for name in self.names:
                self.outbox.put(replace(one, id=f"{one.id}/{name}", outlet=name), 0.0)
        while self.carrier.run_once(0.0):
            pass

    @property
    def reached(self):
        return len(self.http.got), len(self.siem.got), len(list(self.real.glob("*")))

    def close(self):
        self.http.shutdown()
        self.siem.shutdown()
        self.log.close()


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close()


def deliveries_of(responder, origin, action_origin):
    """What the responder would send on the alarm sample of its own test file, with facts of this origin."""
    module = importlib.import_module(f"tests.responders.test_{responder.__module__.rpartition('.')[2]}")
    member = getattr(module, "MEMBER", None) or responder()
    running = Folding(start(member, Resources()), member.key)
    told = [said for fact in module.ALARM for said in running.feed(replace(fact, origin=origin))]
    drafts = [one for one in told if isinstance(one, Proposal) and one.state == "draft"]
    actions = [replace(approved(one, at=one.at + 1), origin=action_origin) for one in drafts]
    return [delivery for action in actions for delivery in running.stage.act(action)]


@pytest.mark.parametrize("origin", UNREAL)
@pytest.mark.parametrize("responder", RESPONDERS, ids=lambda responder: responder.kind)
def test_what_is_not_live_reaches_nothing_but_the_exercise_folder(responder, origin, world):
    for action_origin in (origin, Origin.LIVE):
        deliveries = deliveries_of(responder, origin, action_origin)
        assert deliveries, f"{responder.kind} sends nothing on its own alarm sample: this test would prove nothing"
        world.carry(deliveries)
    assert world.reached == (0, 0, 0)
    assert {one.state for one in world.told} == {"delivered", "held back"}
    marked = [file.name for file in world.drill.iterdir()]
    assert marked
    assert all(name.startswith("exercise-") for name in marked)


@pytest.mark.parametrize("responder", RESPONDERS, ids=lambda responder: responder.kind)
def test_a_live_fact_does_leave_so_the_servers_would_have_noticed(responder, world):
    world.carry(deliveries_of(responder, Origin.LIVE, Origin.LIVE)[:1])
    assert world.reached[0] == 1
    assert world.reached[2] == 1
    assert not world.drill.exists()


def test_the_exercise_folders_warning_says_that_it_is_an_exercise(world):
    (warning,) = [one for one in RESPONDERS if one.kind == "warning.cap"]
    world.carry(deliveries_of(warning, Origin.SIMULATED, Origin.LIVE))
    for file in world.drill.iterdir():
        assert b"<status>Exercise</status>" in file.read_bytes()
        assert Path(file).name.endswith(".xml")


def test_every_responder_is_found():
    assert {one.kind for one in RESPONDERS} >= {"warning.cap", "export.webhook", "export.syslog"}
