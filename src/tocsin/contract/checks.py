"""The contract as code: every member is run through every check; each raises ContractBroken saying what to do."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import isclose
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from tocsin.contract.bodies import LogEvents
from tocsin.contract.declared import (
    Declared,
    Sample,
    asks_for_no_more_than_it_needs,
    broken,
    has_a_kind_in_its_family,
    has_a_page,
    has_a_runnable_example,
    is_a_frozen_declaration,
    is_not_of_the_never_built,
    package_of,
    reads_no_clock_and_no_file,
    weighs_every_grade_modestly,
)
from tocsin.contract.folding import Folding
from tocsin.contract.walk import start, state_type
from tocsin.model import Body, Fact, Finding, Observation, Proposal, Reading, TocsinError

Value: TypeAlias = Any
"""A value inside a fact, of whatever type its body declares."""

STATE_BYTES_MAX = 2_000_000
"""Most that the state of one key may hold, encoded."""

_FLOOD = 1_500
_encode = msgspec.msgpack.encode

_BREAKS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TocsinError,
    TypeError,
    ValueError,
)
Check = Callable[[Declared, Sample, Path], None]


def _fresh(member: Declared, sample: Sample) -> Folding:
    return Folding(start(member, sample.resources), member.key)


def _said(running: Folding, facts: Sequence[Any]) -> list[Any]:
    return [said for fact in facts for said in running.feed(fact)]


def _is_fold(member: Declared) -> bool:
    return package_of(member) in {"detectors", "fusion", "responders"}


def _perceived(stage: Declared, readings: Sequence[Any]) -> list[Any]:
    return [stage.perceive(reading) for reading in readings]


def same_in_same_out(member: Declared, sample: Sample, _root: Path) -> None:
    """Two fresh runs over the same facts say the same, to the byte, and leave the facts as they were."""
    before = [_encode(fact) for fact in sample.alarm]
    if _is_fold(member):
        runs = [_encode(_said(_fresh(member, sample), sample.alarm)) for _ in range(2)]
    elif package_of(member) == "perceivers":
        runs = [_encode(_perceived(start(member, sample.resources), sample.alarm)) for _ in range(2)]
    else:
        return
    if runs[0] != runs[1]:
        raise broken(member, "two runs on the same facts differ: remove chance, clocks, sets and ids of objects.")
    if before != [_encode(fact) for fact in sample.alarm]:
        raise broken(member, "it changes the facts it is given: copy what you keep.")


def cold_equals_warm(member: Declared, sample: Sample, _root: Path) -> None:
    """A stage that has run before says the same as a fresh one: all memory is in the state."""
    if package_of(member) == "perceivers":
        warm = start(member, sample.resources)
        first, second = (_encode(_perceived(warm, sample.alarm)) for _ in range(2))
    elif _is_fold(member):
        running = _fresh(member, sample)
        first = _encode(_said(running, sample.alarm))
        running.states = {}
        second = _encode(_said(running, sample.alarm))
    else:
        return
    if first != second:
        raise broken(member, "it remembers outside its state: move what it learned into the state that step returns.")


def snapshot_continues_alike(member: Declared, sample: Sample, _root: Path) -> None:
    """A state that was encoded and decoded after every fact leads to the same words."""
    if not _is_fold(member):
        return
    running = _fresh(member, sample)
    kind = state_type(running.stage)
    said: list[Any] = []
    for fact in sample.alarm:
        said += running.feed(fact)
        try:
            running.states = {
                key: None if state is None else msgspec.msgpack.decode(_encode(state), type=kind)
                for key, state in running.states.items()
            }
        except (msgspec.MsgspecError, TypeError) as error:
            raise broken(member, f"its state cannot be stored and read back as {kind}: {error}.") from error
    if _encode(said) != _encode(_said(_fresh(member, sample), sample.alarm)):
        raise broken(member, "it goes on differently after a snapshot: annotate the state fully and keep all in it.")


def cites_only_what_it_saw(member: Declared, sample: Sample, _root: Path) -> None:
    """Every finding cites evidence, and only ids of facts (or rows) that came before it."""
    if package_of(member) != "detectors":
        return
    running, seen = _fresh(member, sample), set[str]()
    for fact in sample.alarm:
        seen.update(_ids(fact))
        for said in running.feed(fact):
            if isinstance(said, Finding) and (not said.evidence or not seen.issuperset(said.evidence)):
                strangers = sorted(set(said.evidence) - seen) or ["nothing"]
                raise broken(member, f"a finding cites {strangers[0]}, which it has not seen: cite fact.id.")


def _ids(fact: Declared) -> Iterator[str]:
    if hasattr(fact, "id"):
        yield fact.id
    if isinstance(fact, Observation) and isinstance(fact.body, LogEvents):
        yield from (f"{fact.id}+{offset}" for offset in fact.body.offsets)


def says_who_what_and_why(member: Declared, sample: Sample, _root: Path) -> None:
    """A finding carries kind, grade, sentence and the origin of its facts, and is not of the future."""
    if package_of(member) != "detectors":
        return
    newest, origins = float("-inf"), set[str]()
    running = _fresh(member, sample)
    for fact in sample.alarm:
        newest = max(newest, fact.at)
        origins.add(fact.origin)
        for said in running.feed(fact):
            if problem := _incomplete(member, said, newest, origins):
                raise broken(member, f"a finding {problem}.")


def _incomplete(member: Declared, said: Fact, newest: float, origins: set[str]) -> str:
    if said.origin not in origins:
        return "has another origin than its facts: pass fact.origin on"
    if said.at > newest:
        return "is dated after all facts: use fact.at"
    if not isinstance(said, Finding):
        return ""
    if said.kind != member.kind or said.detector != member.kind:
        return f"must have kind and detector {member.kind!r}"
    if said.grade not in member.default_nats:
        return f"has grade {said.grade!r}, for which default_nats has no weight"
    return "" if said.because.strip().endswith(".") and said.subject else "must say about whom, and why, in a sentence"


def speaks_and_is_silent(member: Declared, sample: Sample, _root: Path) -> None:
    """It says something on its alarm sample and finds nothing on the benign one."""
    package = package_of(member)
    if package == "sources":
        return
    if not sample.alarm or (package == "detectors" and not sample.benign):
        raise broken(member, "give it samples: ALARM, on which it must speak, and BENIGN, on which it must not.")
    if package == "perceivers":
        if not any(one.readings for one in _perceived(start(member, sample.resources), sample.alarm)):
            raise broken(member, "it makes nothing of its sample readings.")
        return
    if not _said(_fresh(member, sample), sample.alarm):
        raise broken(member, "it is silent on its own alarm sample.")
    loud = [one for one in _said(_fresh(member, sample), sample.benign) if isinstance(one, Finding | Proposal)]
    if loud:
        raise broken(member, f"it speaks on its benign sample: {loud[0].because}")


def bears_disorder(member: Declared, sample: Sample, _root: Path) -> None:
    """Late, doubled and missing facts raise nothing; doubled ones are no news."""
    if not _is_fold(member):
        return
    facts = list(sample.alarm)
    shuffled = Random(7).sample(facts, len(facts))  # noqa: S311  # the same disorder every time
    for name, disorder in {
        "reversed": facts[::-1],
        "shuffled": shuffled,
        "late": [replace(fact, late=True) if isinstance(fact, Observation) else fact for fact in facts],
        "without its first half": facts[len(facts) // 2 :],
        "with every third missing": [fact for n, fact in enumerate(facts) if n % 3],
    }.items():
        try:
            _said(_fresh(member, sample), disorder)
        except _BREAKS as error:
            raise broken(member, f"it breaks when its sample is {name}: {error!r}.") from error
    _doubled(member, sample, facts)


def _doubled(member: Declared, sample: Sample, facts: list[Any]) -> None:
    once = {said.id for said in _said(_fresh(member, sample), facts) if isinstance(said, Finding)}
    for twice in ([fact for fact in facts for _ in range(2)], [*facts, *facts]):
        again = {said.id for said in _said(_fresh(member, sample), twice) if isinstance(said, Finding)}
        if again - once:
            raise broken(member, "doubled facts make new findings: derive the id from key and window, not from counts.")


def keeps_its_state_small(member: Declared, sample: Sample, _root: Path) -> None:
    """Ever new values for one key do not grow its state without end."""
    if package_of(member) != "detectors" or not sample.alarm:
        return
    running = _fresh(member, sample)
    half = _size(running, _flood(sample.alarm, 0, _FLOOD))
    full = _size(running, _flood(sample.alarm, _FLOOD, 3 * _FLOOD))
    if full > STATE_BYTES_MAX or full > 1.25 * half + 4_096:
        raise broken(
            member,
            f"its state grows: {half} bytes after {_FLOOD} facts, {full} after {3 * _FLOOD}. "
            "Bound every list and mapping in it by a named limit.",
        )


def _size(running: Folding, facts: Iterator[Any]) -> int:
    for fact in facts:
        running.feed(fact)
    return max((len(_encode(state)) for state in running.states.values()), default=0)


def _flood(facts: Sequence[Any], first: int, last: int) -> Iterator[Any]:
    """The sample again and again, later each time, every other round with other words in its bodies."""
    lasting_s = max(fact.at for fact in facts) - min(fact.at for fact in facts) + 60.0
    for n in range(first, last):
        fact, turn = facts[n % len(facts)], n // len(facts)
        later: dict[str, Any] = {"at": fact.at + turn * lasting_s}
        if isinstance(fact, Observation):
            later |= {"seq": fact.seq + 1_000_000 * turn, "body": _other_words(fact.body, turn if turn % 2 else 0)}
        yield replace(fact, **later)


def _other_words(body: Body, turn: int) -> Body:
    if not turn:
        return body
    return replace(body, **{name: _other(getattr(body, name), turn) for name in body.__struct_fields__})


def _other(value: Value, turn: int) -> Value:
    """The same value with each text in it made new; numbers, and words that formats fix, stay."""
    if isinstance(value, dict):
        fixed = {"event_type"}
        return {name: one if name in fixed else _other(one, turn) for name, one in value.items()}
    if isinstance(value, tuple):
        return tuple(_other(one, turn) for one in value)
    if isinstance(value, str) and value.count(".") == 3 and value.replace(".", "").isdigit():
        return f"10.{turn // 62_500 % 250}.{turn // 250 % 250}.{turn % 250}"
    return f"{value}-{turn}" if isinstance(value, str) and value not in {"eve", "zeek-tsv", "zeek-json"} else value


_watching = threading.local()
_FORBIDDEN_EVENTS = ("open", "socket.", "subprocess.", "os.", "shutil.", "sqlite3.", "urllib.", "http.")


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    noted = getattr(_watching, "noted", None)
    if noted is not None and event.startswith(_FORBIDDEN_EVENTS):
        noted.append(f"{event} {arguments[0] if arguments else ''}".strip())


@contextmanager
def _noting() -> Iterator[list[str]]:
    """Note what this thread does to the world outside."""
    if not getattr(_audit, "hooked", False):
        sys.addaudithook(_audit)
        _audit.hooked = True  # type: ignore[attr-defined]  # an audit hook can never be removed: add one
    _watching.noted = []
    try:
        yield _watching.noted
    finally:
        _watching.noted = None


def does_nothing_outside(member: Declared, sample: Sample, _root: Path) -> None:
    """While it folds, it opens no file and no socket and starts no process (imports are done before)."""
    if package_of(member) == "sources":
        return
    stage = start(member, sample.resources)
    for last in (False, True):
        with _noting() as noted:
            if package_of(member) == "perceivers":
                _perceived(stage, sample.alarm)
            else:
                _said(Folding(stage, member.key), sample.alarm)
        if last and noted:
            raise broken(member, f"it reaches outside while folding ({noted[0]}): do that in start().")


def tells_no_more_than_it_needs(member: Declared, sample: Sample, _root: Path) -> None:
    """Samples are of the declared level at most, and what a perceiver lets out is not higher than what came."""
    for fact in (*sample.alarm, *sample.benign):
        if isinstance(fact, Observation) and fact.level > member.needs:
            raise broken(member, f"its sample holds level {fact.level.name}, above what it declares to need.")
    if package_of(member) != "perceivers":
        return
    for reading, perceived in zip(sample.alarm, _perceived(start(member, sample.resources), sample.alarm), strict=True):
        if not isinstance(reading, Reading):
            raise broken(member, "its samples must be readings.")
        for out in perceived.readings:
            if type(out.body).level > min(type(reading.body).level, member.needs) or out.origin is not reading.origin:
                raise broken(member, f"lets {type(out.body).__name__} out above the level that it took in or declared.")


def batch_equals_fold(member: Declared, sample: Sample, _root: Path) -> None:
    """`steps` over a batch says what `step` says fact by fact, within the member's `tolerance` for numbers."""
    if not _is_fold(member) or not hasattr(start(member, sample.resources), "steps"):
        return
    running, stage = _fresh(member, sample), start(member, sample.resources)
    singly: dict[str, list[Any]] = {}
    batches: dict[str, list[Any]] = {}
    for fact in sample.alarm:
        key = member.key(fact)
        batches.setdefault(key, []).append(fact)
        singly.setdefault(key, []).extend(running.feed(fact))
    for key, batch in batches.items():
        said = list(stage.steps(None, batch)[1])
        if not _alike(msgspec.to_builtins(said), msgspec.to_builtins(singly[key]), getattr(member, "tolerance", 0.0)):
            raise broken(member, "steps and step differ: make the batch equal to the fold, or declare its tolerance.")


