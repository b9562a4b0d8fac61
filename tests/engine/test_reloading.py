"""Rules are data: dropped into a folder, in force without a restart, tuned, and known at every position of the log."""

import threading
from contextlib import contextmanager

import pytest

from tests.detectors.physical.test_sensor_rules import BLIND, DOOR
from tests.engine.test_embedded import ANNA, Feed
from tocsin.app.config import Settings
from tocsin.app.house import open_house
from tocsin.city.context import City
from tocsin.contract.bodies import Alive, Contact
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources, content_folder
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.ruletexts import RuleTexts
from tocsin.engine.desk import Desk, Wish
from tocsin.engine.embedded import Embedded
from tocsin.engine.inforce import InForce
from tocsin.engine.rerun import Rerun
from tocsin.engine.rulewatch import RuleWatch
from tocsin.engine.status import Status
from tocsin.model import Change, Conflict, Finding, NotFound, Origin, Place, Reading, SourceState, Tick, TocsinError
from tocsin.store.outbox import Outbox

START = 1_800_000_000.0
DAY_S = 86_400.0
SQUARE = Place(lon=24.94, lat=60.17, name="Square")
SETTINGS = Settings(origin=Origin.SIMULATED, newcomers=SourceState.IN_SERVICE)
FORCED, SECOND = "6d2d0b1e-0000-4000-8000-00000000d001", "6d2d0b1e-0000-4000-8000-00000000d002"
RULE = DOOR.replace("name: door_forced", f"id: {FORCED}\nname: door_forced")
BROKEN = "title: Broken\nlogsource: {product: tocsin}\ndetection: {sel: {a|nonsense: 1}, condition: sel}\n"

NOT_OURS = {"", *(one.id for one in RuleBook.load(Resources()).every)}
"""Rules that ship with Tocsin, and findings that are of no rule: not what is tried here."""


def door(n, *, active=True, source="door-1", body=None):
    body = body or Contact(name="forced", active=active)
    return Reading(at=START + n, origin=Origin.SIMULATED, source=source, seq=n, boot="b", body=body, place=SQUARE)


class Told:
    """Told of every fact; who waits for a finding of a rule is woken."""

    def __init__(self):
        self.findings, self.changes = [], []
        self._new = threading.Condition()

    def observed(self, fact):
        """An observation is no news here."""

    def told(self, fact):
        with self._new:
            self.findings += [fact] if isinstance(fact, Finding) and fact.rule not in NOT_OURS else []
            self.changes += [fact] if isinstance(fact, Change) and fact.what == "rules" else []
            self._new.notify_all()

    def wait(self, holds, wait_s=20.0):
        with self._new:
            return self._new.wait_for(lambda: holds(self), wait_s)


class Running:
    """A house in operation over a folder of rules."""

    def __init__(self, folder, rules):
        self.now = START + 600.0
        self.house = open_house(folder, SETTINGS, City.empty("Test", SQUARE), rules=rules)
        self.feed, self.told = Feed(), Told()
        self.house.flow.listen(self.told)
        self.engine = Embedded(self.house.flow, {"feed": ("feed", self.feed)}, clock=lambda: self.now)
        self.watch = RuleWatch(
            content_folder(),
            rules,
            self.house.reloading,
            post=self.engine.post,
            clock=lambda: self.now,
            origin=Origin.SIMULATED,
            every_s=0.1,
        )
        self.house.rules.watch = self.watch
        self.desk = Desk(
            view=self.house.view,
            engine=self.engine,
            ledger=self.house.ledger,
            policies=self.house.policies,
            origin=Origin.SIMULATED,
            clock=lambda: self.now,
            send=lambda action, now: None,
            rules=self.house.rules,
        )

    def look(self):
        """Look at the folder, and wait until what was found is in force."""
        change = self.watch.look()
        assert change is None or self.told.wait(lambda told: change.digest in [one.digest for one in told.changes])
        return change

    def give(self, *readings):
        before = self.feed.acknowledged
        self.feed.give(*readings)
        assert self.feed.settled(before + 1)
        self.engine.append(Tick(at=self.now, origin=Origin.SIMULATED))  # folded after them, in order of the log

    def status(self):
        return Status(self.engine, self.house.view, self.house.ledger, Outbox(self.house.log), self.house.rules)


@contextmanager
def running(folder, rules, *, watching=False):
    made = Running(folder, rules)
    made.engine.start()
    if watching:
        made.watch.start()
    try:
        yield made
    finally:
        made.watch.stop()
        made.engine.stop()
        made.house.close(made.now)


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    return folder


# --- a rule is dropped in ---


