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


def in_force(states: dict[str, dict[str, str]], what: str) -> str:
    """The digest of a part among the states of this fold; empty where none was ever named."""
    return next((known.get(what, "") for known in states.values()), "")
