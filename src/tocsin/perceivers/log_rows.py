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
    gives: ClassVar[tuple[type[Body], ...]] = (LogEvents,)
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
    families = dict.fromkeys(name.partition("-")[0] for name in FORMATS)
    return {family: _redaction(family, texts, token_key) for family in families}


def _redaction(family: str, texts: RuleTexts, token_key: bytes) -> "Redaction":
    paths = (f"{SHIPPED}{MAPPINGS}{family}.yaml", f"{OWN}{MAPPINGS}{family}.yaml")
    documents = [_mapping(path, texts.texts[path]) for path in paths if path in texts.texts]
    if not documents:
        raise ConfigError(f"{paths[0]} is missing: nobody may read {family} logs without it. Install again.")
    try:
        return Redaction(documents, token_key)
    except (re.error, AttributeError, TypeError, KeyError, ValueError) as error:
        raise ConfigError(f"The mapping of {family} cannot be used: {error}. Correct {' or '.join(paths)}.") from error


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
    gives: ClassVar[tuple[type[Body], ...]] = LogRows.gives

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
        for row in found.rows:
            self._admit(family, row)
        body = LogEvents(format=family, offsets=tuple(found.offsets), rows=tuple(found.rows))
        newest = max(row["at"] for row in found.rows)
        return Perceived(readings=(replace(reading, body=body, at=newest),), rejected=tuple(found.rejected))

    def _admit(self, family: str, row: dict[str, Any]) -> None:
        """One row, in place; marks that a line brought itself are no marks."""
        redaction = self._redactions[family]
        row.pop(MARKS, None)
        read = redaction.read(row)
        marked = self._marks.of(family, row)
        redaction.redact(row, read)
        if marked:
            row[MARKS] = list(marked)


def _on_time(batch: LogBatch, found: Rows, reading: Reading[LogBatch]) -> Rows:
    """The rows less those of a wrong clock, which would move the time of all others."""
    times = [row["at"] for row in found.rows]
    wrong = odd_ones_out(times, CLOCK_OFF_S_MAX)
    if reading.origin is Origin.LIVE and reading.at > 0:
        wrong |= _later(times, reading.at + AHEAD_S_MAX)
    return found if not wrong else _less(batch, found, wrong)


def _later(times: Sequence[float], limit: float) -> frozenset[int]:
    return frozenset(index for index, at in enumerate(times) if at > limit)


