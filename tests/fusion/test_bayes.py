"""Fusion: one event is one incident, its explanation adds up, people lead its life."""

from math import fsum, log

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.city.context import City
from tocsin.city.registry import Coverage, Sensor
from tocsin.contract.resources import Resources
from tocsin.fusion.bayes import Bayes, Fusing
from tocsin.fusion.score import probability
from tocsin.fusion.state import Memory
from tocsin.model import (
    Basis,
    Condition,
    Decision,
    Extent,
    Figure,
    Finding,
    Health,
    Incident,
    IncidentState,
    Origin,
    Place,
    Priority,
    SourceState,
    Tick,
    Verdict,
    Weight,
    moved,
)

STATION = Place(lon=24.941, lat=60.171, radius_m=10.0, name="Station")


def sensor(name: str, east_m: float = 0.0, address: str = "") -> Sensor:
    return Sensor(
        id=name,
        family="gas",
        name=name.upper(),
        place=moved(STATION, east_m, 0.0),
        coverage=Coverage(range_m=100.0, p_detect=0.5),
        sees=("toxic",),
        state=SourceState.IN_SERVICE,
        addresses=(address,) if address else (),
    )


def city() -> City:
    found = City.empty("Test", STATION)
    for one in (sensor("g1", 0.0, "10.0.0.1"), sensor("g2", 60.0, "10.0.0.2"), sensor("g3", 5000.0)):
        found = found.with_sensor(one)
    return found


@pytest.fixture
def fusing() -> Fusing:
    return Bayes().start(Resources(city=city()))


def gas(name: str, at: float, *, source: str = "g1", nats: float = 8.0, place: Place = STATION, **more) -> Finding:
    return Finding(
        at=at, origin=Origin.SIMULATED, id=name, kind="cbrne.toxic", subject="chlorine", because=f"{name} rang.",
        evidence=(f"{source}/{at:.0f}",), source=source, detector="cbrne.toxic", grade="aegl-2",
        weight=Weight(nats=nats, basis=Basis.COUNTED), place=place, measure=10.0, **more,
    )  # fmt: skip


def attack(name: str, at: float, subject: str = "10.0.0.2", nats: float = 3.5, actor: str = "203.0.113.9") -> Finding:
    return Finding(
        at=at, origin=Origin.SIMULATED, id=name, kind="cyber.ids", subject=subject, because=f"{name} seen.",
        evidence=(f"ids/{at:.0f}",), source="ids", detector="cyber.ids", grade="high", actors=(actor,),
        weight=Weight(nats=nats, basis=Basis.COUNTED),
    )  # fmt: skip


def decision(verb: str, target: str, at: float, *others: str, until: float | None = None) -> Decision:
    return Decision(
        at=at, origin=Origin.SIMULATED, id=f"{verb}{at}", verb=verb, target=target, by="op", others=others, until=until
    )


def run(fusing: Fusing, *facts) -> tuple[Memory, dict[str, Incident]]:
    memory, newest = None, {}
    for fact in facts:
        memory, told = fusing.step(memory, fact)
        newest.update({one.id: one for one in told})
    return memory, newest


def only(incidents: dict[str, Incident]) -> Incident:
    (found,) = (one for one in incidents.values() if one.state is not IncidentState.MERGED)
    return found


def test_one_release_seen_by_two_sensors_is_one_incident(fusing):
    _, told = run(fusing, gas("a", 10.0), gas("b", 15.0, source="g2", place=moved(STATION, 60.0, 0.0)))
    incident = only(told)
    assert [stage.hazard for stage in incident.stages] == ["toxic"]
    assert incident.priority is Priority.LIFE
    assert 20 < 1000 * (incident.place.lon - STATION.lon) * 55.3 < 40  # between the two


def test_releases_far_apart_are_two_incidents(fusing):
    _, told = run(fusing, gas("a", 10.0), gas("b", 15.0, source="g3", place=moved(STATION, 5000.0, 0.0)))
    assert len(told) == 2


def test_a_weak_default_stays_an_event(fusing):
    _, told = run(fusing, gas("a", 10.0, nats=3.0))
    assert told == {}


def test_a_raw_life_finding_is_never_hidden(fusing):
    _, told = run(fusing, gas("a", 10.0, nats=0.5, life=True))
    assert only(told).priority is Priority.LIFE


