"""Receivers of Remote ID on a real socket: messages of one transmitter are put together, hostile ones refused."""

import socket

import pytest

from tocsin.contract.resources import Resources
from tocsin.formats.remote_id import BasicId, LocationVector, encode, pack
from tocsin.model import ConfigError
from tocsin.sources.remote_id import AIRCRAFT_MAX, Gathering, RemoteId

KEYED = Resources(token_key=b"0123456789abcdef")
HERE = encode(LocationVector(state="airborne", lon=24.94, lat=60.17, within_m=3.0, height_m=40.0, speed_m_s=5.0))
WHO = encode(BasicId(id="1596F0123456789", type="helicopter or multirotor"))
MAC = bytes.fromhex("0a1b2c3d4e5f")


@pytest.fixture
def running():
    started = RemoteId(port=0, receivers={"127.0.0.1": "roof-receiver"}).start(KEYED)
    yield started
    started.close()


def send(running, *datagrams):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        for one in datagrams:
            channel.sendto(one, ("127.0.0.1", running.port))


def one(running):
    """The next reading."""
    for _ in range(50):
        delivered = running.next_batch(0.1)
        if delivered is not None and delivered.readings:
            return delivered.readings[0]
    raise AssertionError("nothing came")


def test_a_pack_is_a_reading_of_its_receiver_under_a_pseudonym(running):
    send(running, pack(WHO, HERE))
    reading = one(running)
    assert (reading.source, reading.place.lon, reading.place.radius_m) == ("roof-receiver", 24.94, 3.0)
    assert (reading.body.type, reading.body.height_m) == ("helicopter or multirotor", 40.0)
    assert reading.body.aircraft.startswith("t:")
    assert "1596F" not in repr(reading)


@pytest.mark.parametrize("before", [b"", b"\x0d\x07"])
def test_single_messages_of_one_transmitter_are_put_together(running, before):
    send(running, MAC + before + WHO, MAC + before + HERE)
    assert one(running).body.aircraft.startswith("t:")


def test_another_transmitter_is_another_aircraft(running):
    send(running, MAC + WHO, bytes(6) + HERE)
    assert one(running).body.aircraft == ""


def test_noise_is_quarantined_and_the_rest_goes_on(running):
    send(running, b"hello", HERE, MAC + b"\x72" + HERE[1:], pack(WHO, HERE))
    assert one(running).body.aircraft
    assert running.counts.refused == 3


def test_a_full_queue_is_told():
    running = RemoteId(port=0, waiting_max=1).start(KEYED)
    try:
        send(running, *[pack(WHO, HERE)] * 5)
        while running.counts.received < 5:
            pass
        assert "4 reports were dropped" in running.problem()
    finally:
        running.close()


def test_what_is_remembered_is_bounded_and_ends():
    gathering = Gathering(RemoteId(), b"key")
    for number in range(2 * AIRCRAFT_MAX):
        gathering.take(number.to_bytes(6, "big") + WHO, "", 0.0)
    assert len(gathering._aircraft) == AIRCRAFT_MAX
    gathering.take(MAC + WHO, "", 0.0)
    assert gathering.take(MAC + HERE, "", 1.0)[0].body.aircraft
    assert not gathering.take(MAC + HERE, "", 100.0)[0].body.aircraft


def test_a_port_that_is_taken_is_a_plain_error(running):
    with pytest.raises(ConfigError, match="Cannot listen"):
        RemoteId(port=running.port).start(KEYED)
