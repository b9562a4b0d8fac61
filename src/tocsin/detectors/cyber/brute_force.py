"""Brute force: log-in after log-in that fails, or connection after connection too short to be anything else."""

from collections.abc import Iterator
from dataclasses import dataclass
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
    flows,
    number,
    ours,
    touched,
    whole,
)
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id

SHORT_SERVICES = {
    21: "ftp",
    22: "ssh",
    23: "telnet",
    110: "pop3",
    143: "imap",
    992: "telnet",
    2222: "ssh",
    2323: "telnet",
    3389: "rdp",
    5900: "vnc",
}
"""Ports whose services ask for a log-in first, and whose lawful sessions are few and long."""

_EPISODE_S = 21_600.0
_SHORT_S = 20.0
_SHORT_BYTES = 8_000
_SHORT_WORTH = 0.5
_FAILED_STATUS = frozenset({401, 403})
_GRADES = {"by": ("", "weak", "clear", "strong"), "at": ("", *("background",) * 3)}
"""By the role of the subject: the grades of the levels that its bucket reaches."""
_RANK = {"": 0, "background": 1, "weak": 2, "clear": 3, "strong": 4, "entered": 5}


class Try(NamedTuple):
    """One log-in: `worth` is 1 for a named failure, less for an inferred one; below 0 it succeeded.

    `inward` says that it came from outside, where the record itself tells.
    """

    row: int
    at: float
    source: str
    target: str
    service: str
    worth: float
    inward: bool = False


class Force(Struct, array_like=True):
    """The log-ins of one host at one service: `level` is what did not leak away of the failed ones."""

    episode: int
    since: float
    last: float
    level: float = 0.0
    grade: str = ""
    tries: int = 0
    others: dict[str, int] = {}
    untold: list[str] = []


