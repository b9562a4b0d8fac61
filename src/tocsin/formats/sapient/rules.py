"""What the standard asks of a message, read from its own descriptors: what is mandatory, and which form ids have.

BSI Flex 335 v2 marks its fields in the protobuf definitions (`is_mandatory`, `is_uuid`, `is_ulid`); the rules are
compiled from there once, so they cannot drift from the definitions. Beside them: enumerations know their values,
numbers are finite, and shares, errors and ranges lie where such things can lie.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

PROBLEMS_MAX = 20
"""Most problems that are told of one message."""

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}")
_UTM_ZONE = re.compile(r"(?:0?[1-9]|[1-5]\d|60)[C-HJ-NP-Xc-hj-np-x]")

_BETWEEN: dict[str, tuple[float, float]] = {
    "confidence": (0.0, 1.0),
    "detection_confidence": (0.0, 1.0),
    "error": (0.0, float("inf")),
    "range": (0.0, float("inf")),
}
"""Where the number in a field of that name must lie; so must the errors, whose names end in `_error`."""

Message: TypeAlias = Any
"""A protobuf message, one of its values, or a descriptor of either: their classes are made when they are imported."""

Check = Callable[[Any, str, list[str]], None]
"""Takes a value and the path to it; adds what is wrong to the list."""

_SECONDS = (-62_135_596_800, 253_402_300_799)
"""Years 1 to 9999: what a protobuf Timestamp may say."""


class _Choice(NamedTuple):
    """One of several fields must be set: their names, and a bit for each number."""

    names: tuple[str, ...]
    bits: int


class _Rules(NamedTuple):
    """What is asked of one kind of message; `required` are numbers and names, `bits` the same as one number."""

    bits: int
    required: tuple[tuple[int, str], ...]
    choices: tuple[_Choice, ...]
    checks: dict[int, Check]
    whole: Check | None


def problems(message: Message) -> list[str]:
    """What is wrong with a message, each problem beginning with the path of the field; empty for a sound one."""
    found: list[str] = []
    _walk(message, _rules(message.DESCRIPTOR), "", found)
    return found[:PROBLEMS_MAX]


def _walk(message: Message, rules: _Rules, path: str, found: list[str]) -> None:
    present = 0
    checks = rules.checks
    for field, value in message.ListFields():
        number = field.number
        present |= 1 << number
        check = checks.get(number)
        if check is not None:
            check(value, path + field.name, found)
    if rules.bits & ~present:
        found.extend(
            f"{path}{name}: mandatory, and not set" for number, name in rules.required if not present >> number & 1
        )
    found.extend(
        f"{path}{' or '.join(choice.names)}: one of these is mandatory, and none is set"
        for choice in rules.choices
        if not choice.bits & present
    )
    if rules.whole is not None:
        rules.whole(message, path, found)


@cache
def _rules(descriptor: Message) -> _Rules:
    from sapient_msg import proto_options_pb2 as options

    field_options, oneof_options = options.field_options, options.oneof_options
    mandatory = [field for field in descriptor.fields if field.GetOptions().Extensions[field_options].is_mandatory]
    choices = [one for one in descriptor.oneofs if one.GetOptions().Extensions[oneof_options].is_mandatory]
    checks = {field.number: check for field in descriptor.fields if (check := _check_of(field)) is not None}
    return _Rules(
        bits=sum(1 << field.number for field in mandatory),
        required=tuple((field.number, field.name) for field in mandatory),
        choices=tuple(
            _Choice(tuple(field.name for field in one.fields), sum(1 << field.number for field in one.fields))
            for one in choices
        ),
        checks=checks,
        whole=_WHOLE.get(descriptor.name),
    )


def _check_of(field: Message) -> Check | None:
    """How the value of a field is checked; None where any value will do."""
    one = _check_one(field)
    if one is None or not field.is_repeated:
        return one

    def each(values: Message, path: str, found: list[str]) -> None:
        for index, value in enumerate(values):
            one(value, f"{path}[{index}]", found)
            if len(found) >= PROBLEMS_MAX:
                return

    return each


def _check_one(field: Message) -> Check | None:
    from sapient_msg import proto_options_pb2 as options

    asked = field.GetOptions().Extensions[options.field_options]
    if field.message_type is not None:
        return _timestamp if field.message_type.full_name == "google.protobuf.Timestamp" else _inner
    if field.enum_type is not None:
        return _enum(frozenset(field.enum_type.values_by_number), field.enum_type.name, mandatory=asked.is_mandatory)
    if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        ends = (0.0, float("inf")) if field.name.endswith("_error") else _BETWEEN.get(field.name)
        return _number(*(ends or (float("-inf"), float("inf"))))
    return _text(asked) if field.type in (field.TYPE_STRING, field.TYPE_BYTES) else None


def _text(asked: Message) -> Check | None:
    if asked.is_uuid:
        return _formed(_UUID, "a UUID such as a8654cdf-4328-47de-81fa-c495589e30c9")
    if asked.is_ulid:
        return _formed(_ULID, "a ULID such as 01GGYFBAXGDG7AGAHRZ6XSNY12")
    return _filled if asked.is_mandatory else None


def _inner(value: Message, path: str, found: list[str]) -> None:
    if len(found) < PROBLEMS_MAX:
        _walk(value, _rules(value.DESCRIPTOR), f"{path}.", found)


def _timestamp(value: Message, path: str, found: list[str]) -> None:
    if not (_SECONDS[0] <= value.seconds <= _SECONDS[1] and 0 <= value.nanos < 1_000_000_000):
        found.append(f"{path}: no time between the years 1 and 9999")


def _filled(value: str | bytes, path: str, found: list[str]) -> None:
    if not value:
        found.append(f"{path}: mandatory, and empty")


def _formed(form: re.Pattern[str], words: str) -> Check:
    def check(value: str, path: str, found: list[str]) -> None:
        if form.fullmatch(value) is None:
            found.append(f"{path}: not {words}")

    return check


def _enum(known: frozenset[int], name: str, *, mandatory: bool) -> Check:
    def check(value: int, path: str, found: list[str]) -> None:
        if value not in known:
            found.append(f"{path}: {value} is no value of {name}")
        elif mandatory and value == 0:
            found.append(f"{path}: mandatory, and unspecified")

    return check


def _number(low: float, high: float) -> Check:
    bounded = isfinite(low)

    def check(value: float, path: str, found: list[str]) -> None:
        if not isfinite(value):
            found.append(f"{path}: no finite number")
        elif bounded and not low <= value <= high:
            found.append(
                f"{path}: {value:g} is not {f'between {low:g} and {high:g}' if isfinite(high) else 'positive'}"
            )

    return check


def _location(message: Message, path: str, found: list[str]) -> None:
    """A place in degrees or radians lies on the globe; one in UTM names its zone."""
    system = message.coordinate_system
    if system == _UTM:
        if _UTM_ZONE.fullmatch(message.utm_zone.strip()) is None:
            found.append(f"{path}utm_zone: UTM needs its zone, such as 30U")
        return
    found.extend(_off_the_globe(message.x, message.y, _SCALES.get(system, 0.0), path))


def _off_the_globe(x: float, y: float, per_degree: float, path: str) -> Iterator[str]:
    for name, value, degrees in (("x", x, 180.0), ("y", y, 90.0)):
        if per_degree and abs(value) > degrees * per_degree * (1 + 1e-12):
            axis = "longitude" if name == "x" else "latitude"
            yield f"{path}{name}: {value:g} is no {axis}"


_UTM = 5
_SCALES = {1: 1.0, 2: 3.141592653589793 / 180.0}
"""How a degree is written in each LocationCoordinateSystem: as such, or in radians."""


def _lasting(message: Message, path: str, found: list[str]) -> None:
    if message.value < 0:
        found.append(f"{path}value: a duration of {message.value:g} is negative")


def _followed(message: Message, path: str, found: list[str]) -> None:
    if _ULID.fullmatch(message.follow_object_id) is None:
        found.append(f"{path}follow_object_id: not a ULID such as 01GGYFBAXGDG7AGAHRZ6XSNY12")


_WHOLE: dict[str, Check] = {"Location": _location, "Duration": _lasting, "FollowObject": _followed}
"""What concerns several fields of a message at once, or what the definitions forgot."""
