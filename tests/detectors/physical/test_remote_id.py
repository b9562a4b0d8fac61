"""One flight is one finding, graded by what the drone says; on the ground there is none."""

import pytest

from tocsin.contract.drones import Drone
from tocsin.contract.examples import START_AT, seen
from tocsin.contract.folding import findings
from tocsin.detectors.physical.remote_id import RemoteIdFlight


def report(after_s, aircraft="t:1", state="airborne", height_m=40.0, source="rx-1"):
    body = Drone(aircraft=aircraft, state=state, height_m=height_m, speed_m_s=10.0)
    return seen(body, at=START_AT + after_s, seq=round(after_s * 10), source=source)


ALARM = [report(2.0 * n, height_m=10.0 * n) for n in range(20)]
BENIGN = [report(float(n), state="on the ground", height_m=0.0) for n in range(20)]


def test_a_flight_is_one_finding_that_rises():
    found = findings(RemoteIdFlight(), ALARM)
    assert len({one.id for one in found}) == 1
    assert [one.grade for one in found] == ["airborne", "airborne", "airborne", "high", "high"]
    assert found[-1].because == "A drone says that it flies here, 180 m above take-off."


def test_two_receivers_hear_one_aircraft():
    found = findings(RemoteIdFlight(), [report(0.0), report(1.0, source="rx-2"), report(11.0, source="rx-2")])
    assert [one.source for one in found] == ["rx-1", "rx-2"]
    assert len({one.id for one in found}) == 1


def test_a_flight_ends_and_another_begins():
    found = findings(RemoteIdFlight(), [report(0.0), report(100.0)])
    assert len({one.id for one in found}) == 2


@pytest.mark.parametrize(
    ("how", "grade"),
    [({"state": "emergency"}, "emergency"), ({"aircraft": ""}, "undeclared"), ({"height_m": 121.0}, "high")],
)
def test_grades(how, grade):
    assert findings(RemoteIdFlight(), [report(0.0, **how)])[0].grade == grade


def test_where_it_is_and_goes_is_drawn():
    found = findings(RemoteIdFlight(), ALARM)[-1]
    assert [one.kind for one in found.extents] == ["region"]
    assert [one.name for one in found.figures] == ["height", "speed"]
