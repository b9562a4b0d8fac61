"""What a CAP 1.2 schema cannot say: rings, orders of times, references, languages, and when Actual is allowed."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot

import msgspec

from tocsin.formats.cap.alert import Alert, Area, Info, Ring, seconds
from tocsin.model import BadInput

POINTS_MIN = 4
"""Fewest points of a polygon; the last repeats the first (CAP 1.2, 3.2.4)."""

POINTS_MAX = 500
"""Most points of a polygon that is sent: receivers draw it on small devices."""

HEADLINE_MAX = 160
"""Longest headline that every device shows (CAP 1.2, 3.2.2 names 160 characters), in characters."""

Point = tuple[float, float]

_HANDLE = re.compile(r"[^\s,&<]+")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_REFERRING = ("Update", "Cancel", "Ack", "Error")
_ANNOUNCING = ("Alert", "Update")


def problems(
    alert: Alert, *, now: float | None = None, live: bool = False, near: tuple[float, float] | None = None
) -> tuple[str, ...]:
    """All that forbids sending this message, in sentences; empty when nothing does.

    `now` (seconds UTC) asks that it expires later; `live` says whether the facts behind it are
    real, without which Actual is a problem; `near` (lon, lat) finds swapped coordinates.
    """
    found = [*_shape(alert)]
    if not found:
        found += _header(alert, live=live)
        found += _references(alert)
        found += _languages(alert)
        for info in alert.infos:
            found += _times(alert, info, now)
            found += [text for area in info.areas for text in _area(area, near)]
    return tuple(found)


def check(
    alert: Alert, *, now: float | None = None, live: bool = False, near: tuple[float, float] | None = None
) -> None:
    """Raise BadInput with every problem of the message; see `problems`."""
    if found := problems(alert, now=now, live=live, near=near):
        raise BadInput(" ".join(found))


def advice(alert: Alert) -> tuple[str, ...]:
    """What the standard recommends and this message does not follow."""
    found = [text for info in alert.infos for text in _info_advice(info)]
    if alert.msg_type in _ANNOUNCING and not _has_area(alert):
        found.append("No info block has an area: most receivers will drop the message.")
    return tuple(found)


def _shape(alert: Alert) -> Iterator[str]:
    """Values that the schema enumerates: a Struct made by hand is not yet validated."""
    try:
        msgspec.convert(msgspec.to_builtins(alert), Alert)
    except msgspec.ValidationError as error:
        yield f"Not a CAP value: {error}."


def _has_area(alert: Alert) -> bool:
    return any(info.areas for info in alert.infos)


def _info_advice(info: Info) -> Iterator[str]:
    if len(info.headline) > HEADLINE_MAX:
        yield f"Headline ({info.language}) has {len(info.headline)} characters: shorten to {HEADLINE_MAX}."
    if not info.expires:
        yield f"Info ({info.language}) has no expires: receivers will guess how long it holds."
    yield from (f"Area {a.description!r} has no shape." for a in info.areas if not (a.polygons or a.circles))


def _header(alert: Alert, *, live: bool) -> Iterator[str]:
    for name, handle in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not _HANDLE.fullmatch(handle):
            yield f"{name} {handle[:40]!r} must not be empty or hold spaces, commas, & or <."
    yield from _time_problem("sent", alert.sent)
    lacks = (
        (alert.status == "Actual" and not live, "Status Actual is only for live facts: use Exercise or Test."),
        (alert.scope == "Restricted" and not alert.restriction, "Scope Restricted needs a restriction."),
        (alert.scope == "Private" and not alert.addresses, "Scope Private needs addresses."),
        (
            alert.msg_type in _ANNOUNCING and not alert.infos,
            f"A message of type {alert.msg_type} needs at least one info block.",
        ),
    )
    yield from (text for lacking, text in lacks if lacking)


def _time_problem(name: str, text: str) -> Iterator[str]:
    try:
        seconds(text)
    except BadInput as error:
        yield f"{name}: {error}"


def _references(alert: Alert) -> Iterator[str]:
    if alert.msg_type in _REFERRING and not alert.references:
        yield f"A message of type {alert.msg_type} must refer to the messages that it follows."
    for text in alert.references:
        yield from _reference(text)


def _reference(text: str) -> Iterator[str]:
    sender, _, rest = text.partition(",")
    identifier, _, sent = rest.partition(",")
    if not (_HANDLE.fullmatch(sender) and _HANDLE.fullmatch(identifier)):
        yield f"Reference {text[:80]!r} must be sender,identifier,sent."
    else:
        yield from _time_problem(f"reference {identifier}", sent)


def _languages(alert: Alert) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for info in alert.infos:
        if not _is_language(info.language):
            yield f"{info.language[:40]!r} is no language tag: write en, fi or sv-FI (RFC 3066)."
        key = ((info.language or "en-US").lower(), info.event)
        if key in seen:
            yield f"Language {key[0]} comes twice for the event {info.event[:40]!r}."
        seen.add(key)


def _is_language(tag: str) -> bool:
    """Whether a tag is of a known form; none at all means en-US."""
    return not tag or _LANGUAGE.fullmatch(tag) is not None


def _times(alert: Alert, info: Info, now: float | None) -> Iterator[str]:
    given = {name: text for name in ("effective", "onset", "expires") if (text := getattr(info, name))}
    wrong = [text for name, written in given.items() for text in _time_problem(name, written)]
    if wrong or [*_time_problem("sent", alert.sent)]:
        yield from wrong
        return
    at = {"sent": seconds(alert.sent), **{name: seconds(text) for name, text in given.items()}}
    yield from _order(at)
    if now is not None and "expires" in at and at["expires"] <= now:
        yield f"expires {info.expires} has passed: choose a later moment."


def _order(at: dict[str, float]) -> Iterator[str]:
    """Effective may not precede sent; all must precede expires (the onset of an event may precede sent)."""
    if at.get("effective", at["sent"]) < at["sent"]:
        yield "effective lies before sent."
    for name in ("sent", "effective", "onset"):
        if "expires" in at and at.get(name, float("-inf")) >= at["expires"]:
            yield f"expires must lie after {name}."


def _area(area: Area, near: tuple[float, float] | None) -> Iterator[str]:
    if not area.description:
        yield "An area needs a description."
    if area.ceiling_ft is not None and area.altitude_ft is None:
        yield f"Area {area.description!r} has a ceiling but no altitude."
    yield from _circles(area, near)
    for ring in area.polygons:
        yield from _polygon(area, ring, near)


def _polygon(area: Area, ring: Ring, near: tuple[float, float] | None) -> list[str]:
    """What is wrong with its points, else with the way they go."""
    return [*_positions(area, ring, near)] or [*_ring(area, ring)]


def _circles(area: Area, near: tuple[float, float] | None) -> Iterator[str]:
    for circle in area.circles:
        yield from _positions(area, ((circle.lon, circle.lat),), near)
        if not circle.radius_km >= 0:
            yield f"Area {area.description!r} has a circle with a negative radius."


def _positions(area: Area, points: Ring, near: tuple[float, float] | None) -> Iterator[str]:
    for lon, lat in points:
        if not _is_on_earth(lon, lat):
            yield f"Area {area.description!r} has a point at lat {lat}, lon {lon}, which is not on Earth."
            return
    if near and _seems_swapped(points, near):
        yield f"Area {area.description!r} seems to have latitude and longitude swapped: it is nearer that way."


def _swapped(point: tuple[float, float], near: tuple[float, float]) -> bool:
    lon, lat = point
    as_written = hypot(lon - near[0], lat - near[1])
    return as_written > 1.0 and hypot(lat - near[0], lon - near[1]) < as_written / 2


def _ring(area: Area, ring: Ring) -> Iterator[str]:
    if len(ring) < POINTS_MIN:
        yield f"Area {area.description!r} has a polygon of {len(ring)} points: at least {POINTS_MIN} are needed."
    elif ring[0] != ring[-1]:
        yield f"Area {area.description!r} has an open polygon: repeat its first point at the end."
    elif len(ring) > POINTS_MAX:
        yield f"Area {area.description!r} has a polygon of {len(ring)} points: simplify it to {POINTS_MAX}."
    elif _crosses(ring):
        yield f"Area {area.description!r} has a polygon that crosses itself."


def _seems_swapped(points: Ring, near: tuple[float, float]) -> bool:
    return any(_swapped(point, near) for point in points)


def _is_on_earth(lon: float, lat: float) -> bool:
    return abs(lat) <= 90 and abs(lon) <= 180  # of nan and inf neither holds


def _crosses(ring: Ring) -> bool:
    """Whether two edges share more than the corner between them, or the ring has no inside."""
    corners = [ring[0], *(point for before, point in pairwise(ring) if point != before)]
    edges = list(pairwise(corners))
    if len(edges) < 3 or _is_folded(edges):
        return True
    return any(_meet(*edges[i], *edges[j]) for i, j in _apart(len(edges)))


def _is_folded(edges: Sequence[tuple[Point, Point]]) -> bool:
    return any(_folds_back(*first, second[1]) for first, second in pairwise([*edges, edges[0]]))


def _apart(count: int) -> Iterator[tuple[int, int]]:
    """The pairs of edges of a ring that have no corner in common."""
    pairs = ((i, j) for i in range(count) for j in range(i + 2, count))
    return (pair for pair in pairs if pair != (0, count - 1))


def _turn(a: Point, b: Point, c: Point) -> int:
    """1 where a, b, c turn left, -1 right, 0 where they lie on a line."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (area > 0) - (area < 0)


def _folds_back(a: Point, b: Point, c: Point) -> bool:
    return _turn(a, b, c) == 0 and (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]) < 0


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = zip(turns, ((a, b, c), (a, b, d), (c, d, a), (c, d, b)), strict=True)
    return any(turn == 0 and _between(*points) for turn, points in ends)


def _between(a: Point, b: Point, c: Point) -> bool:
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])
