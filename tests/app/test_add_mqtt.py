"""`tocsin add mqtt` at a real broker: what is heard is proposed, confirmed, written, and then really read."""

import json
import os
import re
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tocsin.app.config import load_settings
from tocsin.app.devices import default_topic, listening
from tocsin.app.layout import secrets_of
from tocsin.city.context import City
from tocsin.contract.resources import Resources
from tocsin.contract.walk import configured, member_of
from tocsin.engine.broker import INGEST, Broker, Device
from tocsin.model import BadInput, ConfigError, Level, NotFound, SourceState

DATA = Path(os.environ.get("TOCSIN_DATA", Path(__file__).parents[3] / "shared" / "data"))
DEVICES = [
    Device(name="g1", publish=("city/gas/g1", "city/crowd/c1", "odd/x", "big/#"), secret="secret-of-g1"),
]
GAS = {"t": 1_700_000_000, "n": 1, "boot": "a", "cl2": 0.3, "firmware": "1.2"}
CROWD = {"t": 1_700_000_000, "n": 1, "boot": "a", "persons_per_m2": 2.5, "persons": 40}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    running = Broker(tmp_path_factory.mktemp("broker"), DEVICES).start()
    yield running
    running.stop()


@contextmanager
def publishing(port, user, secret, messages, *, now=True):
    """A device that publishes all messages again and again until the end; `now`: the broker runs already."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=user, reconnect_on_failure=True)
    client.username_pw_set(user, secret)
    client.reconnect_delay_set(1, 1)
    done = threading.Event()

    def speak():
        number = 0
        while not done.wait(0.05):
            number += 1
            for topic, body in messages.items():
                said = json.dumps({**body, "n": number}) if isinstance(body, dict) else body
                client.publish(topic, said, qos=1)

    client.connect_async("127.0.0.1", port)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.loop_start()
    assert not now or connected.wait(10)
    thread = threading.Thread(target=speak)
    thread.start()
    yield client
    done.set()
    thread.join()
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def password(tmp_path, broker):
    path = tmp_path / "password"
    path.write_text(f"{broker.credentials[INGEST]}\n")
    return path


@pytest.fixture
def add(tocsin, city, broker, password):
    """Run `tocsin add mqtt` at the broker while a device publishes."""

    def add_while(messages, *options, answers=None):
        with publishing(broker.port, "g1", "secret-of-g1", messages):
            login = ("--user", INGEST, "--password-file", password, "--listen-s", "0.5", "--topic", "#")
            return tocsin("add", "mqtt", broker.url, "--city", city, *login, *options, answers=answers)

    return add_while


def monaco():
    path = DATA / "osm" / "monaco.osm.pbf"
    if not path.exists():
        reason = f"{path} is absent: set TOCSIN_DATA to the folder of recorded data"
        (pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") == "1" else pytest.skip)(reason)
    return path


def test_a_city_of_ones_own_is_clean_after_map_and_sensors(tocsin, city, add):
    before = (city / "tocsin.yaml").read_text()
    said = tocsin("add", "map", monaco(), "--city", city, "--json")
    assert (said.status, said.rows[0]["buildings"] > 1000) == (0, True)
    assert add({"city/gas/g1": GAS}, "--yes", "--place", "7.42,43.73").status == 0
    checked = tocsin("check-config", city, "--json")
    assert (checked.status, [row for row in checked.rows if row["bad"]]) == (0, [])
    comments = re.findall(r"(?m)^#.*$", before)
    assert [line for line in (city / "tocsin.yaml").read_text().splitlines() if line in comments] == comments
    assert City.load(city / "city").sensors["g1"].place.lon == 7.42


def test_what_is_heard_is_shown_with_units_and_guesses_and_asked_about(city, add):
    said = add({"city/gas/g1": GAS}, answers="n\n")
    assert "cl2 is chlorine, a concentration in ppm" in said.text
    assert "? a guess, please check: cl2: the unit is not in the name" in said.text
    assert "not used: firmware" in said.text
    assert load_settings(city).inputs == {}


def test_only_what_is_confirmed_is_written(city, add):
    said = add({"city/gas/g1": GAS, "city/crowd/c1": CROWD}, answers="n\ny\n")
    asked = re.findall(r"(?m)^(\S+): \d+ messages", said.text)
    written = load_settings(city).inputs["sensors"].parameters["routes"]
    assert list(written) == asked[1:]


def test_the_sensors_are_in_service_at_an_assumed_place_and_never_asked_for_more(city, add):
    assert add({"city/crowd/c1": CROWD}, "--yes").status == 0
    sensor = City.load(city / "city").sensors["c1"]
    assert (sensor.family, sensor.state, sensor.level_max) == ("crowd", SourceState.IN_SERVICE, Level.AGGREGATE)
    assert "place" in sensor.coverage.assumed
    assert sensor.place.radius_m > 100


def test_what_was_written_reads_what_the_device_says(city, add, broker):
    assert add({"city/gas/g1": GAS}, "--yes").status == 0
    plan = load_settings(city).inputs["sensors"]
    source = configured(member_of("sources", plan.kind), plan.parameters)
    running = source.start(Resources(secrets=secrets_of(city)))
    assert running.wait_ready(10)
    with publishing(broker.port, "g1", "secret-of-g1", {"city/gas/g1": GAS}):
        delivered = running.next_batch(10)
    running.close()
    assert delivered.readings[0].source == "g1"
    assert delivered.readings[0].body.ppm == 0.3


def test_listening_again_adds_to_the_same_input(city, add):
    assert add({"city/gas/g1": GAS}, "--yes").status == 0
    first = load_settings(city).inputs["sensors"].parameters
    assert add({"city/gas/g1": GAS, "city/crowd/c1": CROWD}, "--yes").status == 0
    second = load_settings(city).inputs["sensors"].parameters
    assert set(load_settings(city).inputs) == {"sensors"}
    assert second["client_id"] == first["client_id"]
    assert second["routes"] == {"city/crowd/+": "crowd", "city/gas/+": "gas"}
    assert list(City.load(city / "city").sensors) == ["g1", "c1"]


def test_the_password_is_kept_apart_and_closed(city, add, broker):
    assert add({"city/gas/g1": GAS}, "--yes").status == 0
    assert broker.credentials[INGEST] not in (city / "tocsin.yaml").read_text()
    secret = city / "data" / "private" / "secrets" / "sensors"
    assert (secret.read_text(), secret.stat().st_mode & 0o077) == (broker.credentials[INGEST], 0)


def test_json_writes_nothing_without_yes(city, add):
    rows = add({"city/gas/g1": GAS}, "--json").rows
    assert [row["type"] for row in rows] == ["topic", "proposal"]
    assert load_settings(city).inputs == {}
    assert add({"city/gas/g1": GAS}, "--json", "--yes").rows[-1] == {
        "type": "written",
        "input": "sensors",
        "sensors": ["g1"],
    }


def test_what_cannot_be_read_is_told(city, add):
    said = add(
        {"city/gas/g1": GAS, "city/crowd/c1": {**CROWD, "t": "soon"}, "odd/x": "\x1b[2Jnot json"}, answers="n\nn\n"
    )
    assert "\x1b" not in said.text
    assert "·[2Jnot json" in said.text


def test_messages_without_a_known_field_are_an_error_that_says_so(add):
    assert isinstance(add({"odd/x": {"q": 1}}, "--yes").error, BadInput)


def test_silence_is_an_error_that_says_what_to_try(add):
    said = add({}, "--yes")
    assert isinstance(said.error, NotFound)
    assert "--listen-s" in str(said.error)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["http://x"], "begins with mqtt://"),
        (["mqtt://127.0.0.1:1"], "Cannot reach"),
        (["mqtt://me:pw@127.0.0.1"], "No user or password in a URL"),
        (["mqtt://127.0.0.1:1", "--device", "gas-01"], "for the broker that comes with Tocsin"),
        (["mqtt://127.0.0.1:1", "--password-file", "absent"], "Cannot read the password"),
        (["embedded"], "lets nobody in yet"),
        (["embedded", "--device", "no name"], "cannot be called"),
        (["embedded", "--device", "g1", "--topic", "a.b"], "embedded broker takes levels"),
    ],
)
def test_what_cannot_work_is_said(tocsin, city, options, words):
    said = tocsin("add", "mqtt", *options, "--city", city, "--listen-s", "0.2", "--yes")
    assert isinstance(said.error, ConfigError)
    assert words in str(said.error)


def test_a_folder_without_a_city_is_named(tocsin, tmp_path):
    said = tocsin("add", "mqtt", "mqtt://127.0.0.1:1", "--city", tmp_path)
    assert "tocsin init" in str(said.error)


def test_a_device_of_the_embedded_broker_gets_in_and_is_proposed(tocsin, city):
    made = tocsin("add", "mqtt", "embedded", "--device", "gas-01", "--city", city, "--json").rows[0]
    assert made["topics"] == ["city/gas/gas-01"]
    with publishing(made["port"], made["user"], made["password"], {made["topics"][0]: GAS}, now=False):
        said = tocsin("add", "mqtt", "embedded", "--city", city, "--listen-s", "3", "--yes", "--json")
    assert said.rows[-1] == {"type": "written", "input": "devices", "sensors": ["gas-01"]}
    assert load_settings(city).inputs["devices"].parameters["url"] == "embedded"
    assert tocsin("check-config", city).status == 0


def test_a_device_that_is_known_keeps_its_password_and_gets_another_topic(tocsin, city):
    first, second = (
        tocsin("add", "mqtt", "embedded", "--device", "g1", "--topic", topic, "--city", city, "--json").rows[0]
        for topic in ("a/b", "a/c")
    )
    assert first["password"] == second["password"]
    assert yaml.safe_load((city / "tocsin.yaml").read_text())["devices"] == {"g1": {"publish": ["a/b", "a/c"]}}


def test_a_broker_that_runs_already_is_listened_to_and_left_running(tocsin, city):
    made = tocsin("add", "mqtt", "embedded", "--device", "gas-01", "--city", city, "--json").rows[0]
    device = Device(name="gas-01", publish=tuple(made["topics"]))
    running = Broker(city / "data" / "broker", [device], port=made["port"]).start()
    with listening(city) as access:
        assert access.url == running.url
    assert running.healthy()
    running.stop()


def test_a_broker_that_is_off_is_said(tocsin, city):
    text = (city / "tocsin.yaml").read_text()
    (city / "tocsin.yaml").write_text(text.replace("enabled: true", "enabled: false"))
    said = tocsin("add", "mqtt", "embedded", "--device", "g1", "--city", city)
    assert "broker is off" in str(said.error)


@pytest.mark.parametrize(
    ("name", "topic"), [("gas-01", "city/gas/gas-01"), ("Wind2", "city/wind/Wind2"), ("7f", "city/device/7f")]
)
def test_devices_of_one_kind_share_a_topic(name, topic):
    assert default_topic(name) == topic
