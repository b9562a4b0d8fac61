"""All rules of one lane at work: one look at each value of a row, then only the rules that this wakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import getitem, itemgetter
from typing import TypeAlias

from msgspec import Struct

from tocsin.sigma.conditions import Builder, Condition
from tocsin.sigma.evaluating import Evaluator
from tocsin.sigma.rule import Atom, Rule
from tocsin.sigma.scanning import CODE_SIGNS, Found, Memo, Scan
from tocsin.sigma.sought import Sought
from tocsin.sigma.taxonomy import MARKS, Lane, Reader, Row, Taxonomy, Value, leaves, marks_of, word_of
from tocsin.sigma.witnesses import Trigger, guessed

SHAPES_MAX = 1000
"""Sets of keys for which it is remembered where a row's fields lie."""
KEYS_MAX = 500
"""Keys that no field covers whose values are remembered, where keywords are looked for."""
LESSON_ROWS, LESSONS_APART = 256, 16
"""How many rows are counted to learn which texts are rare, and how many times as many pass until the next."""
HOT_SHARE = 0.01
"""A rule that is woken by more of the rows than this is given something rarer, if there is any."""
DOUBT_ROWS = 32
"""How many rows a guess weighs against what was counted."""
_TEXTUAL = frozenset({str, int})
_PLAIN = frozenset({str, int, bool})

Pick: TypeAlias = Callable[[Row], tuple[Value, ...]]
"""What takes the values of some keys out of a row that has them."""


class Plan(Struct, frozen=True):
    """Where the fields of rows with certain keys lie: at a key, or wherever a reader finds them.

    Keywords are looked for with the fields; `spoken` are the keys that are left for them, and
    `rest` says whether anything is left to do once the keyed fields are done.
    """

    keyed: Pick
    memos: tuple[Memo, ...]
    read: tuple[tuple[Reader, Memo], ...]
    marked: bool
    spoken: Pick
    rest: bool


