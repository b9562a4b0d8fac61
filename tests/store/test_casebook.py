"""The casebook: newest revisions win, history is bounded, evidence outlives the log."""

import pytest
from msgspec.structs import replace

from tests.store.material import HOUR, gas, lines
from tocsin.model import Action, Incident, IncidentState, NotFound, Origin, Outcome, Priority, Proposal, Tick
from tocsin.store.casebook import Casebook, CaseLimits

AT = HOUR * 3600.0


def incident(rev, *, id="inc-1", at=AT, state=IncidentState.OPEN):
    return Incident(
        at=at + rev, origin=Origin.SIMULATED, id=id, rev=rev, title="Chlorine", sentence="Chlorine.", next_step="Go.",
        state=state, priority=Priority.LIFE, score=0.9, score_label="score, not calibrated", stages=(), since=at,
    )  # fmt: skip


def proposal(rev, state="draft", about="inc-1"):
    return Proposal(
        at=AT + rev, origin=Origin.SIMULATED, id="pro-1", responder="cap", incident=about, title="Warn",
        because="Gas.", draft="{}", rev=rev, state=state,
    )  # fmt: skip


ACTION = Action(
    at=AT, origin=Origin.SIMULATED, id="act-1", proposal=proposal(1), approved_by=("acc-1",), approval="rec-1"
)
OUTCOME = Outcome(at=AT, origin=Origin.SIMULATED, id="out-1", action="act-1", delivery="del-1", state="delivered")


def test_the_newest_revision_wins_in_any_order(log):
    book = Casebook(log)
    assert [book.save([incident(rev)]).result() for rev in (2, 1, 3, 3)] == [1, 0, 1, 0]
    assert book.incident("inc-1") == incident(3)
    assert book.history("inc-1") == [incident(2), incident(3)]


def test_incidents_are_listed_by_state_latest_first(log):
    book = Casebook(log)
    closed = incident(1, id="inc-3", state=IncidentState.CLOSED)
    book.save([incident(1), incident(5, id="inc-2"), closed]).result()
    assert [found.id for found in book.incidents()] == ["inc-2", "inc-1", "inc-3"]
    assert book.incidents(IncidentState.CLOSED) == [closed]
    assert len(book.incidents(limit=1)) == 1


def test_history_keeps_the_first_and_the_newest(log):
    book = Casebook(log, CaseLimits(revisions_max=4))
    book.save([incident(rev) for rev in range(1, 20)]).result()
    assert [found.rev for found in book.history("inc-1")] == [1, 17, 18, 19]


def test_proposals_actions_and_outcomes_belong_to_their_case(log):
    book = Casebook(log)
    sent = replace(OUTCOME, state="failed")
    book.save([proposal(1), proposal(2, "approved"), ACTION, sent, OUTCOME]).result()
    assert book.proposal("pro-1").state == "approved"
    assert book.proposals("inc-1") == [proposal(2, "approved")]
    assert book.proposals("inc-2") == []
    assert book.actions("pro-1") == [ACTION]
    assert book.outcomes("act-1") == book.outcomes() == [OUTCOME]


@pytest.mark.parametrize("ask", ["incident", "history", "proposal"])
def test_what_there_is_not_is_said(log, ask):
    with pytest.raises(NotFound, match="'x'"):
        getattr(Casebook(log), ask)("x")


def test_evidence_is_copied_once_and_outlives_the_log(log, keys):
    book = Casebook(log)
    facts = [gas(1), lines([0, 9], 20), Tick(at=AT, origin=Origin.LIVE)]
    log.submit(facts).result()
    assert book.copy_evidence("inc-1", facts) == 3
    assert book.copy_evidence("inc-1", [*facts, gas(2)]) == 1
    log.retain(AT + 1e6, {"ambient": 1, "anonymous": 1, "record": 1})
    kept = book.evidence("inc-1")
    assert list(log.read()) == []
    assert {fact.id for fact in kept if hasattr(fact, "id")} == {"gas-1/b1/1", "gas-1/b1/2", "eve/0"}
    assert all(fact in kept for fact in facts)
    assert book.evidence("inc-2") == []


def test_evidence_is_bounded(log):
    book = Casebook(log, CaseLimits(evidence_facts_max=3))
    assert book.copy_evidence("inc-1", [gas(seq) for seq in range(9)]) == 3


def test_evidence_goes_in_its_own_time(log, keys):
    book = Casebook(log)
    book.copy_evidence("inc-1", [gas(1), gas(2, hour=HOUR + 5)])
    assert book.retain_evidence((HOUR + 6) * 3600.0, hours=3) == 1
    assert [fact.seq for fact in book.evidence("inc-1")] == [2]
    assert keys.dropped == {"evidence": HOUR + 4}


def test_only_cases_that_are_over_are_forgotten_with_all_of_theirs(log, keys):
    book = Casebook(log)
    book.save([incident(1), proposal(1), ACTION, OUTCOME, incident(1, id="inc-2", at=AT + 7200)]).result()
    book.copy_evidence("inc-1", [gas(1)])
    assert book.retain(AT + 1e6, hours=10) == 0
    book.save([incident(2, state=IncidentState.CLOSED)]).result()
    assert book.retain(AT + 1e6, hours=10) == 1
    assert (book.proposals(), book.actions(), book.outcomes(), book.evidence("inc-1")) == ([], [], [], [])
    assert [found.id for found in book.incidents()] == ["inc-2"]
    assert keys.dropped["case"] == HOUR + 2


def test_an_old_case_can_be_changed_after_keys_were_dropped(log):
    book = Casebook(log)
    book.retain(AT + 1e6, hours=10)
    book.save([incident(1)]).result()
    assert book.incident("inc-1") == incident(1)
