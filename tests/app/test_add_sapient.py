"""`tocsin add sapient`: who registers meanwhile is shown and written down; a parent becomes an outlet."""

import socket
import threading
import time
from contextlib import suppress

import pytest

from tocsin.app.config import load_settings
from tocsin.city.context import City
from tocsin.contract.walk import configured, member_of
from tocsin.formats import sapient
from tocsin.model import ConfigError, SourceState
from tocsin.sim.sapient_node import SimulatedNode

RADAR = sapient.Role(name="Roof radar #2", type="RADAR", classes=("Drone",))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def registering(port):
    """A node that tries until somebody listens, then says who and where it is."""
    for _ in range(200):
        with suppress(OSError), SimulatedNode(port, role=RADAR) as node:
            node.register()
            node.status()
            time.sleep(1.0)
            return
        time.sleep(0.02)


@pytest.fixture
def port():
    number = free_port()
    node = threading.Thread(target=registering, args=(number,))
    node.start()
    yield number
    node.join()


def test_a_node_that_registers_is_shown_and_written_down(tocsin, city, port):
    said = tocsin("add", "sapient", "--city", city, "--port", port, "--listen-s", 1.0, "--yes", "--json")
    assert said.status == 0
    node, written = said.rows
    assert (node["name"], node["place"]) == ("Roof radar #2", [24.94, 60.17])
    assert written["sensors"] == ["roof-radar-2"]
    plan = load_settings(city).inputs["sapient"]
    declared = configured(member_of("sources", plan.kind), plan.parameters)
    assert {one.source for one in declared.nodes.values()} == {"roof-radar-2"}
    sensor = City.load(city / "city").sensors["roof-radar-2"]
    assert (sensor.state, "place" in sensor.coverage.assumed) == (SourceState.IN_SERVICE, True)
    assert tocsin("check-config", city).status == 0


def test_nothing_is_written_that_nobody_confirms(tocsin, city):
    said = tocsin("add", "sapient", "--city", city, "--port", free_port(), "--listen-s", 0.1, answers="n\n")
    assert "No node registered meanwhile" in said.text
    assert not load_settings(city).inputs


def test_a_parent_becomes_an_outlet_that_is_told(tocsin, city):
    said = tocsin("add", "sapient", "--city", city, "--parent", "sapient+tls://parent.example:14000", "--json")
    assert said.rows[0]["outlet"] == "parent"
    settings = load_settings(city)
    assert settings.outlets["parent"].url == "sapient+tls://parent.example:14000"
    assert settings.members["export.sapient"] == {"outlet": "parent"}
    assert tocsin("check-config", city).status == 0


def test_a_parent_in_clear_is_refused(tocsin, city):
    said = tocsin("add", "sapient", "--city", city, "--parent", "sapient+tcp://parent.example:14000")
    assert isinstance(said.error, ConfigError)
    assert "in clear" in str(said.error)


def test_listening_beyond_this_machine_without_tls_is_told(tocsin, city):
    path = city / "tocsin.yaml"
    plan = "inputs:\n  nodes: {kind: feed.sapient, parameters: {host: 0.0.0.0}}\n"
    path.write_text(path.read_text().replace("inputs: {}\n", plan))
    said = tocsin("check-config", city)
    assert "listens on 0.0.0.0 without TLS" in said.text
    assert said.status == 0
