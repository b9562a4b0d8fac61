"""All rules of one lane, compiled: what to look for in which field, which rules that wakes, what they then ask."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from tocsin.sigma.conditions import Builder, Condition
from tocsin.sigma.evaluating import ROW_WISE, Evaluator
from tocsin.sigma.literals import Text, exact, needed
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Named, Node, Not, Rule
from tocsin.sigma.scanning import Entry, Memo, Scan
from tocsin.sigma.taxonomy import MARKS, Lane, Reader, Row, Taxonomy, leaves, word_of
from tocsin.sigma.witnesses import Share, Trigger, Triggers, guessed, witness

SHAPES_MAX = 1000
"""Sets of keys for which it is remembered where a row's fields lie."""
LESSON_ROWS, LESSONS_APART = 256, 16
"""How many rows are counted to learn which texts are rare, and how many times as many pass until the next."""
_NESTED = frozenset({dict, list, tuple})
DOUBT_ROWS = 32
"""How many rows a guess weighs against what was counted."""


class Plan(Struct, frozen=True):
    """Where the fields of rows with certain keys lie: at a key, or wherever a reader finds them.

    Keywords are looked for with the fields; `spoken` are the keys that no field covers, and `rest`
    says whether anything is left to do once the keyed fields are done.
    """

    keyed: tuple[tuple[str, Memo], ...]
    read: tuple[tuple[Reader, Memo], ...]
    spoken: tuple[str, ...]
    rest: bool


