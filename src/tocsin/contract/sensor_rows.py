"""Observations, findings and health as rows, so that one rule language reads sensors as it reads logs."""

from functools import singledispatchmethod
from typing import Any

from msgspec.structs import asdict

from tocsin.city.context import City
from tocsin.model import Body, Fact, Finding, Health, Observation, Place, tag_of

FORMAT = "tocsin"
"""The format of such rows, as mappings and unit events name it."""

SOURCES_KEPT_MAX = 50_000
"""Most sources of which name, family and zone are remembered; more are looked up each time."""


def body_name(body: type[Body]) -> str:
    """The name of a body without its version: what rules give as `service` and `body`.

    >>> from tocsin.contract.bodies import Contact
    >>> body_name(Contact)
    'sensor.contact'
    """
    return tag_of(body).rpartition("/")[0]


def _named(source: str, name: str) -> dict[str, Any]:
    return {"device": source, "name": name, "device_name": name}


class SensorRows:
    """Makes rows of facts. What the city's register says of a source is added to what the fact says itself.

    >>> from tocsin.contract.bodies import Contact
    >>> from tocsin.contract.examples import seen
    >>> row = SensorRows().row(seen(Contact(name="side door", active=True), source="door-7"))
    >>> row["fact"], row["body"], row["device"], row["name"], row["active"]
    ('observation', 'sensor.contact', 'door-7', 'side door', True)
    """

    def __init__(self, city: City | None = None) -> None:
        self._city = city
        self._known: dict[str, dict[str, Any]] = {}

    @singledispatchmethod
    def row(self, fact: Fact) -> dict[str, Any]:
        """The row of a fact: `at`, `fact`, `device`, `name`, `family`, where it is, and its own fields.

        The fields of a body keep their names and go before what the register says (a contact's
        `name` is that of the contact, the register's is in `device_name`).
        """
        return {"at": fact.at, "fact": str(type(fact).__struct_config__.tag)}

    @row.register
    def _(self, fact: Observation) -> dict[str, Any]:  # type: ignore[type-arg]  # dispatch needs the bare class
        told: dict[str, Any] = {
            "at": fact.at,
            "fact": "observation",
            "body": body_name(type(fact.body)),
            "subject": fact.source,
        }
        body = {name: list(one) if isinstance(one, tuple) else one for name, one in asdict(fact.body).items()}
        return told | self._of(fact.source, fact.place) | body

    @row.register
    def _(self, fact: Finding) -> dict[str, Any]:
        told: dict[str, Any] = {"at": fact.at, "fact": "finding", "kind": fact.kind, "grade": fact.grade}
        named = {"because": fact.because, "actors": list(fact.actors), "targets": list(fact.targets)}
        more = {
            "subject": fact.subject,
            "rule": fact.rule,
            "tactic": fact.tactic,
            "technique": fact.technique,
            "measure": fact.measure,
        }
        about = fact.subject if self._city is not None and fact.subject in self._city.sensors else fact.source
        return told | named | {k: v for k, v in more.items() if v not in ("", None)} | self._of(about, fact.place)

    @row.register
    def _(self, fact: Health) -> dict[str, Any]:
        told: dict[str, Any] = {
            "at": fact.at,
            "fact": "health",
            "condition": fact.condition.value,
            "because": fact.because,
        }
        return told | {"subject": fact.source} | self._of(fact.source, fact.place)

    def _of(self, source: str, place: Place | None) -> dict[str, Any]:
        """What the register and the place say: equal for all facts of one source that stands still."""
        known = self._known.get(source)
        if known is None:
            known = self._registered(source, place)
            if len(self._known) < SOURCES_KEPT_MAX:
                self._known[source] = known
        if place is None:
            return known
        where = {"building": place.building, "floor": place.floor, "zone": place.zone}
        return known | {name: value for name, value in where.items() if value not in ("", None)}

    def _registered(self, source: str, place: Place | None) -> dict[str, Any]:
        sensor = None if self._city is None else self._city.sensors.get(source)
        if sensor is None:
            return _named(source, source) | self._zoned(place)
        return _named(source, sensor.name) | {"family": sensor.family} | self._zoned(sensor.place)

    def _zoned(self, place: Place | None) -> dict[str, Any]:
        """The zone of a place, where the city has one there."""
        zone = self._city.zone_of(place) if self._city is not None and place is not None else None
        return {} if zone is None else {"zone": zone.id}
