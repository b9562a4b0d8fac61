"""Detections become findings by their class, one per track, as sure as the node; alerts by their kind."""

from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.examples import SQUARE, START_AT, seen
from tocsin.contract.folding import findings
from tocsin.contract.sapient import Alert, Class, Detection, Measure
from tocsin.detectors.physical.sapient import SapientHazards, hazards_from
from tocsin.formats.sapient.place import Covariance
from tocsin.model import ConfigError, distance_m, moved

ROUND = Covariance(25.0, 0.0, 25.0)


def report(*classes, after_s=0.0, track="t:1", **fields):
    body = Detection(object=track, classes=tuple(Class(*one) for one in classes), covariance=ROUND, **fields)
    return seen(body, at=START_AT + after_s, seq=round(after_s * 10), source="radar-1")


def alert(kind, after_s=0.0, status="active", name="a1"):
    body = Alert(alert=name, kind=kind, status=status, text="Something moves.")
    return seen(body, at=START_AT + after_s, seq=round(after_s * 10), source="radar-1")


ALARM = [report(("Air Vehicle/UAV", 0.5 + 0.02 * n), after_s=2.0 * n, velocity_m_s=(12.0, 0.0, 0.0)) for n in range(20)]
BENIGN = [report(("Human", 0.99), ("Vehicle/Car", 0.4), after_s=n) for n in range(20)]


def test_one_track_is_one_finding_and_its_grade_only_rises():
    found = findings(SapientHazards(), [*ALARM, report(("Drone", 0.55), after_s=55.0)])
    assert len({one.id for one in found}) == 1
    assert [found[0].grade, found[-1].grade] == ["drone-possible", "drone"]
    cited = [name for one in found for name in one.evidence]
    assert len(cited) == len(set(cited)) == 21


def test_it_says_where_how_fast_and_how_sure():
    found = findings(SapientHazards(), ALARM)[-1]
    assert found.because == "radar-1 reports a drone (Air Vehicle/UAV, 80 %)."
    assert {one.name: one.field_value for one in found.figures}["speed"] == pytest.approx(43.2)
    (ellipse,) = [one for one in found.extents if one.kind == "ellipse"]
    east = max(lon for lon, _ in ellipse.rings[0]) - SQUARE.lon
    assert east * 111_195 * cos(radians(SQUARE.lat)) == pytest.approx(5 * 2.4477, rel=0.02)


def test_a_path_is_drawn_once_it_moves():
    spots = [moved(SQUARE, 10.0 * n, 0.0) for n in range(4)]
    facts = [report(("Drone", 0.9), after_s=12.0 * n) for n in range(4)]
    facts = [replace(one, place=spot) for one, spot in zip(facts, spots, strict=True)]
    path = next(one for one in findings(SapientHazards(), facts)[-1].extents if one.kind == "path")
    assert len(path.rings[0]) == 4
    assert distance_m(SQUARE, spots[-1]) == pytest.approx(30.0, abs=0.1)


@pytest.mark.parametrize(
    ("name", "grade"),
    [
        ("Gun-Shot", "gunshot"),
        ("Equipment/Weapon/Bomb", "explosive"),
        ("Equipment/Weapon/Sling", "weapon"),
        ("UnmannedAerialVehicle", "drone"),
        ("Chlorine", "chemical"),
    ],
)
def test_classes_are_known_by_their_words_else_by_their_parents(name, grade):
    assert findings(SapientHazards(), [report((name, 0.9))])[0].grade == grade


def test_what_the_node_never_declared_is_possible_at_most():
    assert findings(SapientHazards(), [report(("Gunshot", 0.99), flags=("undeclared-class",))])[0].grade == (
        "gunshot-possible"
    )


def test_a_bearing_alone_is_drawn_as_a_sector():
    body = Detection(object="t:1", classes=(Class("Drone", 0.9),), bearing_deg=90.0, bearing_sd_deg=2.0)
    (sector,) = findings(SapientHazards(), [seen(body, source="radar-1")])[0].extents
    assert max(lon for lon, _ in sector.rings[0]) > SQUARE.lon > min(lon for lon, _ in sector.rings[0]) - 1e-9


def test_values_come_along_with_their_units():
    found = findings(SapientHazards(), [report(("Bomb", 0.9), measures=(Measure("mass", 2.0, "kg", 0.5),))])[0]
    assert [(one.name, one.unit, round(one.low, 2)) for one in found.figures] == [("mass", "kg", 1.18)]


def test_alerts_by_their_kind_once_and_none_when_they_are_over():
    facts = [alert("critical"), alert("critical", 1.0), alert("information", 2.0, name="a2")]
    found = findings(SapientHazards(), [*facts, alert("critical", 40.0, status="clear")])
    assert [(one.grade, one.because) for one in found] == [
        ("alert", "radar-1 raises an alert (critical): Something moves.")
    ]


@given(st.floats(0, 1))
def test_below_even_odds_nothing_is_told(confidence):
    found = findings(SapientHazards(), [report(("Drone", confidence))])
    assert [one.grade for one in found] == (
        ["drone"] if confidence >= 0.8 else ["drone-possible"] if confidence >= 0.5 else []
    )


def test_a_table_with_a_strange_hazard_is_refused():
    with pytest.raises(ConfigError, match="no hazard 'ghosts'"):
        hazards_from({"ghosts": ["ghost"]})
