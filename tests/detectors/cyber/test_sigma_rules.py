"""Rules over logs: one finding per rule, subject and hour, weighed by level or count, tuned by people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.contract.bodies import LogEvents
from tocsin.contract.examples import START_AT, seen
from tocsin.contract.folding import Folding, findings
from tocsin.contract.resources import Resources, content_folder
from tocsin.contract.rule_words import tactic_of, technique_of
from tocsin.contract.ruletexts import RuleTexts
from tocsin.contract.walk import start
from tocsin.detectors.cyber.sigma_rules import CyberRules
from tocsin.model import Basis, Decision, Origin

HOUR_S = 3_600.0
WHOAMI = """
title: Somebody asks who he is
id: 6d2d0b1e-0000-4000-8000-000000000001
level: low
tags: [attack.discovery, attack.t1033]
logsource: {product: windows, category: process_creation}
detection: {sel: {Image|endswith: '\\whoami.exe'}, condition: sel}
"""
GUESS = """
title: A logon fails
id: 6d2d0b1e-0000-4000-8000-000000000002
name: failed_logon
level: informational
logsource: {product: windows, service: security}
detection: {sel: {EventID: 4625}, condition: sel}
---
title: Many logons fail from one address
id: 6d2d0b1e-0000-4000-8000-000000000003
level: high
tags: [attack.credential-access, attack.t1110]
correlation: {type: event_count, rules: [failed_logon], group-by: [IpAddress], timespan: 5m, condition: {gte: 5}}
"""
OTHERS = """
title: A physical rule
id: 6d2d0b1e-0000-4000-8000-000000000004
level: low
tocsin: {family: physical}
logsource: {product: windows, category: process_creation}
detection: {sel: {Image|endswith: '\\whoami.exe'}, condition: sel}
"""
SHIPPED = {name: text for name, text in RuleTexts.read(content_folder()).texts.items() if "/mappings/" in name}


def rules(**own):
    """Our mappings and these rules."""
    return Resources(rules=RuleTexts.of(SHIPPED | {f"rules/{name}.yml": text for name, text in own.items()}))


RESOURCES = rules(whoami=WHOAMI, guess=GUESS, others=OTHERS)


def rows(*given, seq=0, at=START_AT, source="wef-1"):
    """One batch of Windows events, a second apart."""
    told = tuple({"at": at + n, "Computer": "ws-1", **row} for n, row in enumerate(given))
    body = LogEvents(format="windows", offsets=tuple(seq + n for n in range(len(told))), rows=told)
    return seen(body, at=at + max(0, len(told) - 1), seq=seq, source=source)


def whoami(**more):
    sysmon = {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational"}
    return sysmon | {"Image": r"C:\Windows\System32\whoami.exe", "CommandLine": "whoami /all"} | more


def failed(address="10.9.9.9"):
    return {"EventID": 4625, "Channel": "Security", "IpAddress": address}


def decided(verb, rule="6d2d0b1e-0000-4000-8000-000000000001", until_s=1e6, others=(), at=START_AT):
    return Decision(
        at=at,
        origin=Origin.SIMULATED,
        id=f"dec-{verb}",
        verb=verb,
        target=rule,
        by="op-1",
        text="known scanner",
        until=START_AT + until_s,
        others=others,
    )


def undated(batch):
    """The same batch, whose rows are as late as it is: a flood of it moves on in time."""
    return replace(batch, body=replace(batch.body, rows=tuple({**row, "at": None} for row in batch.body.rows)))


ALARM = [
    rows(whoami(), whoami(Computer="ws-2")),
    undated(rows(*[failed()] * 6, seq=10, at=START_AT + 60)),
    rows(whoami(), seq=90),
]
BENIGN = [rows(whoami(Image=r"C:\Windows\System32\cmd.exe"), failed(), failed(), seq=n * 10) for n in range(1, 3)]


def found(*facts, resources=RESOURCES):
    return findings(CyberRules(), facts, resources)


def test_one_finding_per_rule_subject_and_hour():
    told = found(rows(whoami(), whoami(), whoami(Computer="ws-2")), rows(whoami(), seq=10, at=START_AT + 60))
    assert [(one.subject, one.measure) for one in told] == [("ws-1", 2.0), ("ws-2", 1.0), ("ws-1", 3.0)]
    assert told[0].id == told[2].id != told[1].id
    assert told[0].evidence == ("wef-1/0+0", "wef-1/0+1")
    assert found(rows(whoami(), at=START_AT + HOUR_S))[0].id != told[0].id


def test_a_finding_says_which_rule_and_where_it_stands_in_attack():
    (one,) = found(rows(whoami()))
    assert one.rule == "6d2d0b1e-0000-4000-8000-000000000001"
    assert (one.grade, one.tactic, one.technique) == ("low", "discovery", "T1033")
    assert one.because == (r"'Somebody asks who he is' matched once for ws-1: Image 'C:\Windows\System32\whoami.exe'.")


def test_rules_of_the_other_family_are_not_ours():
    assert {one.rule[-1] for one in found(*ALARM)} == {"1", "3"}


def test_a_correlation_speaks_and_the_rule_that_feeds_it_does_not():
    (one,) = found(rows(*[failed()] * 5))
    assert (one.rule[-1], one.subject, one.grade) == ("3", "10.9.9.9", "high")
    assert len(one.evidence) == 5
    assert found(rows(*[failed()] * 4)) == []
    assert found(rows(*[failed(f"10.0.0.{n}") for n in range(9)])) == []


def test_a_correlation_by_who_acts_names_him_and_whom_he_did_it_to():
    (one,) = found(rows(*[failed()] * 4, {**failed(), "Computer": "ws-2"}))
    assert (one.subject, one.actors, one.targets) == ("10.9.9.9", ("10.9.9.9",), ("ws-2",))


def test_a_rule_without_an_actor_accuses_nobody():
    (one,) = found(rows(whoami()))
    assert (one.actors, one.targets) == ((), ())


def test_a_correlation_crosses_sources():
    first, second = rows(*[failed()] * 3), rows(*[failed()] * 2, source="wef-2", at=START_AT + 9)
    assert len(found(first, second)) == 1


# --- what people decide ---


def running():
    return Folding(start(CyberRules(), RESOURCES), CyberRules.key)


def counts(folding, rule="6d2d0b1e-0000-4000-8000-000000000001"):
    return folding.states["city"].counts[rule]


def test_a_suppressed_rule_is_silent_until_its_time_and_counts_what_it_holds_back():
    folding = running()
    folding.feed(decided("suppress-rule", until_s=100.0))
    assert folding.feed(rows(whoami())) == []
    assert len(folding.feed(rows(whoami(), seq=5, at=START_AT + 100.0))) == 1
    assert (counts(folding).suppressed, counts(folding).hits) == (1, 1)


def test_suppression_ends_by_event_time_not_by_arrival():
    folding = running()
    folding.feed(decided("suppress-rule", until_s=100.0))
    folding.feed(rows(whoami(), seq=5, at=START_AT + 500.0))
    assert folding.feed(rows(whoami(), seq=6, at=START_AT + 50.0)) == []


def test_an_exception_holds_for_its_values_alone():
    folding = running()
    folding.feed(decided("except-rule", others=("Computer=WS-1", "CommandLine=whoami /all")))
    (one,) = folding.feed(rows(whoami(), whoami(Computer="ws-2"), whoami(CommandLine="whoami")))[-1:]
    assert {finding.subject for finding in folding.feed(rows(whoami(), whoami(Computer="ws-2"), seq=9))} == {"ws-2"}
    assert one.subject == "ws-1"
    assert counts(folding).suppressed == 2


def test_what_was_tuned_can_be_lifted():
    folding = running()
    folding.feed(decided("suppress-rule"))
    folding.feed(decided("lift-rule"))
    assert len(folding.feed(rows(whoami()))) == 1


def test_what_is_excepted_feeds_no_correlation():
    folding = running()
    folding.feed(decided("except-rule", rule="6d2d0b1e-0000-4000-8000-000000000002", others=("IpAddress=10.9.9.9",)))
    assert folding.feed(rows(*[failed()] * 9)) == []
    assert len(folding.feed(rows(*[failed("10.1.1.1")] * 5, seq=50))) == 1


def test_a_correlation_can_be_tuned_by_what_it_groups_by():
    folding = running()
    folding.feed(decided("except-rule", rule="6d2d0b1e-0000-4000-8000-000000000003", others=("IpAddress=10.9.9.9",)))
    assert folding.feed(rows(*[failed()] * 9)) == []
    assert len(folding.feed(rows(*[failed("10.1.1.1")] * 5, seq=50))) == 1


# --- weights, limits, names ---


def test_a_counted_rate_weighs_more_than_a_level():
    rate = "6d2d0b1e-0000-4000-8000-000000000001: {alarms: 0, days: 30, per_day_max: 0.09986, command: x}\n"
    texts = RuleTexts.of(SHIPPED | {"rules/a.yml": WHOAMI, "rules/rates.yaml": rate})
    (one,) = found(rows(whoami()), resources=Resources(rules=texts))
    assert one.weight.basis is Basis.COUNTED
    assert one.weight.nats == pytest.approx(4.79, abs=0.01)


def test_a_field_that_names_a_person_is_told_as_a_token_or_not_at_all():
    rule = WHOAMI.replace("Image|endswith: '\\whoami.exe'", "User|exists: true")
    clear, token = (found(rows(whoami(User=user)), resources=rules(a=rule))[0].because for user in ("anna", "t:01ab"))
    assert "anna" not in clear
    assert "User 't:01ab'" in token


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_counts_add_up_however_the_lines_were_batched(sizes):
    batches = [rows(*[whoami()] * size, seq=100 * n, at=START_AT + n) for n, size in enumerate(sizes)]
    assert found(*batches)[-1].measure == sum(sizes)


def test_tags_name_tactic_and_technique_however_they_are_written():
    assert tactic_of(("attack.t0846", "attack.Lateral_Movement")) == "lateral-movement"
    assert technique_of(("attack.ta0001", "attack.t1110.003")) == "T1110.003"
    assert (tactic_of(("cve.2020.1",)), technique_of(("detection.threat_hunting",))) == ("", "")
