"""The rules in force, read: rules and correlations, what was refused and why, field mappings, counted rates."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import blake2b
from importlib.metadata import version
from math import log
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tocsin.contract.cards import RECALL_ASSUMED, poisson_upper
from tocsin.contract.resources import Resources
from tocsin.contract.ruletexts import OWN, SHIPPED, RuleTexts
from tocsin.model import Basis, TocsinError, Weight
from tocsin.sigma.rule import Correlation, Loaded, Refusal, Rule
from tocsin.sigma.taxonomy import Taxonomy

PLACEHOLDERS = f"{OWN}placeholders.yaml"
"""The city's own values for `%placeholders%` of rules: a mapping of names to lists."""

RATES = f"{OWN}rates.yaml"
"""What back-tests counted: a mapping of rule ids to `Rate`."""

EVENTS = (".events.yml", ".events.yaml")
"""Endings of files with unit events, which lie beside the rules."""

CACHED_MAX = 4
"""Most parsed collections that are kept, in memory and in the folder of an installation."""

HOURS_A_DAY = 24.0


class Rate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a rule rang over recorded history without a true event: `alarms` in `days`.

    `per_day_max` is the upper 95 % bound of alarms per day that follows, `command` what counted.
    """

    alarms: int
    days: float
    per_day_max: float
    command: str

    def weight(self) -> Weight:
        """What one alarm is worth: ln(recall / bound of a false alarm in one hour), never negative.

        >>> round(Rate(alarms=0, days=30.0, per_day_max=0.1, command="x").weight().nats, 2)
        4.79
        """
        an_hour = poisson_upper(self.alarms) / self.days / HOURS_A_DAY
        nats = max(0.0, log(RECALL_ASSUMED / min(1.0, an_hour)))
        text = f"{self.alarms} alarms in {self.days:g} days, at most {self.per_day_max:g} a day: {self.command}"
        return Weight(nats=nats, basis=Basis.COUNTED, text=text)


@dataclass(frozen=True, slots=True)
class Share:
    """What one detector runs: its correlations, and the rules that speak or that these need.

    `quiet` are ids of rules that only feed correlations (`generate: false`), or belong to another family.
    """

    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...]
    quiet: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """All rules of one digest. `taxonomies` are by format (eve, zeek, windows, tocsin …)."""

    digest: str
    loaded: Loaded
    taxonomies: Mapping[str, Taxonomy]
    rates: Mapping[str, Rate] = field(default_factory=dict)

    @classmethod
    def load(cls, resources: Resources) -> "RuleBook":
        """The rules of these resources; equal digests share one book.

        Files that cannot be used are in `loaded.refused` with path, line, feature and reason.
        """
        texts = resources.rules or RuleTexts.read(resources.content)
        with _lock:
            book = _books.get(texts.digest)
        book = book or _read(texts, resources.folder)  # outside the lock: others may ask meanwhile
        with _lock:
            _books.pop(texts.digest, None)
            _books[texts.digest] = book
            while len(_books) > CACHED_MAX:
                del _books[next(iter(_books))]
        return book

    @property
    def every(self) -> tuple[Rule | Correlation, ...]:
        """Rules and correlations alike."""
        return (*self.loaded.correlations, *self.loaded.rules)

    @cached_property
    def _by_name(self) -> dict[str, Rule | Correlation]:
        return {one.name: one for one in self.every if one.name} | {one.id: one for one in self.every}

    def find(self, name: str) -> Rule | Correlation | None:
        """The rule or correlation with that id or name."""
        return self._by_name.get(name)

    def feeds_only(self, rule: str) -> bool:
        """Whether a rule speaks through correlations alone."""
        return rule in self._feeding

    @property
    def broken(self) -> bool:
        """Whether a city has files of its own and not one of them could be used."""
        refused = any(one.path.startswith(OWN) for one in self.loaded.refused)
        return refused and not any(one.path.startswith(OWN) for one in self.every)

    def share(self, family: str) -> Share:
        """What the detector of a family (cyber, physical) runs."""
        correlations = self._needed([one for one in self.loaded.correlations if one.family == family])
        fed = self._parts_of(correlations)
        rules = tuple(one for one in self.loaded.rules if one.family == family or one.id in fed)
        run: tuple[Rule | Correlation, ...] = (*rules, *correlations)
        silent = {one.id for one in run if one.family != family}
        return Share(rules, correlations, frozenset(silent | self._feeding))

    def parts(self, correlation: Correlation) -> list[Rule | Correlation]:
        """What a correlation refers to."""
        return [found for name in correlation.rules if (found := self.find(name)) is not None]

    def _needed(self, wanted: list[Correlation]) -> tuple[Correlation, ...]:
        """The correlations and all that they refer to."""
        needed: dict[str, Correlation] = {}
        pending = list(wanted)
        for one in pending:
            if one.id not in needed:
                needed[one.id] = one
                pending.extend(other for other in self.parts(one) if isinstance(other, Correlation))
        return tuple(needed.values())

    @cached_property
    def _feeding(self) -> frozenset[str]:
        """Ids that speak through correlations alone: one refers to them that does not say `generate`."""
        return self._parts_of(one for one in self.loaded.correlations if not one.generate)

    def _parts_of(self, correlations: Iterable[Correlation]) -> frozenset[str]:
        return frozenset(found.id for one in correlations for found in self.parts(one))


_books: dict[str, RuleBook] = {}
_lock = threading.Lock()


def _read(texts: RuleTexts, folder: Path | None) -> RuleBook:
    rates, bad_rates = _rates(texts)
    placeholders, bad_placeholders = _placeholders(texts)
    taxonomies, bad_mappings = _taxonomies(texts)
    loaded = _runnable(_rules(texts, placeholders, folder))
    refused = (*texts.refused, *loaded.refused, *bad_mappings, *bad_placeholders, *bad_rates)
    return RuleBook(
        digest=texts.digest,
        loaded=msgspec.structs.replace(loaded, refused=refused),
        taxonomies=taxonomies,
        rates=rates,
    )


def rule_texts(texts: RuleTexts) -> list[tuple[str, str]]:
    """The files that hold rules: those a person named, then a city's own, then ours (of equal ids the first wins)."""
    given = [(name, texts.texts[name]) for name in sorted(texts.texts) if not name.startswith((OWN, SHIPPED))]
    aside = (PLACEHOLDERS, RATES)
    own = [one for one in texts.below(OWN) if one[0] not in aside and not one[0].startswith(f"{OWN}mappings/")]
    return [one for one in (*given, *own, *texts.below(f"{SHIPPED}rules/")) if not one[0].endswith(EVENTS)]


