"""Two people reveal a name over HTTP: one asks with a reason, another brings names; roles, limits, no traces."""

import json

import pytest

from tocsin.contract.pseudonyms import Pseudonyms
from tocsin.web.names import BYTES_MAX

NAME = "Mira.Korhonen"
WHY = "This account opened a shell."


@pytest.fixture
def token(town):
    """As the perceiver of this house writes an account."""
    return Pseudonyms(town.house.resources.token_key).account(NAME)


@pytest.fixture
def ask(town, token, incident):
    def asked(name="anna", **more):
        body = {"token": token, "reason": WHY, "incident": incident["id"]} | more
        return town.signed_in(name).post("/api/names", json=body)

    return asked


def bring(client, request, names):
    return client.post(f"/api/names/{request['id']}", content=names, headers={"Content-Type": "text/plain"})


def test_a_name_from_the_question_to_the_answer(town, desk, ask, token, incident):
    request = ask().json()
    assert request in desk.get("/api/names").json()
    assert (request["token"], request["reason"], request["incident"]) == (token, WHY, incident["id"])
    assert "anna" not in json.dumps(request)
    answer = bring(desk, request, f"\ufeffberta\r\n\r\nCITY\\{NAME}\r\n".encode())
    assert answer.json() == {"name": f"CITY\\{NAME}", "tried": 2}
    assert "no-store" in answer.headers["Cache-Control"]
    assert request not in desk.get("/api/names").json()
    assert bring(desk, request, NAME).status_code == 404
    receipts = [receipt for _, receipt in town.house.ledger.receipts(subject=token)]
    assert [receipt.act for receipt in receipts][-2:] == ["unmask", "lease.end"]
    assert receipts[-2].by == desk.get("/api/session").json()["account"]
    assert receipts[-2].origin == "exercise"


def test_whoever_asks_cannot_answer_nor_can_a_role_that_the_policy_does_not_name(town, desk, ask):
    own = ask("berta").json()
    refused = bring(desk, own, NAME)
    assert refused.status_code == 403
    assert "whoever asks cannot approve" in refused.json()["detail"]
    assert "not operator" in bring(town.signed_in("anna"), own, NAME).json()["detail"]


def test_a_viewer_neither_asks_nor_sees_nor_answers(town, ask):
    viewer = town.signed_in("vera")
    found = (ask("vera"), viewer.get("/api/names"), bring(viewer, ask().json(), NAME))
    assert [answer.status_code for answer in found] == [403, 403, 403]


def test_nothing_goes_without_a_session_or_from_a_foreign_page(town, desk, ask):
    request = ask().json()
    assert town.client().get("/api/names").status_code == 401
    assert bring(town.client(), request, NAME).status_code == 401
    del desk.headers["X-Tocsin"]
    assert bring(desk, request, NAME).status_code == 403


def test_bad_questions_say_what_is_wrong(ask):
    assert ask(token="anna").json()["code"] == "bad-input"
    assert "State a reason" in ask(reason="so").json()["detail"]
    assert ask(incident="none").status_code == 404
    assert ask(incident="").status_code == 400


def test_bad_names_use_nothing_up_and_are_not_repeated(desk, ask):
    request = ask().json()
    broken = bring(desk, request, NAME.encode() + b"\n\xff")
    assert (broken.status_code, NAME in broken.text) == (400, False)
    assert bring(desk, request, b"").status_code == 400
    assert bring(desk, request, b"a\n" * (BYTES_MAX // 2 + 1)).status_code == 413
    assert bring(desk, request, NAME).json()["name"] == NAME