class Program:
    """The rules that are tried on one lane's rows. Conditions are built when their rule first wakes."""

    def __init__(self, rules: Sequence[tuple[int, Rule]], taxonomy: Taxonomy, lane: Lane) -> None:
        self._lane = lane
        self._taxonomy = taxonomy
        self._evaluator = Evaluator(taxonomy, lane)
        self._hidden = taxonomy.hidden(lane)
        self._rules = dict(rules)
        self._numbers: dict[Trigger, int] = {}
        self._builder = Builder(self._number, self._evaluator.atom)
        self._conditions: dict[int, Condition] = {}
        self._needs: dict[str, Triggers] = {}
        self._wakes: defaultdict[int, set[int]] = defaultdict(set)
        self._wakers: frozenset[int] = frozenset()
        self._always: set[int] = set()
        self._marks: dict[str, Entry] = {}
        self._seen = self._counted = 0
        self._lesson = 1
        self._counts: Counter[int] = Counter()
        for _number, rule in rules:
            self._enter(rule.condition)
        scans = self._scans()
        self._keywords = scans.pop("", None)
        self._memos = {field: Memo(scan, lambda: self._seen) for field, scan in scans.items()}
        self._assign(guessed)
        self._plans: dict[tuple[str, ...], Plan] = {}

    def row(self, row: Row) -> list[int]:
        """The numbers of the rules that hold for a row, in order."""
        self._seen += 1
        shape = tuple(row)
        plan = self._plans.get(shape) or self._planned(shape)
        held: list[int] = []
        woken = list(self._always)
        for key, memo in plan.keyed:
            value = row[key]
            entry = memo[value] if value.__class__ is str else memo.other(value)
            if entry is not None:
                held += entry[0]
                woken += entry[1]
        if plan.rest:
            self._rest(plan, row, held, woken)
        if self._seen >= self._lesson:
            self._count(held)
        return self._holding(set(held), set(woken), row) if woken else []

    def _rest(self, plan: Plan, row: Row, held: list[int], woken: list[int]) -> None:
        """What lies deeper, what admission said, and keywords."""
        entries = [memo.other(read(row)) for read, memo in plan.read]
        entries += [self._marks.get(digest) for digest in row.get(MARKS, ())]
        if self._keywords is not None:
            entries.append(self._keywords.values(self._spoken(plan, row)))
        for entry in entries:
            if entry is not None:
                held += entry[0]
                woken += entry[1]

    def _spoken(self, plan: Plan, row: Row) -> list[str]:
        """The texts in which keywords are still to be looked for: of keys that no field covers, and within objects."""
        texts = [word for key in plan.spoken if (word := word_of(row[key])) is not None]
        if not _NESTED.isdisjoint(map(type, row.values())):
            for key, value in row.items():
                if isinstance(value, dict | list | tuple) and key not in self._hidden:
                    texts.extend(leaves(value, self._hidden, f"{key}."))
        return texts

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

    def _planned(self, shape: tuple[str, ...]) -> Plan:
        """Where fields lie in rows of these keys; a reader is used only where keys alone cannot say."""
        if len(self._plans) >= SHAPES_MAX:
            self._plans.clear()
        keys = set(shape)
        hidden = self._hidden
        keyed: list[tuple[str, Memo]] = []
        read: list[tuple[Reader, Memo]] = []
        for field, memo in self._memos.items():
            names = [name for name in self._lane.names(field) if name in keys or name.partition(".")[0] in keys]
            if len(names) == 1 and names[0] in keys:
                keyed.append((names[0], memo))
            elif names:
                read.append((self._lane.reader(field), memo))
        covered = {name for name, _memo in keyed}
        spoken = tuple(name for name in shape if name not in covered and name not in hidden)
        rest = bool(read or self._keywords is not None or (self._marks and MARKS in keys))
        plan = self._plans[shape] = Plan(tuple(keyed), tuple(read), spoken, rest)
        return plan

    # --- compiling ---

    def _enter(self, condition: Node) -> None:
        """Number all that a condition looks for."""
        for atom in _atoms(condition):
            for trigger in self._needed(atom):
                self._numbers.setdefault(trigger, len(self._numbers))

    def _assign(self, share: Share) -> None:
        """Choose what wakes each rule; what was remembered of it is forgotten."""
        self._wakes.clear()
        self._always.clear()
        for number, rule in self._rules.items():
            triggers = witness(rule.condition, self._needed, share)
            if triggers is None:
                self._always.add(number)
            for trigger in triggers or ():
                self._wakes[self._numbers[trigger]].add(number)
        self._wakers = frozenset(self._wakes)
        digests = [(digest, number) for digest, number in self._numbers.items() if isinstance(digest, str)]
        self._marks = {digest: self._entry(number) for digest, number in digests}
        for memo in self._memos.values():
            memo.forget()

    def _count(self, held: list[int]) -> None:
        """Learn from some rows which texts are rare here: a rule is better woken by those."""
        self._counts.update(set(held))
        self._counted += 1
        if self._counted % LESSON_ROWS == 0:
            self._lesson = self._seen * LESSONS_APART
            self._assign(self._learned)

    def _learned(self, trigger: Trigger) -> float:
        counted = self._counts[self._numbers[trigger]]
        return (guessed(trigger) * DOUBT_ROWS + counted) / (DOUBT_ROWS + self._counted)

    def _needed(self, atom: Atom) -> Triggers:
        known = self._needs.get(atom.digest)
        if known is None:
            known = self._needs[atom.digest] = self._needed_by(atom)
        return known

    def _needed_by(self, atom: Atom) -> Triggers:
        if self._is_marked(atom):
            return frozenset([atom.digest])
        if not atom.field and self._taxonomy.personal:  # it may stand in a name: admission's word counts as well
            texts = needed(atom)
            return frozenset([*texts, atom.digest]) if texts else frozenset()
        return needed(atom)

    def _number(self, atom: Atom) -> int | None:
        """The number that tells whether an atom holds, where one alone does."""
        if self._is_marked(atom):
            return self._numbers[atom.digest]
        text = exact(atom)
        alone = text is not None and (atom.field or not self._taxonomy.personal)
        return self._numbers[text] if alone and text is not None else None

    def _is_marked(self, atom: Atom) -> bool:
        if atom.operator in ROW_WISE or not atom.field:
            return False
        return self._taxonomy.is_personal(self._lane, atom.field)

    def _scans(self) -> dict[str, Scan]:
        by_field: defaultdict[str, dict[Text, int]] = defaultdict(dict)
        for trigger, number in self._numbers.items():
            if isinstance(trigger, Text):
                by_field[trigger.field][trigger] = number
        keywords = by_field.get("", {})
        for field, texts in by_field.items():
            if field and not any(self._is_hidden(name) for name in self._lane.names(field)):
                texts.update(keywords)
        return {field: Scan(texts, self._waking) for field, texts in by_field.items()}

    def _is_hidden(self, name: str) -> bool:
        steps = name.split(".")
        return any(".".join(steps[:number]) in self._hidden for number in range(1, len(steps) + 1))

    def _waking(self, numbers: Iterable[int]) -> tuple[int, ...]:
        waking = self._wakers.intersection(numbers)
        return tuple({rule for number in waking for rule in self._wakes[number]}) if waking else ()

    def _entry(self, number: int) -> Entry:
        return (number,), self._waking([number])


def _atoms(node: Node) -> Iterable[Atom]:
    match node:
        case Atom():
            yield node
        case Not(part=part):
            yield from _atoms(part)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _atoms(part)
        case Named():
            return
