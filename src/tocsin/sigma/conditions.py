"""Conditions as closures over what was found in a row: sets are compared first, the rest is asked last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from tocsin.sigma.evaluating import Check
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Named, Node, Not
from tocsin.sigma.taxonomy import Row

Held: TypeAlias = set[int]
"""Numbers of the texts and marks that were found in a row."""
Condition: TypeAlias = Callable[[Held, Row], bool]


class Builder:
    """Turns conditions into closures. `number` gives an atom's number where a set can tell it, `check` asks the row."""

    def __init__(self, number: Callable[[Atom], int | None], check: Callable[[Atom], Check]) -> None:
        self._number = number
        self._check = check

    def condition(self, node: Node) -> Condition:
        """A condition as one closure."""
        match node:
            case Atom():
                return self._atom(node)
            case AllOf(parts=parts):
                return self._all(parts)
            case AnyOf(parts=parts):
                return self._any(parts)
            case Not(part=part):
                inner = self.condition(part)
                return lambda held, row: not inner(held, row)
            case Named():
                return lambda _held, _row: False

    def _atom(self, atom: Atom) -> Condition:
        number = self._number(atom)
        if number is not None:
            return lambda held, _row: number in held
        check = self._check(atom)
        return lambda _held, row: check(row)

    def _all(self, parts: Sequence[Node]) -> Condition:
        numbers, others = self._split(parts)
        if not others:
            return lambda held, _row: numbers <= held
        first, *rest = others
        if not rest:
            return lambda held, row: numbers <= held and first(held, row)

        def every(held: Held, row: Row) -> bool:
            if not numbers <= held:
                return False
            for each in others:  # noqa: SIM110 - a generator costs more than the loop
                if not each(held, row):
                    return False
            return True

        return every

    def _any(self, parts: Sequence[Node]) -> Condition:
        numbers, others = self._split(parts)
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

    def _split(self, parts: Sequence[Node]) -> tuple[frozenset[int], list[Condition]]:
        """What one comparison of sets can tell, and the rest: what looks at values last."""
        numbers = {number for part in parts if isinstance(part, Atom) and (number := self._number(part)) is not None}
        rest = [part for part in parts if not (isinstance(part, Atom) and self._number(part) is not None)]
        return frozenset(numbers), [self.condition(part) for part in sorted(rest, key=self._asks)]

    def _asks(self, node: Node) -> bool:
        match node:
            case Atom():
                return self._number(node) is None
            case AllOf(parts=parts) | AnyOf(parts=parts):
                return any(map(self._asks, parts))
            case Not(part=part):
                return self._asks(part)
            case _:
                return False