def test_a_rule_dropped_into_the_folder_fires_without_a_restart_and_a_broken_one_beside_it_is_told(tmp_path, rules):
    with running(tmp_path / "data", rules, watching=True) as city:
        city.give(door(0))
        (rules / "door.yml").write_text(RULE)
        (rules / "broken.yml").write_text(BROKEN)
        assert city.told.wait(lambda told: told.changes), "the watch sees the folder by itself"
        assert city.told.changes[0].text.endswith("1 refused")
        city.give(door(10))
        assert city.told.wait(lambda told: told.findings)
        assert (city.told.findings[0].rule, city.told.findings[0].measure) == (FORCED, 1.0)
        row = city.house.rules.summary(city.now)
        assert [(one.path, one.line > 0) for one in row.refused] == [("rules/broken.yml", True)]
        assert "nonsense" in row.refused[0].reason
        assert city.status().system(city.now).problems == ()


def test_a_rule_that_is_taken_away_is_silent(tmp_path, rules):
    (rules / "door.yml").write_text(RULE)
    with running(tmp_path / "data", rules) as city:
        city.give(door(0))
        assert city.told.wait(lambda told: told.findings)
        (rules / "door.yml").unlink()
        assert city.look() is not None
        city.give(door(9))
        assert len(city.told.findings) == 1
        with pytest.raises(NotFound):
            city.house.rules.find(FORCED)


def test_states_stay_where_they_fit(tmp_path, rules):
    (rules / "door.yml").write_text(RULE)
    with running(tmp_path / "data", rules) as city:
        city.give(door(0))
        (rules / "other.yml").write_text(RULE.replace(FORCED, SECOND).replace("name: door_forced", ""))
        city.look()
        city.give(door(9))
        assert city.told.wait(lambda told: len(told.findings) >= 3)
        counted = {one.rule: one.measure for one in city.told.findings}
        assert counted == {FORCED: 2.0, SECOND: 1.0}


def test_rules_that_are_broken_altogether_change_nothing_and_are_a_problem(tmp_path, rules):
    (rules / "door.yml").write_text(RULE)
    with running(tmp_path / "data", rules) as city:
        (rules / "door.yml").write_text("title: [")
        with pytest.raises(TocsinError, match=r"rules of before stay in force"):
            city.watch.look()
        city.give(door(0))
        assert city.told.wait(lambda told: told.findings)
        (rules / "door.yml").write_text("title: ]")
        city.watch._try()
        system = city.status().system(city.now)
        assert not system.ok
        assert "rules/door.yml, line 1" in system.problems[0]
        (rules / "door.yml").write_text(RULE)
        assert city.watch.look() is None, "what is in the folder is what is in force"
        assert city.status().system(city.now).ok


def test_nothing_is_said_while_nothing_changes(tmp_path, rules):
    with running(tmp_path / "data", rules) as city:
        assert city.look() is None
        (rules / "notes.txt").write_text("no rule")
        assert city.look() is None


# --- mixed, near ---


def test_a_door_forced_beside_a_camera_that_lost_its_picture(tmp_path, rules):
    (rules / "mixed.yml").write_text(f"{RULE}---{BLIND}")
    with running(tmp_path / "data", rules) as city:
        city.now = START + 45.0
        city.give(door(0, source="cam-7", body=Alive(online=True)))
        city.give(door(5, source="cam-7", body=Alive(online=False)))
        city.give(door(40))
        assert city.told.wait(lambda told: told.findings)
        (told,) = city.told.findings
        assert told.because.startswith("'A door was forced beside a camera that lost its picture' came to hold once")
        assert "door-1/b/40" in told.evidence
        assert told.grade == "critical"
        assert city.house.graph.refused == []
        assert "Square" in city.house.view.incidents()[0].next_step


# --- what people decide ---


def test_a_rule_is_suppressed_until_its_time_with_a_receipt(tmp_path, rules):
    (rules / "door.yml").write_text(RULE)
    with running(tmp_path / "data", rules) as city:
        wish = Wish(verb="suppress-rule", target=FORCED, text="The door is being repaired.", until=city.now + 100.0)
        city.desk.decide(wish, ANNA)
        city.give(door(0))
        (row,) = [one for one in city.house.rules.rows(city.now) if one.id == FORCED]
        assert (row.suppressed, row.hits, row.suppressed_until, row.reason) == (1, 0, wish.until, wish.text)
        assert city.told.findings == []
        assert [receipt.act for _, receipt in city.house.ledger.receipts(subject=FORCED)] == ["suppress-rule"]
        city.now += 900.0
        city.give(door(800))
        assert city.told.wait(lambda told: told.findings), "its time is over"
        (row,) = [one for one in city.house.rules.rows(city.now) if one.id == FORCED]
        assert (row.suppressed_until, row.hits) == (None, 1)


