"""Lines of logs become rows: payload dropped, names of people and accounts turned into keyed tokens."""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from msgspec.structs import replace

from tocsin.contract.bodies import LogBatch, LogEvents
from tocsin.contract.loglines import FORMATS, Rows, odd_ones_out, rows_of
from tocsin.contract.protocols import Perceived
from tocsin.contract.pseudonyms import KEY_BYTES_MIN, TEXT_KEPT_MAX, Pseudonyms, Treatment, treated
from tocsin.contract.resources import Resources
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.ruletexts import OWN, SHIPPED, RuleTexts
from tocsin.model import Body, ConfigError, Level, Origin, Reading
from tocsin.sigma.admission import Marks
from tocsin.sigma.taxonomy import MARKS

MAPPINGS = "mappings/"
"""Where the rules' texts say, per format, which fields name people and which are never carried on."""

AHEAD_S_MAX = 300.0
"""How far ahead of its arrival a live line may be dated; further, its clock is wrong."""

CLOCK_OFF_S_MAX = 2 * 365.25 * 86_400
"""How far a line may lie from the middle of its batch; further, its clock is wrong."""

CONTENT = "content"
"""The kind of personal fields that rules may ask about inside admission, and that are dropped then."""

SHAPES_KEPT = 4_096
"""Most shapes of rows (which fields they have) remembered with what is to be done to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRows:
    """Reads lines of logs; what names a person stays behind, as a token that cannot be turned back.

    Equal names give equal tokens within one installation (its key), so that one account is still
    seen to be one, in every format. Which fields those are stands in `content/sigma/mappings`.

    >>> from tocsin.model import Origin
    >>> line = b'{"ts":5.0,"user":"anna","id.orig_h":"10.0.0.1"}'
    >>> batch = LogBatch(format="zeek-json", lines=(line,), offsets=(0,), header="ftp")
    >>> rows = LogRows().start(Resources(token_key=b"0123456789abcdef"))
    >>> seen = rows.perceive(Reading(at=9.0, origin=Origin.LIVE, source="zeek", seq=0, body=batch))
    >>> seen.readings[0].body.rows[0]["id.orig_h"], seen.readings[0].body.rows[0]["user"][:2]
    ('10.0.0.1', 't:')
    """

    kind: ClassVar[str] = "log.rows"
    needs: ClassVar[Level] = Level.CLEAR
    accepts: ClassVar[tuple[type[Body], ...]] = (LogBatch,)
    reloads: ClassVar[tuple[str, ...]] = ("rules",)

    def start(self, resources: Resources) -> "RunningLogRows":
        """Ready to read; raises ConfigError without a key for the tokens, or where a mapping cannot be used."""
        if len(resources.token_key) < KEY_BYTES_MIN:
            raise ConfigError(f"{self.kind} needs a token key of {KEY_BYTES_MIN} bytes or more: create the keys first.")
        texts = resources.rules or RuleTexts.read(resources.content)
        book = RuleBook.load(dataclasses.replace(resources, rules=texts))
        return RunningLogRows(_redactions(texts, resources.token_key), Marks(book.loaded.rules, book.taxonomies))


def _redactions(texts: RuleTexts, token_key: bytes) -> "dict[str, Redaction]":
    """Per family of formats, what its mapping says; a city's own mapping can add to ours, never take away.

    One that cannot be used is an error, not passed over: names would leave that a person wanted kept.
    """
    found: dict[str, Redaction] = {}
    for family in dict.fromkeys(name.partition("-")[0] for name in FORMATS):
        paths = (f"{SHIPPED}{MAPPINGS}{family}.yaml", f"{OWN}{MAPPINGS}{family}.yaml")
        documents = [_mapping(path, texts.texts[path]) for path in paths if path in texts.texts]
        if not documents:
            raise ConfigError(f"{paths[0]} is missing: nobody may read {family} logs without it. Install again.")
        try:
            found[family] = Redaction(documents, token_key)
        except (re.error, AttributeError, TypeError, KeyError, ValueError) as error:
            raise ConfigError(
                f"The mapping of {family} cannot be used: {error}. Correct {' or '.join(paths)}."
            ) from error
    return found


@lru_cache(maxsize=64)
def _mapping(path: str, text: str) -> Mapping[str, Any]:
    import yaml

    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # the safe loader, in C
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}.") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path} must hold a mapping of names to values.")
    return found


class RunningLogRows:
    """The perceiver at work, with the key, the mappings and the rules in force."""

    accepts: ClassVar[tuple[type[Body], ...]] = LogRows.accepts

    def __init__(self, redactions: "Mapping[str, Redaction]", marks: Marks) -> None:
        self._redactions = redactions
        self._marks = marks

    def perceive(self, reading: Reading[LogBatch]) -> Perceived:
        """One reading of rows at the time of the newest row; lines that are no events are rejected.

        What rules ask about a name is answered here, on the clear row, and left in the row as marks.
        """
        batch = reading.body
        found = _on_time(batch, rows_of(batch, reading.at), reading)
        if not found.rows:
            return Perceived(rejected=tuple(found.rejected))
        family = batch.format.partition("-")[0]
        redaction, marks = self._redactions[family], self._marks.of
        for row in found.rows:
            redaction.read(row)
            marked = marks(family, row)
            redaction.redact(row)
            if marked:
                row[MARKS] = list(marked)
        body = LogEvents(format=family, offsets=tuple(found.offsets), rows=tuple(found.rows))
        newest = max(row["at"] for row in found.rows)
        return Perceived(readings=(replace(reading, body=body, at=newest),), rejected=tuple(found.rejected))


def _on_time(batch: LogBatch, found: Rows, reading: Reading[LogBatch]) -> Rows:
    """The rows less those of a wrong clock, which would move the time of all others."""
    times = [row["at"] for row in found.rows]
    wrong = odd_ones_out(times, CLOCK_OFF_S_MAX)
    if reading.origin is Origin.LIVE and reading.at > 0:
        limit = reading.at + AHEAD_S_MAX
        wrong |= {index for index, at in enumerate(times) if at > limit}
    if not wrong:
        return found
    lines = dict(zip(batch.offsets, batch.lines, strict=True))
    reason = "The time of this line is years from that of its neighbours, or ahead of the clock: set the sender's time."
    return Rows(
        offsets=[offset for index, offset in enumerate(found.offsets) if index not in wrong],
        rows=[row for index, row in enumerate(found.rows) if index not in wrong],
        rejected=[*found.rejected, *((lines[found.offsets[index]], reason) for index in sorted(wrong))],
    )


Deed = Treatment | None
"""What is done to a field: None drops it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is to be done to rows with the same fields: names to drop, texts with folders, names to treat, paths."""

    dropped: tuple[str, ...]
    homes: tuple[str, ...]
    treated: tuple[tuple[str, Treatment], ...]
    nested: tuple[tuple[tuple[str, ...], Deed], ...]
    urls: tuple[tuple[str, ...], ...]


class Redaction:
    """What mappings say about personal fields, folders, content and texts, applied to rows in place.

    Of a mapping it reads `personal`, `homes`, `dropped` (at the top and per lane), `texts`, `urls`,
    `open` and `domains` (accounts of no person) and `folders` (folders of no person beside those of people).
    """

    def __init__(self, documents: Sequence[Mapping[str, Any]], token_key: bytes) -> None:
        lists = (
            [one for document in documents for one in document.get(name) or ()]
            for name in ("open", "folders", "domains")
        )
        names = Pseudonyms(token_key, *lists)
        self._folders, self._long_texts = names.homes_kept, names.homes
        lanes = [lane for document in documents for lane in document.get("lanes") or ()]
        self._deeds = {name: deed for document in documents for name, deed in _deeds(document, names).items()}
        self._lanes = [(_when(lane), deeds) for lane in lanes if (deeds := _deeds(lane, names))]
        self._asked = tuple(dict.fromkeys(field for when, _ in self._lanes for field, _ in when))
        self._urls = tuple(tuple(name.split(".")) for document in documents for name in document.get("urls") or ())
        texts = {name: said for document in documents for name, said in (document.get("texts") or {}).items()}
        self._texts = {name: Said(patterns) for name, patterns in texts.items()}
        self._found: list[tuple[str, re.Match[str]]] = []
        self._shapes: dict[tuple[Any, ...], Shape] = {}

    def read(self, row: dict[str, Any]) -> None:
        """Lay the parts of a message beside it, where its pattern is known."""
        for name, said in self._texts.items():
            text = row.get(name)
            if type(text) is str and (found := said.read(text, row)) is not None:
                self._found.append((name, found))

    def redact(self, row: dict[str, Any]) -> None:
        """Leave nothing of a person in the row that was read last, in place."""
        while self._found:
            name, found = self._found.pop()
            row[name] = _with_tokens(found, self._deeds)
        key = (*row, *map(row.get, self._asked)) if self._asked else tuple(row)
        try:
            shape = self._shapes.get(key) or self._learn(key, row)
        except TypeError:  # a list where the lanes ask for one value: such a row is of no lane
            shape = self._shape(row)
        for name in shape.dropped:
            del row[name]
        for name in shape.homes:
            value = row[name]
            if type(value) is str:
                row[name] = self._folders(value) if len(value) <= TEXT_KEPT_MAX else self._long_texts(value)
            else:
                row[name] = treated(value, self._folders)
        for name, treat in shape.treated:
            value = row[name]
            row[name] = treat(value) if type(value) is str else treated(value, treat)
        for path, deed in shape.nested:
            _apply_within(row, path, deed)
        for path in shape.urls:
            _split_url(row, path)

    def _learn(self, key: tuple[Any, ...], row: dict[str, Any]) -> Shape:
        if len(self._shapes) >= SHAPES_KEPT:
            self._shapes.clear()
        self._shapes[key] = shape = self._shape(row)
        return shape

    def _shape(self, row: dict[str, Any]) -> Shape:
        deeds = dict(self._deeds)
        for when, more in self._lanes:
            if all(_holds(row.get(field), values) for field, values in when):
                deeds |= more
        special = (None, self._long_texts)
        inner = {name: tuple(name.split(".")) for name in deeds if name not in row and "." in name}
        return Shape(
            dropped=tuple(name for name in row if name in deeds and deeds[name] is None),
            homes=tuple(name for name in row if name in deeds and deeds[name] == self._long_texts),
            treated=tuple((name, deed) for name, deed in deeds.items() if deed not in special and name in row),
            nested=tuple((path, deeds[name]) for name, path in inner.items() if path[0] in row),
            urls=tuple(path for path in self._urls if path[0] in row),
        )


class Said:
    """What the messages of programs say: patterns whose named groups become fields of the row."""

    def __init__(self, patterns: Iterable[Mapping[str, Any]]) -> None:
        self._patterns = [(_when(one), re.compile(one["pattern"])) for one in patterns]

    def read(self, text: str, row: dict[str, Any]) -> re.Match[str] | None:
        """What the first fitting pattern found, which is in the row now; None where none fits."""
        for when, pattern in self._patterns:
            if not all(_holds(row.get(field), values) for field, values in when):
                continue
            if (found := pattern.search(text)) is not None:
                for name, value in found.groupdict().items():
                    if value is not None and name not in row:
                        row[name] = value
                return found
        return None


def _with_tokens(found: re.Match[str], deeds: Mapping[str, Deed]) -> str:
    """The text that was read, with tokens in the place of the personal parts."""
    text = found.string
    named = [name for name, value in found.groupdict().items() if value is not None]
    for start, end, name in sorted(((*found.span(name), name) for name in named), reverse=True):
        treat = deeds.get(name)
        if treat is not None:
            text = f"{text[:start]}{treat(text[start:end])}{text[end:]}"
    return text


def _deeds(part: Mapping[str, Any], names: Pseudonyms) -> dict[str, Deed]:
    """What is done to which field, by a mapping or one of its lanes; what is dropped is dropped whatever else it is."""
    deeds: dict[str, Deed] = dict.fromkeys(part.get("homes") or (), names.homes)
    personal: Mapping[str, str] = part.get("personal") or {}
    deeds |= {name: None if kind == CONTENT else names.treatment(kind) for name, kind in personal.items()}
    return deeds | dict.fromkeys(part.get("dropped") or ())


def _when(part: Mapping[str, Any]) -> tuple[tuple[str, frozenset[Any]], ...]:
    return tuple((field, frozenset(values)) for field, values in (part.get("when") or {}).items())


def _holds(value: object, values: frozenset[Any]) -> bool:
    return not isinstance(value, list | dict) and value in values


def _apply_within(row: dict[str, Any], path: tuple[str, ...], deed: Deed) -> None:
    inner: Any = row
    for name in path[:-1]:
        inner = inner.get(name) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or path[-1] not in inner:
        return
    if deed is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = treated(inner[path[-1]], deed)


def _split_url(row: dict[str, Any], path: tuple[str, ...]) -> None:
    """Beside an address of the web: `uri_stem`, its path without the query, and `uri_extension`, where it has one."""
    inner: Any = row
    for name in path[:-1]:
        inner = inner.get(name) if isinstance(inner, dict) else None
    text = inner.get(path[-1]) if isinstance(inner, dict) else None
    if not isinstance(text, str):
        return
    stem, query, _ = text.partition("?")
    if query:
        inner["uri_stem"] = stem
    _, dot, extension = stem.rpartition("/")[2].rpartition(".")
    if dot and extension.isalnum():
        inner["uri_extension"] = extension
