"""Alerts of a network intrusion detector, gathered per host of ours, hour and grade."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import PRIVATE, checked, inside, number
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id

BACKGROUND = (
    "ET 3CORESec ",
    "ET CINS ",
    "ET COMPROMISED ",
    "ET DROP ",
    "ET INFO ",
    "ET SCAN ",
    "ET TOR ",
    "GPL SCAN ",
    "SURICATA ",
)
"""Signature families that every exposed address sees all day: bad reputation, scans, odd packets."""

_GRADES = {1: "high", 2: "medium", 3: "low"}
_OTHERS = "other signatures"


class Campaign(Struct):
    """What was counted for one host, role, hour and grade."""

    subject: str
    role: str
    grade: str
    hour: int
    since: float
    count: int = 0
    actors: dict[str, int] = {}
    signatures: dict[str, int] = {}


class Watched(Struct):
    """The campaigns of one log, least recently extended first."""

    campaigns: dict[str, Campaign] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdsAlert:
    """Gather the alerts of an IDS (Suricata EVE) into campaigns against, or from, hosts of ours.

    One finding per host, role, hour and grade, extended by every batch that adds to it. The
    subject is the destination where it is ours (else the source: then the host itself is
    suspect, and the destination acts on it only as far as it answers).

    >>> from tocsin.contract.examples import ids_alerts
    >>> IdsAlert().step(None, ids_alerts(3))[1][0].because
    "3 alerts from 3 addresses against 192.168.1.129, mostly 'ET EXPLOIT Example' (severity 2)."
    """

    kind: ClassVar[str] = "cyber.ids"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"background": 0.2, "low": 0.5, "medium": 1.5, "high": 2.5}

    home: Annotated[tuple[str, ...], Meta(description="Networks that are ours, as CIDR.")] = PRIVATE
    background: Annotated[
        tuple[str, ...],
        Meta(description="Beginnings of signatures that are mere background when they come from outside."),
    ] = BACKGROUND
    window_s: Annotated[float, Meta(description="Length of one campaign window, seconds.", gt=0)] = 3600.0
    campaigns_max: Annotated[int, Meta(description="Most campaigns kept per log.", ge=1)] = 256
    actors_max: Annotated[int, Meta(description="Most distinct addresses counted per campaign.", ge=1)] = 512
    actors_named_max: Annotated[int, Meta(description="Most addresses named in a finding.", ge=1)] = 20
    signatures_max: Annotated[int, Meta(description="Most distinct signatures counted per campaign.", ge=1)] = 32

    def __post_init__(self) -> None:
        """Refuse a home network that is none."""
        checked(self.home, self.kind)

    def step(self, state: Watched | None, fact: Observation[LogEvents]) -> tuple[Watched, list[Finding]]:
        """Count the alert rows of one batch; one finding per campaign that grew."""
        watched = Watched() if state is None else state
        grown = self._grown(watched, fact) if fact.body.format == "eve" else {}
        findings = [self._finding(fact, watched.campaigns[name], rows) for name, rows in grown.items()]
        for name in list(watched.campaigns)[: max(0, len(watched.campaigns) - self.campaigns_max)]:
            del watched.campaigns[name]
        return watched, findings

    def _grown(self, watched: Watched, fact: Observation[LogEvents]) -> dict[str, list[tuple[float, int]]]:
        """The campaigns that the alerts of a batch belong to, with time and offset of each."""
        grown: dict[str, list[tuple[float, int]]] = {}
        for offset, row in zip(fact.body.offsets, fact.body.rows, strict=False):
            if row.get("event_type") == "alert" and isinstance(row.get("alert"), dict):
                at = number(row.get("at"), fact.at)
                grown.setdefault(self._count(watched, row, at), []).append((at, offset))
        return grown

    def _count(self, watched: Watched, row: dict[str, Any], at: float) -> str:
        """Add one alert to its campaign, which becomes the most recent; gives its name."""
        subject, actor, role = self._roles(str(row.get("src_ip") or ""), str(row.get("dest_ip") or ""))
        signature = str(row["alert"].get("signature") or "an alert without a name")
        severity = int(number(row["alert"].get("severity"), 3))
        grade = self._grade(signature, severity, role)
        hour = int(at // self.window_s)
        name = f"{subject} {role} {grade} {hour}"
        campaign = watched.campaigns.pop(name, None)
        if campaign is None:
            campaign = Campaign(subject=subject, role=role, grade=grade, hour=hour, since=at)
        watched.campaigns[name] = campaign
        campaign.since = min(campaign.since, at)
        campaign.count += 1
        _tally(campaign.actors, actor, self.actors_max, "")
        _tally(campaign.signatures, f"'{signature}' (severity {severity})", self.signatures_max, _OTHERS)
        return name

    def _roles(self, source: str, destination: str) -> tuple[str, str, str]:
        """Subject, actor and role: ours is the subject; between strangers, the destination."""
        if inside(source, self.home) and not inside(destination, self.home):
            return source, destination, "from"
        return destination or source or "an unknown host", source, "against"

    def _grade(self, signature: str, severity: int, role: str) -> str:
        if role == "against" and signature.startswith(self.background):
            return "background"
        return _GRADES.get(severity, "low")

    def _finding(self, fact: Observation[LogEvents], campaign: Campaign, rows: list[tuple[float, int]]) -> Finding:
        parts = (self.kind, fact.source, campaign.subject, campaign.role, campaign.grade, campaign.hour)
        return Finding(
            id=derived_id("f", *parts),
            at=max(at for at, _ in rows),
            origin=fact.origin,
            kind=self.kind,
            subject=campaign.subject,
            because=self._because(campaign),
            evidence=tuple(f"{fact.id}+{offset}" for _, offset in rows),
            source=fact.source,
            detector=self.kind,
            grade=campaign.grade,
            place=fact.place,
            actors=tuple(sorted(campaign.actors, key=lambda a: (-campaign.actors[a], a))[: self.actors_named_max]),
            since=campaign.since,
            measure=float(campaign.count),
            unit="alerts",
        )

    def _because(self, campaign: Campaign) -> str:
        often = max(campaign.signatures, key=lambda s: (campaign.signatures[s], s)) if campaign.signatures else _OTHERS
        count = _counted(campaign.count, "alert", "alerts")
        others = _counted(len(campaign.actors), "address", "addresses")
        others = f"at least {others}" if len(campaign.actors) >= self.actors_max else others
        if campaign.role == "from":
            return f"{count} about {campaign.subject} itself talking to {others} outside, mostly {often}."
        return f"{count} from {others} against {campaign.subject}, mostly {often}."


def _tally(counts: dict[str, int], name: str, distinct_max: int, overflow: str) -> None:
    """Count a name within a bound; beyond it under `overflow`, or not at all where that is empty."""
    if name not in counts and len(counts) >= distinct_max:
        name = overflow
    if name:
        counts[name] = counts.get(name, 0) + 1


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