def test_tunings_survive_a_restart_and_can_be_lifted(tmp_path, rules):
    (rules / "door.yml").write_text(RULE)
    with running(tmp_path / "data", rules) as city:
        asked = {"target": FORCED, "text": "Known.", "until": city.now + DAY_S}
        city.desk.decide(Wish(verb="except-rule", others=("device=door-1",), **asked), ANNA)
    with running(tmp_path / "data", rules) as city:
        city.give(door(0), door(1, source="door-2"))
        assert city.told.wait(lambda told: told.findings)
        assert {one.subject for one in city.told.findings} == {"door-2"}
        city.now += 1.0
        city.desk.decide(Wish(verb="lift-rule", target=FORCED), ANNA)
        city.give(door(3))
        assert city.told.wait(lambda told: len(told.findings) > 1)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"verb": "suppress-rule", "target": "none", "text": "x", "until": START + 700}, NotFound),
        ({"verb": "suppress-rule", "target": FORCED, "until": START + 700}, Conflict),
        ({"verb": "suppress-rule", "target": FORCED, "text": "x"}, Conflict),
        ({"verb": "suppress-rule", "target": FORCED, "text": "x", "until": START + 600 + 91 * DAY_S}, Conflict),
        ({"verb": "except-rule", "target": FORCED, "text": "x", "until": START + 700}, TocsinError),
        ({"verb": "except-rule", "target": FORCED, "text": "x", "until": START + 700, "others": ("a",)}, TocsinError),
        ({"verb": "lift-rule", "target": "door_forced"}, NotFound),
    ],
)
def test_a_tuning_that_cannot_be_says_why_and_leaves_no_receipt(tmp_path, rules, wish, error):
    (rules / "door.yml").write_text(RULE)
    with running(tmp_path / "data", rules) as city:
        with pytest.raises(error):
            city.desk.decide(Wish(**wish), ANNA)
        assert list(city.house.ledger.receipts(subject=wish["target"])) == []


def test_the_folder_can_be_read_at_once_by_decision(tmp_path, rules):
    with running(tmp_path / "data", rules) as city:
        (rules / "door.yml").write_text(RULE)
        city.desk.decide(Wish(verb="reload-rules", target="rules"), ANNA)
        assert city.told.wait(lambda told: told.changes)
        assert city.told.changes[0].by == ANNA.account


# --- positions of the log ---


def test_a_resume_uses_what_was_in_force_at_each_position(tmp_path, rules):
    """What was logged before a change is folded anew with the rules of before, whatever the folder says now."""
    data = tmp_path / "data"
    (rules / "door.yml").write_text(RULE)
    texts = RuleTexts.read(content_folder(), rules)
    house = open_house(data, SETTINGS, City.empty("Test", SQUARE), rules=rules)
    change = Change(at=START, origin=Origin.SIMULATED, what="rules", digest=texts.digest)
    facts = [change, *house.flow.admit(Delivered((door(0),)), "feed", START)]
    house.log.submit(facts).result()
    house.close(START)
    (rules / "door.yml").write_text(RULE.replace("title: A door", "title: Another door"))
    with running(data, rules) as city:
        assert [one.because[:16] for one in city.told.findings] == ["'A door is force"]
        assert city.house.reloading.digest == texts.digest
        assert city.house.graph.states_of(InForce.kind)["city"]["rules"] == texts.digest


def test_a_snapshot_brings_back_the_rules_of_its_position(tmp_path, rules):
    data = tmp_path / "data"
    (rules / "door.yml").write_text(RULE)
    with running(data, rules) as city:
        (rules / "second.yml").write_text(RULE.replace(FORCED, SECOND).replace("name: door_forced", ""))
        digest = city.look().digest
    (rules / "second.yml").unlink()
    with running(data, rules) as city:
        assert city.house.reloading.digest == digest
        assert city.house.rules.find(SECOND).path == "rules/second.yml"


def test_rules_that_are_no_longer_kept_are_a_problem_to_be_seen(tmp_path, rules):
    with running(tmp_path / "data", rules) as city:
        city.engine.append(Change(at=city.now, origin=Origin.SIMULATED, what="rules", digest="0" * 32))
        assert "Other rules are in force than were decided" in city.house.rules.problems()[0]
        city.give(door(0))
        assert city.house.graph.refused == []


def test_an_incident_names_the_rules_that_were_in_force(tmp_path, rules):
    (rules / "door.yml").write_text(RULE)
    with running(tmp_path / "data", rules) as city:
        before = city.house.reloading.resources.in_force
        (rules / "door.yml").write_text(RULE + "description: Other.\n")
        city.look()
        assert city.house.reloading.resources.in_force != before


def test_a_recording_is_folded_with_the_rules_of_a_folder(tmp_path, rules):
    (rules / "door.yml").write_text(RULE)
    house = open_house(tmp_path / "data", SETTINGS, City.empty("Test", SQUARE), recorded=True, rules=rules)
    driver = Rerun(house.flow)

    class Once:
        """A recording of one delivery."""

        def __init__(self):
            self.left = [Delivered((door(0),))]

        def next_batch(self, wait_s):
            return self.left.pop() if self.left else None

    facts = list(driver.run(Once(), "replay"))
    found = [fact for fact in facts if isinstance(fact, Finding) and fact.rule not in NOT_OURS]
    house.close(driver.now)
    assert [one.rule for one in found] == [FORCED]
