"""MQTT through a real broker: acknowledged late, killed with -9, refused, reconnected."""

import json
import os
import signal
import threading
import time

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tocsin.contract.bodies import Concentration
from tocsin.contract.resources import Resources
from tocsin.engine.broker import INGEST, Broker, Device
from tocsin.model import ConfigError
from tocsin.sources.mqtt import Mqtt, address_of, samples

GAS = {
    "gas": {
        "time": "t",
        "seq": "n",
        "boot": "boot",
        "values": [{"path": "cl2_ppm", "quantity": "concentration", "substance": "chlorine", "unit": "ppm"}],
    }
}


@pytest.fixture
def broker(tmp_path):
    running = Broker(
        tmp_path / "broker", [Device(name="g1", publish=("city/gas/g1",), secret="s1")], ack_wait_s=0.5
    ).start()
    yield running
    running.stop()


def source(broker, **fields):
    declared = Mqtt(url=broker.url, user=INGEST, secret="mqtt", routes={"city/gas/+": "gas"}, mappings=GAS, **fields)
    return declared.start(Resources(secrets={"mqtt": broker.credentials[INGEST]}))


@pytest.fixture
def running(broker):
    session = source(broker)
    assert session.wait_ready(10)
    yield session
    session.close()


class SimulatedDevice:
    """Publishes numbered readings and keeps which of them were acknowledged."""

    def __init__(self, broker, name="g1", secret="s1"):
        self.acknowledged = set()
        self.refused = threading.Event()
        self._numbers = {}
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.username_pw_set(name, secret)
        self._client.on_publish = lambda _c, _u, mid, *_: self.acknowledged.add(self._numbers[mid])
        self._client.on_connect = lambda _c, _u, _f, reason, _p: reason.is_failure and self.refused.set()
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def publish(self, n, topic="city/gas/g1", **more):
        payload = json.dumps({"t": 1767225600 + n, "n": n, "boot": "b1", "cl2_ppm": n / 10, **more})
        self._numbers[self._client._last_mid + 1] = n
        return self._client.publish(topic, payload, qos=1)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


def until(holds, wait_s=15.0):
    end = time.monotonic() + wait_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def test_a_message_becomes_a_reading_and_is_forgotten_once_acknowledged(broker, running):
    device = SimulatedDevice(broker)
    device.publish(1)
    delivered = running.next_batch(5)
    [reading] = delivered.readings
    assert (reading.source, reading.seq, reading.boot, reading.at) == ("g1", 1, "b1", 1767225601.0)
    assert reading.body == Concentration(substance="chlorine", ppm=0.1)
    delivered.acknowledge()
    running.close()
    again = source(broker)
    assert again.wait_ready(10)
    assert again.next_batch(0.3) is None
    again.close()
    device.close()


def test_what_is_not_acknowledged_comes_again(broker, running):
    device = SimulatedDevice(broker)
    device.publish(7)
    assert running.next_batch(5).readings[0].seq == 7
    running.close()
    again = source(broker)
    assert again.next_batch(10).readings[0].seq == 7
    again.close()
    device.close()


def test_what_cannot_be_read_is_rejected_with_a_reason(broker, running):
    device = SimulatedDevice(broker)
    device.publish(1, cl2_ppm="much")
    [(payload, reason)] = running.next_batch(5).rejected
    assert b"much" in payload
    assert reason == "cl2_ppm is not a number"
    device.close()


def test_nothing_acknowledged_is_lost_when_the_broker_is_killed(broker, running):
    stored, stop = [], threading.Event()

    def commit():
        while not stop.is_set():
            delivered = running.next_batch(0.1)
            if delivered is not None:
                stored.extend(reading.seq for reading in delivered.readings)
                time.sleep(0.02)  # the log commits
                delivered.acknowledge()

    log = threading.Thread(target=commit)
    log.start()
    device, n = SimulatedDevice(broker), 0
    for _ in range(5):
        for n in range(n + 1, n + 61):  # noqa: B020
            device.publish(n)
            time.sleep(0.002)
        pid = broker.pid
        os.kill(pid, signal.SIGKILL)
        assert until(lambda pid=pid: broker.pid not in {None, pid} and broker.healthy())
    assert until(lambda: len(device.acknowledged) == n, 30)
    assert until(lambda: device.acknowledged <= set(stored))
    stop.set()
    log.join()
    device.close()
    assert broker.restarts == 5


