"""Proposes mappings with units from a few messages, and says what in them is a guess."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Table
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tocsin.formats.mapping.declare import Mapping, Value
from tocsin.formats.mapping.read import time_of
from tocsin.model import BadInput
from tocsin.model.untrusted import json_object

FIELDS_MAX = 64
"""Most fields of one message that are looked at."""

SUBSTANCES: Table[str, str] = {
    "cl2": "chlorine",
    "chlorine": "chlorine",
    "nh3": "ammonia",
    "ammonia": "ammonia",
    "h2s": "hydrogen sulphide",
    "co": "carbon monoxide",
    "carbon_monoxide": "carbon monoxide",
    "co2": "carbon dioxide",
    "so2": "sulphur dioxide",
    "no2": "nitrogen dioxide",
    "no": "nitric oxide",
    "o3": "ozone",
    "hcn": "hydrogen cyanide",
    "hcl": "hydrogen chloride",
    "hf": "hydrogen fluoride",
    "ch4": "methane",
    "ph3": "phosphine",
}
"""Field names, and the substance that they mean."""

_MASSES = {"ppm": "ppm", "ppb": "ppb", "mg_m3": "mg/m3", "ug_m3": "ug/m3", "mgm3": "mg/m3", "ugm3": "ug/m3"}

_CONCENTRATION = re.compile(
    rf"^(?P<gas>{'|'.join(sorted(SUBSTANCES, key=len, reverse=True))})(?:_(?P<unit>{'|'.join(_MASSES)}))?$"
)

_KNOWN: Table[str, tuple[Value, str]] = {
    "cps": (Value(quantity="counts", unit="cps"), ""),
    "cpm": (Value(quantity="counts", unit="cpm"), ""),
    "counts_per_s": (Value(quantity="counts", unit="counts/s"), ""),
    "persons_per_m2": (Value(quantity="density", unit="persons/m2"), ""),
    "density": (Value(quantity="density", unit="persons/m2"), "density is taken for persons/m2"),
    "wind_speed_m_s": (Value(quantity="wind", unit="m/s"), ""),
    "wind_speed": (Value(quantity="wind", unit="m/s"), "wind speed is taken for m/s"),
    "speed": (Value(quantity="wind", unit="m/s"), "speed is taken for a wind speed in m/s"),
    "temperature": (Value(quantity="quantity", name="temperature", unit="Cel"), "temperature is taken for °C"),
    "temperature_c": (Value(quantity="quantity", name="temperature", unit="Cel"), ""),
    "humidity": (Value(quantity="quantity", name="humidity", unit="%"), "humidity is taken for % relative"),
    "pressure": (Value(quantity="quantity", name="pressure", unit="hPa"), "pressure is taken for hPa"),
    "illuminance": (Value(quantity="quantity", name="illuminance", unit="lx"), "illuminance is taken for lx"),
    "battery": (Value(quantity="quantity", name="battery", unit="%"), "battery is taken for %"),
    "voltage": (Value(quantity="quantity", name="voltage", unit="mV"), "voltage is taken for mV"),
    "contact": (
        Value(quantity="contact", name="contact", active=(False,)),
        "contact: false is taken for open, the alarm side",
    ),
    "door_open": (Value(quantity="contact", name="door"), ""),
    "open": (Value(quantity="contact", name="open"), ""),
    "smoke": (Value(quantity="contact", name="smoke"), ""),
    "gas": (Value(quantity="contact", name="gas"), "gas: true is taken for the alarm side"),
    "tamper": (Value(quantity="contact", name="tamper"), ""),
    "water_leak": (Value(quantity="contact", name="water leak"), ""),
    "online": (Value(quantity="alive"), ""),
}
"""Field names, what they are taken for, and the guess in it (empty where the name says it all)."""

_BEARINGS = ("wind_from_deg", "from_deg", "wind_direction", "wind_dir", "direction", "dir")
_PERSONS = ("persons", "people", "person_count")
_TIMES = ("t", "ts", "at", "time", "timestamp", "datetime", "last_seen")
_NUMBERS = ("n", "seq", "sequence", "fCnt", "fcnt", "counter")
_BOOTS = ("boot", "boot_id", "boot_count", "devAddr")

PRESETS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"^frigate/events$"), "frigate/events", "frigate"),
    (re.compile(r"^zigbee2mqtt/[^/]+$"), "zigbee2mqtt/+", "zigbee2mqtt"),
    (
        re.compile(r"^application/[^/]+/device/[^/]+/event/up$"),
        "application/+/device/+/event/up",
        "chirpstack",
    ),
    (re.compile(r"^v3/[^/]+/devices/[^/]+/up$"), "v3/+/devices/+/up", "the-things-stack"),
)
"""Topics that belong to a known server: pattern, topic filter, name of our preset."""


class Proposal(Struct, frozen=True, kw_only=True):
    """A mapping to confirm. Where `preset` names one of ours, `mapping` is None.

    `guesses` are sentences to check by eye; `ignored` the fields that found no meaning.
    """

    filter: str
    messages: int
    mapping: Mapping | None = None
    preset: str = ""
    guesses: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def propose(samples: Iterable[tuple[str, bytes]]) -> list[Proposal]:
    """One proposal per kind of topic among the samples (topic, payload), most messages first.

    Topics that differ in their last level only are taken for many devices of one kind. Payloads
    that are not JSON objects, and kinds without any known field, give no proposal.

    >>> propose([("gas/g1", b'{"t": 1767225600, "cl2_ppm": 0.1}')])[0].mapping.values[0].unit
    'ppm'
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for topic, payload in samples:
        try:
            groups.setdefault(_kind(topic), []).append(json_object(payload, "message"))
        except BadInput:
            continue  # no proposal can come of it; the running source will quarantine and count it
    found = [_proposal(*kind, messages) for kind, messages in groups.items()]
    return sorted((one for one in found if one is not None), key=lambda one: (-one.messages, one.filter))


