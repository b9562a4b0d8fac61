"""What correlations remember: hits, the events of a group, running measures, and the limits of all of it."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from msgspec import Struct, field

from tocsin.model import Place, digest

VALUE_CHARS_MAX = 200
"""Longest value that is compared as it is; of a longer one the beginning and a digest."""

NUMBER_MAX = 1e290
"""Largest number that is summed: sums of it cannot overflow."""

NUMBER_CHARS_MAX = 64
"""Longest text that is tried as a number."""


class Limits(Struct, frozen=True, kw_only=True):
    """How much is remembered, and for how long.

    `lateness_s`: how far behind its group's newest event an event may be and still count, at its own time.
    `settle_s`: how long a window that must be complete (less than, equal, absence) is left open for late
    events. `groups_max` per correlation, `events_max` per group, `events_total_max` over all; beyond them
    the oldest events and the groups longest untouched are forgotten, and counted. `evidence_max` ids are
    named in a hit. `places_max` distinct places, newest first, are looked at for proximity.
    """

    lateness_s: float = 300.0
    settle_s: float = 30.0
    groups_max: int = 20_000
    events_max: int = 10_000
    temporal_events_max: int = 2_000
    near_events_max: int = 500
    events_total_max: int = 250_000
    evidence_max: int = 20
    places_max: int = 40


class Hit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a rule or a correlation matched: what goes into a Correlator and what comes out.

    `rule` is the id of the rule; `id` names the event (the first of `evidence` where empty): an event
    counts once. `fields` need only hold what `Correlator.fields_of` names. Coming out: `at` is when the
    condition came to hold, `since` when the first event of its window was, `id` the same for all that
    extends one hit (`extends`), `group` the values grouped by, `value` what was counted, summed, …
    """

    rule: str
    at: float
    id: str = ""
    since: float | None = None
    fields: dict[str, Any] = {}
    place: Place | None = None
    evidence: tuple[str, ...] = ()
    group: dict[str, str] = {}
    value: float = 0.0
    extends: bool = False


class Event(Struct, array_like=True, omit_defaults=True):
    """One event of a group. `members` has a bit per rule that it matched.

    `above` says whether the window that ends with it meets the condition, `told` under which hit.
    """

    at: float
    id: str
    members: int
    value: str = ""
    number: float = 0.0
    place: Place | None = None
    carried: dict[str, Any] = {}
    evidence: tuple[str, ...] = ()
    above: bool = False
    told: str = ""


class Tally(Struct, array_like=True):
    """The running measure of one window.

    `counts` per value, `seen` per rule; `floats` are the exact partial sums, the ranked numbers, or the
    latest beginnings of ordered chains, as the kind of correlation needs.
    """

    size: int = 0
    counts: dict[str, int] = {}
    seen: list[int] = []
    floats: list[float] = []


class Group(Struct):
    """One group of one correlation; `events` by time, of which those from `head` are in the newest window.

    Events before `start` are forgotten, the list just not yet shortened. `closed`: until when windows are
    judged; `opens`: where the next one begins, if not with the next event; `lag`: how far its events are
    behind the clock; `entry`: the wake-up asked for; `held`: the end of the last judged window that met the
    condition; `last`: the newest event of a judged window.
    """

    values: tuple[str, ...]
    touched: float
    newest: float = -math.inf
    events: list[Event] = []
    start: int = 0
    head: int = 0
    ids: dict[str, float] = {}
    tally: Tally = field(default_factory=Tally)
    episode: str = ""
    sent: float = -math.inf
    closed: float = -math.inf
    opens: float | None = None
    lag: float = 0.0
    entry: float = math.inf
    held: float = -math.inf
    last: Event | None = None


class Counts(Struct):
    """What was left out, and why; `repeats` are events that had been counted already."""

    late: int = 0
    repeats: int = 0
    ungrouped: int = 0
    valueless: int = 0
    placeless: int = 0
    evicted_groups: int = 0
    evicted_events: int = 0


class Windows(Struct):
    """The state of a Correlator; msgpack of it and back is the same state.

    `lanes` holds the groups of each correlation, longest untouched first; `agenda` is a heap of
    (when, correlation, group) for windows that end by themselves; `rules` names the rules it is of.
    """

    clock: float = -math.inf
    rules: str = ""
    lanes: dict[str, dict[str, Group]] = {}
    agenda: list[tuple[float, str, str]] = []
    events: int = 0
    counts: Counts = field(default_factory=Counts)


def text_of(value: Any) -> str | None:  # noqa: ANN401 - a value of a log
    """A value as it is compared and grouped by: numbers and their texts are equal; None where there is none.

    >>> text_of(22), text_of("22"), text_of(22.0), text_of([22]), text_of(True)
    ('22', '22', '22', '22', 'true')
    """
    if isinstance(value, str):
        return value if len(value) <= VALUE_CHARS_MAX else _shortened(value)
    if value is None:
        return None
    if isinstance(value, int | float):
        return _digits(value)
    return _text_within(value)


def _text_within(value: Any) -> str | None:  # noqa: ANN401 - as text_of
    """The text of the only value of a list, else of the whole as JSON."""
    if isinstance(value, list | tuple) and len(value) == 1:
        return text_of(value[0])
    return text_of(msgspec.json.encode(value, order="sorted").decode())


def _digits(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if abs(value) < 2**53 and value == int(value) else repr(value)


def _shortened(text: str) -> str:
    return f"{text[:VALUE_CHARS_MAX]}…{digest(text.encode('utf-8', 'surrogatepass'))}"


def number_of(value: Any) -> float | None:  # noqa: ANN401 - a value of a log
    """A value as a number, also where a log wrote it as text; None for anything else.

    >>> number_of("12.5"), number_of(True), number_of("1e999"), number_of("twelve")
    (12.5, None, None, None)
    """
    if not _may_be_number(value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) <= NUMBER_MAX else None


def _may_be_number(value: Any) -> bool:  # noqa: ANN401 - a value of a log
    if isinstance(value, str):
        return len(value) <= NUMBER_CHARS_MAX and "_" not in value
    return isinstance(value, int | float) and not isinstance(value, bool)
