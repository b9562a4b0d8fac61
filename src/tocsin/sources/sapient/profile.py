"""What a node says of itself when it registers, and whether that can be worked with."""

from collections.abc import Iterator

from msgspec import Struct

from tocsin.formats.sapient import ICD, word
from tocsin.formats.sapient.rules import Message

INTERVAL_S_MAX = 3_600.0
"""Longest time between two status reports that is accepted: else an absence is noticed too late to matter."""

CLASSES_MAX = 500
"""Most classes that are remembered of a registration."""

UNITS_S = {1: 1e-9, 2: 1e-6, 3: 1e-3, 4: 1.0, 5: 60.0, 6: 3_600.0, 7: 86_400.0}
"""Seconds per TimeUnits."""

FAMILIES = {4: "camera", 6: "sound", 10: "gas", 12: "radiation", 15: "network"}
"""The city's class of sensor for a NodeType; all else is `other`."""

_HUMAN, _MOBILE = 9, 18
_PLATFORM = 4

_COMMANDS = {
    1: "request",
    2: "detection_threshold",
    3: "detection_report_rate",
    4: "classification_threshold",
    5: "mode_change",
    6: "look_at",
    7: "move_to",
    8: "patrol",
    9: "follow",
}


class Profile(Struct, frozen=True, kw_only=True):
    """A registration, as far as it matters here. `units` are those of values by their registered name.

    `classes` are all class names that it may report (empty: it declared none), `commands` what it may be asked for.
    """

    name: str
    family: str = "other"
    types: tuple[str, ...] = ()
    human: bool = False
    moves: bool = False
    interval_s: float = 0.0
    modes: tuple[str, ...] = ()
    classes: frozenset[str] = frozenset()
    units: dict[str, str] = {}
    commands: frozenset[str] = frozenset()

    def about(self) -> str:
        """What it is and what it detects, in words."""
        detects = ", ".join(sorted(self.classes)[:8])
        return f"{', '.join(self.types)}{f'; detects {detects}' if detects else ''}"


def profile_of(registration: Message) -> Profile:
    """The profile of a registration that `unusable` has nothing against."""
    types = [one.node_type for one in registration.node_definition]
    definitions = [one for mode in registration.mode_definition for one in mode.detection_definition]
    return Profile(
        name=_plain(registration.name or registration.short_name),
        family=next((FAMILIES[one] for one in types if one in FAMILIES), "other"),
        types=tuple(_type_words(one) for one in registration.node_definition),
        human=_HUMAN in types,
        moves=_MOBILE in types,
        interval_s=seconds_of(registration.status_definition.status_interval),
        modes=tuple(_plain(mode.mode_name) for mode in registration.mode_definition)[:20],
        classes=frozenset(_bounded(name for one in definitions for name in _classes(one))),
        units={row.type.casefold(): row.units for one in definitions for row in one.detection_report[:50]},
        commands=frozenset(
            _COMMANDS[row.type]
            for mode in registration.mode_definition
            for row in mode.task.command
            if row.type in _COMMANDS
        ),
    )


def unusable(registration: Message) -> list[str]:
    """Why we cannot work with a node that registers so; each reason begins with the field. Empty: we can."""
    found = []
    if registration.icd_version.strip().casefold() != ICD.casefold():
        found.append(f"registration.icd_version: {_plain(registration.icd_version)!r} is not spoken here, only {ICD!r}")
    interval_s = seconds_of(registration.status_definition.status_interval)
    if not 0 < interval_s <= INTERVAL_S_MAX:
        field = "registration.status_definition.status_interval"
        found.append(f"{field}: {interval_s:g} s is not more than 0 and at most {INTERVAL_S_MAX:g} s")
    found.extend(_unplaceable(registration))
    return found


def _unplaceable(registration: Message) -> Iterator[str]:
    """Detections whose place nobody could tell: bearings from a heading that the standard has no field for."""
    for m, mode in enumerate(registration.mode_definition):
        for d, one in enumerate(mode.detection_definition):
            if one.location_type.range_bearing_datum == _PLATFORM:
                field = f"registration.mode_definition[{m}].detection_definition[{d}].location_type.range_bearing_datum"
                yield f"{field}: bearings from the platform's heading cannot be placed; report true bearings"


def seconds_of(duration: Message) -> float:
    """A duration in seconds; 0 where its unit is not said."""
    return float(duration.value) * UNITS_S.get(duration.units, 0.0)


def _type_words(definition: Message) -> str:
    name = word(definition, "node_type", "NODE_TYPE_").replace("-", " ")
    kinds = ", ".join(_plain(one) for one in definition.node_sub_type[:3])
    return f"{name} ({kinds})" if kinds else name


def _classes(definition: Message) -> Iterator[str]:
    for one in definition.detection_class_definition:
        for named in one.class_definition:
            yield from _names(named)
        for dock in one.taxonomy_dock_definition:
            yield from (part.casefold() for part in dock.Dock_class.split("."))
            yield from (more.Subclass_name.casefold() for more in dock.Extension_subclass)


def _names(named: Message) -> Iterator[str]:
    yield named.type.casefold()
    for inner in named.sub_class:
        yield from _names(inner)


def _bounded(names: Iterator[str]) -> Iterator[str]:
    for _, name in zip(range(CLASSES_MAX), names, strict=False):
        yield name[:80]


def _plain(text: str) -> str:
    """At most 80 characters of a stranger's text, none of them a control character."""
    return "".join(letter if letter.isprintable() else "·" for letter in text[:80])
