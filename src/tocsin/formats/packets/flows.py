"""The table of flows on event time: packets in, rows of log conn and of the protocols spoken out."""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from hashlib import blake2b
from itertools import chain

from msgspec import Struct

from tocsin.formats.packets.dialogue import Row
from tocsin.formats.packets.layers import Segment
from tocsin.formats.packets.limits import Limits
from tocsin.formats.packets.protocols import DATAGRAMS, SERVER_PORTS, STREAMS
from tocsin.formats.packets.talk import Talk

FIN, SYN, RST, ACK = 1, 2, 4, 16
_STEPS = FIN | SYN | RST | ACK
_HALF, _ALL = 1 << 31, 0xFFFFFFFF


class Side(Struct):
    """What one end of a flow sent."""

    packets: int = 0
    ip_bytes: int = 0
    bytes: int = 0
    syn: bool = False
    fin: bool = False
    rst: bool = False
    seq_end: int | None = None


class Flow(Struct):
    """One flow. `ends` are the originator's and the responder's sides; `table` says what it waits for."""

    proto: str
    orig: tuple[str, int]
    resp: tuple[str, int]
    start: float
    last: float
    uid: str
    talk: Talk
    ends: tuple[Side, Side]
    history: str = ""
    table: str = ""


class FlowTable:
    """Takes segments in the order of their capture; gives rows as soon as they are known.

    A flow ends by FIN, RST, silence, or by being the longest silent when the table is full
    (counted as `flow_evicted` in `odd`). Time is that of the packets; one that goes back harms nothing.
    """

    def __init__(self, limits: Limits, odd: Counter[str]) -> None:
        self._limits = limits
        self._odd = odd
        self._flows: dict[tuple[str, str, int, str, int], Flow] = {}
        names = ("attempt", "closing", "datagram", "stream")
        self._tables = {name: OrderedDict[int, Flow]() for name in names}
        self._wait_s = {name: float(getattr(limits, f"{name}_s")) for name in names}
        self._swept = 0.0

    def take(self, segment: Segment) -> Iterator[Row]:
        """Count a segment in its flow; gives the rows that are complete by it."""
        yield from self._sweep(segment.at)
        flow, is_orig = self._flow_of(segment)
        flow.last = max(flow.last, segment.at)
        rows = _count(flow, segment, is_orig=is_orig)
        self._place(flow)
        yield from (_named(row, segment.at, flow) for row in rows)
        if len(self._flows) > self._limits.flows_max:
            yield from self._evict()

    def end(self) -> Iterator[Row]:
        """The rows of all flows that are still open."""
        for table in self._tables.values():
            while table:
                yield from self._close(next(iter(table.values())))

    def _flow_of(self, segment: Segment) -> tuple[Flow, bool]:
        here, there = (segment.src, segment.sport), (segment.dst, segment.dport)
        if segment.proto == "icmp":
            here, there = _icmp_ends(segment)
        forth, back = (segment.proto, *here, *there), (segment.proto, *there, *here)
        if (flow := self._flows.get(forth)) is not None:
            return flow, True
        if (flow := self._flows.get(back)) is not None:
            return flow, False
        if _turned(segment):
            flow = self._flows[back] = self._opened(segment, there, here)
            flow.history = "^"
            return flow, False
        flow = self._flows[forth] = self._opened(segment, here, there)
        return flow, True

    def _opened(self, segment: Segment, orig: tuple[str, int], resp: tuple[str, int]) -> Flow:
        return Flow(
            proto=segment.proto,
            orig=orig,
            resp=resp,
            start=segment.at,
            last=segment.at,
            uid=_uid(segment.proto, orig, resp, segment.at),
            talk=Talk(STREAMS if segment.proto == "tcp" else DATAGRAMS, resp[1], self._odd),
            ends=(Side(), Side()),
        )

    def _place(self, flow: Flow) -> None:
        """Put the flow last in the table of what it now waits for."""
        table = _table_of(flow)
        if flow.table and flow.table != table:
            self._tables[flow.table].pop(id(flow))
        flow.table = table
        waiting = self._tables[table]
        waiting[id(flow)] = flow
        waiting.move_to_end(id(flow))

    def _sweep(self, now: float) -> Iterator[Row]:
        """Close what was silent for too long; looked at once a second of event time."""
        if abs(now - self._swept) < 1.0:
            return
        self._swept = now
        for name, table in self._tables.items():
            while table and (oldest := next(iter(table.values()))).last + self._wait_s[name] < now:
                yield from self._close(oldest)

    def _evict(self) -> Iterator[Row]:
        self._odd["flow_evicted"] += 1
        table = max(self._tables.values(), key=len)
        yield from self._close(next(iter(table.values())))

    def _close(self, flow: Flow) -> Iterator[Row]:
        del self._tables[flow.table][id(flow)]
        self._flows.pop((flow.proto, *flow.orig, *flow.resp), None)
        yield from chain((_named(row, flow.last, flow) for row in flow.talk.end()), (conn_row(flow),))


