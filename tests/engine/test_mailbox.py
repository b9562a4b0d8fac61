"""The mailbox: rank, bounds, and nobody waits for ever."""

import threading

from tocsin.contract.protocols import Delivered
from tocsin.engine.mailbox import Letter, Mailbox
from tocsin.store.scribe import Committed

PLAIN = Letter("a", Delivered(()))
URGENT = Letter("b", Delivered((), urgent=True))


def committed() -> Committed:
    return Committed(first=1, last=1, facts=(), duplicates=0, refused=())


def test_committed_then_urgent_then_the_rest():
    box, folded = Mailbox(), committed()
    assert box.post(PLAIN)
    assert box.post(URGENT)
    box.put(folded)
    assert [box.take(0) for _ in range(4)] == [folded, URGENT, PLAIN, None]


def test_a_full_box_holds_back_but_never_the_urgent():
    box = Mailbox(letters_max=1)
    assert box.post(PLAIN)
    assert not box.post(PLAIN, wait_s=0.0)
    assert box.post(URGENT, wait_s=0.0)


def test_who_waits_for_room_gets_it():
    box = Mailbox(letters_max=1)
    box.post(PLAIN)
    waiter = threading.Thread(target=lambda: box.post(PLAIN))
    waiter.start()
    assert box.take(1.0) is PLAIN
    waiter.join(timeout=5.0)
    assert box.waiting == 1


def test_deliveries_can_be_left_waiting():
    box = Mailbox()
    box.post(PLAIN)
    assert box.take(0.0, letters=False) is None


def test_a_closed_box_takes_nothing_and_wakes_everybody():
    box = Mailbox(letters_max=1)
    box.post(PLAIN)
    box.close()
    assert not box.post(PLAIN)
