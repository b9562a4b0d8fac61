"""Campaigns: what belongs together is one incident that names attackers, victims and steps; nothing else joins it."""

from math import fsum

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fusion.campaigns import START, beacon, found, probe, run, scan, standing, started, told_ids
from tocsin.fusion.campaign import MET_MAX, commons_of
from tocsin.fusion.killchain import course
from tocsin.fusion.state import Memory
from tocsin.model import Decision, IncidentState, Origin, Priority, Reached, Tick

BOT, PLC, DESK, SERVER = "10.0.0.5", "10.0.0.20", "10.0.0.7", "203.0.113.66"
RESOLVER = "8.8.8.8"


def names(incident, what):
    return [name for stage in incident.stages for name in getattr(stage, what)]


def login(actor, target, at=START, grade="strong", **more):
    return found(
        "cyber.brute-force", grade, target, at, actors=(actor,), targets=(target,), tactic="credential-access", **more
    )


def command(actor, target, at=START, grade="stop"):
    return found(
        "cyber.controller", grade, target, at, actors=(actor,), targets=(target,), tactic="execution", technique="T0858"
    )


CHAIN = [
    scan(BOT, [PLC, DESK], START),
    login(BOT, DESK, START + 600),
    beacon(DESK, SERVER, START + 1200),
    command(DESK, PLC, START + 1800),
]


def test_a_campaign_from_scan_to_controller_is_one_incident_with_its_steps_in_order():
    (incident,) = standing(run(CHAIN))
    (stage,) = incident.stages
    assert set(stage.actors) == {BOT, DESK, SERVER}
    assert stage.targets == (PLC,)
    assert [step.tactic for step in stage.reached] == [
        "discovery", "credential-access", "command-and-control", "execution",
    ]  # fmt: skip
    assert [step.since for step in stage.reached] == [START, START + 600, START + 1200, START + 1800]
    assert "Steps so far: discovery (" in incident.sentence
    assert stage.contributions[1].tactic


@given(st.permutations(CHAIN))
def test_the_order_in_which_findings_come_does_not_matter(findings):
    (incident,) = standing(run(findings))
    assert set(names(incident, "actors")) == {BOT, DESK, SERVER}
    assert names(incident, "targets") == [PLC]


def test_different_steps_add_up_and_a_repeated_step_does_not():
    once = standing(run([scan(BOT, [PLC], START)]))[0].stages[0].log_odds
    again = standing(run([scan(BOT, [PLC], START), scan(BOT, [DESK], START + 60)]))[0].stages[0]
    further = standing(run([scan(BOT, [PLC], START), login(BOT, PLC, START + 60)]))[0].stages[0]
    assert again.log_odds == once
    assert "repeats discovery" in again.contributions[2].note
    assert further.log_odds == once + 3.0
    assert further.log_odds == fsum(part.nats for part in further.contributions)


def test_two_devices_under_one_command_server_are_one_campaign():
    (incident,) = standing(run([beacon(BOT, SERVER, START), beacon(DESK, SERVER, START + 60)]))
    assert set(names(incident, "actors")) == {BOT, DESK, SERVER}


@pytest.mark.parametrize("shared", [RESOLVER, "224.0.0.251", "255.255.255.255", "ff02::fb"])
def test_a_shared_common_destination_joins_nothing(shared):
    assert len(standing(run([beacon(BOT, shared, START), beacon(DESK, shared, START + 60)]))) == 2


def test_a_destination_that_many_meet_in_passing_joins_nothing():
    passing = [
        found(
            "cyber.first-contact", "weak", f"10.0.1.{n}", START + n, actors=(f"10.0.1.{n}", SERVER), targets=(SERVER,)
        )
        for n in range(4)
    ]
    assert len(standing(run([*passing, beacon(BOT, SERVER, START + 60), beacon(DESK, SERVER, START + 90)]))) == 2
    assert len(standing(run([*passing[:2], beacon(BOT, SERVER, START + 60), beacon(DESK, SERVER, START + 90)]))) == 1


