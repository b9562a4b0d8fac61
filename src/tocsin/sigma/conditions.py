"""Conditions as closures over what was found in a row: sets are compared first, values asked next, the rest last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from tocsin.sigma.evaluating import Check
from tocsin.sigma.literals import Text
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Named, Node, Not
from tocsin.sigma.taxonomy import Reader, Row, words

Held: TypeAlias = set[int]
"""Numbers of the texts and marks that were found in a row."""
Condition: TypeAlias = Callable[[Held, Row], bool]
Said: TypeAlias = Callable[[str], bool]
"""Whether a lower-case value has some texts."""


class Builder:
    """Turns conditions into closures.

    `number` gives an atom's number where the set of what was found can tell it, `text` what it looks
    for where that is plain text, `reader` what reads a field, and `check` asks the row for all others.
    """

    def __init__(
        self,
        number: Callable[[Atom], int | None],
        text: Callable[[Atom], Text | None],
        reader: Callable[[str], Reader],
        check: Callable[[Atom], Check],
    ) -> None:
        self._number = number
        self._text = text
        self._reader = reader
        self._check = check

    def condition(self, node: Node) -> Condition:
        """A condition as one closure."""
        match node:
            case Atom():
                return self._any([node])
            case AllOf(parts=parts):
                return self._all(parts)
            case AnyOf(parts=parts):
                return self._any(parts)
            case Not(part=part):
                inner = self.condition(part)
                return lambda held, row: not inner(held, row)
            case Named():
                return lambda _held, _row: False

    def _all(self, parts: Sequence[Node]) -> Condition:
        numbers, others = self._split(parts, every=True)
        if not others:
            return lambda held, _row: numbers <= held

        def every(held: Held, row: Row) -> bool:
            if not numbers <= held:
                return False
            for each in others:  # noqa: SIM110 - a generator costs more than the loop
                if not each(held, row):
                    return False
            return True

        return every

    def _any(self, parts: Sequence[Node]) -> Condition:
        numbers, others = self._split(parts, every=False)
        if not others:
            return lambda held, _row: not numbers.isdisjoint(held)

        def some(held: Held, row: Row) -> bool:
            if not numbers.isdisjoint(held):
                return True
            for each in others:  # noqa: SIM110 - as above
                if each(held, row):
                    return True
            return False

        return some

    def _split(self, parts: Sequence[Node], *, every: bool) -> tuple[frozenset[int], list[Condition]]:
        """What one comparison of sets can tell, and the rest: what looks at values last."""
        numbers: set[int] = set()
        texts: defaultdict[str, list[Text]] = defaultdict(list)
        rest: list[Node] = []
        for part in parts:
            if not isinstance(part, Atom):
                rest.append(part)
            elif (number := self._number(part)) is not None:
                numbers.add(number)
            elif (text := self._text(part)) is not None:
                texts[text.field].append(text)
            else:
                rest.append(part)
        asked = [_asked(self._reader(field), some, every=every) for field, some in texts.items()]
        rest.sort(key=self._asks)
        return frozenset(numbers), asked + [self._other(part) for part in rest]

    def _other(self, node: Node) -> Condition:
        if not isinstance(node, Atom):
            return self.condition(node)
        check = self._check(node)
        return lambda _held, row: check(row)

    def _asks(self, node: Node) -> int:
        """How dearly a part is bought: sets, texts of a value, comparisons of other kinds."""
        match node:
            case Atom():
                return 0 if self._number(node) is not None else 1 if self._text(node) else 2
            case AllOf(parts=parts) | AnyOf(parts=parts):
                return max(map(self._asks, parts), default=0)
            case Not(part=part):
                return self._asks(part)
            case _:
                return 0


def said(texts: Iterable[Text], *, every: bool) -> Said:
    """Whether a lower-case value has all, or any, of some texts.

    >>> said([Text("f", "contains", "b"), Text("f", "endswith", "c")], every=True)("abc")
    True
    """
    by_how: defaultdict[str, list[str]] = defaultdict(list)
    for text in texts:
        by_how[text.how].append(text.text)
    inside, whole = tuple(by_how["contains"]), frozenset(by_how["equals"])
    starts, ends = tuple(by_how["startswith"]), tuple(by_how["endswith"])
    if every:
        return lambda value: (
            all(map(value.__contains__, inside))
            and all(map(value.startswith, starts))
            and all(map(value.endswith, ends))
            and (not whole or whole == {value})
        )
    return lambda value: (
        value in whole or value.startswith(starts) or value.endswith(ends) or any(map(value.__contains__, inside))
    )


def _asked(read: Reader, texts: Sequence[Text], *, every: bool) -> Condition:
    """The texts of one field. Where it has several values, each text may stand in another."""
    says = said(texts, every=every)
    apart = [said([text], every=False) for text in texts]
    combined = all if every else any

    def asked(_held: Held, row: Row) -> bool:
        value = read(row)
        if value.__class__ is str:
            return says(value.lower())
        lowered = [word.lower() for word in words(value)]
        return combined(any(map(one, lowered)) for one in apart)

    return asked
