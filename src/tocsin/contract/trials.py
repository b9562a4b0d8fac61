"""How a member is tried: run over facts, in disorder, in a flood of new values, and watched from outside."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import singledispatch
from math import isclose
from random import Random
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from tocsin.contract.bodies import LogEvents
from tocsin.contract.declared import Declared, Sample, package_of
from tocsin.contract.folding import Folding
from tocsin.contract.protocols import Remembers
from tocsin.contract.walk import start
from tocsin.model import Body, Finding, Observation

Value: TypeAlias = Any
"""A value inside a fact, of whatever type its body declares."""

_FIXED = frozenset({"event_type", "log", "proto", "conn_state", "eve", "zeek", "zeek-tsv", "zeek-json"})
_OUTSIDE = ("open", "socket.", "subprocess.", "os.", "shutil.", "sqlite3.", "urllib.", "http.")


@dataclass
class Perceiving:
    """A running perceiver, fed like a fold; its states are what it remembers of each source."""

    stage: Any
    states: dict[str, Any]

    def feed(self, reading: Value) -> list[Any]:
        """What it makes of one reading."""
        if not isinstance(self.stage, Remembers):
            return [self.stage.perceive(reading)]
        self.states[reading.source], perceived = self.stage.look(self.states.get(reading.source), reading)
        return [perceived]


def fresh(member: Declared, sample: Sample) -> Folding | Perceiving:
    """The member, newly started."""
    stage = start(member, sample.resources)
    return Perceiving(stage, {}) if package_of(member) == "perceivers" else Folding(stage, member.key)


def said(running: Folding | Perceiving, facts: Sequence[Any]) -> list[Any]:
    """All that it says about these facts, in order."""
    return [one for fact in facts for one in running.feed(fact)]


def ids(fact: Value) -> Iterator[str]:
    """What may be cited of a fact: its id, those of the rows that it carries, and what it cites itself."""
    if hasattr(fact, "id"):
        yield fact.id
    if isinstance(fact, Finding):
        yield from fact.evidence
    if isinstance(getattr(fact, "body", None), LogEvents):
        yield from (f"{fact.id}+{offset}" for offset in fact.body.offsets)


def disorders(facts: Sequence[Any]) -> dict[str, list[Any]]:
    """The facts as they may arrive on a bad day, by what is wrong with them."""
    return {
        "reversed": list(facts[::-1]),
        "shuffled": Random(7).sample(facts, len(facts)),  # noqa: S311  # the same disorder every time
        "late": [replace(fact, late=True) if isinstance(fact, Observation) else fact for fact in facts],
        "without its first half": list(facts[len(facts) // 2 :]),
        "with every third missing": [fact for n, fact in enumerate(facts) if n % 3],
    }


def flood(facts: Sequence[Any], first: int, last: int) -> Iterator[Any]:
    """The facts again and again, later each time, every other round with other words in their bodies."""
    times = [fact.at for fact in facts]
    lasting_s = max(times) - min(times) + 60.0
    for n in range(first, last):
        fact, turn = facts[n % len(facts)], n // len(facts)
        yield _later(fact, fact.at + turn * lasting_s, turn)


def _later(fact: Value, at: float, turn: int) -> Value:
    if not isinstance(fact, Observation):
        return replace(fact, at=at)
    body: Body = fact.body
    if turn % 2:
        body = replace(body, **{name: _other(getattr(body, name), turn) for name in body.__struct_fields__})
    return replace(fact, at=at, seq=fact.seq + 1_000_000 * turn, body=body)


@singledispatch
def _other(value: Value, turn: int) -> Value:  # noqa: ARG001  # a number stays what it is
    """The same value with each text in it made new."""
    return value


@_other.register
def _(value: dict, turn: int) -> Value:  # type: ignore[type-arg]  # dispatch needs the bare class
    return {name: one if name in _FIXED else _other(one, turn) for name, one in value.items()}


@_other.register
def _(value: tuple, turn: int) -> Value:  # type: ignore[type-arg]  # as above
    return tuple(_other(one, turn) for one in value)


@_other.register
def _(value: str, turn: int) -> Value:
    if value.count(".") == 3 and value.replace(".", "").isdigit():
        return f"10.{turn // 62_500 % 250}.{turn // 250 % 250}.{turn % 250}"
    return value if value in _FIXED else f"{value}-{turn}"


def state_bytes(running: Folding | Perceiving, facts: Iterator[Any]) -> int:
    """The size of its largest state after these facts, encoded."""
    for fact in facts:
        running.feed(fact)
    return max((len(msgspec.msgpack.encode(state)) for state in running.states.values()), default=0)


_watching = threading.local()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    noted = getattr(_watching, "noted", None)
    if noted is not None and event.startswith(_OUTSIDE):
        noted.append(f"{event} {arguments[0] if arguments else ''}".strip())


_hook: list[Callable[..., None]] = []


@contextmanager
def noting() -> Iterator[list[str]]:
    """Note what this thread does to files, sockets and processes meanwhile."""
    if not _hook:
        _hook.append(_audit)
        sys.addaudithook(_audit)  # it can never be removed, so it is added once
    _watching.noted = []
    try:
        yield _watching.noted
    finally:
        _watching.noted = None


def alike(a: Value, b: Value, tolerance: float) -> bool:
    """Whether two plain values are equal, numbers within a tolerance (relative and absolute)."""
    if type(a) is not type(b):
        return False
    match a:
        case float():
            return isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
        case dict():
            return a.keys() == b.keys() and all(alike(a[name], b[name], tolerance) for name in a)
        case list():
            return len(a) == len(b) and all(map(lambda x, y: alike(x, y, tolerance), a, b))
    return bool(a == b)