def _rules(texts: RuleTexts, placeholders: Mapping[str, list[str]], folder: Path | None) -> Loaded:
    """Parsed, or taken from the folder's cache where the same files were parsed by the same code."""
    files = rule_texts(texts)
    if folder is None:
        found = _parsed(files, placeholders)
    else:
        found = _parsed_once(files, placeholders, folder / "cache" / "rules" / _cache_name(files, placeholders))
    return msgspec.structs.replace(found, refused=tuple(one for one in found.refused if not _replaced(one)))


def _parsed(files: list[tuple[str, str]], placeholders: Mapping[str, list[str]]) -> Loaded:
    from tocsin.sigma.reading import read

    return read(files, placeholders=placeholders)


def _parsed_once(files: list[tuple[str, str]], placeholders: Mapping[str, list[str]], path: Path) -> Loaded:
    found = _cached(path)
    if found is None:
        found = _parsed(files, placeholders)
        _cache(path, found)
    return found


def _replaced(refused: Refusal) -> bool:
    """Whether a rule of ours stands back for a city's own with its id: that is no fault."""
    return refused.feature == "id" and refused.path.startswith(SHIPPED)


def _runnable(loaded: Loaded) -> Loaded:
    """What was read, less correlations that can be read but not run."""
    from tocsin.sigma.correlating import Correlator

    runner = Correlator(loaded.correlations, loaded.rules)
    if not runner.refused:
        return loaded
    ready = frozenset(plan.rule.id for plan in runner.plans)
    kept = tuple(one for one in loaded.correlations if one.id in ready)
    return msgspec.structs.replace(loaded, correlations=kept, refused=(*loaded.refused, *runner.refused))


