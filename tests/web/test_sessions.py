"""Who may come in: passwords, cookies, roles, the demo's own operator."""

from dataclasses import replace

import httpx
import pytest

from tests.web.house import DEMO, PASSWORD, served
from tocsin.engine.desk import VERBS
from tocsin.engine.ring import Ring
from tocsin.model import TooMuch
from tocsin.web.app import create_app
from tocsin.web.roles import MAY
from tocsin.web.sessions import TRIES_MAX, Pace


def test_a_session_is_a_cookie_that_scripts_and_other_sites_cannot_use(town):
    answer = town.client().post("/api/session", json={"name": "anna", "password": PASSWORD})
    assert answer.json().keys() == {"account", "name", "role"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("tocsin_session=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_who_is_signed_in_is_told_until_the_session_ends(town):
    client = town.sign_in("vera")
    assert client.get("/api/session").json()["role"] == "viewer"
    assert client.delete("/api/session").status_code == 204
    assert client.get("/api/session").status_code == 401


def test_a_session_ends_on_the_server_not_only_in_the_browser(town):
    client = town.sign_in("vera")
    kept = dict(client.cookies)
    client.delete("/api/session")
    assert httpx.get(f"{town.url}/api/state", cookies=kept).status_code == 401


@pytest.mark.parametrize("path", ["/api/state", "/api/events", "/api/map", "/api/quarantine", "/api/ledger/verify"])
def test_nothing_is_told_to_strangers(town, path):
    answer = town.client().get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in")


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(town):
    answers = [town.client().post("/api/session", json={"name": n, "password": "wrong"}) for n in ("zoe", "berta")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    town.sign_in("berta")  # the right one clears the count


def test_a_name_is_locked_for_a_while_after_failures(town):
    for _ in range(3):
        town.client().post("/api/session", json={"name": "nobody", "password": "wrong"})
    answer = town.client().post("/api/session", json={"name": "nobody", "password": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too-much")
    assert int(answer.headers["retry-after"]) >= 1


def test_an_address_may_not_try_names_without_end():
    pace = Pace()
    for n in range(TRIES_MAX):
        pace.count("192.0.2.1", now=float(n))
    with pytest.raises(TooMuch):
        pace.count("192.0.2.1", now=30.0)
    pace.count("192.0.2.2", now=30.0)
    pace.count("192.0.2.1", now=61.0)


def test_a_demo_signs_in_whoever_sits_at_its_machine(town):
    app = create_app(replace(town.office, demo=DEMO, accounts=None))
    with served(app, Ring()) as url, httpx.Client(base_url=url) as client:
        assert client.get("/api/state").status_code == 401
        assert client.get("/api/session").json()["account"] == DEMO.id
        assert client.get("/api/state").json()["operators"] == [{"account": DEMO.id, "name": DEMO.name}]


def test_every_verb_says_which_roles_it_needs():
    assert set(VERBS) <= set(MAY)
    assert all(roles for roles in MAY.values())
    assert not any("viewer" in MAY[verb] for verb in VERBS)


def test_a_viewer_decides_nothing(town, incident):
    answer = town.signed_in("vera").post(f"/api/incidents/{incident['id']}/acknowledge", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")
    assert "operator" in answer.json()["detail"]


def test_a_viewer_sees_incidents_but_not_the_readings_behind_them(town, incident):
    client = town.signed_in("vera")
    assert client.get(f"/api/incidents/{incident['id']}/history").status_code == 200
    assert client.get(f"/api/incidents/{incident['id']}/evidence").status_code == 403


def test_an_operator_alone_lets_no_new_device_in(town):
    town.post('{"source":"stranger","t":1,"n":1,"cl2_ppm":0.1}\n')
    assert town.signed_in("anna").post("/api/sensors/stranger/accept", json={}).status_code == 403
