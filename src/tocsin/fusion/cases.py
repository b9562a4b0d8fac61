"""The life of an incident as people lead it: every verb of the desk, as a fold over decisions."""

from collections.abc import Callable

from tocsin.fusion.state import Case, Memory
from tocsin.model import Decision, IncidentState, Note, Verdict, derived_id

NOTES_MAX = 500
"""Most diary lines that an incident keeps; the event log keeps all."""


def decide(memory: Memory, decision: Decision) -> list[str]:
    """Apply a decision about an incident; returns the ids of the incidents that changed."""
    case = memory.cases.get(decision.target)
    act = VERBS.get(decision.verb)
    if case is None or act is None:
        return []
    case.notes.append(Note(at=decision.at, by=decision.by, verb=decision.verb, text=decision.text))
    del case.notes[:-NOTES_MAX]
    return [case.id, *act(memory, case, decision)]


def _acknowledge(_memory: Memory, case: Case, _decision: Decision) -> list[str]:
    case.state = IncidentState.ACKNOWLEDGED
    return []


def _reopen(memory: Memory, case: Case, _decision: Decision) -> list[str]:
    case.state, case.verdict, case.shelved_until = IncidentState.OPEN, None, None
    _finish(memory, case, finished=False)
    return []


def _shelve(_memory: Memory, case: Case, decision: Decision) -> list[str]:
    case.state, case.shelved_until = IncidentState.SHELVED, decision.until
    return []


def _assign(_memory: Memory, case: Case, decision: Decision) -> list[str]:
    case.assignee = decision.others[0] if decision.others else ""
    return []


def _note(_memory: Memory, _case: Case, _decision: Decision) -> list[str]:
    return []


def _merge(memory: Memory, case: Case, decision: Decision) -> list[str]:
    changed = []
    for name in decision.others:
        other = memory.cases.get(name)
        if other is None or other is case:
            continue
        for one in (*case.stages, *other.stages):
            memory.hypotheses[one].apart = False
        move(memory, other, case, list(other.stages))
        other.state, other.merged_into = IncidentState.MERGED, case.id
        changed.append(other.id)
    return changed


def _split(memory: Memory, case: Case, decision: Decision) -> list[str]:
    leaving = [name for name in case.stages if name in decision.others]
    if not leaving or len(leaving) == len(case.stages):
        return []
    since = min(memory.hypotheses[name].since for name in leaving)
    name = derived_id("inc", *leaving)
    fresh = memory.cases.setdefault(name, Case(id=name, origin=case.origin, since=since))  # a split undoes a merge
    fresh.state, fresh.merged_into = IncidentState.OPEN, ""
    move(memory, case, fresh, leaving)
    for one in (*leaving, *case.stages):
        memory.hypotheses[one].apart = True  # what a person took apart does not merge again by itself
    return [fresh.id]


def _close(memory: Memory, case: Case, decision: Decision) -> list[str]:
    case.state = IncidentState.CLOSED
    case.verdict = Verdict(decision.others[0]) if decision.others else Verdict.UNKNOWN
    _finish(memory, case, finished=True)
    return []


def move(memory: Memory, source: Case, target: Case, stages: list[str]) -> None:
    """Put stages of one case into another."""
    for name in stages:
        source.stages.remove(name)
        target.stages.append(name)
        memory.hypotheses[name].incident = target.id
    target.since = min(target.since, *(memory.hypotheses[name].since for name in target.stages))


def _finish(memory: Memory, case: Case, *, finished: bool) -> None:
    for name in case.stages:
        memory.hypotheses[name].finished = finished


VERBS: dict[str, Callable[[Memory, Case, Decision], list[str]]] = {
    "acknowledge": _acknowledge,
    "unacknowledge": _reopen,
    "shelve": _shelve,
    "unshelve": _reopen,
    "assign": _assign,
    "note": _note,
    "hand-over": _assign,
    "merge": _merge,
    "split": _split,
    "close": _close,
    "reopen": _reopen,
}
"""What people can do with an incident."""