class Forcing(Struct):
    """What one log showed: forces by "subject service role"."""

    forces: dict[str, Force] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class BruteForce:
    """Count failed log-ins per host and service in a leaking bucket; one finding per host, service and episode.

    Failures come from the logs of SSH, FTP, HTTP, MQTT, SMB and Kerberos where the sensor reads these;
    else each short, small connection to a log-in service counts half. Where the source is outside,
    the subject is the host of ours that is tried, and the grade is background until a log-in
    succeeds after many failures.

    >>> from tocsin.contract.examples import connections
    >>> from tocsin.contract.folding import findings
    >>> tries = connections([("10.0.0.9", "10.0.0.7", 22, "SF")] * 60, every_s=2.0)
    >>> findings(BruteForce(), [tries])[0].because
    '10.0.0.9 tried to log in by ssh at 10.0.0.7: 60 tries within 118 s, none seen to succeed.'
    """

    kind: ClassVar[str] = "cyber.brute-force"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {
        "background": 0.2,
        "weak": 0.5,
        "clear": 1.5,
        "strong": 3.0,
        "entered": 3.0,
    }

    home: Annotated[tuple[str, ...], Meta(description="Networks that are ours, as CIDR.")] = PRIVATE
    levels: Annotated[
        tuple[float, float, float],
        Meta(description="Failed log-ins in the bucket from which it is weak, clear, strong."),
    ] = (10.0, 20.0, 60.0)
    leak_s: Annotated[float, Meta(description="How long one failed log-in stays in the bucket, seconds.", gt=0)] = 60.0
    forces_max: Annotated[int, Meta(description="Most hosts and services counted per log.", ge=1)] = 512
    others_max: Annotated[int, Meta(description="Most distinct counterparts counted per host and service.", ge=20)] = 64

    def __post_init__(self) -> None:
        """Refuse a network that is none."""
        checked(self.home, self.kind)

    def step(self, state: Forcing | None, fact: Observation[LogEvents]) -> tuple[Forcing, list[Finding]]:
        """Take the log-ins of one batch; one finding per host and service that grew."""
        kept = Forcing() if state is None else state
        grown: dict[str, list[str]] = {}
        for one in self._tries(fact):
            self._take(kept, one, fact, grown)
        told = [self._finding(fact, name, kept.forces[name], rows) for name, rows in grown.items()]
        bounded(kept.forces, self.forces_max)
        return kept, told

    def _tries(self, fact: Observation[LogEvents]) -> Iterator[Try]:
        """All log-ins in the rows of a batch, in order of kind."""
        yield from self._short(fact)
        reader = _zeek_try if fact.body.format == "zeek" else _eve_try
        made = (reader(index, row) for index, row in enumerate(fact.body.rows))
        yield from (one for one in made if one is not None)

    def _short(self, fact: Observation[LogEvents]) -> Iterator[Try]:
        """Connections so short that they can only be a failed log-in."""
        for flow in flows(fact, self.home):
            service = SHORT_SERVICES.get(flow.port, "")
            if service and _is_short(flow):
                inward = flow.to_inside and not flow.from_inside
                yield Try(flow.row, flow.at, flow.source, flow.target, service, _SHORT_WORTH, inward)

    def _take(self, kept: Forcing, one: Try, fact: Observation[LogEvents], grown: dict[str, list[str]]) -> None:
        """Add a log-in to the bucket of its attacker; where that is outside, of its victim."""
        subject, other, role = (one.target, one.source, "at") if self._comes_in(one) else (one.source, one.target, "by")
        name = f"{subject} {one.service} {role}"
        force = _force(kept.forces, name, one)
        if force is None:
            return
        self._fill(force, one, other)
        before = force.grade
        self._judge(force, one, other, role)
        force.untold = [*force.untold[-NAMED_MAX:], evidence_of(fact, one.row)]
        if force.grade and _tells_more(force, one, before):
            grown.setdefault(name, []).extend(force.untold)
            force.untold = []

    def _fill(self, force: Force, one: Try, other: str) -> None:
        """Let leak what is old and add what is new."""
        idle_s = max(0.0, one.at - force.last)
        force.level = max(0.0, force.level - idle_s / self.leak_s)
        force.since, force.last = min(force.since, one.at), max(force.last, one.at)
        if one.worth > 0:
            self._add(force, one, other)

    def _add(self, force: Force, one: Try, other: str) -> None:
        """Count a failure; in an empty bucket it is the first of a new row."""
        if not force.level and not force.grade:
            force.since, force.tries, force.others, force.untold = one.at, 0, {}, []
        force.level = min(force.level + one.worth, 4.0 * self.levels[-1])
        force.tries += 1
        if other in force.others or len(force.others) < self.others_max:
            force.others[other] = force.others.get(other, 0) + 1

    def _comes_in(self, one: Try) -> bool:
        """Whether an attacker outside tries a host of ours."""
        return one.inward or (not ours(one.source, self.home) and ours(one.target, self.home))

    def _judge(self, force: Force, one: Try, other: str, role: str) -> None:
        """Raise the grade by what is in the bucket; a success after many failures of the same pair is entry."""
        reached = sum(force.level >= least for least in self.levels)
        grade = _GRADES[role][reached]
        if one.worth < 0:
            entered = reached and one.service != "http" and force.others.get(other, 0) >= self.levels[0]
            grade = "entered" if entered else grade
            force.level = max(0.0, force.level + one.worth)
        force.grade = max(force.grade, grade, key=lambda known: _RANK[known])

    def _finding(self, fact: Observation[LogEvents], name: str, force: Force, evidence: list[str]) -> Finding:
        subject, service, role = name.rsplit(" ", 2)
        others = tuple(sorted(force.others, key=lambda other: (-force.others[other], other)))[:NAMED_MAX]
        return Finding(
            id=derived_id("f", self.kind, fact.source, name, force.episode),
            at=min(force.last, fact.at),
            origin=fact.origin,
            kind=self.kind,
            subject=subject,
            because=self._because(subject, service, role, force, others),
            evidence=tuple(evidence),
            source=fact.source,
            detector=self.kind,
            grade=force.grade,
            place=fact.place,
            actors=others if role == "at" else (subject,),
            targets=(subject,) if role == "at" else others,
            since=force.since,
            measure=float(force.tries),
            unit="tries",
            tactic="initial-access" if force.grade == "entered" else "credential-access",
            technique="T0859" if force.grade == "entered" else "T1110",
        )

    def _because(self, subject: str, service: str, role: str, force: Force, others: tuple[str, ...]) -> str:
        least = "at least " if len(force.others) >= self.others_max else ""
        whom = others[0] if len(others) == 1 else f"{least}{len(force.others)} hosts"
        who, where = (whom, subject) if role == "at" else (subject, whom)
        end = "then one succeeded" if force.grade == "entered" else "none seen to succeed"
        tries = f"{force.tries} tries within {force.last - force.since:.0f} s"
        return f"{who} tried to log in by {service} at {where}: {tries}, {end}."


