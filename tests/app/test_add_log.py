"""`tocsin add log`: the format is found, first rows are shown without names of people, and the log is followed."""

import gzip
import json

import pytest

from tocsin.app.config import load_settings
from tocsin.city.context import City
from tocsin.contract.resources import Resources
from tocsin.contract.walk import configured, member_of
from tocsin.model import BadInput, ConfigError, Level

ALERT = {
    "timestamp": "2026-01-01T12:00:00.000000+0000",
    "event_type": "alert",
    "src_ip": "203.0.113.7",
    "dest_ip": "10.0.0.5",
    "proto": "TCP",
    "alert": {"signature": "ET SCAN something", "severity": 2, "signature_id": 1},
}
ZEEK = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tftp\n"
    "#fields\tts\tid.orig_h\tid.resp_h\tuser\n#types\ttime\taddr\taddr\tstring\n"
    "1700000000.0\t10.0.0.1\t10.0.0.2\tanna\n"
)


@pytest.fixture
def eve(tmp_path):
    path = tmp_path / "eve.json"
    path.write_text("".join(json.dumps(ALERT) + "\n" for _ in range(5)) + "no json\n")
    return path


@pytest.fixture
def zeek(tmp_path):
    path = tmp_path / "ftp.log"
    path.write_text(ZEEK)
    return path


def test_a_suricata_log_is_known_shown_and_followed(tocsin, city, eve):
    said = tocsin("add", "log", eve, "--city", city)
    assert "eve.json is eve" in said.text
    assert said.text.count("signature=ET SCAN something") == 3
    assert "a line could not be read" in said.text
    plan = load_settings(city).inputs["ids-1"]
    assert (plan.kind, plan.parameters) == ("tail", {"path": str(eve), "source": "ids-1"})
    sensor = City.load(city / "city").sensors["ids-1"]
    assert (sensor.family, sensor.level_max, sensor.sees) == ("network", Level.ANONYMOUS, ("cyber",))
    assert tocsin("check-config", city).status == 0


def test_names_of_people_are_tokens_before_they_are_shown(tocsin, city, zeek):
    said = tocsin("add", "log", zeek, "--city", city, "--json")
    assert "anna" not in said.text
    assert said.rows[0]["format"] == "zeek-tsv"
    assert said.rows[0]["rows"][0]["user"].startswith("t:")


def test_what_was_written_reads_the_log(tocsin, city, eve):
    assert tocsin("add", "log", eve, "--city", city, "--source", "ids-north").status == 0
    plan = load_settings(city).inputs["ids-north"]
    running = configured(member_of("sources", plan.kind), {**plan.parameters, "wait_s": 0.0}).start(Resources())
    delivered = running.next_batch(5)
    running.close()
    assert (delivered.readings[0].source, len(delivered.readings[0].body.lines)) == ("ids-north", 6)


def test_two_logs_get_two_sensors_and_the_same_log_only_one(tocsin, city, eve, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(eve.read_text())
    for file in (eve, other, eve):
        assert tocsin("add", "log", file, "--city", city, "--only-new").status == 0
    assert list(load_settings(city).inputs) == ["ids-1", "ids-2"]
    assert list(City.load(city / "city").sensors) == ["ids-1", "ids-2"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("absent.json", None, (ConfigError, "No such file")),
        ("eve.json.gz", gzip.compress(b"{}"), (ConfigError, "tocsin replay")),
        ("letter.txt", b"Dear all,\n", (BadInput, "none of the formats eve")),
        ("eve.json", b'{"timestamp": 1, "event_type": "alert"}\n', (BadInput, "no line that can be read")),
        ("empty.log", b"", (BadInput, "none of the formats")),
    ],
)
def test_a_file_that_cannot_be_followed_is_refused_with_what_to_do(tocsin, city, name, content, says):
    error, words = says
    if content is not None:
        (city.parent / name).write_bytes(content)
    said = tocsin("add", "log", city.parent / name, "--city", city)
    assert isinstance(said.error, error)
    assert words in str(said.error)
    assert load_settings(city).inputs == {}


def test_the_sensor_is_named_for_the_format_and_the_file(tocsin, city, tmp_path):
    written = tmp_path / "auth.log"
    written.write_text("<38>1 2026-11-22T10:00:00Z gate1 sshd 812 - - Server listening on port 22.\n")
    assert tocsin("add", "log", written, "--city", city).status == 0
    assert list(City.load(city / "city").sensors) == ["syslog-auth"]


@pytest.mark.parametrize("place", ["here", "1", "200,0", "1,2,3"])
def test_a_place_that_is_none_is_refused(tocsin, city, eve, place):
    said = tocsin("add", "log", eve, "--city", city, "--place", place)
    assert "longitude,latitude" in str(said.error)
