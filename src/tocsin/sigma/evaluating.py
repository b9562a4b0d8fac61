"""Conditions taken literally, one atom after the other: for marking fields, for admission, for rare rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tocsin.sigma.comparing import compared, comparison
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Named, Node, Not
from tocsin.sigma.taxonomy import Lane, Reader, Row, Taxonomy, Value, leaves, marks_of, words

Check = Callable[[Row], bool]
"""Whether a condition holds for a row."""

ROW_WISE = frozenset({"exists", "null", "fieldref"})
"""Operators that look at a field's presence, or at two fields: on a token they say the same as on its name."""


class Evaluator:
    """What atoms and conditions mean on the rows of one lane."""

    def __init__(self, taxonomy: Taxonomy, lane: Lane) -> None:
        self._taxonomy = taxonomy
        self._lane = lane
        self._hidden = taxonomy.hidden(lane)
        self._checks: dict[str, Check] = {}

    def check(self, node: Node) -> Check:
        """A condition as one callable."""
        match node:
            case Atom():
                return self.atom(node)
            case AllOf(parts=parts):
                every = [self.check(part) for part in parts]
                return lambda row: all(each(row) for each in every)
            case AnyOf(parts=parts):
                some = [self.check(part) for part in parts]
                return lambda row: any(each(row) for each in some)
            case Not(part=part):
                inner = self.check(part)
                return lambda row: not inner(row)
            case Named():
                return lambda _row: False

    def atom(self, atom: Atom) -> Check:
        """One comparison; on a field that names a person, what admission said of it."""
        known = self._checks.get(atom.digest)
        if known is None:
            known = self._checks[atom.digest] = self._made(atom)
        return known

    def holding(self, node: Node, row: Row) -> Iterator[Atom]:
        """The atoms that made a condition hold: none under a Not, none of an alternative that does not hold."""
        match node:
            case Atom():
                if self.atom(node)(row):
                    yield node
            case AllOf(parts=parts):
                for part in parts:
                    yield from self.holding(part, row)
            case AnyOf(parts=parts):
                for part in parts:
                    if self.check(part)(row):
                        yield from self.holding(part, row)
            case _:
                return

    def _made(self, atom: Atom) -> Check:
        digest = atom.digest
        if atom.operator in ROW_WISE:
            return self._row_wise(atom)
        if not atom.field:
            test, hidden = comparison(atom), self._hidden
            return lambda row: digest in marks_of(row) or any(map(test, leaves(row, hidden)))
        if self._taxonomy.is_personal(self._lane, atom.field):
            return lambda row: digest in marks_of(row)
        return value_check(atom, self._lane)

    def _row_wise(self, atom: Atom) -> Check:
        read = self._lane.reader(atom.field)
        match atom.operator:
            case "exists":
                return lambda row: present(read(row))
            case "null":
                return lambda row: not present(read(row))
        return self._reference(read, self._lane.reader(str(atom.value)), atom.flags)

    @staticmethod
    def _reference(read: Reader, other: Reader, how: str) -> Check:
        def check(row: Row) -> bool:
            left, right = read(row), other(row)
            if not how and left.__class__ is str and right.__class__ is str:
                return bool(left.lower() == right.lower())
            return compared(words(left), words(right), how)

        return check


def value_check(atom: Atom, lane: Lane) -> Check:
    """A comparison with the values of its field, whatever they name."""
    test, read = comparison(atom), lane.reader(atom.field)

    def check(row: Row) -> bool:
        value = read(row)
        return test(value) if value.__class__ is str else any(map(test, words(value)))

    return check


def present(value: Value) -> bool:
    """Whether a field is there: null and empty lists are not.

    >>> present([]), present(""), present({})
    (False, True, True)
    """
    if isinstance(value, list | tuple):
        return any(present(each) for each in value)
    return value is not None
