"""Files of rules: what loads, what is refused at which line, and that one broken rule disturbs no other."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sigma.reading import read
from tocsin.sigma.rule import AllOf, AnyOf, Correlation, Logsource, Named, Not

GOOD = """title: Good
id: 11111111-1111-1111-1111-111111111111
name: good
level: high
status: test
tags: [attack.t1059]
logsource: {product: p, category: c}
detection:
  s: {A: x}
  condition: s
"""
FILTER = """title: Filter
logsource: {product: p}
filter:
  rules: %s
  mine: {User: me}
  condition: not mine
"""
COUNT = """title: Many
id: 22222222-2222-2222-2222-222222222222
name: many
correlation:
  type: %s
  rules: [good]
  group-by: [user]
  timespan: 10m
  condition: %s
"""


def one_refusal(text, **kwargs):
    loaded = read([("bad.yml", text), ("good.yml", GOOD)], **kwargs)
    assert [rule.name for rule in loaded.rules if rule.name == "good"] == ["good"]
    assert len(loaded.refused) == 1
    assert loaded.refused[0].path == "bad.yml"
    return loaded.refused[0]


def test_what_a_rule_says_is_kept():
    (rule,) = read([("a/b.yml", "# a comment\n" + GOOD + "tocsin: {family: physical}\n")]).rules
    assert (rule.title, rule.level, rule.status, rule.name) == ("Good", "high", "test", "good")
    assert (rule.path, rule.line, rule.family, rule.tags) == ("a/b.yml", 2, "physical", ("attack.t1059",))
    assert rule.logsource == Logsource(product="p", category="c")
    assert rule.text.startswith("title: Good\n")


BROKEN = [
    ("title: [\n", 2, "yaml", "YAML"),
    ("- a\n- b", 1, "yaml", "mapping"),
    (GOOD.replace("level: high", "level: huge"), 4, "level", "huge"),
    (GOOD.replace("id: 1111", "id: x111"), 2, "id", "UUID"),
    (GOOD.replace("tags: [attack.t1059]", "tags: 3"), 6, "tags", "list"),
    (GOOD.replace("logsource: {product: p, category: c}", "logsource: {}"), 7, "logsource", "empty"),
    (GOOD.replace("title: Good\n", ""), 1, "title", "title"),
    (GOOD.replace("{A: x}", "{A|contians: x}"), 9, "modifier contians", "contians"),
    (GOOD.replace("{A: x}", "\n    B: y\n    A|re: 'a('"), 11, "modifier re", "expression"),
    (GOOD.replace("{A: x}", "\n    B: y\n    A|cidr: 10.0.0.1/8"), 11, "modifier cidr", "CIDR"),
    (GOOD.replace("{A: x}", "\n    - B: y\n    - A|gt: y"), 11, "modifier gt", "y"),
    (GOOD.replace("{A: x}", "{A|base64: 'x*'}"), 9, "modifier base64", "wildcards"),
    (GOOD.replace("{A: x}", "{A|contains: 4}"), 9, "modifier contains", "4"),
    (GOOD.replace("{A: x}", "{A: {B: x}}"), 9, "value", "dict"),
    (GOOD.replace("{A: x}", "{A: x, A: y}"), 9, "yaml", "twice"),
    (GOOD.replace("{A: x}", "{1: x}"), 9, "yaml", "quotes"),
    (GOOD.replace("{A: x}", "{A: 2024-13-45}"), 1, "yaml", "month"),
    (GOOD.replace("condition: s", "condition: s and t"), 10, "condition", "'t'"),
    (GOOD.replace("condition: s", "condition: s and"), 10, "condition", "Expected"),
    (GOOD.replace("condition: s", "condition: 3 of them"), 10, "condition", "3 of them"),
    (GOOD.replace("condition: s", "condition: s | count() > 3"), 10, "condition", "pipe"),
    (GOOD.replace("  condition: s\n", ""), 8, "condition", "condition"),
    (GOOD.replace("  condition: s", "  condition: s\n  timeframe: 5m"), 10, "condition", "timeframe"),
    (GOOD.replace("{A: x}", "!!python/object:os.system {}"), 9, "yaml", "constructor"),
    (GOOD + "tocsin: {family: other}\n", 11, "tocsin", "family"),
    ("action: jump\n", 1, "action", "jump"),
    ("[" * 100_000, 1, "yaml", "nested"),
    ("- " * 100_000, 1, "yaml", "nested"),
    (GOOD.replace("condition: s", "condition: " + "not " * 3000 + "s"), 8, "condition", "deep"),
    (
        "a: &a [x, x, x, x, x, x, x, x]\n"
        + "".join(f"{n}: &{n} [{', '.join(['*' + p] * 8)}]\n" for p, n in zip("abcdefg", "bcdefgh", strict=True)),
        1,
        "yaml",
        "alias",
    ),
]


@pytest.mark.parametrize(("text", "line", "feature", "word"), BROKEN)
def test_a_broken_rule_is_refused_where_it_is_broken(text, line, feature, word):
    refusal = one_refusal(text.replace("1111-1111", "9111-1111").replace("name: good\n", "fields: []\n"))
    assert (refusal.line, word in refusal.reason) == (line, True), refusal
    assert refusal.feature.startswith(feature)


def test_what_stands_before_a_syntax_error_still_loads():
    loaded = read([("two.yml", GOOD + "---\ntitle: Second\nlogsource: {a: [}\n")])
    assert [rule.title for rule in loaded.rules] == ["Good"]
    assert [(each.line, each.feature) for each in loaded.refused] == [(13, "yaml")]


def test_the_same_id_twice_is_refused_with_both_places():
    loaded = read([("a.yml", GOOD), ("b.yml", "\n" + GOOD)])
    assert len(loaded.rules) == 1
    assert (loaded.refused[0].path, loaded.refused[0].line) == ("b.yml", 2)
    assert "a.yml:1" in loaded.refused[0].reason


def test_placeholders_are_filled_or_named():
    text = GOOD.replace("{A: x}", "{A|contains|expand: 'u-%admins%-%hosts%'}")
    loaded = read([("a.yml", text)], {"admins": ["ann", "b*b"], "hosts": ["h"]})
    assert [part.value for part in loaded.rules[0].condition.parts] == ["u-ann-h", "*u-b*b-h*"]
    refusal = one_refusal(
        text.replace("1111-1111", "9111-1111").replace("name: good\n", "\n"), placeholders={"hosts": ["h"]}
    )
    assert (refusal.line, refusal.feature, "%admins%" in refusal.reason) == (9, "placeholder", True)


@pytest.mark.parametrize("rules", ["[good]", "any", "good", "[11111111-1111-1111-1111-111111111111]"])
def test_a_filter_is_worked_into_the_rules_it_names(rules):
    loaded = read([("f.yml", FILTER % rules), ("g.yml", GOOD)])
    assert loaded.refused == ()
    assert isinstance(loaded.rules[0].condition, AllOf)
    assert isinstance(loaded.rules[0].condition.parts[1], Not)


def test_a_filter_of_another_log_source_or_rule_says_that_it_does_nothing():
    loaded = read([("f.yml", (FILTER % "[good]").replace("product: p", "product: q")), ("g.yml", GOOD)])
    assert not isinstance(loaded.rules[0].condition, AllOf)
    assert [(each.path, each.line, each.feature) for each in loaded.refused] == [("f.yml", 4, "filter rules")]


def test_collections_share_what_is_global_and_repeat():
    text = f"""action: global
