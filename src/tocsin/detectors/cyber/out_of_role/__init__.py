"""Devices that speak outside their role: a camera that opens a shell elsewhere, a controller that talks to outside."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta, Struct

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import NAMED_MAX, PRIVATE, Flow, bounded, checked, evidence_of, flows, is_group, touched
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.detectors.cyber.out_of_role.roles import Roles
from tocsin.model import Finding, Level, Observation, derived_id

_SAYS = {"asks": "opens", "outside": "opens to outside", "serves": "answers", "unusual": "newly speaks"}
_ASKING = {True: "asks", False: "outside"}
"""The way of whoever opens a connection, by whether its target is inside."""
_ATTACK = {
    "asks": ("lateral-movement", "T0886"),
    "outside": ("command-and-control", "T0869"),
    "serves": ("lateral-movement", "T0886"),
    "unusual": ("", ""),
}


class Act(NamedTuple):
    """One side of a connection: what a device did with which peer. `way` is asks, outside or serves."""

    device: str
    peer: str
    way: str
    protocol: str


class Habit(Struct):
    """What a device without a known role does: from when on each act counts as usual."""

    since: float
    acts: dict[str, float] = {}


class Odd(Struct):
    """The acts of one device outside its role in one window, one way."""

    device: str
    way: str
    window: int
    since: float
    last: float
    count: int = 0
    protocols: dict[str, int] = {}
    peers: list[str] = []
    fresh: list[str] = []


class Watched(Struct):
    """The devices of one log: their habits and their odd acts, least recently seen first."""

    habits: dict[str, Habit] = {}
    odd: dict[str, Odd] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfRole:
    """Find devices that speak protocols, or to places, that are not theirs.

    Where the city's register knows the device, the table `content/network/roles.yaml` says what its
    role speaks. Where it does not, the device's own habit does, after a time of learning, and only
    for devices that do few things. One finding per device, way and window.

    >>> from tocsin.contract.examples import START_AT, seen
    >>> from tocsin.contract.folding import findings
    >>> def call(hour, port):
    ...     ends = {"id.orig_h": "10.0.0.9", "id.resp_h": "10.0.0.5", "id.resp_p": port, "proto": "tcp"}
    ...     row = {"log": "conn", "at": START_AT + 3_600 * hour, "conn_state": "SF", "orig_bytes": 9, **ends}
    ...     return seen(LogEvents(format="zeek", offsets=(hour,), rows=(row,)), at=row["at"], seq=hour)
    >>> findings(OutOfRole(acts_min=1), [call(0, 1883), call(30, 1883), call(31, 22)])[0].because
    '10.0.0.9 newly speaks ssh: 1 connection with 10.0.0.5.'
    """

    kind: ClassVar[str] = "cyber.out-of-role"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"unusual": 0.7, "serves": 1.5, "outside": 2.0, "asks": 2.0}

    home: Annotated[tuple[str, ...], Meta(description="Networks that are ours, as CIDR.")] = PRIVATE
    learn_s: Annotated[float, Meta(description="How long the habit of a device is learnt, seconds.", gt=0)] = 86_400.0
    accept_s: Annotated[
        float, Meta(description="After so long an unusual act that goes on is a habit, seconds.", ge=0)
    ] = 604_800.0
    habits_max: Annotated[
        int, Meta(description="A device of more habits than this is no device of few tasks, and not judged.", ge=1)
    ] = 12
    acts_min: Annotated[int, Meta(description="Least unusual connections of a device without a known role.", ge=1)] = 3
    window_s: Annotated[float, Meta(description="Length of one finding's window, seconds.", gt=0)] = 86_400.0
    devices_max: Annotated[int, Meta(description="Most devices whose habits are kept per log.", ge=1)] = 512
    evidence_max: Annotated[int, Meta(description="Most rows cited per finding and batch.", ge=2)] = 20

    def __post_init__(self) -> None:
        """Refuse a home network that is none."""
        checked(self.home, self.kind)

    def start(self, resources: Resources) -> "RunningOutOfRole":
        """Read the roles and match the city's devices to them."""
        return RunningOutOfRole(self, Roles.load(resources))


