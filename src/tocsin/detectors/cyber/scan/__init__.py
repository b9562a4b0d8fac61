"""Scans: one host that tries many others, or many ports of one, and mostly fails."""

from dataclasses import dataclass
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
    ours,
    sends,
    touched,
)
from tocsin.contract.protocols import by_source
from tocsin.detectors.cyber.scan.contacts import Group, Odds, is_first, keep, odds
from tocsin.detectors.cyber.scan.other_logs import Notice, notices, requests
from tocsin.detectors.cyber.scan.tries import is_try, shares_files, tells_apart
from tocsin.model import Finding, Level, Observation, derived_id

_EPISODE_S = 21_600.0
_RANK = {"": 0, "background": 1, "suspected": 2, "exposed": 3, "horizontal": 3, "vertical": 3}


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
    """A batch under way: the state, the fact, the evidence of each scan that grew, and the test in force."""

    state: Scanning
    fact: Observation[LogEvents]
    grown: dict[str, list[str]]
    test: Odds


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
        failed, answered = odds(self.benign_success, self.scanner_success)
        test = Odds(failed, answered, self.suspect_nats, self.certain_nats, self.half_life_s, self.seen_max)
        batch = _Batch(Scanning() if state is None else state, fact, {}, test)
        self._take_all(batch)
        for flow in requests(fact):
            self._contact(batch, flow, f"{flow.source} horizontal arp", flow.target, "arp")
        for notice in notices(fact):
            self._believe(batch, notice)
        return batch.state, self._told(batch)

    def _told(self, batch: _Batch) -> list[Finding]:
        """One finding per scan that grew; then forget what is beyond the bounds."""
        kept = batch.state
        names = [name for name in batch.grown if kept.sweeps[name].grade]
        told = [self._finding(batch.fact, name, kept.sweeps[name], batch.grown[name]) for name in names]
        bounded(kept.groups, self.groups_max)
        bounded(kept.asked, self.asked_max)
        bounded(kept.sharing, self.sweeps_max)
        bounded(kept.sweeps, self.sweeps_max)
        return told

    def _take_all(self, batch: _Batch) -> None:
        for flow in flows(batch.fact, self.home):
            if sends(flow.source) and not is_group(flow.target):
                self._take(batch, flow)

    def _take(self, batch: _Batch, flow: Flow) -> None:
        """Add one connection to the tests that it belongs to."""
        if flow.to_inside and not flow.from_inside:
            self._from_outside(batch, flow)
        elif is_try(flow) and (tells_apart(flow) or self._is_plain(batch, flow)):
            port = f"{flow.proto}/{flow.port}"
            self._contact(batch, flow, f"{flow.source} horizontal {port}", flow.target, port)
            if flow.proto != "icmp":
                self._contact(batch, flow, f"{flow.source} vertical {flow.target}", port, flow.target)
        if flow.from_inside and not flow.to_inside:
            ends = f"{flow.source} {flow.target}"
            batch.state.asked[ends] = touched(batch.state.asked, ends) or True

    def _is_plain(self, batch: _Batch, flow: Flow) -> bool:
        """Whether a try at a high port outside is not the kind that file sharing makes."""
        return flow.proto == "tcp" and not shares_files(batch.state.sharing, flow)

    def _from_outside(self, batch: _Batch, flow: Flow) -> None:
        """Count what the internet tries, or sends unasked, and leads nowhere; what it can reach, it scans all day."""
        port, tried = f"{flow.proto}/{flow.port}", is_try(flow)
        unasked = flow.proto != "icmp" and f"{flow.target} {flow.source}" not in batch.state.asked
        if flow.outcome <= 0 and (tried or unasked):
            self._knocked(batch, flow, port)
        if tried and inside(flow.target, PRIVATE):
            self._contact(batch, flow, f"{flow.source} horizontal {port}", flow.target, port)

    def _contact(self, batch: _Batch, flow: Flow, name: str, target: str, common: str) -> None:
        """Add one contact to the test of that name, where it is a first one; `common` is what all share."""
        group = self._group(batch, flow, name)
        if group is None or not is_first(group, flow, target):
            return
        batch.test.weigh(group, flow, target)
        if flow.outcome <= 0:
            keep(group, target, evidence_of(batch.fact, flow.row))
            if batch.test.suspects(group, flow):
                self._grow(batch, flow, group, name.rpartition(" ")[0], common)

    def _group(self, batch: _Batch, flow: Flow, name: str) -> Group | None:
        """The test of that name, as the most recent; none begins before a failure, nor for a scanner of ours."""
        groups = batch.state.groups
        group = touched(groups, name)
        if group is None and flow.outcome < 0 and not (self.allowed and inside(flow.source, self.allowed)):
            group = groups[name] = Group(nats=0.0, since=flow.at, last=flow.at)
        return group

    def _grow(self, batch: _Batch, flow: Flow, group: Group, name: str, common: str) -> None:
        """Extend the scan of this host and shape by all that was not told yet; `common` is its one port or host."""
        sweep, shape = self._sweep(batch.state, name, group.since, flow.at), name.rpartition(" ")[2]
        wide, narrow = (sweep.hosts, sweep.ports) if shape == "horizontal" else (sweep.ports, sweep.hosts)
        self._count(wide, *group.untold)
        self._count(narrow, common)
        sweep.tries += group.tries
        _raise(sweep, shape if batch.test.is_certain(group, flow, shape) else "suspected")
        batch.grown.setdefault(name, []).extend(group.untold.values())
        group.tries, group.untold = 0, {}

    def _believe(self, batch: _Batch, notice: Notice) -> None:
        """Take Zeek's word for a scan; about one host that a stranger scans it is background."""
        if inside(notice.source, self.allowed):
            return
        outside = bool(notice.target) and not ours(notice.source, self.home)
        (subject, grade, host) = (
            (f"{notice.target} exposed", "background", notice.source)
            if outside
            else (f"{notice.source} {notice.shape}", notice.shape, notice.target)
        )
        sweep = self._sweep(batch.state, subject, notice.at, notice.at)
        sweep.tries = max(sweep.tries + 1, notice.hosts)
        _raise(sweep, grade)
        self._count(sweep.hosts, host)
        self._count(sweep.ports, notice.port)
        batch.grown.setdefault(subject, []).append(evidence_of(batch.fact, notice.row))

    def _sweep(self, scanning: Scanning, name: str, since: float, at: float) -> Sweep:
        """The scan of that name, as the most recent; a new one after a long pause."""
        sweep = touched(scanning.sweeps, name)
        if sweep is None or at - sweep.last > _EPISODE_S:
            sweep = scanning.sweeps[name] = Sweep(episode=int(since // _EPISODE_S), since=since, last=at)
        sweep.since, sweep.last = min(sweep.since, since), max(sweep.last, at)
        return sweep

    def _count(self, counts: dict[str, int], *names: str) -> None:
        """Count each name within the bound; an empty one is none."""
        for name in names:
            if name and (name in counts or len(counts) < self.counted_max):
                counts[name] = counts.get(name, 0) + 1

    def _knocked(self, batch: _Batch, flow: Flow, port: str) -> None:
        """Count a try from the internet against the host of ours that it reached."""
        name = f"{flow.target} exposed"
        sweep = self._sweep(batch.state, name, flow.at, flow.at)
        sweep.tries += 1
        self._count(sweep.hosts, flow.source)
        self._count(sweep.ports, port)
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


def _raise(sweep: Sweep, grade: str) -> None:
    """A grade only rises within one scan."""
    sweep.grade = max(sweep.grade, grade, key=lambda one: _RANK[one])
