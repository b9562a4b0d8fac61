"""SAPIENT through a whole house: staged on the map, accepted, heard, ordered about, doubted, missed and back."""

import json
import time

import pytest

from tocsin.app.config import load_settings
from tocsin.app.live import go_live
from tocsin.city.context import City
from tocsin.contract.resources import Resources
from tocsin.contract.sapient import Detection
from tocsin.engine.desk import Person, Wish
from tocsin.formats import sapient
from tocsin.model import Conflict, Finding, SourceState
from tocsin.sim.sapient_node import SimulatedNode
from tocsin.sources.sapient import SapientNodes

INPUT = """
  nodes: {kind: feed.sapient, parameters: {port: 0, silent_intervals: 1.2}}
"""
ANNA = Person(account="acc-anna", role="supervisor")
RADAR = sapient.Role(
    name="Roof radar", type="RADAR", classes=("Drone", "Bird"), commands=("LOOK_AT", "REQUEST"), interval_s=0.5
)


@pytest.fixture
def live(city):
    """A house in operation that listens to nodes, with all that it concluded in `said`."""
    path = city / "tocsin.yaml"
    text = path.read_text().replace("inputs: {}", f"inputs:{INPUT}").replace("  enabled: true", "  enabled: false")
    path.write_text(text)
    running = go_live(city / "data", load_settings(city), City.load(city / "city"))
    running.said = []
    running.house.view.each_fact(running.said.append)
    running.start()
    yield running
    running.stop()


def wait_for(holds, wait_s=10.0):
    end = time.monotonic() + wait_s
    while not (found := holds()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


def row(live, node):
    rows = [one for one in live.house.view.sensors() if one.id == f"sapient-{node.id}"]
    return rows[0] if rows else None


def told(live, kind):
    return [one for one in live.said if isinstance(one, Finding) and one.kind == kind]


@pytest.fixture
def node(live):
    """A node that was let in by a person."""
    with SimulatedNode(live.sources["nodes"].port, role=RADAR) as one:
        assert one.register().registration_ack.acceptance
        one.status(location=sapient.at_lon_lat(24.941, 60.171, 5.0), coverage=sapient.sector(800.0, 90.0, 120.0))
        wait_for(lambda: row(live, one) and row(live, one).range_m)
        assert row(live, one).staged
        live.desk.decide(Wish(verb="accept", target=f"sapient-{one.id}"), ANNA)
        yield one


def test_a_newcomer_is_on_the_map_with_what_it_says_of_itself(live, node):
    shown = row(live, node)
    assert (shown.name, shown.range_m, shown.bearing_deg, shown.field_deg) == ("Roof radar", 800.0, 90.0, 120.0)
    assert shown.place.lon == pytest.approx(24.941)
    assert "place" in shown.assumed
    assert shown.state == SourceState.IN_SERVICE.value


def test_a_drone_is_found_with_its_place(live, node):
    node.detect(("Drone", 0.93), at=(24.945, 60.172))
    (found,) = wait_for(lambda: told(live, "physical.sapient"))
    assert (found.grade, round(found.place.lon, 3)) == ("drone", 24.945)
    assert row(live, node).value == "Drone 93%"
    (incident,) = wait_for(live.house.view.incidents)
    assert incident.stages[0].hazard == "drone"
    assert incident.stages[0].contributions[1].extents[0].kind == "ellipse"
    assert not [stage for stage in live.status.system(time.time()).stages if stage.failed or stage.problem]


def test_the_system_page_says_where_it_listens(live, node):
    (source,) = [one for one in live.status.system(time.time()).sources if one.id == "nodes"]
    assert source.listens == f"tcp 127.0.0.1:{live.sources['nodes'].port}"


def test_an_order_has_a_receipt_before_it_reaches_the_node(live, node):
    order = json.dumps({"verb": "look-at", "lon": 24.95, "lat": 60.17})
    size = live.house.ledger.size
    live.desk.decide(Wish(verb="order", target=f"sapient-{node.id}", text=order), ANNA)
    assert node.answer().task.command.HasField("look_at")
    assert live.house.ledger.size > size
    mode = json.dumps({"verb": "mode", "text": "Night"})
    with pytest.raises(Conflict, match="takes no mode change"):
        live.desk.decide(Wish(verb="order", target=f"sapient-{node.id}", text=mode), ANNA)


def test_what_is_merely_possible_opens_no_incident(live, node):
    node.detect(("Drone", 0.6), at=(24.945, 60.172))
    assert wait_for(lambda: told(live, "physical.sapient"))[0].grade == "drone-possible"
    assert live.house.view.incidents() == []


def test_a_node_that_lies_is_doubted(live, node):
    node.status(location=sapient.at_lon_lat(25.5, 60.17, 5.0))
    assert wait_for(lambda: told(live, "process.conduct"))[0].grade == "lies"
    assert wait_for(lambda: row(live, node).condition == "suspect")
    node.detect(("Drone", 0.93), at=(24.945, 60.172))
    assert wait_for(lambda: told(live, "physical.sapient"))[0].grade == "drone"
    assert "drone" not in {stage.hazard for one in live.house.view.incidents() for stage in one.stages}


def test_an_absence_is_noticed_in_its_time_and_a_return_is_told(live, node):
    node.status(new=False)
    wait_for(lambda: row(live, node).value)
    gone_at = time.time()
    node.close()
    wait_for(lambda: row(live, node).condition == "silent")
    assert time.time() - gone_at < 1.2 * RADAR.interval_s + 2.5, "its own promise, and the next two ticks"
    with SimulatedNode(live.sources["nodes"].port, role=RADAR) as again:
        again.register()
        wait_for(lambda: row(live, again).condition == "ok")


PARENT = """
  parent: {{kind: sapient, url: "sapient+tcp://127.0.0.1:{port}"}}
"""
SNIFFER = sapient.Role(name="Sniffer", type="CHEMICAL", classes=("Chlorine",), values={"concentration": "ppm"})


def test_chlorine_at_a_node_becomes_an_incident_that_the_parent_hears_of(city):
    parent = SapientNodes(port=0).start(Resources(token_key=b"k" * 16))
    path = city / "tocsin.yaml"
    text = path.read_text().replace("inputs: {}", f"inputs:{INPUT}").replace("  enabled: true", "  enabled: false")
    text = text.replace("outlets:\n", f"outlets:{PARENT.format(port=parent.port)}")
    path.write_text(text.replace("members: {}", "members:\n  export.sapient: {outlet: parent, priority_max: 3}"))
    running = go_live(city / "data", load_settings(city), City.load(city / "city"))
    running.start()
    try:
        with SimulatedNode(running.sources["nodes"].port, role=SNIFFER) as node:
            node.register()
            node.status()
            wait_for(lambda: row(running, node) and row(running, node).place)
            running.desk.decide(Wish(verb="accept", target=f"sapient-{node.id}"), ANNA)
            for second in range(8):
                report = node.report(("Chlorine", 1.0), values={"concentration": "60"})
                node.say(report, at=time.time() - 40 + 5 * second)
            heard = wait_for(lambda: incidents_heard(parent))
    finally:
        running.stop()
        parent.close()
    assert [one.name for one in heard[0].classes] == ["toxic"]
    assert (heard[0].state, heard[0].covariance is not None) == ("opened", True)


def incidents_heard(parent):
    delivered = parent.next_batch(0.1)
    return [one.body for one in delivered.readings if isinstance(one.body, Detection)] if delivered else []
