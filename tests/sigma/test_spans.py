"""Where a rule is marked: the comparisons that held, wherever and however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sigma.spans import SPANS_MAX, spans

BLOCK = r"""title: Marked
tags: [attack.t0846]
detection:
  selection:
    Image|endswith:
      - '\nc.exe'   # netcat
      - '\ncat.exe'
    CommandLine|re: '^nc\b'
    User: null
  inline: {Image: '*\x.exe', dst_port: [22, 23]}
  several:
    - Image: other
    - dst_port: 80
  words:
    - evil one
    - 'evil*two'
  condition: Image
fields: [Image]
"""


def marked(text, **wanted):
    lines = text.split("\n")
    return [lines[one.line][one.start : one.end] for one in spans(text, wanted)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"Image": [r"\NC.exe"]}, ["Image|endswith", r"'\nc.exe'"]),
        ({"Image": [r"*\x.exe"]}, ["Image", r"'*\x.exe'"]),
        ({"dst_port": ["23", "80"]}, ["dst_port", "23", "dst_port", "80"]),
        ({"CommandLine": [r"^nc\b"]}, ["CommandLine|re", r"'^nc\b'"]),
        ({"User": []}, ["User"]),
        ({"Image": ["written otherwise"]}, ["Image|endswith", "Image", "Image"]),
        ({"": ["evil*two"]}, ["'evil*two'"]),
        ({"": ["never"]}, []),
        ({"absent": ["x"]}, []),
        ({}, []),
    ],
)
def test_what_held_is_marked_and_nothing_outside_the_detection(wanted, expected):
    assert marked(BLOCK, **wanted) == expected


def test_an_escaped_wildcard_is_found_as_it_is_compared():
    text = "detection:\n  a:\n    name: 'a\\*b'\n"
    assert marked(text, name=["a*b"]) == ["name", "'a\\*b'"]


def test_a_value_over_several_lines_is_marked_line_by_line():
    text = "detection:\n  a:\n    name: >-\n      one\n      two\n"
    assert marked(text, name=["one two"])[:2] == ["name", ">-"]


def test_what_cannot_be_read_has_no_marks():
    assert spans("detection: {a: [", {"a": []}) == ()
    assert spans("- a list", {"a": []}) == ()
    assert spans("", {"a": []}) == ()


def test_a_rule_of_thousands_of_values_is_marked_within_bounds():
    values = [f"v{number}" for number in range(2 * SPANS_MAX)]
    assert len(spans(f"detection:\n  a:\n    name: [{', '.join(values)}]\n", {"name": values})) == SPANS_MAX


@given(st.text(max_size=200), st.text(max_size=20))
def test_no_text_breaks_it_and_every_span_lies_within_its_line(text, value):
    whole = f"detection:\n  a:\n    name: {text}\n"
    lines = whole.split("\n")
    for one in spans(whole, {"name": [value], "": [value]}):
        assert 0 <= one.start < one.end <= len(lines[one.line])
