"""Reads payloads by a mapping: fast, pure, and with a reason for whatever it cannot read."""

from collections.abc import Callable, Iterator
from datetime import datetime
from math import isfinite
from typing import Any, Final

from msgspec import Struct

from tocsin.formats.mapping.declare import Mapping, Value
from tocsin.formats.mapping.units import BY_MASS, FACTORS, MOLAR_MASS_G, ppm_of
from tocsin.model import BadInput
from tocsin.model.untrusted import json_object

SOURCE_CHARS_MAX = 128
"""Longest source id or boot id that a device may give itself."""

_MISSING: Final = object()
_LATEST_S = 2**33
"""Year 2242: milliseconds up to here leave room for a checksum in a signed integer of 64 bits."""

Document = dict[str, Any]


class Mapped(Struct, frozen=True, kw_only=True):
    """What one message says. `bodies` pairs the path of each value with its body as a document.

    `at` (seconds UTC), `seq` and `boot` are the device's own, where it gives them. `problems`
    are reasons for values that could not be read; they repeat nothing of the content.
    """

    source: str
    bodies: tuple[tuple[str, Document], ...]
    at: float | None = None
    seq: int | None = None
    boot: str = ""
    problems: tuple[str, ...] = ()


def field_at(payload: Document, path: str) -> Any:  # noqa: ANN401  # any JSON value, or _MISSING
    """The value at a dotted path; a field of exactly that name comes first."""
    if path in payload:
        return payload[path]
    found: Any = payload
    for part in path.split("."):
        found = _entered(found, part)
    return found


def _entered(holder: object, part: str) -> Any:  # noqa: ANN401  # as field_at
    """What an object or a list has under a name or number; nothing is in anything else."""
    if isinstance(holder, dict):
        return holder.get(part, _MISSING)
    if isinstance(holder, list) and part.isdecimal() and int(part) < len(holder):
        return holder[int(part)]
    return _MISSING


def is_missing(value: object) -> bool:
    """Whether a device said nothing: no such field, or null."""
    return value is _MISSING or value is None


def time_of(stamp: object) -> float:
    """Seconds UTC of epoch seconds, milli-, micro- or nanoseconds (told by size) or ISO 8601 with offset.

    >>> time_of("2026-01-01T02:00:00+02:00") == time_of(1767225600) == time_of(1767225600000)
    True
    """
    if isinstance(stamp, str):
        return _iso_time(stamp)
    if isinstance(stamp, bool) or not isinstance(stamp, int | float) or not isfinite(stamp):
        raise BadInput("the time is neither a number nor text")
    return _within(_seconds(float(stamp)))


def _seconds(number: float) -> float:
    """Seconds of a number of seconds, milli-, micro- or nanoseconds, told apart by its size."""
    for limit, unit in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)):
        if number >= limit:
            return number / unit
    return number


def _within(seconds: float) -> float:
    if not 0 <= seconds < _LATEST_S:
        raise BadInput("the time lies outside the years 1970 to 2242")
    return seconds


def _iso_time(stamp: str) -> float:
    try:
        moment = datetime.fromisoformat(stamp)
        seconds = moment.timestamp() if moment.tzinfo else 0.0
    except (ValueError, OverflowError):
        raise BadInput("the time is not ISO 8601") from None
    if moment.tzinfo is None:
        raise BadInput("the time has no offset from UTC: let the device send one, or epoch seconds")
    return _within(seconds)


