"""What rules need to know of a person's name, told beside the source: digests of atoms, never the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tocsin.sigma.comparing import comparison
from tocsin.sigma.evaluating import ROW_WISE, Check, value_check
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Node, Not, Rule
from tocsin.sigma.taxonomy import Lane, Reader, Row, Taxonomy, words


class Marks:
    """The atoms on fields that name a person, by lane: which of them hold for a clear row.

    The perceiver calls it before it replaces names by tokens, and leaves the answer in `row["~"]`.
    """

    def __init__(self, rules: Sequence[Rule], taxonomies: Mapping[str, Taxonomy]) -> None:
        self._rules = tuple(rules)
        self._taxonomies = dict(taxonomies)
        self._checks: dict[tuple[str, int], list[tuple[str, Check]]] = {}

    def of(self, format: str, row: Row) -> tuple[str, ...]:
        """Digests of the atoms that hold, sorted; none for a format without names of persons."""
        taxonomy = self._taxonomies.get(format)
        if taxonomy is None or not taxonomy.personal:
            return ()
        return tuple(digest for digest, holds in self._lane(taxonomy, taxonomy.lane(row)) if holds(row))

    def _lane(self, taxonomy: Taxonomy, lane: Lane) -> list[tuple[str, Check]]:
        key = (taxonomy.format, lane.number)
        if key not in self._checks:
            checks = {atom.digest: check for atom in self._atoms(lane) if (check := _check(atom, taxonomy, lane))}
            self._checks[key] = sorted(checks.items())
        return self._checks[key]

    def _atoms(self, lane: Lane) -> Iterator[Atom]:
        for rule in self._rules:
            if lane.feeds(rule.logsource):
                yield from atoms_of(rule.condition)


def atoms_of(node: Node) -> Iterator[Atom]:
    """Every atom of a condition."""
    match node:
        case Atom():
            yield node
        case Not(part=part):
            yield from atoms_of(part)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from atoms_of(part)


def _check(atom: Atom, taxonomy: Taxonomy, lane: Lane) -> Check | None:
    if atom.operator in ROW_WISE:
        return None
    if not atom.field:
        return _keyword(atom, taxonomy, lane)
    return value_check(atom, lane) if taxonomy.is_personal(lane, atom.field) else None


def _keyword(atom: Atom, taxonomy: Taxonomy, lane: Lane) -> Check:
    """A keyword may stand in a name too."""
    test = comparison(atom)
    readers = [lane.reader(name) for name in taxonomy.personal]
    return lambda row: any(map(test, _texts(row, readers)))


def _texts(row: Row, readers: Iterable[Reader]) -> Iterator[str]:
    for read in readers:
        yield from words(read(row))
