"""Checks of how a member behaves on its samples."""

from collections.abc import Callable
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from tocsin.contract import trials
from tocsin.contract.declared import Declared, Sample, broken, package_of
from tocsin.contract.protocols import Perceived
from tocsin.contract.walk import start, state_type
from tocsin.model import Fact, Finding, Observation, Proposal, Reading, TocsinError

STATE_BYTES_MAX = 2_000_000
"""Most that the state of one key may hold, encoded."""

FLOOD = 1_500
"""Facts after which the size of a state is compared with that after three times as many."""

BREAKS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TocsinError,
    TypeError,
    ValueError,
)
"""What a member raises when it breaks."""

_FOLDS = ("detectors", "fusion", "responders")
_FLOW = (*_FOLDS, "perceivers")

_Check = Callable[[Declared, Sample, Path], None]
_Trial = Callable[[Declared, Sample], None]
_encode = msgspec.msgpack.encode


def _of(*packages: str) -> Callable[[_Trial], _Check]:
    """Make a trial a check of the members of these packages: others pass."""

    def checking(trial: _Trial) -> _Check:
        @wraps(trial)
        def check(member: Declared, sample: Sample, _root: Path) -> None:
            if package_of(member) in packages:
                trial(member, sample)

        return check

    return checking


def _words(member: Declared, sample: Sample) -> bytes:
    return _encode(trials.said(trials.fresh(member, sample), sample.alarm))


@_of(*_FLOW)
def same_in_same_out(member: Declared, sample: Sample) -> None:
    """Two fresh runs over the same facts say the same, to the byte, and leave the facts as they were."""
    before = _encode(sample.alarm)
    if _words(member, sample) != _words(member, sample):
        raise broken(member, "two runs on the same facts differ: remove chance, clocks, sets and ids of objects.")
    if before != _encode(sample.alarm):
        raise broken(member, "it changes the facts it is given: copy what you keep.")


@_of(*_FLOW)
def cold_equals_warm(member: Declared, sample: Sample) -> None:
    """A stage that has run before says the same as a fresh one: all memory is in the state."""
    running = trials.fresh(member, sample)
    first = _encode(trials.said(running, sample.alarm))
    running.states = {}
    if first != _encode(trials.said(running, sample.alarm)):
        raise broken(member, "it remembers outside its state: move what it learned into the state that step returns.")


@_of(*_FOLDS)
def snapshot_continues_alike(member: Declared, sample: Sample) -> None:
    """A state that was encoded and decoded after every fact leads to the same words."""
    running = trials.fresh(member, sample)
    kind = state_type(running.stage)
    words: list[Any] = []
    for fact in sample.alarm:
        words += running.feed(fact)
        try:
            running.states = {key: _stored(state, kind) for key, state in running.states.items()}
        except (msgspec.MsgspecError, TypeError) as error:
            raise broken(member, f"its state cannot be stored and read back as {kind}: {error}.") from error
    if _encode(words) != _words(member, sample):
        raise broken(member, "it goes on differently after a snapshot: annotate the state fully and keep all in it.")


def _stored(state: Declared, kind: Declared) -> Declared:
    return None if state is None else msgspec.msgpack.decode(_encode(state), type=kind)


@_of("detectors")
def cites_only_what_it_saw(member: Declared, sample: Sample) -> None:
    """Every finding cites evidence, and only ids of facts (or rows) that came before it."""
    running, seen = trials.fresh(member, sample), set[str]()
    for fact in sample.alarm:
        seen.update(trials.ids(fact))
        for finding in _findings(running.feed(fact)):
            if not finding.evidence:
                raise broken(member, "a finding cites no evidence: cite fact.id.")
            if strangers := sorted(set(finding.evidence) - seen):
                raise broken(member, f"a finding cites {strangers[0]}, which it has not seen: cite fact.id.")


def _findings(facts: list[Any]) -> list[Finding]:
    return [fact for fact in facts if isinstance(fact, Finding)]


@_of("detectors")
def says_who_what_and_why(member: Declared, sample: Sample) -> None:
    """A finding carries kind, grade, sentence and the origin of its facts, and is not of the future."""
    newest, origins = float("-inf"), set[str]()
    running = trials.fresh(member, sample)
    for fact in sample.alarm:
        newest = max(newest, fact.at)
        origins.add(fact.origin)
        words = running.feed(fact)
        for word in words:
            _dated(member, word, newest, origins)
        for finding in _findings(words):
            _complete(member, finding)


def _dated(member: Declared, fact: Fact, newest: float, origins: set[str]) -> None:
    if fact.origin not in origins:
        raise broken(member, "what it says has another origin than its facts: pass fact.origin on.")
    if fact.at > newest:
        raise broken(member, "what it says is dated after all facts: use fact.at.")


def _complete(member: Declared, finding: Finding) -> None:
    if not finding.kind == finding.detector == member.kind:
        raise broken(member, f"a finding must have kind and detector {member.kind!r}.")
    if finding.grade not in member.default_nats:
        raise broken(member, f"a finding has grade {finding.grade!r}, for which default_nats has no weight.")
    if not finding.subject or not finding.because.strip().endswith("."):
        raise broken(member, "a finding must say about whom (subject), and why, in a sentence (because).")


