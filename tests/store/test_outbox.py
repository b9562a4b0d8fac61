"""The outbox: survives a restart, tries again with growing waits, gives up, never sends twice what it knows is done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.material import HOUR
from tocsin.model import Delivery, NotFound, Origin
from tocsin.store.log import EventLog
from tocsin.store.outbox import Backoff, Outbox

AT = HOUR * 3600.0


def delivery(id="del-1"):
    return Delivery(
        id=id, outlet="siem", name="a.xml", media_type="application/xml", payload=b"<alert/>", origin=Origin.LIVE
    )


def test_what_was_put_is_due_after_a_restart(tmp_path, keys):
    with EventLog.open(tmp_path, keys) as log:
        Outbox(log).put(delivery(), AT)
    with EventLog.open(tmp_path, keys) as log:
        assert Outbox(log).due(AT) == [delivery()]
        assert Outbox(log).due(AT - 1) == []


def test_a_delivery_is_put_once_even_after_it_is_done(log):
    outbox = Outbox(log)
    assert [outbox.put(delivery(), AT), outbox.put(delivery(), AT)] == [True, False]
    outbox.done("del-1", AT + 1)
    assert outbox.put(delivery(), AT + 2) is False
    assert outbox.due(AT + 1e9) == []
    assert outbox.counts() == {"waiting": 0, "done": 1, "dead": 0}


def test_what_was_done_leaves_no_content(log):
    outbox = Outbox(log)
    outbox.put(delivery(), AT)
    outbox.done("del-1", AT)
    assert log._connection.execute("SELECT sealed FROM outbox").fetchall() == [(None,)]


def test_failures_wait_longer_and_longer_then_it_is_given_up(log):
    outbox = Outbox(log, Backoff(first_s=10, wait_s_max=25, attempts_max=4))
    outbox.put(delivery(), AT)
    stands = [outbox.failed("del-1", AT, "connection refused") for _ in range(4)]
    assert [posted.due_at - AT for posted in stands[:3]] == [10, 20, 25]
    assert [posted.state for posted in stands] == ["waiting"] * 3 + ["dead"]
    assert outbox.due(AT + 1e9) == []
    assert [(posted.id, posted.why) for posted in outbox.dead()] == [("del-1", "connection refused")]
    with pytest.raises(NotFound):
        outbox.failed("del-1", AT, "again")


def test_a_person_can_try_a_dead_one_again(log):
    outbox = Outbox(log)
    outbox.put(delivery(), AT)
    assert outbox.give_up("del-1", "the gate refuses it").state == "dead"
    assert outbox.retry("del-1", AT + 5).state == "waiting"
    assert outbox.due(AT + 5) == [delivery()]


def test_the_longest_due_goes_first(log):
    outbox = Outbox(log)
    for number in (2, 1, 3):
        outbox.put(delivery(f"del-{number}"), AT + number)
    assert [found.id for found in outbox.due(AT + 10, limit=2)] == ["del-1", "del-2"]


@pytest.mark.parametrize(
    "ask", [lambda box: box.done("x", AT), lambda box: box.state("x"), lambda box: box.retry("x", AT)]
)
def test_an_unknown_delivery_is_said(log, ask):
    with pytest.raises(NotFound, match="'x'"):
        ask(Outbox(log))


def test_retention_spares_what_waits(log, keys):
    outbox = Outbox(log)
    outbox.put(delivery("waits"), AT)
    outbox.put(delivery("is-done"), AT + 7200)
    outbox.done("is-done", AT + 7300)
    assert outbox.retain(AT + 1e6, hours=1) == 1
    assert outbox.due(AT + 1e9) == [delivery("waits")]
    assert keys.dropped == {"outbox": HOUR}


@given(st.integers(1, 10_000))
def test_waits_grow_within_bounds(tries):
    backoff = Backoff()
    assert backoff.first_s <= backoff.wait_s(tries) <= backoff.wait_s(tries + 1) <= backoff.wait_s_max
