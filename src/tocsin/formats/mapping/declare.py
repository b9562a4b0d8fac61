"""What a mapping says, and which mappings are refused."""

from typing import Any

import msgspec
from msgspec import Struct

from tocsin.formats.mapping.units import AIR, BY_MASS, MOLAR_MASS_G, QUANTITIES, check_unit
from tocsin.model import ConfigError

Scalar = bool | int | float | str


class Value(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One measured value of a payload.

    `path` is a field name or dotted path (`data.gas.0`). `min`, `max` are the measuring range
    in the payload's unit; a value beyond is kept and flagged. `factor` multiplies the number first
    (fixed-point payloads). `active` lists what means the alarm side of a contact, or online.
    `temperature_c` and `pressure_kpa` are what mg/m³ is converted to ppm at; `counted_s` is how long is counted for
    one reading of counts.
    `dir` (bearing), `persons`, `area_m2`, `zone`, `count`, `score`, `track`, `item`, `look` are paths to more of the
    same thing.
    """

    quantity: str
    path: str = ""
    unit: str = ""
    substance: str = ""
    name: str = ""
    min: float | None = None
    max: float | None = None
    factor: float = 1.0
    temperature_c: float = 20.0
    pressure_kpa: float = 101.325
    counted_s: float | None = None
    active: tuple[Scalar, ...] = ()
    dir: str = ""
    persons: str = ""
    area_m2: str = ""
    zone: str = ""
    count: str = ""
    score: str = ""
    track: str = ""
    item: str = ""
    look: str = ""


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only messages whose field has one of these values are readings; others are passed over."""

    path: str
    one_of: tuple[Scalar, ...]


class Mapping(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the messages of one kind of device become readings.

    `source` says which sensor speaks: `topic:N` (level N of the topic, from 0; negative from
    the end) or a path in the payload; `prefix` goes before it. `time`, `seq`, `boot` are paths,
    or empty where the device has none. A `seq` without a `boot` counter starts again at 0 one
    day, so it then only tells apart what has the same time.
    """

    values: tuple[Value, ...]
    source: str = "topic:-1"
    prefix: str = ""
    time: str | None = None
    seq: str | None = None
    boot: str | None = None
    when: tuple[Condition, ...] = ()
    about: str = ""


def checked(name: str, document: object) -> Mapping:
    """A mapping from its YAML document; raises ConfigError naming the value and what is possible.

    >>> checked("m", {"values": [{"path": "cl2", "quantity": "concentration", "substance": "chlorine"}]})
    Traceback (most recent call last):
    tocsin.model.errors.ConfigError: Mapping m, value cl2 has no unit: a concentration is given in one of ...
    """
    try:
        mapping = msgspec.convert(document, Mapping)
    except msgspec.ValidationError as error:
        raise ConfigError(f"Mapping {name}: {error}.") from error
    if not mapping.values:
        raise ConfigError(f"Mapping {name} has no values: declare at least one.")
    _check_source(name, mapping.source)
    for value in mapping.values:
        _check_value(f"Mapping {name}, value {value.path or value.quantity}", value)
    return mapping


def _check_source(name: str, source: str) -> None:
    level = source.removeprefix("topic:")
    if not source or (source != level and not level.lstrip("-").isdecimal()):
        raise ConfigError(f"Mapping {name}: `source` is `topic:N` (a level of the topic) or a path in the payload.")


def _check_value(where: str, value: Value) -> None:
    if value.quantity not in QUANTITIES:
        raise ConfigError(f"{where}: no quantity {value.quantity!r}: choose one of {', '.join(QUANTITIES)}.")
    if not value.path and value.quantity != "alive":
        raise ConfigError(f"{where} has no path: name the field of the payload that holds it.")
    check_unit(value.quantity, value.unit, where)
    _check_conversion(where, value)
    _check_numbers(where, value)
    _check_parts(where, value)


def _check_conversion(where: str, value: Value) -> None:
    if value.quantity != "concentration":
        return
    if not value.substance:
        raise ConfigError(f"{where}: a concentration needs its substance, such as {', '.join(list(MOLAR_MASS_G)[:5])}.")
    if value.unit in BY_MASS and value.substance not in MOLAR_MASS_G:
        known = ", ".join(MOLAR_MASS_G)
        raise ConfigError(f"{where}: {value.unit} becomes ppm only for {known}; give {value.substance} in ppm.")


def _is_air(temperature_c: float, pressure_kpa: float) -> bool:
    return -273.15 < temperature_c < 1000 and 1 <= pressure_kpa < 1000


def _check_numbers(where: str, value: Value) -> None:
    if value.min is not None and value.max is not None and value.min >= value.max:
        raise ConfigError(f"{where}: `min` must be less than `max`.")
    if not _is_air(value.temperature_c, value.pressure_kpa):
        raise ConfigError(f"{where}: temperature_c or pressure_kpa is not that of air on this planet.")
    if value.factor == 0:
        raise ConfigError(f"{where}: a factor of 0 makes every value 0.")


_NEEDED: dict[str, tuple[str, ...]] = {
    "wind": ("dir",),
    "quantity": ("name",),
    "contact": ("name",),
    "screening": ("name",),
    "air": ("name",),
}


def _check_parts(where: str, value: Value) -> None:
    for part in _NEEDED.get(value.quantity, ()):
        if not getattr(value, part):
            raise ConfigError(f"{where}: a {value.quantity} needs `{part}`.")
    if value.quantity == "air" and value.name not in AIR:
        raise ConfigError(f"{where}: the air has no {value.name!r}: choose one of {', '.join(sorted(AIR))}.")


def document_of(mapping: Mapping) -> dict[str, Any]:
    """The mapping as plain data, ready to be written as YAML; `checked` reads it back."""
    plain: dict[str, Any] = msgspec.to_builtins(mapping)
    return plain
