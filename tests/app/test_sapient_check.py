"""The conformance check: our own two sides pass it, and each fault of a broken one is named."""

import threading
import time
from pathlib import Path

import pytest

from tests.sources.certificates import signed
from tocsin.app.sapient.channel import Papers, Wire
from tocsin.app.sapient.edge import check_edge
from tocsin.app.sapient.fusion import check_fusion
from tocsin.contract.resources import Resources
from tocsin.engine.parent import Ourselves, ParentOutlet
from tocsin.formats import sapient
from tocsin.sim.sapient_node import SimulatedNode
from tocsin.sources.sapient import SapientNodes

WHO = Ourselves(node_id="a8654cdf-4328-47de-81fa-c495589e30c9", name="Tocsin", classes=("toxic",), interval_s=0.4)


@pytest.fixture
def quick(monkeypatch):
    """Shorter waits: the faults here are certain."""
    monkeypatch.setattr("tocsin.app.sapient.edge.ANSWER_S_MAX", 0.5)
    monkeypatch.setattr("tocsin.app.sapient.edge.HELD_BACK_S", 0.2)
    monkeypatch.setattr("tocsin.app.sapient.fusion.ANSWER_S_MAX", 1.0)
    monkeypatch.setattr("tocsin.app.sapient.fusion.QUIET_S", 0.2)


@pytest.fixture
def fusion_node():
    """Our fusion node, whose readings are taken and acknowledged as an engine would."""
    running = SapientNodes(port=0).start(Resources(token_key=b"k" * 16))
    stopping = threading.Event()

    def take():
        while not stopping.is_set():
            delivered = running.next_batch(0.05)
            if delivered is not None:
                delivered.acknowledge()

    taking = threading.Thread(target=take)
    taking.start()
    yield running
    stopping.set()
    taking.join()
    running.close()


def wire(port, *, listen=False, wait_s=5.0):
    return Wire("127.0.0.1", port, Papers(), listen=listen, wait_s=wait_s)


def failing(points):
    return {one.name: one.text for one in points if one.state == "fails"}


def test_our_fusion_node_holds_every_point(fusion_node, quick):
    with wire(fusion_node.port) as opened:
        points = check_fusion(opened)
    assert failing(points) == {}
    assert len(points) == 13


def test_our_edge_node_holds_every_point(quick):
    with wire(0, listen=True) as opened:
        outlet = ParentOutlet(("127.0.0.1", opened.port), WHO, None)
        points = check_edge(opened, 5.0)
        outlet.close()
    assert failing(points) == {}
    assert sum(one.state == "holds" for one in points) >= 16


def test_over_tls_a_fusion_node_holds_every_point_too(tmp_path, quick):
    authority = signed(tmp_path, "authority")
    _, _, certificate, key = signed(tmp_path, "localhost", authority)
    papers = {"certificate": certificate, "private_key": key}
    running = SapientNodes(port=0, client_ca=authority[2], **papers).start(Resources(token_key=b"k" * 16))
    taking = threading.Thread(target=lambda: [one.acknowledge() for one in iter(lambda: running.next_batch(1.0), None)])
    taking.start()
    ours = Papers(**{name: Path(path) for name, path in {"ca_file": authority[2], **papers}.items()})
    with Wire("localhost", running.port, ours, listen=False, wait_s=5.0) as opened:
        points = check_fusion(opened)
    running.close()
    taking.join()
    assert failing(points) == {}


def careless(port):
    """A node that reports before it is let in, is late with its status, and answers nothing."""
    with SimulatedNode(port) as node:
        content = sapient.registration(sapient.Role(name="Careless", type="CAMERA", interval_s=0.2, classes=("Human",)))
        content["registration"]["icd_version"] = "BSI Flex 335 v1.0"
        node.say(content)
        node.detect(("Car", 0.9))
        node.answer()
        for _ in range(2):
            node.status(new=False)
            time.sleep(1.0)
        node.id = "d1e2cd0f-870c-5b15-9d7c-000000000000"
        node.say(node.report(), at=1.0)
        time.sleep(2.5)


def test_every_fault_of_a_careless_node_is_named(quick):
    with wire(0, listen=True, wait_s=2.0) as opened:
        node = threading.Thread(target=careless, args=(opened.port,))
        node.start()
        faults = failing(check_edge(opened, 3.0))
        node.join()
    assert {
        "it speaks version 2 of the standard",
        "it waits until the registration is answered",
        "a status every 0.2 s, as it registered",
        "the first status says that it is new",
        "a task is answered by its id",
        "a message against the standard is answered by an error",
        "one node id in all messages",
        "its clock is right",
        "detections are of registered classes",
        "it comes back and registers anew after we hung up",
    } <= faults.keys()


def test_a_silent_peer_fails_at_once(quick):
    with wire(0, listen=True, wait_s=0.3) as opened:
        silent = SimulatedNode(opened.port)
        (point,) = check_edge(opened, 1.0)
        silent.close()
    assert (point.state, point.text) == ("fails", "nothing came")


def test_the_command_tells_each_point(tocsin, fusion_node, quick):
    said = tocsin("sapient", "check", f"127.0.0.1:{fusion_node.port}", "--as-fusion", "--json")
    assert said.status == 0
    assert {row["state"] for row in said.rows} == {"holds"}
    said = tocsin("sapient", "check", f"127.0.0.1:{fusion_node.port}", "--as-fusion")
    assert "All 13 points that were tried hold." in said.text


@pytest.mark.parametrize("address", ["nowhere", "host:99999", "host:"])
def test_an_address_that_is_none_is_refused(tocsin, address):
    assert "write HOST:PORT" in str(tocsin("sapient", "check", address).error)
