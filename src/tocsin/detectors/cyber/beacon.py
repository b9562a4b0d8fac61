"""Beacons: a host that calls one place outside again and again, as if by the clock."""

from dataclasses import dataclass
from math import inf, log2
from statistics import median
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta, Struct

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import (
    NAMED_MAX,
    PRIVATE,
    Flow,
    bounded,
    checked,
    evidence_of,
    flows,
    inside,
    is_group,
    touched,
)
from tocsin.contract.ports import everyday, misplaced, usual
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id

RETRY_S = 60.0
"""A failed call from the same source port within this time is the same call, sent again."""

BURST_S = 1.0
"""Calls closer than this are one visit: programs open several connections at once."""

_DAY_S = 86_400.0
_SHARED_BY = 3
_WIDE_PLACES = 24
_EVIDENCE_KEPT = 6
_EVEN = ((0.02, 1.5), (0.1, 1.0), (0.3, 0.5), (0.6, 0.0), (inf, -1.0))
_GRADES = ("weak", "clear", "strong")


class Pair(Struct, array_like=True):
    """The calls of one host to one place: latest gaps (seconds) and sizes (bytes sent), and how they ended."""

    since: float
    last: float
    source_port: int
    calls: int = 1
    answered: int = 0
    service: str = ""
    gaps: list[float] = []
    sizes: list[int] = []
    evidence: list[str] = []


class Caller(Struct, array_like=True):
    """What was told of one host: the places that it calls, each with its calls, and the most suspected one.

    `rank` is the number of thresholds that were reached.
    """

    episode: int
    since: float
    last: float
    rank: int = 0
    points: float = 0.0
    worst: str = ""
    because: str = ""
    places: dict[str, int] = {}


class Calling(Struct):
    """What one log showed: pairs under watch (by "source target proto/port"), and the hosts that were told.

    `everyday` are pairs on ports of everyday services, kept apart: they are many, and must not crowd out the odd ones.
    """

    pairs: dict[str, Pair] = {}
    callers: dict[str, Caller] = {}
    everyday: dict[str, Pair] = {}

    def table(self, flow: Flow) -> dict[str, Pair]:
        """The pairs among which a call belongs."""
        return self.everyday if usual(flow.port) else self.pairs


