"""Facts as bytes: what goes in comes out, and no bytes at all can do more than be refused."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.contract.bodies import Concentration
from tocsin.model import BadInput, Health, Observation, Origin, Tick
from tocsin.model.facts import Condition
from tocsin.model.wire import decode, decode_batch, encode, encode_batch, unsealed

SILENT = Health(at=5.0, origin=Origin.LIVE, source="gas-01", condition=Condition.SILENT, because="Silent for 60 s.")
SEEN = Observation(
    at=6.0, origin=Origin.REPLAY, source="gas-01", seq=1, body=Concentration(substance="chlorine", ppm=2.0)
)


@pytest.mark.parametrize(
    "fact", [SILENT, SEEN, Tick(at=7.0, origin=Origin.SIMULATED)], ids=lambda fact: type(fact).__name__
)
def test_a_fact_survives_the_wire(fact):
    assert decode(encode(fact)) == fact


def test_a_batch_keeps_its_order_and_its_bodies_sealed():
    first, second = decode_batch(encode_batch([SEEN, SILENT]))
    assert isinstance(first.body, msgspec.Raw)
    assert (unsealed(first), second) == (SEEN, SILENT)


@pytest.mark.parametrize("read", [decode, decode_batch])
def test_text_that_is_not_utf8_is_bad_input(read):
    broken = encode(SILENT).replace(b"gas-01", b"gas-\xff1")
    with pytest.raises(BadInput, match="are not a"):
        read(broken if read is decode else b"\x91" + broken)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_fact_or_bad_input(raw):
    with suppress(BadInput):
        assert decode(encode(decode(raw))) == decode(raw)
