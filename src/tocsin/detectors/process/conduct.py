"""A node whose messages cannot be right: its device is doubted, so that what it says weighs less."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from tocsin.contract.protocols import by_source
from tocsin.contract.sapient import Conduct
from tocsin.model import Condition, Fact, Finding, Health, Level, Observation, Origin, Place, Tick, derived_id

_GRAVE = ("elsewhere", "impossible", "taken-over", "repeated", "future", "flood")
"""What says that a node lies, is hijacked or broken, gravest first; `invalid` and others may be clumsiness."""

_WORDS = {
    "elsewhere": "places that cannot be",
    "impossible": "values that cannot be",
    "taken-over": "its identity claimed by another connection",
    "repeated": "reports that were sent before",
    "future": "messages from the future",
    "old": "messages of long ago",
    "flood": "messages too fast to be read",
    "invalid": "messages against the standard",
    "declined": "registrations that cannot be worked with",
    "complaint": "complaints about our messages",
}


class Doubted(Struct):
    """The faults of one node of late, and since when it is doubted."""

    source: str
    origin: Origin
    faults: dict[str, int] = {}
    points: float = 0.0
    last_at: float = 0.0
    since: float | None = None
    told_at: float = 0.0
    place: Place | None = None
    recent: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConduct:
    """Doubt a node that sends what cannot be right, and believe it again after `calm_s` without a fault.

    A lie (a place or value that cannot be, an identity claimed twice) counts `grave` times as much as clumsiness
    (an invalid field); from `points_min` on the node is suspect: fusion trusts it half, and a technical finding
    says why. Nobody else is touched by it.

    >>> from tocsin.contract.examples import seen
    >>> from tocsin.contract.folding import findings
    >>> lie = Conduct(faults={"elsewhere": 1}, newest="12 km from where it stood")
    >>> findings(NodeConduct(), [seen(lie, source="radar-1")])[0].because
    'radar-1 sent places that cannot be (1): it is half trusted.'
    """

    kind: ClassVar[str] = "process.conduct"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Conduct,)
    key: ClassVar = by_source
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = {"lies": 1.0, "clumsy": 0.5}

    grave: Annotated[float, Meta(description="How much more a lie counts than clumsiness.", ge=1)] = 10.0
    points_min: Annotated[float, Meta(description="From so many points on a node is suspect.", gt=0)] = 10.0
    calm_s: Annotated[float, Meta(description="So long without a fault, and it is believed again, seconds.", gt=0)] = (
        600
    )
    repeat_s: Annotated[float, Meta(description="How often lasting misconduct is told again, seconds.", gt=0)] = 60.0
    cited_max: Annotated[int, Meta(description="Most observations cited at a time.", ge=1)] = 32

    def step(self, state: Doubted | None, fact: Observation[Conduct] | Tick) -> tuple[Doubted | None, list[Fact]]:
        """Take down faults, or, woken, see that there were none for long enough."""
        if isinstance(fact, Tick):
            return state, self._calmed(state, fact.at)
        doubted = Doubted(source=fact.source, origin=fact.origin) if state is None else state
        if fact.at <= doubted.last_at:
            return doubted, []
        if fact.at - doubted.last_at > self.calm_s:
            doubted.faults, doubted.points, doubted.since = {}, 0.0, None
        self._count(doubted, fact)
        suspect = doubted.points >= self.points_min
        if not suspect or (doubted.since is not None and fact.at - doubted.told_at < self.repeat_s):
            return doubted, []
        return doubted, self._doubt(doubted, fact)

    def wake_at(self, state: Doubted) -> float | None:
        """When it will have been quiet for long enough; never while nobody doubts it."""
        return state.last_at + self.calm_s if state.since is not None else None

    def _count(self, doubted: Doubted, fact: Observation[Conduct]) -> None:
        doubted.last_at, doubted.place, doubted.origin = fact.at, fact.place, fact.origin
        doubted.recent = [*doubted.recent, fact.id][-self.cited_max :]
        for kind, count in fact.body.faults.items():
            if kind in _WORDS:
                doubted.faults[kind] = doubted.faults.get(kind, 0) + count
                doubted.points += count * (self.grave if kind in _GRAVE else 1.0)

    def _doubt(self, doubted: Doubted, fact: Observation[Conduct]) -> list[Fact]:
        doubted.since = doubted.since or fact.at
        doubted.told_at = fact.at
        grade = "lies" if any(kind in doubted.faults for kind in _GRAVE) else "clumsy"
        sent = ", ".join(f"{_WORDS[kind]} ({count})" for kind, count in _gravest(doubted.faults))
        because = f"{doubted.source} sent {sent}: it is half trusted."
        evidence, doubted.recent = tuple(doubted.recent), []
        finding = Finding(
            id=derived_id("f", self.kind, doubted.source, doubted.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.kind,
            subject=doubted.source,
            because=because,
            evidence=evidence,
            source=doubted.source,
            detector=self.kind,
            grade=grade,
            place=fact.place,
            since=doubted.since,
            measure=float(sum(doubted.faults.values())),
            unit="messages",
        )
        return [finding, self._health(doubted, fact.at, Condition.SUSPECT, because)]

    def _calmed(self, state: Doubted | None, at: float) -> list[Fact]:
        if state is None or state.since is None or at - state.last_at < self.calm_s:
            return []
        state.faults, state.points, state.since, state.recent = {}, 0.0, None, []
        because = f"{state.source} sent nothing wrong for {self.calm_s:.0f} s: it is believed again."
        return [self._health(state, at, Condition.OK, because)]

    @staticmethod
    def _health(doubted: Doubted, at: float, condition: Condition, because: str) -> Health:
        return Health(
            at=at,
            origin=doubted.origin,
            source=doubted.source,
            condition=condition,
            because=because,
            place=doubted.place,
        )


def _gravest(faults: dict[str, int]) -> list[tuple[str, int]]:
    """The three gravest kinds, with their counts."""
    order = (*_GRAVE, *(kind for kind in _WORDS if kind not in _GRAVE))
    return [(kind, faults[kind]) for kind in order if kind in faults][:3]
