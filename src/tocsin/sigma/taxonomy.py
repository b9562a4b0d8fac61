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
ROUTES_MAX = 10_000
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
        self._whens = tuple(dict.fromkeys(name for lane in self.lanes for name in lane.when))
        self._readers = tuple(reader_of((name,)) for name in self._whens)
        self._plain = not any("." in name for name in self._whens)
        self._routes: dict[tuple[Any, ...], Lane] = {}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Taxonomy:
        """Read a mapping document; raises ConfigError naming the key that is wrong."""
        try:
            return cls(convert(document, TaxonomyText))
        except ValidationError as error:
            raise ConfigError(f"The field mapping of {document.get('format', '?')} cannot be used: {error}.") from error

    def lane(self, row: Row) -> Lane:
        """The first lane whose `when` holds; one that feeds nothing where none does."""
        get = row.get
        key = (
            tuple([get(name) for name in self._whens]) if self._plain else tuple([read(row) for read in self._readers])
        )
        try:
            known = self._routes.get(key)
        except TypeError:  # a list or an object where a plain value is expected
            return self._routed(key)
        if known is None or bool in map(type, key):  # True and 1 are one key to a dict, and two words to a rule
            known = self._routed(key)
            if bool not in map(type, key):
                self._remember(key, known)
        return known

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

    def _routed(self, key: tuple[Any, ...]) -> Lane:
        given = dict(zip(self._whens, key, strict=True))
        holding = (lane for lane in self.lanes if all(_among(given[name], words) for name, words in lane.when.items()))
        return next(holding, self.nowhere)

    def _remember(self, key: tuple[Any, ...], lane: Lane) -> None:
        if len(self._routes) >= ROUTES_MAX:
            self._routes.clear()
        self._routes[key] = lane


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
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)
    return None


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
