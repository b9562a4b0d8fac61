"""Linux audit log: records of one event joined into one row, hexadecimal values read, system calls named."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from tocsin.model import BadInput

RECORDS_MAX = 256
"""Most records of one event: the kernel writes some ten, and one per hundred arguments of a command."""

_HEAD = re.compile(r"(?:node=(\S{1,255}) )?type=(\S{1,64}) msg=audit\((\d{1,11}\.\d{1,9}):(\d{1,20})\): ?")
_EVENT = re.compile(rb"msg=audit\(([\d.]{1,21}:\d{1,20})\)")
_FIELD = re.compile(r"""([A-Za-z][\w-]{0,63}(?:\[\d{1,5}\])?)=("[^"]*"|'[^']*'|\S*)""")
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
_ARGUMENT = re.compile(r"a\d{1,5}(?:\[\d{1,5}\])?")
_REGISTERS: frozenset[str] = frozenset({"a0", "a1", "a2", "a3"})
_ENRICHED = "\x1d"

_ENCODED = frozenset({"comm", "exe", "name", "cwd", "proctitle", "key", "cmd", "acct", "data", "path", "vm", "grp"})
"""Fields that the kernel writes in hexadecimal where they hold blanks or quotes (linux-audit field dictionary)."""

_LISTED = ("name", "nametype", "mode", "ouid")
"""Fields of PATH records, of which one event has several: they become lists, in order."""

_SYSCALLS = {
    "c000003e": (
        "2 open 41 socket 42 connect 43 accept 49 bind 50 listen 56 clone 57 fork 58 vfork 59 execve "
        "62 kill 76 truncate 77 ftruncate 82 rename 83 mkdir 84 rmdir 85 creat 86 link 87 unlink "
        "88 symlink 90 chmod 91 fchmod 92 chown 93 fchown 94 lchown 99 sysinfo 101 ptrace 103 syslog "
        "105 setuid 106 setgid 132 utime 133 mknod 135 personality 155 pivot_root 159 adjtimex "
        "161 chroot 164 settimeofday 165 mount 166 umount2 169 reboot 170 sethostname 171 setdomainname "
        "175 init_module 176 delete_module 188 setxattr 197 removexattr 227 clock_settime 231 exit_group "
        "246 kexec_load 257 openat 258 mkdirat 259 mknodat 260 fchownat 263 unlinkat 264 renameat "
        "265 linkat 266 symlinkat 268 fchmodat 272 unshare 280 utimensat 288 accept4 "
        "304 open_by_handle_at 308 setns 310 process_vm_readv 311 process_vm_writev 313 finit_module "
        "316 renameat2 319 memfd_create 320 kexec_file_load 321 bpf 322 execveat 425 io_uring_setup "
        "435 clone3 437 openat2"
    ),
    "c00000b7": (
        "5 setxattr 14 removexattr 33 mknodat 34 mkdirat 35 unlinkat 36 symlinkat 37 linkat 38 renameat "
        "39 umount2 40 mount 41 pivot_root 45 truncate 46 ftruncate 51 chroot 52 fchmod 53 fchmodat "
        "54 fchownat 55 fchown 56 openat 88 utimensat 92 personality 94 exit_group 97 unshare "
        "104 kexec_load 105 init_module 106 delete_module 112 clock_settime 116 syslog 117 ptrace "
        "129 kill 142 reboot 144 setgid 146 setuid 161 sethostname 162 setdomainname 170 settimeofday "
        "171 adjtimex 179 sysinfo 198 socket 200 bind 201 listen 202 accept 203 connect 220 clone "
        "221 execve 242 accept4 265 open_by_handle_at 268 setns 270 process_vm_readv "
        "271 process_vm_writev 273 finit_module 276 renameat2 279 memfd_create 280 bpf 281 execveat "
        "294 kexec_file_load 425 io_uring_setup 435 clone3 437 openat2"
    ),
}
"""System calls that rules speak of, by architecture (x86-64, AArch64), after the kernel's own tables."""

_NAMES = {
    (arch, number): name
    for arch, text in _SYSCALLS.items()
    for number, name in zip(text.split()[::2], text.split()[1::2], strict=True)
}


class Record(Struct, frozen=True, kw_only=True):
    """One line: the event it belongs to (time and serial), its type, its fields as text."""

    event: str
    at: float
    type: str
    fields: dict[str, str]
    node: str = ""


def event_of(line: bytes) -> bytes:
    """Time and serial of the event that a line belongs to; empty where it names none.

    >>> event_of(b"type=CWD msg=audit(1364481363.243:24287): cwd=2F")
    b'1364481363.243:24287'
    """
    found = _EVENT.search(line)
    return found[1] if found else b""


