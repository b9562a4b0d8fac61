"""What the HTTP interface works with: the parts of a running house, and the questions it asks them."""

import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from tocsin.city.citymap import Feature, Polygon
from tocsin.city.context import City
from tocsin.city.registry import Coverage
from tocsin.contract.resources import Resources
from tocsin.engine.desk import Desk, Person
from tocsin.engine.gallery import Gallery
from tocsin.engine.graph import Graph
from tocsin.engine.naming import Naming
from tocsin.engine.ring import Ring
from tocsin.engine.rows import SensorRow, System
from tocsin.engine.rulemarks import RuleMarks
from tocsin.engine.rules import Rules
from tocsin.engine.status import Status
from tocsin.engine.unmasking import Unmasking
from tocsin.engine.view import View
from tocsin.gate.ledger import Ledger, Report, verify
from tocsin.model import Finding, Incident, NotFound, Outcome, Proposal, Receipt
from tocsin.store.accounts import Account, Accounts
from tocsin.store.casebook import Casebook
from tocsin.store.log import EventLog
from tocsin.store.quarantine import Held, Quarantine
from tocsin.web.roles import AT_THE_DESK


class Inlet(Protocol):
    """A running HTTP source: takes a posted batch, answers when it is on disk."""

    def submit(self, body: bytes, token_name: str, source: str = "") -> "Future[Any]":
        """A future with `accepted`, `rejected` (pairs of line and reason) and `duplicates`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Office:
    """One running house as the web sees it.

    `demo` is who is signed in without asking (loopback only); `accounts` is None only there.
    `ingest` names the HTTP inputs; `secure` says that it is reached by https; `hosts` are the
    names under which it may be asked for (Host header, without port). `epoch` tells the event
    numbers of this run from those of an earlier one. `rules` are those in force, and `marks`
    explains readings by them; both are None where no rules run. `naming` reveals names, None where
    no tokens are given. `gallery` holds masked pictures, `unmasking` opens clear views, `looks` is when each
    account last began to look at a camera; `resources` are what stages are started with.
    """

    view: View
    desk: Desk
    status: Status
    casebook: Casebook
    log: EventLog
    ledger: Ledger
    ledger_folder: Path
    quarantine: Quarantine
    graph: Graph
    ring: Ring
    origin: str
    banner: str
    now: Callable[[], float]
    accounts: Accounts | None = None
    demo: Account | None = None
    ingest: Mapping[str, Inlet] = field(default_factory=dict)
    secure: bool = False
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    rules: Rules | None = None
    marks: RuleMarks | None = None
    naming: Naming | None = None
    gallery: Gallery | None = None
    unmasking: Unmasking | None = None
    resources: Resources | None = None
    looks: dict[tuple[str, str], int] = field(default_factory=dict)


class CityInfo(Struct, frozen=True):
    """The city in a few words."""

    name: str
    centre: tuple[float, float]
    bounds: tuple[float, float, float, float]
    origin: str
    banner: str
    attribution: str


class Operator(Struct, frozen=True):
    """Somebody who can be assigned."""

    account: str
    name: str


class State(Struct, frozen=True):
    """All that a console needs to begin; `event` is where to listen on from, `findings` those that wait for fusion."""

    city: CityInfo
    now: float
    event: str
    incidents: list[Incident]
    proposals: list[Proposal]
    outcomes: list[Outcome]
    findings: list[Finding]
    sensors: list[SensorRow]
    system: System
    precision: dict[str, dict[str, float | int | None]]
    on_duty: list[str]
    operators: list[Operator]


class Revision(Struct, frozen=True):
    """One line of an incident's course."""

    rev: int
    at: float
    score: float
    priority: int
    state: str
    title: str


class Entry(Struct, frozen=True):
    """One receipt of the ledger; None where its body was erased."""

    index: int
    receipt: Receipt | None


class Preview(Struct, frozen=True):
    """A message as it would leave."""

    media_type: str
    text: str


