"""What a node's messages say, as readings: bodies that others know where the class says so, else those of SAPIENT."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any
from zlib import crc32

import msgspec

from tocsin.contract.bodies import Concentration, Counts, Density, Wind
from tocsin.contract.pseudonyms import token_under
from tocsin.contract.sapient import Alert, Class, Detection, Measure
from tocsin.formats.mapping.units import BY_MASS, FACTORS, MOLAR_MASS_G, ppm_of
from tocsin.formats.sapient import Spot, bearing_deg, spot_from, spot_of, word
from tocsin.formats.sapient.rules import Message
from tocsin.model import BadInput, Body, Origin, Place, Reading, body_type
from tocsin.sources.sapient.profile import Profile

CLASSES_MAX, MEASURES_MAX, BEHAVIOURS_MAX, OBJECTS_MAX = 24, 16, 8, 16
"""Most of each that is taken of one message; the rest is cut."""

SPEED_M_S_MAX = 3_000.0
"""Faster is nothing that a city's sensors see: such a value is impossible."""

TOKENS_KEPT = 100_000

PEOPLE = frozenset({"human", "person", "people", "pedestrian", "adult", "crowd"})
"""Classes under which nothing more is kept: what a person is like is never looked at."""

ABOUT_PEOPLE = frozenset(
    [
        "male",
        "female",
        "man",
        "woman",
        "boy",
        "girl",
        "child",
        "gender",
        "sex",
        "age",
        "ethnicity",
        "race",
        "emotion",
        "face",
        "identity",
        "name",
        "gait",
        "clothing",
        "nationality",
        "plate",
    ]
)
"""Words that say what a person is like, or who: classes and values of that name are dropped."""

_QUANTITIES = {
    "concentration": "concentration",
    "gas concentration": "concentration",
    "count rate": "counts",
    "counts": "counts",
    "gross count rate": "counts",
    "density": "density",
    "crowd density": "density",
}
_WIND_SPEED, _WIND_FROM = "wind speed", "wind direction"
_DEVICE, _SCREENED = "screening device", "screening.result/1"
_YES = frozenset({"1", "true", "yes", "alarm"})
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.{0,20})", re.DOTALL)