class RunningOutOfRole:
    """The detector at work, with the roles of the city's devices."""

    def __init__(self, says: OutOfRole, roles: Roles) -> None:
        self.says = says
        self._roles = roles

    def step(self, state: Watched | None, fact: Observation[LogEvents]) -> tuple[Watched, list[Finding]]:
        """Judge the connections of a batch; one finding per device and way that went on speaking oddly."""
        watched = Watched() if state is None else state
        grown = self._grown(watched, fact)
        found = [self._finding(fact, odd) for odd in grown.values() if self._is_enough(odd)]
        bounded(watched.habits, self.says.devices_max)
        bounded(watched.odd, self.says.devices_max)
        return watched, found

    def _grown(self, watched: Watched, fact: Observation[LogEvents]) -> dict[str, Odd]:
        """The odd ways of devices that a batch gives new evidence of."""
        grown: dict[str, Odd] = {}
        for flow in flows(fact, self.says.home):
            for act in self._acts(flow):
                way = self._judged(watched, act, flow.at)
                if way:
                    name, odd = self._noted(watched, act, way, flow.at)
                    odd.fresh = [*odd.fresh[1 - self.says.evidence_max :], evidence_of(fact, flow.row)]
                    grown[name] = odd
        return grown

    def _acts(self, flow: Flow) -> Iterator[Act]:
        """What a connection says of its ends: who asks acts, who took part serves."""
        if is_group(flow.target) or flow.source == flow.target:
            return
        protocol = self._roles.protocol(flow)
        if flow.from_inside:
            yield Act(flow.source, flow.target, _ASKING[flow.to_inside], protocol)
        if (flow.to_inside, flow.outcome) == (True, 1):
            yield Act(flow.target, flow.source, "serves", protocol)

    def _judged(self, watched: Watched, act: Act, at: float) -> str:
        """The way in which an act is odd; empty where it is not."""
        device = self._roles.devices.get(act.device)
        if device is None:
            return "unusual" if self._is_new(watched, act, at) else ""
        if act.way == "serves":
            fits = self._roles.may_serve(device.role, act.protocol)
        else:
            fits = self._roles.may_ask(device.role, act.protocol, outside=act.way == "outside")
        return "" if fits else act.way

    def _is_new(self, watched: Watched, act: Act, at: float) -> bool:
        """Whether a device of few habits does what it never did while it was learnt."""
        habit = _habit(watched, act.device, at)
        name = f"{act.way} {act.protocol}"
        learning = at < habit.since + self.says.learn_s
        usual_from = self._usual_from(habit, name, at if learning else at + self.says.accept_s)
        if learning or at >= usual_from:
            return False
        return sum(since <= habit.since + self.says.learn_s for since in habit.acts.values()) <= self.says.habits_max

    def _odd(self, known: Odd | None, device: str, way: str, at: float) -> Odd:
        """What is known of a way, which begins anew with each window."""
        window = int(at // self.says.window_s)
        if known is None or known.window < window:
            return Odd(device=device, way=way, window=window, since=at, last=at)
        return known

    def _usual_from(self, habit: Habit, name: str, otherwise: float) -> float:
        """From when on an act is usual; one of too many to remember always is."""
        if name not in habit.acts and len(habit.acts) <= 2 * self.says.habits_max:
            habit.acts[name] = otherwise
        return habit.acts.get(name, -inf)

    def _noted(self, watched: Watched, act: Act, way: str, at: float) -> tuple[str, Odd]:
        """Add an odd act to its window."""
        name = f"{act.device} {way}"
        odd = watched.odd[name] = self._odd(touched(watched.odd, name), act.device, way, at)
        odd.since, odd.last = min(odd.since, at), max(odd.last, at)
        odd.count += 1
        if act.protocol in odd.protocols or len(odd.protocols) < NAMED_MAX:
            odd.protocols[act.protocol] = odd.protocols.get(act.protocol, 0) + 1
        if act.peer not in odd.peers and len(odd.peers) < NAMED_MAX:
            odd.peers.append(act.peer)
        return name, odd

    def _is_enough(self, odd: Odd) -> bool:
        """Whether there is enough to tell: a device whose role is known needs one act, others need more."""
        return odd.way != "unusual" or odd.count >= self.says.acts_min

    def _finding(self, fact: Observation[LogEvents], odd: Odd) -> Finding:
        tactic, technique = _ATTACK[odd.way]
        evidence, odd.fresh = tuple(dict.fromkeys(odd.fresh)), []
        served = odd.way == "serves"
        return Finding(
            id=derived_id("f", self.says.kind, fact.source, odd.device, odd.way, odd.window),
            at=min(odd.last, fact.at),
            origin=fact.origin,
            kind=self.says.kind,
            subject=odd.device,
            because=self._because(odd),
            evidence=evidence,
            source=fact.source,
            detector=self.says.kind,
            grade=odd.way,
            place=fact.place,
            actors=tuple(odd.peers) if served else (odd.device,),
            targets=(odd.device,) if served else tuple(odd.peers),
            since=odd.since,
            measure=float(odd.count),
            unit="connections",
            tactic=tactic,
            technique=technique,
        )

    def _because(self, odd: Odd) -> str:
        device = self._roles.devices.get(odd.device)
        who = f"{odd.device} ({device.name}, {device.role})" if device else odd.device
        what = _most_of(odd.protocols)
        peers = odd.peers[0] if len(odd.peers) == 1 else f"{len(odd.peers)} others"
        role = ", which is not of its role" if device else ""
        count = f"{odd.count} connection{'' if odd.count == 1 else 's'}"
        return f"{who} {_SAYS[odd.way]} {what}{role}: {count} with {peers}."


def _most_of(protocols: dict[str, int]) -> str:
    often = sorted(protocols, key=lambda name: (-protocols[name], name))
    return ", ".join(often[:3]) + (f" and {len(often) - 3} more" if len(often) > 3 else "")


def _habit(watched: Watched, device: str, since: float) -> Habit:
    habit = touched(watched.habits, device) or Habit(since=since)
    watched.habits[device] = habit
    return habit
