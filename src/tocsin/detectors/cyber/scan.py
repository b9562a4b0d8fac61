"""Scans: one host that tries many others, or many ports of one, and mostly fails."""

from dataclasses import dataclass
from math import log
from typing import Annotated, Any, ClassVar, NamedTuple

from msgspec import Meta, Struct

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import (
    NAMED_MAX,
    PRIVATE,
    Flow,
    bounded,
    checked,
    evidence_of,
    faded,
    flows,
    inside,
    is_group,
    number,
    ours,
    touched,
    whole,
)
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id

ASKING_ICMP = frozenset({8, 13, 17, 128})
"""ICMP types that ask a host to show itself: echo, timestamp, address mask (RFC 792, 950), echo of ICMPv6."""

UDP_SERVICES = frozenset({53, 67, 69, 111, 123, 137, 161, 389, 500, 623, 1434, 1900, 5060, 11211, 47808, 44818, 20000})
"""UDP ports behind which a service worth scanning for lies; other outside UDP is speech, games and file sharing."""

WEB = frozenset({80, 443})
"""Ports on which a browser whose uplink fails looks like a scanner for a moment."""

EPHEMERAL = 32_768
"""First port of the range from which Linux takes source ports: an answer to such a port is no probe."""

NOTICES = {
    "Scan::Address_Scan": "horizontal",
    "Scan::Random_Scan": "horizontal",
    "Scan::Port_Scan": "vertical",
    "ICMP::ICMPAddressScan": "horizontal",
    "ICMP::TimestampScan": "horizontal",
    "ICMP::AddressMaskScan": "horizontal",
}
"""Scans that Zeek's own scripts have told, by note."""

ARP_CAUTION = 3.0
"""How many times as sure a sweep by ARP must be: gateways ask for many hosts when others knock."""

ARP_HALF_LIFE_S = 60.0
"""How fast a sum of ARP requests fades: only a sweep asks for dozens of absent hosts within a minute."""

_SHARING_PORTS = 16
_EPISODE_S = 21_600.0
_UNTOLD_MAX = 8
_RANK = {"": 0, "background": 1, "suspected": 2, "exposed": 3, "horizontal": 3, "vertical": 3}


class Group(Struct, array_like=True):
    """First contacts of one host: to many hosts on one port, or to many ports of one host.

    `nats` is the running sum of the sequential test, `seen` its latest targets with their outcomes,
    `tries` how many led nowhere and were not told yet, `untold` the latest of them with their evidence.
    """

    nats: float
    since: float
    last: float
    tries: int = 0
    seen: dict[str, int] = {}
    untold: dict[str, str] = {}


class Sweep(Struct, array_like=True):
    """A scan that was told: all groups of one host and shape since it began; or the tries against one host."""

    episode: int
    since: float
    last: float
    grade: str = ""
    tries: int = 0
    hosts: dict[str, int] = {}
    ports: dict[str, int] = {}
    untold: list[str] = []


class Scanning(Struct):
    """What one log showed: running tests, scans told, exposed hosts, who shares files, whom of outside ours asked."""

    groups: dict[str, Group] = {}
    sweeps: dict[str, Sweep] = {}
    sharing: dict[str, dict[int, str]] = {}
    asked: dict[str, bool] = {}


