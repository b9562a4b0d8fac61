"""A clear view: a reason, another person, a receipt first, an end; nothing leaves without it."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.pictures import ClearPicture, Frame, MaskedPicture, Tracks
from tocsin.contract.protocols import Delivered, Perceived
from tocsin.contract.raster import EMPTY
from tocsin.contract.resources import content_folder
from tocsin.engine.desk import Person
from tocsin.engine.doorway import Doorway, admission_by
from tocsin.engine.seats import Seats
from tocsin.engine.unmasking import Unmasking
from tocsin.gate.ledger import Ledger
from tocsin.gate.policy import Policies
from tocsin.model import Level, NotFound, Origin, Place, Reading, Refused, SourceState

NOW = 1_790_000_000.0
HALL = Place(lon=24.9, lat=60.1)
ANNA, BERTA, OLE = Person("acc-anna", "operator"), Person("acc-berta", "supervisor"), Person("acc-ole", "operator")
WHY = "A person lies on the ground and masks hide whether they move."


@dataclass
class Shows:
    accepts: ClassVar = (Frame,)
    gives: ClassVar = (Tracks, MaskedPicture, ClearPicture)

    def perceive(self, one):
        size = {"jpeg": b"j", "width": 1, "height": 1, "of": 1}
        bodies = (Tracks(tracks=()), MaskedPicture(filled=0.0, **size), ClearPicture(count=2, every_s=1.0, **size))
        made = [Reading(at=one.at, origin=one.origin, source=one.source, seq=one.seq, body=body) for body in bodies]
        return Perceived(readings=tuple(made))


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def ledger(tmp_path):
    made = Ledger.open(tmp_path / "ledger", tmp_path / "private", origin="tocsin/test")
    yield made
    made.close()


@pytest.fixture
def doorway(ledger):
    camera = Sensor(
        id="cam-1",
        family="camera",
        name="cam-1",
        place=HALL,
        coverage=Coverage(range_m=10.0),
        state=SourceState.IN_SERVICE,
        level_max=Level.REDACTED,
    )
    city = City.empty("Town", HALL).with_sensor(camera)
    policies = Policies.load(content_folder() / "policies")
    return Doorway(Seats(city), [Shows()], admission_by(policies, ledger))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def unmasking(ledger, doorway, clock):
    return Unmasking(ledger, Policies.load(content_folder() / "policies"), doorway, clock, Origin.LIVE)


def seen(doorway, at, seq=1):
    reading = Reading(at=at, origin=Origin.LIVE, source="cam-1", seq=seq, body=Frame(picture=EMPTY, number=seq))
    return {type(one.body).__name__ for one in doorway.admit(Delivered((reading,)), "cam-1", at).observations}


def test_without_a_clearance_no_clear_picture_leaves(doorway):
    assert seen(doorway, NOW) == {"Tracks", "MaskedPicture"}


def test_after_anothers_approval_it_does_until_the_end(doorway, unmasking, clock, ledger):
    request = unmasking.ask("cam-1", WHY, ANNA)
    cleared = unmasking.answer(request.id, BERTA)
    assert "ClearPicture" in seen(doorway, NOW + 1)
    assert next(iter(ledger.receipts(subject="cam-1")))[1].act == "unmask"
    assert "ClearPicture" not in seen(doorway, cleared.until, seq=2)


def test_what_was_used_of_it_is_a_second_receipt(doorway, unmasking, ledger):
    cleared = unmasking.answer(unmasking.ask("cam-1", WHY, ANNA).id, BERTA)
    seen(doorway, NOW + 1)
    doorway.expire(cleared.until)
    ends = [
        receipt for _, receipt in ledger.receipts(subject="cam-1") if receipt.detail.get("lease") == cleared.clearance
    ]
    assert ends[0].detail["person_s"] == 2.0


def test_only_the_asker_sees_it(unmasking):
    unmasking.answer(unmasking.ask("cam-1", WHY, ANNA).id, BERTA)
    assert unmasking.clear("cam-1", ANNA.account, NOW + 1) is not None
    assert unmasking.clear("cam-1", OLE.account, NOW + 1) is None
    assert unmasking.clear("cam-1", ANNA.account, NOW + 1e6) is None


@pytest.mark.parametrize("by", [ANNA, OLE], ids=["whoever asks", "a role that may not"])
def test_it_is_approved_by_no_other(unmasking, by):
    request = unmasking.ask("cam-1", WHY, ANNA)
    with pytest.raises(Refused):
        unmasking.answer(request.id, by)
    assert [one.id for one in unmasking.open(NOW)] == [request.id], "it still waits"


def test_a_reason_is_asked_and_the_camera_must_be_there(unmasking):
    with pytest.raises(Refused):
        unmasking.ask("cam-1", "because", ANNA)
    with pytest.raises(NotFound):
        unmasking.ask("cam-9", WHY, ANNA)
