"""What is in force, as a fold: at every position of the log it is known which rules and policies held."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tocsin.contract.protocols import Key, by_city
from tocsin.model import Change, Fact, Level

PARTS_MAX = 64
"""Most parts (rules, policies, city …) that are remembered."""


@dataclass(frozen=True, kw_only=True)
class InForce:
    """Remembers the newest digest of every part that a Change named.

    >>> from tocsin.model import Origin
    >>> InForce().step(None, Change(at=1.0, origin=Origin.LIVE, what="rules", digest="ab"))[0]
    {'rules': 'ab'}
    """

    kind: ClassVar[str] = "engine.in-force"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Change,)
    key: ClassVar[Key] = by_city

    def step(self, state: dict[str, str] | None, fact: Change) -> tuple[dict[str, str], Sequence[Fact]]:
        """Take one change."""
        known = {} if state is None else state
        if fact.what in known or len(known) < PARTS_MAX:
            known[fact.what] = fact.digest
        return known, ()


SINCE_MAX = 200
"""Most earlier rules that are remembered: as many as are kept (`contract.ruletexts.KEPT_MAX`)."""


@dataclass(frozen=True, kw_only=True)
class RulesSince:
    """Remembers from which position of the log on which rules were in force: what was read then is explained by them.

    >>> from tocsin.model import Origin
    >>> since: list[tuple[int, str]] = []
    >>> for pos, name in ((3, "a"), (9, "b")):
    ...     change = Change(at=1.0, origin=Origin.LIVE, what="rules", digest=name, pos=pos)
    ...     since, _ = RulesSince().step(since, change)
    >>> [rules_at(since, pos) for pos in (1, 3, 8, 9)]
    ['a', 'a', 'a', 'b']
    """

    kind: ClassVar[str] = "engine.rules-since"
    needs: ClassVar[Level] = Level.AMBIENT
    accepts: ClassVar[tuple[type, ...]] = (Change,)
    key: ClassVar[Key] = by_city

    def step(self, state: list[tuple[int, str]] | None, fact: Change) -> tuple[list[tuple[int, str]], Sequence[Fact]]:
        """Take one change; a restart with the same rules is none."""
        since = [] if state is None else state
        if fact.what == "rules" and (not since or since[-1][1] != fact.digest):
            since.append((fact.pos, fact.digest))
            del since[:-SINCE_MAX]
        return since, ()


def rules_at(since: Sequence[tuple[int, str]], pos: int) -> str:
    """The digest of the rules in force at a position; the oldest known before it, empty where none is known."""
    before = [digest for begun, digest in since if begun <= pos]
    return before[-1] if before else next((digest for _, digest in since), "")


def in_force(states: dict[str, dict[str, str]], what: str) -> str:
    """The digest of a part among the states of this fold; empty where none was ever named."""
    return next((known.get(what, "") for known in states.values()), "")