def _alike(a: Value, b: Value, tolerance: float) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(a[name], b[name], tolerance) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_alike(x, y, tolerance) for x, y in zip(a, b, strict=True))
    return bool(a == b)


DECLARATION: tuple[Check, ...] = (
    is_a_frozen_declaration,
    has_a_kind_in_its_family,
    is_not_of_the_never_built,
    asks_for_no_more_than_it_needs,
    weighs_every_grade_modestly,
    has_a_page,
    has_a_runnable_example,
    reads_no_clock_and_no_file,
)
"""Checks that look at the declaration alone."""

BEHAVIOUR: tuple[Check, ...] = (
    same_in_same_out,
    cold_equals_warm,
    snapshot_continues_alike,
    cites_only_what_it_saw,
    says_who_what_and_why,
    speaks_and_is_silent,
    bears_disorder,
    keeps_its_state_small,
    does_nothing_outside,
    tells_no_more_than_it_needs,
    batch_equals_fold,
)
"""Checks that run the member on its samples."""

ALL: tuple[Check, ...] = DECLARATION + BEHAVIOUR


def check(member: Declared, sample: Sample, root: Path) -> list[str]:
    """Run every check; the messages of those that failed, none for a sound member."""
    problems = []
    for one in ALL:
        try:
            one(member, sample, root)
        except TocsinError as error:
            problems.append(f"{one.__name__}: {error}")
        except _BREAKS as error:
            problems.append(f"{one.__name__}: it breaks: {error!r}")
    return problems
