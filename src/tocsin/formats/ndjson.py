"""NDJSON readings: one JSON object a line, with a typed body or with plain values.

A typed line says everything: `{"source": "gas-07", "at": 1767225600.5, "seq": 12, "boot": "b3",
"body": {"is": "gas.concentration/1", "substance": "chlorine", "ppm": 0.4}}`. A plain line leaves
the meaning of its values to a mapping: `{"source": "gas-07", "t": …, "n": 12, "boot": "b3",
"cl2_ppm": 0.4}`. Short and long names are the same: `at` or `t`, `seq` or `n`.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from tocsin.model import BadInput
from tocsin.model.untrusted import json_object

NAMES = {"source": ("source",), "at": ("at", "t"), "seq": ("seq", "n"), "boot": ("boot",)}
"""What a line says about itself, and the names it may use for it."""

_LATEST_S = 2**33
"""Year 2242: milliseconds up to here leave room for a checksum in a signed integer of 64 bits."""


class Line(Struct, frozen=True, kw_only=True):
    """One line. `body` is a typed body's document, or None where `values` are plain."""

    source: str
    at: float | None = None
    seq: int | None = None
    boot: str = ""
    body: dict[str, Any] | None = None
    values: dict[str, Any] = {}


def line_of(raw: bytes, source: str = "") -> Line:
    """One line; `source` is who speaks where the line does not say so.

    Times are epoch seconds or ISO 8601 with offset. Raises BadInput, which repeats no content.

    >>> line_of(b'{"source":"g1","t":5,"n":1,"cl2_ppm":0.4}').values
    {'cl2_ppm': 0.4}
    """
    values = json_object(raw)
    said = {word: _taken(values, names) for word, names in NAMES.items()}
    body = values.pop("body", None)
    if body is not None and not (isinstance(body, dict) and isinstance(body.get("is"), str)):
        raise BadInput('A typed body is an object that names its type: {"is": "gas.concentration/1", …}.')
    return Line(
        source=_name(said["source"] if said["source"] is not None else source, "source"),
        at=None if said["at"] is None else time_of(said["at"]),
        seq=None if said["seq"] is None else _whole(said["seq"]),
        boot="" if said["boot"] is None else _name(said["boot"], "boot"),
        body=body,
        values=values,
    )


def _taken(values: dict[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401  # any JSON value
    found = [values.pop(name) for name in names if name in values]
    if len(found) > 1:
        raise BadInput(f"This line has both {' and '.join(names)}: give one.")
    return found[0] if found else None


def time_of(stamp: object) -> float:
    """Seconds UTC of epoch seconds or ISO 8601 with offset; raises BadInput otherwise."""
    seconds = _iso_time(stamp) if isinstance(stamp, str) else stamp
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < _LATEST_S:
        raise BadInput("The time (at) is neither epoch seconds nor ISO 8601, with an offset, of 1970 to 2242.")
    return float(seconds)


def _iso_time(stamp: str) -> float:
    try:
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            raise BadInput("The time (at) has no offset from UTC.")
        return moment.timestamp()
    except (ValueError, OverflowError):
        raise BadInput("The time (at) is neither epoch seconds nor ISO 8601 with an offset.") from None


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise BadInput("The sequence number (seq) is not a whole number from 0.")
    return value


def _name(value: object, what: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise BadInput(f"This line has no {what} that is text or a whole number.")
    text = str(value)
    if len(text) > 128 or not text.isprintable() or any(c in "/ " for c in text):
        raise BadInput(f"The {what} must have 1 to 128 visible characters, no space, no slash.")
    return text
