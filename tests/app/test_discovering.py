"""ONVIF devices: who answers on the network, and which streams a device tells."""

import pytest

from tests.app.simulated_device import Responder, SimulatedDevice, match, profile
from tests.sources.simulated_onvif import PASSWORD, USER
from tocsin.app.discovering import Found, Profile, discover, profiles
from tocsin.model import ConfigError, SourceLost

MAIN = profile("p1", "Main", 1920, 1080, 25, metadata=True)
SUB = profile("p2", "Sub", 640, 360, 10)
SCOPES = "onvif://www.onvif.org/name/North%20gate onvif://www.onvif.org/hardware/X1 onvif://www.onvif.org/type/audio"


def address_of(device):
    return device.url.removeprefix("http://")


# --- who is there ---


def test_devices_that_answer_are_found_once():
    here = match("http://127.0.0.1:8080/onvif/device_service http://[fe80::1]/onvif/device_service", SCOPES)
    other = match("https://192.0.2.8/onvif/device_service", endpoint="urn:uuid:2")
    with Responder(here, here, other) as responder:
        found = discover(0.3, group=responder.group)
        assert len(set(responder.asked)) == 1
    assert found == [
        Found(address="127.0.0.1:8080", name="North gate", hardware="X1"),
        Found(address="https://192.0.2.8", name=""),
    ]


def test_a_device_is_asked_where_it_answered_from():
    with Responder(match("http://192.0.2.9/onvif/device_service http://127.0.0.1:80/onvif/device_service")) as here:
        assert [one.address for one in discover(0.3, group=here.group)] == ["127.0.0.1"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\xfe",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a/>",
        match(""),
        match("gopher://192.0.2.9/ http:///x http://192.0.2.9:99999/ javascript:alert(1)"),
    ],
    ids=["empty", "noise", "entity", "other", "no address", "bad addresses"],
)
def test_hostile_answers_are_passed_over(answer):
    with Responder(answer, match("http://127.0.0.1/onvif/device_service")) as responder:
        assert [one.address for one in discover(0.3, group=responder.group)] == ["127.0.0.1"]


def test_words_of_a_device_cannot_write_on_a_terminal():
    loud = match("http://127.0.0.1/x", "onvif://www.onvif.org/name/a%1B%5B2Jb" + "c" * 200)
    with Responder(loud) as responder:
        (found,) = discover(0.3, group=responder.group)
    assert found.name.startswith("a[2Jbc")
    assert len(found.name) <= 80


# --- which streams it has ---


@pytest.mark.parametrize("ahead_s", [0.0, -7_200.0])
def test_streams_are_told_with_what_they_are(ahead_s):
    streams = {"p1": "rtsp://127.0.0.1:8554/main?x=1", "p2": "rtsp://127.0.0.1/sub"}
    with SimulatedDevice([MAIN, SUB], streams, ahead_s=ahead_s) as device:
        found = profiles(address_of(device), USER, PASSWORD)
    assert found == [
        Profile(
            name="Main", url="rtsp://127.0.0.1:8554/main?x=1", width=1920, height=1080, frames_per_s=25.0, metadata=True
        ),
        Profile(name="Sub", url="rtsp://127.0.0.1/sub", width=640, height=360, frames_per_s=10.0),
    ]


def test_a_device_behind_nat_is_asked_at_the_host_that_was_named_and_nowhere_else():
    streams = {"p2": "rtsp://viewer:hunter2@10.255.255.1:554/sub"}
    with SimulatedDevice([SUB], streams, services_at="http://10.255.255.1") as device:
        (found,) = profiles(address_of(device), USER, PASSWORD)
    assert found.url == "rtsp://127.0.0.1:554/sub"


def test_a_wrong_password_is_said_in_words():
    with SimulatedDevice([SUB], {"p2": "rtsp://127.0.0.1/sub"}) as device, pytest.raises(SourceLost) as caught:
        profiles(address_of(device), USER, "guess")
    assert "it refuses us: check user and password" in str(caught.value)
    assert "guess" not in str(caught.value)


def test_a_device_that_is_not_there_is_said():
    with SimulatedDevice([], {}) as device:
        address = address_of(device)
    with pytest.raises(SourceLost, match="nobody answers there"):
        profiles(address, USER, PASSWORD)


def test_a_stream_of_another_kind_is_said():
    with SimulatedDevice([SUB], {"p2": "file:///etc/passwd"}) as device, pytest.raises(SourceLost, match="not read"):
        profiles(address_of(device), USER, PASSWORD)


@pytest.mark.parametrize("address", ["", "http://", "a:b", "ftp://192.0.2.7", "http://u:p@192.0.2.7"])
def test_what_is_no_address_is_said(address):
    with pytest.raises(ConfigError, match="Name an ONVIF device by its host"):
        profiles(address, USER, PASSWORD)
