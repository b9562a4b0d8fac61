"""Texts that can be looked for all at once: the exact comparisons of a field, and what others need to be there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct

from tocsin.sigma.regexes import RARE, required
from tocsin.sigma.rule import Atom
from tocsin.sigma.taxonomy import word_of

How: TypeAlias = Literal["equals", "contains", "startswith", "endswith"]

START, END, STRANGE = "\x02", "\x03", "\x01"
"""Set before and behind a text, so that one search tells its start and its end; and what stands for them within."""
CHARS_MIN = 3
"""A shorter text is found everywhere in long values, where it is looked for only when a rule asks."""
LONG = frozenset(
    {"CommandLine", "ParentCommandLine", "ScriptBlockText", "TargetObject", "TargetFilename", "Details", "Payload", ""}
)
"""Fields whose values are long and varied: a text found in them says more than the name of a program does."""


class Text(Struct, frozen=True):
    """A lower-case text that a field's lower-case value equals, contains, starts or ends with."""

    field: str
    how: How
    text: str

    @property
    def framed(self) -> str:
        """The text as it is looked for in a framed value."""
        start = START if self.how in {"equals", "startswith"} else ""
        return start + self.text + (END if self.how in {"equals", "endswith"} else "")


def exact(atom: Atom) -> Text | None:
    """The text that says the same as an atom; None where only a comparison of its own can."""
    if atom.operator not in {"equals", "contains", "startswith", "endswith"} or atom.cased or atom.pattern:
        return None
    text = (word_of(atom.value) or "").lower()
    return _usable(Text(atom.field, atom.operator, text))


def needed(atom: Atom) -> frozenset[Text]:
    """Texts of which at least one is there whenever an atom holds; empty where none is known."""
    own = exact(atom)
    if own is not None and is_telling(own):
        return frozenset([own])
    if atom.operator == "re":
        return _all_usable(atom.field, required(str(atom.value), atom.flags))
    if atom.operator not in {"equals", "contains", "startswith", "endswith"}:
        return frozenset()
    parts = [part for part in atom.pattern or (word_of(atom.value),) if isinstance(part, str)]
    longest = max(parts, key=len, default="")
    if atom.cased and not longest.isascii():  # one letter's lower case depends on its neighbours
        return frozenset()
    return _all_usable(atom.field, [longest.lower()])


def _all_usable(field: str, texts: Iterable[str]) -> frozenset[Text]:
    found = [_usable(Text(field, "contains", text)) for text in texts]
    return (
        frozenset(text for text in found if text) if all(text and is_telling(text) for text in found) else frozenset()
    )


def _usable(text: Text) -> Text | None:
    strange = any(sign in text.text for sign in (START, END, STRANGE))
    return None if strange or (not text.text and text.how != "equals") else text


def is_telling(text: Text) -> bool:
    """Whether a text is found seldom enough to wake a rule, or to be looked for in long values."""
    long = len(text.text) >= (CHARS_MIN if text.how == "contains" else 1)
    return text.how == "equals" or long or not text.text.isascii() or RARE.issuperset(text.text)
