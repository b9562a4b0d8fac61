"""The graph of stages: routes each fact to the folds that accept it, keeps their states and timers."""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from tocsin.contract.cards import Cards
from tocsin.contract.protocols import Key, Wakes
from tocsin.contract.walk import start, state_type
from tocsin.model import Action, Basis, Delivery, Fact, Finding, Observation, Tick, Weight

log = structlog.get_logger()

KEYS_MAX = 200_000
"""Most keys that one stage may keep; beyond it the fact is refused and counted, never the state dropped."""


@dataclass(slots=True)
class Node:
    """One stage in place: its declaration, its running form, its states by key, and its counters."""

    name: str
    member: Any
    stage: Any
    group: str
    key: Key
    accepts: tuple[type, ...]
    states: dict[str, Any] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)
    wakes: dict[str, float] = field(default_factory=dict)
    timers: list[tuple[float, str]] = field(default_factory=list)
    seen: int = 0
    out: int = 0
    failed: int = 0
    problem: str = ""
    wake_at: Callable[[Any], float | None] | None = None

    def __post_init__(self) -> None:
        """Look once whether the stage has timers: asking a protocol for every fact costs more than the fact."""
        self.wake_at = self.stage.wake_at if isinstance(self.stage, Wakes) else None

    def restart(self, stage: Any) -> None:  # noqa: ANN401  # stages are open
        """Put another running form of the same member in place; states that fit it are kept."""
        if state_type(stage) != state_type(self.stage):
            self.states.clear()
            self.dirty.clear()
        self.stage, self.accepts, self.problem = stage, _accepted(self.member, stage), ""
        self.wakes.clear()
        self.timers.clear()
        self.__post_init__()
        for key in self.states:
            self.arm(key)

    def takes(self, kind: type) -> bool:
        """Whether facts of this class (or observations with this body class) come here."""
        return any(issubclass(kind, accepted) for accepted in self.accepts)

    def due(self, at: float) -> list[str]:
        """The keys that asked to be woken by now, each once, in order of time and name."""
        found: list[str] = []
        while self.timers and self.timers[0][0] <= at:
            when, key = heapq.heappop(self.timers)
            if self.wakes.get(key) == when:
                del self.wakes[key]
                found.append(key)
        return found

    def arm(self, key: str) -> None:
        """Ask the stage when this key wants to be woken."""
        if self.wake_at is None:
            return
        when = self.wake_at(self.states[key])
        if when is None:
            self.wakes.pop(key, None)
        elif self.wakes.get(key) != when:
            self.wakes[key] = when
            heapq.heappush(self.timers, (when, key))


GROUPS = ("detector", "fusion", "responder")
"""The order of the flow: facts only move to the same group, later in it, or to a later group."""


def node(name: str, member: Any, group: str, resources: Any) -> Node:  # noqa: ANN401  # members are open
    """Start a member and give it its place."""
    stage = start(member, resources)
    return Node(name, member, stage, group, member.key, _accepted(member, stage))


def _accepted(member: Any, stage: Any) -> tuple[type, ...]:  # noqa: ANN401  # as node
    """What comes to a stage: a running one may know that it needs less than its member declares."""
    return tuple(getattr(stage, "accepts", member.accepts))


def _concludes(node: Node) -> bool:
    """Whether a stage may take findings, as declared: it then stands behind those that make them."""
    return any(issubclass(Finding, accepted) for accepted in node.member.accepts)


