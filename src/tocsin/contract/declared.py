"""Checks of what a member declares: its form, its name, its page, its example. Nothing is run but the example."""

import ast
import dataclasses
import doctest
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from tocsin.contract.resources import Resources
from tocsin.contract.walk import PACKAGES
from tocsin.model import DEFAULT_NATS_MAX, Body, ContractBroken, Fact, Reading

Declared: TypeAlias = Any
"""A member, or a running stage, of any kind: protocols, no common class."""

FAMILIES = {
    "sources": frozenset({"source", "mqtt", "http", "tail", "replay", "file", "log", "feed", "camera", "alarm"}),
    "perceivers": frozenset({"log", "vision", "sound", "packet", "text", "perceiver"}),
    "detectors": frozenset({"cyber", "vision", "sound", "cbrne", "crowd", "social", "process", "physical"}),
    "fusion": frozenset({"fusion"}),
    "responders": frozenset({"warning", "export", "notice", "dispatch", "evacuation", "playbook"}),
}
"""The first words that a kind may have, per plural package; the rest of a kind is the member's own."""

HEADINGS = ("Sees", "Cannot see", "Parameters", "Privacy", "Measured")
"""The second-level headings of a member's page, in order."""

NEVER_BUILT = frozenset(
    [
        "age",
        "ages",
        "biometric",
        "biometrics",
        "emotion",
        "emotions",
        "ethnic",
        "ethnicity",
        "face",
        "faces",
        "facial",
        "gait",
        "gender",
        "predict",
        "predictive",
        "race",
        "racial",
        "recidivism",
        "sentiment",
        "sex",
        "voiceprint",
    ]
)
"""Words that no kind, class, grade or hazard may hold: they name what Tocsin never builds."""

