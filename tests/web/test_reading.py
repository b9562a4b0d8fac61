"""What the console reads: state, evidence, history, receipts, map, previews."""

import httpx
from lxml import etree

from tests.web.house import line


def test_the_state_holds_all_that_a_console_begins_with(desk, town):
    state = desk.get("/api/state").json()
    parts = "city now event incidents proposals outcomes findings sensors system precision on_duty operators"
    assert set(state) == set(parts.split())
    assert state["city"]["centre"] == [24.944, 60.1708]
    assert (state["city"]["origin"], state["city"]["banner"]) == ("exercise", "exercise")
    assert state["event"].startswith(town.office.epoch)
    assert "berta" in state["on_duty"]


def test_only_those_at_the_desk_can_be_assigned(desk):
    names = [one["name"] for one in desk.get("/api/state").json()["operators"]]
    assert names == ["anna", "berta"]


def test_sensors_are_told_with_their_last_word(desk):
    rows = {row["id"]: row for row in desk.get("/api/state").json()["sensors"]}
    assert rows["gas-0"]["value"] == "60 ppm chlorine"
    assert rows["cam-0"]["assumed"] == ["bearing_deg"]


def test_evidence_is_the_reading_behind_the_finding(desk, incident):
    cited = [name for part in incident["stages"][0]["contributions"] for name in part.get("evidence", [])]
    found = desk.get(f"/api/incidents/{incident['id']}/evidence", params={"ids": cited[:2]}).json()
    assert [one["id"] for one in found] == cited[:2]
    assert found[0]["text"] == "60 ppm chlorine"
    assert found[0]["body"] == {"is": "gas.concentration/1", "substance": "chlorine", "ppm": 60.0}
    assert found[0]["lease"].startswith("lease-")


def test_ids_may_come_escaped_and_parted_by_commas(desk, incident):
    cited = [name for part in incident["stages"][0]["contributions"] for name in part.get("evidence", [])][:3]
    query = ",".join(name.replace("/", "%2F").replace(":", "%3A") for name in cited)
    found = desk.get(f"/api/incidents/{incident['id']}/evidence?ids={query}").json()
    assert [one["id"] for one in found] == cited


def test_a_case_opens_no_door_to_readings_that_it_does_not_cite(desk, town, incident):
    at = town.office.now()
    town.post(line("gas-1", at))
    uncited = f"gas-1/b:cl2_ppm/{int(at * 1000)}"
    assert town.house.log.find([uncited]), "it is in the log"
    assert desk.get(f"/api/incidents/{incident['id']}/evidence", params={"ids": uncited}).json() == []


def test_too_many_readings_in_one_question_are_refused(desk, incident):
    answer = desk.get(f"/api/incidents/{incident['id']}/evidence?ids={','.join('abcd' * 51)}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-input")


def test_history_is_one_line_per_revision(desk, incident):
    lines = desk.get(f"/api/incidents/{incident['id']}/history").json()
    assert [line["rev"] for line in lines] == sorted(line["rev"] for line in lines)
    assert lines[0]["state"] == "open"


def test_receipts_of_an_incident_hold_the_leases_of_its_sensors(desk, incident):
    lines = desk.get(f"/api/incidents/{incident['id']}/ledger").json()
    assert ("lease", "gas-0") in [(line["receipt"]["act"], line["receipt"]["subject"]) for line in lines]


def test_what_does_not_exist_is_a_404_that_says_what_to_do(desk):
    for path in ("/api/incidents/inc-x/history", "/api/proposals/x/preview", "/api/sensors/x/viewshed"):
        answer = desk.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert answer.json().keys() >= {"title", "status", "detail", "code"}


def test_a_preview_is_the_message_itself_and_sends_nothing(desk, town):
    proposal = desk.get("/api/state").json()["proposals"][0]
    before = town.outbox.counts()
    shown = desk.get(f"/api/proposals/{proposal['id']}/preview").json()
    root = etree.fromstring(shown["text"].encode())
    assert root.tag == "{urn:oasis:names:tc:emergency:cap:1.2}alert"
    assert root.findtext("{*}status") == "Exercise"
    assert town.outbox.counts() == before


def test_the_map_is_sent_once_then_confirmed(desk):
    first = desk.get("/api/map")
    assert first.json()["buildings"] == {"type": "FeatureCollection", "features": []}
    again = desk.get("/api/map", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_viewshed_is_a_closed_polygon(desk):
    shape = desk.get("/api/sensors/cam-0/viewshed").json()
    ring = shape["geometry"]["coordinates"][0]
    assert (shape["type"], shape["geometry"]["type"], ring[0]) == ("Feature", "Polygon", ring[-1])


def test_quarantine_tells_reasons_but_no_content(desk, town):
    town.post("secret words that are no JSON\n")
    held = desk.get("/api/quarantine", params={"limit": 5})
    assert held.json()[0].keys() == {"id", "at", "source", "reason", "size"}
    assert "secret" not in held.text


def test_the_ledger_is_verified_from_disk(desk):
    report = desk.get("/api/ledger/verify").json()
    assert report["ok"] is True
    assert report["size"] >= 1
    assert report["problems"] == []


def test_large_answers_are_compressed_where_the_client_can(desk):
    assert desk.get("/api/openapi.json").headers["content-encoding"] == "gzip"
    plain = httpx.get(desk.base_url.join("/api/openapi.json"), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