class Graph:
    """Stages in flow order. `feed` folds one fact through all of them, depth by depth."""

    def __init__(self, nodes: Iterable[Node], cards: Cards) -> None:
        self.nodes = sorted(nodes, key=lambda node: (GROUPS.index(node.group), _concludes(node), node.name))
        self._cards = cards
        self._weights: dict[tuple[str, str], Weight] = {}
        self._routes: dict[tuple[type, int], tuple[int, ...]] = {}
        self._waking = [i for i, node in enumerate(self.nodes) if node.wake_at is not None]
        self.refused: list[tuple[Fact, str]] = []

    def feed(self, fact: Fact) -> list[Fact]:
        """Everything that follows from one fact, in the order in which it was concluded."""
        out: list[Fact] = []
        self._flow(-1, [fact], out)
        if isinstance(fact, Tick):
            self._wake(fact, out)
        return out

    def _wake(self, tick: Tick, out: list[Fact]) -> None:
        for index in self._waking:
            for key in self.nodes[index].due(tick.at):
                derived = self._fold(index, key, tick)
                out.extend(derived)
                self._flow(index, derived, out)

    def _flow(self, origin: int, facts: Sequence[Fact], out: list[Fact]) -> None:
        pending = [(origin, fact) for fact in facts]
        for source, current in pending:  # what follows is appended while we walk, and walked in its turn
            for index in self._route(current, source):
                derived = self._fold(index, self.nodes[index].key(current), current)
                if derived:
                    out.extend(derived)
                    pending.extend((index, fact) for fact in derived)

    def _route(self, fact: Fact, origin: int) -> tuple[int, ...]:
        kind = type(fact.body) if isinstance(fact, Observation) else type(fact)
        known = self._routes.get((kind, origin))
        if known is None:
            known = tuple(i for i, node in enumerate(self.nodes) if i > origin and node.takes(kind))
            self._routes[kind, origin] = known
        return known

    def _fold(self, index: int, key: str, fact: Fact) -> Sequence[Fact]:
        node = self.nodes[index]
        state = node.states.get(key)
        if state is None and len(node.states) >= KEYS_MAX:
            self._refuse(node, fact, f"{node.name} already keeps {KEYS_MAX} keys")
            return ()
        node.seen += 1
        try:
            node.states[key], derived = node.stage.step(state, fact)
        except Exception as error:  # a broken extension must stop neither the log nor the other stages
            log.exception("stage failed", stage=node.name, fact=type(fact).__name__)
            self._refuse(node, fact, f"{node.name} failed: {type(error).__name__}")
            return ()
        node.dirty.add(key)
        node.arm(key)
        return self._stamped(node, fact, derived) if derived else ()

    def _refuse(self, node: Node, fact: Fact, why: str) -> None:
        node.failed += 1
        node.problem = why
        self.refused.append((fact, why))

    def _stamped(self, node: Node, cause: Fact, derived: Sequence[Fact]) -> list[Fact]:
        node.out += len(derived)
        return [self._stamp(node, cause, fact) for fact in derived]

    def _stamp(self, node: Node, cause: Fact, fact: Fact) -> Fact:
        if not isinstance(fact, Finding) or node.group != "detector":
            return replace(fact, pos=cause.pos)
        return replace(fact, pos=cause.pos, weight=self._weight(node, fact), detector=node.name)

    def _weight(self, node: Node, finding: Finding) -> Weight:
        """The card's or default weight; one that the detector took from a count of its own rule stands."""
        if finding.weight.basis is Basis.COUNTED:
            return finding.weight
        known = self._weights.get((finding.kind, finding.grade))
        if known is None:
            known = self._cards.weight(finding.kind, finding.grade, node.member.default_nats)
            self._weights[finding.kind, finding.grade] = known
        return known

    def restart(self, stages: Mapping[str, Any]) -> None:
        """Put other running forms of stages in place, by name, between two facts."""
        for node in self.nodes:
            if node.name in stages:
                node.restart(stages[node.name])
        self._routes.clear()
        self._waking = [i for i, node in enumerate(self.nodes) if node.wake_at is not None]

    def act(self, action: Action) -> Sequence[Delivery]:
        """What the responder of an approved action wants to send."""
        for node in self.nodes:
            if node.name == action.proposal.responder:
                deliveries: Sequence[Delivery] = node.stage.act(action)
                return deliveries
        return ()

    def states_of(self, name: str) -> dict[str, Any]:
        """The states of one stage, by key."""
        return next((dict(node.states) for node in self.nodes if node.name == name), {})

    def take_dirty(self) -> dict[tuple[str, str], bytes | None]:
        """The states changed since the last call, as msgpack by (stage, key)."""
        changed: dict[tuple[str, str], bytes | None] = {}
        for node in self.nodes:
            for key in sorted(node.dirty):
                state = node.states[key]
                changed[node.name, key] = None if state is None else msgspec.msgpack.encode(state)
            node.dirty.clear()
        return changed

    def restore(self, saved: dict[tuple[str, str], bytes]) -> None:
        """Put back the states of a snapshot; those of stages that are gone, or keep other states now, are left out."""
        by_name = {node.name: node for node in self.nodes}
        for (name, key), packed in saved.items():
            if name not in by_name:
                continue
            node = by_name[name]
            try:
                node.states[key] = msgspec.msgpack.decode(packed, type=state_type(node.stage))
            except msgspec.ValidationError as error:
                log.warning("state begins anew", stage=name, why=str(error))
                continue
            node.arm(key)
