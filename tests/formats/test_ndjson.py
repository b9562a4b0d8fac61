"""NDJSON readings: typed and plain lines, names, times, no crash on any bytes."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats.ndjson import Line, line_of
from tocsin.model import BadInput


@pytest.mark.parametrize("at", ['"at":1767225600.5', '"t":1767225600.5', '"at":"2026-01-01T02:00:00.5+02:00"'])
@pytest.mark.parametrize("seq", ['"seq":12', '"n":12'])
def test_short_and_long_names_mean_the_same(at, seq):
    raw = f'{{"source":"gas-07",{at},{seq},"boot":"b3","cl2_ppm":0.4}}'.encode()
    assert line_of(raw) == Line(source="gas-07", at=1767225600.5, seq=12, boot="b3", values={"cl2_ppm": 0.4})


def test_a_typed_line_carries_its_body():
    found = line_of(b'{"source":7,"body":{"is":"gas.concentration/1","substance":"chlorine","ppm":0.4}}')
    assert (found.source, found.body["ppm"], found.values) == ("7", 0.4, {})


def test_the_route_speaks_where_the_line_does_not():
    assert line_of(b'{"cps":5}', "rad-1").source == "rad-1"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"cps":5}', "no source"),
        (b'{"source":""}', "no source"),
        (b'{"source":"a/b"}', "no slash"),
        (b'{"source":"a b"}', "no space"),
        (b'{"source":true}', "no source"),
        (b'{"source":"a","at":1,"t":2}', "both at and t"),
        (b'{"source":"a","at":"2026-01-01T00:00:00"}', "no offset"),
        (b'{"source":"a","at":"yesterday"}', "neither epoch"),
        (b'{"source":"a","at":-5}', "neither epoch"),
        (b'{"source":"a","at":true}', "neither epoch"),
        (b'{"source":"a","at":1e15}', "neither epoch"),
        (b'{"source":"a","n":1.5}', "whole number"),
        (b'{"source":"a","n":-1}', "whole number"),
        (b'{"source":"a","body":5}', "names its type"),
        (b'{"source":"a","body":{}}', "names its type"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(raw, reason):
    with pytest.raises(BadInput, match=reason):
        line_of(raw)


@given(st.binary())
@settings(deadline=None)
def test_any_bytes_are_a_line_or_refused(raw):
    with suppress(BadInput):
        assert line_of(raw, "s").source
