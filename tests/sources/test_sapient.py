"""A fusion node on real sockets: nodes register, report and are answered; hostile ones are refused, alone."""

import os
import ssl
import time
from pathlib import Path

import pytest

from tests.sources.certificates import signed
from tocsin.contract.bodies import Alive, Concentration, Counts, Introduction
from tocsin.contract.orders import Order
from tocsin.contract.resources import Resources
from tocsin.contract.sapient import Alert, Answer, Conduct, Detection, NodeState
from tocsin.formats import sapient
from tocsin.model import ConfigError, Conflict
from tocsin.sim.sapient_node import SimulatedNode
from tocsin.sources.sapient import NodePlan, SapientNodes

KEYED = Resources(token_key=b"0123456789abcdef")
GAS = sapient.Role(name="Sniffer", type="CHEMICAL", classes=("Chlorine",), values={"concentration": "ppm"})


@pytest.fixture
def running():
    """A fusion node on a free port."""
    started = SapientNodes(port=0).start(KEYED)
    yield started
    started.close()


@pytest.fixture
def node(running):
    """A node that has registered and said where it is; what that brought is taken."""
    with SimulatedNode(running.port) as one:
        assert one.register().registration_ack.acceptance
        one.status()
        until(running, NodeState)
        yield one


def until(running, body, wait_s=5.0):
    """The first reading with such a body, and all that came before it."""
    end, seen = time.monotonic() + wait_s, []
    while time.monotonic() < end:
        delivered = running.next_batch(0.1)
        seen += delivered.readings if delivered else ()
        found = [one for one in seen if isinstance(one.body, body)]
        if found:
            return found[0]
    raise AssertionError(f"no {body.__name__} in {[type(one.body).__name__ for one in seen]}")


def wait_for(holds, wait_s=5.0):
    end = time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def refused(running, node, kind):
    """The first complaint that the node hears, once it is counted under this kind."""
    said = node.answer()
    assert running.faults()[f"sapient-{node.id}"][kind] >= 1
    return said.error.error_message[0]


def test_a_node_that_nobody_knows_registers_and_introduces_itself(running):
    with SimulatedNode(running.port, role=GAS) as node:
        answer = node.register()
        assert (answer.registration_ack.acceptance, answer.destination_id) == (True, node.id)
        told = until(running, Introduction)
        node.status()
        placed = until(running, Introduction)
    assert (told.source, told.body.family, told.body.name) == (f"sapient-{node.id}", "gas", "Sniffer")
    assert (placed.place.lon, placed.place.lat) == (24.94, 60.17)


def test_a_status_is_a_sign_of_life_with_the_promise_of_the_next(running, node):
    node.status(new=False)
    alive = until(running, Alive)
    assert alive.body.within_s == pytest.approx(2.5 * node.role.interval_s)
    node.status(system="WARNING")
    assert until(running, NodeState).body.system == "warning"
    node.status(system="GOODBYE")
    assert not until(running, Alive).body.online


def test_a_detection_is_placed_and_its_track_is_a_pseudonym(running, node):
    track = node.fresh_id()
    node.detect(("Drone", 0.8), ("Human", 0.1), at=(24.95, 60.171), track=track)
    reading = until(running, Detection)
    assert [(one.name, one.confidence) for one in reading.body.classes] == [("Drone", 0.8), ("Human", 0.1)]
    assert reading.place.lon == pytest.approx(24.95)
    assert reading.body.covariance.sd_max_m() == pytest.approx(5.0, rel=0.01)
    assert track not in reading.body.object
    assert reading.body.object.startswith("t:")


def test_what_a_person_is_like_is_never_taken_in(running, node):
    report = node.report(("Human", 0.9))
    inner = {"type": "Male", "confidence": 0.7, "level": 1}
    report["detection_report"]["classification"][0]["sub_class"] = [inner]
    report["detection_report"]["object_info"] = [{"type": "Age", "value": "34"}]
    report["detection_report"]["colour"] = "Red"
    node.say(report)
    body = until(running, Detection).body
    assert ([one.name for one in body.classes], body.measures) == (["Human"], ())
    assert "trimmed" in body.flags


