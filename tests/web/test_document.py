"""The description of the interface says what it does: references, routes, and answers to made-up requests."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

load_all_checks()
LEFT_OUT = {
    "unsupported_method",
    "positive_data_acceptance",
    "negative_data_rejection",
    "ignored_auth",
    "use_after_free",
}
"""Checks about what is tested by name elsewhere (methods, roles, sessions), or that a desk with rules of its own
cannot keep: a well-formed wish may still be refused."""

TARGET_CHARS_MAX = 32_000
"""Longest request line that is tried: from 64 KiB on the HTTP server itself refuses, before any code of ours."""


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context, value):
    return str(value).encode("utf-8", "replace")


@pytest.fixture(scope="session")
def document(town):
    return town.client().get("/api/openapi.json").json()


def references(node):
    if isinstance(node, dict):
        return [value for key, value in node.items() if key == "$ref"] + [
            r for v in node.values() for r in references(v)
        ]
    return [r for one in node for r in references(one)] if isinstance(node, list) else []


def test_every_reference_leads_to_a_schema(document):
    found = set(references(document))
    assert found
    assert {name.rpartition("/")[2] for name in found} <= set(document["components"]["schemas"])


def test_every_route_says_what_it_does_and_what_goes_wrong(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            assert "application/problem+json" in operation["responses"]["default"]["content"], (method, path)


def test_every_verb_is_in_the_document(document):
    verbs = document["paths"]["/api/incidents/{id}/{verb}"]["post"]["parameters"]
    assert "hand-over" in next(one for one in verbs if one["name"] == "verb")["schema"]["enum"]


def test_the_reference_names_every_route(document):
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"`(GET|POST|DELETE) (/[^` ?]*)", page))
    there = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert shown == there


def operations(town):
    made = schemathesis.openapi.from_url(f"{town.url}/api/openapi.json")
    endless = made.exclude(path="/api/events").exclude(path="/api/session")
    return [found.ok() for found in endless.get_all_operations()]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
def test_made_up_requests_are_answered_as_described(town, mode):
    """Every route is asked with what fits its description and with what does not, and is broken by neither."""
    cookies = dict(town.signed_in("anna").cookies)
    made_of = [one for one in operations(town) if mode is GenerationMode.POSITIVE or one.query or one.body]
    checks = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]
    for operation in made_of:

        @given(operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=8,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # a failure is told at once: making it smaller asks the server for minutes
        )
        def answered(case):
            assume(len(quote(str(case.query))) < TARGET_CHARS_MAX)
            case.call_and_validate(checks=checks, cookies=cookies, headers={"X-Tocsin": "1"})

        answered()
    assert len(made_of) >= 5