class _Batch(NamedTuple):
    """A batch under way: the state, the fact, and the evidence of each scan that grew."""

    state: Scanning
    fact: Observation[LogEvents]
    grown: dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Find scans by a sequential test on first contacts: a scanner knocks where nobody answers.

    Each first contact of a host to another (on one port), or to another port (of one host), adds
    ln(P(outcome | scanner) / P(outcome | benign)); the sum never falls below zero (Page's test,
    after the threshold random walk of Jung, Paxson, Berger and Balakrishnan, 2004). One finding
    per scanning host, shape and episode, however many connections. What reaches an exposed host of
    ours from the internet is one finding about that host, of grade background.

    >>> from tocsin.contract.examples import connections
    >>> from tocsin.contract.folding import findings
    >>> sweep = connections([("10.0.0.9", f"10.0.1.{n}", 502, "S0") for n in range(1, 41)])
    >>> findings(Scan(), [sweep])[0].because
    '10.0.0.9 tried 40 hosts on tcp/502: 40 first contacts within 39 s led nowhere.'
    """

    kind: ClassVar[str] = "cyber.scan"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {
        "background": 0.2,
        "exposed": 3.0,
        "suspected": 1.0,
        "horizontal": 3.0,
        "vertical": 3.0,
    }

    home: Annotated[tuple[str, ...], Meta(description="Networks that are ours, as CIDR.")] = PRIVATE
    allowed: Annotated[tuple[str, ...], Meta(description="Networks of our own scanners, as CIDR: never told.")] = ()
    benign_success: Annotated[
        float, Meta(description="Share of a benign host's first contacts that are answered.", gt=0, lt=1)
    ] = 0.95
    scanner_success: Annotated[
        float, Meta(description="Share of a scanner's first contacts that are answered.", gt=0, lt=1)
    ] = 0.5
    suspect_nats: Annotated[float, Meta(description="Sum from which a scan is suspected.", gt=0)] = 9.0
    certain_nats: Annotated[float, Meta(description="Sum from which a scan is certain.", gt=0)] = 14.0
    half_life_s: Annotated[float, Meta(description="How fast a sum fades without new tries, seconds.", gt=0)] = 43_200.0
    groups_max: Annotated[int, Meta(description="Most running tests per log.", ge=1)] = 1_024
    sweeps_max: Annotated[int, Meta(description="Most scans and exposed hosts kept per log.", ge=1)] = 128
    seen_max: Annotated[int, Meta(description="Most latest targets remembered per test.", ge=8)] = 32
    counted_max: Annotated[int, Meta(description="Most distinct hosts, or ports, counted per scan.", ge=20)] = 256
    asked_max: Annotated[int, Meta(description="Most hosts outside remembered that ours asked.", ge=1)] = 2_048
    exposed_tries_min: Annotated[
        int, Meta(description="Tries from the internet that are told as background of a host of ours.", ge=1)
    ] = 20
    exposed_hosts_min: Annotated[
        int, Meta(description="Hosts of the internet that tried one of ours, from which it lies open to it.", ge=2)
    ] = 60

    def __post_init__(self) -> None:
        """Refuse a network that is none."""
        checked((*self.home, *self.allowed), self.kind)

    def step(self, state: Scanning | None, fact: Observation[LogEvents]) -> tuple[Scanning, list[Finding]]:
        """Take the connections of one batch; one finding per scan or exposed host that grew."""
        batch = _Batch(Scanning() if state is None else state, fact, {})
        for flow in flows(fact, self.home):
            if is_group(flow.target) or is_group(flow.source):
                continue
            if flow.to_inside and not flow.from_inside:
                self._from_outside(batch, flow)
            elif _is_try(flow):
                self._take(batch, flow)
            if flow.from_inside and not flow.to_inside:
                ends = f"{flow.source} {flow.target}"
                batch.state.asked[ends] = touched(batch.state.asked, ends) or True
        if fact.body.format == "zeek":
            self._other_logs(batch)
        kept = batch.state
        bounded(kept.asked, self.asked_max)
        told = [self._finding(fact, name, kept.sweeps[name], batch.grown[name]) for name in batch.grown]
        bounded(kept.groups, self.groups_max)
        bounded(kept.sharing, self.sweeps_max)
        bounded(kept.sweeps, self.sweeps_max)
        return kept, [finding for finding in told if finding.grade]

    def _take(self, batch: _Batch, flow: Flow) -> None:
        """Add one try to the tests that it belongs to."""
        port = f"{flow.proto}/{flow.port}"
        if self._relevant(batch.state, flow):
            self._contact(batch, flow, f"{flow.source} horizontal {port}", flow.target, port)
            if flow.proto != "icmp":
                self._contact(batch, flow, f"{flow.source} vertical {flow.target}", port, flow.target)

    def _from_outside(self, batch: _Batch, flow: Flow) -> None:
        """Count what the internet tries, or sends unasked, and leads nowhere; what it can reach, it scans all day."""
        port, tried = f"{flow.proto}/{flow.port}", _is_try(flow)
        unasked = flow.proto != "icmp" and f"{flow.target} {flow.source}" not in batch.state.asked
        if flow.outcome <= 0 and (tried or unasked):
            self._knocked(batch, flow, port)
        if tried and inside(flow.target, PRIVATE):
            self._contact(batch, flow, f"{flow.source} horizontal {port}", flow.target, port)

    def _other_logs(self, batch: _Batch) -> None:
        """Take what is no connection: requests by ARP, and Zeek's own notices of scans."""
        for index, row in enumerate(batch.fact.body.rows):
            if row.get("log") == "arp" and (flow := _asked(index, row)) is not None:
                if not inside(flow.source, self.allowed):
                    self._contact(batch, flow, f"{flow.source} horizontal arp", flow.target, "arp")
            elif row.get("log") == "notice" and (shape := NOTICES.get(str(row.get("note")))):
                self._noticed(batch, index, row, shape)

    def _noticed(self, batch: _Batch, index: int, row: dict[str, Any], shape: str) -> None:
        """Believe a notice of Zeek; about one host that a stranger scans it is background."""
        source, target = str(row.get("src") or row.get("id.orig_h") or ""), str(row.get("dst") or "")
        if not source or inside(source, self.allowed):
            return
        outside = bool(target) and not ours(source, self.home)
        name = f"{target} exposed" if outside else f"{source} {shape}"
        at = number(row.get("at"), batch.fact.at)
        sweep = self._sweep(batch.state, name, at, at)
        sweep.tries = max(sweep.tries + 1, whole(row.get("n")))
        sweep.grade = max(sweep.grade, "background" if outside else shape, key=lambda one: _RANK[one])
        self._count(sweep.hosts, ((source,) if outside else (target,)) if target else ())
        self._count(sweep.ports, (f"{row.get('proto') or 'tcp'}/{row['p']}",) if row.get("p") else ())
        batch.grown.setdefault(name, []).append(evidence_of(batch.fact, index))

    def _relevant(self, scanning: Scanning, flow: Flow) -> bool:
        """Whether a try of a host of ours (or a stranger's) may belong to a scan."""
        if self.allowed and inside(flow.source, self.allowed):
            return False
        if flow.to_inside or flow.port < 1024 or flow.proto == "icmp":
            return True
        if flow.proto == "udp":
            return flow.port in UDP_SERVICES
        return not self._shares(scanning, flow)

    def _shares(self, scanning: Scanning, flow: Flow) -> bool:
        """Whether a host behaves as in file sharing: many high ports outside, nearly each of another host."""
        ports = touched(scanning.sharing, flow.source)
        if ports is None:
            ports = scanning.sharing[flow.source] = {}
        ports.pop(flow.port, None)
        ports[flow.port] = flow.target
        bounded(ports, 2 * _SHARING_PORTS)
        return len(ports) >= _SHARING_PORTS and len(set(ports.values())) >= 0.75 * len(ports)

    def _contact(self, batch: _Batch, flow: Flow, name: str, target: str, common: str) -> None:
        """Add one contact to the test of that name, where it is a first one; `common` is what all share."""
        groups = batch.state.groups
        group = touched(groups, name)
        if group is None:
            if flow.outcome >= 0:
                return  # the sum would not rise above zero
            group = groups[name] = Group(nats=0.0, since=flow.at, last=flow.at)
        if group.seen.get(target, -2) >= (-1 if flow.proto != "arp" else flow.outcome):
            group.seen[target] = group.seen.pop(target)
            return
        self._weigh(group, flow, target)
        if flow.outcome > 0:
            return
        group.tries += 1
        group.untold[target] = evidence_of(batch.fact, flow.row)
        bounded(group.untold, _UNTOLD_MAX)
        if group.nats >= self.suspect_nats * (ARP_CAUTION if flow.proto == "arp" else 1.0):
            scan = name.rpartition(" ")[0]
            batch.grown.setdefault(scan, []).extend(group.untold.values())
            self._grow(batch.state, flow, group, scan, common)

    def _weigh(self, group: Group, flow: Flow, target: str) -> None:
        """Add the log-likelihood ratio of one first contact; begin anew at zero."""
        half_life_s = ARP_HALF_LIFE_S if flow.proto == "arp" else self.half_life_s
        failed = log((1.0 - self.scanner_success) / (1.0 - self.benign_success))
        group.nats = faded(group.nats, flow.at - group.last, half_life_s)
        if flow.outcome < 0:
            group.nats += failed
        elif flow.outcome > 0:
            taken_back = failed if group.seen.get(target) == -1 else 0.0
            group.nats = max(0.0, group.nats - taken_back + log(self.scanner_success / self.benign_success))
        if group.nats == 0.0:
            group.since, group.tries, group.untold = flow.at, 0, {}
        group.nats = min(group.nats, 4.0 * self.certain_nats)
        group.since, group.last = min(group.since, flow.at), max(group.last, flow.at)
        group.seen[target] = flow.outcome
        bounded(group.seen, self.seen_max)

    def _grow(self, scanning: Scanning, flow: Flow, group: Group, name: str, common: str) -> None:
        """Extend the scan of this host and shape by all that was not told yet; `common` is its one port or host."""
        sweep = self._sweep(scanning, name, group.since, flow.at)
        wide, narrow = (sweep.hosts, sweep.ports) if name.endswith("horizontal") else (sweep.ports, sweep.hosts)
        self._count(wide, tuple(group.untold))
        self._count(narrow, (common,))
        sweep.tries += group.tries
        grade = self._grade(group, flow, name.rpartition(" ")[2])
        sweep.grade = max(sweep.grade, grade, key=lambda one: _RANK[one])
        group.tries, group.untold = 0, {}

    def _sweep(self, scanning: Scanning, name: str, since: float, at: float) -> Sweep:
        """The scan of that name, as the most recent; a new one after a long pause."""
        sweep = touched(scanning.sweeps, name)
        if sweep is None or at - sweep.last > _EPISODE_S:
            sweep = scanning.sweeps[name] = Sweep(episode=int(since // _EPISODE_S), since=since, last=at)
        sweep.since, sweep.last = min(sweep.since, since), max(sweep.last, at)
        return sweep

    def _count(self, counts: dict[str, int], names: tuple[str, ...]) -> None:
        for name in names:
            if name in counts or len(counts) < self.counted_max:
                counts[name] = counts.get(name, 0) + 1

    def _grade(self, group: Group, flow: Flow, shape: str) -> str:
        web = shape == "horizontal" and flow.port in WEB and not flow.to_inside
        caution = ARP_CAUTION if flow.proto == "arp" else 2.0 if web and max(group.seen.values()) < 1 else 1.0
        return shape if group.nats >= self.certain_nats * caution else "suspected"

    def _knocked(self, batch: _Batch, flow: Flow, port: str) -> None:
        """Count a try from the internet against the host of ours that it reached."""
        name = f"{flow.target} exposed"
        sweep = self._sweep(batch.state, name, flow.at, flow.at)
        sweep.tries += 1
        self._count(sweep.hosts, (flow.source,))
        self._count(sweep.ports, (port,))
        if sweep.tries >= self.exposed_tries_min:
            sweep.grade = "exposed" if len(sweep.hosts) >= self.exposed_hosts_min else "background"
        sweep.untold.append(evidence_of(batch.fact, flow.row))
        if sweep.grade:
            batch.grown.setdefault(name, []).extend(sweep.untold)
            sweep.untold = []

    def _finding(self, fact: Observation[LogEvents], name: str, sweep: Sweep, evidence: list[str]) -> Finding:
        device, _, shape = name.rpartition(" ")
        often = tuple(sorted(sweep.hosts, key=lambda host: (-sweep.hosts[host], host)))[:NAMED_MAX]
        exposed = shape == "exposed"
        tactic, technique = ("reconnaissance", "T1595") if exposed else ("discovery", "T0846")
        return Finding(
            id=derived_id("f", self.kind, fact.source, device, shape, sweep.episode),
            at=min(sweep.last, fact.at),
            origin=fact.origin,
            kind=self.kind,
            subject=device,
            because=self._because(device, shape, sweep),
            evidence=tuple(evidence),
            source=fact.source,
            detector=self.kind,
            grade=sweep.grade,
            place=fact.place,
            actors=often if exposed else (device,),
            targets=(device,) if exposed else often,
            since=sweep.since,
            measure=float(sweep.tries),
            unit="tries",
            tactic=tactic,
            technique=technique,
        )

    def _because(self, device: str, shape: str, sweep: Sweep) -> str:
        hosts, ports = self._many(sweep.hosts, "host"), self._many(sweep.ports, "port")
        within = f"within {sweep.last - sweep.since:.0f} s"
        if shape == "exposed":
            tries = f"{sweep.tries} tries from {hosts} outside on {ports}"
            return f"{device} is exposed to the internet: {tries} {within}, as every such host sees."
        if not sweep.hosts:
            return f"{device} scans, as scripts of Zeek say: {sweep.tries} tries {within}."
        where = f"{hosts} on {ports}" if shape == "horizontal" else f"{ports} of {hosts}"
        return f"{device} tried {where}: {sweep.tries} first contacts {within} led nowhere."

    def _many(self, counts: dict[str, int], what: str) -> str:
        if len(counts) == 1:
            return next(iter(counts))
        least = "at least " if len(counts) >= self.counted_max else ""
        return f"{least}{len(counts)} {what}s"


def _is_try(flow: Flow) -> bool:
    """Whether a record is a try to reach a host, and not an answer, or half a conversation."""
    if flow.proto == "icmp":
        return flow.port in ASKING_ICMP
    if flow.proto == "udp":
        return flow.port < EPHEMERAL and flow.source_port >= 1024 and flow.source_port not in (1900, 3702, 5353)
    return flow.proto == "tcp" and (flow.outcome != 0 or flow.state in ("RSTO", "RSTR", "SF", "closed"))


def _asked(index: int, row: dict[str, Any]) -> Flow | None:
    """A request by ARP as a try that failed, its reply as one that did not; None for an announcement."""
    asks = str(row.get("operation")) in ("request", "who-has")
    ends = str(row.get("orig_h") or ""), str(row.get("resp_h") or "")
    source, target = ends if asks else ends[::-1]
    if source == target or is_group(source) or not target:
        return None
    outcome, at = -1 if asks else 1, number(row.get("at"), 0.0)
    return Flow(index, at, source, 0, target, 0, "arp", "", outcome, "", 0.0, 0, 0, from_inside=True, to_inside=True)
