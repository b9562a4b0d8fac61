"""Perceivers in their order: what a source delivered becomes what may leave admission, memory by memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from tocsin.contract.protocols import LooksAtMany, Perceived, Perceiver, Remembers, Wanted
from tocsin.model import Body, ContractBroken, Level, Reading, tag_of

INSIDE = Level.CLEAR
"""From this level up a body stays inside admission: it is for other perceivers, not for anybody else."""


def inside(body: type[Body]) -> bool:
    """Whether a body never leaves admission. What is made for a clearance may, while that runs."""
    return body.level >= INSIDE and not body.under_clearance


@dataclass(slots=True)
class Seen:
    """What came of one reading: what may leave, what could not be read, how much was withheld by level.

    `several`: bodies of more than one class may come of it, and each class then has a numbering of its own.
    """

    several: bool = False
    readings: list[Reading[Any]] = field(default_factory=list)
    rejected: list[tuple[bytes, str]] = field(default_factory=list)
    withheld: int = 0


class Perception:
    """Runs perceivers one behind the other. One thread; memories by perceiver and source."""

    def __init__(self, perceivers: Iterable[Perceiver]) -> None:
        self._by_body: dict[type[Body], list[Perceiver]] = {}
        self._memories: dict[tuple[str, str], Any] = {}
        self._names: dict[int, str] = {}
        self._spent: dict[str, float] = {}
        self.put(perceivers)

    def put(self, perceivers: Iterable[Perceiver]) -> None:
        """Put running perceivers in place, each instead of an earlier running form of its own."""
        for one in perceivers:
            self._names[id(one)] = name = _name_of(one)
            for body in one.accepts:
                others = [known for known in self._by_body.get(body, []) if _name_of(known) != name]
                self._by_body[body] = [*others, one]
        self._refuse_circles()

    def takes(self, body: type[Body]) -> bool:
        """Whether any perceiver accepts it."""
        return body in self._by_body

    def graded(self, body: type[Body]) -> bool:
        """Whether bodies of different levels come of it, so that less may be given where less is allowed."""
        return len(self._levels(body)) > 1

    def heed(self, wanted: Wanted) -> None:
        """Tell every perceiver that can share its computing what is wanted of a source."""
        for one in {id(one): one for many in self._by_body.values() for one in many}.values():
            heed = getattr(one, "heed", None)
            if heed is not None:
                heed(wanted)

    def pace(self, body: type[Body], share: float) -> None:
        """Tell those that make this body and share their computing which part of it can be had at the moment."""
        for one in self._makers(body):
            pace = getattr(one, "pace", None)
            if pace is not None:
                pace(share)

    def perceive(self, reading: Reading[Any], level_max: Level = Level.REDACTED) -> Seen:
        """All that comes of one reading, at most of that level."""
        return self.perceive_many([(reading, level_max)])[0]

    def perceive_many(self, asked: Sequence[tuple[Reading[Any], Level]]) -> list[Seen]:
        """The same for readings of several sources (one of each), where perceivers are faster together."""
        answers = [Seen(several=len(self._ends(type(reading.body))) > 1) for reading, _ in asked]
        wave = [(index, reading) for index, (reading, _) in enumerate(asked)]
        limits = [level_max for _, level_max in asked]
        while wave:
            wave = self._wave(wave, limits, answers)
        return answers

    def _wave(
        self, wave: list[tuple[int, Reading[Any]]], limits: list[Level], answers: list[Seen]
    ) -> list[tuple[int, Reading[Any]]]:
        """One depth of perceivers; gives what other perceivers shall still look at."""
        further: list[tuple[int, Reading[Any]]] = []
        for body in dict.fromkeys(type(reading.body) for _, reading in wave):
            group = [(index, reading) for index, reading in wave if type(reading.body) is body]
            for perceiver in self._by_body.get(body, ()):
                wanted = [pair for pair in group if self._may_give(perceiver, limits[pair[0]])]
                for (index, _), perceived in zip(wanted, self._timed(perceiver, wanted), strict=True):
                    answers[index].rejected.extend(perceived.rejected)
                    for one in perceived.readings:
                        further.extend(self._sorted(index, one, limits[index], answers[index]))
        return further

    def _sorted(
        self, index: int, reading: Reading[Any], level_max: Level, answer: Seen
    ) -> list[tuple[int, Reading[Any]]]:
        """Let out what may leave, keep what is for other perceivers; in doubt it stays."""
        body = type(reading.body)
        goes_on = [(index, reading)] if self.takes(body) else []
        if inside(body):
            if not goes_on:
                answer.withheld += 1
        elif body.level > level_max:
            answer.withheld += 1
        else:
            answer.readings.append(_numbered(reading) if answer.several else reading)
        return goes_on

    def spent_s(self, body: type[Body]) -> float:
        """Seconds spent so far by those perceivers that make this body."""
        return sum(self._spent.get(self._names[id(one)], 0.0) for one in self._makers(body))

    def _makers(self, body: type[Body]) -> list[Perceiver]:
        return [*{id(one): one for many in self._by_body.values() for one in many if body in one.gives}.values()]

    def _timed(self, perceiver: Perceiver, wanted: list[tuple[int, Reading[Any]]]) -> Sequence[Perceived]:
        began = perf_counter()
        looked = self._looked(perceiver, wanted)
        name = self._names[id(perceiver)]
        self._spent[name] = self._spent.get(name, 0.0) + perf_counter() - began
        return looked

    def _looked(self, perceiver: Perceiver, wanted: list[tuple[int, Reading[Any]]]) -> Sequence[Perceived]:
        if not wanted or not isinstance(perceiver, Remembers):
            return [perceiver.perceive(reading) for _, reading in wanted]
        name = self._names[id(perceiver)]
        seen = [(self._memories.get((name, reading.source)), reading) for _, reading in wanted]
        looked = (
            perceiver.look_at(seen)
            if isinstance(perceiver, LooksAtMany)
            else [perceiver.look(memory, reading) for memory, reading in seen]
        )
        for (_, reading), (memory, _) in zip(wanted, looked, strict=True):
            self._memories[name, reading.source] = memory
        return [perceived for _, perceived in looked]

    def _may_give(self, perceiver: Perceiver, level_max: Level) -> bool:
        """Whether anything of what it gives, or of what others make of that, may be observed."""
        return any(level <= level_max for body in perceiver.gives for level in self._leaves(body))

    def _leaves(self, body: type[Body]) -> set[Level]:
        """The levels of what comes out at the end where this body goes in."""
        own = set[Level]() if inside(body) else {body.level}
        return own | self._levels(body)

    def _levels(self, body: type[Body]) -> set[Level]:
        return {end.level for end in self._ends(body)}

    def _ends(self, body: type[Body]) -> set[type[Body]]:
        """What may leave of all that is made of this body."""
        given = {one for perceiver in self._by_body.get(body, ()) for one in perceiver.gives}
        return {one for one in given if not inside(one)} | {end for one in given for end in self._ends(one)}

    def _refuse_circles(self) -> None:
        for body in self._by_body:
            self._walk(body, ())

    def _walk(self, body: type[Body], path: tuple[type[Body], ...]) -> None:
        if body in path:
            names = " → ".join(one.__name__ for one in (*path, body))
            raise ContractBroken(f"Perceivers go round in a circle ({names}): one must not give what it takes.")
        for one in self._by_body.get(body, ()):
            for given in one.gives:
                self._walk(given, (*path, body))


def _name_of(perceiver: Perceiver) -> str:
    """Whose memory it is: its class with its module, since many running forms are called alike."""
    return f"{type(perceiver).__module__}.{type(perceiver).__qualname__}"


def _numbered(reading: Reading[Any]) -> Reading[Any]:
    """The reading in the numbering of its class: the log refuses for ever what has a number that it knows."""
    words = (reading.boot, tag_of(type(reading.body)).partition("/")[0])
    return replace(reading, boot="/".join(filter(None, words)))