def state_of(office: Office, account: Account, on_duty: list[str]) -> State:
    """Everything, as of the newest event; `on_duty` are the names of those who look on."""
    event = event_id(office, office.ring.last)
    now = office.now()
    return State(
        city=city_of(office),
        now=now,
        event=event,
        incidents=office.view.incidents(),
        proposals=office.view.proposals(),
        outcomes=office.view.outcomes(),
        findings=office.view.raw(),
        sensors=office.view.sensors(),
        system=office.status.system(now),
        precision=office.view.precision(),
        on_duty=on_duty,
        operators=[Operator(one.id, one.name) for one in _at_the_desk(office, account)],
    )


def event_id(office: Office, number: int) -> str:
    """An event of this run, by name: `<epoch>-<number>`."""
    return f"{office.epoch}-{number}"


def city_of(office: Office) -> CityInfo:
    """Name, centre, bounds, origin."""
    city = office.view.city
    centre = (city.centre.lon, city.centre.lat)
    return CityInfo(city.name, centre, city.bounds, office.origin, office.banner, city.attribution)


def history_of(office: Office, name: str) -> list[Revision]:
    """How an incident came to be what it is."""
    return [
        Revision(one.rev, one.at, one.score, int(one.priority), one.state.value, one.title)
        for one in office.casebook.history(name)
    ]


def receipts_of(office: Office, incident: Incident) -> list[Entry]:
    """The receipts about an incident and its proposals, and the leases of the sensors behind it, by index."""
    sources = {part.source for stage in incident.stages for part in stage.contributions if part.source}
    proposals = [one.id for one in office.view.proposals() if one.incident == incident.id]
    rows: dict[int, Receipt | None] = {}
    for subject in (incident.id, *proposals, *sorted(sources)):
        rows.update(dict(office.ledger.receipts(subject=subject, limit=200)))
    return [Entry(index, receipt) for index, receipt in sorted(rows.items())]


def preview_of(office: Office, proposal: Proposal) -> Preview:
    """The message of a proposal as it would leave now; raises NotFound where its responder writes none."""
    for node in office.graph.nodes:
        if node.name == proposal.responder and hasattr(node.stage, "preview"):
            media_type, text = node.stage.preview(proposal, office.now())
            return Preview(media_type, text)
    message = f"{proposal.responder} has no message to show before it is sent."
    raise NotFound(message)


def checked_ledger(office: Office) -> Report:
    """The whole ledger, read from disk and proven anew."""
    return verify(office.ledger_folder)


def quarantined(office: Office, limit: int) -> list[Held]:
    """The newest inputs that could not be read, without their content."""
    return office.quarantine.list(limit)


def sensor_row(office: Office, name: str) -> SensorRow:
    """The row of one sensor; raises NotFound."""
    row = next((row for row in office.view.sensors() if row.id == name), None)
    if row is None:
        message = f"There is no sensor {name!r}: /api/state lists the sensors."
        raise NotFound(message)
    return row


def viewshed_of(office: Office, name: str) -> Feature:
    """What a sensor covers, as a GeoJSON feature: as the city knows it, else as the sensor says of itself.

    Raises NotFound for a sensor that nobody knows, or that did not say where it stands and how far it reaches.
    """
    city = office.view.city
    ring = city.viewshed(name) if name in city.sensors else _as_said(city, sensor_row(office, name))
    return Feature(geometry=Polygon(coordinates=(ring,)), properties={"id": name})


def _as_said(city: City, row: SensorRow) -> tuple[tuple[float, float], ...]:
    if row.place is None or not row.range_m:
        message = f"{row.id} did not say where it stands and how far it reaches: enter it in city/sensors.yaml."
        raise NotFound(message)
    reach = Coverage(range_m=row.range_m, bearing_deg=row.bearing_deg, field_deg=row.field_deg)
    return city.seen_from(row.place, reach, row.family)


def person_of(account: Account) -> Person:
    """Who decides."""
    return Person(account.id, account.role)


def _at_the_desk(office: Office, account: Account) -> list[Account]:
    known = {one.id: one for one in office.accounts.accounts()} if office.accounts is not None else {}
    working = (one for one in {account.id: account, **known}.values() if one.role in AT_THE_DESK)
    return sorted(working, key=lambda one: (one.name, one.id))