@pytest.mark.parametrize(
    ("type", "classes", "values", "body"),
    [
        ("CHEMICAL", ("Chlorine",), {"concentration": "4.2 ppm"}, Concentration(substance="chlorine", ppm=4.2)),
        ("RADIATION", ("Gamma",), {"count rate": "120 counts/s"}, Counts(counts_per_s=120.0)),
    ],
)
def test_values_that_others_know_become_their_bodies(running, type, classes, values, body):
    role = sapient.Role(name="S", type=type, classes=classes)
    with SimulatedNode(running.port, role=role) as node:
        node.register()
        node.detect(*((name, 1.0) for name in classes), values=values)
        assert until(running, type_of(body)).body == body


def type_of(body):
    return body.__class__


def test_a_unit_that_was_registered_counts(running):
    with SimulatedNode(running.port, role=GAS) as node:
        node.register()
        node.detect(("Chlorine", 1.0), values={"concentration": "0.5"})
        assert until(running, Concentration).body.ppm == 0.5


def test_a_screening_device_that_names_its_curve_is_one(running):
    screening = pytest.importorskip("tocsin.contract.screening")
    role = sapient.Role(name="Gate 4", type="OTHER", classes=("Weapon",))
    told = {"screening device": "walk-through gate", "alarm": "1", "item": "p-17", "look": "2"}
    with SimulatedNode(running.port, role=role) as node:
        node.register()
        node.detect(("Weapon", 0.9), values=told)
        body = until(running, screening.Screened).body
    assert body == screening.Screened(device="walk-through gate", alarm=True, item="p-17", look=2)


def test_an_alert_is_acknowledged_when_it_is_on_disk_and_not_before(running, node):
    alert_id = node.alert()
    time.sleep(0.1)
    delivered = running.next_batch(5.0)
    with pytest.raises(TimeoutError):
        node.answer(wait_s=0.2)
    assert [one.body.kind for one in delivered.readings if isinstance(one.body, Alert)] == ["warning"]
    delivered.acknowledge()
    answer = node.answer().alert_ack
    assert answer.alert_id == alert_id


def test_an_order_reaches_the_node_as_a_task_and_its_answer_comes_back(running):
    role = sapient.Role(name="Camera", type="CAMERA", classes=("Human",), commands=("LOOK_AT", "REQUEST"))
    with SimulatedNode(running.port, role=role) as node:
        node.register()
        source = f"sapient-{node.id}"
        running.order(source, Order(verb="look-at", lon=24.95, lat=60.17), "decision-1")
        task = node.answer().task
        place = task.command.look_at.location_list.locations[0]
        assert (place.x, place.y) == (24.95, 60.17)
        node.say(sapient.task_answer(task.task_id, "accepted", ["It turns."]))
        assert until(running, Answer).body == Answer(task=task.task_id, status="accepted", reasons=("It turns.",))
        with pytest.raises(Conflict, match="takes no move to"):
            running.takes(source, Order(verb="move-to", lon=24.95, lat=60.17))
        assert not running.takes("nobody", Order(verb="request", text="Status"))


def test_a_node_that_comes_back_goes_on_where_it_was(running, node):
    node.close()
    with SimulatedNode(running.port) as again:
        assert again.register().registration_ack.acceptance
        again.detect()
        assert until(running, Detection).source == f"sapient-{node.id}"
    assert running.counts.registrations == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"icd_version": "BSI Flex 335 v1.0"}, "registration.icd_version"),
        (
            {"status_definition": {"status_interval": {"units": "TIME_UNITS_DAYS", "value": 2}}},
            "registration.status_definition.status_interval",
        ),
    ],
)
def test_a_registration_that_we_cannot_work_with_is_declined_with_the_field(running, change, field):
    with SimulatedNode(running.port) as node:
        content = sapient.registration(node.role)
        content["registration"] |= change
        node.say(content)
        answer = node.answer().registration_ack
    assert not answer.acceptance
    assert answer.ack_response_reason[0].startswith(field)