def record_of(line: bytes) -> Record:
    """One record; raises BadInput, which repeats no content, where it is none."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"Byte {error.start} of this record is not UTF-8.") from None
    head = _HEAD.match(text)
    if head is None:
        raise BadInput("This line is no audit record (type=… msg=audit(time:serial): …).")
    at = float(head[3])
    fields = _fields(text[head.end() :], head[2])
    return Record(event=f"{head[3]}:{head[4]}", at=at, type=head[2], fields=fields, node=head[1] or "")


def _fields(text: str, kind: str) -> dict[str, str]:
    """Names and values; those that a user-space message wraps in quotes stand beside the others."""
    fields = _pairs(text, kind)
    if kind.endswith("AVC"):
        fields["seresult"] = "denied" if "denied" in text else "granted"
    return fields


def _pairs(text: str, kind: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(text.replace(_ENRICHED, " ")):
        if name == "msg" and value.startswith("'"):
            fields.update(_pairs(value[1:-1], kind))
        elif (plain := _plain(name, value, kind)) not in {"(null)", "?", ""}:
            fields[name] = plain
    return fields


def _plain(name: str, value: str, kind: str) -> str:
    if value[:1] in {'"', "'"}:
        return value[1:-1]
    if name in _ENCODED or (kind == "EXECVE" and _ARGUMENT.fullmatch(name) is not None):
        return _decoded(value)
    return value


def _decoded(value: str) -> str:
    """The text that is written in hexadecimal; what is no hexadecimal stays."""
    if _HEX.fullmatch(value) is None:
        return value
    return bytes.fromhex(value).decode(errors="replace").replace("\x00", " ").replace("\x01", ",").strip()


def row_of(line: bytes) -> dict[str, Any]:
    """The row of an event of one record."""
    return joined([record_of(line)])


def joined(records: Sequence[Record]) -> dict[str, Any]:
    r"""One row of all records of an event: `type` lists theirs, `at` is seconds UTC, `serial` its number.

    The arguments of an EXECVE take the place of the registers a0 … a3; PATH items become lists.
    `SYSCALL` is the name of the system call, `cmdline` the arguments in one text, `created` the
    files that came to be, `act` what happened: process, file, network, or other.

    >>> row = joined([record_of(b'type=EXECVE msg=audit(5.0:1): argc=2 a0="ls" a1="-l"')])
    >>> row["type"], row["cmdline"], row["act"]
    ('EXECVE', 'ls -l', 'process')
    """
    if len(records) > RECORDS_MAX:
        raise BadInput(f"This event has more than {RECORDS_MAX} records.")
    types = list(dict.fromkeys(record.type for record in records))
    row = _fields_of([record for record in records if record.type != "PATH"], command="EXECVE" in types)
    row |= _paths([record.fields for record in records if record.type == "PATH"])
    row |= _of_event(records[0], types)
    row |= _what_happened(row, command="EXECVE" in types)
    row["at"] = records[0].at
    return row


def _of_event(first: Record, types: list[str]) -> dict[str, Any]:
    """What stands in the head of every record of an event."""
    said = {"type": _alone(types), "serial": first.event.rpartition(":")[2]}
    return {**said, "node": first.node} if first.node else said


def _alone(values: list[str]) -> str | list[str]:
    """The only one of a list, or the list."""
    return values[0] if len(values) == 1 else values


def _fields_of(records: Sequence[Record], *, command: bool) -> dict[str, Any]:
    """The fields of all records; of a command, the arguments stand in the place of registers."""
    row: dict[str, Any] = {}
    for record in records:
        hidden = _REGISTERS if command and record.type == "SYSCALL" else frozenset()
        row.update((name, value) for name, value in record.fields.items() if name not in hidden)
    return row


def _paths(items: Sequence[dict[str, str]]) -> dict[str, Any]:
    lists = {name: [item[name] for item in items if name in item] for name in _LISTED}
    found: dict[str, Any] = {name: _alone(values) for name, values in lists.items() if values}
    if created := _created(items):
        found["created"] = created
    return found


def _created(items: Sequence[dict[str, str]]) -> list[str]:
    return [item["name"] for item in items if item.get("nametype") == "CREATE" and "name" in item]


def _what_happened(row: dict[str, Any], *, command: bool) -> dict[str, Any]:
    """What the fields of an event say together: names, and what kind of deed it is."""
    found: dict[str, Any] = {"act": "other"}
    if "saddr" in row and (address := _address(row["saddr"])):
        found |= {**address, "act": "network"}
    if "created" in row:
        found |= {"created": _full_names(row), "act": "file"}
    if command:
        found |= {"cmdline": " ".join(_arguments(row)), "act": "process"}
    return found | _call(row)


def _call(row: dict[str, Any]) -> dict[str, str]:
    """The name of the system call, where it is known and the record does not give it."""
    name = _NAMES.get((row.get("arch", ""), row.get("syscall", "")))
    return {} if name is None or "SYSCALL" in row else {"SYSCALL": name}


def _full_names(row: dict[str, Any]) -> list[str]:
    """The files that came to be, each with its whole path."""
    cwd = str(row.get("cwd", "")).rstrip("/")
    return [_full(name, cwd) for name in row["created"]]


def _full(name: str, cwd: str) -> str:
    return name if name.startswith("/") or not cwd else f"{cwd}/{name}"


def _arguments(row: dict[str, Any]) -> list[str]:
    """Arguments in order; long ones are written in pieces, as a1[0] and a1[1]."""
    found: list[str] = []
    number = 0
    while len(found) < RECORDS_MAX * 128:
        name = f"a{number}"
        pieces = [row[name]] if name in row else []
        while f"{name}[{len(pieces)}]" in row:
            pieces.append(row[f"{name}[{len(pieces)}]"])
        if not pieces:
            break
        found.append("".join(pieces))
        number += 1
    return found


def _address(saddr: str) -> dict[str, str]:
    """Where a socket goes, from the sockaddr in hexadecimal (AF_INET is 0200, AF_INET6 0A00)."""
    try:
        raw = bytes.fromhex(saddr)
    except ValueError:
        return {}
    host = _host(raw)
    return {"raddr": host, "rport": str(int.from_bytes(raw[2:4], "big"))} if host else {}


def _host(raw: bytes) -> str:
    if raw[:2] == b"\x02\x00" and len(raw) >= 8:
        return ".".join(map(str, raw[4:8]))
    if raw[:2] == b"\x0a\x00" and len(raw) >= 24:
        return raw[8:24].hex(":", 2)
    return ""
