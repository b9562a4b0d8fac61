"""What the codes of alarm panels mean: words, class, whether zone or user; read from a table that is data."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tocsin.formats.sia_dc09.events import Event
from tocsin.model import ConfigError

ALARMING = frozenset(
    {
        "intrusion",
        "hold-up",
        "fire",
        "gas",
        "medical",
        "water",
        "temperature",
        "technical",
        "tamper",
        "door",
        "power",
        "communication",
        "trouble",
    }
)
"""Classes that have two sides: a condition begins (alarm), lasts, and ends (restore)."""

CLASSES = ALARMING | {"opening", "closing", "arming", "bypass", "access", "test", "supervision", "system", "unknown"}
"""All classes. `arming` is opening or closing, as the qualifier says; `unknown` are codes that the table lacks."""

STATES = frozenset({"alarm", "restore", "report"})
"""A condition begins or still lasts, it ended, or something merely happened."""

ABOUT = frozenset({"zone", "user", "none"})
"""What the number beside a code stands for."""


class Meaning(Struct, frozen=True):
    """What one event means, in words and by class; `about` says what its number stands for."""

    event: str
    kind: str
    state: str
    about: str


class Codes:
    """The table of codes: of SIA DC-03 (two letters) and of Contact ID (three digits), with families for the rest.

    >>> table = {"sia": {"BA": ["Burglary alarm", "intrusion", "alarm", "zone"]},
    ...          "contact_id": {"401": ["Open or close by user", "arming", "user"]}}
    >>> Codes.of(table).meaning(Event(code="401", qualifier="restore")).kind
    'closing'
    """

    def __init__(self, sia: Mapping[str, Meaning], contact_id: Mapping[str, Meaning]) -> None:
        self._sia = sia
        self._contact_id = contact_id

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Codes":
        """Read a table; raises ConfigError naming the code that is wrong in it."""
        sia = {
            str(code): _meaning(str(code), *_parts(code, row, 4)) for code, row in (document.get("sia") or {}).items()
        }
        contact_id = {}
        for name in ("families", "contact_id"):
            for code, row in (document.get(name) or {}).items():
                words, kind, about = (*_parts(code, row, 2 + (name == "contact_id")), "zone")[:3]
                contact_id[str(code)] = _meaning(str(code), words, kind, "alarm", about)
        return cls(sia, contact_id)

    def meaning(self, event: Event) -> Meaning:
        """What an event means; a code that nobody listed is of class `unknown`, never lost."""
        if event.code.isalpha():
            return self._sia.get(event.code) or Meaning(f"SIA code {event.code}", "unknown", "report", "zone")
        said = event.code
        found = next((self._contact_id[key] for key in (said, said[:2], said[:1]) if key in self._contact_id), None)
        if found is None:
            return Meaning(f"Contact ID {said}", "unknown", "report", "zone")
        words = found.event if said in self._contact_id else f"{found.event} ({said})"
        return _qualified(Meaning(words, found.kind, found.state, found.about), event.qualifier)


def _qualified(meaning: Meaning, qualifier: str) -> Meaning:
    """Contact ID says by its qualifier whether something began or ended."""
    ended = qualifier == "restore"
    if meaning.kind == "arming":
        return Meaning(meaning.event, "closing" if ended else "opening", "report", meaning.about)
    if meaning.kind not in ALARMING and meaning.kind != "bypass":
        return Meaning(meaning.event, meaning.kind, "report", meaning.about)
    return Meaning(meaning.event, meaning.kind, "restore" if ended else "alarm", meaning.about)


def _parts(code: object, row: object, count: int) -> list[str]:
    if not isinstance(row, list) or len(row) != count or not all(isinstance(part, str) for part in row):
        raise ConfigError(f"The table of alarm codes says of {code!r} what is not a list of {count} texts: correct it.")
    return row


def _meaning(code: str, event: str, kind: str, state: str, about: str) -> Meaning:
    for value, known in ((kind, CLASSES), (state, STATES), (about, ABOUT)):
        if value not in known:
            raise ConfigError(
                f"The table of alarm codes says {value!r} of {code!r}: choose one of {', '.join(sorted(known))}."
            )
    return Meaning(event, kind, state, about)
