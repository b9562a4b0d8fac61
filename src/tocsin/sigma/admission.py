"""What rules need to know of a person's name, told beside the source: digests of atoms, never the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tocsin.sigma.comparing import Test, comparison
from tocsin.sigma.evaluating import ROW_WISE, Check, value_check
from tocsin.sigma.rule import Atom, Rule
from tocsin.sigma.sought import atoms_of
from tocsin.sigma.taxonomy import Lane, Reader, Row, Taxonomy, Value, reader_of, words

KEPT_MAX = 20_000
"""Most answers remembered per lane: few accounts make most of the rows."""

SHAPES_MAX = 4_096
"""Most shapes of rows (which fields they have) remembered per lane."""

KEY_CHARS_MAX = 512
"""Longest values, together, that are remembered with their answer."""


class _LaneMarks:
    """The atoms of one lane that look at names, what they look at, and the answers given so far."""

    def __init__(self, checks: dict[str, Check], keywords: dict[str, Test], names: Iterable[str]) -> None:
        self._checks = tuple(checks.items())
        self._keywords = tuple(keywords.items())
        self._names = frozenset(names)
        self._shapes: dict[tuple[str, ...], tuple[int, tuple[str, ...], tuple[Reader, ...]]] = {}
        self._kept: dict[tuple[Value, ...], tuple[str, ...]] = {}

    def of(self, row: Row) -> tuple[str, ...]:
        if not self._checks and not self._keywords:
            return ()
        shape = tuple(row)
        number, names, deep = self._shapes.get(shape) or self._shape(shape)
        if not names and not deep:
            return ()
        key = (number, *[row[name] for name in names], *[read(row) for read in deep])
        try:
            known = self._kept.get(key)
        except TypeError:  # lists of names
            return self._marks(row, key[1:])
        return self._learnt(key, row) if known is None else known

    def _shape(self, shape: tuple[str, ...]) -> tuple[int, tuple[str, ...], tuple[Reader, ...]]:
        """Which of the names a row with these fields has, and what reads those inside its objects."""
        if len(self._shapes) >= SHAPES_MAX:
            self._shapes.clear()
            self._kept.clear()
        names = tuple(sorted(self._names.intersection(shape)))
        inside = sorted(name for name in self._names - {*names} if "." in name and name.partition(".")[0] in shape)
        deep = tuple(reader_of((name,)) for name in inside)
        found = self._shapes[shape] = (len(self._shapes), names, deep)
        return found

    def _marks(self, row: Row, values: Sequence[Value]) -> tuple[str, ...]:
        """A keyword may stand in a name too."""
        texts = tuple(word for value in values for word in words(value))
        found = [digest for digest, holds in self._checks if holds(row)]
        found += [digest for digest, test in self._keywords if any(map(test, texts))]
        return tuple(sorted(found))

    def _learnt(self, key: tuple[Value, ...], row: Row) -> tuple[str, ...]:
        """Only texts are remembered: True and 1 are one key to a dict, and two words to a rule."""
        found = self._marks(row, key[1:])
        given = [value for value in key[1:] if value is not None]
        if all(isinstance(value, str) for value in given) and sum(map(len, given)) <= KEY_CHARS_MAX:
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            self._kept[key] = found
        return found


class Marks:
    """The atoms on fields that name a person, by lane: which of them hold for a clear row.

    The perceiver calls it before it replaces names by tokens, and leaves the answer in `row["~"]`.
    """

    def __init__(self, rules: Sequence[Rule], taxonomies: Mapping[str, Taxonomy]) -> None:
        self._rules = tuple(rules)
        self._taxonomies = dict(taxonomies)
        self._lanes: dict[tuple[str, int], _LaneMarks] = {}

    def of(self, format: str, row: Row) -> tuple[str, ...]:
        """Digests of the atoms that hold, sorted; none for a format without names of persons."""
        taxonomy = self._taxonomies.get(format)
        if taxonomy is None or not taxonomy.personal:
            return ()
        lane = taxonomy.lane(row)
        known = self._lanes.get((format, lane.number))
        return (self._lane(taxonomy, lane) if known is None else known).of(row)

    def _lane(self, taxonomy: Taxonomy, lane: Lane) -> _LaneMarks:
        checks: dict[str, Check] = {}
        keywords: dict[str, Test] = {}
        names: set[str] = set()
        for atom in self._atoms(lane):
            if atom.operator in ROW_WISE or atom.digest in checks or atom.digest in keywords:
                continue
            if not atom.field:
                keywords[atom.digest] = comparison(atom)
                names.update(native for name in lane.personal for native in lane.names(name))
            elif taxonomy.is_personal(lane, atom.field):
                checks[atom.digest] = value_check(atom, lane)
                names.update(lane.names(atom.field))
        found = self._lanes[taxonomy.format, lane.number] = _LaneMarks(checks, keywords, names)
        return found

    def _atoms(self, lane: Lane) -> Iterator[Atom]:
        for rule in self._rules:
            if lane.feeds(rule.logsource):
                yield from atoms_of(rule.condition)
