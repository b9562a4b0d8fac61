"""The SIEM's syslog: strict RFC 5424, severity by priority, no way to forge a line."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tocsin.contract import checks
from tocsin.contract.cases import approved, incident
from tocsin.contract.declared import Sample
from tocsin.contract.examples import START_AT
from tocsin.contract.folding import folded
from tocsin.formats.syslog import decode
from tocsin.model import IncidentState, Origin, Priority
from tocsin.responders.siem_syslog import SiemSyslog

ROOT = Path(__file__).resolve().parents[2]
MEMBER = SiemSyslog(outlet="siem")
ALARM = [
    incident(rev=1, priority=Priority.LOW),
    incident(rev=2, at=START_AT + 1, priority=Priority.LIFE),
    incident(rev=3, at=START_AT + 2, state=IncidentState.CLOSED),
]
BENIGN = [incident(rev=1, state=IncidentState.MERGED)]


def written(fact, **parameters):
    (proposal,) = folded(SiemSyslog(outlet="siem", **parameters), [fact])
    (delivery,) = SiemSyslog(outlet="siem", **parameters).act(approved(proposal))
    return decode(delivery.payload, START_AT)


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_contract(check):
    check(MEMBER, Sample(alarm=ALARM, benign=BENIGN), ROOT)


@pytest.mark.parametrize(
    ("priority", "severity"), [(Priority.LIFE, 1), (Priority.HIGH, 2), (Priority.MEDIUM, 4), (Priority.LOW, 5)]
)
def test_severity_follows_priority(priority, severity):
    assert written(incident(priority=priority)).severity == severity


def test_structured_data_says_what_and_where_under_the_citys_own_number():
    message = written(incident(), enterprise=9999, host="tocsin.city.example")
    ((name, params),) = message.data
    assert (name, message.host, message.msgid) == ("tocsin@9999", "tocsin.city.example", "opened")
    assert {"event": "opened", "hazards": "toxic", "lon": "24.94140"}.items() <= dict(params).items()


def test_a_place_may_be_unknown():
    assert "lon" not in dict(written(incident(place=None)).data[0][1])


def test_a_hazards_name_cannot_forge_a_line():
    stage = replace(incident().stages[0], hazard='x"]\n<0>1 forged')
    (proposal,) = folded(MEMBER, [incident(stages=(stage,))])
    assert "\n" not in proposal.draft
    assert dict(written(incident(stages=(stage,))).data[0][1])["hazards"] == 'x"]#012<0>1 forged'


def test_a_simulated_fact_stays_simulated_on_its_way_out():
    (proposal,) = folded(MEMBER, ALARM[:1])
    assert MEMBER.act(replace(approved(proposal), origin=Origin.LIVE))[0].origin is Origin.SIMULATED


def test_without_an_outlet_nobody_is_told():
    assert folded(SiemSyslog(), ALARM) == []