def _turned(segment: Segment) -> bool:
    """Whether the sender of a flow's first packet is its responder."""
    if segment.proto == "icmp":
        return False
    if segment.proto == "tcp" and segment.flags & SYN:
        return bool(segment.flags & ACK)
    return _is_from_server_port(segment)


def _is_from_server_port(segment: Segment) -> bool:
    known_here, known_there = segment.sport in SERVER_PORTS, segment.dport in SERVER_PORTS
    if known_here == known_there and segment.proto == "tcp":
        return segment.sport < 1024 <= segment.dport
    return known_here and not known_there


_ICMP_ANSWERS = {0: 8, 14: 13, 16: 15, 18: 17, 129: 128, 136: 135}
"""An answer's type and that of its question (ICMP and ICMPv6)."""


def _icmp_ends(segment: Segment) -> tuple[tuple[str, int], tuple[str, int]]:
    """Type and code stand for ports; an answer is the other direction of its question."""
    asked = _ICMP_ANSWERS.get(segment.sport)
    if asked is None:
        return (segment.src, segment.sport), (segment.dst, segment.dport)
    return (segment.src, segment.dport), (segment.dst, asked)


def _uid(proto: str, orig: tuple[str, int], resp: tuple[str, int], at: float) -> str:
    """The same flow of the same capture has the same name on every machine."""
    said = f"{proto} {orig} {resp} {at:.6f}"
    return "C" + blake2b(said.encode(), digest_size=8, person=b"tocsin-flow").hexdigest()


def _count(flow: Flow, segment: Segment, *, is_orig: bool) -> list[Row]:
    side = flow.ends[not is_orig]
    side.packets += 1
    side.ip_bytes += segment.length
    if segment.proto == "tcp":
        return _count_tcp(flow, side, segment, is_orig=is_orig)
    side.bytes += segment.size
    if segment.size:
        _note(flow, "d", is_orig=is_orig)
    if segment.proto == "icmp" or not segment.data or flow.talk.over:
        return []
    return flow.talk.datagram(segment.at, segment.data, is_orig=is_orig)


def _count_tcp(flow: Flow, side: Side, segment: Segment, *, is_orig: bool) -> list[Row]:
    rows: list[Row] = []
    if segment.flags & SYN:
        _count_begin(flow, side, segment, is_orig=is_orig)
    if segment.size:
        _count_payload(flow, side, segment, is_orig=is_orig)
        if not flow.talk.over:
            rows = flow.talk.segment(segment.at, segment.seq, segment.data, is_orig=is_orig)
    elif segment.flags & _STEPS == ACK:
        _note(flow, "a", is_orig=is_orig)
    _count_end(flow, side, segment.flags, is_orig=is_orig)
    return rows


def _count_begin(flow: Flow, side: Side, segment: Segment, *, is_orig: bool) -> None:
    _note(flow, "h" if segment.flags & ACK else "s", is_orig=is_orig)
    side.syn = True
    side.seq_end = (segment.seq + 1) & _ALL
    flow.talk.begin(segment.seq, is_orig=is_orig)


