"""No real output leaves unless the facts are live."""

import pytest

from tests.gate.offices import NOW
from tests.gate.receipts import ledger_in
from tocsin.gate.outlet import permit, release
from tocsin.model import Delivery, Origin, Refused

NOT_LIVE = [origin for origin in Origin if origin is not Origin.LIVE]


def delivery(origin):
    return Delivery(id="d-1", outlet="cap", name="a.xml", media_type="application/xml", payload=b"<x/>", origin=origin)


@pytest.mark.parametrize("origin", NOT_LIVE)
@pytest.mark.parametrize(
    ("kind", "exercise"),
    [("http", False), ("http", True), ("syslog", False), ("syslog", True), ("folder", False), ("", True)],
)
def test_what_is_not_live_stays_in_the_house(origin, kind, exercise):
    with pytest.raises(Refused, match=f"This is {origin.value}, not live"):
        permit(delivery(origin), kind, exercise=exercise)


@pytest.mark.parametrize("origin", NOT_LIVE)
def test_the_exercise_folder_takes_it(origin):
    assert permit(delivery(origin), "folder", exercise=True).origin is origin


@pytest.mark.parametrize("kind", ["http", "syslog", "folder"])
def test_live_goes_out_but_not_into_a_drill(kind):
    assert permit(delivery(Origin.LIVE), kind).delivery == "d-1"
    with pytest.raises(Refused, match="taken for a drill"):
        permit(delivery(Origin.LIVE), kind, exercise=True)


def test_a_release_leaves_its_receipt_first_and_a_refusal_none(tmp_path):
    ledger = ledger_in(tmp_path)
    with pytest.raises(Refused):
        release(ledger, delivery(Origin.REPLAY), "http", NOW)
    assert ledger.size == 0
    release(ledger, delivery(Origin.LIVE), "http", NOW)
    [(_, receipt)] = ledger.receipts("d-1")
    assert (receipt.act, receipt.detail["outlet"], receipt.detail["bytes"]) == ("release", "cap", 4)
