"""ONVIF events from a device behind a real HTTP server: digests, clocks, lost pull points, hostile answers."""

import json
import time

import pytest

from tests.sources.simulated_onvif import PASSWORD, USER, SimulatedOnvif, note
from tocsin.contract.bodies import Alive, Contact, LogBatch
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError
from tocsin.sources.onvif_events import OnvifEvents

SECRETS = Resources(secrets={"cam": PASSWORD, "wrong": "guess"})


def started(device, **how):
    how = {"source": "cam-1", "user": USER, "secret": "cam", "pull_s": 0.2, **how}
    return OnvifEvents(url=device.url, **how).start(SECRETS)


def heard(running, count=1, wait_s=10.0):
    """Readings but signs of life, until there are `count`."""
    found, end = [], time.monotonic() + wait_s
    while len(found) < count and time.monotonic() < end:
        delivered = running.next_batch(0.2)
        found += [one for one in (delivered.readings if delivered else ()) if not isinstance(one.body, Alive)]
    return found


def wait_for(holds, wait_s=10.0):
    end = time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def row(reading):
    return json.loads(reading.body.lines[0])


@pytest.mark.parametrize("http_digest", [False, True])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_events_are_fetched_as_rows_and_as_sides(http_digest, elsewhere):
    with SimulatedOnvif(http_digest=http_digest, elsewhere=elsewhere) as device:
        running = started(device, parts={"d1": "door-7"})
        at = int(time.time())
        device.say(note("Door/State/DoorAlarm", [("State", "DoorForcedOpen")], at=at, source=[("DoorToken", "d1")]))
        batch, side = heard(running, 2)
        assert isinstance(batch.body, LogBatch)
        assert (batch.source, batch.via, abs(batch.at - at) <= 2) == ("cam-1", "onvif", True)
        assert row(batch)["topic"] == "Door/State/DoorAlarm"
        assert (side.source, side.body) == ("door-7", Contact(name="door alarm d1", active=True))
        assert running.problem() == ""
        running.close()
        assert device.calls[-1] == "Unsubscribe"


def test_a_device_that_answers_shows_signs_of_life():
    with SimulatedOnvif() as device:
        running = started(device, alive_s=0.01)
        readings = running.next_batch(10.0).readings
        running.close()
    assert [(one.source, one.body) for one in readings[:1]] == [("cam-1", Alive(online=True))]


@pytest.mark.parametrize("ahead_s", [-86_400.0, 7_200.0])
def test_a_wrong_clock_is_learnt_and_times_are_put_right(ahead_s):
    with SimulatedOnvif(ahead_s=ahead_s) as device:
        running = started(device)
        now = int(time.time())
        device.say(note("VideoSource/MotionAlarm", [("State", "true")], at=now - 60 + ahead_s))
        batch = heard(running, 2)[0]
        running.close()
    assert abs(batch.at - (now - 60)) <= 2


def test_what_a_device_tells_again_after_a_new_pull_point_has_the_same_number():
    at = int(time.time()) - 5
    with SimulatedOnvif() as device:
        running = started(device)
        told = note("Device/Trigger/Relay", [("LogicalState", "active")], at=at, operation="Initialized")
        device.say(told)
        first = heard(running, 2)
        device.points += 1  # the device restarted: it knows our pull point no more
        wait_for(lambda: device.calls.count("CreatePullPointSubscription") == 2)
        device.say(told)
        again = heard(running, 2)
        running.close()
    assert [(one.source, one.boot, one.seq) for one in again] == [(one.source, one.boot, one.seq) for one in first]
    assert first[1].body.flags == ("initial",)


def test_events_without_a_time_are_each_their_own():
    with SimulatedOnvif() as device:
        running = started(device)
        device.say(*[note("RuleEngine/LineDetector/Crossed", [("ObjectId", "1")], at=None)] * 3)
        found = heard(running, 3)
        running.close()
    assert len({one.seq for one in found}) == 3


def test_the_pull_point_is_renewed():
    with SimulatedOnvif() as device:
        running = started(device, lasts_s=0.4)
        wait_for(lambda: device.calls.count("Renew") >= 2)
        assert device.calls.count("CreatePullPointSubscription") == 1
        running.close()


def test_faces_and_number_plates_are_passed_over():
    with SimulatedOnvif() as device:
        running = started(device)
        at = int(time.time())
        device.say(
            note("RuleEngine/Recognition/LicensePlate", [("PlateNumber", "ABC-123")], at=at),
            note("VideoSource/MotionAlarm", [("State", "false")], at=at),
        )
        found = heard(running, 2)
        assert running.counts.passed_over == 1
        running.close()
    assert "ABC-123" not in str(found)


@pytest.mark.parametrize(("secret", "why"), [("wrong", "wrong digest"), ("", "wrong digest")])
def test_a_wrong_password_is_said_in_words(secret, why):
    with SimulatedOnvif() as device:
        running = started(device, secret=secret)
        wait_for(lambda: why in running.problem())
        assert "guess" not in running.problem()
        running.close()


def test_http_digest_refused_says_what_to_check():
    with SimulatedOnvif(http_digest=True) as device:
        running = started(device, secret="wrong")
        wait_for(lambda: "check `user` and `secret`" in running.problem())
        running.close()


def test_an_absent_device_is_a_problem_and_not_an_error():
    with SimulatedOnvif() as device:
        url = device.url
    running = OnvifEvents(url=url, source="cam-1", pull_s=0.2).start(SECRETS)
    wait_for(lambda: "could not ask for its time" in running.problem())
    running.close()


@pytest.mark.parametrize(
    "garbage",
    [b"\xff<a>", b"x" * 5_000_000, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ids=["broken", "long", "entity"],
)
def test_a_hostile_answer_is_a_problem_and_the_device_is_asked_again(garbage):
    with SimulatedOnvif() as device:
        running = started(device)
        wait_for(lambda: "PullMessages" in device.calls)
        device.garbage = garbage
        wait_for(running.problem)
        assert "its answer" in running.problem()
        wait_for(lambda: not running.problem())
        running.close()


def test_messages_that_cannot_be_read_are_quarantined():
    with SimulatedOnvif() as device:
        running = started(device)
        device.say("<w:NotificationMessage/>")
        found = []
        wait_for(lambda: found.extend(getattr(running.next_batch(0.1), "rejected", ())) or found)
        assert "no message" in found[0][1]
        assert running.problem() == ""
        running.close()


def test_what_is_not_taken_stays_with_the_device():
    with SimulatedOnvif() as device:
        at = int(time.time())
        device.say(*[note("VideoSource/MotionAlarm", [("State", "true")], at=at - second) for second in range(20)])
        running = started(device, waiting_max=4)
        wait_for(lambda: running.counts.received)
        time.sleep(0.3)
        assert (running.counts.received, len(device.pending)) == (5, 15)
        assert len({(one.boot, one.seq) for one in heard(running, 40)}) == 40
        running.close()


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"url": "rtsp://10.0.0.7"}, "http://"),
        ({"url": "http://10.0.0.7:x"}, "port"),
        ({"url": "http://a:b@10.0.0.7"}, "no user or password"),
        ({"url": "http://10.0.0.7", "secret": "none"}, "No secret named"),
        ({"url": "http://10.0.0.7", "pull_s": 50.0}, "half of lasts_s"),
        ({"url": "https://10.0.0.7", "ca_file": "/none.pem"}, "cannot be read"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(parameters, why):
    with pytest.raises(ConfigError, match=why):
        OnvifEvents(source="cam-1", **parameters).start(SECRETS)
