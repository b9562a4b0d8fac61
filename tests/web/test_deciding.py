"""What people decide: every verb of the console, what it needs, and what it leaves behind."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.web.house import line
from tocsin.contract.orders import Order
from tocsin.model import BadInput, Verdict
from tocsin.web.deciding import Asked, wish_of


def decide(client, incident, verb, **body):
    return client.post(f"/api/incidents/{incident['id']}/{verb}", json=body)


def test_an_acknowledgement_and_its_undo(desk, incident):
    assert decide(desk, incident, "acknowledge").json()["state"] == "acknowledged"
    assert decide(desk, incident, "unacknowledge").json()["state"] == "open"


def test_a_shelf_has_an_end(desk, incident):
    assert decide(desk, incident, "shelve").json()["code"] == "conflict"
    answer = decide(desk, incident, "shelve", until=time.time() + 1800)
    assert answer.json()["state"] == "shelved"
    assert decide(desk, incident, "unshelve").json()["state"] == "open"


def test_assigning_and_taking_back(desk, incident):
    who = desk.get("/api/session").json()["account"]
    assert decide(desk, incident, "assign", to=who).json()["assignee"] == who
    assert "assignee" not in decide(desk, incident, "assign", to="").json()


def test_closing_needs_a_verdict_and_counts_it(desk, incident):
    assert decide(desk, incident, "close").status_code == 409
    closed = decide(desk, incident, "close", verdict="benign cause", text="A leak.").json()
    assert (closed["state"], closed["verdict"]) == ("closed", "benign cause")
    assert desk.get("/api/state").json()["precision"]["cbrne.toxic"]["benign"] == 1
    assert decide(desk, incident, "reopen").json()["state"] == "open"


def test_a_note_is_kept_under_a_pseudonym(desk, incident):
    answer = decide(desk, incident, "note", text="Wind turned north.").json()
    assert answer["notes"][-1]["text"] == "Wind turned north."
    assert "berta" not in answer["notes"][-1]["by"]


def test_every_decision_has_a_receipt(desk, incident, town):
    before = town.house.ledger.size
    decide(desk, incident, "acknowledge")
    decide(desk, incident, "unacknowledge")
    acts = [receipt.act for _, receipt in town.house.ledger.receipts(subject=incident["id"])]
    assert town.house.ledger.size == before + 2
    assert acts[-2:] == ["acknowledge", "unacknowledge"]


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("incidents/inc-none/acknowledge", "{}", (404, "not-found")),
        ("incidents/{id}/approve", "{}", (404, "not-found")),
        ("incidents/{id}/obliterate", "{}", (404, "not-found")),
        ("incidents/{id}/note", "{", (400, "bad-input")),
        ("incidents/{id}/note", '{"text": 5}', (400, "bad-input")),
        ("incidents/{id}/note", '{"txet": "x"}', (400, "bad-input")),
        ("incidents/{id}/note", '"\xff', (400, "bad-input")),
        ("incidents/{id}/close", '{"verdict": "maybe"}', (400, "bad-input")),
        ("sensors/none/test", "{}", (404, "not-found")),
        ("sensors/cam-0/aim", "{}", (400, "bad-input")),
        ("sensors/cam-0/aim", '{"bearing_deg": 1e999, "field_deg": 1}', (400, "bad-input")),
        ("proposals/none/approve", "{}", (404, "not-found")),
    ],
)
def test_what_cannot_be_done_is_a_problem_that_says_why(desk, incident, path, body, problem):
    answer = desk.post(f"/api/{path.format(id=incident['id'])}", content=body.encode("latin-1"))
    assert (answer.status_code, answer.json()["code"]) == problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 10


def test_a_huge_body_is_refused_before_it_is_read_whole(desk, incident):
    answer = decide(desk, incident, "note", text="x" * 300_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_an_edit_becomes_the_draft(desk):
    proposal = desk.get("/api/state").json()["proposals"][0]
    draft = proposal["draft"].replace("Stay", "Please stay")
    changed = desk.post(f"/api/proposals/{proposal['id']}/edit", json={"draft": draft}).json()
    assert changed["rev"] > proposal["rev"]


def test_nothing_is_sent_without_the_typed_word_and_only_once_with_it(desk, town):
    """A double press sends two requests at the same time: one message leaves."""
    proposal = desk.get("/api/state").json()["proposals"][0]
    path = f"/api/proposals/{proposal['id']}/approve"
    refused = desk.post(path, json={"typed": "warn"})
    assert (refused.status_code, refused.json()["code"]) == (403, "refused")
    assert sum(town.outbox.counts().values()) == 0
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: desk.post(path, json={"typed": "WARN"}), range(2)))
    assert min(answer.status_code for answer in answers) == 200
    assert max(answer.status_code for answer in answers) in (403, 409)
    assert sum(town.outbox.counts().values()) == 1


def test_a_sensor_under_test_is_told_as_such(desk):
    until = time.time() + 600
    assert desk.post("/api/sensors/gas-2/test", json={"until": until}).json()["state"] == "test"
    assert desk.post("/api/sensors/gas-2/in-service").json()["state"] == "in service"


def test_a_newcomer_waits_until_somebody_lets_it_in(desk, town):
    town.post(line("newcomer", time.time()))
    assert desk.get("/api/sensors/newcomer/viewshed").status_code == 404
    answer = desk.post("/api/sensors/newcomer/accept", json={}).json()
    assert (answer["state"], answer.get("staged", False)) == ("in service", False)


def test_fields_become_the_wish_of_the_desk():
    assert wish_of("close", "i", Asked(verdict=Verdict.TRUE)).others == ("true",)
    assert wish_of("hand-over", "i", Asked(to="acc-1", text="over")).others == ("acc-1",)
    assert wish_of("merge", "i", Asked(others=("a", "b"))).others == ("a", "b")
    assert wish_of("aim", "s", Asked(bearing_deg=90.0, field_deg=60.0)).text == '{"bearing_deg":90.0,"field_deg":60.0}'
    order = Order(verb="request", text="Status")
    assert wish_of("order", "s", Asked(order=order)).text == '{"verb":"request","text":"Status"}'
    with pytest.raises(BadInput):
        wish_of("edit", "p", Asked())
