"""A source that says nothing for longer than its class may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.bodies import Alive
from tocsin.contract.protocols import by_source
from tocsin.contract.resources import Resources
from tocsin.model import (
    Body,
    Condition,
    Fact,
    Finding,
    Health,
    Level,
    Observation,
    Origin,
    Place,
    Tick,
    derived_id,
    tag_of,
)

AFTER_S: Mapping[str, float] = {
    "gas.concentration/1": 90.0,
    "radiation.counts/1": 90.0,
    "crowd.density/1": 180.0,
    "weather.wind/1": 180.0,
    "sensor.alive/1": 180.0,
    "sensor.quantity/1": 1_800.0,
    "log.events/1": 90_000.0,
    "sensor.contact/1": 90_000.0,
    "vision.sighting/1": 90_000.0,
    "sound.impulse/1": 90_000.0,
    "sound.classes/1": 90_000.0,
    "sound.clip/1": 90_000.0,
}
"""Longest silence per body tag, seconds, after the reporting times of EN 50136-1: SP5 90 s,
SP4 3 min, SP3 30 min, SP2 25 h. What only speaks when something happens gets the longest."""

_BODIES_MAX = 16
_ALIVE = tag_of(Alive)


class Heard(Struct):
    """When one source last sent each kind of body, and whether it is known to be silent.

    `missing` is the body tag whose absence was noticed; empty where anything counts as a return. `within_s` is
    how soon the source has promised its next sign of life.
    """

    source: str
    origin: Origin
    last: dict[str, float] = {}
    last_id: str = ""
    place: Place | None = None
    silent_since: float | None = None
    missing: str = ""
    within_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Find sources that fall silent, and say when they are back.

    The longest silence is what the sensor itself promises with its signs of life; else its own where the
    city's register has one (`silent_after_s`); else that of each kind of body that it sends. A device whose
    broker announces it offline is silent at once.

    >>> from tocsin.contract.examples import START_AT, gas
    >>> from tocsin.contract.folding import findings
    >>> from tocsin.model import Tick
    >>> later = Tick(at=START_AT + 100.0, origin=Origin.SIMULATED)
    >>> findings(Silence(), [*gas([0.0, 0.1]), later])[0].because
    'Nothing from gas-1 for 95 s; 90 s is its limit.'
    """

    kind: ClassVar[str] = "process.silence"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Body,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"silent": 1.0, "offline": 1.0}

    after_s: Annotated[
        Mapping[str, float],
        Meta(description="Longest silence by body tag, seconds; replaces single rows of the table."),
    ] = field(default_factory=dict)
    otherwise_s: Annotated[float, Meta(description="Longest silence of any other body, seconds.", gt=0)] = 1_800.0

    def start(self, resources: Resources) -> "_Watch":
        """Take the limits of single sensors from the city's register."""
        sensors = {} if resources.city is None else resources.city.sensors
        own = {name: float(sensor.silent_after_s) for name, sensor in sensors.items() if sensor.silent_after_s > 0}
        return _Watch({**AFTER_S, **self.after_s}, own, self.otherwise_s)


@dataclass(frozen=True, slots=True)
class _Watch:
    """The running stage: limits by body, by source, and otherwise."""

    after_s: Mapping[str, float]
    own_s: Mapping[str, float]
    otherwise_s: float

    def step(self, state: Heard | None, fact: Observation[Body] | Tick) -> tuple[Heard | None, list[Fact]]:
        """Note a sign of life, or, woken, that there was none in time."""
        if isinstance(fact, Tick):
            return self._woken(state, fact)
        heard = Heard(source=fact.source, origin=fact.origin) if state is None else state
        tag = tag_of(type(fact.body))
        if not _note(heard, tag, fact):
            return heard, []
        if isinstance(fact.body, Alive):
            heard.within_s = fact.body.within_s
        if isinstance(fact.body, Alive) and not fact.body.online:
            heard.missing = ""
            return heard, self._fell_silent(heard, fact.at, "offline", f"{fact.source} was announced offline.")
        returned = heard.silent_since is not None and fact.at >= heard.silent_since
        return heard, [self._back(heard, fact.at)] if returned and heard.missing in ("", tag) else []

    def wake_at(self, state: Heard) -> float | None:
        """When the source is overdue; never while it is known to be silent."""
        return self._due(state)[0] if state.silent_since is None and state.last else None

    def _woken(self, state: Heard | None, tick: Tick) -> tuple[Heard | None, list[Fact]]:
        if state is None or state.silent_since is not None or not state.last:
            return state, []
        due, since, limit_s, state.missing = self._due(state)
        if tick.at < due:
            return state, []
        because = f"Nothing from {state.source} for {tick.at - since:.0f} s; {limit_s:g} s is its limit."
        return state, self._fell_silent(state, tick.at, "silent", because)

    def _due(self, heard: Heard) -> tuple[float, float, float, str]:
        """When it is overdue, since when it is counted, the limit in seconds, and which body is awaited."""
        own_s = self.own_s.get(heard.source)
        if heard.within_s is not None and _ALIVE in heard.last:
            last = heard.last[_ALIVE]
            return last + heard.within_s, last, heard.within_s, _ALIVE
        if own_s is not None:
            last = max(heard.last.values())
            return last + own_s, last, own_s, ""
        dues = {tag: last + self._limit_s(tag) for tag, last in heard.last.items()}
        tag = min(dues, key=lambda name: (dues[name], name))
        return dues[tag], heard.last[tag], self._limit_s(tag), tag

    def _limit_s(self, tag: str) -> float:
        return self.after_s.get(tag, self.otherwise_s)

    @staticmethod
    def _fell_silent(heard: Heard, at: float, grade: str, because: str) -> list[Fact]:
        if heard.silent_since is not None:
            return []
        heard.silent_since = at
        finding = Finding(
            id=derived_id("f", Silence.kind, heard.source, heard.last_id),
            at=at,
            origin=heard.origin,
            kind=Silence.kind,
            subject=heard.source,
            because=because,
            evidence=(heard.last_id,),
            source=heard.source,
            detector=Silence.kind,
            grade=grade,
            place=heard.place,
            since=at,
        )
        health = Health(
            at=at,
            origin=heard.origin,
            source=heard.source,
            condition=Condition.SILENT,
            because=because,
            place=heard.place,
        )
        return [finding, health]

    def _back(self, heard: Heard, at: float) -> Health:
        """The source reports again; other bodies that stayed away are no longer awaited."""
        silent_s = at - (heard.silent_since or at)
        heard.silent_since, heard.missing = None, ""
        heard.last = {tag: last for tag, last in heard.last.items() if last + self._limit_s(tag) > at}
        return Health(
            at=at,
            origin=heard.origin,
            source=heard.source,
            condition=Condition.OK,
            because=f"{heard.source} reports again, {silent_s:.0f} s after its silence was noticed.",
            place=heard.place,
        )


def _note(heard: Heard, tag: str, fact: Observation[Body]) -> bool:
    """Take down a sign of life; False for one that is late, doubled, or of one kind too many."""
    if fact.at <= heard.last.get(tag, -inf) or (tag not in heard.last and len(heard.last) >= _BODIES_MAX):
        return False
    heard.last[tag], heard.last_id, heard.place, heard.origin = fact.at, fact.id, fact.place, fact.origin
    return True
