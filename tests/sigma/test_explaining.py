"""Explanations: what an analyst reads of a rule, word by word where it matters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sigma.streams import correlation_of, rules
from tocsin.sigma.explaining import TEXT_CHARS_MAX, explain, logsource_words
from tocsin.sigma.rule import AllOf, AnyOf, Atom, Logsource, Not, Rule
from tocsin.sigma.sentences import condition_lines


def atom(field, operator, value=None, **more):
    return Atom(digest=f"{field} {operator} {value}", field=field, operator=operator, value=value, **more)


def rule(condition, **more):
    source = Logsource(category="process_creation", product="windows")
    return Rule(**{"id": "r", "title": "A rule", "level": "high", "logsource": source, "condition": condition, **more})


IMAGE = atom("Image", "endswith", "\\x.exe")
LINES = AnyOf(parts=tuple(atom("CommandLine", "contains", value) for value in ("-a", "-b", "-c")))
PARENT = atom("ParentImage", "equals", "C:\\good.exe")


def test_a_rule_in_a_sentence():
    text = explain(rule(AllOf(parts=(IMAGE, LINES, Not(part=PARENT)))))
    name, where, when = text.splitlines()
    assert (name, where) == ("A rule (high).", "Looks at process starts on Windows.")
    assert when.startswith("Fires when Image ends with '\\x.exe' and CommandLine contains any of '-a', '-b' or '-c',")
    assert when.endswith(", unless ParentImage is 'C:\\good.exe'.")


def test_a_long_rule_as_a_list():
    many = AnyOf(parts=tuple(atom("CommandLine", "contains", "x" * 30 + str(number)) for number in range(12)))
    lines = condition_lines(AllOf(parts=(IMAGE, many, Not(part=AnyOf(parts=(PARENT, LINES))))))
    assert lines[:2] == ["Fires when all of these hold:", "  - Image ends with '\\x.exe'"]
    assert lines[2].endswith("or 4 more")
    assert lines[3] == "unless any of these holds:"


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (atom("F", "equals", 5), "F is 5"),
        (atom("F", "equals", ""), "F is empty"),
        (atom("F", "equals", True), "F is true"),
        (atom("F", "equals", "a*b", pattern=("a", None, "b")), "F is like 'a*b'"),
        (atom("F", "equals", "*", pattern=(None,)), "F is anything at all"),
        (atom("F", "contains", "a", cased=True), "F contains 'a' (case matters)"),
        (atom("F", "re", "a.b", flags="i"), "F matches the regular expression /a.b/i"),
        (atom("F", "cidr", "10.0.0.0/8"), "F is an address in 10.0.0.0/8"),
        (atom("F", "exists", True), "F is present"),
        (atom("F", "null"), "F is missing or null"),
        (atom("F", "fieldref", "G"), "F is the same as the field G"),
        (atom("F", "fieldref", "G", flags="endswith"), "F ends with the field G"),
        (atom("F", "gte", 3), "F is at least 3"),
        (atom("F", "timepart", 3, flags="hour"), "the hour of F (UTC) is 3"),
        (atom("", "contains", "oops"), "any value contains 'oops'"),
        (AnyOf(parts=(IMAGE, Not(part=atom("F", "exists", True)))), "Image ends with '\\x.exe' or F is absent"),
        (AnyOf(parts=(IMAGE, Not(part=LINES))), "or not (CommandLine contains any of '-a', '-b' or '-c')"),
        (AllOf(parts=(atom("F", "contains", "a"), atom("F", "contains", "b"))), "F contains all of 'a' and 'b'"),
        (
            AnyOf(parts=(atom("F", "re", "a"), atom("F", "re", "b"))),
            "F matches any of the regular expressions /a/ or /b/",
        ),
    ],
)
def test_comparisons_in_words(part, words):
    assert words in condition_lines(part)[0]


def test_only_exceptions():
    assert condition_lines(Not(part=IMAGE)) == ["Fires when anything happens there, unless Image ends with '\\x.exe'."]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Logsource(), "every event"),
        (Logsource(category="webserver"), "requests to a web server"),
        (Logsource(product="zeek", service="modbus"), "events of Zeek (service modbus)"),
        (Logsource(product="tocsin", category="finding"), "findings of other detectors of Tocsin"),
        (Logsource(category="new_kind", product="new_thing"), "new kind of new thing"),
    ],
)
def test_log_sources_in_words(source, words):
    assert logsource_words(source) == words


def test_attack_in_words_where_names_are_given():
    tags = ("attack.lateral-movement", "attack.t0846", "attack.t1059.001", "cve.2024-1")
    text = explain(rule(IMAGE, tags=tags), attack={"T0846": "Remote System Discovery"})
    assert "In MITRE ATT&CK: lateral movement; T0846 Remote System Discovery and T1059.001." in text


def test_false_positives_are_told_but_not_that_none_are_known():
    assert "May also fire on: Backups." in explain(rule(IMAGE, falsepositives=("Backups.", "Unknown")))
    assert "May also" not in explain(rule(IMAGE, falsepositives=("None", "Unlikely")))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            {
                "kind": "event_count",
                "rules": ["a"],
                "timespan_s": 3600,
                "group_by": ["host"],
                "conditions": {"gte": 10},
            },
            "within 1 hour, the number of matching events is 10 or more, for one and the same host.",
        ),
        (
            {
                "kind": "value_count",
                "rules": ["a"],
                "timespan_s": 90,
                "field": "user",
                "conditions": {"gt": 1, "lte": 5},
            },
            "within 90 seconds, the number of different values of user is more than 1 and is 5 or less.",
        ),
        (
            {"kind": "temporal_ordered", "rules": ["a", "b"], "timespan_s": 60, "near_m": 100.0},
            "within 1 minute, all of them match, in that order, all within 100 m of one another.",
        ),
        (
            {"kind": "temporal", "rules": ["a", "b"], "timespan_s": 60, "expression": ["and", "a", ["not", "b"]]},
            "within 1 minute, 'a' matches and 'b' does not match.",
        ),
        (
            {"kind": "value_percentile", "rules": ["a"], "timespan_s": 60, "field": "n", "conditions": {"gt": 2.5}},
            "the 50th percentile of n is more than 2.5.",
        ),
        (
            {"kind": "temporal", "rules": ["a", "b"], "timespan_s": 60, "aliases": {"ip": {"a": "src", "b": "dst"}}},
            "ip stands for src of 'a' and dst of 'b'.",
        ),
    ],
)
def test_correlations_in_words(written, words):
    assert words in explain(correlation_of(written), rules())


def test_a_correlation_names_its_rules_by_their_titles():
    text = explain(correlation_of({"kind": "temporal", "rules": ["name of a", "x"], "timespan_s": 60}), rules())
    assert "Looks at what the rules 'a' and 'x' match." in text


nodes = st.recursive(
    st.builds(
        atom, st.sampled_from(["A", "B", ""]), st.sampled_from(["equals", "contains", "re", "gt", "null"]), st.text()
    ),
    lambda inner: st.one_of(
        st.builds(Not, part=inner),
        st.builds(AllOf, parts=st.lists(inner, min_size=1, max_size=5).map(tuple)),
        st.builds(AnyOf, parts=st.lists(inner, min_size=1, max_size=5).map(tuple)),
    ),
    max_leaves=60,
)


@given(nodes, st.text())
def test_whatever_a_rule_says_its_explanation_is_short_printable_and_final(node, title):
    text = explain(rule(node, title=title, tags=("attack.impact",)))
    assert len(text) <= TEXT_CHARS_MAX
    assert all(line.isprintable() for line in text.split("\n"))
    assert text == explain(rule(node, title=title, tags=("attack.impact",)))


def test_a_monstrous_rule_is_cut_and_says_so():
    huge = AllOf(
        parts=tuple(AnyOf(parts=tuple(atom(f"f{i}{j}", "contains", "y" * 70) for j in range(40))) for i in range(40))
    )
    text = explain(rule(huge))
    assert len(text) <= TEXT_CHARS_MAX
    assert text.endswith("(shortened: see the rule.)")
