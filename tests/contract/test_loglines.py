"""Lines into batches and rows: formats by content, audit events whole, wrong clocks found, nothing swallowed."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.contract.bodies import LogBatch
from tocsin.contract.loglines import FORMATS, LINES_MAX, LineBatcher, format_of, last_time, odd_ones_out, rows_of
from tocsin.model import ConfigError

EVENT = b'type=%s msg=audit(5.0:%d): pid=1 key="k"'


@pytest.mark.parametrize(
    ("line", "format"),
    [
        (b'{"timestamp":"x","event_type":"flow"}', "eve"),
        (b"#separator \\x09", "zeek-tsv"),
        (b'{"ts":1.5,"uid":"C1"}', "zeek-json"),
        (b"<34>1 2003-10-11T22:14:15.003Z host su - ID47 - hello", "syslog"),
        (b"<34>Oct 11 22:14:15 host su: hello", "syslog"),
        (b"Oct 11 22:14:15 host su: hello", "syslog"),
        (b"2003-10-11T22:14:15.003+02:00 host su: hello", "syslog"),
        (b"10.0.0.1 6705: Feb 17 13:40:03.673: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin", "syslog"),
        (b'type=CWD msg=audit(5.0:1): cwd="/"', "auditd"),
        (b'node=door-7 type=CWD msg=audit(5.0:1): cwd="/"', "auditd"),
        (b'{"Event":{"System":{"EventID":1}}}', "windows"),
        (b'{"@timestamp":"x","winlog":{"event_id":1}}', "windows"),
        (b'{"EventTime":"x","EventID":1,"Channel":"Security"}', "windows"),
        (b'{"timestamp":"x","rule":{"level":3},"agent":{"id":"1"}}', "wazuh"),
        (b"1700000000: mosquitto version 2.0.18 starting", "mosquitto"),
        (b"2023-11-14T22:13:20: mosquitto version 2.0.18 starting", "mosquitto"),
        (b"hello", None),
        (b"", None),
        (b"\xff\x00", None),
        (b'{"a": 1}', None),
    ],
)
def test_a_log_shows_its_format(line, format):
    assert format_of(b"\n" + line + b"\n") == format


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"'letters'.*syslog"):
        LineBatcher("letters")


def batch(format, *lines, header=""):
    return LogBatch(format=format, lines=lines, offsets=tuple(range(len(lines))), header=header)


def test_records_of_one_audit_event_are_one_row_also_when_interleaved():
    lines = (EVENT % (b"SYSCALL", 1), EVENT % (b"SYSCALL", 2), b"oops", EVENT % (b"CWD", 1), EVENT % (b"CWD", 2))
    found = rows_of(batch("auditd", *lines), now=0.0)
    assert [row["type"] for row in found.rows] == [["SYSCALL", "CWD"], ["SYSCALL", "CWD"]]
    assert found.offsets == [0, 1]
    assert [line for line, _ in found.rejected] == [b"oops"]


def test_events_of_different_hosts_are_different_events():
    lines = [b"node=%s " % node + EVENT % (b"CWD", 1) for node in (b"a", b"b")]
    assert [row["node"] for row in rows_of(batch("auditd", *lines), now=0.0).rows] == ["a", "b"]


def test_a_batch_does_not_end_inside_an_audit_event():
    batcher = LineBatcher("auditd")
    taken = [batcher.take(n, EVENT % (b"CWD", n // 3)) for n in range(2 * LINES_MAX)]
    batches = [one for one in (*taken, batcher.flush()) if one is not None]
    assert sum(len(one.lines) for one in batches) == 2 * LINES_MAX
    serials = [{row["serial"] for row in rows_of(one, now=0.0).rows} for one in batches]
    assert len(serials) > 1
    assert all(a.isdisjoint(b) for a, b in pairwise(serials))


def test_an_endless_audit_event_still_ends_its_batch():
    batcher = LineBatcher("auditd")
    assert any(batcher.take(n, EVENT % (b"CWD", 1)) for n in range(LINES_MAX))


def test_a_time_without_a_year_lies_near_the_header_s_or_the_arrival():
    line = b"Oct 11 22:14:15 host su: hello"
    by_header = rows_of(batch("syslog", line, header="1700000000.0"), now=0.0).rows[0]["at"]
    by_arrival = rows_of(batch("syslog", line), now=1.7e9).rows[0]["at"]
    assert by_header == by_arrival == 1697062455.0


def test_the_time_of_a_batch_is_not_that_of_one_wrong_clock():
    lines = [b"%d: x" % at for at in (1_700_000_000, 1_700_000_001, 2_000_000_000)]
    assert last_time(batch("mosquitto", *lines)) == 1_700_000_001.0


@given(st.lists(st.floats(1e9, 1e9 + 1e6), min_size=3), st.sampled_from([1e9 - 3e8, 1e9 + 3e8]), st.integers(0, 99))
def test_one_clock_ten_years_off_is_found_wherever_it_stands(times, wrong, where):
    place = where % (len(times) + 1)
    assert odd_ones_out([*times[:place], wrong, *times[place:]], 6e7) == {place}


@given(st.sampled_from(FORMATS), st.lists(st.binary() | st.text().map(str.encode), max_size=5))
@settings(deadline=None)
def test_any_line_is_part_of_a_row_or_rejected(format, lines):
    header = "#path\tx\n#fields\ta\n#types\tstring" if format == "zeek-tsv" else ""
    found = rows_of(batch(format, *lines, header=header), now=1.7e9)
    assert len(found.rows) + len(found.rejected) == len(lines) or format == "auditd"
    assert all(reason for _, reason in found.rejected)
