"""The commands about rules: what loads, what a rule means, whether it does as it says, how often it would ring."""

import json
import shutil

import pytest

from tocsin.app.backtest import _union
from tocsin.app.rulefiles import book_of
from tocsin.model import Conflict, NotFound

RULE = """
title: Somebody asks for the door
id: 6d2d0b1e-0000-4000-8000-00000000a001
level: medium
tags: [attack.discovery]
logsource: {product: zeek, service: http}
detection: {sel: {uri|startswith: /door}, condition: sel}
"""
EVENTS = """
format: zeek
match: [{log: http, uri: /door/1}]
no_match: [{log: http, uri: /window}, {log: dns, query: door}]
"""
MANY = """
title: Somebody asks for many doors
id: 6d2d0b1e-0000-4000-8000-00000000a002
level: high
correlation:
  type: event_count
  rules: [6d2d0b1e-0000-4000-8000-00000000a001]
  group-by: [id.orig_h]
  timespan: 10m
  condition: {gte: 3}
"""
BROKEN = "title: Broken\nlogsource: {product: zeek}\ndetection: {sel: {uri|nonsense: /x}, condition: sel}\n"
UNFED = RULE.replace("a001", "a003").replace("{product: zeek, service: http}", "{product: abacus}")
T0 = 1_790_000_000.0


@pytest.fixture
def folder(tmp_path):
    """A folder with a rule and its events, a correlation over it, and a broken rule."""
    made = tmp_path / "mine"
    (made / "deep").mkdir(parents=True)
    (made / "door.yml").write_text(RULE)
    (made / "door.events.yml").write_text(EVENTS)
    (made / "many.yml").write_text(MANY)
    (made / "deep" / "broken.yml").write_text(BROKEN)
    (made / "notes.txt").write_text("no rule")
    return made


@pytest.fixture
def log(tmp_path):
    """Two days of a web server, in which one host asks for doors in two hours."""
    asked = [T0, T0 + 60, T0 + 120, T0 + 90_000.0]
    rows = [{"ts": at, "uri": "/door/7", "id.orig_h": "10.0.0.9", "id.resp_h": "10.0.0.1"} for at in asked]
    rows += [{"ts": T0 + 172_800.0, "uri": "/", "id.orig_h": "10.0.0.8", "id.resp_h": "10.0.0.1"}]
    path = tmp_path / "http.log"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_lint_says_file_line_and_feature_and_loads_the_others(tocsin, folder):
    said = tocsin("sigma", "lint", folder)
    assert said.status == 1
    assert f"{folder / 'deep' / 'broken.yml'}:3: " in said.text
    assert "nonsense" in said.text
    assert "1 rules and 1 correlations load, 1 do not." in said.text


def test_lint_tells_what_nothing_feeds(tocsin, tmp_path):
    (tmp_path / "a.yml").write_text(UNFED)
    said = tocsin("sigma", "lint", tmp_path / "a.yml", "--json")
    assert said.status == 0
    assert [row["type"] for row in said.rows] == ["unfed", "lint"]
    assert said.rows[0]["logsource"] == "product=abacus"


def test_a_path_that_is_none_is_told(tocsin, tmp_path):
    assert isinstance(tocsin("sigma", "lint", tmp_path / "gone").error, NotFound)


def test_explain_takes_a_file_or_an_id(tocsin, folder, city):
    assert "Somebody asks for the door" in tocsin("sigma", "explain", folder / "door.yml").text
    tocsin("add", "rules", folder, "--city", city)
    by_id = tocsin("sigma", "explain", "6d2d0b1e-0000-4000-8000-00000000a001", "--city", city)
    assert "/door" in by_id.text
    assert isinstance(tocsin("sigma", "explain", "nobody").error, NotFound)


def test_unit_events_are_tried(tocsin, folder):
    said = tocsin("sigma", "test", folder / "door.yml")
    assert (said.status, said.text) == (0, "3 tries, 0 went wrong.\n")
    (folder / "door.events.yml").write_text(EVENTS.replace("/window", "/door/2"))
    said = tocsin("sigma", "test", folder / "door.yml", "--json")
    assert said.status == 1
    assert [(row["expected"], row["number"]) for row in said.rows if row.get("problem")] == [(False, 1)]


def test_events_that_cannot_be_read_and_rules_without_any_are_told(tocsin, folder):
    (folder / "door.events.yml").write_text("matches: []")
    said = tocsin("sigma", "test", folder)
    assert said.status == 1
    assert "door.events.yml" in said.text
    assert f"note: {folder / 'many.yml'} has no unit events" in said.text


# --- back-test ---


def forecasts(said):
    return {row["id"][-4:]: row for row in said.rows if row["type"] == "forecast"}


