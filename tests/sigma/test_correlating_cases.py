"""The semantics of correlations as a table: the fast way and the slow one both give what each case expects."""

from pathlib import Path

import pytest
import yaml

from tests.sigma.streams import LIMITS, as_struct, correlation_of, events_of, fast, rules, seen, slow
from tocsin.sigma.windows import Limits

CASES = yaml.safe_load(Path(__file__).with_name("correlation_cases.yaml").read_text(encoding="utf-8"))


def expected(case):
    """What a line such as `c+ 20 since=0 group.host=p` asserts."""
    return [dict(item.split("=", 1) for item in parts) for parts in map(as_parts, case["expect"])]


def as_parts(line):
    rule, at, *rest = line.split()
    return [f"rule={rule.rstrip('+')}", f"at={float(at):g}", f"extends={rule.endswith('+')}", *rest]


def run(case, runner):
    limits = Limits(**{**LIMITS, **case.get("limits", {})})
    written = case.get("correlations") or [{"id": "c", **case["correlation"]}]
    return runner([correlation_of(each) for each in written], rules(), limits, events_of(case["events"]))


@pytest.mark.parametrize("runner", [fast, slow], ids=["fast", "slow"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
def test_case(case, runner):
    hits = [seen(hit) for hit in run(case, runner)]
    wanted = expected(case)
    assert [{key: hit[key] for key in want} for hit, want in zip(hits, wanted, strict=False)] == wanted
    assert len(hits) == len(wanted)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
def test_both_ways_agree_on_every_detail(case):
    assert as_struct(run(case, fast)) == as_struct(run(case, slow))


def test_there_are_enough_cases_and_no_name_twice():
    assert len({case["name"] for case in CASES}) == len(CASES) >= 80