def _kind(topic: str) -> tuple[str, str]:
    for pattern, topics, preset in PRESETS:
        if pattern.match(topic):
            return topics, preset
    parent, _, _ = topic.rpartition("/")
    return (f"{parent}/+" if parent else "+"), ""


def _proposal(filter: str, preset: str, messages: list[dict[str, Any]]) -> Proposal | None:
    if preset:
        return Proposal(filter=filter, messages=len(messages), preset=preset)
    fields = _flat(messages)
    identity, guesses = _identity(fields)
    values, more, used = _values(fields)
    if not values:
        return None
    ignored = tuple(name for name in fields if name not in used and name not in identity.values())
    mapping = Mapping(values=values, **identity)
    return Proposal(filter=filter, messages=len(messages), mapping=mapping, guesses=(*guesses, *more), ignored=ignored)


def _flat(messages: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Every field by its dotted path (two levels), with the values seen."""
    fields: dict[str, list[Any]] = {}
    for message in messages:
        for path, found in _paths(message):
            if path in fields or len(fields) < FIELDS_MAX:
                fields.setdefault(path, []).append(found)
    return fields


def _paths(message: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in message.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", found) for inner, found in value.items())
        else:
            yield name, value


def _leaf(path: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", path.rpartition(".")[2]).lower()


def _first(fields: dict[str, list[Any]], names: tuple[str, ...]) -> str | None:
    return next((path for name in names for path in fields if path == name or _leaf(path) == name), None)


def _identity(fields: dict[str, list[Any]]) -> tuple[dict[str, Any], list[str]]:
    """Where time, number and boot counter are, and what lacks."""
    found: dict[str, Any] = {}
    if (time := _first(fields, _TIMES)) and all(_is_time(value) for value in fields[time]):
        found["time"] = time
    found |= {word: path for word, names in (("seq", _NUMBERS), ("boot", _BOOTS)) if (path := _first(fields, names))}
    return found, _missing(found)


def _is_time(value: object) -> bool:
    try:
        return time_of(value) > 1e9
    except BadInput:
        return False


def _missing(found: dict[str, Any]) -> list[str]:
    guesses = []
    if "time" not in found:
        guesses.append("no time of measurement: the time of arrival is taken")
    if "seq" not in found and "time" not in found:
        guesses.append("neither number nor time: a message that is sent twice counts twice")
    return guesses


def _values(fields: dict[str, list[Any]]) -> tuple[tuple[Value, ...], list[str], set[str]]:
    values, guesses, used = [], [], set()
    for path, seen in fields.items():
        value, guess = _value(path, seen)
        if value is None:
            continue
        completed = _completed(value, fields)
        if completed is None:
            continue
        values.append(completed)
        used.update({path, completed.dir, completed.persons})
        guesses.extend([f"{path}: {guess}"] if guess else [])
    return tuple(values), guesses, used


def _value(path: str, seen: list[Any]) -> tuple[Value | None, str]:
    leaf = _leaf(path)
    if gas := _CONCENTRATION.match(leaf):
        return _gas(path, gas["gas"], gas["unit"], seen)
    value, guess = _KNOWN.get(leaf, (None, ""))
    if value is None or not _fits(value, seen):
        return None, ""
    return replace(value, path=path), guess


def _gas(path: str, gas: str, unit: str | None, seen: list[Any]) -> tuple[Value | None, str]:
    if not all(map(_is_number, seen)):
        return None, ""
    guess = "" if unit else "the unit is not in the name: ppm is assumed, check the data sheet"
    return Value(quantity="concentration", path=path, substance=SUBSTANCES[gas], unit=_MASSES[unit or "ppm"]), guess


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(value: Value, seen: list[Any]) -> bool:
    """A contact has two states; anything measured has numbers."""
    two_states = all(item in (True, False) for item in seen)
    if value.quantity in {"contact", "alive"}:
        return two_states
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in seen)


def _completed(value: Value, fields: dict[str, list[Any]]) -> Value | None:
    """A wind needs its bearing; a density takes the number of persons where there is one."""
    if value.quantity == "wind":
        bearing = _first(fields, _BEARINGS)
        return None if bearing is None else replace(value, dir=bearing)
    if value.quantity == "density":
        return replace(value, persons=_first(fields, _PERSONS) or "")
    return value
