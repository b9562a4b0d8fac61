"""DNS (RFC 1035): a question and its answer as one row of Zeek's log dns."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import PENDING_MAX, TEXT_MAX, Malformed, Row, code, text
from tocsin.formats.packets.layers import address

ANSWERS_MAX = 32
"""Most answers of one message that a row names."""

_NAME_PARTS_MAX = 128
_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    10: "NULL",
    12: "PTR",
    13: "HINFO",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    35: "NAPTR",
    41: "EDNS",
    43: "DS",
    46: "RRSIG",
    48: "DNSKEY",
    64: "SVCB",
    65: "HTTPS",
    252: "AXFR",
    255: "*",
}
_CLASSES = {1: "C_INTERNET", 3: "C_CHAOS", 255: "C_ANY"}
_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


class Dns:
    """Pairs questions and answers by their transaction; what is not answered comes at the end."""

    service: ClassVar[str] = "dns"

    def __init__(self) -> None:
        self.done = False
        self._asked: dict[int, Row] = {}

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        return port == 53 and len(head) >= 12

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        del is_orig
        number, flags, questions = unpack_from(">HHH", data)
        row, offset = _question(data, questions)
        row |= {"ts": at, "trans_id": number, "RD": bool(flags & 0x100), "TC": bool(flags & 0x200)}
        if not flags & 0x8000:
            return len(data), self._ask(number, row)
        asked = self._asked.pop(number, None)
        if asked is not None:
            row |= {"ts": asked["ts"], "rtt": round(max(0.0, at - asked["ts"]), 6), "RD": asked["RD"]}
        row |= _answered(data, offset, flags)
        return len(data), [row]

    def end(self) -> list[Row]:
        left = list(self._asked.values())
        self._asked.clear()
        return left

    def _ask(self, number: int, row: Row) -> list[Row]:
        before = self._asked.pop(number, None)
        self._asked[number] = row
        if before is None and len(self._asked) > PENDING_MAX:
            before = self._asked.pop(next(iter(self._asked)))
        return [before] if before else []


class DnsOverTcp(Dns):
    """As Dns, each message after its length."""

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        size = unpack_from(">H", data)[0] if len(data) >= 2 else 0
        if len(data) < 2 or len(data) < 2 + size:
            return 0, []
        return 2 + size, super().take(at, data[2 : 2 + size], is_orig=is_orig)[1]


def _question(data: bytes, count: int) -> tuple[Row, int]:
    """The first question (in practice the only one) and where the answers begin."""
    row: Row = {"_path": "dns"}
    if count == 0:
        return row, 12
    if count > 8:
        raise Malformed("more questions than anyone asks at once")
    offset = 12
    for number in range(count):
        name, offset = name_at(data, offset)
        kind, group = unpack_from(">HH", data, offset)
        offset += 4
        if number == 0:
            row |= {"query": name, "qclass": group, "qclass_name": _CLASSES.get(group, f"qclass-{group}")}
            row |= {"qtype": kind, "qtype_name": _TYPES.get(kind, f"query-{kind}")}
    return row, offset


def _answered(data: bytes, offset: int, flags: int) -> Row:
    rcode = flags & 0xF
    answers, lifetimes = _answers(data, offset)
    row: Row = {
        "rcode": rcode,
        "rcode_name": _RCODES.get(rcode, f"rcode-{rcode}"),
        "AA": bool(flags & 0x400),
        "RA": bool(flags & 0x80),
        "rejected": rcode != 0 and not answers,
    }
    return row | {"answers": answers, "TTLs": lifetimes} if answers else row


def _answers(data: bytes, offset: int) -> tuple[list[str], list[float]]:
    answers, lifetimes = [], []
    for _ in range(min(unpack_from(">H", data, 6)[0], ANSWERS_MAX)):
        _, offset = name_at(data, offset)
        kind, _group, lifetime, size = unpack_from(">HHIH", data, offset)
        offset += 10
        if offset + size > len(data):
            raise Malformed("an answer beyond the end")
        answers.append(_answer(data, kind, offset, size))
        lifetimes.append(float(lifetime))
        offset += size
    return answers, lifetimes


_NAME_AT = {2: 0, 5: 0, 12: 0, 15: 2, 33: 6}
"""Kinds of answers that are a name, and where it stands in them (NS, CNAME, PTR, MX, SRV)."""


def _answer(data: bytes, kind: int, offset: int, size: int) -> str:
    raw = data[offset : offset + size]
    if (kind, size) in {(1, 4), (28, 16)}:
        return address(raw)
    if kind in _NAME_AT:
        return name_at(data, offset + _NAME_AT[kind])[0]
    if kind == 16:
        return f"TXT {max(0, size - 1)} {text(raw[1:])}"
    return f"<{_TYPES.get(kind, code(kind))} {size}>"


def name_at(data: bytes, offset: int) -> tuple[str, int]:
    """The name that begins at an offset, through its pointers, and where it ends; raises Malformed."""
    parts, end, at = list[bytes](), 0, offset
    for _ in range(_NAME_PARTS_MAX):
        size = data[at]
        if size >= 0xC0:
            end = end or at + 2
            at = (size & 0x3F) << 8 | data[at + 1]
        elif size > 63:
            raise Malformed("a label of a reserved kind")
        elif size == 0:
            return text(b".".join(parts)).lower()[:TEXT_MAX], end or at + 1
        else:
            parts.append(data[at + 1 : at + 1 + size])
            at += 1 + size
    raise Malformed("a name without end")
