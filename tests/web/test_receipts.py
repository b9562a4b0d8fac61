"""Who read what closer than the air leaves a receipt before it is shown."""

from tests.web.house import SQUARE, small_city
from tocsin.app.config import Settings
from tocsin.app.house import open_house
from tocsin.contract.bodies import Counts, LogEvents
from tocsin.model import (
    Basis,
    Contribution,
    Incident,
    IncidentState,
    Level,
    Observation,
    Origin,
    Priority,
    Stage,
    Weight,
)
from tocsin.store.accounts import Account
from tocsin.web.evidence import evidence_shown
from tocsin.web.office import Office

AT = 1_800_000_000.0
ANNA = Account(id="acc-anna", name="anna", role="operator")


def office_of(house) -> Office:
    """As much of an office as reading evidence takes."""
    return Office(
        view=house.view, desk=None, status=None, casebook=house.casebook, log=house.log, ledger=house.ledger,
        ledger_folder=house.folder / "ledger", quarantine=house.quarantine, graph=house.graph, ring=house.view.ring,
        origin="exercise", banner="", now=lambda: AT,
    )  # fmt: skip


def citing(*ids: str) -> Incident:
    weight = Weight(nats=1.0, basis=Basis.DEFAULT)
    part = Contribution(id="f", role="for", because="b", nats=1.0, weight=weight, at=AT, evidence=ids)
    stage = Stage(
        id="h", hazard="cyber", kind="cyber.ids", title="t", log_odds=1.0, contributions=(part,), since=AT, last=AT,
        priority=Priority.LOW,
    )  # fmt: skip
    return Incident(
        at=AT, origin=Origin.EXERCISE, id="inc-1", rev=1, title="t", sentence="s", next_step="n", score=0.7,
        state=IncidentState.OPEN, priority=Priority.LOW, score_label="x", stages=(stage,), since=AT, place=SQUARE,
    )  # fmt: skip


def logged(house, body, level) -> str:
    fact = Observation(at=AT, origin=Origin.EXERCISE, source=level.name, seq=1, body=body, level=level)
    house.log.submit([fact]).result()
    return fact.id


def test_log_rows_leave_a_receipt_and_the_air_does_not(tmp_path):
    house = open_house(tmp_path, Settings(origin=Origin.EXERCISE), small_city())
    rows = ({"at": AT, "event_type": "flow", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"},)
    row = logged(house, LogEvents(format="eve", offsets=(0,), rows=rows), Level.ANONYMOUS) + "+0"
    air = logged(house, Counts(counts_per_s=1.0), Level.AMBIENT)
    assert evidence_shown(office_of(house), citing(air), [air], ANNA)
    assert house.ledger.receipts(subject="inc-1") == []
    (shown,) = evidence_shown(office_of(house), citing(row), [row], ANNA)
    ((_, receipt),) = house.ledger.receipts(subject="inc-1")
    assert (receipt.act, receipt.by, receipt.level, receipt.detail) == ("read", "acc-anna", 2, {"readings": 1})
    assert "10.0.0.2" in shown.text
    house.close(AT)
