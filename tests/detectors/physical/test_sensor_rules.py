"""Rules over doors, cameras and panels: over observations, findings and health, mixed, and within a distance."""

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from tests.detectors.cyber.test_sigma_rules import SHIPPED, failed, rows
from tocsin.contract.bodies import Contact, Quantity
from tocsin.contract.examples import SQUARE, START_AT, seen
from tocsin.contract.folding import Folding, findings
from tocsin.contract.resources import Resources
from tocsin.contract.ruletexts import RuleTexts
from tocsin.contract.walk import start
from tocsin.detectors.physical.sensor_rules import PhysicalRules
from tocsin.model import Condition, Finding, Health, Origin, Tick, moved

DOOR = """
title: A door is forced
name: door_forced
level: low
tocsin: {family: physical}
logsource: {product: tocsin, category: observation, service: sensor.contact}
detection: {sel: {name: forced, active: true}, condition: sel}
"""
BLIND = """
title: A camera lost its picture
name: camera_lost
level: informational
tocsin: {family: physical}
logsource: {product: tocsin, category: health}
detection: {sel: {condition: [silent, suspect], device|startswith: cam-}, condition: sel}
---
title: A door was forced beside a camera that lost its picture
level: critical
tags: [attack.t0879]
tocsin: {family: physical, near: 100m}
correlation: {type: temporal, rules: [door_forced, camera_lost], timespan: 60s}
"""
LOGON = """
title: A logon fails
name: failed_logon
level: low
logsource: {product: windows, service: security}
detection: {sel: {EventID: 4625}, condition: sel}
---
title: A logon fails while a door is forced
level: high
tocsin: {family: physical}
correlation: {type: temporal, rules: [door_forced, failed_logon], timespan: 2m}
"""
SPREAD = """
title: Whatever another detector says of chlorine
level: medium
tocsin: {family: physical}
logsource: {product: tocsin, category: finding}
detection: {sel: {kind: cbrne.toxic, grade: [strong, alarm]}, condition: sel}
"""


def rules(*texts):
    return Resources(rules=RuleTexts.of(SHIPPED | {f"rules/{n}.yml": text for n, text in enumerate(texts)}))


RESOURCES = rules(DOOR, BLIND, LOGON, SPREAD)


def door(after_s=0.0, place=SQUARE, source="door-1", *, active=True):
    fact = seen(Contact(name="forced", active=active), at=START_AT + after_s, seq=round(after_s), source=source)
    return replace(fact, place=place)


def camera(after_s=0.0, place=SQUARE, condition=Condition.SILENT, source="cam-1"):
    return Health(
        at=START_AT + after_s,
        origin=Origin.SIMULATED,
        source=source,
        condition=condition,
        because="No picture.",
        place=place,
    )


def toxic(grade="strong", evidence=("gas-1/4",)):
    return Finding(
        at=START_AT,
        origin=Origin.SIMULATED,
        id="f-1",
        kind="cbrne.toxic",
        subject="gas-1",
        because="Chlorine.",
        evidence=evidence,
        source="gas-1",
        grade=grade,
    )


ALARM = [camera(), door(20.0), door(30.0), toxic(), rows(failed(), seq=5, at=START_AT + 40), door(4_000.0)]
BENIGN = [door(n, active=False) for n in range(9)] + [toxic("weak"), rows(failed(), seq=5)]


def titles(*facts, resources=RESOURCES):
    return [one.because.split("'")[1] for one in findings(PhysicalRules(), facts, resources)]


BESIDE = "A door was forced beside a camera that lost its picture"


@pytest.mark.parametrize(
    ("facts", "rings"),
    [
        ([camera(), door(59.0)], True),
        ([door(0.0), camera(59.0)], True),
        ([camera(), door(61.0)], False),
        ([camera(), door(20.0, place=moved(SQUARE, 90.0, 0.0))], True),
        ([camera(), door(20.0, place=moved(SQUARE, 150.0, 0.0))], False),
        ([camera(), door(20.0, place=None)], False),
        ([camera(condition=Condition.OK), door(20.0)], False),
        ([camera(source="gas-1"), door(20.0)], False),
        ([camera()], False),
    ],
)
def test_a_door_forced_beside_a_camera_that_lost_its_picture(facts, rings):
    assert (BESIDE in titles(*facts)) is rings


def test_the_mixed_finding_names_all_that_it_rests_on_and_where():
    (one,) = findings(PhysicalRules(), [camera(), door(20.0)], RESOURCES)
    assert one.evidence == (camera().id, "door-1/20")
    assert (one.grade, one.technique, one.place) == ("critical", "T0879", SQUARE)


def test_doors_and_logons_meet_in_one_correlation():
    assert titles(door(0.0), rows(failed(), at=START_AT + 60)) == ["A logon fails while a door is forced"]
    assert titles(door(0.0), rows(failed(), at=START_AT + 180)) == []


def test_a_finding_of_another_detector_is_a_fact_like_others_and_its_evidence_is_cited():
    (one,) = findings(PhysicalRules(), [toxic(evidence=tuple(f"gas-1/{n}" for n in range(9)))], RESOURCES)
    assert one.subject == "gas-1"
    assert one.evidence == ("gas-1/5", "gas-1/6", "gas-1/7", "gas-1/8")


def test_only_what_its_rules_read_comes_to_it():
    def comes(*texts):
        return {one.__name__ for one in start(PhysicalRules(), rules(*texts)).accepts}

    assert comes(DOOR) == {"Contact", "Decision"}
    assert comes(SPREAD) == {"Decision", "Finding"}
    assert comes() == {"Decision"}
    assert comes(DOOR, BLIND, LOGON) == {"Contact", "Decision", "Health", "LogEvents"}


def test_the_register_says_where_a_device_stands_and_what_it_is():
    sensor = SimpleNamespace(family="camera", name="Yard", place=moved(SQUARE, 10.0, 0.0))
    zone = SimpleNamespace(id="yard")
    city = SimpleNamespace(
        sensors={"cam-1": sensor},
        assets={"cam-1": sensor},
        asset_at=lambda name: None,
        zone_of=lambda place: zone,
    )
    rule = BLIND.partition("---")[0].replace("device|startswith: cam-", "family: camera, zone: yard, name: Yard")
    resources = Resources(rules=rules(rule).rules, city=city)
    (one,) = findings(PhysicalRules(), [camera(place=None), camera(source="cam-2")], resources)
    assert one.place == sensor.place


def test_absence_wakes_it_and_is_told():
    rule = """
title: A pump reports
name: pump
level: low
tocsin: {family: physical}
logsource: {product: tocsin, category: observation, service: sensor.quantity}
detection: {sel: {name: pressure}, condition: sel}
---
title: A pump reported less than twice
level: medium
tocsin: {family: physical}
correlation: {type: event_count, rules: [pump], group-by: [device], timespan: 1m, condition: {lt: 2}}
"""
    running = Folding(start(PhysicalRules(), rules(rule)), PhysicalRules.key)
    running.feed(seen(Quantity(name="pressure", value=1.0, unit="bar"), source="pump-1"))
    wanted = running.stage.wake_at(running.states["city"])
    assert wanted is not None
    (told,) = running.feed(Tick(at=wanted, origin=Origin.SIMULATED))
    assert (told.subject, told.grade) == ("pump-1", "medium")
