"""What cameras find, in fusion: blinding comes first, one plan is one incident, what is not measured does not ring."""

import pytest

from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.resources import Resources
from tocsin.contract.walk import members
from tocsin.fusion.bayes import Bayes
from tocsin.model import Basis, Finding, Incident, Origin, Place, Priority, SourceState, Weight, moved

YARD = Place(lon=24.941, lat=60.171, radius_m=5.0, name="the yard")
AT = 1_790_000_000.0


def camera(name, east_m=0.0, address=""):
    return Sensor(
        id=name,
        family="camera",
        name=name.upper(),
        place=moved(YARD, east_m, 0.0),
        coverage=Coverage(range_m=40.0),
        state=SourceState.IN_SERVICE,
        addresses=(address,) if address else (),
    )


@pytest.fixture
def fusing():
    city = City.empty("Test", YARD).with_sensor(camera("cam-1", address="10.0.0.8")).with_sensor(camera("cam-2", 60.0))
    return Bayes().start(Resources(city=city))


def found(kind, grade, at=0.0, *, subject="cam-1", nats=4.0, place=YARD, **more):
    return Finding(
        at=AT + at,
        origin=Origin.SIMULATED,
        id=f"{kind}{grade}{at}{subject}",
        kind=kind,
        subject=subject,
        because=f"{kind} {grade}.",
        evidence=(f"{subject}/1",),
        source=subject,
        detector=kind,
        grade=grade,
        weight=Weight(nats=nats, basis=Basis.COUNTED),
        place=place,
        **more,
    )


def told(fusing, *facts) -> list[Incident]:
    memory, newest = None, {}
    for fact in facts:
        memory, incidents = fusing.step(memory, fact)
        newest.update({one.id: one for one in incidents})
    return list(newest.values())


def test_a_camera_covered_then_a_door_forced_are_stages_of_one_incident(fusing):
    (incident,) = told(
        fusing,
        found("vision.tamper", "covered"),
        found("physical.sigma", "high", 300.0, subject="door-7", place=moved(YARD, 40.0, 0.0, 5.0)),
    )
    assert [stage.hazard for stage in incident.stages] == ["tamper", "intrusion"]
    assert "Before it: Camera CAM-1 is covered." in incident.sentence
    lent = [part for part in incident.stages[1].contributions if part.role == "context"]
    assert lent[0].because == "A camera 40 m away was tampered with 5 min before."


def test_an_attack_on_a_camera_speaks_for_its_blinding(fusing):
    attack = found("cyber.ids", "high", subject="10.0.0.8", place=None, actors=("203.0.113.9",))
    (incident,) = told(fusing, attack, found("vision.tamper", "frozen", 600.0, nats=2.0))
    assert [stage.hazard for stage in incident.stages] == ["cyber", "tamper"]
    assert any("blind the cameras first" in part.because for part in incident.stages[1].contributions)


@pytest.mark.parametrize(
    ("kind", "grade", "title"),
    [
        ("vision.zone", "person", "Somebody where none may be: the yard"),
        ("vision.zone", "vehicle", "Vehicle where none may be: the yard"),
        ("vision.wrong-way", "vehicle", "Vehicle against the direction: the yard"),
        ("vision.dispersal", "scatter", "A crowd scatters at the yard"),
        ("vision.running", "together", "People run at the yard"),
        ("vision.left-object", "lasting", "Something left at the yard"),
        ("vision.left-object", "removed", "Something is gone at the yard"),
        ("vision.fall", "shape", "Somebody may have fallen at the yard"),
        ("vision.weapon", "confirmed", "Possible weapon at the yard"),
        ("vision.tamper", "turned", "Camera CAM-1 was turned away"),
        ("physical.sigma", "high", "Intrusion or tampering at the yard"),
    ],
)
def test_each_is_called_what_it_is_and_says_what_to_do(fusing, kind, grade, title):
    (incident,) = told(fusing, found(kind, grade, nats=6.0))
    assert incident.title == title
    assert len(incident.next_step) > 20
    assert "{" not in incident.next_step


@pytest.mark.parametrize("member", [one for one in members("detectors") if one.kind.startswith(("crowd.", "vision."))])
def test_a_single_unmeasured_finding_of_a_camera_opens_nothing(fusing, member):
    """But for danger to life, which a detector says itself, and tampering with the camera."""
    if member.kind == "vision.tamper":
        pytest.skip("a blinded camera is told at once")
    said = [found(member.kind, grade, nats=nats) for grade, nats in member.default_nats.items()]
    assert [one for finding in said for one in told(fusing, finding)] == []


@pytest.mark.parametrize("member", [one for one in members("detectors") if one.kind.startswith(("crowd.", "vision."))])
def test_every_grade_of_a_camera_has_its_severity(fusing, member):
    for grade in member.default_nats:
        finding = found(member.kind, grade)
        hazard = fusing.tables.hazard_of(finding)
        assert hazard is not None
        assert any(key in hazard.severity for key in (f"{member.kind}/{grade}", member.kind, grade)), (member, grade)


def test_somebody_in_the_yard_at_night_and_a_door_is_one_incident_of_high_priority(fusing):
    (incident,) = told(
        fusing, found("vision.zone", "person", nats=2.0), found("physical.sigma", "medium", 60.0, nats=2.0)
    )
    (stage,) = incident.stages
    assert incident.priority is Priority.HIGH
    assert {part.detector for part in stage.contributions if part.role == "for"} == {"vision.zone", "physical.sigma"}


def test_loitering_and_overload_need_nobody_now(fusing):
    assert told(fusing, found("vision.loitering", "stays", nats=9.0), found("vision.overload", "short", nats=9.0)) == []


def test_a_confirmed_weapon_is_danger_to_life(fusing):
    (incident,) = told(fusing, found("vision.weapon", "confirmed", nats=0.5, life=True))
    assert incident.priority is Priority.LIFE