logsource: {{product: p}}
level: low
---
{GOOD.replace("logsource: {product: p, category: c}", "description: d")}---
action: repeat
title: Again
id: 33333333-3333-3333-3333-333333333333
name: again
---
action: reset
---
title: Alone
detection: {{s: {{A: x}}, condition: s}}
"""
    loaded = read([("c.yml", text)])
    assert [(rule.title, rule.level, rule.logsource.product) for rule in loaded.rules] == [
        ("Good", "low", "p"),
        ("Again", "low", "p"),
    ]
    assert [(each.line, each.feature) for each in loaded.refused] == [(23, "logsource")]


def correlation(kind="event_count", condition="{gte: 5}", more="") -> Correlation:
    loaded = read([("c.yml", COUNT % (kind, condition) + more), ("g.yml", GOOD)])
    assert loaded.refused == ()
    return loaded.correlations[0]


CORRELATIONS = [
    ("event_count", "{gte: 5}", {"conditions": (("gte", 5.0),)}),
    ("event_count", "{gt: 5, lte: 9}", {"conditions": (("gt", 5.0), ("lte", 9.0))}),
    ("value_count", "{field: u, neq: 2}", {"field": "u", "conditions": (("neq", 2.0),)}),
    ("value_count", "{field: [u, v], eq: 2}", {"field": "u", "fields": ("u", "v")}),
    ("value_sum", "{field: bytes, gt: 1.5}", {"kind": "value_sum", "conditions": (("gt", 1.5),)}),
    ("value_avg", "{field: bytes, lt: 9}", {"kind": "value_avg"}),
    ("value_percentile", "{field: b, percentile: 95, gt: 1}", {"kind": "value_percentile", "percentile": 95.0}),
    ("value_median", "{field: b, gt: 1}", {"kind": "value_percentile", "percentile": 50.0}),
    ("temporal", "good", {"expression": Named(rule="good")}),
    ("temporal_ordered", "{gte: 1}", {"kind": "temporal_ordered", "rules": ("good",)}),
]


@pytest.mark.parametrize(("kind", "condition", "told"), CORRELATIONS)
def test_correlations_keep_what_they_say(kind, condition, told):
    found = correlation(kind, condition)
    assert {name: getattr(found, name) for name in told} == told
    assert (found.timespan_s, found.group_by) == (600.0, ("user",))


def test_a_correlation_has_aliases_generate_and_our_distance():
    found = correlation(more="  aliases: {user: {good: User}}\n  generate: true\ntocsin: {near: 0.2km}\n")
    assert (found.aliases, found.generate, found.near_m) == ({"user": {"good": "User"}}, True, 200.0)


def test_an_extended_condition_is_a_tree_over_rules():
    text = (COUNT % ("temporal", "good and not (other or good)")).replace("rules: [good]", "rules: [good, other]")
    other = GOOD.replace("1111-1111", "4444-4444").replace("name: good", "name: other")
    found = read([("c.yml", text), ("g.yml", GOOD), ("o.yml", other)]).correlations[0].expression
    assert found == AllOf(parts=(Named(rule="good"), Not(part=AnyOf(parts=(Named(rule="other"), Named(rule="good"))))))


WRONG_CORRELATIONS = [
    (COUNT % ("often", "{gte: 5}"), 5, "type"),
    ((COUNT % ("event_count", "{gte: 5}")).replace("10m", "10x"), 8, "timespan"),
    (COUNT % ("event_count", "{gte: many}"), 9, "condition"),
    (COUNT % ("value_count", "{gte: 5}"), 4, "field"),
    ((COUNT % ("event_count", "{gte: 5}")).replace("[good]", "[lost]"), 1, "rules"),
    ((COUNT % ("event_count", "{gte: 5}")).replace("[good]", "[many]"), 1, "rules"),
    ((COUNT % ("event_count", "{gte: 5}")) + "tocsin: {near: close}\n", 10, "near"),
]


@pytest.mark.parametrize(("text", "line", "feature"), WRONG_CORRELATIONS)
def test_a_wrong_correlation_is_refused_at_its_line(text, line, feature):
    refusal = one_refusal(text)
    assert (refusal.line, feature in refusal.feature) == (line, True), refusal


def test_correlations_of_correlations_load_in_any_order():
    outer = (COUNT % ("event_count", "{gte: 2}")).replace("2222-2222", "5555-5555").replace("[good]", "[many]")
    loaded = read(
        [("o.yml", outer.replace("name: many\n", "")), ("m.yml", COUNT % ("event_count", "{gte: 5}")), ("g.yml", GOOD)]
    )
    assert [each.path for each in loaded.correlations] == ["o.yml", "m.yml"]


@given(st.text(max_size=300))
def test_no_text_whatsoever_raises(text):
    loaded = read([("any.yml", text)])
    assert loaded.rules == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["s", "condition", "A|re", "A|contains|all", "x|expand", ""]), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_no_detection_whatsoever_raises(detection):
    import json

    text = json.dumps({"title": "x", "logsource": {"product": "p"}, "detection": detection})
    loaded = read([("any.yml", text), ("good.yml", GOOD)])
    assert len(loaded.rules) + len(loaded.refused) == 2


def sigma_folder() -> Path:
    folder = Path(os.environ.get("TOCSIN_DATA", "../shared/data"), "sigma", "rules")
    if not folder.is_dir() and os.environ.get("TOCSIN_REQUIRE_ALL") != "1":
        pytest.skip(f"the recorded rules are not at {folder}: set TOCSIN_DATA")
    return folder


def test_rules_of_the_field_load():
    files = sorted(sigma_folder().rglob("linux/**/*.yml"))
    loaded = read([(str(file), file.read_text(encoding="utf-8")) for file in files])
    assert len(files) > 100
    assert (len(loaded.rules), loaded.refused) == (len(files), ())
