"""Syslog: RFC 5424 is written and read strictly, RFC 3164 is read, frames survive any cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats.syslog import BYTES_MAX, Message, decode, encode, frame, unframe
from tocsin.model import BadInput

NOW = 1_795_341_600.0  # 2026-11-22T10:00:00Z
WORD = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=32).filter(lambda word: word != "-")
NAME = st.text(st.sampled_from("abcXYZ019@._:\\"), min_size=1, max_size=32)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40).filter(
    lambda text: not text.startswith("\ufeff")
)
PARAMS = st.lists(st.tuples(NAME, TEXT), max_size=3).map(tuple)
MESSAGE = st.builds(
    Message,
    facility=st.integers(0, 23),
    severity=st.integers(0, 7),
    at=st.none() | st.integers(0, 4_000_000_000_000).map(lambda milliseconds: milliseconds / 1000),
    host=WORD,
    app=WORD,
    procid=WORD,
    msgid=WORD,
    data=st.lists(st.tuples(NAME, PARAMS), max_size=3, unique_by=lambda element: element[0]).map(tuple),
    text=TEXT,
)


@settings(max_examples=100, deadline=None)
@given(MESSAGE)
def test_what_is_written_is_read_back_alike(message):
    assert decode(encode(message), NOW) == message


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_a_message_or_bad_input(junk):
    for raw in (junk, b"<34>1 " + junk, b"<34>1 - - - - - [" + junk, b"<34>Oct 11 22:14:15 h " + junk):
        try:
            assert decode(raw, NOW).facility == 4 or raw is junk
        except BadInput:
            continue


def test_the_example_of_the_standard_is_read():
    raw = (
        b"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
        b'[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][x@32473 class="high"] '
        b"\xef\xbb\xbfAn event"
    )
    read = decode(raw, NOW)
    assert (read.facility, read.severity, read.at, read.procid) == (20, 5, 1065910455.003, "")
    assert read.data[0][1][1] == ("eventSource", "Application")
    assert read.text == "An event"


def test_escapes_in_structured_data_are_undone_and_others_kept():
    read = decode(rb'<0>1 - - - - - [a b="\"\]\\\n"] t', NOW)
    assert read.data == (("a", (("b", r'"]\\n'),)),)


def test_a_line_break_cannot_forge_a_second_message():
    raw = encode(Message(facility=1, severity=1, text="one\n<0>1 two", data=(("a", (("b", "c\nd"),)),)))
    assert b"\n" not in raw
    assert b"one#012<0>1 two" in raw


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"hello", "PRI"),
        (b"<192>1 - - - - - -", "PRI"),
        (b"<007>1 - - - - - -", "PRI"),
        (b"<0>2 - - - - - -", "VERSION 1"),
        (b"<0>1 - - - - -", "VERSION 1"),
        (b"<0>1 2026-11-22 - - - - -", "no RFC 5424 time"),
        (b"<0>1 2026-11-22T10:00:60Z - - - - -", "no RFC 5424 time"),
        (b"<0>1 -  - - - -", "empty host"),
        (b"<0>1 - " + b"h" * 256 + b" - - - -", "at most 255"),
        (b"<0>1 - - - - - x", "structured data"),
        (b'<0>1 - - - - - [a b="c]"]', "close it"),
        (b'<0>1 - - - - - [a b="c"][a]', "twice"),
        (b"<0>1 - - - - - [ a]", "begins no"),
        (b"<0>1 - - - - - -text", "one space"),
        (b"<0>1 - - - - - - \xff", "UTF-8"),
        (b"<0>Oct 11 at noon", "neither"),
        (b"<0>Feb 30 10:00:00 h t: x", "exist"),
        (b"<0>1 - - - - - - " + b"x" * BYTES_MAX, "at most"),
    ],
)
def test_what_breaks_the_standard_is_refused_with_the_reason(raw, said):
    with pytest.raises(BadInput, match=said):
        decode(raw, NOW)


@pytest.mark.parametrize(
    "message",
    [
        Message(facility=24, severity=0),
        Message(facility=0, severity=8),
        Message(facility=0, severity=0, host="two words"),
        Message(facility=0, severity=0, app="x" * 49),
        Message(facility=0, severity=0, data=(("a=b", ()),)),
        Message(facility=0, severity=0, data=(("a", ()), ("a", ()))),
    ],
)
def test_what_the_standard_forbids_is_not_written(message):
    with pytest.raises(BadInput):
        encode(message)


@pytest.mark.parametrize(
    ("raw", "app", "procid", "text"),
    [
        (b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "su", "", "'su root' failed"),
        (b"<13>Feb  5 17:32:18 10.0.0.99 sshd[42]: closed", "sshd", "42", "closed"),
        (b"<13>Feb  5 17:32:18 gate (no tag)", "", "", "(no tag)"),
    ],
)
def test_the_older_form_is_read(raw, app, procid, text):
    read = decode(raw, NOW)
    assert (read.app, read.procid, read.text, read.version) == (app, procid, text, 0)


def test_the_older_form_takes_the_year_nearest_to_now():
    new_year = 1_798_761_600.0  # 2027-01-01T00:00:00Z
    assert decode(b"<0>Dec 31 23:59:50 h t: x", new_year).at == new_year - 10
    assert decode(b"<0>Jan  1 00:00:05 h t: x", new_year - 10).at == new_year + 5


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=30), max_size=5), st.integers(1, 7))
def test_frames_survive_any_cut_of_the_stream(messages, step):
    stream = b"".join(map(frame, messages))
    got, left = [], b""
    for start in range(0, len(stream), step):
        whole, left = unframe(left + stream[start : start + step])
        got += whole
    assert (got, left) == (messages, b"")


def test_lines_are_frames_too():
    assert unframe(b"<0>a\r\n<1>b\n<2>c") == ([b"<0>a", b"<1>b"], b"<2>c")


@pytest.mark.parametrize("stream", [b"hello", b"0 ", b"999999 x", b"12x"])
def test_a_stream_that_cannot_be_followed_is_refused(stream):
    with pytest.raises(BadInput):
        unframe(stream)
