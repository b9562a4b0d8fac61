"""Suites: what is measured, one file per suite; here what they share: Order, Workshop, Report, and how they are found.

`evaluate` measures quality, `bench` speed and endurance. A suite is a frozen keyword-only
dataclass whose fields are its parameters. It gets what only the composition root can build
from a `Workshop`, so that no suite knows how an installation is put together.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, cast

from msgspec import Struct

from tocsin.city.context import City
from tocsin.contract.resources import Resources
from tocsin.engine.flow import Flow
from tocsin.engine.view import View
from tocsin.model import ConfigError, Fact
from tocsin.sim.truth import Truth
from tocsin.store.log import EventLog

Verb = Literal["evaluate", "bench"]


class Report(Struct, frozen=True, kw_only=True):
    """What a suite says: the same seven fields for all, so that a program can compare any two runs.

    `metrics` and those of each peer are plain numbers; units are last in their names.
    """

    suite: str
    command: str
    data: str
    seed: tuple[int, ...]
    metrics: dict[str, float]
    peers: dict[str, dict[str, float]]
    detail: dict[str, Any]


def quiet(_line: str) -> None:
    """Hears of progress where nobody watches."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a person asked for: where the data lies, which seeds, and who hears of progress."""

    command: str
    data: Path | None = None
    test: Path | None = None
    seeds: tuple[int, ...] = ()
    say: Callable[[str], None] = quiet


class House(Protocol):
    """What a suite uses of an installation."""

    @property
    def flow(self) -> Flow:
        """Admit, log, fold, tell."""
        ...

    @property
    def view(self) -> View:
        """What people would see."""
        ...

    @property
    def log(self) -> EventLog:
        """Everything that was observed."""
        ...

    @property
    def resources(self) -> Resources:
        """What a source may use when it starts."""
        ...

    def close(self, now: float) -> None:
        """Give files back."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """A scenario that ran through the whole flow: what was true, what was concluded, and the log of it."""

    truth: Truth
    concluded: tuple[Fact, ...]
    log: EventLog


class Site(Struct, frozen=True, kw_only=True):
    """An installation that is served by a child process: where it lies, and how devices reach it.

    `ready` exists once devices are heard. `logins` are the passwords by device; a device
    publishes to its own topic.
    """

    folder: Path
    log_file: Path
    broker_pid: Path
    ready: Path
    host: str
    port: int
    logins: dict[str, str]

    def topic(self, device: str) -> str:
        """Where a device publishes."""
        return f"city/gas/{device}"


class Workshop(Protocol):
    """What the composition root lends to suites."""

    def open(self, folder: Path, city: City, *, recorded: bool = False, rules: Path | None = None) -> House:
        """A fresh installation of simulated origin in a folder; `rules` is the folder of a city's own."""
        ...

    def scenario(self, name: str) -> Path:
        """The file of a scenario by name or path; raises ConfigError listing those that ship."""
        ...

    def rehearse(self, scenario: Path, seed: int) -> AbstractContextManager[Rehearsed]:
        """Simulate a scenario to a capture, replay it through a fresh installation, and give it all back after."""
        ...

    def furnish(self, folder: Path, devices: Sequence[str]) -> Site:
        """An installation that `server` can serve: one gas sensor and one MQTT login per name."""
        ...

    def server(self, site: Site) -> Sequence[str]:
        """The command that serves a site, broker and engine."""
        ...

    def log_of(self, site: Site) -> EventLog:
        """The log of a site that nobody serves any more."""
        ...


class Suite(Protocol):
    """One measurement: `verb` says under which command it is found, `kind` by which name."""

    kind: ClassVar[str]
    verb: ClassVar[Verb]

    def run(self, order: Order, workshop: Workshop) -> Report:
        """Measure; raises ConfigError where the data cannot be used."""
        ...


def suites(verb: Verb) -> dict[str, type[Suite]]:
    """All suites of a command by name, found by a walk over this package.

    >>> "scenarios" in suites("evaluate"), "flow" in suites("bench")
    (True, True)
    """
    found: dict[str, type[Suite]] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for candidate in vars(importlib.import_module(module.name)).values():
            if is_dataclass(candidate) and getattr(candidate, "verb", None) == verb:
                suite = cast("type[Suite]", candidate)
                found[suite.kind] = suite
    return dict(sorted(found.items()))


def suite_named(verb: Verb, name: str) -> type[Suite]:
    """The suite of that name; raises ConfigError naming those that exist."""
    known = suites(verb)
    if name not in known:
        message = f"There is nothing called {name!r} to {verb}: choose one of {', '.join(known)}."
        raise ConfigError(message)
    return known[name]


def seeds_of(texts: Sequence[str]) -> tuple[int, ...]:
    """Seeds as people write them, single or as ranges; raises ConfigError for anything else.

    >>> seeds_of(["7", "1000-1002"])
    (7, 1000, 1001, 1002)
    """
    try:
        pairs = [tuple(map(int, text.split("-"))) for text in texts]
        return tuple(seed for first, *rest in pairs for seed in range(first, (*rest, first)[0] + 1))
    except ValueError:
        message = f"Seeds are numbers such as 7 or ranges such as 1000-1039, not {' '.join(texts)}."
        raise ConfigError(message) from None