def test_being_scanned_from_outside_is_no_step_and_from_inside_is_one():
    outside = run([scan("198.51.100.9", [BOT, DESK], START), beacon(BOT, SERVER, START + 60)])
    inside = run([scan(PLC, [BOT, DESK], START), beacon(BOT, SERVER, START + 60)])
    assert (len(standing(outside)), len(standing(inside))) == (2, 1)


def test_what_was_apart_merges_once_a_link_is_found_under_the_id_seen_first():
    apart = [beacon(DESK, SERVER, START), scan(BOT, [PLC], START + 60)]
    first, second = told_ids(run(apart))
    told = run([*apart, login(BOT, DESK, START + 120)])
    (incident,) = standing(told)
    assert incident.id == first
    assert told[second].state is IncidentState.MERGED
    assert told[second].merged_into == first
    assert len(incident.stages[0].contributions) == 4


def test_what_a_person_split_does_not_merge_again():
    fusing, memory, told = started(), None, {}

    def feed(fact):
        nonlocal memory
        memory, said = fusing.step(memory, fact)
        told.update({one.id: one for one in said})

    feed(beacon(DESK, SERVER, START))
    feed(scan(BOT, [PLC], START + 60))
    one, two = told
    feed(decide("merge", one, two))
    feed(decide("split", one, told[one].stages[1].id))
    feed(login(BOT, DESK, START + 120))
    assert len(standing(told)) == 2


def decide(verb, target, *others):
    return Decision(
        at=START + 90, origin=Origin.SIMULATED, id=f"{verb}-1", verb=verb, target=target, by="op", others=others
    )


def test_a_victim_is_not_accused_because_it_is_a_little_odd():
    attack = login("203.0.113.9", BOT, START)
    odd = found("cyber.beacon", "clear", BOT, START + 60, nats=1.5, actors=(BOT, SERVER), tactic="command-and-control")
    (incident,) = standing(run([attack, odd]))
    assert names(incident, "actors") == ["203.0.113.9"]
    assert names(incident, "targets") == [BOT]
    (later,) = standing(run([attack, beacon(BOT, SERVER, START + 60)]))
    assert set(names(later, "actors")) == {"203.0.113.9", BOT, SERVER}


def test_weak_evidence_and_background_open_nothing_however_much_there_is():
    weak = [
        found("cyber.ids", "background", BOT, START + n, nats=0.2, actors=(f"203.0.113.{n}",)) for n in range(200)
    ] + [found("cyber.cleartext", "login", BOT, START + n, nats=0.8) for n in range(50)]
    assert run(weak) == {}


def test_background_does_not_glue_the_hosts_that_it_reaches():
    noise = [found("cyber.ids", "background", host, START, nats=0.2, actors=("198.51.100.9",)) for host in (BOT, DESK)]
    assert len(standing(run([*noise, login("203.0.113.8", BOT, START), login("203.0.113.9", DESK, START)]))) == 2


def test_hosts_open_to_the_internet_are_one_standing_incident_apart_from_attacks():
    told = run([*(probe(f"192.0.2.{n}", START + n) for n in range(5)), login("203.0.113.9", "192.0.2.1", START + 60)])
    exposure, attack = sorted(standing(told), key=lambda one: len(one.stages[0].targets), reverse=True)
    assert exposure.priority is Priority.LOW
    assert len(exposure.stages[0].targets) == 5
    assert "192.0.2.0 and 4 more open to the internet" in exposure.title
    assert attack.stages[0].hazard == "cyber"


def test_what_is_told_late_opens_as_it_would_have_in_time():
    late = [login("203.0.113.9", BOT, START), Tick(at=START + 86_400.0, origin=Origin.SIMULATED)]
    assert len(standing(run(late))) == 1
    assert len(standing(run([beacon(DESK, SERVER, START + 86_400.0), login("203.0.113.9", BOT, START)]))) == 2


