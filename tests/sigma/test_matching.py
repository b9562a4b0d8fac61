"""The matcher says what the slow reference says, whatever the rules, rows, memory and order."""

from typing import Any

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
    import json

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


@settings(max_examples=400, deadline=None)
@given(rules(), st.lists(ROWS, min_size=1, max_size=6))
def test_findings_equal_matching_rule_by_rule(rules, rows):
    taxonomies = {"t": Taxonomy.of(MAPPING)}
    marks = Marks(rules, taxonomies)
    rows = [{**row, "~": list(marks.of("t", row))} for row in rows]
    found = Matcher(rules, taxonomies).rows("t", rows + rows)
    expected = [(number, rule) for number, row in enumerate(rows + rows) for rule in matches(rules, MAPPING, row)]
    assert [(number, rule.title) for number, rule in found] == [(number, rule.title) for number, rule in expected]
