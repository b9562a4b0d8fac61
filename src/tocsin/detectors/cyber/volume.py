"""Volumes: a host of ours sends far more out within an hour than it ever does."""

from dataclasses import dataclass
from math import exp, log1p
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.bodies import LogEvents
from tocsin.contract.network import (
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
from tocsin.contract.protocols import by_source
from tocsin.model import Finding, Level, Observation, derived_id

_HOUR_S = 3_600.0
_PLACES_MAX = 8
_EVIDENCE_MAX = 20
_DEVIATION_MIN = 0.3
_PACE_MIN = 0.02
_SURPRISE_MAX = 3.0


class Habit(Struct, array_like=True):
    """What one host sends per active hour (mean and mean deviation of ln(1 + bytes)), and the hour under way."""

    hour: int
    last: float
    sent_bytes: int = 0
    hours: int = 0
    mean: float = 0.0
    deviation: float = 0.0
    rank: int = 0
    places: dict[str, int] = {}


class Habits(Struct):
    """The habits of the hosts of one log, least recently seen first."""

    hosts: dict[str, Habit] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Find hosts that send out far more within an hour than in their own history, once that is learnt.

    The history is the mean and mean deviation of ln(1 + bytes) per active hour, slowly forgotten; an
    hour that surprises is learnt only up to a limit. One finding per host and hour.

    >>> from tocsin.contract.examples import START_AT, connections
    >>> from tocsin.contract.folding import findings
    >>> usual = [connections([("10.0.0.9", "198.51.100.7", 443, "SF")], at=START_AT + 3600 * n) for n in range(30)]
    >>> much = connections([("10.0.0.9", "203.0.113.5", 443, "SF")], at=START_AT + 3600 * 30, orig_bytes=900_000_000)
    >>> findings(Volume(), [*usual, much])[0].because
    '10.0.0.9 sent 900.0 MB out within an hour, most of it to 203.0.113.5; 301 B are usual for it (30 hours learnt).'
    """

    kind: ClassVar[str] = "cyber.volume"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (LogEvents,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"weak": 0.5, "clear": 1.5}

    home: Annotated[tuple[str, ...], Meta(description="Networks that are ours, as CIDR.")] = PRIVATE
    expected: Annotated[
        tuple[str, ...], Meta(description="Networks outside that may receive any volume (backup), as CIDR.")
    ] = ()
    hours_min: Annotated[int, Meta(description="Active hours that are learnt before anything is told.", ge=2)] = 24
    sent_min_bytes: Annotated[int, Meta(description="Bytes per hour below which nothing is told.", ge=1)] = 50_000_000
    deviations: Annotated[
        tuple[float, float], Meta(description="Mean deviations above the mean from which it is weak, clear.")
    ] = (6.0, 10.0)
    hosts_max: Annotated[int, Meta(description="Most hosts whose habits are kept per log.", ge=1)] = 2_048

    def __post_init__(self) -> None:
        """Refuse a network that is none."""
        checked((*self.home, *self.expected), self.kind)

    def step(self, state: Habits | None, fact: Observation[LogEvents]) -> tuple[Habits, list[Finding]]:
        """Take the connections of one batch; one finding per host and hour that is unusual."""
        kept = Habits() if state is None else state
        heard, told = self._heard(kept, fact)
        told += [self._judge(fact, host, kept.hosts[host], heard[host]) for host in heard]
        bounded(kept.hosts, self.hosts_max)
        return kept, [finding for finding in told if finding is not None]

    def _heard(
        self, kept: Habits, fact: Observation[LogEvents]
    ) -> tuple[dict[str, dict[int, int]], list[Finding | None]]:
        """Bytes by row that each host sent in its current hour; what the hours that ended meanwhile tell."""
        heard: dict[str, dict[int, int]] = {}
        told: list[Finding | None] = []
        for flow in flows(fact, self.home):
            host, place, sent_bytes = _sent(flow)
            if sent_bytes and self._counts(place):
                ended = flow.at + max(0.0, flow.duration_s)
                habit, hour = self._habit(kept.hosts, host, ended), int(ended // _HOUR_S)
                if hour > habit.hour:
                    told.append(self._judge(fact, host, habit, heard.pop(host, {})))
                    _next_hour(habit, hour, self.hours_min)
                _add(habit, place, sent_bytes, ended)
                heard.setdefault(host, {})[flow.row] = sent_bytes
        return heard, told

    def _counts(self, place: str) -> bool:
        return not (is_group(place) or (self.expected and inside(place, self.expected)))

    def _habit(self, hosts: dict[str, Habit], host: str, at: float) -> Habit:
        """What is known of a host, which becomes the most recent."""
        habit = touched(hosts, host)
        if habit is None:
            habit = hosts[host] = Habit(hour=int(at // _HOUR_S), last=at)
        return habit

    def _judge(self, fact: Observation[LogEvents], host: str, habit: Habit, rows: dict[int, int]) -> Finding | None:
        """A finding where the hour under way is unusual for this host."""
        if not rows or habit.hours < self.hours_min or habit.sent_bytes < self.sent_min_bytes:
            return None
        above = log1p(habit.sent_bytes) - habit.mean
        reached = sum(above >= least * max(habit.deviation, _DEVIATION_MIN) for least in self.deviations)
        habit.rank = max(habit.rank, reached)
        return self._finding(fact, host, habit, rows) if habit.rank else None

    def _finding(self, fact: Observation[LogEvents], host: str, habit: Habit, rows: dict[int, int]) -> Finding:
        most = max(habit.places, key=lambda place: (habit.places[place], place))
        usually = f"{amount(exp(habit.mean))} are usual for it ({habit.hours} hours learnt)"
        sent = f"{host} sent {amount(habit.sent_bytes)} out within an hour, most of it to {most}"
        largest = sorted(rows, key=lambda row: (-rows[row], row))[:_EVIDENCE_MAX]
        return Finding(
            id=derived_id("f", self.kind, fact.source, host, habit.hour),
            at=min(habit.last, fact.at),
            origin=fact.origin,
            kind=self.kind,
            subject=host,
            because=f"{sent}; {usually}.",
            evidence=tuple(evidence_of(fact, row) for row in largest),
            source=fact.source,
            detector=self.kind,
            grade=("weak", "clear")[habit.rank - 1],
            place=fact.place,
            actors=(host, most),
            since=min(habit.hour * _HOUR_S, habit.last, fact.at),
            measure=float(habit.sent_bytes),
            unit="B",
            tactic="exfiltration",
            technique="T1041",
        )


def _sent(flow: Flow) -> tuple[str, str, int]:
    """Which host of ours sent how much to which place outside: as the one who asked, or as the one who answered."""
    if flow.from_inside and not flow.to_inside:
        return flow.source, flow.target, flow.out_bytes
    if flow.to_inside and not flow.from_inside:
        return flow.target, flow.source, flow.in_bytes
    return "", "", 0


def _add(habit: Habit, place: str, sent_bytes: int, at: float) -> None:
    """Add to the hour under way, and keep its largest places."""
    habit.last = max(habit.last, at)
    habit.sent_bytes += sent_bytes
    habit.places[place] = habit.places.get(place, 0) + sent_bytes
    if len(habit.places) > _PLACES_MAX:
        del habit.places[min(habit.places, key=lambda one: (habit.places[one], one))]


def _next_hour(habit: Habit, hour: int, hours_min: int) -> None:
    """Learn the hour that ended and begin the next."""
    _learn(habit, hours_min)
    habit.hour, habit.sent_bytes, habit.rank, habit.places = hour, 0, 0, {}


def _learn(habit: Habit, hours_min: int) -> None:
    """Take the hour that ended into the history; once there is one, a surprise counts only in part."""
    seen = log1p(habit.sent_bytes)
    if habit.hours >= hours_min:
        reach = _SURPRISE_MAX * max(habit.deviation, _DEVIATION_MIN)
        seen = min(max(seen, habit.mean - reach), habit.mean + reach)
    pace = max(1.0 / (habit.hours + 1), _PACE_MIN)
    apart = abs(seen - habit.mean) if habit.hours else 0.0
    habit.deviation += pace * (apart - habit.deviation)
    habit.mean += pace * (seen - habit.mean)
    habit.hours += 1