def _cache_name(files: Iterable[tuple[str, str]], placeholders: Mapping[str, list[str]]) -> str:
    parts = blake2b(_code().encode(), digest_size=16)
    parts.update(msgspec.msgpack.encode(sorted(placeholders.items())))
    for path, text in files:
        parts.update(f"{path}\x1f{text}\x1e".encode())
    return parts.hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    """Names what parses: our own package as it is, and the version of pySigma."""
    parts = blake2b(version("pysigma").encode(), digest_size=16)
    for path in sorted((Path(__file__).parents[1] / "sigma").glob("*.py")):
        parts.update(path.read_bytes())
    return parts.hexdigest()


def _cached(path: Path) -> Loaded | None:
    """What was parsed before; None for a cache that is absent, damaged, or of another shape."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=Loaded)
    except (OSError, ValueError, RecursionError):
        return None


def _cache(path: Path, loaded: Loaded) -> None:
    """Keep what was parsed; a disk that cannot take it only costs the next start a parse."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.msgpack.encode(loaded))
        part.replace(path)
        for old in sorted(path.parent.iterdir(), key=lambda one: one.stat().st_mtime)[:-CACHED_MAX]:
            old.unlink()
    except OSError:
        return


def _taxonomies(texts: RuleTexts) -> tuple[dict[str, Taxonomy], list[Refusal]]:
    """The mappings by format; one of the city's own takes the place of ours."""
    found: dict[str, Taxonomy] = {}
    refused: list[Refusal] = []
    for path, text in (*texts.below(f"{SHIPPED}mappings/"), *texts.below(f"{OWN}mappings/")):
        document = _document(path, text, refused)
        if document is None:
            continue
        try:
            found[str(document["format"])] = Taxonomy.of(document)
        except (TocsinError, KeyError, TypeError, ValueError) as error:
            reason = str(error) if isinstance(error, TocsinError) else f"Its form is not right ({error!r})."
            refused.append(Refusal(path=path, line=1, feature="mapping", reason=reason))
    return found, refused


def _placeholders(texts: RuleTexts) -> tuple[dict[str, list[str]], list[Refusal]]:
    refused: list[Refusal] = []
    document = _own_document(texts, PLACEHOLDERS, refused)
    try:
        found = msgspec.convert(document, dict[str, str | int | float | list[str | int | float]])
    except msgspec.ValidationError as error:
        return {}, [Refusal(path=PLACEHOLDERS, line=1, feature="placeholders", reason=f"{error}.")]
    return {name: [str(v) for v in (one if isinstance(one, list) else [one])] for name, one in found.items()}, refused


def _rates(texts: RuleTexts) -> tuple[dict[str, Rate], list[Refusal]]:
    """The counted rates; one whose bound its own counts do not give is refused: nobody writes weights by hand."""
    refused: list[Refusal] = []
    rates: dict[str, Rate] = {}
    for rule, given in _own_document(texts, RATES, refused).items():
        try:
            rate = msgspec.convert(given, Rate)
            bound = poisson_upper(rate.alarms) / rate.days
        except (msgspec.ValidationError, ZeroDivisionError) as error:
            refused.append(Refusal(path=RATES, line=1, feature=str(rule), reason=f"{error}."))
            continue
        if rate.days > 0 and rate.alarms >= 0 and abs(rate.per_day_max - bound) <= 0.01 * bound:
            rates[str(rule)] = rate
        else:
            reason = f"It says at most {rate.per_day_max:g} a day where its counts give {bound:.4g}: back-test again."
            refused.append(Refusal(path=RATES, line=1, feature=str(rule), reason=reason))
    return rates, refused


def _own_document(texts: RuleTexts, path: str, refused: list[Refusal]) -> dict[str, Any]:
    return (_document(path, texts.texts[path], refused) or {}) if path in texts.texts else {}


def _document(path: str, text: str, refused: list[Refusal]) -> dict[str, Any] | None:
    """The mapping in a YAML file; None, with its refusal, where it holds none."""
    import yaml

    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}  # noqa: S506  # the safe one, in C
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, reason = (
            (mark.line + 1 if mark is not None else 1),
            f"It is not YAML: {getattr(error, 'problem', error)}.",
        )
        refused.append(Refusal(path=path, line=line, feature="yaml", reason=reason))
        return None
    if not isinstance(found, dict):
        refused.append(Refusal(path=path, line=1, feature="yaml", reason="It must be a mapping of names to values."))
        return None
    return found