def name_of(value: object, what: str) -> str:
    """A source or boot id as text; raises BadInput for what could not be one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadInput(f"the {what} is neither text nor a whole number")
    text = str(value)
    if not _is_name(text):
        raise BadInput(f"the {what} must have 1 to {SOURCE_CHARS_MAX} visible characters, no space, no slash")
    return text


def _is_name(text: str) -> bool:
    return 0 < len(text) <= SOURCE_CHARS_MAX and text.isprintable() and not any(c in "/ " for c in text)


def _number(value: object, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{path} is not a number")
    number = float(value)
    if not isfinite(number):
        raise BadInput(f"{path} is not finite")
    return number


def _is_outside(number: float, value: Value) -> bool:
    return (value.min is not None and number < value.min) or (value.max is not None and number > value.max)


def _flags(number: float, value: Value) -> list[str]:
    if _is_outside(number, value):
        return ["out-of-range"]
    return ["saturated"] if value.max is not None and number == value.max else []


def _document(tag: str, flags: list[str], **fields: Any) -> Document:  # noqa: ANN401  # body fields
    document = {"is": tag, **fields}
    if flags:
        document["flags"] = flags
    return document


def _concentration(value: Value, found: object, _payload: Document) -> Document:
    number = _number(found, value.path) * value.factor
    flags = _flags(number, value)
    if number < 0 and value.min is None:
        flags.append("out-of-range")
    scale = FACTORS["concentration"][value.unit]
    if value.unit in BY_MASS:
        scale = ppm_of(scale, MOLAR_MASS_G[value.substance], value.temperature_c, value.pressure_kpa)
        flags.append(f"converted at {value.temperature_c:g} °C, {value.pressure_kpa:g} kPa")
    range_ppm = None if value.max is None else value.max * scale
    return _document("gas.concentration/1", flags, substance=value.substance, ppm=number * scale, range_ppm=range_ppm)


def _counts(value: Value, found: object, _payload: Document) -> Document:
    number = _number(found, value.path) * value.factor
    flags = _flags(number, value) or (["out-of-range"] if number < 0 else [])
    rate = number * FACTORS["counts"][value.unit]
    return _document("radiation.counts/1", flags, counts_per_s=rate, live_s=value.counted_s)


def _optional(payload: Document, path: str) -> float | None:
    found = field_at(payload, path) if path else None
    return None if is_missing(found) else _number(found, path)


def _density(value: Value, found: object, payload: Document) -> Document:
    number = _number(found, value.path) * value.factor
    flags = _flags(number, value) or (["out-of-range"] if number < 0 else [])
    persons, area_m2 = (_optional(payload, path) for path in (value.persons, value.area_m2))
    density = number * FACTORS["density"][value.unit]
    return _document("crowd.density/1", flags, persons_per_m2=density, persons=persons, area_m2=area_m2)


def _wind(value: Value, found: object, payload: Document) -> Document:
    number = _number(found, value.path) * value.factor
    bearing = _number(field_at(payload, value.dir), value.dir)
    flags = _flags(number, value) or (["out-of-range"] if number < 0 or not 0 <= bearing <= 360 else [])
    return _document("weather.wind/1", flags, speed_m_s=number * FACTORS["wind"][value.unit], from_deg=bearing % 360)


def _air(value: Value, found: object, _payload: Document) -> Document:
    number = _number(found, value.path) * value.factor
    return _document("weather.air/1", _flags(number, value), **{value.name: number})


def _quantity(value: Value, found: object, _payload: Document) -> Document:
    number = _number(found, value.path) * value.factor
    return _document("sensor.quantity/1", _flags(number, value), name=value.name, value=number, unit=value.unit)


def _truth(value: Value, found: object) -> bool:
    if value.active and isinstance(found, bool | int | float | str):
        return found in value.active
    if found in (True, False, 0, 1):
        return bool(found)
    raise BadInput(f"{value.path} is not true or false: list in `active` which values mean it")


def _contact(value: Value, found: object, _payload: Document) -> Document:
    return _document("sensor.contact/1", [], name=value.name, active=_truth(value, found))


def _alive(value: Value, found: object, _payload: Document) -> Document:
    return {"is": "sensor.alive/1", "online": _truth(value, found) if value.path else True, "text": value.name}


def _sighting(value: Value, found: object, payload: Document) -> Document:
    if not isinstance(found, str):
        raise BadInput(f"{value.path} is not the name of a class of things")
    count = _optional(payload, value.count)
    return {
        "is": "vision.sighting/1",
        "label": found[:64],
        "zone": _text(payload, value.zone),
        "count": 1 if count is None else int(count),
        "score": _optional(payload, value.score),
        "track": _text(payload, value.track),
    }


def _screening(value: Value, found: object, payload: Document) -> Document:
    """What a screening device (`name` is its curve) says of one item."""
    look, item = _optional(payload, value.look), field_at(payload, value.item) if value.item else ""
    return {
        "is": "screening.result/1",
        "device": value.name,
        "alarm": _truth(value, found),
        "item": str(item)[:64] if isinstance(item, str | int) else "",
        "look": 1 if look is None else int(look),
        "score": _optional(payload, value.score),
    }


_IMPULSE = ("snr_db", "crest_db", "rise_db", "positive_ms", "duration_ms", "centroid_hz", "low_share", "n_wave_ms")
_IMPULSE_MORE = ("lead_ms", "whistle", "onset_sd_s")


def _impulse(value: Value, found: object, payload: Document) -> Document:
    """A bang that a microphone measured itself: its level, or an object with the numbers that it gives.

    Classes (gunshot, explosion, siren) are fields of that object from 0 to 1, or `score` names that of gunshots.
    """
    said = found if isinstance(found, dict) else {"level_db": found}
    body: Document = {"is": "sound.impulse/1"}
    for name in ("level_db", *_IMPULSE, *_IMPULSE_MORE):
        if not is_missing(said.get(name)):
            body[name] = _number(said[name], name)
    told = {name: said[name] for name in ("gunshot", "explosion", "siren") if not is_missing(said.get(name))}
    if value.score and not is_missing(score := field_at(payload, value.score)):
        told["gunshot"] = score
    scores = {name: _number(score, name) for name, score in told.items()}
    if any(not 0.0 <= score <= 1.0 for score in scores.values()):
        raise BadInput(f"{value.path or 'the impulse'} has a score that is not from 0 to 1")
    return body | ({"scores": scores, "model": "device"} if scores else {})


def _text(payload: Document, path: str) -> str:
    """Text, or the last of a list of texts (a camera lists the zones that were entered)."""
    found = field_at(payload, path) if path else ""
    if isinstance(found, list):
        found = found[-1] if found else ""
    return found[:128] if isinstance(found, str) else ""


_Read = Callable[[Value, object, Document], Document]
_READERS: dict[str, _Read] = {
    "concentration": _concentration,
    "counts": _counts,
    "density": _density,
    "wind": _wind,
    "air": _air,
    "quantity": _quantity,
    "contact": _contact,
    "alive": _alive,
    "sighting": _sighting,
    "screening": _screening,
    "impulse": _impulse,
}


class Reader:
    """A mapping, ready to read payloads."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self._level = int(mapping.source[6:]) if mapping.source.startswith("topic:") else None
        self._values = tuple((value, _READERS[value.quantity]) for value in mapping.values)

    def read(self, payload: bytes, topic: str = "") -> Mapped | None:
        """What a message says; None where the mapping passes it over (`when`).

        Raises BadInput where nothing of it can be read. Values that are absent or null are
        left out; one that cannot be read is named in `problems`, and the others stand.
        """
        return self.read_object(json_object(payload, "message"), topic)

    def read_object(self, payload: Document, topic: str = "") -> Mapped | None:
        """As `read`, for a payload that is already decoded."""
        for condition in self.mapping.when:
            if field_at(payload, condition.path) not in condition.one_of:
                return None
        source = self.mapping.prefix + self._source(payload, topic)
        at, seq, boot = self._identity(payload)
        bodies, problems = self.bodies(payload)
        return Mapped(source=source, at=at, seq=seq, boot=boot, bodies=bodies, problems=problems)

    def _source(self, payload: Document, topic: str) -> str:
        if self._level is None:
            return name_of(field_at(payload, self.mapping.source), "source")
        levels = topic.split("/")
        if not -len(levels) <= self._level < len(levels):
            raise BadInput(f"the topic has no level {self._level} to name the source")
        return name_of(levels[self._level], "source")

    def _identity(self, payload: Document) -> tuple[float | None, int | None, str]:
        mapping = self.mapping
        at = time_of(self._needed(payload, mapping.time)) if mapping.time else None
        seq = _whole(self._needed(payload, mapping.seq), mapping.seq) if mapping.seq else None
        boot = name_of(self._needed(payload, mapping.boot), "boot") if mapping.boot else ""
        return at, seq, boot

    def _needed(self, payload: Document, path: str) -> object:
        found = field_at(payload, path)
        if is_missing(found):
            raise BadInput(f"the field {path} is missing, which the mapping names for time or order")
        return found

    def bodies(self, payload: Document) -> tuple[tuple[tuple[str, Document], ...], tuple[str, ...]]:
        """Bodies by path, and reasons for values that cannot be read; raises BadInput where there is neither."""
        bodies, problems = [], []
        for value, read, found in self._present(payload):
            try:
                bodies.append((value.path, read(value, found, payload)))
            except BadInput as error:
                problems.append(str(error))
        if not bodies and not problems:
            raise BadInput(f"none of the fields that the mapping names is here: {self._paths()}")
        return tuple(bodies), tuple(problems)

    def _paths(self) -> str:
        return ", ".join(value.path for value, _ in self._values)

    def _present(self, payload: Document) -> Iterator[tuple[Value, _Read, object]]:
        """Each value of the mapping that a payload has, or that is of no field, and what it has there."""
        for value, read in self._values:
            found = field_at(payload, value.path) if value.path else None
            if not value.path or not is_missing(found):
                yield value, read, found


def _whole(value: object, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise BadInput(f"{path} is not a sequence number (a whole number from 0)")
    return value
