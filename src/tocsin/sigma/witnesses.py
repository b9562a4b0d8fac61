"""What must be there for a condition to hold: the rarest such texts wake a rule, so that few rules are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from tocsin.sigma.literals import LONG, Text
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Named, Node, Not

Trigger: TypeAlias = Text | str | Atom
"""A text found in a field, the digest that admission left for a row, or a comparison made for its own sake."""
Triggers: TypeAlias = frozenset[Trigger]
Needed: TypeAlias = Callable[[Atom], Triggers]
Share: TypeAlias = Callable[[Trigger], float]
"""The share of rows in which a trigger is found, as far as known; a wrong one costs time, never an answer."""

SHARE_LONG_MIN, SHARE_MIN = 1e-4, 0.02


def guessed(trigger: Trigger) -> float:
    """A share where nothing was counted yet: long texts are rare, and texts in long fields rarer."""
    if isinstance(trigger, Atom):  # the dearest: it is made for each new value
        return 1.0
    if isinstance(trigger, str):
        return SHARE_LONG_MIN
    least = SHARE_LONG_MIN if trigger.field in LONG else SHARE_MIN
    letters = len(trigger.text) + (0 if trigger.how == "contains" else 2)
    return max(least, 0.5 * 0.5**letters)


def witness(node: Node, needed: Needed, share: Share = guessed) -> Triggers | None:
    """Triggers of which at least one is there whenever a condition holds; None if there are no such triggers.

    >>> from tocsin.sigma.atoms import atom
    >>> from tocsin.sigma.literals import needed
    >>> powershell, hidden = atom("Image", "endswith", "powershell.exe"), atom("CommandLine", "contains", "-w hidden")
    >>> [text.text for text in witness(AllOf(parts=(powershell, hidden)), needed)]
    ['-w hidden']
    """
    return _best(node, needed, share, holds=True)


def _best(node: Node, needed: Needed, share: Share, *, holds: bool) -> Triggers | None:
    match node:
        case Atom():
            return (needed(node) or None) if holds else None
        case Not(part=part):
            return _best(part, needed, share, holds=not holds)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            found = [_best(part, needed, share, holds=holds) for part in parts]
            return _rarest(found, share) if isinstance(node, AllOf) == holds else _together(found)
        case Named():
            return None


def _rarest(found: Iterable[Triggers | None], share: Share) -> Triggers | None:
    return min((each for each in found if each), key=lambda each: sum(map(share, each)), default=None)


def _together(found: list[Triggers | None]) -> Triggers | None:
    known = [each for each in found if each]
    return frozenset().union(*known) if len(known) == len(found) else None
