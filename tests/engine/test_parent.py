"""The way out to a parent fusion node, against a fusion node of our own on a real socket."""

import json
import time

import pytest

from tests.sources.certificates import signed
from tocsin.contract.bodies import Alive
from tocsin.contract.orders import Order
from tocsin.contract.resources import Resources
from tocsin.contract.sapient import Answer, Detection
from tocsin.engine.outlets import Undelivered
from tocsin.engine.parent import Ourselves, Papers, ParentOutlet, parent_of
from tocsin.formats import sapient
from tocsin.model import ConfigError, Delivery, Origin, Refused
from tocsin.sources.sapient import NodePlan, SapientNodes

WHO = Ourselves(
    node_id="a8654cdf-4328-47de-81fa-c495589e30c9", name="Tocsin, Test town", classes=("toxic",), interval_s=0.2
)


@pytest.fixture
def parent():
    running = SapientNodes(port=0).start(Resources(token_key=b"k" * 16))
    yield running
    running.close()


@pytest.fixture
def outlet(parent):
    made = ParentOutlet(("127.0.0.1", parent.port), WHO, None, timeout_s=3.0)
    yield made
    made.close()


def delivery(content):
    payload = json.dumps({"timestamp": "2026-09-21T14:13:20Z", **content}).encode()
    return Delivery(
        id="d/1", outlet="parent", name="n", media_type="application/json", payload=payload, origin=Origin.LIVE
    )


def report(at):
    report_id, where = sapient.ulid(at, b"r"), sapient.at_lon_lat(24.94, 60.17, 5.0)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    return {**sapient.detection(report_id, report_id, where, [("toxic", 0.9)]), "timestamp": stamp}


def bodies(parent, kind, count=1, wait_s=5.0):
    end, found = time.monotonic() + wait_s, []
    while len(found) < count:
        assert time.monotonic() < end, f"no {kind.__name__}"
        delivered = parent.next_batch(0.1)
        found += [one.body for one in delivered.readings if isinstance(one.body, kind)] if delivered else []
    return found


def test_it_registers_shows_that_it_lives_and_delivers(parent, outlet):
    said = outlet.send(delivery(report(time.time())), time.time())
    assert "acknowledges no detections" in said
    assert [one.name for one in bodies(parent, Detection)[0].classes] == ["toxic"]
    assert all(one.online for one in bodies(parent, Alive, count=3))


def test_over_tls_it_shows_who_it_is(tmp_path):
    authority = signed(tmp_path, "authority")
    _, _, certificate, key = signed(tmp_path, "localhost", authority)
    _, _, ours, our_key = signed(tmp_path, "tocsin", authority)
    listed = {WHO.node_id: NodePlan(source="town", subject="tocsin")}
    running = SapientNodes(
        port=0, certificate=certificate, private_key=key, client_ca=authority[2], nodes=listed, only_listed=True
    ).start(Resources(token_key=b"k" * 16))
    papers = Papers(ca_file=authority[2], certificate=ours, private_key=our_key)
    outlet = parent_of(f"sapient+tls://localhost:{running.port}", WHO, papers)
    try:
        outlet.send(delivery(report(time.time())), 0.0)
        assert bodies(running, Detection)
    finally:
        outlet.close()
        running.close()


def test_goodbye_is_said(parent, outlet):
    bodies(parent, Alive, count=2)
    outlet.close()
    while all(one.online for one in bodies(parent, Alive)):
        pass


def test_a_task_of_the_parent_is_refused_and_its_questions_answered(parent, outlet):
    bodies(parent, Alive)
    source = f"sapient-{WHO.node_id}"
    parent.order(source, Order(verb="request", text="Status"), "d1")
    parent.order(source, Order(verb="request", text="Reset"), "d2")
    answers = bodies(parent, Answer, count=2)
    assert [one.status for one in answers] == ["accepted", "rejected"]
    assert "ask the people" in answers[1].reasons[0]


def test_what_is_no_message_never_goes_and_nobody_there_is_tried_again(outlet):
    with pytest.raises(Refused, match=r"detection_report\.report_id"):
        outlet.send(delivery({"detection_report": {"report_id": "x"}}), 0.0)
    lonely = ParentOutlet(("127.0.0.1", 9), WHO, None, timeout_s=0.2)
    with pytest.raises(Undelivered, match="has not accepted us"):
        lonely.send(delivery(report(time.time())), 0.0)
    lonely.close()


def test_a_parent_that_comes_back_is_registered_with_anew(parent, outlet):
    bodies(parent, Alive)
    parent.close()
    again = SapientNodes(port=parent.port).start(Resources(token_key=b"k" * 16))
    try:
        bodies(again, Alive, count=2, wait_s=10.0)
        outlet.send(delivery(report(time.time())), 0.0)
        assert bodies(again, Detection)
    finally:
        again.close()


@pytest.mark.parametrize(
    "url", ["https://a.example", "sapient+tls://a.example", "sapient+udp://a.example:1", "sapient+tcp://192.0.2.7:1"]
)
def test_addresses_that_cannot_work_are_refused(url):
    with pytest.raises(ConfigError):
        parent_of(url, WHO, Papers())