class Program:
    """The rules that are tried on one lane's rows. Conditions are built when their rule first wakes."""

    def __init__(self, rules: Sequence[tuple[int, Rule]], taxonomy: Taxonomy, lane: Lane) -> None:
        self._lane = lane
        self._rules = dict(rules)
        self._sought = Sought(self._rules, taxonomy, lane)
        evaluator = Evaluator(taxonomy, lane)
        self._builder = Builder(self._sought.number, self._sought.text, lane.reader, evaluator.atom)
        self._conditions: dict[int, Condition] = {}
        self._seen = self._counted = 0
        self._lesson = 1
        self._counts: Counter[int] = Counter()
        self._keywords = self._sought.scan("") if "" in self._sought.fields else None
        self._memos = {field: self._memo(self._sought.scan(field)) for field in self._sought.fields if field}
        self._speech: dict[str, Memo] = {}
        self._marks = self._sought.marks()
        self._plans: dict[tuple[str, ...], Plan] = {}

    def row(self, row: Row) -> list[int]:
        """The numbers of the rules that hold for a row, in order."""
        self._seen += 1
        shape = tuple(row)
        plan = self._plans.get(shape) or self._planned(shape)
        try:
            entries = list(filter(None, map(getitem, plan.memos, plan.keyed(row))))
            if plan.rest:
                entries += self._rest(plan, row)
        except TypeError:  # a list or an object, which no memory holds
            entries = self._deep(plan, row)
        held: list[int] = []
        woken = list(self._sought.always)
        for found, wakes in entries:
            held += found
            if wakes:
                woken += wakes
        if self._seen >= self._lesson:
            self._count(held)
        return self._holding(set(held), set(woken), row) if woken else []

    def _rest(self, plan: Plan, row: Row) -> list[Found]:
        """What lies deeper, what admission said, and keywords; raises TypeError for a value that is no plain one."""
        entries = [memo.other(read(row)) for read, memo in plan.read] if plan.read else []
        if plan.marked:
            entries += [self._marks.get(digest) for digest in marks_of(row)]
        if self._keywords is not None and (texts := _texts(plan.spoken(row), codes=self._keywords.codes)):
            entries.append(self._keywords.values(texts))
        return [entry for entry in entries if entry]

    def _deep(self, plan: Plan, row: Row) -> list[Found]:
        """A row with lists or objects: elements are looked at one by one, keywords for in everything."""
        entries = [memo.other(value) for memo, value in zip(plan.memos, plan.keyed(row), strict=True)]
        entries += [memo.other(read(row)) for read, memo in plan.read]
        entries += [self._marks.get(digest) for digest in marks_of(row)]
        if self._keywords is not None:
            entries.append(self._keywords.values(leaves(row, self._sought.hidden)))
        return [entry for entry in entries if entry]

    def _holding(self, held: set[int], woken: set[int], row: Row) -> list[int]:
        conditions = self._conditions
        found = []
        for number in woken:
            condition = conditions.get(number) or self._built(number)
            if condition(held, row):
                found.append(number)
        found.sort()
        return found

    def _built(self, number: int) -> Condition:
        made = self._conditions[number] = self._builder.condition(self._rules[number].condition)
        return made

    # --- where fields lie ---

    def _planned(self, shape: tuple[str, ...]) -> Plan:
        """Where fields lie in rows of these keys; a reader is used only where keys alone cannot say."""
        if len(self._plans) >= SHAPES_MAX:
            self._plans.clear()
        keys = set(shape)
        keyed: list[tuple[str, Memo]] = []
        heard: set[str] = set()
        read: list[tuple[Reader, Memo]] = []
        for field, memo in self._memos.items():
            names = [name for name in self._lane.names(field) if name in keys or name.partition(".")[0] in keys]
            if len(names) == 1 and names[0] in keys:
                keyed.append((names[0], memo))
                heard |= {names[0]} if self._sought.hears(field) else set()
            elif names:
                read.append((self._lane.reader(field), memo))
        spoken = self._speaking(shape, heard, keyed) if self._keywords else []
        marked = bool(self._marks) and MARKS in keys
        memos = tuple(memo for _name, memo in keyed)
        plan = Plan(
            _picking([name for name, _memo in keyed]),
            memos,
            tuple(read),
            marked,
            _picking(spoken),
            bool(read or marked or spoken),
        )
        self._plans[shape] = plan
        return plan

    def _speaking(self, shape: tuple[str, ...], heard: set[str], keyed: list[tuple[str, Memo]]) -> list[str]:
        """Share out the keys in which no field's search hears keywords: some are remembered, others read together."""
        together = []
        for name in shape:
            if name in heard or name in self._sought.hidden:
                continue
            memo = self._speech[name] if name in self._speech else self._remembered(name)
            if memo is None or memo.is_vain():
                together.append(name)
            else:
                keyed.append((name, memo))
        return together

    def _remembered(self, name: str) -> Memo | None:
        if self._keywords is None or len(self._speech) >= KEYS_MAX:
            return None
        made = self._speech[name] = self._memo(self._keywords)
        return made

    def _memo(self, scan: Scan) -> Memo:
        return Memo(scan, lambda: self._seen)

    # --- learning ---

    def _count(self, held: list[int]) -> None:
        """Learn from some rows which texts are rare here, and which fields never repeat themselves."""
        self._counts.update(set(held))
        self._counted += 1
        if self._counted % LESSON_ROWS == 0:
            self._lesson = self._seen * LESSONS_APART
            lean = frozenset(field for field, memo in self._memos.items() if memo.is_vain())
            hot = [number for number, count in self._counts.items() if count > HOT_SHARE * self._counted]
            self._sought.assign(self._learned, self._sought.woken_by(hot), lean)
            self._conditions.clear()
            self._plans.clear()
            self._marks = self._sought.marks()
            for field in self._sought.fields:
                if field and field not in self._memos:
                    self._memos[field] = self._memo(self._sought.scan(field))
            for field, memo in self._memos.items():
                memo.look_for(self._sought.scan(field))
            if self._keywords is not None:
                self._keywords = self._sought.scan("")
                for memo in self._speech.values():
                    memo.look_for(self._keywords)

    def _learned(self, trigger: Trigger) -> float:
        if isinstance(trigger, Atom):
            return guessed(trigger)
        counted = self._counts[self._sought.numbers[trigger]]
        return float((guessed(trigger) * DOUBT_ROWS + counted) / (DOUBT_ROWS + self._counted))


def _texts(values: tuple[Value, ...], *, codes: bool) -> list[str]:
    """The texts of some values; without `codes` such as numbers and GUIDs, where no keyword can stand in one."""
    kinds = set(map(type, values))
    if codes and kinds <= _TEXTUAL:
        return [value for value in values if value.__class__ is str and value.strip(CODE_SIGNS)]
    if kinds <= _PLAIN:
        return list(map(str, values))
    words = [word_of(value) for value in values]
    if any(word is None and value is not None for word, value in zip(words, values, strict=True)):
        raise TypeError  # a list or an object
    return [word for word in words if word is not None]


def _picking(names: Sequence[str]) -> Pick:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: tuple([row[name] for name in names])