def test_an_unknown_enum_and_half_a_message_are_refused_by_the_field(running, node):
    message = node.made(sapient.status(node.fresh_id()))
    message.status_report.system = 99
    node.send(sapient.frame(message.SerializeToString()))
    assert refused(running, node, "invalid").startswith("status_report.system: 99 is no value")
    node.send(sapient.frame(b"\x0a\xff"))
    assert "no SapientMessage" in node.answer().error.error_message[0]


def test_a_message_from_the_future_or_long_past_is_refused(running, node):
    node.say(node.report(), at=time.time() + 120)
    assert refused(running, node, "future").startswith("timestamp: 120 s ahead")
    node.say(node.report(), at=time.time() - 4_000)
    assert refused(running, node, "old").startswith("timestamp: 4,000 s old")


def test_a_report_that_is_repeated_counts_once(running, node):
    raw = sapient.frame(node.made(node.report()).SerializeToString())
    node.send(raw)
    until(running, Detection)
    node.send(raw)
    assert "reported before" in refused(running, node, "repeated")
    assert not [one for one in running.next_batch(0.5).readings if isinstance(one.body, Detection)]


def test_a_coverage_further_than_anything_sees_is_a_fault_and_not_drawn(running, node):
    node.status(coverage=sapient.sector(400.0, 45.0, 60.0))
    assert until(running, Introduction).body.range_m == 400.0
    for range_m in (60_000.0, 1e300):
        node.status(coverage=sapient.sector(range_m, 45.0, 60.0))
    wait_for(lambda: running.faults()[f"sapient-{node.id}"].get("elsewhere") == 2)
    node.status(coverage=sapient.sector(500.0, 45.0, 60.0))
    assert until(running, Introduction).body.range_m == 500.0


def test_a_node_that_lies_about_its_place_is_not_believed(running, node):
    node.status(location=sapient.at_lon_lat(25.5, 60.17, 5.0))
    assert "a fixed node does not move" in refused(running, node, "elsewhere")
    node.detect(at=(3.0, 60.17))
    assert "further than it can see" in node.answer().error.error_message[0]
    node.detect(("Drone", 0.5))
    assert until(running, Detection).place.lon == pytest.approx(24.94)


def test_an_impossible_value_is_no_reading_and_a_doubt_about_the_node(running):
    with SimulatedNode(running.port, role=GAS) as node:
        node.register()
        node.detect(("Chlorine", 1.0), values={"concentration": "-3 ppm"})
        assert "cannot be" in refused(running, node, "impossible")
        conduct = until(running, Conduct)
    assert conduct.body.faults == {"impossible": 1}


def test_a_flood_is_cut_off_and_others_are_served():
    running = SapientNodes(port=0, rate_per_s_max=50).start(KEYED)
    try:
        with SimulatedNode(running.port, "wild") as wild, SimulatedNode(running.port, "calm") as calm:
            wild.register()
            calm.register()
            wild.send(b"".join(sapient.frame(wild.made(wild.report()).SerializeToString()) for _ in range(2_000)))
            calm.detect(("Vehicle", 0.7), track=calm.fresh_id())
            heard = set()
            while f"sapient-{calm.id}" not in heard:
                heard |= {one.source for one in running.next_batch(5.0).readings if isinstance(one.body, Detection)}
            assert "more than 50 a second" in wild.answer().error.error_message[0]
            wait_for(lambda: running.counts.flooded > 1_500)
            assert "flood" not in running.faults()[f"sapient-{calm.id}"]
    finally:
        running.close()


def test_two_gigabytes_end_that_connection_and_no_other(running, node):
    with SimulatedNode(running.port, "wild") as wild:
        wild.register()
        wild.send(b"\xff\xff\xff\x7f" + b"\0" * 1_000)
        assert wild.answer().error.error_message[0].startswith("length: A message of 2147483647 bytes")
        with pytest.raises(ConnectionError):
            wild.answer()
    node.detect()
    assert until(running, Detection).source == f"sapient-{node.id}"


