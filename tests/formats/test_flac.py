"""FLAC comes back as it went in, to 16 bits; what is none is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats import flac
from tocsin.model import BadInput

pytest.importorskip("av", reason="audio needs PyAV: pip install 'tocsin[vision]'")


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 9_000), st.sampled_from(flac.RATES_HZ))
def test_a_piece_comes_back(count, rate):
    piece = np.random.default_rng(count).uniform(-1, 1, count)
    back, told = flac.decode(flac.encode(piece, rate))
    assert told == rate
    assert np.abs(back - piece).max() <= 1 / 16_000


def test_what_is_none_is_refused():
    with pytest.raises(BadInput):
        flac.decode(b"fLaC nothing")
    with pytest.raises(BadInput, match="is written at"):
        flac.encode(np.zeros(10), 12_345)
