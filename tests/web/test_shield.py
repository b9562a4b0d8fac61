"""What every request passes: the name it asks for, the page it comes from, the headers of the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.web.shield import host_name

PATHS = ["/", "/api/session", "/api/state", "/api/nothing", "/nothing", "/health", "/metrics", "/api/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(desk, path):
    headers = desk.get(path).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_no_policy_allows_inline_or_evaluated_scripts(desk):
    policy = desk.get("/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "*" not in policy


def test_what_is_about_cases_stays_in_no_cache(desk):
    assert desk.get("/api/state").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_name_is_refused(town, host):
    answer = town.client().get("/api/session", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong-host")


@pytest.mark.parametrize("sent", [{}, {"X-Tocsin": ""}, {"X-Tocsin": "0"}])
def test_a_change_needs_the_header_of_our_own_page(desk, incident, sent):
    desk.headers.pop("X-Tocsin")
    answer = desk.post(f"/api/incidents/{incident['id']}/note", json={"text": "forged"}, headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert answer.headers["content-type"] == "application/problem+json"


def test_signing_in_needs_it_too(town):
    client = town.client()
    client.headers.pop("X-Tocsin")
    assert client.post("/api/session", json={"name": "anna", "password": "x"}).json()["code"] == "csrf"


@given(st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True), st.integers(1, 65535))
def test_a_port_changes_no_name(name, port):
    assert host_name(f"{name}:{port}") == host_name(name) == name


def test_an_ipv6_name_keeps_its_colons():
    assert host_name("[::1]") == host_name("[::1]:8420") == "[::1]"