class NotTaken(BadInput):
    """A message that is sound by itself and refused for what it says: `code` is the fault that it counts as.

    `impossible` values say something of the sensor and not of the world; `elsewhere` is a place that cannot be.
    """

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        super().__init__(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Makes the readings of one node's messages: its source, where it stands, and the key of pseudonyms."""

    source: str
    via: str
    origin: Origin
    key: bytes

    def reading(self, at: float, boot: str, identity: str, body: Body, place: Place | None = None) -> Reading[Any]:
        """One reading; the same message again has the same number."""
        return Reading(
            at=at,
            origin=self.origin,
            source=self.source,
            seq=int(at * 1000) << 20 | crc32(identity.encode()) & 0xFFFFF,
            boot=boot,
            body=body,
            via=self.via,
            place=place,
        )

    def detection(self, at: float, report: Message, profile: Profile, here: Place | None) -> tuple[Reading[Any], ...]:
        """The readings of a detection report. Raises NotTaken for values that cannot be."""
        found = _Found(report, profile)
        spot, bearing = where(report, here)
        place = spot.place if spot is not None else here
        if measured := (*_known_bodies(found), *_screened(report)):
            return tuple(
                self.reading(at, f"detection:{index}" if index else "detection", report.report_id, body, place)
                for index, body in enumerate(measured)
            )
        return (self.reading(at, "detection", report.report_id, self._body(report, found, spot, bearing), place),)

    def _body(
        self,
        report: Message,
        found: "_Found",
        spot: Spot | None,
        bearing: tuple[float, float] | None,
    ) -> Detection:
        velocity = _velocity(report)
        lost = ("no-place",) if spot is None and bearing is None else ()
        return Detection(
            object=self.token(report.object_id),
            classes=found.classes,
            behaviours=tuple(
                Class(_plain(one.type), _share(one, "confidence")) for one in report.behaviour[:BEHAVIOURS_MAX]
            ),
            confidence=_share(report, "detection_confidence"),
            state=_plain(report.state),
            covariance=spot.covariance if spot is not None else None,
            height_m=spot.height_m if spot is not None else None,
            bearing_deg=bearing[0] if bearing is not None else None,
            bearing_sd_deg=bearing[1] if bearing is not None else None,
            velocity_m_s=velocity,
            measures=found.measures,
            task=report.task_id,
            flags=(*found.flags, *lost),
        )

    def alert(self, at: float, alert: Message, profile: Profile, here: Place | None) -> Reading[Any]:
        """The reading of an alert."""
        spot, _ = where(alert, here)
        body = Alert(
            alert=alert.alert_id,
            kind=word(alert, "alert_type", "ALERT_TYPE_"),
            status=word(alert, "status", "ALERT_STATUS_"),
            priority=word(alert, "priority", "DISCRETE_PRIORITY_"),
            confidence=_share(alert, "confidence"),
            text="" if profile.human else _plain(alert.description, 200),
            objects=tuple(self.token(one.object_id) for one in alert.associated_detection[:OBJECTS_MAX]),
        )
        return self.reading(at, "alert", f"{alert.alert_id}{body.status}", body, spot.place if spot else here)

    def token(self, object_id: str) -> str:
        """The pseudonym of a track: one of ours for one of this node's."""
        return _token(self.key, f"{self.source} {object_id}")


@lru_cache(maxsize=TOKENS_KEPT)
def _token(key: bytes, name: str) -> str:
    return token_under(key, name)


def where(report: Message, here: Place | None) -> tuple[Spot | None, tuple[float, float] | None]:
    """Where a report places itself: a spot, or a bearing from `here` with its standard deviation, or neither."""
    try:
        if report.HasField("location"):
            return spot_of(report.location), None
        if not report.HasField("range_bearing") or here is None:
            return None, None
        spot = spot_from(report.range_bearing, here)
        return (spot, None) if spot is not None else (None, bearing_deg(report.range_bearing, here))
    except BadInput:
        return None, None  # coordinates that are no place: the reading says so by its flag, the node is doubted for it


class _Found:
    """The classes and values of a report, without what says anything of a person."""

    __slots__ = ("classes", "flags", "measures")

    def __init__(self, report: Message, profile: Profile) -> None:
        kept, trimmed = _classes(report.classification)
        self.classes = kept
        rows = [*report.object_info[:MEASURES_MAX], *report.track_info[:MEASURES_MAX]]
        measures = [_measure(row, profile) for row in rows if not _about_people(row.type)]
        self.measures = tuple(one for one in measures if one is not None)[:MEASURES_MAX]
        strange = profile.classes and any(_last(one).casefold() not in profile.classes for one in kept)
        trimmed = trimmed or len(measures) < len(rows)
        self.flags = (*(("undeclared-class",) if strange else ()), *(("trimmed",) if trimmed else ()))


def _classes(given: Sequence[Any]) -> tuple[tuple[Class, ...], bool]:
    found: list[Class] = []
    trimmed = False
    for one in given[:CLASSES_MAX]:
        if _about_people(one.type):
            found.append(Class("Human", _share(one, "confidence")))
            trimmed = True
            continue
        found.append(Class(_plain(one.type), _share(one, "confidence")))
        if one.type.casefold() in PEOPLE:
            trimmed = trimmed or bool(one.sub_class)
        else:
            trimmed = _inner(one, _plain(one.type), found) or trimmed
    return tuple(found[:CLASSES_MAX]), trimmed


def _inner(outer: Message, path: str, found: list[Class]) -> bool:
    """Add the subclasses below a class; whether one was left out because it is about a person."""
    trimmed = False
    for one in outer.sub_class[:CLASSES_MAX]:
        if _about_people(one.type):
            trimmed = True
        elif len(found) < CLASSES_MAX:
            name = f"{path}/{_plain(one.type)}"
            found.append(Class(name, _share(one, "confidence")))
            trimmed = _inner(one, name, found) or trimmed
    return trimmed


def _about_people(name: str) -> bool:
    return not ABOUT_PEOPLE.isdisjoint(re.split(r"[^a-z]+", name.casefold()))


def _measure(row: Message, profile: Profile) -> Measure | None:
    """The number in a value, with the unit that is written beside it or was registered; None where there is none."""
    match = _NUMBER.fullmatch(row.value)
    if match is None or not isfinite(value := float(match[1])):
        return None
    unit = match[2].strip() or profile.units.get(row.type.casefold(), "")
    return Measure(_plain(row.type), value, _plain(unit, 20), row.error if row.HasField("error") else None)


def _known_bodies(found: _Found) -> Iterator[Body]:
    """The values of a report that other members know the body of."""
    by_name = {one.name.casefold(): one for one in found.measures}
    speed, bearing = by_name.get(_WIND_SPEED), by_name.get(_WIND_FROM)
    if speed is not None and bearing is not None and speed.unit in FACTORS["wind"]:
        yield Wind(speed_m_s=_possible(speed) * FACTORS["wind"][speed.unit], from_deg=bearing.value % 360.0)
    for name, one in by_name.items():
        quantity = _QUANTITIES.get(name, "")
        if quantity and one.unit in FACTORS[quantity]:
            body = _MAKERS[quantity](one, found)
            if body is not None:
                yield body


def _screened(report: Message) -> Iterator[Body]:
    """What a screening device says of one item, where this house knows such a body: by the names of its fields."""
    told = {row.type.casefold(): row.value for row in report.object_info[:MEASURES_MAX]}
    if _DEVICE not in told:
        return
    fields: dict[str, Any] = {"is": _SCREENED, "device": told[_DEVICE], "alarm": told.get("alarm", "0") in _YES}
    fields |= {name: told[name] for name in ("item", "look", "score") if name in told}
    try:
        yield msgspec.convert(fields, body_type(_SCREENED), strict=False)
    except msgspec.ValidationError as error:
        raise NotTaken(
            "impossible", f"detection_report.object_info: no result of a screening device ({error})"
        ) from None
    except BadInput:
        return  # this house has no screening: it is a detection like any other


def _possible(one: Measure) -> float:
    if one.value < 0:
        raise NotTaken("impossible", f"object_info: a {one.name.lower()} of {one.value:g} {one.unit} cannot be")
    return one.value


def _concentration(one: Measure, found: _Found) -> Body | None:
    substance = _last(found.classes[-1]).casefold() if found.classes else ""
    value = _possible(one) * FACTORS["concentration"][one.unit]
    if one.unit in BY_MASS:
        if substance not in MOLAR_MASS_G:
            return None
        return Concentration(substance=substance, ppm=ppm_of(value, MOLAR_MASS_G[substance]), flags=("converted",))
    if value > 1e6:
        raise NotTaken("impossible", f"object_info: {value:g} ppm is more than all air")
    return Concentration(substance=substance, ppm=value) if substance else None


def _counts(one: Measure, _found: _Found) -> Body:
    return Counts(counts_per_s=_possible(one) * FACTORS["counts"][one.unit])


def _density(one: Measure, _found: _Found) -> Body:
    return Density(persons_per_m2=_possible(one))


_MAKERS: dict[str, Callable[[Measure, _Found], Body | None]] = {
    "concentration": _concentration,
    "counts": _counts,
    "density": _density,
}


def _velocity(report: Message) -> tuple[float, float, float] | None:
    if not report.HasField("enu_velocity"):
        return None
    told = report.enu_velocity
    fastest = max(abs(told.east_rate), abs(told.north_rate), abs(told.up_rate))
    if fastest > SPEED_M_S_MAX:
        raise NotTaken("impossible", f"detection_report.enu_velocity: {fastest:g} m/s cannot be")
    return told.east_rate, told.north_rate, told.up_rate


def _last(one: Class) -> str:
    return one.name.rpartition("/")[2]


def _share(message: Message, field: str) -> float | None:
    return round(getattr(message, field), 6) if message.HasField(field) else None


def _plain(text: str, most: int = 80) -> str:
    return "".join(letter if letter.isprintable() else "·" for letter in text[:most])
