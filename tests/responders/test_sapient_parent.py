"""A parent fusion node is told of incidents: one object each, sound by another validator, no title and no name."""

from pathlib import Path

import pytest
from sapient_msg_pydantic.bsi_flex_335_v2_0.sapient_message import SapientMessage as OtherMessage

from tocsin.contract import checks
from tocsin.contract.cases import approved, incident
from tocsin.contract.declared import Sample
from tocsin.contract.examples import START_AT
from tocsin.contract.folding import folded
from tocsin.formats import sapient
from tocsin.model import IncidentState, Priority
from tocsin.responders.sapient_parent import SapientParent

ROOT = Path(__file__).resolve().parents[2]
MEMBER = SapientParent(outlet="parent")
NODE = "a8654cdf-4328-47de-81fa-c495589e30c9"
ALARM = [
    incident(rev=1, priority=Priority.MEDIUM),
    incident(rev=2, at=START_AT + 1, priority=Priority.LIFE),
    incident(rev=3, at=START_AT + 2, state=IncidentState.CLOSED),
]
BENIGN = [incident(rev=1, priority=Priority.LOW), incident(rev=1, state=IncidentState.MERGED)]


def told(*facts):
    """The messages that leave, as the outlet completes them."""
    messages = []
    for proposal in folded(MEMBER, facts):
        (delivery,) = MEMBER.act(approved(proposal))
        message = sapient.of_json(delivery.payload)
        message.node_id = NODE
        messages.append(message)
    return messages


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_contract(check):
    check(MEMBER, Sample(alarm=ALARM, benign=BENIGN), ROOT)


def test_all_news_of_an_incident_is_about_one_object():
    reports = [one.detection_report for one in told(*ALARM)]
    assert [one.state for one in reports] == ["opened", "priority", "closed"]
    assert len({one.object_id for one in reports}) == 1
    assert len({one.report_id for one in reports}) == 3
    assert [one.type for one in reports[0].classification] == ["toxic"]


@pytest.mark.parametrize("place", [ALARM[0].place, None])
@pytest.mark.parametrize("priority", [Priority.LIFE, Priority.HIGH, Priority.MEDIUM])
def test_what_leaves_is_sound_by_both_validators(place, priority):
    (message,) = told(incident(place=place, priority=priority))
    assert sapient.problems(message) == []
    OtherMessage.from_pb2(message).to_pb2()


def test_without_a_place_it_is_an_alert():
    (message,) = told(incident(place=None))
    assert (message.alert.description, message.alert.alert_type) == ("toxic: incident opened", 3)


def test_no_title_and_no_sentence_leaves():
    (message,) = told(incident(title="Anna Example at Main Street 5", sentence="Anna was seen."))
    assert "Anna" not in sapient.to_json(message)


def test_nobody_is_told_without_an_outlet():
    assert folded(SapientParent(), ALARM) == []
