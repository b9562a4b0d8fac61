"""Lines of the broker's log: what they say, under names of their own."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats.mosquitto import BYTES_MAX, row_of
from tocsin.model import BadInput


@pytest.mark.parametrize(
    ("line", "event", "parts"),
    [
        (
            b"New client connected from 10.0.0.7:51234 as cam-1 (p2, c1, k60, u'anna').",
            "connected",
            {"client": "cam-1", "src_ip": "10.0.0.7", "src_port": 51234, "user": "anna", "keepalive_s": 60},
        ),
        (b"New connection from ::1:5000 on port 8883.", "connection", {"src_ip": "::1", "port": 8883}),
        (b"Client <unknown> disconnected, not authorised.", "refused", {"reason": "not authorised"}),
        (b"Client cam-1 [10.0.0.7:5000] disconnected: not authorised.", "refused", {"src_ip": "10.0.0.7"}),
        (b"Client cam-1 already connected, closing old connection.", "taken-over", {"client": "cam-1"}),
        (b"Client cam-1 has exceeded timeout, disconnecting.", "timeout", {"client": "cam-1"}),
        (b"Client cam-1 closed its connection.", "closed", {"client": "cam-1"}),
        (b"Client cam-1 disconnected.", "disconnected", {"client": "cam-1"}),
        (
            b"Received PUBLISH from cam-1 (d0, q1, r0, m7, 'a/b', ... (5 bytes))",
            "publish",
            {"topic": "a/b", "qos": 1, "bytes": 5},
        ),
        (b"Denied PUBLISH from x (d0, q0, r0, m0, '$SYS/a', ... (5 bytes))", "denied", {"topic": "$SYS/a"}),
        (b"Received SUBSCRIBE from cam-1", "subscribe", {"client": "cam-1"}),
        (b"cam-1 0 #", "subscribe", {"client": "cam-1", "topic": "#"}),
        (b"mosquitto version 2.0.18 starting", "start", {"version": "2.0.18"}),
        (b"Opening ipv4 listen socket on port 1883.", "listen", {"port": 1883}),
        (b"Something new.", "other", {}),
    ],
)
def test_a_line_says_what_happened(line, event, parts):
    row = row_of(b"1700000000: " + line)
    assert (row["event"], row["message"], row["at"]) == (event, line.decode(), 1.7e9)
    assert {name: row.get(name) for name in parts} == parts


def test_a_written_time_is_utc_unless_it_says_otherwise():
    assert row_of(b"2023-11-14T22:13:20: x")["at"] == row_of(b"2023-11-15T00:13:20+0200: x")["at"] == 1.7e9


@pytest.mark.parametrize(
    "raw", [b"", b"hello", b"999999999999: x", b"2023-13-40T00:00:00: x", b"5: \xff", b"5: " + b"x" * BYTES_MAX]
)
def test_what_is_no_line_of_it_is_refused(raw):
    with pytest.raises(BadInput):
        row_of(raw)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n")))
@settings(deadline=None)
def test_any_message_is_kept_whole(text):
    with suppress(BadInput):
        assert row_of(f"5: {text}".encode())["message"] == text
