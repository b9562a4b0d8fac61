"""Argus flows as text (binetflow): a header (StartTime first) names the columns, separated by commas or tabs.

Times have no zone and are read as UTC. Labels are never carried on: they are the answer, not the question.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, BinaryIO

import msgspec

from tocsin.formats.flow_records.conn import Half, conn_row, state_of
from tocsin.model import BadInput

LINE_BYTES_MAX = 8_192
"""Longest line that is read."""

NEEDED = (
    "StartTime",
    "Dur",
    "Proto",
    "SrcAddr",
    "Sport",
    "DstAddr",
    "Dport",
    "State",
    "TotPkts",
    "TotBytes",
    "SrcBytes",
)
"""Columns without which a file is not read; others may be there, in any order."""

_PROTOCOLS = {"tcp": "tcp", "udp": "udp", "rtp": "udp", "udt": "udp", "icmp": "icmp", "ipv6-icmp": "icmp"}
_NO_FLOWS = frozenset({"man", "llc", "arp", "rarp"})
_ETHERNET = 14
_WORDS = {"REQ": "S0", "INT": "S0", "ACC": "S1", "CON": "S1", "EST": "S1", "TIM": "S1"}
_WORDS |= {"FIN": "SF", "CLO": "SF", "RST": "RSTR"}
_ZEEK = frozenset({"S0", "S1", "S2", "S3", "SF", "REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"})


def is_argus(head: bytes) -> bool:
    """Whether a file that begins so is Argus text with a header."""
    line = head.partition(b"\n")[0]
    return line.startswith(b"StartTime") and b"SrcAddr" in line and b"Dport" in line


def pieces(file: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """Lines of Zeek's JSON log conn; what cannot be read comes as it was, with the reason."""
    columns: dict[str, int] = {}
    separator = ","
    while line := file.readline(LINE_BYTES_MAX):
        text = line.decode(errors="replace").rstrip("\r\n")
        if text.startswith("StartTime"):
            separator, columns = _columns(text)
        elif text.strip():
            yield from _piece(line, text.split(separator), columns)


def _piece(line: bytes, parts: list[str], columns: Mapping[str, int]) -> Iterator[tuple[bytes, str]]:
    try:
        row = row_of(parts, columns)
    except BadInput as error:
        yield line, str(error)
    else:
        if row is not None:
            yield msgspec.json.encode(row), ""


def _columns(header: str) -> tuple[str, dict[str, int]]:
    """What separates the columns, and the place of each by its name."""
    separator = "\t" if "\t" in header else ","
    return separator, {name.strip(): number for number, name in enumerate(header.split(separator))}


def row_of(parts: list[str], columns: Mapping[str, int]) -> dict[str, Any] | None:
    """One flow; None for what is no flow of IP (ARP, management records). Raises BadInput without content."""
    said = _said(parts, columns)
    if said["Proto"] in _NO_FLOWS:
        return None
    try:
        return _row(said)
    except ValueError:
        raise BadInput("A field of this flow is not of its type.") from None


def _flags(state: str) -> tuple[str, str]:
    """The flags of TCP that each side sent; a state without `_` tells none."""
    flags, mark, replies = state.partition("_")
    return (flags, replies) if mark else ("", "")


def _said(parts: list[str], columns: Mapping[str, int]) -> dict[str, str]:
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise BadInput(f"This Argus file has no column {missing[0]}: print it with ra -s +{missing[0].lower()}.")
    if len(parts) != len(columns):
        raise BadInput(f"This flow has {len(parts)} fields, its header {len(columns)}.")
    return {name: parts[number].strip() for name, number in columns.items()}


def _row(said: Mapping[str, str]) -> dict[str, Any]:
    start = datetime.fromisoformat(said["StartTime"].replace("/", "-")).replace(tzinfo=UTC).timestamp()
    proto = _PROTOCOLS.get(said["Proto"], said["Proto"])
    src, dst = _address(said["SrcAddr"]), _address(said["DstAddr"])
    packets, total, sent = int(said["TotPkts"]), int(said["TotBytes"]), int(said["SrcBytes"])
    flags, replies = _flags(said["State"])
    out = int(said["SrcPkts"]) if said.get("SrcPkts", "").isdigit() else None
    orig = Half(flags, out, sent)
    resp = Half(replies, None if out is None else max(0, packets - out), max(0, total - sent))
    ends = (src, _port(said["Sport"]), dst, _port(said["Dport"]))
    state = _state(proto, said["State"], orig, resp)
    if said.get("Dir") == "<-":
        orig, resp, ends = resp, orig, (ends[2], ends[3], ends[0], ends[1])
    begin, duration = max(0.0, start), float(said["Dur"] or 0)
    return conn_row(begin, duration, proto, ends, sides=(orig, resp), state=state, frame=_ETHERNET)


def _state(proto: str, word: str, orig: Half, resp: Half) -> str:
    if proto == "tcp" and "_" not in word:
        return word if word in _ZEEK else _WORDS.get(word, "OTH")
    return state_of(proto, orig.flags, resp.flags, answered=resp.bytes > 0)


@lru_cache(maxsize=65_536)
def _address(text: str) -> str:
    return str(ip_address(text))


def _port(text: str) -> int:
    """Ports are numbers; for ICMP they may be hexadecimal, or absent."""
    return int(text, 16) if text.startswith("0x") else int(text) if text else 0
