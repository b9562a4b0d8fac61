"""Stored readings explained: by the rule or the part of it that read them, as it was then, or why that cannot be."""

import pytest
from msgspec.structs import replace

from tests.detectors.physical.test_sensor_rules import BLIND, DOOR
from tocsin.app.config import Settings
from tocsin.app.house import open_house
from tocsin.city.context import City
from tocsin.contract.bodies import Contact, LogEvents
from tocsin.contract.examples import SQUARE, seen
from tocsin.engine.inforce import SINCE_MAX, RulesSince, rules_at
from tocsin.engine.rulemarks import GONE, RuleMarks
from tocsin.model import Change, Origin

FORCED, BESIDE, WORD = (f"6d2d0b1e-0000-4000-8000-00000000f00{number}" for number in (1, 2, 3))
RULES = {
    "door.yml": DOOR.replace("name: door_forced", f"name: door_forced\nid: {FORCED}"),
    "blind.yml": BLIND.replace("level: critical", f"level: critical\nid: {BESIDE}"),
    "word.yml": f"title: A word\nid: {WORD}\nlevel: low\nlogsource: {{product: suricata}}\n"
    "detection:\n  words: [evil, good]\n  named: {alert.signature|exists: true}\n  condition: words and named\n",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marks")
    (folder / "rules").mkdir()
    for name, text in RULES.items():
        (folder / "rules" / name).write_text(text)
    settings = Settings(origin=Origin.SIMULATED)
    house = open_house(folder / "data", settings, City.empty("Test", SQUARE), rules=folder / "rules")
    yield house
    house.close(1.0)


@pytest.fixture
def marks(house):
    return RuleMarks(house.rules, house.city)


def fields(matched):
    return {one.field: one.values for one in matched.fields}


def test_what_a_sensor_said_is_explained_as_a_row(marks):
    (matched,) = marks.matched([FORCED], seen(Contact(name="forced", active=True)), None)
    assert fields(matched) == {"name": ("forced",), "active": ("true",)}
    assert len(matched.spans) == 4, "two names, two values"


def test_a_correlation_is_explained_by_the_part_that_read_it(marks):
    (matched,) = marks.matched([BESIDE], seen(Contact(name="forced", active=True)), None)
    assert (matched.rule, matched.part) == (BESIDE, FORCED)


def test_a_reading_for_which_no_rule_holds_has_no_marks(marks):
    assert marks.matched([FORCED], seen(Contact(name="forced", active=False)), None) == ()


def test_a_keyword_is_told_without_a_field(marks):
    row = {"event_type": "alert", "alert": {"signature": "An evil thing"}}
    (matched,) = marks.matched([WORD], seen(LogEvents(format="eve", offsets=(0,), rows=(row,))), row)
    word, present = matched.fields
    assert (word.field, word.native, word.wanted) == ("", "", ("evil",))
    assert (present.field, present.native, present.wanted) == ("alert.signature", "alert.signature", ())


def test_a_rule_that_is_not_loaded_is_said_to_be_so(marks):
    (matched,) = marks.matched(["nobody"], seen(Contact(name="forced", active=True)), None)
    assert "not loaded" in matched.problem


def test_rules_that_are_not_kept_any_more_mark_nothing_and_say_so(house, marks):
    gone = Change(at=1.0, origin=Origin.SIMULATED, what="rules", digest="ab", pos=7)
    house.graph.feed(gone)
    house.graph.feed(replace(gone, digest=house.rules.book.digest, pos=9))
    fact = seen(Contact(name="forced", active=True))
    (lost,), (found,) = (marks.matched([FORCED], replace(fact, pos=pos), None) for pos in (8, 9))
    assert (lost.problem, lost.fields) == (GONE, ())
    assert found.fields


def test_a_restart_with_the_same_rules_is_no_change_and_the_history_is_bounded():
    fold, since = RulesSince(), None
    for pos in range(3 * SINCE_MAX):
        change = Change(at=1.0, origin=Origin.LIVE, what="rules", digest=f"d{pos // 2}", pos=pos)
        since, _ = fold.step(since, change)
    assert len(since) == SINCE_MAX
    assert rules_at(since, 3 * SINCE_MAX - 1) == rules_at(since, 3 * SINCE_MAX - 2)
    assert rules_at([], 5) == ""
