"""The webhook: one automatic proposal per piece of news, and nobody named in it."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from tocsin.contract import checks
from tocsin.contract.cases import approved, incident
from tocsin.contract.declared import Sample
from tocsin.contract.examples import START_AT
from tocsin.contract.folding import folded
from tocsin.model import IncidentState, Note, Origin, Priority, Stage
from tocsin.responders.webhook import Webhook

ROOT = Path(__file__).resolve().parents[2]
MEMBER = Webhook(outlet="webhook")
ALARM = [
    incident(rev=1, priority=Priority.HIGH),
    incident(rev=2, at=START_AT + 1, priority=Priority.LIFE),
    incident(rev=3, at=START_AT + 2, state=IncidentState.ACKNOWLEDGED),
    incident(rev=4, at=START_AT + 3, state=IncidentState.ACKNOWLEDGED, score=0.99),
    incident(rev=5, at=START_AT + 4, state=IncidentState.CLOSED),
    incident(rev=6, at=START_AT + 5, state=IncidentState.CLOSED, score=0.5),
]
BENIGN = [incident(rev=1, priority=Priority.LOW), incident(rev=2, state=IncidentState.CLOSED)]


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_contract(check):
    check(MEMBER, Sample(alarm=ALARM, benign=BENIGN), ROOT)


def test_only_news_is_told_and_only_once():
    told = folded(MEMBER, [fact for fact in ALARM for _ in range(2)])
    assert [one.title for one in told] == [
        "Webhook: incident.opened",
        "Webhook: incident.priority",
        "Webhook: incident.acknowledged",
        "Webhook: incident.closed",
    ]
    assert all(one.automatic and one.id.startswith(f"{ALARM[0].id}:") for one in told)


def test_late_revisions_are_no_news():
    assert len(folded(MEMBER, ALARM[::-1])) == 0


def test_nobody_is_named():
    stage = Stage(
        id="h", hazard="cyber", kind="k", title="Attack on 192.0.2.7", log_odds=1.0, contributions=(), since=0.0,
        last=0.0, priority=Priority.HIGH, subject="192.0.2.7", actors=("198.51.100.9",),
    )  # fmt: skip
    note = Note(at=0.0, by="op-77", verb="note", text="Saw Alex")
    fact = replace(incident(), title=stage.title, sentence="From 198.51.100.9.", notes=(note,), assignee="op-77")
    (proposal,) = folded(MEMBER, [replace(fact, stages=(stage,))])
    for word in ("192.0.2.7", "198.51.100.9", "op-77", "Alex"):
        assert word not in proposal.draft


def test_the_delivery_carries_the_document_and_a_stable_id():
    (proposal,) = folded(MEMBER, ALARM[:1])
    (first,), (second,) = (MEMBER.act(approved(proposal, at=at)) for at in (1.0, 2.0))
    assert first == second
    assert dict(first.headers)["webhook-id"] == first.id
    body = msgspec.json.decode(first.payload)
    assert (body["type"], body["timestamp"]) == ("incident.opened", "2026-09-21T14:13:20+00:00")


def test_a_simulated_fact_stays_simulated_on_its_way_out():
    (proposal,) = folded(MEMBER, ALARM[:1])
    live = replace(approved(proposal), origin=Origin.LIVE)
    assert MEMBER.act(live)[0].origin is Origin.SIMULATED


def test_without_an_outlet_nobody_is_told():
    assert folded(Webhook(), ALARM) == []
