"""Which log source a row belongs to, and where it holds the fields that rules name: a mapping document, read once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct, ValidationError, convert

from tocsin.model import ConfigError
from tocsin.sigma.rule import Logsource

Value: TypeAlias = Any
"""What a row may hold: text, number, boolean, null, lists and objects of these."""
Row = Mapping[str, Any]
Reader = Callable[[Row], Any]

MARKS = "~"
"""Where admission leaves the digests of atoms that held for the clear row."""
UNREAD = frozenset({"at", MARKS})
"""Keys that Tocsin added to a row: no keyword is looked for in them."""
BRANCHES_MAX = 1000
"""Values of one field for which it is remembered where they lead."""
DEPTH_MAX = 20
_ABSENT = object()


class LaneText(Struct, kw_only=True, forbid_unknown_fields=True):
    """A lane as it is written; its own personal fields (of one log among many) stand beside the format's."""

    when: dict[str, Any] = {}
    logsources: list[Logsource]
    fields: dict[str, list[str] | str] = {}
    personal: dict[str, str] = {}
    homes: list[str] = []
    dropped: list[str] = []


class TaxonomyText(Struct, kw_only=True):
    """A mapping document as it is written; keys of other readers (`ocsf`, `dropped`) are theirs."""

    format: str
    lanes: list[LaneText]
    fields: dict[str, list[str] | str] = {}
    subject: list[str] = []
    actors: list[str] = []
    personal: dict[str, str] = {}
    homes: list[str] = []
    dropped: list[str] = []


class Lane:
    """Rows of one kind: the log sources that they feed, and where each field lies in them."""

    def __init__(
        self, number: int, text: LaneText, fields: Mapping[str, list[str] | str], personal: Mapping[str, str]
    ) -> None:
        self.number = number
        self.personal: Mapping[str, str] = {**personal, **text.personal}
        self.logsources = tuple(map(_lowered, text.logsources))
        self.when = {name: frozenset(map(_word, _listed(values))) for name, values in text.when.items()}
        self._fields = {name: tuple(_listed(names)) for name, names in {**fields, **text.fields}.items()}
        self._readers: dict[str, Reader] = {}

    def feeds(self, logsource: Logsource) -> bool:
        """Whether a rule of that log source is tried on rows of this lane."""
        return any(covers(own, logsource) for own in self.logsources)

    def names(self, field: str) -> tuple[str, ...]:
        """The native names of a field of Sigma, in the order in which they are looked for."""
        return self._fields.get(field, (field,))

    def reader(self, field: str) -> Reader:
        """What reads a field of Sigma from a row; None where the row does not have it."""
        known = self._readers.get(field)
        if known is None:
            known = self._readers[field] = reader_of(self.names(field))
        return known


class Taxonomy:
    """A format's lanes and fields, and which of them name a person.

    >>> windows = Taxonomy.of({"format": "w", "lanes": [{"logsources": [{"product": "windows"}]}],
    ...                        "fields": {"User": ["user.name"]}})
    >>> lane = windows.lane({"user": {"name": "x"}})
    >>> lane.reader("User")({"user": {"name": "x"}})
    'x'
    """

    def __init__(self, text: TaxonomyText) -> None:
        self.format = text.format
        given = (text.fields, text.personal)
        self.lanes = tuple(Lane(number, lane, *given) for number, lane in enumerate(text.lanes))
        self.nowhere = Lane(-1, LaneText(logsources=[]), *given)
        self.personal: Mapping[str, str] = {name: why for lane in self.lanes for name, why in lane.personal.items()}
        self.homes = tuple(text.homes)
        self.dropped = tuple(text.dropped)
        self._subject = [reader_of((name,)) for name in text.subject]
        self._actors = [reader_of((name,)) for name in text.actors]
        self._root = _Fork([(lane, dict(lane.when)) for lane in self.lanes], self.nowhere)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Taxonomy:
        """Read a mapping document; raises ConfigError naming the key that is wrong."""
        try:
            return cls(convert(document, TaxonomyText))
        except ValidationError as error:
            raise ConfigError(f"The field mapping of {document.get('format', '?')} cannot be used: {error}.") from error

    def lane(self, row: Row) -> Lane:
        """The first lane whose `when` holds; one that feeds nothing where none does."""
        fork = self._root
        while fork.name:
            value = row.get(fork.name) if fork.plain else fork.read(row)
            if value.__class__ is bool:  # to a dict True and 1 are one key, to a rule they are two words
                fork = fork.beyond(value)
                continue
            try:
                fork = fork.branches.get(value) or fork.grown(value)
            except TypeError:  # a list or an object where a plain value is expected
                fork = fork.beyond(value)
        return fork.lane

    def subject(self, row: Row) -> str:
        """Who the row is about: the first of the mapping's `subject` fields that is there."""
        return next(_words(self._subject, row), "")

    def actors(self, row: Row) -> tuple[str, ...]:
        """Who acts in the row, after the mapping's `actors`."""
        return tuple(dict.fromkeys(_words(self._actors, row)))

    def fields(self, row: Row, rule_fields: Iterable[str]) -> dict[str, Any]:
        """The values of fields as rules name them, where the row has them."""
        lane = self.lane(row)
        found = {name: lane.reader(name)(row) for name in rule_fields}
        return {name: value for name, value in found.items() if value is not None}

    def is_personal(self, lane: Lane, field: str) -> bool:
        """Whether a field names a person, by its own or by a native name."""
        return field in lane.personal or any(name in lane.personal for name in lane.names(field))

    def hidden(self, lane: Lane) -> frozenset[str]:
        """The native names in which no keyword is looked for: what names a person, and what Tocsin added."""
        return UNREAD | {native for name in lane.personal for native in (name, *lane.names(name))}


