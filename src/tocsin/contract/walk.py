"""Finds members: a walk over our packages, and entry points for those of third parties."""

import dataclasses
import importlib
import pkgutil
import types
import typing
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, cast

import msgspec

from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, ContractBroken, Level

PACKAGES = ("sources", "perceivers", "detectors", "fusion", "responders")
"""The plural packages whose files are members."""


def is_member(candidate: object) -> bool:
    """Whether a class declares itself a member: a public dataclass with `kind` and `needs`."""
    return (
        isinstance(candidate, type)
        and dataclasses.is_dataclass(candidate)
        and not candidate.__name__.startswith("_")
        and isinstance(getattr(candidate, "kind", None), str)
        and isinstance(getattr(candidate, "needs", None), Level)
    )


def _modules(package: str) -> Iterator[types.ModuleType]:
    root = importlib.import_module(f"tocsin.{package}")
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
        if not found.name.endswith(".__main__"):
            yield importlib.import_module(found.name)


def _own(package: str) -> Iterator[type]:
    for module in _modules(package):
        for candidate in vars(module).values():
            if is_member(candidate) and candidate.__module__ == module.__name__:
                yield candidate


def _installed(package: str) -> Iterator[type]:
    for entry in entry_points(group=f"tocsin.{package}"):
        member = entry.load()
        if not is_member(member):
            message = f"Entry point {entry.name!r} ({entry.value}) is no member: it needs `kind` and `needs`."
            raise ContractBroken(message)
        yield member


def members(package: str) -> list[type]:
    """All members of a plural package ("detectors", …), ours and installed, ordered by kind.

    Raises ContractBroken where two members claim one kind.

    >>> [member.__name__ for member in members("detectors") if member.kind == "cbrne.toxic"]
    ['Toxic']
    """
    found: dict[str, type] = {}
    for member in (*_own(package), *_installed(package)):
        kind: str = member.kind  # type: ignore[attr-defined]  # every member has one
        if found.setdefault(kind, member) is not member:
            message = f"{member.__module__} and {found[kind].__module__} both claim the kind {kind!r}: rename one."
            raise ContractBroken(message)
    return [found[kind] for kind in sorted(found)]


def member_of(package: str, kind: str) -> type:
    """The member of that kind; raises ConfigError naming those that exist."""
    known = {cast("Any", member).kind: member for member in members(package)}
    if kind not in known:
        message = f"No {kind!r} among {package}: choose one of {', '.join(known) or 'none'}."
        raise ConfigError(message)
    return known[kind]


def configured(member: type, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401  # a member of any kind
    """The declaration with these parameters, checked by its fields; raises ConfigError naming one."""
    names = {field.name for field in dataclasses.fields(member)}
    kind = cast("Any", member).kind
    if unknown := sorted(set(parameters) - names):
        message = f"{kind} has no parameter {unknown[0]!r}: it has {', '.join(sorted(names)) or 'none'}."
        raise ConfigError(message)
    try:
        return msgspec.convert(dict(parameters), member)
    except msgspec.ValidationError as error:
        message = f"Parameters of {kind}: {error}."
        raise ConfigError(message) from error


def start(member: object, resources: Resources) -> Any:  # noqa: ANN401  # a running stage of any kind
    """The running stage: what `member.start(resources)` gives, or the declaration itself."""
    starter = getattr(member, "start", None)
    return member if starter is None else starter(resources)


def state_type(stage: object) -> Any:  # noqa: ANN401  # a type expression, as annotated
    """The type of a stage's state, read from the annotation of `step`, without its None.

    Raises ContractBroken where it is not annotated: the engine could not restore a snapshot.
    """
    step = getattr(stage, "step", None)
    hints = typing.get_type_hints(step, include_extras=True) if step is not None else {}
    if not {"state", "return"} <= hints.keys():
        message = f"{type(stage).__name__}.step must be annotated: step(self, state: S | None, fact: F) -> …."
        raise ContractBroken(message)
    kept = tuple(part for part in _parts(hints["state"]) if part is not types.NoneType)
    return typing.Union[kept]  # noqa: UP007  # made at run time


def _parts(hint: object) -> tuple[object, ...]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return typing.get_args(hint)
    return (hint,)
