"""The ring of events: numbered, bounded, resumable."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine import ring
from tocsin.engine.ring import Ring


def test_a_listener_gets_what_it_has_not_seen():
    told = Ring()
    for n in range(5):
        told.tell("tick", n)
    assert [event.data for event in told.after(2, 0.0) or []] == [b"2", b"3", b"4"]


@given(st.integers(0, 40), st.integers(0, 60))
def test_either_everything_since_or_start_over(told_count, known):
    told = Ring()
    for n in range(told_count):
        told.tell("tick", n)
    events = told.after(known, 0.0)
    assert (
        events is None
        if known > told_count
        else [e.number for e in events or []] == list(range(known + 1, told_count + 1))
    )


def test_who_fell_behind_must_start_over():
    told = Ring()
    for n in range(ring.RING_MAX + 2):
        told.tell("tick", n)
    assert told.after(0, 0.0) is None
    assert told.after(2, 0.0) is not None
