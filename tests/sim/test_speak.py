"""The simulated city speaks over real sockets: a real broker, a real server, real files."""

import json
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tocsin.model import ConfigError
from tocsin.sim.emission import Emission
from tocsin.sim.speak import HttpPlan, Login, MqttPlan, Plan, main, read_plan, speak, wires_of
from tocsin.sim.wires import EveFiles, HttpWire, MqttWires

CONTENT = Path(__file__).parents[2] / "content"
NATS = Path(sys.executable).parent / "nats-server"


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.now = 5000.0

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Kept:
    """A wire that keeps what it is given, with the time."""

    def __init__(self, clock):
        self.clock = clock
        self.rows = []

    def send(self, emission):
        self.rows.append((self.clock.now, emission.at))
        return emission.address != "full"

    def close(self, wait_s):
        pass


def line(at, address="log", payload=b"{}", channel="eve", device=""):
    return Emission(at, channel, address, payload, device)


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_emissions_are_paced_to_the_clock(speed):
    clock = Clock()
    kept = Kept(clock)
    speak([line(100.0), line(100.5), line(110.0)], {"eve": kept}, stop=threading.Event(), speed=speed, clock=clock)
    assert [now for now, _ in kept.rows] == pytest.approx([5000.0, 5000.0 + 0.5 / speed, 5000.0 + 10.0 / speed])


def test_the_past_is_skipped_and_losses_are_counted():
    clock = Clock()
    kept = Kept(clock)
    rows = [line(1.0), line(50.0), line(51.0, "full"), line(52.0, channel="http")]
    spoken = speak(rows, {"eve": kept}, stop=threading.Event(), skip_until=50.0, clock=clock)
    assert [at for _, at in kept.rows] == [50.0, 51.0]
    assert (spoken.sent, spoken.lost) == ({"eve": 1}, {"eve": 1})


def test_a_stop_ends_it_at_once():
    stop = threading.Event()
    stop.set()
    assert speak([line(1.0)], {"eve": Kept(Clock())}, stop=stop).sent == {}


def test_eve_lines_are_appended_whole(tmp_path):
    files = EveFiles(tmp_path / "eve")
    (tmp_path / "eve" / "ids-01.eve.json").write_bytes(b"{}\n")
    files.send(line(1.0, "ids-01", b'{"a":1}'))
    files.close(0)
    assert (tmp_path / "eve" / "ids-01.eve.json").read_bytes() == b'{}\n{"a":1}\n'