@given(st.permutations([("a", 6.0, "g1"), ("b", 4.0, "g2"), ("c", 2.5, "g1")]))
def test_order_does_not_matter_and_the_sum_is_exact(rows):
    fusing = Bayes().start(Resources(city=city()))
    _, told = run(fusing, *(gas(name, 10.0, nats=nats, source=source) for name, nats, source in rows))
    (stage,) = only(told).stages
    assert stage.log_odds == fsum(part.nats for part in stage.contributions)
    assert only(told).score == round(probability(stage.log_odds), 4)
    assert [part.id for part in stage.contributions if part.role == "for"] == ["a", "b", "c"]
    assert stage.log_odds == pytest.approx(-5.0 + 12.5)


def test_a_repeat_adds_evidence_and_no_weight(fusing):
    _, once = run(fusing, gas("a", 10.0))
    _, twice = run(fusing, gas("a", 10.0), gas("a", 15.0))
    assert only(once).stages[0].log_odds == only(twice).stages[0].log_odds
    assert only(twice).stages[0].contributions[1].evidence == ("g1/10", "g1/15")


def test_findings_of_one_detector_are_capped(fusing):
    _, told = run(fusing, gas("a", 10.0, nats=10.0), gas("b", 10.0, source="g2", nats=10.0))
    nats = {part.id: part.nats for part in only(told).stages[0].contributions}
    assert (nats["a"], nats["b"]) == (10.0, 4.0)


def test_a_healthy_neighbour_that_sees_nothing_speaks_against(fusing):
    _, told = run(fusing, gas("a", 10.0))
    against = [part for part in only(told).stages[0].contributions if part.role == "against"]
    assert [part.source for part in against] == ["g2"]
    assert log(0.5) < against[0].nats < 0


def test_a_silent_neighbour_says_nothing(fusing):
    silent = Health(at=5.0, origin=Origin.SIMULATED, source="g2", condition=Condition.SILENT, because="quiet")
    _, told = run(fusing, silent, gas("a", 10.0))
    incident = only(told)
    assert all(part.role != "against" for part in incident.stages[0].contributions)
    assert any("G2" in unknown for unknown in incident.unknowns)


def test_attack_then_release_is_one_incident_under_the_earlier_id(fusing):
    _, first = run(fusing, attack("scan", 5.0))
    _, told = run(fusing, attack("scan", 5.0), gas("a", 60.0))
    incident = only(told)
    assert incident.id == only(first).id
    assert [stage.hazard for stage in incident.stages] == ["cyber", "toxic"]
    assert incident.title.startswith("Chlorine")
    assert any(part.role == "context" for part in incident.stages[1].contributions)


def test_evidence_of_a_sensor_under_attack_is_half_trusted(fusing):
    _, told = run(fusing, attack("scan", 5.0, subject="10.0.0.1"), gas("a", 60.0))
    part = next(part for part in only(told).stages[1].contributions if part.id == "a")
    assert part.nats == 4.0
    assert "under attack" in part.note


def test_two_attackers_on_one_host_are_one_campaign(fusing):
    _, told = run(
        fusing, attack("a", 5.0, actor="x"), attack("b", 6.0, actor="y"), attack("c", 7.0, "10.9.9.9", actor="y")
    )
    assert len(only(told).stages) == 1


def test_old_evidence_fades_and_the_incident_returns(fusing):
    facts = [gas("a", 10.0, nats=6.0), *(Tick(at=float(t), origin=Origin.SIMULATED) for t in range(20, 1700, 60))]
    _, told = run(fusing, *facts)
    assert only(told).state is IncidentState.RETURNED


def test_what_is_over_is_forgotten(fusing):
    memory, _ = run(fusing, gas("a", 10.0), Tick(at=4000.0, origin=Origin.SIMULATED))
    assert (memory.hypotheses, memory.cases, memory.cells, memory.named) == ({}, {}, {}, {})


def test_life_of_an_incident(fusing):
    name = only(run(fusing, gas("a", 10.0))[1]).id
    _, told = run(
        fusing,
        gas("a", 10.0),
        decision("acknowledge", name, 11.0),
        decision("assign", name, 12.0, "anna"),
        decision("close", name, 13.0, "benign cause"),
        gas("a", 14.0),
    )
    incident = only(told)
    assert (incident.state, incident.assignee, incident.verdict) == (IncidentState.CLOSED, "anna", Verdict.BENIGN)
    assert [note.verb for note in incident.notes] == ["acknowledge", "assign", "close"]