@_of(*_FLOW)
def speaks_and_is_silent(member: Declared, sample: Sample) -> None:
    """It says something on its alarm sample and finds nothing on the benign one."""
    if not sample.alarm or (package_of(member) == "detectors" and not sample.benign):
        raise broken(member, "give it samples: ALARM, on which it must speak, and BENIGN, on which it must not.")
    words = trials.said(trials.fresh(member, sample), sample.alarm)
    if not any(getattr(word, "readings", True) for word in words):
        raise broken(member, "it is silent on its own alarm sample.")
    words = trials.said(trials.fresh(member, sample), sample.benign)
    if loud := [word for word in words if isinstance(word, Finding | Proposal)]:
        raise broken(member, f"it speaks on its benign sample: {loud[0].because}")


@_of(*_FOLDS)
def bears_disorder(member: Declared, sample: Sample) -> None:
    """Late, doubled and missing facts raise nothing; doubled ones are no news."""
    facts = list(sample.alarm)
    for name, disorder in trials.disorders(facts).items():
        try:
            trials.said(trials.fresh(member, sample), disorder)
        except BREAKS as error:
            raise broken(member, f"it breaks when its sample is {name}: {error!r}.") from error
    once = _finding_ids(member, sample, facts)
    each_twice = list(chain.from_iterable((fact, fact) for fact in facts))
    if (_finding_ids(member, sample, each_twice) | _finding_ids(member, sample, [*facts, *facts])) - once:
        raise broken(member, "doubled facts make new findings: derive the id from key and window, not from counts.")


def _finding_ids(member: Declared, sample: Sample, facts: list[Any]) -> set[str]:
    return {finding.id for finding in _findings(trials.said(trials.fresh(member, sample), facts))}


@_of("detectors")
def keeps_its_state_small(member: Declared, sample: Sample) -> None:
    """Ever new values for one key do not grow its state without end."""
    if not sample.alarm:
        raise broken(member, "give it an ALARM sample to be flooded with.")
    running = trials.fresh(member, sample)
    early = trials.state_bytes(running, trials.flood(sample.alarm, 0, FLOOD))
    late = trials.state_bytes(running, trials.flood(sample.alarm, FLOOD, 3 * FLOOD))
    if late > min(STATE_BYTES_MAX, 1.25 * early + 4_096):
        raise broken(
            member,
            f"its state grows: {early} bytes after {FLOOD} facts, {late} after {3 * FLOOD}. "
            "Bound every list and mapping in it by a named limit.",
        )


@_of(*_FLOW)
def does_nothing_outside(member: Declared, sample: Sample) -> None:
    """While it folds, it opens no file and no socket and starts no process (imports are done before)."""
    running = trials.fresh(member, sample)
    trials.said(running, sample.alarm)
    running.states = {}
    with trials.noting() as noted:
        trials.said(running, sample.alarm)
    if noted:
        raise broken(member, f"it reaches outside while folding ({noted[0]}): do that in start().")


@_of(*_FLOW)
def is_tried_on_what_it_needs(member: Declared, sample: Sample) -> None:
    """Its samples are of the declared level at most."""
    for fact in (*sample.alarm, *sample.benign):
        if isinstance(fact, Observation) and fact.level > member.needs:
            raise broken(member, f"its sample holds level {fact.level.name}, above what it declares to need.")


@_of("perceivers")
def lets_out_nothing_closer(member: Declared, sample: Sample) -> None:
    """What a perceiver lets out is of no higher level than what came in, and of the same origin."""
    running = trials.fresh(member, sample)
    for reading in sample.alarm:
        if not isinstance(reading, Reading):
            raise broken(member, "its samples must be readings.")
        allowed = min(type(reading.body).level, member.needs)
        words: list[Perceived] = trials.said(running, [reading])
        for out in (one for word in words for one in word.readings):
            if type(out.body).level > allowed or out.origin is not reading.origin:
                raise broken(member, f"lets {type(out.body).__name__} out above the level that it took in or declared.")


@_of(*_FOLDS)
def batch_equals_fold(member: Declared, sample: Sample) -> None:
    """`steps` over a batch says what `step` says fact by fact, within the member's `tolerance` for numbers."""
    stage = start(member, sample.resources)
    if not hasattr(stage, "steps"):
        return
    running, tolerance = trials.fresh(member, sample), getattr(member, "tolerance", 0.0)
    for key in sorted({member.key(fact) for fact in sample.alarm}):
        batch = [fact for fact in sample.alarm if member.key(fact) == key]
        singly, together = trials.said(running, batch), list(stage.steps(None, batch)[1])
        if not trials.alike(msgspec.to_builtins(together), msgspec.to_builtins(singly), tolerance):
            raise broken(member, "steps and step differ: make the batch equal to the fold, or declare its tolerance.")


ALL: tuple[_Check, ...] = (
    same_in_same_out,
    cold_equals_warm,
    snapshot_continues_alike,
    cites_only_what_it_saw,
    says_who_what_and_why,
    speaks_and_is_silent,
    bears_disorder,
    keeps_its_state_small,
    does_nothing_outside,
    is_tried_on_what_it_needs,
    lets_out_nothing_closer,
    batch_equals_fold,
)
"""Every check of behaviour."""