def test_a_backtest_counts_by_hour_and_forecasts_with_a_bound(tocsin, folder, log):
    said = tocsin("sigma", "backtest", folder, "--log", log, "--json")
    told = forecasts(said)
    assert (told["a001"]["hits"], told["a001"]["feeds_only"]) == (4, True)
    many = told["a002"]
    assert (many["hits"], many["alarms"], many["days"]) == (1, 1, 2.0)
    assert many["per_day"] == 0.5
    assert many["per_day_max"] == pytest.approx(4.744 / 2.0, rel=1e-3)
    assert list(many["by_hour"].values()) == [1]
    assert said.rows[-1] == {**said.rows[-1], "type": "backtest", "days": 2.0, "accepted": 5, "rejected": 0}
    assert [row["type"] for row in said.rows[:1]] == ["refused"]


def test_a_rule_without_hits_has_a_bound_and_one_without_history_has_none(tocsin, tmp_path, log):
    (tmp_path / "quiet.yml").write_text(RULE.replace("/door", "/never"))
    (tmp_path / "deaf.yml").write_text(RULE.replace("a001", "a004").replace("service: http", "service: dns"))
    paths = (tmp_path / "quiet.yml", tmp_path / "deaf.yml")
    said = tocsin("sigma", "backtest", *paths, "--log", log)
    assert "none in 2.0 days: at most 1.5" in said.text
    assert "unknown: nothing of its log source" in said.text


def test_a_saved_count_is_what_alarms_weigh_from_then_on(tocsin, tmp_path, log, city):
    (tmp_path / "quiet.yml").write_text(RULE.replace("/door", "/never"))
    tocsin("add", "rules", tmp_path / "quiet.yml", "--city", city)
    said = tocsin("sigma", "backtest", tmp_path / "quiet.yml", "--log", log, "--city", city, "--save")
    assert said.status == 0
    rate = book_of(city).rates["6d2d0b1e-0000-4000-8000-00000000a001"]
    assert (rate.alarms, rate.days) == (0, 2.0)
    assert rate.command == "tocsin sigma backtest quiet.yml --log http.log"
    assert "refused" not in tocsin("check-config", city).text


def test_a_weight_written_by_hand_is_refused(tocsin, city):
    written = "6d2d0b1e-0000-4000-8000-00000000a001: {alarms: 0, days: 1, per_day_max: 0.01, command: x}\n"
    (city / "rules" / "rates.yaml").write_text(written)
    assert "rules/rates.yaml, line 1" in tocsin("check-config", city).text
    assert book_of(city).rates == {}


def test_history_is_the_union_of_what_was_heard():
    assert _union([(0.0, 10.0), (5.0, 20.0), (100.0, 101.0)]) == 21.0
    assert _union([]) == 0.0


# --- a city's own ---


def test_a_folder_of_rules_is_added_and_what_does_not_load_is_told(tocsin, folder, city):
    said = tocsin("add", "rules", folder, "--city", city)
    assert "rules/mine/deep/broken.yml:3: " in said.text
    assert "2 rules load, 1 do not." in said.text
    assert not (city / "rules" / "mine" / "notes.txt").exists()
    assert isinstance(tocsin("add", "rules", folder, "--city", city).error, Conflict)
    checked = tocsin("check-config", city)
    assert checked.status == 0, "one broken rule is no reason not to start"
    assert "rules/mine/deep/broken.yml, line 3" in checked.text


def test_a_linked_folder_counts_as_it_changes(tocsin, folder, city):
    tocsin("add", "rules", folder, "--city", city, "--link")
    assert book_of(city).find("6d2d0b1e-0000-4000-8000-00000000a002") is not None
    (folder / "many.yml").unlink()
    assert book_of(city).find("6d2d0b1e-0000-4000-8000-00000000a002") is None


def test_list_tells_what_is_in_force_and_what_is_not(tocsin, folder, city):
    shutil.copy(folder / "door.yml", city / "rules")
    (city / "rules" / "unfed.yml").write_text(UNFED)
    rows = tocsin("sigma", "list", "--city", city, "--json").rows
    own = {row["id"][-4:]: row for row in rows if row["type"] == "rule" and row["path"].startswith("rules/")}
    assert own["a001"].get("fed", True)
    assert own["a003"]["fed"] is False
    assert "Somebody asks for the door" in tocsin("sigma", "list", "--city", city).text


def test_explain_makes_events_that_the_rule_matches(tocsin, tmp_path):
    (tmp_path / "door.yml").write_text(RULE)
    said = tocsin("sigma", "explain", tmp_path / "door.yml", "--events")
    made = [line for line in said.text.splitlines() if line.startswith("zeek: {")]
    assert made
    assert "/door" in made[0]
