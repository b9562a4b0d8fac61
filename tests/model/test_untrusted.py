"""Untrusted JSON: what comes out can be stored, and reasons repeat nothing."""

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model import BadInput
from tocsin.model.untrusted import DEPTH_MAX, json_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=3))
@settings(deadline=None, max_examples=50)
def test_an_object_is_read_and_can_be_stored(value):
    found = json_object(json.dumps(value).encode("utf-8", "surrogatepass"))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found)) == found == value


@given(st.binary())
@settings(deadline=None)
def test_any_bytes_are_an_object_or_refused(raw):
    with suppress(BadInput):
        assert isinstance(json_object(raw), dict)


@pytest.mark.parametrize("depth", [DEPTH_MAX + 2, 100_000])
def test_deep_nesting_is_refused(depth):
    with pytest.raises(BadInput, match="deep"):
        json_object(b'{"a":' + b"[" * depth + b"]" * depth + b"}")


def test_wide_is_not_deep():
    assert len(json_object(b'{"a":[' + b"[]," * 1000 + b"[]]}")["a"]) == 1001


@pytest.mark.parametrize(
    "raw", [b'{"name": "Anna Virtanen", oops}', b'{"name": "Anna Virtanen \xff"}', b'"Anna Virtanen"']
)
def test_a_reason_repeats_nothing(raw):
    with pytest.raises(BadInput) as caught:
        json_object(raw)
    assert "Anna" not in str(caught.value)
