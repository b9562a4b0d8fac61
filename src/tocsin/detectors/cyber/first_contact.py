"""First contacts: a host of ours talks with a place outside that nobody of ours has talked with before."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from zlib import crc32

from msgspec import Meta, Struct

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import (
    NAMED_MAX,
    PRIVATE,
    Flow,
    amount,
    bounded,
    checked,
    evidence_of,
    flows,
    is_group,
    numbered,
    touched,
)
from tocsin.contract.ports import misplaced, usual
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id

_DAY_S = 86_400.0
_GRADES = ("background", "weak", "clear")


class News(Struct, array_like=True):
    """The new places of one host on one day, and the most remarkable of them."""

    day: int
    since: float
    last: float
    count: int = 0
    rank: int = -1
    worst: str = ""
    because: str = ""
    places: dict[str, int] = {}


class Contacts(Struct):
    """What one log showed: since when it is learnt, neighbourhoods that are known (by number), news by host."""

    began: float | None = None
    known: dict[int, int] = {}
    news: dict[str, News] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstContact:
    """Find first contacts with a neighbourhood of the internet (/24, /48) after a time of learning.

    Alone that is background: people look at new pages all day. On a port of no everyday service, or with a
    protocol that is not its own, it is weak; if it also lasts or moves much, clear. One finding per host and day.

    >>> from tocsin.contract.examples import START_AT, connections
    >>> from tocsin.contract.folding import findings
    >>> first = connections([("10.0.0.9", "198.51.100.7", 443, "SF")])
    >>> later = connections([("10.0.0.9", "203.0.113.5", 1337, "SF")], at=START_AT + 90_000)
    >>> findings(FirstContact(), [first, later])[0].because
    '10.0.0.9 is the first of ours to talk with 203.0.113.5 (tcp/1337, 0 s, 1.5 kB).'
    """

    kind: ClassVar[str] = "cyber.first-contact"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"background": 0.1, "weak": 0.5, "clear": 1.0}

    home: Annotated[tuple[str, ...], Meta(description="Networks that are ours, as CIDR.")] = PRIVATE
    learn_s: Annotated[float, Meta(description="Time of learning, in which nothing is told, seconds.", ge=0)] = _DAY_S
    long_s: Annotated[float, Meta(description="Length from which a talk lasts, seconds.", gt=0)] = 300.0
    much_bytes: Annotated[int, Meta(description="Bytes from which a talk moves much.", ge=1)] = 1_000_000
    known_max: Annotated[int, Meta(description="Most neighbourhoods remembered per log.", ge=1)] = 50_000
    news_max: Annotated[int, Meta(description="Most hosts with news kept per log.", ge=1)] = 256

    def __post_init__(self) -> None:
        """Refuse a network that is none."""
        checked(self.home, self.kind)

    def step(self, state: Contacts | None, fact: Observation[LogEvents]) -> tuple[Contacts, list[Finding]]:
        """Take the connections of one batch; one finding per host that met new places."""
        kept = Contacts() if state is None else state
        grown = self._met(kept, fact)
        told = [self._finding(fact, source, kept.news[source], rows) for source, rows in grown.items()]
        bounded(kept.known, self.known_max)
        bounded(kept.news, self.news_max)
        return kept, told

    def _met(self, kept: Contacts, fact: Observation[LogEvents]) -> dict[str, list[str]]:
        """The hosts that met new places in a batch, each with the evidence."""
        grown: dict[str, list[str]] = {}
        for flow in flows(fact, self.home):
            if flow.outcome > 0 and flow.from_inside and not flow.to_inside and self._meets(kept, flow):
                self._note(kept, flow)
                grown.setdefault(flow.source, []).append(evidence_of(fact, flow.row))
        return grown

    def _meets(self, kept: Contacts, flow: Flow) -> bool:
        """Learn a place; whether it is new, and the time of learning over."""
        if is_group(flow.target):
            return False
        kept.began = flow.at if kept.began is None else min(kept.began, flow.at)
        place = _neighbourhood(flow.target)
        fresh = kept.known.pop(place, None) is None
        kept.known[place] = 0
        return fresh and flow.at - kept.began >= self.learn_s

    def _note(self, kept: Contacts, flow: Flow) -> None:
        """Add a new place to the news of its host."""
        day, news = int(flow.at // _DAY_S), touched(kept.news, flow.source)
        if news is None or day > news.day:
            news = kept.news[flow.source] = News(day, since=flow.at, last=flow.at)
        news.since, news.last = min(news.since, flow.at), max(news.last, flow.at)
        news.count += 1
        news.places[flow.target] = flow.port
        bounded(news.places, NAMED_MAX)
        rank = self._rank(flow)
        if rank > news.rank:
            news.rank, news.worst, news.because = rank, flow.target, _because(flow)

    def _rank(self, flow: Flow) -> int:
        odd = not usual(flow.port) or bool(misplaced(flow.service, flow.port))
        lasting = flow.duration_s >= self.long_s or flow.out_bytes + flow.in_bytes >= self.much_bytes
        return 1 + lasting if odd else 0

    def _finding(self, fact: Observation[LogEvents], source: str, news: News, evidence: list[str]) -> Finding:
        others = f" {news.count - 1} more new places that day." if news.count > 1 else ""
        return Finding(
            id=derived_id("f", self.kind, fact.source, source, news.day),
            at=min(news.last, fact.at),
            origin=fact.origin,
            kind=self.kind,
            subject=source,
            because=news.because + others,
            evidence=tuple(evidence),
            source=fact.source,
            detector=self.kind,
            grade=_GRADES[news.rank],
            place=fact.place,
            actors=tuple(dict.fromkeys((source, news.worst))) if news.rank else (),
            targets=tuple(news.places),
            since=news.since,
            measure=float(news.count),
            unit="places",
            tactic="command-and-control",
            technique="T0869",
        )


def _neighbourhood(address: str) -> int:
    """The /24 (IPv4) or /48 (IPv6) of an address, as a number; of anything else a hash of 32 bits."""
    known = numbered(address)
    if known is None:
        return crc32(address.encode()) | 1 << 50
    version, value = known
    return value >> 8 if version == 4 else value >> 80 | 1 << 49


def _because(flow: Flow) -> str:
    talk = f"{flow.proto}/{flow.port}, {flow.duration_s:.0f} s, {amount(flow.out_bytes + flow.in_bytes)}"
    return f"{flow.source} is the first of ours to talk with {flow.target} ({talk})."
