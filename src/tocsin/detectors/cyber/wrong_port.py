"""Wrong ports: a known protocol where it does not belong, or an unknown one at length on an odd port outside."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

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
    inside,
    is_group,
    touched,
)
from tocsin.contract.ports import misplaced, usual
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id

_DAY_S = 86_400.0
_CALLS_MIN = 3
_GRADES = ("weak", "clear", "strong")


class Talk(Struct, array_like=True):
    """What one host and one place outside said to each other on a port where it does not belong."""

    last: float
    service: str = ""
    calls: int = 0
    out_bytes: int = 0
    in_bytes: int = 0
    longest_s: float = 0.0


class Speaker(Struct, array_like=True):
    """What was told of one host: its places with their calls, and the worst of them."""

    episode: int
    since: float
    last: float
    rank: int = 0
    worst: str = ""
    because: str = ""
    places: dict[str, int] = {}


class Talking(Struct):
    """What one log showed: talks under watch (by "source target proto/port"), and the hosts that were told."""

    talks: dict[str, Talk] = {}
    speakers: dict[str, Speaker] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongPort:
    """Find hosts of ours that speak a protocol on another's port, or an unknown one at length on an odd port.

    Only talks with places outside count. Encryption (TLS) on an odd port is weak, since much lawful
    software does it; a known clear protocol on a wrong port is clear, as is an unknown one that lasts
    or moves much; where nearly all bytes go out it is strong. One finding per host and day.

    >>> from tocsin.contract.examples import connections
    >>> from tocsin.contract.folding import findings
    >>> talk = connections([("10.0.0.9", "198.51.100.7", 1337, "SF")], duration=1831.0, orig_bytes=100_227)
    >>> findings(WrongPort(), [talk])[0].because
    '10.0.0.9 spoke an unknown protocol with 198.51.100.7 on tcp/1337: 1 call, at most 31 min, 100.2 kB out, 1.2 kB in.'
    """

    kind: ClassVar[str] = "cyber.wrong-port"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"weak": 0.5, "clear": 1.5, "strong": 2.5}

    home: Annotated[tuple[str, ...], Meta(description="Networks that are ours, as CIDR.")] = PRIVATE
    expected: Annotated[
        tuple[str, ...], Meta(description="Networks outside with which odd ports are agreed, as CIDR.")
    ] = ()
    long_s: Annotated[float, Meta(description="Length from which an unknown talk is clear, seconds.", gt=0)] = 300.0
    much_bytes: Annotated[int, Meta(description="Bytes from which an unknown talk is clear.", ge=1)] = 1_000_000
    outward: Annotated[float, Meta(description="Bytes out per byte in from which much talk is strong.", gt=1)] = 10.0
    places_many: Annotated[
        int, Meta(description="Odd places from which a host's unknown talks are weak, as in file sharing.", ge=2)
    ] = 12
    talks_max: Annotated[int, Meta(description="Most talks under watch per log.", ge=1)] = 512
    speakers_max: Annotated[int, Meta(description="Most hosts with findings kept per log.", ge=1)] = 128

    def __post_init__(self) -> None:
        """Refuse a network that is none."""
        checked((*self.home, *self.expected), self.kind)

    def step(self, state: Talking | None, fact: Observation[LogEvents]) -> tuple[Talking, list[Finding]]:
        """Take the connections of one batch; one finding per host whose evidence grew."""
        kept = Talking() if state is None else state
        grown: dict[str, list[str]] = {}
        for name, (flow, evidence) in self._heard(kept, fact).items():
            if rank := self._rank(kept, name, flow):
                self._tell(kept, name, flow, rank)
                grown.setdefault(flow.source, []).extend(evidence)
        told = [self._finding(fact, source, kept.speakers[source], rows) for source, rows in grown.items()]
        bounded(kept.talks, self.talks_max)
        bounded(kept.speakers, self.speakers_max)
        return kept, told

    def _heard(self, kept: Talking, fact: Observation[LogEvents]) -> dict[str, tuple[Flow, list[str]]]:
        """The talks that a batch extends, each with one of its connections and the evidence."""
        heard: dict[str, tuple[Flow, list[str]]] = {}
        for flow in flows(fact, self.home):
            if flow.outcome > 0 and not flow.to_inside and self._odd(flow):
                name = f"{flow.source} {flow.target} {flow.proto}/{flow.port}"
                _add(kept.talks, name, flow)
                heard.setdefault(name, (flow, []))[1].append(evidence_of(fact, flow.row))
        return heard

    def _odd(self, flow: Flow) -> bool:
        """Whether a talk is on a port where it does not belong."""
        if not (misplaced(flow.service, flow.port) or _is_unknown_talk(flow)):
            return False
        return not (is_group(flow.target) or inside(flow.target, self.expected))

    def _rank(self, kept: Talking, name: str, flow: Flow) -> int:
        """0 nothing, 1 weak, 2 clear, 3 strong."""
        talk = kept.talks[name]
        if talk.service:
            return 1 if talk.service == "tls" else 2
        moved = talk.out_bytes + talk.in_bytes
        if talk.longest_s < self.long_s and moved < self.much_bytes:
            return int(talk.calls >= _CALLS_MIN)
        return self._rank_of_much(kept, talk, f"{flow.source} ")

    def _rank_of_much(self, kept: Talking, talk: Talk, host: str) -> int:
        """What an unknown talk that lasts or moves much is worth."""
        if sum(other.startswith(host) for other in kept.talks) >= self.places_many:
            return 1
        outward = talk.out_bytes >= max(self.much_bytes, self.outward * talk.in_bytes)
        return 3 if outward else 2

    def _tell(self, kept: Talking, name: str, flow: Flow, rank: int) -> None:
        talk, speaker = kept.talks[name], touched(kept.speakers, flow.source)
        if speaker is None or flow.at - speaker.last > _DAY_S:
            speaker = Speaker(int(flow.at // _DAY_S), since=flow.at, last=flow.at)
            kept.speakers[flow.source] = speaker
        speaker.places[flow.target] = talk.calls
        bounded(speaker.places, NAMED_MAX)
        speaker.since, speaker.last = min(speaker.since, flow.at), max(speaker.last, talk.last)
        if rank > speaker.rank or name == speaker.worst:
            speaker.worst, speaker.because = name, _because(flow, talk)
        speaker.rank = max(speaker.rank, rank)

    def _finding(self, fact: Observation[LogEvents], source: str, speaker: Speaker, evidence: list[str]) -> Finding:
        others = len(speaker.places) - 1
        more = f" So it does with {others} other place{'s' if others > 1 else ''}." if others > 0 else ""
        return Finding(
            id=derived_id("f", self.kind, fact.source, source, speaker.episode),
            at=min(speaker.last, fact.at),
            origin=fact.origin,
            kind=self.kind,
            subject=source,
            because=speaker.because + more,
            evidence=tuple(evidence),
            source=fact.source,
            detector=self.kind,
            grade=_GRADES[speaker.rank - 1],
            place=fact.place,
            actors=(source, *dict.fromkeys((speaker.worst.split(" ")[1], *speaker.places))),
            since=speaker.since,
            measure=float(sum(speaker.places.values())),
            unit="calls",
            tactic="command-and-control",
            technique="T0885" if speaker.rank == 1 else "T0869",
        )


def _add(talks: dict[str, Talk], name: str, flow: Flow) -> None:
    """Extend a talk, which becomes the most recent; after a day of silence it begins anew."""
    talk = touched(talks, name)
    if talk is None or flow.at - talk.last > _DAY_S:
        talk = talks[name] = Talk(last=flow.at)
    talk.service = talk.service or misplaced(flow.service, flow.port)
    talk.calls += 1
    talk.out_bytes += flow.out_bytes
    talk.in_bytes += flow.in_bytes
    talk.longest_s = max(talk.longest_s, flow.duration_s)
    talk.last = max(talk.last, flow.at)


def _because(flow: Flow, talk: Talk) -> str:
    what = f"{talk.service} on a port that is not its own" if talk.service else "an unknown protocol"
    calls = f"{talk.calls} call{'' if talk.calls == 1 else 's'}, at most {talk.longest_s / 60:.0f} min"
    moved = f"{amount(talk.out_bytes)} out, {amount(talk.in_bytes)} in"
    return f"{flow.source} spoke {what} with {flow.target} on {flow.proto}/{flow.port}: {calls}, {moved}."


def _is_unknown_talk(flow: Flow) -> bool:
    """Whether both sides spoke, in no protocol that was told, on a port that has none."""
    nameless = not flow.service and flow.proto == "tcp" and not usual(flow.port)
    return nameless and flow.out_bytes > 0 and flow.in_bytes > 0
