"""Rules as texts: read from folders, parsed once, kept by digest, refused one by one."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.contract import rulebook, ruletexts
from tocsin.contract.resources import Resources, content_folder
from tocsin.contract.rulebook import Rate, RuleBook
from tocsin.contract.ruletexts import RuleTexts, stamp
from tocsin.model import Basis, NotFound
from tocsin.sigma.rule import Correlation

ID = "6d2d0b1e-0000-4000-8000-00000000b00"
RULE = f"""
title: A door
id: {ID}1
name: a_door
level: low
logsource: {{product: zeek, service: http}}
detection: {{sel: {{uri: /door}}, condition: sel}}
"""
MANY = """
title: Many doors
level: high
correlation: {type: event_count, rules: [a_door], timespan: 1m, condition: {gte: 3}}
"""


def book(folder=None, **texts):
    named = {name.replace("__", "/") + ".yml": text for name, text in texts.items()}
    return RuleBook.load(Resources(rules=RuleTexts.of(named), folder=folder))


@pytest.fixture
def cold():
    """Nothing is remembered in memory."""
    rulebook._books.clear()


# --- texts ---


def test_a_folder_is_read_with_all_below_it_and_what_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "deep" / ".git").mkdir(parents=True)
    (tmp_path / "a.yml").write_bytes(b"\xef\xbb\xbf" + RULE.encode())
    (tmp_path / "deep" / "b.yaml").write_text(MANY)
    (tmp_path / "deep" / ".git" / "c.yml").write_text("hidden")
    (tmp_path / "bad.yml").write_bytes(b"title: a\nauthor: \xff\n")
    (tmp_path / "big.yml").write_bytes(b"#" * (ruletexts.FILE_BYTES_MAX + 1))
    (tmp_path / "deep" / "round").symlink_to(tmp_path)
    found = RuleTexts.read(tmp_path / "none", tmp_path)
    assert sorted(found.texts) == ["rules/a.yml", "rules/deep/b.yaml"]
    assert {one.path: one.line for one in found.refused} == {"rules/bad.yml": 2, "rules/big.yml": 0}
    assert found.texts["rules/a.yml"].startswith("\ntitle")


def test_a_stamp_changes_with_any_file_and_with_nothing_else(tmp_path):
    (tmp_path / "a.yml").write_text(RULE)
    before = stamp(tmp_path)
    assert stamp(tmp_path) == before
    (tmp_path / "notes.txt").write_text("x")
    assert stamp(tmp_path) == before
    os.utime(tmp_path / "a.yml", (1, 1))
    assert stamp(tmp_path) != before
    assert stamp(None) == stamp(tmp_path / "none")


@given(st.dictionaries(st.from_regex(r"rules/[a-z]{1,5}\.yml", fullmatch=True), st.text(max_size=20), max_size=4))
def test_equal_texts_have_equal_digests_and_others_other(texts):
    made = RuleTexts.of(texts)
    assert RuleTexts.of(dict(reversed(texts.items()))).digest == made.digest
    assert RuleTexts.of(texts | {"rules/zzzzzz.yml": ""}).digest != made.digest


def test_what_was_in_force_is_kept_and_proven(tmp_path):
    texts = RuleTexts.of({"rules/a.yml": RULE})
    texts.keep(tmp_path)
    assert RuleTexts.kept(tmp_path, texts.digest) == texts
    other = RuleTexts.of({"rules/a.yml": MANY})
    other.keep(tmp_path)
    kept = tmp_path / "inforce" / "rules"
    (kept / texts.digest).write_bytes((kept / other.digest).read_bytes())
    for digest in (texts.digest, "0" * 32, "../../etc"):
        with pytest.raises(NotFound):
            RuleTexts.kept(tmp_path, digest)


# --- the book ---


def test_a_rule_of_the_city_with_our_id_takes_its_place_and_is_no_fault():
    found = book(content__sigma__rules__a=RULE, rules__mine=RULE.replace("A door", "My door"))
    assert [one.title for one in found.every] == ["My door"]
    assert found.loaded.refused == ()


def test_two_own_rules_with_one_id_are_a_fault():
    (refused,) = book(rules__a=RULE, rules__b=RULE).loaded.refused
    assert (refused.path, refused.feature) == ("rules/b.yml", "id")


def test_a_city_whose_rules_are_all_broken_is_told_from_one_with_some():
    assert book(rules__a="title: [").broken
    assert not book(rules__a="title: [", rules__b=RULE).broken
    assert not book().broken


def test_a_rule_that_feeds_a_correlation_speaks_alone_only_where_that_says_so():
    quiet, loud = (
        book(rules__a=RULE, rules__m=MANY),
        book(rules__a=RULE, rules__m=MANY.replace("rules:", "generate: true, rules:")),
    )
    assert (quiet.feeds_only(f"{ID}1"), loud.feeds_only(f"{ID}1")) == (True, False)
    assert f"{ID}1" in quiet.share("cyber").quiet


def test_a_family_runs_its_rules_and_what_its_correlations_need():
    physical = MANY.replace("level: high", "level: high\ntocsin: {family: physical}")
    found = book(rules__a=RULE, rules__m=physical)
    share = found.share("physical")
    assert [one.id for one in share.rules] == [f"{ID}1"]
    assert [type(one) for one in share.correlations] == [Correlation]
    assert found.share("cyber").correlations == ()
    assert f"{ID}1" in share.quiet


def test_placeholders_of_the_city_are_filled_in():
    rule = RULE.replace("uri: /door", "uri|expand: '%doors%'")
    texts = {"rules/a.yml": rule, "rules/placeholders.yaml": "doors: [/a, /b]"}
    assert len(RuleBook.load(Resources(rules=RuleTexts.of(texts))).loaded.rules) == 1
    assert "doors" in book(rules__a=rule).loaded.refused[0].reason


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("rules/placeholders.yaml", "doors: {a: 1}"),
        ("rules/placeholders.yaml", "- a"),
        ("rules/rates.yaml", "x: {alarms: 1}"),
        ("rules/rates.yaml", "x: {alarms: 0, days: 0, per_day_max: 1, command: x}"),
        ("rules/rates.yaml", "x: {alarms: 0, days: -5, per_day_max: 1, command: x}"),
        ("rules/mappings/zeek.yaml", "format: zeek\nlanes: 7"),
        ("rules/mappings/zeek.yaml", "lanes: []"),
        ("rules/mappings/zeek.yaml", "format: ["),
    ],
)
def test_a_file_beside_the_rules_that_is_wrong_is_refused_and_disturbs_nothing(path, text):
    found = RuleBook.load(Resources(rules=RuleTexts.of({path: text, "rules/a.yml": RULE})))
    assert [one.path for one in found.loaded.refused] == [path]
    assert len(found.loaded.rules) == 1


def test_a_rate_weighs_by_its_upper_bound():
    rare, often = (Rate(alarms=n, days=30.0, per_day_max=1.0, command="x").weight() for n in (0, 3_000))
    assert rare.basis is Basis.COUNTED
    assert rare.nats > often.nats == 0.0
    assert "at most 1 a day: x" in rare.text


# --- the cache ---


def cached(folder):
    (path,) = (folder / "cache" / "rules").iterdir()
    return path


def test_parsed_rules_come_back_from_the_cache_as_they_were(tmp_path, cold):
    fresh = book(tmp_path, rules__a=RULE, rules__m=MANY, rules__b="title: [")
    rulebook._books.clear()
    assert book(tmp_path, rules__a=RULE, rules__m=MANY, rules__b="title: [").loaded == fresh.loaded


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\x93\xc0\xc0\xc0"])
def test_a_damaged_cache_is_not_trusted(tmp_path, cold, damage):
    fresh = book(tmp_path, rules__a=RULE)
    cached(tmp_path).write_bytes(damage)
    rulebook._books.clear()
    assert book(tmp_path, rules__a=RULE).loaded == fresh.loaded


def test_a_start_from_the_cache_does_not_load_the_parser(tmp_path):
    """What ships is parsed once; a restart is quick because pySigma is not even imported."""
    code = (
        "import sys; from pathlib import Path; from tocsin.contract.resources import Resources;"
        "from tocsin.contract.rulebook import RuleBook; RuleBook.load(Resources(folder=Path(sys.argv[1])));"
        "print('sigma.rule' in sys.modules)"
    )
    said = [
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert said[1].strip() == "False"


def test_what_ships_loads_whole():
    found = RuleBook.load(Resources())
    assert [(one.path, one.line, one.reason) for one in found.loaded.refused] == []
    assert "tocsin" in found.taxonomies
    assert content_folder().is_dir()