class _Batch(NamedTuple):
    """A batch under way: the state, the fact, and the evidence of what grew."""

    state: Calling
    fact: Observation[LogEvents]
    grown: dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beacon:
    """Find hosts that call one place outside by the clock, or in vain, on a port of no everyday service.

    Points are added for many calls, even gaps (median absolute deviation over median), an unusual
    port, a service that is not recognised, equal sizes, and never an answer. They are taken for an
    everyday port, for datagrams, for a place that several hosts of ours call, and for hosts that
    talk to very many. One finding per host, whose grade grows with the evidence.

    >>> from tocsin.contract.examples import connections
    >>> from tocsin.contract.folding import findings
    >>> calls = connections([("10.0.0.9", "198.51.100.7", 1177, "S0")] * 30, every_s=25.0)
    >>> findings(Beacon(), [calls])[0].because
    '10.0.0.9 called 198.51.100.7 on tcp/1177 30 times, every 25 s (gaps differ by 0 %); never answered.'
    """

    kind: ClassVar[str] = "cyber.beacon"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"weak": 0.5, "clear": 1.5, "strong": 3.0}

    home: Annotated[tuple[str, ...], Meta(description="Networks that are ours, as CIDR.")] = PRIVATE
    expected: Annotated[
        tuple[str, ...], Meta(description="Networks outside that our devices are meant to call, as CIDR.")
    ] = ()
    calls_min: Annotated[int, Meta(description="Fewest calls that are judged.", ge=4)] = 8
    points: Annotated[
        tuple[float, float, float], Meta(description="Points from which a beacon is weak, clear, strong.")
    ] = (2.0, 3.0, 4.0)
    pairs_max: Annotated[
        int,
        Meta(description="Most pairs of host and place under watch per log, on odd and on everyday ports each.", ge=1),
    ] = 1_024
    gaps_max: Annotated[int, Meta(description="Most latest gaps and sizes kept per pair.", ge=8)] = 24
    callers_max: Annotated[int, Meta(description="Most hosts with findings kept per log.", ge=1)] = 128

    def __post_init__(self) -> None:
        """Refuse a network that is none."""
        checked((*self.home, *self.expected), self.kind)

    def step(self, state: Calling | None, fact: Observation[LogEvents]) -> tuple[Calling, list[Finding]]:
        """Take the connections of one batch; one finding per host whose evidence grew."""
        batch = _Batch(Calling() if state is None else state, fact, {})
        for name, flow in self._repeated(batch).items():
            self._judge(batch, name, flow)
        kept = batch.state
        told = [self._finding(fact, name, kept.callers[name], batch.grown[name]) for name in batch.grown]
        bounded(kept.pairs, self.pairs_max)
        bounded(kept.everyday, self.pairs_max)
        bounded(kept.callers, self.callers_max)
        return kept, told

    def _is_call(self, flow: Flow) -> bool:
        """Whether a record is a try to reach a place outside that could be a command server."""
        if flow.to_inside or is_group(flow.target) or not _is_begun(flow):
            return False
        return not (self.expected and inside(flow.target, self.expected))

    def _repeated(self, batch: _Batch) -> dict[str, Flow]:
        """The pairs that this batch gave a call that counts, each with its last one."""
        heard: dict[str, Flow] = {}
        for flow in flows(batch.fact, self.home):
            if self._is_call(flow):
                name = f"{flow.source} {flow.target} {flow.proto}/{flow.port}"
                if self._note(batch, flow, name):
                    heard[name] = flow
        return heard

    def _note(self, batch: _Batch, flow: Flow, name: str) -> bool:
        """Add a call to its pair; whether it was a new one."""
        pairs = batch.state.table(flow)
        pair = touched(pairs, name)
        if pair is None or flow.at - pair.last > _DAY_S:
            pair = pairs[name] = Pair(since=flow.at, last=flow.at, source_port=flow.source_port)
            self._heard(batch, pair, flow)
            return False
        gap_s = flow.at - pair.last
        if gap_s < BURST_S or _is_retry(pair, flow, gap_s):
            return False
        pair.gaps = [*pair.gaps[1 - self.gaps_max :], round(gap_s, 3)]
        pair.last, pair.source_port = flow.at, flow.source_port
        pair.calls += 1
        self._heard(batch, pair, flow)
        return pair.calls >= self.calls_min

    def _heard(self, batch: _Batch, pair: Pair, flow: Flow) -> None:
        """Keep what a call was like, within bounds."""
        pair.answered += flow.outcome > 0
        pair.service = pair.service or flow.service
        pair.sizes = [*pair.sizes[1 - self.gaps_max :], flow.out_bytes]
        if pair.calls > 1:
            pair.evidence = [*pair.evidence[1 - _EVIDENCE_KEPT :], evidence_of(batch.fact, flow.row)]

    def _judge(self, batch: _Batch, name: str, flow: Flow) -> None:
        """Tell of a pair whose points suffice."""
        pairs = batch.state.table(flow)
        pair = pairs[name]
        points = self._points(pair, flow)
        if points >= self.points[0]:
            points -= _excuses(batch.state, pairs, flow)
        rank = sum(points >= least for least in self.points)
        if rank:
            self._tell(batch, flow, pair, rank, points)

    def _tell(self, batch: _Batch, flow: Flow, pair: Pair, rank: int, points: float) -> None:
        callers = batch.state.callers
        caller = touched(callers, flow.source)
        if caller is None or flow.at - caller.last > _DAY_S:
            caller = callers[flow.source] = Caller(int(pair.since // _DAY_S), since=pair.since, last=flow.at)
        place = f"{flow.target} on {flow.proto}/{flow.port}"
        caller.places[place] = pair.calls
        bounded(caller.places, NAMED_MAX)
        caller.since, caller.last = min(caller.since, pair.since), max(caller.last, pair.last)
        caller.rank = max(caller.rank, rank)
        if caller.worst == flow.target or points > caller.points:
            caller.worst, caller.points, caller.because = flow.target, points, _because(flow, pair, place)
        batch.grown.setdefault(flow.source, []).extend(pair.evidence)
        pair.evidence = []

    def _points(self, pair: Pair, flow: Flow) -> float:
        """How much the calls themselves speak for a beacon, in points of about one nat each."""
        even = _spread(pair.gaps)
        points = min(1.5, 0.5 * log2(pair.calls / self.calls_min)) + _port_points(flow.port)
        points += next(worth for below, worth in _EVEN if even < below)
        points += 0.5 if _is_odd(pair, flow) else -0.5
        return points + (1.0 if not pair.answered else 0.5 if _spread(pair.sizes) < 0.05 else 0.0)

    def _finding(self, fact: Observation[LogEvents], device: str, caller: Caller, evidence: list[str]) -> Finding:
        others = len(caller.places) - 1
        more = f" So it does {others} other place{'s' if others > 1 else ''}." if others else ""
        places = (caller.worst, *(place.partition(" ")[0] for place in caller.places))
        return Finding(
            id=derived_id("f", self.kind, fact.source, device, caller.episode),
            at=min(caller.last, fact.at),
            origin=fact.origin,
            kind=self.kind,
            subject=device,
            because=caller.because + more,
            evidence=tuple(evidence),
            source=fact.source,
            detector=self.kind,
            grade=_GRADES[caller.rank - 1],
            place=fact.place,
            actors=(device, *dict.fromkeys(places)),
            since=caller.since,
            measure=float(sum(caller.places.values())),
            unit="calls",
            tactic="command-and-control",
            technique="T0869",
        )


def _is_begun(flow: Flow) -> bool:
    """Whether a record shows the beginning of a call, and not the middle of one or an answer."""
    if flow.proto == "udp":
        return not usual(flow.port) and flow.source_port >= 1024
    return flow.proto == "tcp" and (flow.outcome != 0 or flow.state not in ("OTH", "SHR", "RSTRH"))


def _port_points(port: int) -> float:
    """What a port says by itself: everyday ports speak against a beacon, unknown ones for it."""
    if everyday(port):
        return -2.0
    return 0.0 if usual(port) else 1.0


def _excuses(calling: Calling, pairs: dict[str, Pair], flow: Flow) -> float:
    """What speaks against a beacon in what else is known: points to take off."""
    place, host = f" {flow.target} {flow.proto}/{flow.port}", f"{flow.source} "
    popular = sum(name.endswith(place) for name in pairs) >= _SHARED_BY
    wide = sum(name.startswith(host) for name in calling.pairs) >= _WIDE_PLACES
    points = 2.5 if flow.proto == "udp" else 0.0
    return points + 2.0 * popular + 2.0 * wide + (0.0 if flow.from_inside else 1.0)


def _because(flow: Flow, pair: Pair, place: str) -> str:
    period_s, even = median(pair.gaps), _spread(pair.gaps)
    answers = f"answered {pair.answered} times" if pair.answered else "never answered"
    pace = f"every {period_s:.3g} s (gaps differ by {even:.0%})".replace("%", " %")
    return f"{flow.source} called {place} {pair.calls} times, {pace}; {answers}."


def _is_retry(pair: Pair, flow: Flow, gap_s: float) -> bool:
    return flow.source_port == pair.source_port and flow.outcome < 0 and gap_s < RETRY_S


def _is_odd(pair: Pair, flow: Flow) -> bool:
    return bool(not pair.service or misplaced(pair.service, flow.port) or not everyday(flow.port))


def _spread(values: list[float] | list[int]) -> float:
    """Median absolute deviation over the median; 0 where the median is 0."""
    middle = median(values)
    return median(abs(value - middle) for value in values) / middle if middle else 0.0
