"""Runs one stage over facts, key by key, with its wake-ups: the smallest engine there is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin.contract.protocols import Key
from tocsin.contract.resources import Resources
from tocsin.contract.walk import start
from tocsin.model import Fact, Finding, Tick


@dataclass
class Folding:
    """A stage in use: its states by key, and what it said, fact by fact."""

    stage: Any
    key: Key
    states: dict[str, Any] = field(default_factory=dict)

    def feed(self, fact: Any) -> list[Fact]:  # noqa: ANN401  # facts of every type
        """Fold one fact; a Tick goes to every key that wanted to be woken by then."""
        keys = self._due(fact) if isinstance(fact, Tick) else [self.key(fact)]
        out: list[Fact] = []
        for key in keys:
            self.states[key], said = self.stage.step(self.states.get(key), fact)
            out.extend(said)
        return out

    def _due(self, tick: Fact) -> list[str]:
        wake_at = getattr(self.stage, "wake_at", None)
        if wake_at is None:
            return []
        asked = {key: wake_at(state) for key, state in self.states.items()}
        return [key for key, when in asked.items() if when is not None and when <= tick.at]


def folded(member: Any, facts: Iterable[Fact], resources: Resources | None = None) -> list[Fact]:  # noqa: ANN401
    """All that a freshly started member says about these facts, in order."""
    running = Folding(start(member, resources or Resources()), member.key)
    return [said for fact in facts for said in running.feed(fact)]


def findings(member: Any, facts: Sequence[Fact], resources: Resources | None = None) -> list[Finding]:  # noqa: ANN401
    """The findings among what a member says."""
    return [said for said in folded(member, facts, resources) if isinstance(said, Finding)]