_SCORING = frozenset({("social", "score"), ("social", "scoring"), ("social", "credit")})
_IMPURE = frozenset(
    [
        "asyncio",
        "http",
        "httpx",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "requests",
        "secrets",
        "shutil",
        "socket",
        "sqlite3",
        "ssl",
        "structlog",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
    ]
)
_IMPURE_CALLS = frozenset(["open", "print", "input", "eval", "exec", "compile", "__import__", "breakpoint"])
_CLOCKS = frozenset({"now", "utcnow", "today"})


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a member is tried on: facts (or readings) on which it must speak, and some on which it must not."""

    alarm: Sequence[Fact | Reading[Any]] = ()
    benign: Sequence[Fact | Reading[Any]] = ()
    resources: Resources = field(default_factory=Resources)


def broken(member: object, problem: str) -> ContractBroken:
    """The error that names the member and what to do."""
    return ContractBroken(f"{_class(member).__module__}.{_class(member).__name__}: {problem}")


def _class(member: object) -> type:
    return member if isinstance(member, type) else type(member)


_SHAPES = (("perceive", "perceivers"), ("act", "responders"), ("default_nats", "detectors"), ("accepts", "fusion"))


def package_of(member: object) -> str:
    """The plural package that a member belongs to, by its module or, for third parties, by its shape."""
    parts = _class(member).__module__.split(".")
    if parts[0] == "tocsin" and parts[1] in PACKAGES:
        return parts[1]
    return next((package for name, package in _SHAPES if hasattr(member, name)), "sources")


def page_of(member: object, root: Path) -> Path:
    """Where a member's page lies under the project's root."""
    return root / "docs" / "extensions" / package_of(member) / f"{_class(member).__module__.rpartition('.')[2]}.md"


def sections(text: str) -> dict[str, str]:
    r"""The text under each second-level heading, in order.

    >>> sections("# A\n## Sees\nGas.\n## Privacy\nNone.")
    {'Sees': 'Gas.', 'Privacy': 'None.'}
    """
    parts = re.split(r"^## +(.+?) *$", text, flags=re.MULTILINE)
    return {heading: body.strip() for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


def is_a_frozen_declaration(member: Declared, _sample: Sample, _root: Path) -> None:
    """A member is a frozen dataclass whose fields are keyword-only and have defaults or sound types."""
    parameters = getattr(_class(member), "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        raise broken(member, "declare it with @dataclass(frozen=True, slots=True, kw_only=True).")
    if not all(parameter.kw_only for parameter in dataclasses.fields(_class(member))):
        raise broken(member, "its parameters must be keyword-only: add kw_only=True.")


def says_what_it_takes(member: Declared, _sample: Sample, _root: Path) -> None:
    """A member of the flow names the types it accepts; a fold, the key of its state."""
    if package_of(member) == "sources":
        return
    if not getattr(member, "accepts", ()):
        raise broken(member, "say what it takes: accepts: ClassVar = (SomeBody,).")
    if package_of(member) != "perceivers" and not hasattr(member, "key"):
        raise broken(member, "say what its state is kept by: key = by_source, or a Key of its own.")


def has_a_kind_in_its_family(member: Declared, _sample: Sample, _root: Path) -> None:
    """The first word of `kind` is one of the families of its package; the rest is lower-case words."""
    families = FAMILIES[package_of(member)]
    first, _, rest = member.kind.partition(".")
    if first not in families or not re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", rest or first):
        known = ", ".join(sorted(families))
        raise broken(member, f"kind {member.kind!r} must be <family>.<name> in lower case with a family of: {known}.")


def is_not_of_the_never_built(member: Declared, _sample: Sample, _root: Path) -> None:
    """No name declared by a member stands for identifying, judging or predicting people."""
    accepted = [one.__name__ for one in getattr(member, "accepts", ())]
    names = [_class(member).__name__, member.kind, *accepted]
    names += [*getattr(member, "sees", ()), *getattr(member, "default_nats", {})]
    for name in names:
        tokens = _tokens(name)
        if NEVER_BUILT.intersection(tokens) or _SCORING.intersection(pairwise(tokens)):
            raise broken(member, f"{name!r} names what is never built here (see SECURITY.md). Remove the member.")


def _tokens(name: str) -> list[str]:
    return [token.lower() for token in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def asks_for_no_more_than_it_needs(member: Declared, _sample: Sample, _root: Path) -> None:
    """Every accepted body is at most of the declared level (`Body` itself means: up to that level)."""
    for accepted in getattr(member, "accepts", ()):
        if accepted is not Body and issubclass(accepted, Body) and accepted.level > member.needs:
            raise broken(
                member,
                f"accepts {accepted.__name__} of level {accepted.level.name}, but needs says {member.needs.name}: "
                "accept a lower body, or declare what it needs.",
            )


def says_what_it_gives(member: Declared, _sample: Sample, _root: Path) -> None:
    """A perceiver names the bodies that it makes, none of them closer than what it needs to look at."""
    if package_of(member) != "perceivers":
        return
    given = getattr(member, "gives", ())
    if not given:
        raise broken(member, "say what it makes: gives: ClassVar = (SomeBody,).")
    if closer := [one for one in given if one.level > member.needs]:
        raise broken(member, f"gives {closer[0].__name__}, which is closer than what it declares to need.")


def _are_modest(nats: Iterable[float]) -> bool:
    return all(0.0 <= one <= DEFAULT_NATS_MAX for one in nats)


def weighs_every_grade_modestly(member: Declared, _sample: Sample, _root: Path) -> None:
    """A detector has a default weight per grade, at most the cap of unmeasured weights."""
    if package_of(member) != "detectors":
        return
    grades = getattr(member, "default_nats", None)
    if not grades or not _are_modest(grades.values()):
        raise broken(member, f"default_nats must give every grade 0 to {DEFAULT_NATS_MAX:g} nats.")
    if not isinstance(getattr(member, "sees", None), tuple):
        raise broken(member, "say on which hazards its silence is evidence: sees: ClassVar = () for none.")


def has_a_page(member: Declared, _sample: Sample, root: Path) -> None:
    """Its page has exactly the five headings, something under each, and every parameter by name."""
    page = page_of(member, root)
    if not page.is_file():
        raise broken(member, f"write its page docs/extensions/{package_of(member)}/{page.name}.")
    _explains(member, page)


def _explains(member: Declared, page: Path) -> None:
    found = sections(page.read_text(encoding="utf-8"))
    if tuple(found) != HEADINGS:
        raise broken(member, f"{page.name} must have the headings {', '.join(HEADINGS)}; it has {list(found)}.")
    if "" in found.values():
        raise broken(member, f"{page.name} says nothing under one of its headings.")
    explained = set(re.findall(r"`(\w+)`", found["Parameters"]))
    if missing := sorted({parameter.name for parameter in dataclasses.fields(_class(member))} - explained):
        raise broken(member, f"{page.name} must explain the parameter `{missing[0]}` under Parameters.")


def has_a_runnable_example(member: Declared, _sample: Sample, _root: Path) -> None:
    """Its docstring shows it at work, and what it shows is true."""
    kind = _class(member)
    names = vars(sys.modules[kind.__module__])
    found = doctest.DocTestFinder(recurse=False).find(kind, kind.__name__, globs=dict(names))
    examples = [one for one in found if one.examples]
    if not examples:
        raise broken(member, "show it at work in its docstring: a `>>>` example with its printed result.")
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    if any(runner.run(one, out=said.append).failed for one in examples):
        raise broken(member, f"the example in its docstring does not hold:\n{''.join(said)}")


def reads_no_clock_and_no_file(member: Declared, _sample: Sample, _root: Path) -> None:
    """The source of a fold names no module and no call by which time, chance or the outside could enter."""
    if package_of(member) == "sources":
        return
    for source in _sources(sys.modules[_class(member).__module__]):
        for node in ast.walk(ast.parse(source)):
            if impure := _impurity(node):
                raise broken(member, f"uses {impure}: a fold gets time with its facts, and all else from start().")


def _sources(module: ModuleType) -> Iterator[str]:
    """The text of a member's module; of all files beside it where the member is a folder."""
    yield inspect.getsource(module)
    for folder in getattr(module, "__path__", ()):
        yield from (path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.py")))


def _impurity(node: ast.AST) -> str:
    """What in this piece of source could reach outside, in words; empty for nothing."""
    match node:
        case ast.Import(names=names):
            roots = [name.name.partition(".")[0] for name in names]
        case ast.ImportFrom(module=str(module)):
            roots = [module.partition(".")[0]]
        case ast.Call(func=ast.Name(id=name)) if name in _IMPURE_CALLS:
            return f"{name}()"
        case ast.Call(func=ast.Attribute(attr=name)) if name in _CLOCKS:
            return f".{name}()"
        case _:
            return ""
    return next((root for root in roots if root in _IMPURE), "")


ALL: tuple[Callable[[Declared, Sample, Path], None], ...] = (
    is_a_frozen_declaration,
    says_what_it_takes,
    has_a_kind_in_its_family,
    is_not_of_the_never_built,
    asks_for_no_more_than_it_needs,
    says_what_it_gives,
    weighs_every_grade_modestly,
    has_a_page,
    has_a_runnable_example,
    reads_no_clock_and_no_file,
)
"""Every check of a declaration."""
