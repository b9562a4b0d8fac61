"""The matcher says what the slow reference says, whatever the rules, rows, memory and order."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sigma.naive import matches
from tocsin.sigma.admission import Marks
from tocsin.sigma.matching import Matcher
from tocsin.sigma.reading import read
from tocsin.sigma.rule import Rule
from tocsin.sigma.scanning import CHARS_MAX, VALUES_MAX
from tocsin.sigma.taxonomy import Taxonomy

MAPPING: dict[str, Any] = {
    "format": "t",
    "lanes": [
        {"when": {"k": ["A", 1]}, "logsources": [{"product": "p", "category": "a"}], "fields": {"Y": ["deep.y", "y"]}},
        {"when": {"k": ["b"]}, "logsources": [{"product": "p", "service": "b"}, {"product": "p", "category": "a"}]},
        {"logsources": [{"product": "q"}]},
    ],
    "fields": {"X": ["x", "deep.x"]},
    "personal": {"N": "account"},
}
LETTERS = "aAbB.\\ ſ"
SMALL = st.text(LETTERS, max_size=6)
WILD = st.text(LETTERS + "*?", max_size=6)
NUMBER = st.integers(-2, 3)
FIELDS = st.sampled_from(["X", "Y", "Z", "N", "deep.x"])
EXPRESSIONS = st.sampled_from(["a+b", "^ab?", "(aa|bbb)", "b$", r"a\.b", "[aA]{2}", "(?i)aab", "a.b.a"])


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(FIELDS)
    kind = draw(st.sampled_from(["text", "re", "cidr", "number", "exists", "null", "fieldref", "encoded"]))
    values: st.SearchStrategy[Any] = st.just(None)
    modifier = ""
    match kind:
        case "text":
            modifier = draw(
                st.sampled_from(["", "|contains", "|startswith", "|endswith", "|contains|all", "|contains|neq"])
            )
            modifier += draw(st.sampled_from(["", "|cased"]))
            values = st.lists(WILD, min_size=1, max_size=3)
        case "re":
            modifier, values = draw(st.sampled_from(["|re", "|re|i", "|re|s"])), EXPRESSIONS
        case "cidr":
            modifier, values = "|cidr", st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "::1/128"])
        case "number":
            modifier = draw(st.sampled_from(["", "|lt", "|lte", "|gt", "|gte"]))
            values = NUMBER
        case "exists":
            modifier, values = "|exists", st.booleans()
        case "fieldref":
            modifier, values = draw(st.sampled_from(["|fieldref", "|fieldref|endswith"])), FIELDS
        case "encoded":
            modifier = draw(st.sampled_from(["|windash|contains", "|base64offset|contains", "|base64"]))
            values = st.sampled_from([" -a", "ab", "aab"])
    return {field + modifier: draw(values)}


SEARCHES = st.one_of(
    st.lists(items(), min_size=1, max_size=3).map(
        lambda some: {key: value for item in some for key, value in item.items()}
    ),
    st.lists(items(), min_size=1, max_size=2),
    st.lists(WILD.filter(bool), min_size=1, max_size=2),
    st.lists(SMALL.filter(bool), min_size=1, max_size=2).map(lambda texts: {"|all": texts}),
)
CONDITIONS = st.sampled_from(
    [
        "s1",
        "not s1",
        "s1 and s2",
        "s1 or s2",
        "s1 and not s2",
        "1 of s*",
        "all of them",
        "2 of them",
        "not (s1 or not s2)",
        "s3 and 1 of s*",
    ]
)
SOURCES = st.sampled_from([{"product": "p"}, {"category": "a"}, {"product": "p", "service": "b"}, {"product": "q"}])


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    texts = []
    for number in range(draw(st.integers(1, 6))):
        detection = {f"s{each}": draw(SEARCHES) for each in (1, 2, 3)} | {"condition": draw(CONDITIONS)}
        document = {"title": f"r{number}", "logsource": draw(SOURCES), "detection": detection}
        texts.append((f"{number}.yml", json.dumps(document, ensure_ascii=False)))
    return read(texts).rules


ADDRESS = st.sampled_from(["10.0.0.1", "10.1.2.3", "::1", "::ffff:10.0.0.9", "192.0.2.1"])
LEAF = st.one_of(
    SMALL, st.text("aAbB", max_size=4), NUMBER, st.booleans(), st.none(), st.floats(-2, 3, width=16), ADDRESS
)
VALUE = st.one_of(LEAF, st.lists(LEAF, max_size=3), st.sampled_from(["Cg==", "YWFi", "x –a", "x /a"]))
DEEP = st.one_of(VALUE, st.fixed_dictionaries({}, optional={"x": VALUE, "y": VALUE}))
ROWS = st.fixed_dictionaries(
    {"k": st.sampled_from(["a", "A", 1, True, "1", "b", "c", None, ["a"]])},
    optional={
        "x": VALUE,
        "y": VALUE,
        "X": VALUE,
        "Z": VALUE,
        "N": VALUE,
        "deep": st.one_of(DEEP, st.lists(DEEP, max_size=2)),
        "deep.x": VALUE,
        "at": st.just(1.0),
    },
)


@settings(max_examples=200, deadline=None)
@given(rules(), st.lists(ROWS, min_size=1, max_size=6))
def test_findings_equal_matching_rule_by_rule(rules, rows):
    taxonomies = {"t": Taxonomy.of(MAPPING)}
    marks = Marks(rules, taxonomies)
    rows = [{**row, "~": list(marks.of("t", row))} for row in rows]
    found = Matcher(rules, taxonomies).rows("t", rows + rows)
    expected = [(number, rule) for number, row in enumerate(rows + rows) for rule in matches(rules, MAPPING, row)]
    assert [(number, rule.title) for number, rule in found] == [(number, rule.title) for number, rule in expected]


@settings(max_examples=12, deadline=None)
@given(rules(), st.lists(ROWS, min_size=6, max_size=10))
def test_what_is_learnt_from_rows_changes_no_answer(rules, rows):
    """Values that never repeat, for long enough that fields turn lean and rules wake by other texts."""
    matcher = Matcher(rules, {"t": Taxonomy.of(MAPPING)})
    stream = [
        {**row, "k": "a", "Z": f"{row.get('Z')}{number}", "w": f"aB{number}"} for number in range(60) for row in rows
    ]
    found = [(number, rule.title) for number, rule in matcher.rows("t", stream)]
    assert found == [(number, rule.title) for number, row in enumerate(stream) for rule in matches(rules, MAPPING, row)]


def test_memory_is_bounded_for_values_that_never_come_again():
    detection = {"s": {"X|contains": "abc", "Z": 1}, "k": ["evil"], "condition": "s or k"}
    text = json.dumps({"title": "r", "logsource": {"product": "q"}, "detection": detection})
    matcher = Matcher(read([("r.yml", text)]).rules, {"t": Taxonomy.of(MAPPING)})
    for number in range(3 * VALUES_MAX):
        matcher.row(
            "t",
            {
                "x": f"v{number % 5000}",
                "Z": number,
                "k": f"k{number}",
                f"new{number % 1500}": "x" * (CHARS_MAX + number % 2),
            },
        )
    kept = held_by(matcher)
    assert 0 < kept < 12 * VALUES_MAX


def held_by(matcher: Matcher) -> int:
    """How many values, shapes and routes a matcher remembers."""
    programs = matcher._programs.values()
    memos = [memo for program in programs for memo in (*program._memos.values(), *program._speech.values())]
    roots = [taxonomy._root for taxonomy in matcher._taxonomies.values()]
    shapes = sum(len(program._plans) for program in programs)
    return sum(len(memo) + len(memo._before) for memo in memos) + shapes + sum(len(root.branches) for root in roots)


def test_the_fields_that_matched_are_told():
    detection = {
        "a": {"X|contains": "b", "Z": 1},
        "n": {"Y": "no"},
        "condition": "a and not n",
    }
    text = json.dumps({"title": "r", "logsource": {"product": "q"}, "detection": detection})
    (rule,) = read([("r.yml", text)]).rules
    matcher = Matcher([rule], {"t": Taxonomy.of(MAPPING)})
    row = {"x": "abc", "Z": 1, "Y": "y"}
    assert matcher.row("t", row) == (rule,)
    assert matcher.matched_fields("t", row, rule) == ("X", "Z")


def test_rules_that_no_mapping_feeds_are_told():
    documents = [
        {"title": p, "logsource": {"product": p}, "detection": {"s": {"A": 1}, "condition": "s"}} for p in "qz"
    ]
    loaded = read([(f"{number}.yml", json.dumps(document)) for number, document in enumerate(documents)])
    assert [rule.title for rule in Matcher(loaded.rules, {"t": Taxonomy.of(MAPPING)}).unfed] == ["z"]


def test_a_format_without_a_mapping_matches_nothing():
    assert Matcher([], {}).rows("unknown", [{"a": 1}]) == []


ODD = [
    {"X": "a" * 2_000_000},
    {"X": "\ud800 abc"},
    {"X": "\x02abc\x03"},
    {"X": [[[["abc"]]]]},
    {"X": {"deep": {"er": "abc"}}},
    {"X": ("abc",)},
    {"X": float("inf")},
    {"X": 10**30},
    {"X": b"abc"},
    {"~": 5, "X": [1]},
    {"~": [["x"], 3]},
    {},
]


@pytest.mark.parametrize("row", ODD, ids=range(len(ODD)))
def test_an_odd_row_raises_nothing_and_disturbs_no_other(row):
    detection = {"s": {"X|re": "a.c", "X|contains": "ab"}, "t": {"Y|re": "b+"}, "k": ["abc"], "condition": "1 of them"}
    text = json.dumps({"title": "r", "logsource": {"product": "q"}, "detection": detection})
    rules = read([("r.yml", text)]).rules
    matcher = Matcher(rules, {"t": Taxonomy.of(MAPPING)})
    matcher.rows("t", [row, row])
    assert matcher.rows("t", [row, {"X": "abc"}])[-1] == (1, rules[0])


def recorded() -> tuple[Path, Path]:
    folder = Path(os.environ.get("TOCSIN_DATA", "../shared/data"), "sigma")
    if not folder.is_dir() and os.environ.get("TOCSIN_REQUIRE_ALL") != "1":
        pytest.skip(f"the recorded events are not at {folder}: set TOCSIN_DATA")
    return folder / "rules" / "windows" / "registry", folder / "regression"


def test_rules_of_the_field_match_recorded_events_as_rule_by_rule():
    rules_at, events_at = recorded()
    loaded = read([(str(file), file.read_text(encoding="utf-8")) for file in sorted(rules_at.rglob("*.yml"))])
    document = yaml.safe_load(Path("content/sigma/mappings/windows.yaml").read_text(encoding="utf-8"))
    rows = [row for file in sorted(events_at.rglob("registry*/**/*.json")) for row in flat(file)]
    found = Matcher(loaded.rules, {"windows": Taxonomy.of(document)}).rows("windows", rows)
    expected = [(number, rule) for number, row in enumerate(rows) for rule in matches(loaded.rules, document, row)]
    assert len(found) > 5
    assert found == expected


def flat(file: Path) -> list[dict[str, Any]]:
    """Events as rules name their fields, from objects one after the other."""
    text, rows = file.read_text(encoding="utf-8").strip(), []
    while text:
        event, end = json.JSONDecoder().raw_decode(text)
        event, text = event.get("Event", event), text[end:].strip()
        rows.append(
            {**{name: event["System"][name] for name in ("Channel", "EventID")}, **(event.get("EventData") or {})}
        )
    return rows
