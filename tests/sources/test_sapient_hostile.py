"""Whatever a node sends, its fusion node goes on: it is read, or refused by a message of the standard."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.test_sapient import SAID
from tocsin.contract.resources import Resources
from tocsin.formats import sapient
from tocsin.sources.sapient import SapientNodes
from tocsin.sources.sapient.node import Manners
from tocsin.sources.sapient.reception import Reception

NODE = "a8654cdf-4328-47de-81fa-c495589e30c9"
MANNERS = Manners(
    ahead_s_max=10.0, behind_s_max=900.0, reach_m_max=50_000.0, silent_intervals=2.5, rate_per_s_max=500.0
)


class Heard:
    """A connection that keeps what it is told, and sees that all of it is sound."""

    subject, address = "", "192.0.2.1"

    def __init__(self):
        self.told = []
        self.ended = False

    def say(self, said):
        assert sapient.problems(said) == []
        self.told.append(said)

    def hang_up(self):
        self.ended = True


def reception():
    return Reception(
        id="d1e2cd0f-870c-4b15-9d7c-16e18e0aa66d",
        via="sapient",
        origin="simulated",
        key=b"k" * 16,
        manners=MANNERS,
        known={},
        only_known=False,
        surveyed={},
        waiting_max=1_000,
    )


def drained(running):
    readings = []
    while delivered := running.next_batch(0.0, urgent=False):
        readings += delivered.readings
    return readings


@st.composite
def messages(draw):
    """A sound message of a node with some of its fields changed to anything of their type."""
    message = sapient.message(NODE, time.time(), SAID[draw(st.sampled_from(sorted(SAID)))])
    for _ in range(draw(st.integers(0, 3))):
        part = message
        while True:
            field, value = draw(st.sampled_from(part.ListFields()))
            inner = value if field.message_type and not field.is_repeated else None
            if field.is_repeated and field.message_type and len(value):
                inner = value[0]
            if inner is None or not inner.ListFields():
                _spoil(draw, part, field)
                break
            part = inner
        if not message.ListFields():
            break
    return message.SerializeToString()


def _spoil(draw, part, field):
    if field.is_repeated or field.message_type:
        part.ClearField(field.name)
    elif field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
        setattr(part, field.name, draw(st.floats(width=32)))
    elif field.type == field.TYPE_STRING:
        setattr(part, field.name, draw(st.text(max_size=40)))
    elif field.type == field.TYPE_BYTES:
        setattr(part, field.name, draw(st.binary(max_size=40)))
    elif field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_ENUM):
        setattr(part, field.name, draw(st.integers(-(2**31), 2**31 - 1)))
    else:
        part.ClearField(field.name)


@settings(max_examples=150, deadline=None)
@given(st.lists(messages() | st.binary(max_size=120), min_size=1, max_size=5))
def test_no_message_breaks_the_reception(raws):
    running, line = reception(), Heard()
    running.heard(sapient.message(NODE, time.time(), SAID["registration"]).SerializeToString(), line)
    for raw in raws:
        running.heard(raw, line)
    for reading in drained(running):
        assert reading.source == f"sapient-{NODE}"
        assert reading.place is None or (-180 <= reading.place.lon <= 180 and -90 <= reading.place.lat <= 90)
    assert running.counts.received == len(raws) + 1
    assert line.told[0].registration_ack.acceptance


def test_trust_in_one_node_falls_and_in_no_other():
    running, liar, honest = reception(), Heard(), Heard()
    other = "b8654cdf-4328-47de-81fa-c495589e30c9"
    for node, line in ((NODE, liar), (other, honest)):
        running.heard(sapient.message(node, time.time(), SAID["registration"]).SerializeToString(), line)
    for _ in range(5):
        running.heard(b"\xff", liar)
    assert running.nodes[NODE].faults["invalid"] == 5
    assert not running.nodes[other].faults
    assert len(liar.told) == 6
    assert len(honest.told) == 1


def test_a_hijacked_identity_is_a_fault_and_the_older_connection_ends():
    running, first, second = reception(), Heard(), Heard()
    raw = sapient.message(NODE, time.time(), SAID["registration"]).SerializeToString()
    running.heard(raw, first)
    running.heard(raw, second)
    assert first.ended
    assert running.nodes[NODE].faults == {"taken-over": 1}
    running.left(first)
    assert running.registered_by(second)


def test_our_own_id_stays_the_same_for_an_installation():
    made = [SapientNodes(port=0).start(Resources(token_key=key)) for key in (b"a" * 16, b"a" * 16, b"b" * 16)]
    ids = [one._reception.id for one in made]
    for one in made:
        one.close()
    assert ids[0] == ids[1] != ids[2]
