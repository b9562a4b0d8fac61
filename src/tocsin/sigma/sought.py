"""What the rules of one lane look for: every text and mark numbered, and which of them wakes which rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tocsin.sigma.comparing import Test, comparison
from tocsin.sigma.evaluating import ROW_WISE
from tocsin.sigma.literals import LONG, Text, exact, needed
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Named, Node, Not, Rule
from tocsin.sigma.scanning import Entry, Scan
from tocsin.sigma.taxonomy import Lane, Taxonomy
from tocsin.sigma.witnesses import Share, Trigger, Triggers, guessed, witness


class Sought:
    """Texts to look for in fields, and digests that admission may leave; chosen ones wake rules.

    A field is lean once its values are hardly ever seen twice: then only what wakes a rule is
    looked for in it, and rules that woke ask for the rest themselves.
    """

    def __init__(self, rules: Mapping[int, Rule], taxonomy: Taxonomy, lane: Lane) -> None:
        self._rules = rules
        self._taxonomy = taxonomy
        self._lane = lane
        self._needs: dict[str, Triggers] = {}
        self._triggers: dict[int, Triggers | None] = {}
        self._scans: dict[str, tuple[tuple[frozenset[int], frozenset[int]], Scan]] = {}
        self._wakes: defaultdict[int, set[int]] = defaultdict(set)
        self._wakers: frozenset[int] = frozenset()
        self._lean: frozenset[str] = frozenset()
        self.numbers: dict[Trigger, int] = {}
        self.always: tuple[int, ...] = ()
        self.hidden = taxonomy.hidden(lane)
        for rule in rules.values():
            self._enter(rule.condition)
        self._texts = self._by_field()
        self._tests: dict[str, list[tuple[Test, int]]] = {}
        self.assign(guessed, rules, frozenset())

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields in which something is looked for; the empty one stands for keywords."""
        return tuple(dict.fromkeys((*self._texts, *self._tests)))

    def assign(self, share: Share, rules: Iterable[int], lean: frozenset[str]) -> None:
        """Choose anew what wakes some rules, and in which fields only what wakes a rule is looked for."""
        self._lean = lean
        for number in rules:
            for trigger in self._triggers.get(number) or ():
                self._wakes[self.numbers[trigger]].discard(number)
            self._triggers[number] = witness(self._rules[number].condition, self._needed, share)
            for trigger in self._triggers[number] or ():
                self._wakes[self.numbers[trigger]].add(number)
        self.always = tuple(number for number, triggers in self._triggers.items() if triggers is None)
        self._wakers = frozenset(number for number, woken in self._wakes.items() if woken)
        self._tests = self._tested()

    def woken_by(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """The rules that some texts wake."""
        waking = self._wakers.intersection(numbers)
        return tuple({rule for number in waking for rule in self._wakes[number]}) if waking else ()

    def scan(self, field: str) -> Scan:
        """What finds all that is looked for in a field; the same as before where that has not changed."""
        texts = self._texts.get(field, {})
        if field in self._lean:
            texts = {text: number for text, number in texts.items() if number in self._wakers or not text.field}
        tests = self._tests.get(field, [])
        wanted = (frozenset(texts.values()), frozenset(number for _test, number in tests))
        known = self._scans.get(field)
        if known is None or known[0] != wanted:
            known = self._scans[field] = (wanted, Scan(texts, tests, self.woken_by))
        known[1].refresh()
        return known[1]

    def hears(self, field: str) -> bool:
        """Whether keywords are looked for in a field together with its own texts."""
        return any(not text.field for text in self._texts.get(field, ()))

    def marks(self) -> dict[str, Entry]:
        """What a digest says that admission left in a row."""
        digests = [(digest, number) for digest, number in self.numbers.items() if isinstance(digest, str)]
        return {digest: ((number,), self.woken_by((number,))) for digest, number in digests}

    def number(self, atom: Atom) -> int | None:
        """The number that tells whether an atom holds, where one alone does."""
        if self._is_marked(atom):
            return self.numbers[atom.digest]
        text = exact(atom)
        if not atom.field and self._lane.personal:
            return None
        number = self.numbers.get(atom if text is None else text)
        everywhere = text is not None and atom.field not in self._lean
        return number if everywhere or number in self._wakers else None

    def text(self, atom: Atom) -> Text | None:
        """The text that says the same as an atom of a field that may be read."""
        return None if not atom.field or self._is_marked(atom) else exact(atom)

    def _enter(self, condition: Node) -> None:
        for atom in atoms_of(condition):
            for trigger in (*self._needed(atom), *self._short(atom)):
                self.numbers.setdefault(trigger, len(self.numbers))

    def _short(self, atom: Atom) -> tuple[Text, ...]:
        """A text too short to wake a rule, but looked for where values are short or come again."""
        text = exact(atom)
        return (text,) if text is not None and atom.field not in LONG and not self._is_marked(atom) else ()

    def _needed(self, atom: Atom) -> Triggers:
        known = self._needs.get(atom.digest)
        if known is None:
            known = self._needs[atom.digest] = self._needed_by(atom)
        return known

    def _needed_by(self, atom: Atom) -> Triggers:
        if self._is_marked(atom):
            return frozenset([atom.digest])
        texts: Triggers = needed(atom)
        if not atom.field and self._lane.personal:  # it may stand in a name: admission's word counts as well
            return texts | {atom.digest} if texts else texts
        return texts if texts or not atom.field or atom.operator in ROW_WISE else frozenset([atom])

    def _is_marked(self, atom: Atom) -> bool:
        if atom.operator in ROW_WISE or not atom.field:
            return False
        return self._taxonomy.is_personal(self._lane, atom.field)

    def _tested(self) -> dict[str, list[tuple[Test, int]]]:
        """The comparisons that wake a rule, by field: no text can stand for them."""
        tests: defaultdict[str, list[tuple[Test, int]]] = defaultdict(list)
        for trigger, number in self.numbers.items():
            if isinstance(trigger, Atom) and number in self._wakers:
                tests[trigger.field].append((comparison(trigger), number))
        return dict(tests)

    def _by_field(self) -> dict[str, dict[Text, int]]:
        """The texts of each field; keywords are looked for in all that may be seen."""
        by_field: defaultdict[str, dict[Text, int]] = defaultdict(dict)
        for trigger, number in self.numbers.items():
            if isinstance(trigger, Text):
                by_field[trigger.field][trigger] = number
        keywords = by_field.get("", {})
        for field in self._heard(by_field):
            by_field[field].update(keywords)
        return dict(by_field)

    def _heard(self, by_field: Mapping[str, Mapping[Text, int]]) -> list[str]:
        """Fields that are searched anyway, and may be seen: keywords are looked for in the same search."""
        searched = [field for field, texts in by_field.items() if field and any(text.how != "equals" for text in texts)]
        return [field for field in searched if not any(self._is_hidden(name) for name in self._lane.names(field))]

    def _is_hidden(self, name: str) -> bool:
        steps = name.split(".")
        return any(".".join(steps[:number]) in self.hidden for number in range(1, len(steps) + 1))


def atoms_of(node: Node) -> Iterable[Atom]:
    """Every atom of a condition."""
    match node:
        case Atom():
            yield node
        case Not(part=part):
            yield from atoms_of(part)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from atoms_of(part)
        case Named():
            return