def test_half_a_frame_is_told_when_the_connection_ends(running, node):
    node.send(sapient.frame(node.made(node.report()).SerializeToString())[:-5])
    node.close()
    end = time.monotonic() + 5.0
    while not (delivered := running.next_batch(0.2)) or not delivered.rejected:
        assert time.monotonic() < end
    assert delivered.rejected[0][1] == "invalid: message"


def test_a_stranger_speaks_for_nobody_and_a_message_before_registration_is_refused(running, node):
    with SimulatedNode(running.port, "stranger") as stranger:
        stranger.id = node.id
        stranger.detect()
        assert "register first" in stranger.answer().error.error_message[0]


def test_only_listed_nodes_where_that_is_asked():
    plan = {"a8654cdf-4328-47de-81fa-c495589e30c9": NodePlan(source="gate-4")}
    running = SapientNodes(port=0, nodes=plan, only_listed=True).start(KEYED)
    try:
        with SimulatedNode(running.port) as node:
            assert "not listed" in node.register().registration_ack.ack_response_reason[0]
            node.id = next(iter(plan))
            assert node.register().registration_ack.acceptance
            assert until(running, Introduction).source == "gate-4"
    finally:
        running.close()


@pytest.mark.parametrize(
    "how", [{"node_id": "me"}, {"nodes": {"x": NodePlan(source="s")}}, {"certificate": "a.pem"}, {"waiting_max": 0}]
)
def test_parameters_that_cannot_work_say_what_to_do(how):
    with pytest.raises(ConfigError):
        SapientNodes(**how).check(KEYED)


def test_a_port_that_is_taken_is_a_plain_error(running):
    with pytest.raises(ConfigError, match="Cannot listen"):
        SapientNodes(port=running.port).start(KEYED)


def test_over_tls_a_node_needs_the_certificate_that_is_listed(tmp_path):
    authority = signed(tmp_path, "authority")
    _, _, certificate, key = signed(tmp_path, "localhost", authority)
    node_id = "d1e2cd0f-870c-5b15-9d7c-16e18e0aa66d"  # of "node-1"
    running = SapientNodes(
        port=0,
        certificate=certificate,
        private_key=key,
        client_ca=authority[2],
        nodes={node_id: NodePlan(source="gate-4", subject="node-1")},
    ).start(KEYED)
    try:
        for name, taken in (("node-1", True), ("node-2", False)):
            _, _, own, own_key = signed(tmp_path, name, authority)
            context = ssl.create_default_context(cafile=authority[2])
            context.load_cert_chain(own, own_key)
            with SimulatedNode(running.port, "node-1", tls=context) as node:
                assert node.register().registration_ack.acceptance is taken
        with pytest.raises((OSError, ConnectionError)):
            SimulatedNode(running.port, tls=ssl.create_default_context(cafile=authority[2])).register()
        assert running.listens.startswith("tcp+tls ")
    finally:
        running.close()


def recorded(kind):
    """A default message of the standard's test harness, dated now."""
    folder = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "sapient"
    found = sorted(folder.rglob(f"Default.{kind}.json"))
    if not found:
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{folder} is needed: set TOCSIN_DATA to the folder of recorded data.")
        pytest.skip(f"no {folder}: set TOCSIN_DATA to the folder of recorded data")
    message = sapient.of_json(found[0].read_bytes())
    message.timestamp.FromNanoseconds(time.time_ns())
    return sapient.frame(message.SerializeToString())


def test_the_test_harness_is_accepted_and_its_degrees_in_utm_are_no_place(running):
    with SimulatedNode(running.port) as harness:
        harness.send(recorded("Registration"))
        assert harness.answer().registration_ack.acceptance
        for kind in ("StatusReport", "DetectionReport", "Alert"):
            harness.send(recorded(kind))
        body = until(running, Detection).body
    assert [one.name for one in body.classes] == ["Human"]
    assert {"no-place", "trimmed"} <= set(body.flags)