class _Fork:
    """One question on the way to a lane: the value of one field decides where to go on; answers are remembered."""

    __slots__ = ("_lanes", "_otherwise", "branches", "lane", "name", "plain", "read")

    def __init__(self, lanes: list[tuple[Lane, dict[str, frozenset[str]]]], otherwise: Lane) -> None:
        self._lanes = lanes
        self._otherwise = otherwise
        first, asked = lanes[0] if lanes else (otherwise, {})
        self.name = next(iter(asked), "")
        self.lane = first
        self.plain = "." not in self.name
        self.read = reader_of((self.name,))
        self.branches: dict[Value, _Fork] = {}

    def beyond(self, value: Value) -> _Fork:
        """Where a value leads: to the lanes that allow it, or do not ask for it."""
        name = self.name
        left = [(lane, asked) for lane, asked in self._lanes if name not in asked or _among(value, asked[name])]
        rest = [(lane, {key: words for key, words in asked.items() if key != name}) for lane, asked in left]
        return _Fork(rest, self._otherwise)

    def grown(self, value: Value) -> _Fork:
        """As `beyond`, remembered for the next row."""
        if len(self.branches) >= BRANCHES_MAX:
            self.branches.clear()
        made = self.branches[value] = self.beyond(value)
        return made


def covers(source: Logsource, wanted: Logsource) -> bool:
    """Whether every part that is wanted is the source's; an empty wanted part is any."""
    return (
        (not wanted.category or wanted.category == source.category)
        and (not wanted.product or wanted.product == source.product)
        and (not wanted.service or wanted.service == source.service)
    )


def reader_of(names: tuple[str, ...]) -> Reader:
    """What reads the first of some names that a row has; a dotted name enters objects unless it is a key."""
    if len(names) == 1 and "." not in names[0]:
        (name,) = names
        return lambda row: row.get(name)
    paths = tuple((name, tuple(name.split("."))) for name in names)

    def read(row: Row) -> Value:
        for name, steps in paths:
            found = row[name] if name in row else entered(row, steps) if len(steps) > 1 else _ABSENT
            if found is not _ABSENT and found is not None:
                return found
        return None

    return read


def entered(value: Value, steps: tuple[str, ...]) -> Value:
    """The value at the end of a path; of a list, what each of its objects holds there. None if nothing."""
    for number, step in enumerate(steps):
        if isinstance(value, list | tuple):
            found = [entered(each, steps[number:]) for each in value]
            return [each for each in found if each is not None] or None
        value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value


def words(value: Value) -> Iterator[str]:
    """The texts of a value as rules see it: elements of lists each; nothing for null and for objects.

    >>> list(words([1, True, None, 2.0, "x", {"a": 1}]))
    ['1', 'true', '2', 'x']
    """
    if isinstance(value, list | tuple):
        for each in value:
            yield from words(each)
    elif (word := word_of(value)) is not None:
        yield word


def word_of(value: Value) -> str | None:
    """The text of a single value; numbers as people write them. None for null, objects and lists."""
    kind = value.__class__  # asked for every value of every row: a match statement takes four times as long
    if kind is str:
        return str(value)
    if kind is int:
        return repr(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return repr(int(value)) if math.isfinite(value) and value == int(value) else repr(value)
    return None


def marks_of(row: Row) -> tuple[str, ...]:
    """The digests that admission left in a row; nothing where something else stands there."""
    given = row.get(MARKS)
    return tuple(mark for mark in given if isinstance(mark, str)) if isinstance(given, list | tuple) else ()


def leaves(value: Value, hidden: frozenset[str], path: str = "", depth: int = 0) -> Iterator[str]:
    """Every text in a value, where keywords are looked for: objects are entered to a depth of 20.

    Keys in `hidden` are passed over, at the top or by their dotted path.
    """
    if isinstance(value, Mapping):
        if depth < DEPTH_MAX:
            for key, inner in value.items():
                if (name := f"{path}{key}") not in hidden:
                    yield from leaves(inner, hidden, f"{name}.", depth + 1)
    elif isinstance(value, list | tuple):
        if depth < DEPTH_MAX:
            for inner in value:
                yield from leaves(inner, hidden, path, depth + 1)
    elif (word := word_of(value)) is not None:
        yield word


def _words(readers: Iterable[Reader], row: Row) -> Iterator[str]:
    return (word for read in readers for word in words(read(row)) if word)


def _listed(values: Value) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _word(value: Value) -> str:
    return (word_of(value) or "").lower()


def _among(value: Value, wanted: frozenset[str]) -> bool:
    return any(word.lower() in wanted for word in words(value))


def _lowered(source: Logsource) -> Logsource:
    return Logsource(category=source.category.lower(), product=source.product.lower(), service=source.service.lower())