def test_a_shelf_ends(fusing):
    name = only(run(fusing, gas("a", 10.0))[1]).id
    shelve = decision("shelve", name, 11.0, until=30.0)
    _, told = run(fusing, gas("a", 10.0), shelve, Tick(at=31.0, origin=Origin.SIMULATED))
    assert only(told).state is IncidentState.OPEN


def test_merge_and_split_are_inverse(fusing):
    both = (gas("a", 10.0), gas("b", 15.0, source="g3", place=moved(STATION, 5000.0, 0.0)))
    one, two = run(fusing, *both)[1]
    memory, told = run(fusing, *both, decision("merge", one, 20.0, two))
    assert [len(told[name].stages) for name in (one, two)] == [2, 0]
    leaving = memory.cases[one].stages[1]
    memory, told = run(fusing, *both, decision("merge", one, 20.0, two), decision("split", one, 21.0, leaving))
    assert {name: len(case.stages) for name, case in memory.cases.items()} == {one: 1, two: 1}


def test_evidence_of_a_sensor_in_maintenance_counts_nothing(fusing):
    _, told = run(fusing, decision("maintenance", "g1", 5.0), gas("a", 10.0))
    assert told == {}


def test_a_saved_memory_continues_alike(fusing):
    memory, _ = run(fusing, attack("scan", 5.0), gas("a", 10.0))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=Memory)
    later = gas("b", 20.0, source="g2")
    assert fusing.step(again, later)[1] == fusing.step(memory, later)[1]


def test_memory_is_bounded():
    fusing = Bayes(hypotheses_max=50).start(Resources(city=city()))
    memory, _ = run(fusing, *(attack(f"f{i}", 5.0, f"10.1.{i // 200}.{i % 200}", 1.0, f"a{i}") for i in range(200)))
    assert len(memory.hypotheses) == 50
    assert memory.shed == 150


def test_an_attack_on_nothing_of_ours_is_not_urgent(fusing):
    _, told = run(fusing, attack("a", 5.0, "192.0.2.1"))
    assert only(told).priority is Priority.MEDIUM
    _, told = run(fusing, attack("a", 5.0, "10.0.0.2"))
    assert only(told).priority is Priority.HIGH


def test_an_attack_is_where_its_victim_stands_not_where_it_was_noticed(fusing):
    noticed = msgspec.structs.replace(attack("a", 5.0, "10.0.0.2"), place=moved(STATION, 9000.0, 0.0))
    assert only(run(fusing, noticed)[1]).place == moved(STATION, 60.0, 0.0)
    unknown = msgspec.structs.replace(attack("b", 5.0, "192.0.2.1"), place=STATION)
    assert only(run(fusing, unknown)[1]).place is None


def plume(label: str) -> tuple[Extent, ...]:
    ring = ((24.94, 60.17), (24.95, 60.17), (24.95, 60.18), (24.94, 60.17))
    return (Extent(kind="plume", label=label, rings=(ring,)),)


def drawn(incident: Incident) -> list[str]:
    return [one.label for stage in incident.stages for part in stage.contributions for one in part.extents]


def test_a_plume_that_moves_is_told_at_once_and_one_that_stands_is_not(fusing):
    memory, _ = fusing.step(None, msgspec.structs.replace(gas("f", 1000.0), evidence=("g1/1",), extents=plume("now")))
    again = msgspec.structs.replace(gas("f", 1002.0), evidence=("g1/1",), extents=plume("now"))
    memory, same = fusing.step(memory, again)
    memory, moved_on = fusing.step(memory, msgspec.structs.replace(again, at=1004.0, extents=plume("then")))
    amount = (Figure(name="released amount", value=3.0, unit="kg"),)
    memory, known = fusing.step(
        memory, msgspec.structs.replace(again, at=1006.0, extents=plume("then"), figures=amount)
    )
    assert list(same) == []
    assert [drawn(one) for one in moved_on] == [["then"]]
    assert len(known) == 1


def test_regions_that_come_late_replace_no_newer_ones(fusing):
    memory, _ = fusing.step(None, gas("f", 1000.0, extents=plume("newer")))
    _, told = fusing.step(memory, gas("f", 990.0, extents=plume("older")))
    assert [drawn(one) for one in told] == [["newer"]]
