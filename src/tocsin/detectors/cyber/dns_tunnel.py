"""Data carried in names: many long, ever new labels that one host asks for below one registered domain."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import log2
from typing import Annotated, Any, ClassVar, NamedTuple
from zlib import crc32

from msgspec import Meta, Struct

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import address_of, bounded, evidence_of, faded, number, touched
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Finding, Level, Observation, derived_id

TABLE = "network/dns_names.yaml"
"""Public suffixes, and services whose odd names are lookups."""

CARRIERS = frozenset({"TXT", "NULL", "CNAME", "MX", "KEY", "PRIVATE", "TYPE65399", "*"})
"""Record types whose answers hold enough to carry data back."""

_LINK_LOCAL = (137, 5353, 5355)
_STEPS = ((500.0, "strong"), (100.0, "clear"), (0.0, "weak"))
_RANK = {"": 0, "weak": 1, "clear": 2, "strong": 3}


class Query(NamedTuple):
    """One question: who asks whom for which name (lower case) and type, in which row, and whether it was answered."""

    row: int
    at: float
    client: str
    server: str
    name: str
    type: str
    answered: bool


class Pair(Struct):
    """What one host asked below one domain. Amounts fade; `recent` are checksums of its latest names."""

    client: str
    domain: str
    since: float
    last: float
    grade: str = ""
    asked: float = 0.0
    strange: float = 0.0
    carriers: float = 0.0
    payload_bytes: float = 0.0
    names: int = 0
    recent: list[int] = []
    fresh: list[str] = []


class Asked(Struct):
    """The pairs of one log and who was seen to answer others, least recently used first."""

    pairs: dict[str, Pair] = {}
    servers: dict[str, float] = {}


@lru_cache(maxsize=65_536)
def looks_encoded(text: str, chars_min: int) -> bool:
    """Whether a name's own part is long and of the even mix of signs that encoded data has.

    >>> looks_encoded("mzxw6ytboi2gk3tuoizxk4tpnzsxg", 24), looks_encoded("static-content-images-europe", 24)
    (True, False)
    """
    letters = text.replace(".", "")
    if len(letters) < chars_min:
        return False
    digits = sum(one.isdigit() for one in letters) / len(letters)
    return digits >= 0.08 and entropy_bits(letters) >= 3.2


def entropy_bits(text: str) -> float:
    """Shannon entropy per sign, in bits.

    >>> entropy_bits("abcd"), entropy_bits("aaaa")
    (2.0, 0.0)
    """
    counts = Counter(text).values()
    return sum(count / len(text) * log2(len(text) / count) for count in counts)


def questions(fact: Observation[LogEvents]) -> Iterator[Query]:
    """The questions among the rows: Zeek `dns`, EVE `dns` of either version; not those of the local link."""
    read = {"zeek": _zeek, "eve": _eve}.get(fact.body.format)
    if read is None:
        return
    for index, row in enumerate(fact.body.rows):
        if row.get("log") == "dns" or row.get("event_type") == "dns":
            yield from read(index, row, fact.at)


_ANSWERED = frozenset({"rcode", "rcode_name"})


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _single(suffixes: list[Any]) -> Iterator[Any]:
    """Each name, whether it stands alone or in a group."""
    for group in suffixes:
        yield from group if isinstance(group, list) else [group]


def _zeek(index: int, row: dict[str, Any], otherwise_at: float) -> Iterator[Query]:
    ends = (row.get("id.orig_h"), row.get("id.resp_h"), row.get("query"))
    if row.get("id.resp_p") in _LINK_LOCAL or not all(map(_is_text, ends)):
        return
    client, server, name = map(str, ends)
    at = number(row.get("at"), otherwise_at)
    kind = row.get("qtype_name") or ""
    yield Query(index, at, client, server, _plain(name), str(kind), not row.keys().isdisjoint(_ANSWERED))


def _eve(index: int, row: dict[str, Any], otherwise_at: float) -> Iterator[Query]:
    dns, client, server = row.get("dns"), row.get("src_ip"), row.get("dest_ip")
    if not isinstance(dns, dict) or not isinstance(client, str) or not isinstance(server, str):
        return
    if row.get("dest_port") in _LINK_LOCAL or row.get("src_port") in _LINK_LOCAL:
        return
    at = number(row.get("at"), otherwise_at)
    if dns.get("type") in ("answer", "response"):
        yield Query(index, at, client, server, "", "", answered=True)
    elif dns.get("type") in ("query", "request"):
        asked = dns.get("queries")
        for one in asked if isinstance(asked, list) else [dns]:
            name = one.get("rrname") if isinstance(one, dict) else None
            if isinstance(name, str):
                yield Query(index, at, client, server, _plain(name), str(one.get("rrtype") or ""), answered=False)


def _plain(name: str) -> str:
    return name.rstrip(".").casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsTunnel:
    """Find hosts that carry data in DNS questions, per registered domain.

    A question is strange when its name below the registered domain was not asked lately and looks
    encoded, or is of a type that carries data back. Strange questions add up and fade; from
    `weak_names` on they are a finding whose grade grows with them. Known lookup services
    (`content/network/dns_names.yaml`), reverse lookups and the local link are passed over.

    >>> from hashlib import sha256
    >>> from tocsin.contract.examples import START_AT, seen
    >>> from tocsin.contract.folding import findings
    >>> ends = {"log": "dns", "id.orig_h": "10.0.0.9", "id.resp_h": "10.0.0.2", "qtype_name": "A"}
    >>> names = [sha256(bytes([n])).hexdigest()[:40] + ".t.example.net" for n in range(60)]
    >>> rows = tuple({"at": START_AT + n, "query": name, **ends} for n, name in enumerate(names))
    >>> batch = seen(LogEvents(format="zeek", offsets=tuple(range(60)), rows=rows), at=START_AT + 60)
    >>> findings(DnsTunnel(), [batch])[0].because
    '10.0.0.9 asked for 60 ever new names below example.net, 42 characters each, 0 % of types that carry data back.'
    """

    kind: ClassVar[str] = "cyber.dns-tunnel"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"weak": 1.0, "clear": 2.0, "strong": 3.0}

    weak_names: Annotated[float, Meta(description="Strange names from which on it is a finding.", gt=0)] = 40.0
    share_min: Annotated[float, Meta(description="Least share of strange questions below a domain.", ge=0, le=1)] = 0.7
    chars_min: Annotated[int, Meta(description="Least characters of a name that can be encoded data.", ge=1)] = 24
    carrier_chars_min: Annotated[
        int, Meta(description="Least characters of a name asked for with a type that carries data back.", ge=1)
    ] = 10
    half_life_s: Annotated[float, Meta(description="After so long old questions count half, seconds.", gt=0)] = 7_200.0
    window_s: Annotated[float, Meta(description="Longest time told as one finding, seconds.", gt=0)] = 86_400.0
    lookups: Annotated[
        tuple[str, ...], Meta(description="More domains of lookup services, or of your own, to pass over.")
    ] = ()
    pairs_max: Annotated[int, Meta(description="Most pairs of host and domain kept per log.", ge=1)] = 1_024
    recent_max: Annotated[int, Meta(description="Most names remembered per pair, to know repeats.", ge=1)] = 64
    servers_max: Annotated[int, Meta(description="Most name servers remembered per log.", ge=1)] = 256
    evidence_max: Annotated[int, Meta(description="Most rows cited per finding and batch.", ge=1)] = 50

    def start(self, resources: Resources) -> "RunningDnsTunnel":
        """Read the table of names; raises ConfigError where it is broken."""
        table = resources.document(TABLE)
        suffixes, lookups = table.get("suffixes"), table.get("lookups")
        if not isinstance(suffixes, list) or not isinstance(lookups, dict):
            raise ConfigError(f"{TABLE} must hold a list `suffixes` and a mapping `lookups`.")
        return RunningDnsTunnel(self, frozenset(_single(suffixes)), frozenset({*lookups, *self.lookups}))


class RunningDnsTunnel:
    """The detector at work, with its names."""

    def __init__(self, says: DnsTunnel, suffixes: frozenset[str], lookups: frozenset[str]) -> None:
        self.says = says
        self._suffixes = suffixes
        self._lookups = lookups
        self._split = lru_cache(maxsize=65_536)(self._parts)

    def step(self, state: Asked | None, fact: Observation[LogEvents]) -> tuple[Asked, list[Finding]]:
        """Count the questions of a batch; one finding per pair that carries data and grew."""
        asked = Asked() if state is None else state
        grown: dict[str, Pair] = {}
        for query in questions(fact):
            own, domain = self._split(query.name)
            self._note_server(asked, query)
            if own and query.client not in asked.servers:
                pair = self._counted(asked, query, own, domain)
                if pair is not None:
                    pair.fresh.append(evidence_of(fact, query.row))
                    grown[f"{pair.client} {pair.domain}"] = pair
        found = [self._finding(fact, pair) for pair in grown.values() if self._carries(pair)]
        for pair in grown.values():
            pair.fresh = pair.fresh[-self.says.evidence_max :] if not pair.grade else []
        bounded(asked.pairs, self.says.pairs_max)
        return asked, found

    def _parts(self, name: str) -> tuple[str, str]:
        """The part of a name below its registered domain, and that domain; nothing where it is not judged."""
        labels = name.split(".")
        if not self._is_judged(name, labels):
            return "", name
        depth = 3 if ".".join(labels[-2:]) in self._suffixes else 2
        own = [label for label in labels[:-depth] if not label.startswith("_")]
        return ".".join(own), ".".join(labels[-depth:])

    def _note_server(self, asked: Asked, query: Query) -> None:
        """Whoever answers is a name server: its own questions are those of others."""
        if not query.answered:
            return
        asked.servers.pop(query.server, None)
        asked.servers[query.server] = query.at
        bounded(asked.servers, self.says.servers_max)

    def _is_judged(self, name: str, labels: list[str]) -> bool:
        """Whether it has a part below a registered domain, and is neither an address nor of a service of lookups."""
        if len(labels) < 3 or (labels[-1].isdigit() and address_of(name) is not None):
            return False
        return not any(".".join(labels[n:]) in self._lookups for n in range(len(labels)))

    def _counted(self, asked: Asked, query: Query, own: str, domain: str) -> Pair | None:
        """Add one question to its pair; gives the pair where the question is strange and new."""
        says, pair = self.says, self._pair(asked, query, domain)
        self._fade(pair, query.at)
        carrier = query.type.upper() in CARRIERS
        pair.asked += 1.0
        checksum = crc32(f"{own} {query.type}".encode())
        if checksum in pair.recent or not _is_strange(own, says.carrier_chars_min if carrier else 0, says.chars_min):
            return None
        pair.recent = [*pair.recent[1 - says.recent_max :], checksum] if says.recent_max > 1 else [checksum]
        pair.names += 1
        pair.strange += 1.0
        pair.carriers += carrier
        pair.payload_bytes += len(own)
        return pair

    def _pair(self, asked: Asked, query: Query, domain: str) -> Pair:
        """The pair of a question, which begins anew after its window."""
        name = f"{query.client} {domain}"
        pair = touched(asked.pairs, name)
        if pair is None or query.at > pair.since + self.says.window_s:
            pair = Pair(client=query.client, domain=domain, since=query.at, last=query.at)
            asked.pairs[name] = pair
        return pair

    def _fade(self, pair: Pair, at: float) -> None:
        """Let what was counted before lose weight with time."""
        left = faded(1.0, at - pair.last, self.says.half_life_s)
        pair.last = max(pair.last, at)
        pair.asked *= left
        pair.strange *= left
        pair.carriers *= left
        pair.payload_bytes *= left

    def _carries(self, pair: Pair) -> bool:
        """Whether the questions of a pair are data; its grade grows and never shrinks."""
        if pair.strange < self.says.weak_names or pair.strange < self.says.share_min * pair.asked:
            return False
        grade = next(name for least, name in _STEPS if pair.strange >= least)
        pair.grade = max(pair.grade, grade, key=lambda one: _RANK[one])
        return True

    def _finding(self, fact: Observation[LogEvents], pair: Pair) -> Finding:
        kind = self.says.kind
        return Finding(
            id=derived_id("f", kind, fact.source, pair.client, pair.domain, int(pair.since // self.says.window_s)),
            at=min(pair.last, fact.at),
            origin=fact.origin,
            kind=kind,
            subject=pair.client,
            because=_because(pair),
            evidence=tuple(pair.fresh[-self.says.evidence_max :]),
            source=fact.source,
            detector=kind,
            grade=pair.grade,
            place=fact.place,
            actors=(pair.client, pair.domain),
            since=pair.since,
            measure=float(pair.names),
            unit="names",
            tactic="command-and-control",
            technique="T0869",
        )


def _is_strange(own: str, carrier_chars_min: int, chars_min: int) -> bool:
    """Whether a name can carry data; a type that carries data back needs fewer characters."""
    if carrier_chars_min and len(own.replace(".", "")) >= carrier_chars_min and any(one.isdigit() for one in own):
        return True
    return looks_encoded(own, chars_min)


def _because(pair: Pair) -> str:
    chars = round(pair.payload_bytes / pair.strange)
    share = round(100 * pair.carriers / pair.strange)
    return (
        f"{pair.client} asked for {pair.names} ever new names below {pair.domain}, {chars} characters each, "
        f"{share} % of types that carry data back."
    )
