"""Followed files: rotated in every usual way, resumed, partial and over-long lines, nothing lost or doubled."""

import gzip
import os
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.contract.resources import Resources
from tocsin.model import ConfigError
from tocsin.sources.tail import Tail

HEADER = b"#separator \\x09\n#path\tconn\n#open\t%d\n#fields\tts\tuid\n#types\ttime\tstring\n"


def line(n):
    return b'{"timestamp":"2026-01-01T00:00:00.%06d+0000","event_type":"flow","n":%d}\n' % (n, n)


def lines(*numbers):
    return b"".join(map(line, numbers))


class Follower:
    """A tail, the lines that it gave, and restarts from its snapshot."""

    def __init__(self, path, **fields):
        self.declared = Tail(path=str(path), source="ids", wait_s=0.0, poll_s=0.001, linger_s=0.02, **fields)
        self.readings, self.rejected = [], []
        self.running = self.declared.start(Resources())

    def read(self, wait_s=0.1):
        while (delivered := self.running.next_batch(wait_s)) is not None:
            self.readings.extend(delivered.readings)
            self.rejected.extend(delivered.rejected)
        return self

    def restart(self):
        snapshot = self.running.snapshot()
        self.running.close()
        self.running = self.declared.start(Resources(), snapshot)
        return self

    @property
    def numbers(self):
        rows = [row for reading in self.readings for row in reading.body.lines]
        return [int(row.rpartition(b":")[2].rstrip(b"}")) for row in rows]

    @property
    def identities(self):
        return [(reading.boot, offset) for reading in self.readings for offset in reading.body.offsets]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "eve.json"


def append(path, content):
    with path.open("ab") as file:
        file.write(content)


def test_lines_come_as_they_are_written_and_a_partial_one_waits(path):
    path.write_bytes(lines(1, 2) + line(3)[:20])
    follower = Follower(path).read()
    assert follower.numbers == [1, 2]
    append(path, line(3)[20:])
    assert follower.read().numbers == [1, 2, 3]
    assert len({reading.boot for reading in follower.readings}) == 1
    assert follower.readings[-1].seq == 2 * len(line(1))


def test_a_batch_has_a_thousand_lines_at_most(path):
    path.write_bytes(lines(*range(2500)))
    follower = Follower(path).read()
    assert [len(reading.body.lines) for reading in follower.readings][:2] == [1000, 1000]
    assert follower.numbers == list(range(2500))


def test_a_restart_goes_on_where_it_was(path):
    path.write_bytes(lines(1, 2))
    follower = Follower(path).read()
    append(path, lines(3))
    assert follower.restart().read().numbers == [1, 2, 3]


def renamed(path):
    path.rename(path.with_name(path.name + ".1"))


def copied_and_truncated(path):
    shutil.copy(path, path.with_name(path.name + ".1"))
    os.truncate(path, 0)


def compressed(path):
    with gzip.open(path.with_name("eve-20260101.json.gz"), "wb") as file:
        file.write(path.read_bytes())
    path.unlink()


ROTATIONS = [renamed, copied_and_truncated, compressed]


@pytest.mark.parametrize("rotate", ROTATIONS)
def test_a_rotation_while_following_loses_nothing(path, rotate):
    path.write_bytes(lines(1, 2))
    follower = Follower(path).read()
    append(path, lines(3))
    rotate(path)
    append(path, lines(4))
    assert follower.read().numbers == [1, 2, 3, 4]
    assert follower.rejected == []
    assert len({reading.boot for reading in follower.readings}) == 2


@pytest.mark.parametrize("rotate", ROTATIONS)
def test_a_rotation_while_away_loses_nothing(path, rotate):
    path.write_bytes(lines(1, 2))
    follower = Follower(path).read()
    append(path, lines(3))
    rotate(path)
    append(path, lines(4))
    assert follower.restart().read().numbers == [1, 2, 3, 4]
    assert len(set(follower.identities)) == 4


def test_two_rotations_while_away_lose_nothing(path):
    path.write_bytes(lines(1))
    follower = Follower(path).read()
    append(path, lines(2))
    path.rename(path.with_name("eve.json.2"))
    path.write_bytes(lines(3))
    path.rename(path.with_name("eve.json.1"))
    path.write_bytes(lines(4))
    now = path.stat().st_mtime
    os.utime(path.with_name("eve.json.2"), (now - 20, now - 20))
    os.utime(path.with_name("eve.json.1"), (now - 10, now - 10))
    assert follower.restart().read().numbers == [1, 2, 3, 4]


def test_a_late_line_in_the_renamed_file_is_read(path):
    path.write_bytes(lines(1))
    follower = Follower(path).read()
    renamed(path)
    path.write_bytes(lines(3))
    append(path.with_name("eve.json.1"), lines(2))
    assert sorted(follower.read().numbers) == [1, 2, 3]


def test_a_file_that_vanished_is_said_once(path):
    path.write_bytes(lines(1))
    follower = Follower(path).read()
    path.unlink()
    path.write_bytes(lines(2))
    follower.restart().read()
    assert follower.numbers == [1, 2]
    assert ["is gone" in reason for _, reason in follower.rejected] == [True]