class Server(ThreadingHTTPServer):
    """Refuses the first request with 429 and keeps the others."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.busy = 1
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.busy:
            self.server.busy -= 1
            self.send_response(429)
            self.send_header("Retry-After", "0")
        else:
            self.server.seen.append((self.path, self.headers["Authorization"], body))
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    running = Server()
    yield running
    running.shutdown()
    running.server_close()


def test_a_busy_server_gets_the_batch_again_and_in_order(server):
    wire = HttpWire(server.url, "token")
    for number in (b"1\n", b"2\n"):
        assert wire.send(line(1.0, "/api/ingest/crowd", number, "http"))
    wire.close(5.0)
    assert server.seen == [("/api/ingest/crowd", "Bearer token", b"1\n"), ("/api/ingest/crowd", "Bearer token", b"2\n")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


CONFIG = """
listen: "127.0.0.1:{nats}"
server_name: city
jetstream {{ store_dir: "{folder}" }}
mqtt {{ listen: "127.0.0.1:{mqtt}" }}
authorization {{ users = [
  {{ user: gas-01, password: one, permissions: {{ publish: "city.gas.gas-01" }} }}
  {{ user: gas-02, password: two, permissions: {{ publish: "city.gas.gas-02" }} }}
  {{ user: reader, password: three }}
] }}
"""


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def broker(tmp_path):
    if not NATS.exists():
        pytest.fail(f"{NATS} is absent: install the pinned requirements (make env)")
    port = free_port()
    config = tmp_path / "nats.conf"
    config.write_text(CONFIG.format(nats=free_port(), mqtt=port, folder=tmp_path / "js"))
    child = subprocess.Popen([NATS, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not answers(port) and time.monotonic() < until:
        time.sleep(0.05)
    yield port
    child.kill()
    child.wait()


@pytest.fixture
def heard(broker):
    """Everything that is published, as a list that grows."""
    messages, ready = [], threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="reader")
    client.username_pw_set("reader", "three")
    client.on_message = lambda _client, _data, message: messages.append((message.topic, message.payload))
    client.on_connect = lambda me, *_: me.subscribe("city/#", qos=1)
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", broker)
    client.loop_start()
    assert ready.wait(20)
    yield messages
    client.disconnect()
    client.loop_stop()


def until_heard(messages, count):
    end = time.monotonic() + 20
    while len(messages) < count and time.monotonic() < end:
        time.sleep(0.02)
    return messages


def test_every_device_speaks_with_its_own_login(broker, heard):
    wires = MqttWires("127.0.0.1", broker, {"gas-01": ("gas-01", "one"), "gas-02": ("gas-02", "two")})
    sent = [line(1.0, f"city/gas/{d}", b"%d" % n, "mqtt", d) for n in range(20) for d in ("gas-01", "gas-02")]
    assert all(wires.send(emission) for emission in sent)
    assert not wires.send(line(1.0, "city/gas/gas-03", b"x", "mqtt", "gas-03"))
    wires.close(20.0)
    assert wires.acknowledged == 40
    assert sorted(until_heard(heard, 40)) == sorted((e.address, e.payload) for e in sent)


def test_the_child_process_plays_a_scenario(broker, heard, server, tmp_path):
    devices = {"gas-01": Login("gas-01", "one"), "gas-02": Login("gas-02", "two")}
    server.busy = 0
    plan = Plan(
        mqtt=MqttPlan(host="127.0.0.1", port=broker, devices=devices),
        http=HttpPlan(url=server.url, token="t"),
        eve_folder=str(tmp_path / "eve"),
    )
    path = tmp_path / "plan.json"
    path.write_bytes(msgspec.json.encode(plan))
    command = [sys.executable, "-m", "tocsin.sim.speak", "--plan", path, "--city", CONTENT / "cities" / "helsinki"]
    scenario = ["--scenario", CONTENT / "scenarios" / "quiet-day.yaml", "--seed", "5"]
    pace = ["--skip-s", "30", "--duration-s", "60", "--speed", "60"]
    done = subprocess.run([*command, *scenario, *pace], capture_output=True, text=True, timeout=60, check=True)
    spoken = json.loads(done.stdout)
    assert spoken["sent"]["mqtt"] == 12
    assert len(until_heard(heard, 12)) == 12
    assert len(server.seen) == spoken["sent"]["http"] >= 5
    lines = [row for file in (tmp_path / "eve").iterdir() for row in file.read_bytes().splitlines()]
    assert len(lines) == spoken["sent"]["eve"]
    assert all(json.loads(row)["event_type"] for row in lines)


def test_the_child_ends_when_told(tmp_path):
    path = tmp_path / "plan.json"
    path.write_bytes(msgspec.json.encode(Plan(eve_folder=str(tmp_path / "eve"))))
    arguments = ["--plan", path, "--city", CONTENT / "cities" / "helsinki"]
    scenario = ["--scenario", CONTENT / "scenarios" / "quiet-day.yaml"]
    child = subprocess.Popen([sys.executable, "-m", "tocsin.sim.speak", *arguments, *scenario], stdout=subprocess.PIPE)
    until = time.monotonic() + 30
    while not list(tmp_path.glob("eve/*")) and time.monotonic() < until:
        time.sleep(0.05)
    child.terminate()
    out, _ = child.communicate(timeout=20)
    assert child.returncode == 0
    assert json.loads(out)["sent"]["eve"] >= 1


def test_a_plan_that_cannot_work_is_a_sentence_without_its_secrets(tmp_path, capsys):
    path = tmp_path / "plan.json"
    path.write_text('{"http": {"url": "http://x", "token": 17, "extra": "s3cret"}}')
    with pytest.raises(ConfigError) as raised:
        read_plan(path)
    assert "s3cret" not in str(raised.value)
    arguments = ["--plan", str(tmp_path / "none.json"), "--city", str(CONTENT / "cities" / "helsinki")]
    assert main([*arguments, "--scenario", str(CONTENT / "scenarios" / "quiet-day.yaml")]) == 2
    assert "none.json" in capsys.readouterr().err


def test_an_empty_plan_opens_nothing():
    assert wires_of(Plan()) == {}
