"""`tocsin evaluate sigma-regression`: recorded events through decoding, admission and all rules; each fires its own."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

from msgspec import Struct, ValidationError, convert

from tocsin.contract.bodies import LogEvents
from tocsin.contract.protocols import RunningSource
from tocsin.contract.resources import Resources, content_folder
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.ruletexts import RuleTexts
from tocsin.contract.walk import configured, member_of
from tocsin.model import ConfigError
from tocsin.sigma.matching import Matcher
from tocsin.sigma.rule import Rule
from tocsin.suites import Order, Report, Verb, Workshop

TOKEN_KEY = b"recorded events, made up names"
"""Events are published examples: their names are turned into tokens as in a city, under a key known to all."""

RULES = ("rules", "rules-emerging-threats", "rules-threat-hunting")
"""Folders of rules beside the recorded events."""


class _Told(Struct, kw_only=True):
    """One test as info.yml writes it."""

    type: str
    path: str
    match_count: int | None = None


class _Named(Struct, kw_only=True):
    id: str
    title: str = ""


class _Info(Struct, kw_only=True):
    rule_metadata: list[_Named]
    regression_tests_info: list[_Told] = []


@dataclass(frozen=True, slots=True)
class Case:
    """One test: the recording that is named, its twins in other forms, the rule, and how often it must fire."""

    rule: str
    title: str
    files: tuple[Path, ...]
    count: int | None


@dataclass(slots=True)
class Outcome:
    """What one file of a test gave: events read, lines that could not be read, hits per rule."""

    file: Path
    events: int = 0
    rejected: list[str] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    rules: dict[str, Rule] = field(default_factory=dict)

    def exact(self, case: Case) -> bool:
        """Whether the test's rule fired as often as it says, or at all where it says nothing."""
        fired = self.hits[case.rule]
        return not self.rejected and (fired > 0 if case.count is None else fired == case.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigmaRegression:
    """Every recorded event against every rule.

    `--data DIR` holds `regression/**/info.yml` with the events beside them, and the folders of rules.
    Each event is read in every form that lies there (.evtx, JSON …), admitted as in a city (names
    become tokens, what rules ask about names is marked), and matched with all rules at once.
    `fired` counts tests whose rule fires in every form, `exact` those where it also fires as often
    as the test says, `reached` at least as often; `others` counts other rules that fire on a
    test's events, listed in the detail.
    """

    kind: ClassVar[str] = "sigma-regression"
    verb: ClassVar[Verb] = "evaluate"

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Read, admit, match, count; raises ConfigError where the folder holds no tests."""
        del workshop  # no installation is needed: source, perceiver and matcher are enough
        data = order.data
        if data is None or not (data / "regression").is_dir():
            raise ConfigError("Name the folder that holds `regression` and `rules`: --data DIR.")
        bench = Bench(data)
        order.say(f"{bench.rules} rules, {len(bench.refused)} refused.")
        outcomes = [(case, [bench.outcome(file) for file in case.files]) for case in cases(data)]
        return Report(
            suite=self.kind,
            command=order.command,
            data=str(data),
            seed=(),
            metrics={"rules": float(bench.rules), **_metrics(outcomes)},
            peers={},
            detail=_detail(outcomes, bench.refused),
        )


class Bench:
    """A source, the perceiver and a matcher over all rules of a folder."""

    def __init__(self, data: Path) -> None:
        self._resources = Resources(rules=_texts(data), token_key=TOKEN_KEY)
        book = RuleBook.load(self._resources)
        self._perceiver = member_of("perceivers", "log.rows")().start(self._resources)
        self._matcher = Matcher(book.loaded.rules, book.taxonomies)
        self.rules = len(book.loaded.rules)
        self.refused = tuple(f"{one.path}:{one.line}: {one.reason}" for one in book.loaded.refused)

    def outcome(self, file: Path) -> Outcome:
        """One recorded file through all of it."""
        found = Outcome(file)
        source = configured(member_of("sources", "replay"), {"paths": [str(file)]}).start(self._resources)
        for body in self._admitted(source, found):
            found.events += len(body.rows)
            for _, rule in self._matcher.rows(body.format, body.rows):
                found.hits[rule.id] += 1
                found.rules[rule.id] = rule
        return found

    def _admitted(self, source: RunningSource, found: Outcome) -> Iterator[LogEvents]:
        while (delivered := source.next_batch(0.0)) is not None:
            found.rejected.extend(_reasons(delivered.rejected))
            for reading in delivered.readings:
                perceived = self._perceiver.perceive(reading)
                found.rejected.extend(_reasons(perceived.rejected))
                yield from (one.body for one in perceived.readings)


def _texts(data: Path) -> RuleTexts:
    """The rules of the folder, with our mappings and without our rules."""
    shipped = RuleTexts.read(content_folder()).texts
    texts = {path: text for path, text in shipped.items() if "/mappings/" in path}
    for folder in RULES:
        for path in sorted((data / folder).rglob("*.yml")):
            texts[str(path.relative_to(data))] = path.read_text(encoding="utf-8")
    digest = blake2b("".join(f"{path}\x1f{text}\x1e" for path, text in texts.items()).encode(), digest_size=16)
    return RuleTexts(digest=digest.hexdigest(), texts=texts)


def cases(data: Path) -> list[Case]:
    """All tests below `regression`; raises ConfigError for an info.yml that cannot be read."""
    return [case for path in sorted((data / "regression").rglob("info.yml")) for case in _cases_of(path)]


def _cases_of(path: Path) -> Iterator[Case]:
    """The tests of one folder; one that lists none (its form has no runner elsewhere) is run on what lies there."""
    import yaml

    try:
        info = convert(yaml.safe_load(path.read_text(encoding="utf-8")), _Info)
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"{path} cannot be used: {error}.") from error
    rule = info.rule_metadata[0]
    for told in info.regression_tests_info:
        named = path.parent / Path(told.path).name
        yield Case(rule.id, rule.title, _forms(path.parent, named.stem), told.match_count)
    if not info.regression_tests_info:
        yield Case(rule.id, rule.title, _forms(path.parent, rule.id), None)


def _forms(folder: Path, stem: str) -> tuple[Path, ...]:
    return tuple(sorted(one for one in folder.iterdir() if one.stem == stem))


Outcomes = Iterable[tuple[Case, list[Outcome]]]


def _metrics(outcomes: Outcomes) -> dict[str, float]:
    counts: Counter[str] = Counter(tests=0)
    for case, files in outcomes:
        counts.update(_counted(case, files))
    return {name: float(count) for name, count in counts.items()}


def _reasons(rejected: Iterable[tuple[bytes, str]]) -> Iterator[str]:
    return (reason for _, reason in rejected)


def _exact(case: Case, files: list[Outcome]) -> bool:
    return bool(files) and all(one.exact(case) for one in files)


def _counted(case: Case, files: list[Outcome]) -> dict[str, int]:
    """What one test adds; one whose events are missing is neither fired nor exact."""
    fired = min((one.hits[case.rule] for one in files), default=0)
    return {
        "tests": 1,
        "fired": int(fired > 0),
        "reached": int(fired >= (case.count or 1)),
        "exact": int(_exact(case, files)),
        "others": len(_others(case, files)),
        "files": len(files),
        "events": sum(one.events for one in files),
    }


def _others(case: Case, files: Iterable[Outcome]) -> dict[str, Rule]:
    found = {rule.id: rule for one in files for rule in one.rules.values() if rule.id != case.rule}
    return dict(sorted(found.items()))


def _detail(outcomes: Outcomes, refused: tuple[str, ...]) -> dict[str, Any]:
    listed = list(outcomes)
    failed = [_failure(case, files) for case, files in listed if not files or not all(o.exact(case) for o in files)]
    others = [_silence(case, files) for case, files in listed if _others(case, files)]
    return {"failed": failed, "others": others, "refused": list(refused)}


def _failure(case: Case, files: list[Outcome]) -> Mapping[str, Any]:
    forms = {
        one.file.name: {"fired": one.hits[case.rule], "events": one.events, "rejected": one.rejected[:3]}
        for one in files
    }
    return {"rule": case.rule, "title": case.title, "expected": case.count, "files": forms}


def _silence(case: Case, files: list[Outcome]) -> Mapping[str, Any]:
    others = [f"{rule.title} ({rule.level})" for rule in _others(case, files).values()]
    return {"rule": case.rule, "title": case.title, "others": others}