def _count_end(flow: Flow, side: Side, flags: int, *, is_orig: bool) -> None:
    if flags & FIN:
        _note(flow, "f", is_orig=is_orig)
        side.fin = True
    if flags & RST:
        _note(flow, "r", is_orig=is_orig)
        side.rst = True


def _count_payload(flow: Flow, side: Side, segment: Segment, *, is_orig: bool) -> None:
    """Bytes are counted once, however often they are sent."""
    end = (segment.seq + segment.size) & _ALL
    before = side.seq_end if side.seq_end is not None else segment.seq
    fresh = (end - before) & _ALL
    if 0 < fresh < _HALF:
        side.bytes += min(fresh, segment.size)
        side.seq_end = end
        _note(flow, "d", is_orig=is_orig)
    else:
        _note(flow, "t", is_orig=is_orig)


def _note(flow: Flow, letter: str, *, is_orig: bool) -> None:
    """Zeek's history: a letter once per direction, upper case for the originator."""
    mark = letter.upper() if is_orig else letter
    if mark not in flow.history:
        flow.history += mark


def _table_of(flow: Flow) -> str:
    if flow.proto != "tcp":
        return "datagram"
    orig, resp = flow.ends
    if _is_closing(orig, resp):
        return "closing"
    return "attempt" if _is_attempt(orig, resp) else "stream"


def _is_attempt(orig: Side, resp: Side) -> bool:
    return orig.syn and not (resp.packets and orig.packets > 1)


def _is_closing(orig: Side, resp: Side) -> bool:
    return orig.rst or resp.rst or (orig.fin and resp.fin)


def _named(row: Row, at: float, flow: Flow) -> Row:
    """A protocol's row with its time (its own, where it has one) and its flow."""
    row.setdefault("ts", at)
    row.update(_id_of(flow))
    return row


def _id_of(flow: Flow) -> Row:
    return {
        "uid": flow.uid,
        "id.orig_h": flow.orig[0],
        "id.orig_p": flow.orig[1],
        "id.resp_h": flow.resp[0],
        "id.resp_p": flow.resp[1],
    }


def conn_row(flow: Flow) -> Row:
    """The flow as a row of log conn."""
    orig, resp = flow.ends
    row: Row = {"_path": "conn", "ts": flow.start, **_id_of(flow), "proto": flow.proto}
    if flow.talk.service:
        row["service"] = flow.talk.service
    row["duration"] = round(flow.last - flow.start, 6)
    row |= {"orig_bytes": orig.bytes, "resp_bytes": resp.bytes, "conn_state": conn_state(flow)}
    if flow.history:
        row["history"] = flow.history
    row |= {"orig_pkts": orig.packets, "orig_ip_bytes": orig.ip_bytes}
    row |= {"resp_pkts": resp.packets, "resp_ip_bytes": resp.ip_bytes}
    return row


_STATES = (
    *(("SsFf", "SF"), ("SsR", "RSTO"), ("Ssr", "RSTR"), ("SsF", "S2"), ("Ssf", "S3"), ("Ss", "S1")),
    *(("Sr", "REJ"), ("SR", "RSTOS0"), ("SF", "SH"), ("Sp", "OTH"), ("S", "S0"), ("sr", "RSTRH"), ("s", "SHR")),
)
"""Zeek's words for how a TCP connection went (base/protocols/conn), by what was seen of it; the first that fits.

Letters are SYN, FIN and RST of originator (upper case) and responder; p is any packet of the responder.
"""


def conn_state(flow: Flow) -> str:
    """How the flow went, in Zeek's words."""
    orig, resp = flow.ends
    if flow.proto == "tcp":
        marks = {*_marks(orig), *_marks(resp).lower(), "p" if resp.packets else ""}
        return next((state for needed, state in _STATES if marks.issuperset(needed)), "OTH")
    return _udp_state(orig, resp) if flow.proto == "udp" else "OTH"


def _udp_state(orig: Side, resp: Side) -> str:
    if not orig.packets:
        return "SHR"
    return "SF" if resp.packets else "S0"


def _marks(side: Side) -> str:
    return "S" * side.syn + "F" * side.fin + "R" * side.rst
