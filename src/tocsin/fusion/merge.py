"""Two hypotheses that later evidence shows to be one event become one, under the incident that people saw first."""

from collections.abc import Sequence
from typing import TypeVar

from tocsin.fusion.cases import move
from tocsin.fusion.state import Case, Hypothesis, Memory
from tocsin.model import IncidentState

T = TypeVar("T")


def merge(memory: Memory, one: Sequence[Hypothesis]) -> tuple[Hypothesis, list[str]]:
    """Make the first hypothesis hold what all held; gives it and the ids of the incidents that changed."""
    kept, *others = one
    changed: list[str] = []
    for gone in others:
        changed += _incidents_joined(memory, kept, gone)
        _taken_over(memory, kept, gone)
        del memory.hypotheses[gone.id]
    return kept, list(dict.fromkeys(changed))


def _taken_over(memory: Memory, kept: Hypothesis, gone: Hypothesis) -> None:
    kept.since, kept.last = min(kept.since, gone.since), max(kept.last, gone.last)
    kept.held.update({name: finding for name, finding in gone.held.items() if name not in kept.held})
    _extend(kept.subjects, gone.subjects)
    _extend(kept.actors, gone.actors)
    _extend(kept.assets, gone.assets)
    _extend(kept.reach, gone.reach)
    kept.left_out += gone.left_out
    kept.cited = sum(len(finding.evidence) for finding in kept.held.values())
    kept.open = kept.open or gone.open
    names = [name for name in gone.names if memory.named.get(name) == gone.id]
    memory.named.update(dict.fromkeys(names, kept.id))
    kept.names.extend(names)


def _extend(own: list[T], more: Sequence[T]) -> None:
    own.extend(one for one in more if one not in own)


def _incidents_joined(memory: Memory, kept: Hypothesis, gone: Hypothesis) -> list[str]:
    """Give both one incident: that which was opened first; the other says where its stages went."""
    if not gone.incident:
        return []
    left = memory.cases[gone.incident]
    left.stages.remove(gone.id)
    if not kept.incident:
        kept.incident = left.id
        left.stages.append(kept.id)
        return [left.id]
    own = memory.cases[kept.incident]
    if own is left:
        return [own.id]
    first, second = _by_opening(memory, own, left)
    move(memory, second, first, list(second.stages))
    second.state, second.merged_into = IncidentState.MERGED, first.id
    first.since = min(first.since, gone.since)
    first.assignee = first.assignee or second.assignee
    if first.state in (IncidentState.ACKNOWLEDGED, IncidentState.RETURNED):
        first.state = IncidentState.OPEN  # what joined it asks for a second look
    return [first.id, second.id]


def _by_opening(memory: Memory, own: Case, other: Case) -> tuple[Case, Case]:
    """The two in the order in which people saw them: cases are kept in that order."""
    first = next(case for case in memory.cases.values() if case.id in (own.id, other.id))
    return (own, other) if first is own else (other, own)
