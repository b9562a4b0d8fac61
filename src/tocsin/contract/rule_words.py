"""How a rule's finding is worded: the sentence, the matched fields in it, the place in MITRE ATT&CK."""

from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.sigma.rule import Correlation, Rule
from tocsin.sigma.taxonomy import words

TACTICS = frozenset(
    [
        "reconnaissance",
        "resource-development",
        "initial-access",
        "execution",
        "persistence",
        "privilege-escalation",
        "defense-evasion",
        "evasion",
        "stealth",
        "credential-access",
        "discovery",
        "lateral-movement",
        "collection",
        "command-and-control",
        "exfiltration",
        "inhibit-response-function",
        "impair-process-control",
        "impact",
    ]
)
"""Tactics of MITRE ATT&CK, Enterprise and ICS, by their short names."""

FIELD_CHARS_MAX = 120
"""Longest value that is repeated in a sentence."""

FIELDS_TOLD_MAX = 4
"""Most fields that are repeated in a sentence."""


def shown(values: Mapping[str, Any]) -> str:
    """Fields with their values as part of a sentence: the first few, each cut, nothing that cannot be printed.

    >>> shown({"Image": "cmd.exe", "User": None, "Port": 80})
    "Image 'cmd.exe', Port '80'"
    """
    told = [f"{name} '{_cut(', '.join(words(value)))}'" for name, value in values.items() if value not in (None, "")]
    return ", ".join(told[:FIELDS_TOLD_MAX])


def _cut(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else "·" for letter in text[: FIELD_CHARS_MAX + 1])
    return printable if len(printable) <= FIELD_CHARS_MAX else f"{printable[: FIELD_CHARS_MAX - 1]}…"


def because(rule: Rule | Correlation, count: int, subject: str, told: str) -> str:
    """Why there is a finding: which rule, how often, about whom, by which fields."""
    times = "once" if count == 1 else f"{count} times"
    verb = "came to hold" if isinstance(rule, Correlation) else "matched"
    return f"'{rule.title}' {verb} {times} for {subject}{': ' if told else ''}{told}."


def tactic_of(tags: Sequence[str]) -> str:
    """The first ATT&CK tactic among the tags of a rule, by its short name; empty where there is none.

    >>> tactic_of(("attack.t0846", "attack.lateral_movement"))
    'lateral-movement'
    """
    named = (tag.partition(".")[2].lower().replace("_", "-") for tag in tags if tag.lower().startswith("attack."))
    return next((name for name in named if name in TACTICS), "")


def technique_of(tags: Sequence[str]) -> str:
    """The first ATT&CK technique among the tags of a rule; empty where there is none.

    >>> technique_of(("attack.discovery", "attack.t0846"))
    'T0846'
    """
    named = (tag.partition(".")[2].upper() for tag in tags if tag.lower().startswith("attack.t"))
    return next((name for name in named if name[1:5].isdigit()), "")