def _force(forces: dict[str, Force], name: str, one: Try) -> Force | None:
    """The bucket of that name, as the most recent; none begins, after a long pause anew, with a success."""
    force = touched(forces, name)
    if force is not None and one.at - force.last <= _EPISODE_S:
        return force
    if one.worth < 0:
        return None
    forces[name] = Force(int(one.at // _EPISODE_S), since=one.at, last=one.at)
    return forces[name]


def _is_short(flow: Flow) -> bool:
    """Whether a connection is too short and small for a session."""
    brief = flow.duration_s < _SHORT_S and flow.out_bytes < _SHORT_BYTES and flow.in_bytes < _SHORT_BYTES
    return brief and flow.outcome > 0 and flow.proto == "tcp"


def _zeek_try(index: int, row: dict[str, Any]) -> Try | None:
    """A log-in that a protocol log of Zeek names, or None."""
    judge = _ZEEK.get(str(row.get("log")))
    worth = judge(row) if judge is not None else None
    if worth is None:
        return None
    ends = row.get("id.orig_h"), row.get("id.resp_h")
    return _between(index, row, ends, str(row["log"]).partition("_")[0], worth)


def _between(index: int, row: dict[str, Any], ends: tuple[object, object], service: str, worth: float) -> Try | None:
    """A log-in, where both its ends are known."""
    if not all(ends):
        return None
    return Try(index, number(row.get("at"), 0.0), str(ends[0]), str(ends[1]), service, worth)


def _ssh(row: dict[str, Any]) -> float | None:
    said = row.get("auth_success")
    return {True: -1.0, False: 1.0}.get(said) if isinstance(said, bool) else None


def _http(row: dict[str, Any]) -> float | None:
    code = whole(row.get("status_code"))
    return 1.0 if code in _FAILED_STATUS else -1.0 if 200 <= code < 300 else None


def _ftp(row: dict[str, Any]) -> float | None:
    return {530: 1.0, 230: -1.0}.get(whole(row.get("reply_code")))


def _mqtt(row: dict[str, Any]) -> float | None:
    status = str(row.get("connect_status") or "").lower()
    if "accepted" in status:
        return -1.0
    return 1.0 if "refused" in status else None


def _success(row: dict[str, Any]) -> float | None:
    said = row.get("success")
    return None if not isinstance(said, bool) else -1.0 if said else 1.0


_ZEEK = {"ssh": _ssh, "http": _http, "ftp": _ftp, "mqtt_connect": _mqtt, "ntlm": _success, "kerberos": _success}


def _eve_try(index: int, row: dict[str, Any]) -> Try | None:
    """A log-in that an event of Suricata names, or None."""
    kind = str(row.get("event_type"))
    judge, said = _EVE.get(kind), row.get(kind)
    worth = judge(said) if judge is not None and isinstance(said, dict) else None
    if worth is None:
        return None
    return _between(index, row, (row.get("src_ip"), row.get("dest_ip")), kind, worth)


def _eve_http(said: dict[str, Any]) -> float | None:
    return _http({"status_code": said.get("status")})


def _eve_ftp(said: dict[str, Any]) -> float | None:
    codes = said.get("completion_code")
    codes = codes if isinstance(codes, list) else [codes]
    return 1.0 if "530" in codes else -1.0 if "230" in codes else None


def _eve_mqtt(said: dict[str, Any]) -> float | None:
    answer = said.get("connack")
    code = answer.get("return_code") if isinstance(answer, dict) else None
    return None if not isinstance(code, int) else -1.0 if code == 0 else 1.0


def _eve_smb(said: dict[str, Any]) -> float | None:
    if said.get("command") != "SMB2_COMMAND_SESSION_SETUP":
        return None
    return {"STATUS_LOGON_FAILURE": 1.0, "STATUS_SUCCESS": -1.0}.get(str(said.get("status")))


def _eve_krb5(said: dict[str, Any]) -> float | None:
    return 1.0 if said.get("error_code") == "KDC_ERR_PREAUTH_FAILED" else None


_EVE = {"http": _eve_http, "ftp": _eve_ftp, "mqtt": _eve_mqtt, "smb": _eve_smb, "krb5": _eve_krb5}


def _tells_more(force: Force, one: Try, before: str) -> bool:
    return one.worth > 0 or force.grade != before