def test_a_damaged_archive_is_said(path):
    path.write_bytes(lines(*range(3000)))
    follower = Follower(path)
    follower.running.next_batch(1.0)
    compressed(path)
    archive = path.with_name("eve-20260101.json.gz")
    archive.write_bytes(archive.read_bytes()[:-20])
    path.write_bytes(lines(9))
    follower.restart().read()
    assert any("Lines may be missing" in reason for _, reason in follower.rejected)
    assert follower.numbers[-1] == 9


def test_an_over_long_line_is_cut_and_the_next_one_read(path):
    path.write_bytes(lines(1) + b"x" * 3_000_000 + b"\n" + lines(2))
    follower = Follower(path).read()
    assert follower.numbers == [1, 2]
    assert [(len(raw), "longer than" in reason) for raw, reason in follower.rejected] == [(1024, True)]
    assert [offset for _, offset in follower.identities] == [0, len(line(1)) + 3_000_001]


def test_an_absent_file_is_a_problem_until_it_comes(path):
    follower = Follower(path).read(0.01)
    assert "does not exist" in follower.running.problem()
    path.write_bytes(lines(1))
    assert follower.read().numbers == [1]
    assert follower.running.problem() == ""


def test_another_kind_of_file_is_a_problem(path):
    path.write_bytes(b"hello\nworld\n")
    follower = Follower(path).read(0.01)
    assert "no log that is known" in follower.running.problem()


def test_what_stood_there_before_can_be_passed_over(path):
    path.write_bytes(lines(1, 2))
    follower = Follower(path, from_start=False).read()
    append(path, lines(3))
    assert follower.read().numbers == [3]


def test_rows_of_zeek_keep_their_header_across_restart_and_rotation(tmp_path):
    path = tmp_path / "conn.log"
    path.write_bytes(HEADER % 1 + b"1.5\tC1\n")
    follower = Follower(path).read()
    append(path, b"2.5\tC2\n#close\t2\n")
    follower.restart().read()
    path.rename(tmp_path / "conn.1.log")
    path.write_bytes(HEADER % 2 + b"3.5\tC3\n")
    follower.read()
    assert [reading.body.lines for reading in follower.readings] == [(b"1.5\tC1",), (b"2.5\tC2",), (b"3.5\tC3",)]
    assert ["#open\t2" in reading.body.header for reading in follower.readings] == [False, False, True]


@pytest.mark.parametrize("fields", [{"format": "letters"}, {"path": "/nonexistent/folder/eve.json"}])
def test_parameters_that_cannot_work_are_refused(path, fields):
    with pytest.raises(ConfigError):
        Tail(**{"path": str(path), "source": "ids", **fields}).start(Resources())


STEPS = st.lists(st.sampled_from(["write", "half", "rename", "truncate", "read", "restart"]), max_size=15)


@given(steps=STEPS)
@settings(max_examples=25, deadline=None)
def test_whatever_happens_every_line_comes_once(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("log")
    path = folder / "eve.json"
    path.write_bytes(lines(0))
    written, rotated, half = 1, 0, b""
    follower = Follower(path)
    follower.read(0.005)
    for step in steps:
        if step == "write":
            append(path, half + (b"" if half else line(written)))
            written, half = written + 1, b""
        elif step == "half" and not half:
            append(path, line(written)[:9])
            half = line(written)[9:]
        elif step in {"rename", "truncate"} and not half:
            rotated += 1
            archive = folder / f"eve.json.{1000 - rotated}"
            if step == "rename":
                path.rename(archive)
            else:
                shutil.copy(path, archive)
                os.truncate(path, 0)
            os.utime(archive, (rotated, rotated))
            append(path, line(written))
            written += 1
        elif step == "restart":
            follower.restart()
        else:
            follower.read(0.005)
    if half:
        append(path, half)
        written += 1
    follower.read(0.1)
    assert sorted(follower.numbers) == list(range(written))
    assert follower.rejected == []


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("syslog", b"Oct 11 22:14:15 host su: hello\n", b"Oct 11 22:14:16 host su: bye\n"),
        ("auditd", b'type=CWD msg=audit(5.0:1): cwd="/"\n', b'type=CWD msg=audit(6.0:2): cwd="/"\n'),
        ("mosquitto", b"1700000000: mosquitto version 2.0.18 starting\n", b"1700000001: x\n"),
        ("windows", b'{"EventTime":"2026-01-01","EventID":1,"Channel":"System"}\n', b'{"EventID":2}\n'),
        ("wazuh", b'{"timestamp":"x","rule":{"level":3},"agent":{"id":"1"}}\n', b'{"rule":{}}\n'),
    ],
)
def test_every_format_is_followed_across_a_rotation_and_a_truncation(tmp_path, kind, first, second):
    path = tmp_path / "file.log"
    path.write_bytes(first)
    follower = Follower(path).read()
    path.rename(tmp_path / "file.log.1")
    path.write_bytes(first.replace(b"1", b"2", 1) + second)
    follower.read()
    path.write_bytes(first.replace(b"1", b"3", 1))
    follower.read()
    assert {reading.body.format for reading in follower.readings} == {kind}
    assert sum(len(reading.body.lines) for reading in follower.readings) == 4
    [(_, reason)] = follower.rejected  # what stood behind the last byte read may have been cut off
    assert "lines may be missing" in reason