def test_a_device_may_publish_its_own_topic_only(broker, running):
    device = SimulatedDevice(broker)
    device.publish(1, topic="city/gas/g2")
    device.publish(2)
    assert [reading.seq for reading in running.next_batch(5).readings] == [2]
    device.close()


def test_nobody_gets_in_without_the_right_secret(broker):
    intruder = SimulatedDevice(broker, secret="guess")
    assert intruder.refused.wait(5)
    intruder.close()


def test_an_absent_broker_is_a_problem_and_no_error():
    session = Mqtt(url="mqtt://127.0.0.1:9", routes={"a/#": "readings"}).start(Resources())
    assert until(lambda: "cannot be reached" in session.problem())
    assert session.next_batch(0.01) is None
    session.close()


def test_a_wrong_password_is_said(broker):
    declared = Mqtt(url=broker.url, user=INGEST, secret="mqtt", routes={"city/#": "readings"})
    session = declared.start(Resources(secrets={"mqtt": "wrong"}))
    assert until(lambda: "check user, password" in session.problem())
    session.close()


def test_more_than_may_wait_is_left_with_the_broker_and_comes_later(broker):
    session = source(broker, waiting_max=5, keepalive_s=2)
    assert session.wait_ready(10)
    device = SimulatedDevice(broker)
    for n in range(12):
        device.publish(n)
    assert until(lambda: session.counts.held_back > 0)
    seen = set()
    end = time.monotonic() + 20
    while len(seen) < 12 and time.monotonic() < end:
        delivered = session.next_batch(0.2)
        if delivered is not None:
            seen.update(reading.seq for reading in delivered.readings)
            delivered.acknowledge()
    assert seen == set(range(12))
    session.close()
    device.close()


def test_listening_gives_topics_and_payloads(broker):
    declared = Mqtt(url=broker.url, user=INGEST, secret="mqtt", routes={"city/#": "readings"})
    device = SimulatedDevice(broker)
    timer = threading.Timer(0.4, lambda: device.publish(3))
    timer.start()
    found = samples(declared, Resources(secrets={"mqtt": broker.credentials[INGEST]}), 0.8)
    device.close()
    assert [topic for topic, _ in found] == ["city/gas/g1"]


def test_listening_says_when_the_broker_refuses_us(broker):
    declared = Mqtt(url=broker.url, user=INGEST, secret="mqtt", routes={"#": "readings"})
    with pytest.raises(ConfigError, match=r"refuses us .* check user and password"):
        samples(declared, Resources(secrets={"mqtt": "wrong"}), 5.0)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://h", "begins with mqtt://"),
        ("mqtt://", "names a host"),
        ("mqtt://u:p@h", "No user or password in a URL"),
        ("mqtt://h:x", "no valid port"),
    ],
)
def test_a_url_that_cannot_work_is_refused(url, reason):
    with pytest.raises(ConfigError, match=reason):
        address_of(url)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"routes": {}}, "no routes"),
        ({"routes": {"a/#/b": "readings"}}, "Topic filter"),
        ({"routes": {"a": "nonesuch"}}, "nonesuch"),
        ({"version": "4"}, "write 3.1.1 or 5"),
        ({"user": "u", "secret": "absent"}, "No secret"),
        ({"user": "u", "password_file": "/nonexistent"}, "cannot read"),
        ({"url": "mqtts://h", "ca_file": "/nonexistent"}, "ca_file"),
    ],
)
def test_parameters_that_cannot_work_are_refused(fields, reason):
    with pytest.raises(ConfigError, match=reason):
        Mqtt(**{"url": "mqtt://h", "routes": {"a": "readings"}, **fields}).start(Resources())
