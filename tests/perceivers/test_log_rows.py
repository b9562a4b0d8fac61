"""Log lines become rows: counted, tokenised, timed, nothing swallowed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.contract.bodies import LogBatch
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Level, Origin, Reading
from tocsin.perceivers.log_rows import LogRows

GOOD = b'{"timestamp":"1970-01-01T00:00:09+0000","event_type":"flow","src_ip":"10.0.0.1","smtp":{"helo":"Anna"}}'
OLDER = GOOD.replace(b":09+", b":03+")


def perceived(*lines, format="eve", header="", key=b"k" * 32):
    batch = LogBatch(format=format, lines=lines, offsets=tuple(range(len(lines))), header=header)
    reading = Reading(at=99.0, origin=Origin.REPLAY, source="ids", seq=0, seq_end=50, boot="b", body=batch)
    return LogRows().start(Resources(token_key=key)).perceive(reading)


def test_good_lines_become_one_reading_at_the_newest_time():
    [reading] = perceived(OLDER, GOOD, OLDER).readings
    assert (reading.at, reading.body.offsets, reading.seq_end, reading.origin) == (9.0, (0, 1, 2), 50, Origin.REPLAY)
    assert reading.body.level == Level.ANONYMOUS


def test_bad_lines_are_given_back_with_a_reason():
    found = perceived(GOOD, b"oops")
    assert found.readings[0].body.offsets == (0,)
    assert [raw for raw, _ in found.rejected] == [b"oops"]


def test_a_batch_without_any_event_gives_no_reading():
    found = perceived(b"oops", b"{}")
    assert (found.readings, len(found.rejected)) == ((), 2)


def test_equal_names_give_equal_tokens_under_one_key_only():
    def token(line, key):
        return perceived(line, key=key).readings[0].body.rows[0]["smtp"]["helo"]

    assert token(GOOD, b"k" * 32) == token(GOOD.replace(b"Anna", b"anna"), b"k" * 32)
    assert token(GOOD, b"k" * 32) != token(GOOD, b"q" * 32)
    assert "nna" not in token(GOOD, b"k" * 32)


def test_a_zeek_row_needs_its_header():
    assert "header" in perceived(b"1\t2", format="zeek-tsv").rejected[0][1]


def test_no_key_no_start():
    with pytest.raises(ConfigError, match="token key"):
        perceived(GOOD, key=b"short")


@given(st.lists(st.binary(min_size=1)))
@settings(deadline=None)
def test_every_line_is_a_row_or_rejected(lines):
    found = perceived(*lines)
    assert sum(len(reading.body.rows) for reading in found.readings) + len(found.rejected) == len(lines)
