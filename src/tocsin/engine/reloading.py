"""Rules come into force at a position of the log: the stages and perceivers that read them start anew there."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from tocsin.contract.protocols import Perceiver
from tocsin.contract.resources import Resources
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.ruletexts import RuleTexts
from tocsin.contract.walk import start
from tocsin.engine.doorway import Doorway
from tocsin.engine.graph import Graph
from tocsin.engine.inforce import InForce, RulesSince, in_force, rules_at
from tocsin.model import Change, NotFound, TocsinError

log = structlog.get_logger()

RULES = "rules"
"""What a Change about rules is called, and what a member names in `reloads` to be started anew by it."""


def reads(member: object, what: str) -> bool:
    """Whether a member asked to be started anew when this part changes."""
    return what in getattr(member, "reloads", ())


@dataclass(frozen=True, slots=True)
class Started:
    """Everything that reads rules, started with those of one digest and not yet in place."""

    resources: Resources
    book: RuleBook
    stages: Mapping[str, Any]
    perceivers: tuple[Perceiver, ...]


class Reloading:
    """Starts stages ahead in any thread, and puts them in place in the engine's.

    The folder of the resources keeps the texts of every digest; `resources_of` gives them other rules.
    """

    def __init__(
        self,
        graph: Graph,
        doorway: Doorway,
        *,
        perceivers: tuple[object, ...],
        resources: Resources,
        resources_of: Callable[[RuleTexts], Resources],
    ) -> None:
        self.resources = resources
        self.book = RuleBook.load(resources)
        self.problem = ""
        self._graph = graph
        self._doorway = doorway
        self._perceivers = tuple(one for one in perceivers if reads(one, RULES))
        self._resources_of = resources_of
        self._ahead: dict[str, Started] = {}
        self._lock = threading.Lock()

    @property
    def digest(self) -> str:
        """The digest of the rules in place."""
        return self.book.digest

    def prepare(self, texts: RuleTexts) -> Started:
        """Keep these texts and start all that reads them; raises a TocsinError where that cannot be done."""
        if self.resources.folder is not None:
            texts.keep(self.resources.folder)
        resources = self._resources_of(texts)
        book = RuleBook.load(resources)
        stages = {node.name: start(node.member, resources) for node in self._graph.nodes if reads(node.member, RULES)}
        started = Started(resources, book, stages, tuple(start(one, resources) for one in self._perceivers))
        with self._lock:
            self._ahead = {texts.digest: started}  # only the newest can still come into force
        return started

    def hear(self, change: Change) -> None:
        """Put in place what a Change names, in the engine's thread; where it cannot be had, all stays as it is."""
        if change.what == RULES and change.digest != self.digest:
            self._put(change.digest)

    def restore(self) -> None:
        """After a snapshot: put in place what was in force at its position."""
        digest = in_force(self._graph.states_of(InForce.kind), RULES)
        if digest and digest != self.digest:
            self._put(digest)

    def book_at(self, pos: int) -> RuleBook:
        """The rules that were in force at a position of the log; raises NotFound where they are not kept any more."""
        since: list[tuple[int, str]] = next(iter(self._graph.states_of(RulesSince.kind).values()), [])
        return self.book_of(rules_at(list(since), pos))

    def book_of(self, digest: str) -> RuleBook:
        """The rules of a digest, those in place for an empty one; raises NotFound where they are not kept any more."""
        if digest in ("", self.digest):
            return self.book
        return RuleBook.load(self._resources_of(self._kept(digest)))

    def _kept(self, digest: str) -> RuleTexts:
        if self.resources.folder is None:
            raise NotFound(f"The rules {digest} are not kept, since nothing is: the rules of now are used instead.")
        return RuleTexts.kept(self.resources.folder, digest)

    def _put(self, digest: str) -> None:
        with self._lock:
            started = self._ahead.pop(digest, None)
        try:
            started = started or self.prepare(self._kept(digest))
        except TocsinError as error:
            self.problem = f"Other rules are in force than were decided: {error}"
            log.warning("rules not reloaded", digest=digest, code=error.code)
            return
        self._graph.restart(started.stages)
        self._doorway.restart(started.perceivers)
        self.resources, self.book, self.problem = started.resources, started.book, ""
        with self._lock:
            self._ahead.pop(digest, None)
        log.info("rules in force", digest=digest)