def test_titles_name_the_gravest_act():
    (incident,) = standing(run([scan(BOT, [PLC], START), command(BOT, PLC, START + 60)]))
    assert incident.title == f"Controller {PLC} stopped by {BOT}"
    assert incident.next_step.startswith(f"Ask who operates {PLC}")


def test_findings_of_one_kind_count_no_more_than_their_cap():
    many = [
        found("cyber.wrong-port", "clear", BOT, START + n, nats=1.5, actors=(BOT,), tactic="", name=f"w{n}")
        for n in range(5)
    ]
    (incident,) = standing(run([*many, beacon(BOT, SERVER, START)]))
    assert fsum(part.nats for part in incident.stages[0].contributions if part.detector == "cyber.wrong-port") == 2.0


def test_a_saved_memory_continues_alike():
    fusing, memory = started(), None
    for finding in CHAIN[:2]:
        memory, _ = fusing.step(memory, finding)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=Memory)
    assert [fusing.step(again, one)[1] for one in CHAIN[2:]] == [fusing.step(memory, one)[1] for one in CHAIN[2:]]


def test_memory_of_destinations_is_bounded_and_what_is_over_is_forgotten():
    fusing, memory = started(hypotheses_max=20), None
    for n in range(MET_MAX // 10):
        targets = tuple(f"198.18.{n % 250}.{m}-{n}" for m in range(20))
        weak = found(
            "cyber.first-contact",
            "weak",
            f"10.1.{n // 200}.{n % 200}",
            START,
            actors=("x",),
            targets=targets,
            name=f"m{n}",
        )
        memory, _ = fusing.step(memory, weak)
    assert len(memory.met) == MET_MAX
    memory, _ = fusing.step(memory, Tick(at=START + 200_000.0, origin=Origin.SIMULATED))
    assert (memory.hypotheses, memory.named) == ({}, {})


def test_a_table_with_a_line_that_is_no_address_is_refused():
    with pytest.raises(ValueError, match="gateway"):
        commons_of(("gateway",))


def test_one_step_has_no_course():
    assert course([Reached(tactic="discovery", name="discovery", since=0.0)]) == ""


def test_exposure_yields_to_an_attack_that_speaks_of_the_same_host():
    attack = login("203.0.113.9", "192.0.2.1", START)
    assert len(standing(run([attack, probe("192.0.2.1", START + 60)]))) == 1
    assert len(standing(run([attack, probe("192.0.2.2", START + 60)]))) == 2


def test_an_attack_of_a_thousand_connections_is_few_revisions_and_tells_all_in_the_end():
    fusing, memory, told = started(), None, []
    for n in range(1000):
        more = msgspec.structs.replace(scan(BOT, [PLC], START), evidence=(f"zeek/{n}",), at=START + n / 100)
        memory, said = fusing.step(memory, more)
        told.extend(said)
    memory, early = fusing.step(memory, Tick(at=START + 20, origin=Origin.SIMULATED))
    memory, said = fusing.step(memory, Tick(at=START + 80, origin=Origin.SIMULATED))
    assert len(told) < 40
    assert early == []
    assert len(said[-1].stages[0].contributions[1].evidence) == 1000


def test_evidence_of_one_campaign_is_bounded_and_the_rest_counted():
    fusing, memory = started(evidence_max=50, evidence_all_max=80), None
    for n in range(4):
        one = scan(BOT, [PLC], START + n)
        one = msgspec.structs.replace(one, evidence=tuple(f"zeek/{n}/{row}" for row in range(60)))
        memory, _ = fusing.step(memory, one)
    (hypothesis,) = memory.hypotheses.values()
    assert sum(len(held.evidence) for held in hypothesis.held.values()) == hypothesis.cited == 80
    assert hypothesis.left_out == 160


def test_what_can_be_called_what_it_is_names_the_incident_over_what_is_as_grave():
    rule = found("cyber.sigma", "critical", PLC, START, actors=(BOT,), targets=(PLC,), tactic="impact", rule="r-1")
    (incident,) = standing(run([rule, command(BOT, PLC, START + 60)]))
    assert incident.title == f"Controller {PLC} stopped by {BOT}"
