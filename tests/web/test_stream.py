"""The event stream: complete, resumed by id, honest about gaps, ended by house and session."""

import asyncio
from dataclasses import replace

import pytest

from tests.web.house import wait_for
from tocsin.engine.ring import RING_MAX, Ring
from tocsin.model import TooMuch
from tocsin.web import stream as streams
from tocsin.web.stream import RESET, Waker, stream


def frames(lines, count):
    """The first events of a stream: dicts of id, event, data."""
    found, now = [], {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            now[name] = value
        else:
            found += [now] if "event" in now else []
            now = {}
        if len(found) == count:
            return found
    return found


def heard(client, after, count, **headers):
    with client.stream("GET", "/api/events", params={"after": after}, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return frames(answer.iter_lines(), count)


def number(event):
    return int(event["id"].rpartition("-")[2])


def test_events_come_in_order_without_gaps(desk):
    state = desk.get("/api/state").json()
    told = heard(desk, state["event"], 5)
    assert [number(event) for event in told] == list(range(number(told[0]), number(told[0]) + 5))
    assert number(told[0]) == int(state["event"].rpartition("-")[2]) + 1
    assert "tick" in {event["event"] for event in told}


def test_a_decision_is_told_to_everybody(desk, incident):
    after = desk.get("/api/state").json()["event"]
    desk.post(f"/api/incidents/{incident['id']}/note", json={"text": "told to all"})
    told = [event for event in heard(desk, after, 8) if event["event"] == "incident"]
    assert any("told to all" in event["data"] for event in told)


def test_a_browser_goes_on_where_it_was(desk):
    first = heard(desk, desk.get("/api/state").json()["event"], 3)
    again = heard(desk, "ignored", 2, **{"Last-Event-ID": first[0]["id"]})
    assert [event["id"] for event in again] == [event["id"] for event in first[1:]]


@pytest.mark.parametrize("after", ["another-7", "garbage", "{epoch}-x", "{epoch}-999999999"])
def test_an_id_that_leads_nowhere_means_start_over(desk, town, after):
    assert heard(desk, after.format(epoch=town.office.epoch), 1)[0]["event"] == "reset"


def office_with(town, ring):
    return replace(town.office, ring=ring)


async def collect(office, last_id, enough, valid=lambda: True):
    told, waker = b"", Waker(office.ring)
    async for part in stream(office, waker, last_id, valid=valid):
        told += part
        if enough(told):
            break
    return told


def test_a_listener_that_fell_too_far_behind_is_told_to_start_over(town):
    office = office_with(town, Ring())

    async def slow():
        told, parts = b"", stream(office, Waker(office.ring), f"{office.epoch}-0", valid=lambda: True)
        office.ring.tell("tick", {"now": 0})
        await anext(parts)
        for n in range(RING_MAX + 10):
            office.ring.tell("tick", {"now": n})
        async for part in parts:
            told += part
            if RESET in told:
                return told
        return told

    assert asyncio.run(asyncio.wait_for(slow(), 10)).startswith(RESET)


def test_one_write_is_bounded_however_much_waits(town):
    office = office_with(town, Ring())
    for n in range(1000):
        office.ring.tell("tick", {"now": n})

    async def parts():
        told = stream(office, Waker(office.ring), f"{office.epoch}-0", valid=lambda: True)
        await anext(told)
        return [(await anext(told)).count(b"event:") for _ in range(10)]

    assert asyncio.run(parts()) == [streams.EVENTS_MAX] * 10


def test_a_stream_ends_when_the_house_closes(town):
    office = office_with(town, Ring())

    async def until_closed():
        listening = asyncio.create_task(collect(office, "", lambda told: False))
        await asyncio.sleep(0.05)
        office.ring.close()
        return await listening

    assert asyncio.run(asyncio.wait_for(until_closed(), 5)).startswith(b"retry:")


def test_a_stream_ends_with_its_session(desk, town):
    """The check is asked every `CHECK_S`; here each stream asks at once."""
    office = office_with(town, Ring())

    async def ended():
        told = stream(office, Waker(office.ring), "", valid=lambda: False, check_s=0.0)
        asyncio.get_running_loop().call_later(0.05, office.ring.tell, "tick", {"now": 1})
        return [part async for part in told]

    parts = asyncio.run(asyncio.wait_for(ended(), 5))
    assert parts[1:] == [RESET]


def test_too_many_listeners_are_refused_and_leaving_makes_room(town):
    async def many():
        waker = Waker(Ring())
        news = [waker.listen() for _ in range(streams.STREAMS_MAX)]
        with pytest.raises(TooMuch):
            waker.check_room()
        waker.leave(news[0])
        waker.check_room()
        waker._ring.close()

    asyncio.run(many())


def test_a_listener_that_hangs_up_is_forgotten(desk, town):
    before = heard(desk, "", 1)
    assert before
    waker = town.app.state.waker
    wait_for(lambda: not waker._news)