def _less(batch: LogBatch, found: Rows, wrong: frozenset[int]) -> Rows:
    lines = dict(zip(batch.offsets, batch.lines, strict=True))
    reason = "The time of this line is years from that of its neighbours, or ahead of the clock: set the sender's time."
    kept = [index for index in range(len(found.rows)) if index not in wrong]
    return Rows(
        offsets=[found.offsets[index] for index in kept],
        rows=[found.rows[index] for index in kept],
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
        names = Pseudonyms(token_key, *(_listed(documents, name) for name in ("open", "folders", "domains")))
        self._folders, self._long_texts = names.homes_kept, names.homes
        self._deeds = _deeds(documents, names)
        self._lanes = _lanes(documents, names)
        self._asked = tuple(dict.fromkeys(field for when, _ in self._lanes for field, _ in when))
        self._urls = tuple(tuple(name.split(".")) for name in _listed(documents, "urls"))
        self._texts = _said(documents)
        self._shapes: dict[tuple[Any, ...], Shape] = {}

    def read(self, row: dict[str, Any]) -> "list[tuple[str, re.Match[str]]]":
        """Lay the parts of a message beside it, where its pattern is known; what was found, by field."""
        if not self._texts:
            return []
        told = ((name, said, row.get(name)) for name, said in self._texts.items())
        found = [(name, said.read(text, row)) for name, said, text in told if isinstance(text, str)]
        return [(name, match) for name, match in found if match is not None]

    def redact(self, row: dict[str, Any], read: "Sequence[tuple[str, re.Match[str]]]" = ()) -> None:
        """Leave nothing of a person in the row, in place; `read` is what was found in its messages."""
        for name, match in read:
            row[name] = _with_tokens(match, self._deeds)
        shape = self._shape_of(row)
        for name in shape.dropped:
            del row[name]
        for name in shape.homes:
            value = row[name]
            known = type(value) is str and len(value) <= TEXT_KEPT_MAX
            row[name] = self._folders(value) if known else treated(value, self._long_texts)
        for name, treat in shape.treated:
            value = row[name]
            row[name] = treat(value) if type(value) is str else treated(value, treat)
        self._redact_inside(row, shape)

    def _redact_inside(self, row: dict[str, Any], shape: Shape) -> None:
        for path, deed in shape.nested:
            _apply_within(row, path, deed)
        for path in shape.urls:
            _split_url(_inside(row, path), path[-1])

    def _shape_of(self, row: dict[str, Any]) -> Shape:
        key = (*row, *map(row.get, self._asked)) if self._asked else tuple(row)
        try:
            return self._shapes.get(key) or self._learn(key, row)
        except TypeError:  # a list where the lanes ask for one value: such a row is of no lane
            return self._shape(row)

    def _learn(self, key: tuple[Any, ...], row: dict[str, Any]) -> Shape:
        if len(self._shapes) >= SHAPES_KEPT:
            self._shapes.clear()
        self._shapes[key] = shape = self._shape(row)
        return shape

    def _shape(self, row: dict[str, Any]) -> Shape:
        deeds = self._deeds_for(row)
        here = {name: deeds[name] for name in row if name in deeds}
        return Shape(
            dropped=tuple(name for name, deed in here.items() if deed is None),
            homes=tuple(name for name, deed in here.items() if deed == self._long_texts),
            treated=_treated(here, self._long_texts),
            nested=_nested(deeds, row),
            urls=tuple(path for path in self._urls if path[0] in row),
        )

    def _deeds_for(self, row: dict[str, Any]) -> dict[str, Deed]:
        """What is done to fields in general, and what the lanes say that this row is of."""
        deeds = dict(self._deeds)
        for when, more in self._lanes:
            if _all_hold(row, when):
                deeds |= more
        return deeds


def _treated(deeds: Mapping[str, Deed], apart: Treatment) -> tuple[tuple[str, Treatment], ...]:
    """What is treated by the value alone: all that is not dropped, and not done as `apart`."""
    return tuple((name, deed) for name, deed in deeds.items() if deed is not None and deed != apart)


def _lanes(documents: Sequence[Mapping[str, Any]], names: Pseudonyms) -> "list[tuple[When, dict[str, Deed]]]":
    """What is done to rows of a lane beside what is done to all; lanes that ask for nothing are left out."""
    lanes = [(_when(lane), _deeds([lane], names)) for lane in _listed(documents, "lanes")]
    return [(when, deeds) for when, deeds in lanes if deeds]


def _said(documents: Sequence[Mapping[str, Any]]) -> "dict[str, Said]":
    return {name: Said(patterns) for one in documents for name, patterns in (one.get("texts") or {}).items()}


def _nested(deeds: Mapping[str, Deed], row: Mapping[str, Any]) -> tuple[tuple[tuple[str, ...], Deed], ...]:
    """What is done inside the objects of a row, by the way to it."""
    paths = ((tuple(name.split(".")), deed) for name, deed in deeds.items() if "." in name and name not in row)
    return tuple((path, deed) for path, deed in paths if path[0] in row)


def _listed(documents: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """What all documents list under a name."""
    return [one for document in documents for one in document.get(name) or ()]


class Said:
    """What the messages of programs say: patterns whose named groups become fields of the row."""

    def __init__(self, patterns: Iterable[Mapping[str, Any]]) -> None:
        self._patterns = [(_when(one), re.compile(one["pattern"])) for one in patterns]

    def read(self, text: str, row: dict[str, Any]) -> re.Match[str] | None:
        """What the first fitting pattern found, which is in the row now; None where none fits."""
        fitting = (pattern.search(text) for when, pattern in self._patterns if _all_hold(row, when))
        found = next((match for match in fitting if match is not None), None)
        for name, value in _named(found).items():
            row.setdefault(name, value)
        return found


def _named(found: re.Match[str] | None) -> dict[str, str]:
    """The named groups that took part."""
    if found is None:
        return {}
    return {name: value for name, value in found.groupdict().items() if value is not None}


def _with_tokens(found: re.Match[str], deeds: Mapping[str, Deed]) -> str:
    """The text that was read, with tokens in the place of the personal parts."""
    text = found.string
    for start, end, name in sorted(((*found.span(name), name) for name in _named(found)), reverse=True):
        treat = deeds.get(name)
        if treat is not None:
            text = f"{text[:start]}{treat(text[start:end])}{text[end:]}"
    return text


def _deeds(parts: Sequence[Mapping[str, Any]], names: Pseudonyms) -> dict[str, Deed]:
    """What is done to which field, by mappings or a lane; what is dropped is dropped whatever else it is."""
    deeds: dict[str, Deed] = dict.fromkeys(_listed(parts, "homes"), names.homes)
    for part in parts:
        personal: Mapping[str, str] = part.get("personal") or {}
        deeds |= {name: None if kind == CONTENT else names.treatment(kind) for name, kind in personal.items()}
    return deeds | dict.fromkeys(_listed(parts, "dropped"))


When = tuple[tuple[str, frozenset[Any]], ...]


def _when(part: Mapping[str, Any]) -> When:
    return tuple((field, frozenset(values)) for field, values in (part.get("when") or {}).items())


def _all_hold(row: Mapping[str, Any], when: When) -> bool:
    return all(_holds(row.get(field), values) for field, values in when)


def _holds(value: object, values: frozenset[Any]) -> bool:
    return not isinstance(value, list | dict) and value in values


def _inside(row: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The object that holds the last name of a path; an empty one where there is none."""
    inner: Any = row
    for name in path[:-1]:
        inner = inner.get(name) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else {}


def _apply_within(row: dict[str, Any], path: tuple[str, ...], deed: Deed) -> None:
    inner, name = _inside(row, path), path[-1]
    if name in inner and deed is None:
        del inner[name]
    elif name in inner and deed is not None:
        inner[name] = treated(inner[name], deed)


def _split_url(holder: dict[str, Any], name: str) -> None:
    """Beside an address of the web: `uri_stem`, its path without the query, and `uri_extension`, where it has one."""
    text = holder.get(name)
    if not isinstance(text, str):
        return
    stem, query, _ = text.partition("?")
    if query:
        holder["uri_stem"] = stem
    _, dot, extension = stem.rpartition("/")[2].rpartition(".")
    if dot and extension.isalnum():
        holder["uri_extension"] = extension
