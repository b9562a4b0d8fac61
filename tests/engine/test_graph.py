"""The graph: facts flow forward only, states are kept by key, a broken stage stops nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest
from msgspec import Struct

from tocsin.contract.bodies import Counts
from tocsin.contract.cards import Cards
from tocsin.contract.protocols import Key, by_source, by_subject
from tocsin.contract.resources import Resources
from tocsin.engine.graph import Graph, node
from tocsin.model import Basis, Fact, Finding, Level, Observation, Origin, Tick


def seen(counts: float, at: float = 1.0, source: str = "r1") -> Observation[Counts]:
    return Observation(
        at=at, origin=Origin.SIMULATED, source=source, seq=int(at), body=Counts(counts_per_s=counts), pos=7
    )


def finding(kind: str, fact: Fact, subject: str) -> Finding:
    return Finding(
        at=fact.at, origin=fact.origin, id=f"{kind}{fact.at}", kind=kind, subject=subject, because="b", evidence=("e",),
        grade="g",
    )  # fmt: skip


class Tally(Struct):
    n: int = 0
    last: float = 0.0


@dataclass(frozen=True)
class Rings:
    kind: ClassVar[str] = "cbrne.rings"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Counts,)
    key: ClassVar[Key] = by_source
    default_nats: ClassVar[dict[str, float]] = {"g": 9.0}

    def step(self, state: Tally | None, fact: Fact) -> tuple[Tally, Sequence[Fact]]:
        tally = state or Tally()
        tally.n, tally.last = tally.n + 1, fact.at
        if isinstance(fact, Tick):
            return tally, [finding("cbrne.quiet", fact, "quiet")]
        return tally, [finding(self.kind, fact, fact.source)]

    def wake_at(self, state: Tally) -> float | None:
        return state.last + 10.0


@dataclass(frozen=True)
class Echoes:
    kind: ClassVar[str] = "cbrne.echoes"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Finding,)
    key: ClassVar[Key] = by_subject
    default_nats: ClassVar[dict[str, float]] = {}

    def step(self, state: Tally | None, fact: Finding) -> tuple[Tally, Sequence[Fact]]:
        return state or Tally(), [finding(self.kind, fact, f"echo of {fact.subject}")]


@dataclass(frozen=True)
class Breaks:
    kind: ClassVar[str] = "cbrne.breaks"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Counts,)
    key: ClassVar[Key] = by_source
    default_nats: ClassVar[dict[str, float]] = {}

    def step(self, state: Tally | None, fact: Fact) -> tuple[Tally, Sequence[Fact]]:
        raise ValueError(fact.at)


@pytest.fixture
def graph() -> Graph:
    members = (Echoes(), Rings(), Breaks())
    return Graph([node(one.kind, one, "detector", Resources()) for one in members], Cards())


def test_findings_reach_later_stages_and_never_their_own(graph):
    out = graph.feed(seen(3.0))
    assert [fact.kind for fact in out] == ["cbrne.rings", "cbrne.echoes"]


def test_weight_detector_and_position_are_stamped(graph):
    rung = graph.feed(seen(3.0))[0]
    assert (rung.weight.nats, rung.weight.basis, rung.detector, rung.pos) == (3.0, Basis.DEFAULT, "cbrne.rings", 7)


def test_a_broken_stage_is_counted_and_stops_nobody(graph):
    assert graph.feed(seen(3.0))
    assert [why for _, why in graph.refused] == ["cbrne.breaks failed: ValueError"]


def test_a_key_is_woken_once_when_due(graph):
    graph.feed(seen(3.0, at=1.0))
    assert graph.feed(Tick(at=10.9, origin=Origin.SIMULATED)) == []
    woken = graph.feed(Tick(at=11.0, origin=Origin.SIMULATED))
    assert [fact.kind for fact in woken] == ["cbrne.quiet", "cbrne.echoes"]
    assert graph.feed(Tick(at=11.5, origin=Origin.SIMULATED)) == []


def test_later_facts_put_the_alarm_clock_back(graph):
    graph.feed(seen(3.0, at=1.0))
    graph.feed(seen(3.0, at=5.0))
    assert graph.feed(Tick(at=12.0, origin=Origin.SIMULATED)) == []


def test_states_are_saved_by_key_and_restored(graph):
    graph.feed(seen(3.0, source="a"))
    graph.feed(seen(3.0, source="b"))
    saved = graph.take_dirty()
    assert ("cbrne.rings", "a") in saved
    assert graph.take_dirty() == {}
    graph.restore({at: state for at, state in saved.items() if state is not None})
    assert graph.feed(Tick(at=11.0, origin=Origin.SIMULATED))


@dataclass(frozen=True)
class Nothing(Rings):
    kind: ClassVar[str] = "cbrne.nothing"

    def step(self, state: Tally | None, fact: Fact) -> tuple[Tally | None, Sequence[Fact]]:
        return state, []

    def wake_at(self, state: Tally | None) -> float | None:
        return None


def test_a_state_of_nothing_is_not_stored():
    graph = Graph([node("cbrne.nothing", Nothing(), "detector", Resources())], Cards())
    graph.feed(seen(1.0))
    assert graph.take_dirty() == {("cbrne.nothing", "r1"): None}
