"""Audit records: joined by event, hexadecimal read, named as rules name them."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats import auditd
from tocsin.model import BadInput

HEAD = b"msg=audit(1364481363.243:24287): "
SYSCALL = (
    b"type=SYSCALL " + HEAD + b'arch=c000003e syscall=59 success=yes a0=55d1 a1=7ffc a2=0 a3=8 ppid=1 pid=2 auid=1000 '
    b'comm="cat" exe="/bin/cat" key="etc"'
)  # fmt: skip
EXECVE = b"type=EXECVE " + HEAD + b'argc=2 a0="cat" a1=2F746D702F612062'
CWD = b"type=CWD " + HEAD + b'cwd="/home/anna"'


def row(*lines):
    return auditd.joined([auditd.record_of(line) for line in lines])


def test_the_records_of_an_event_are_one_row():
    found = row(SYSCALL, EXECVE, CWD)
    assert found["type"] == ["SYSCALL", "EXECVE", "CWD"]
    assert (found["a0"], found["a1"], found["exe"], found["key"]) == ("cat", "/tmp/a b", "/bin/cat", "etc")
    assert (found["cmdline"], found["cwd"], found["act"]) == ("cat /tmp/a b", "/home/anna", "process")
    assert (found["SYSCALL"], found["serial"], found["at"]) == ("execve", "24287", 1364481363.243)


def test_registers_are_no_arguments_of_a_command():
    assert "a2" not in row(SYSCALL, EXECVE)
    assert row(SYSCALL)["a2"] == "0"


def test_long_arguments_are_put_together():
    assert row(b"type=EXECVE " + HEAD + b'argc=2 a0="x" a1_len=4 a1[0]="ab" a1[1]="cd"')["cmdline"] == "x abcd"


def test_paths_are_lists_and_new_files_are_named_in_full():
    found = row(
        CWD,
        b"type=PATH " + HEAD + b'item=0 name="/etc/" nametype=PARENT',
        b"type=PATH " + HEAD + b'item=1 name="cron.d/x" nametype=CREATE',
    )
    assert (found["name"], found["nametype"]) == (["/etc/", "cron.d/x"], ["PARENT", "CREATE"])
    assert (found["created"], found["act"]) == (["/home/anna/cron.d/x"], "file")


def test_a_title_in_hexadecimal_is_read():
    assert row(b"type=PROCTITLE " + HEAD + b"proctitle=6361740061")["proctitle"] == "cat a"


def test_a_message_of_a_program_is_unwrapped():
    found = row(b"type=USER_LOGIN " + HEAD + b"pid=1 msg='op=login acct=\"anna\" addr=10.0.0.1 res=failed'")
    assert (found["acct"], found["addr"], found["res"]) == ("anna", "10.0.0.1", "failed")


def test_an_enriched_record_keeps_its_own_names():
    assert row(SYSCALL + b'\x1dARCH=x86_64 SYSCALL=execveat AUID="anna"')["SYSCALL"] == "execveat"


@pytest.mark.parametrize(
    ("saddr", "address", "port"),
    [
        (b"02000050C0A80107000000000000", "192.168.1.7", "80"),
        (b"0A000050" + b"0" * 39 + b"1", "0000:0000:0000:0000:0000:0000:0000:0001", "80"),
    ],
)
def test_a_socket_s_address_is_read(saddr, address, port):
    found = row(b"type=SOCKADDR " + HEAD + b"saddr=" + saddr)
    assert (found["raddr"], found["rport"], found["act"]) == (address, port, "network")


@pytest.mark.parametrize(
    "raw", [b"", b"type=CWD", b"type=CWD msg=audit(x:1): ", b"type=CWD msg=audit(999999999999.0:1): ", b"\xff"]
)
def test_what_is_no_record_is_refused(raw):
    with pytest.raises(BadInput):
        auditd.row_of(raw)


def test_an_event_without_end_is_refused():
    with pytest.raises(BadInput, match="256 records"):
        row(*[CWD] * 257)


@given(st.binary().map(lambda rest: b"type=SYSCALL " + HEAD + rest))
@settings(deadline=None)
def test_any_bytes_give_a_row_or_a_reason(raw):
    with suppress(BadInput):
        assert auditd.row_of(raw)["at"] == 1364481363.243
