"""The points of a conformance check: what was asked, whether it holds, and what was seen instead."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

State = Literal["holds", "fails", "untried"]

SEEN_MAX = 3
"""Most examples told with a point that fails."""


class Point(Struct, frozen=True, kw_only=True):
    """One point: `text` says what was seen where it fails, or why it could not be tried."""

    name: str
    state: State
    text: str = ""


def held(name: str, problems: Iterable[str] = ()) -> Point:
    """The point fails by these problems; it holds where there are none.

    >>> held("one node id").state, held("one node id", ["two ids"]).text
    ('holds', 'two ids')
    """
    found = list(dict.fromkeys(problems))
    if not found:
        return Point(name=name, state="holds")
    more = f" (and {len(found) - SEEN_MAX} more)" if len(found) > SEEN_MAX else ""
    return Point(name=name, state="fails", text="; ".join(found[:SEEN_MAX]) + more)


def untried(name: str, why: str) -> Point:
    """The point could not be tried."""
    return Point(name=name, state="untried", text=why)
