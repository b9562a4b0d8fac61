"""Policies: read strictly, the strictest governs, and they end when they say."""

import pytest

from tests.gate.offices import CONTENT, NOW, policies
from tocsin.gate.policy import Policies
from tocsin.model import ConfigError, Level, NotFound, Refused

AT_NOON = "2027-01-15T12:00:00+02:00"
NOON = 1_800_007_200.0
ONE = "2027-01-15T13:00:00+02:00"


def test_the_shipped_policies_hold_what_was_promised():
    rules = Policies.load(CONTENT)
    standard = rules.governing("anywhere", "public safety", NOW)
    assert [policy.policy for policy in rules.all] == ["assembly", "crowded-event", "standard"]
    assert standard.policy == "standard"
    assert standard.level_max == Level.REDACTED
    assert all(policy.kept_h(Level(level)) <= 72 for policy in rules.all for level in (3, 4, 5))
    assert all(policy.lease_s_max <= 3600 and policy.k_anonymity >= 10 for policy in rules.all)
    assert rules.named("assembly").ceiling == Level.AGGREGATE


def test_the_strictest_governs_while_it_is_in_force(tmp_path):
    rules = policies(tmp_path, "assembly", zones=["square"], since=AT_NOON, until=ONE)
    assert rules.governing("square", "public safety", NOON).policy == "assembly"
    assert rules.governing("square", "public safety", NOON - 1).policy == "standard"
    assert rules.governing("square", "public safety", NOON + 3600).policy == "standard"
    assert rules.governing("park", "public safety", NOON).policy == "standard"
    assert rules.stretch(NOON + 5) == (NOON, NOON + 3600)
    assert rules.stretch(0.0) == (None, NOON)


def test_a_later_folder_replaces_a_policy_and_the_digest_tells(tmp_path):
    shipped, ours = Policies.load(CONTENT), policies(tmp_path, level_max=2)
    assert ours.governing("x", "y", NOW).level_max == 2
    assert ours.digest != shipped.digest
    assert ours.named("standard").ref != shipped.named("standard").ref
    assert Policies.load(CONTENT).digest == shipped.digest


def test_nothing_is_allowed_that_no_policy_names(tmp_path):
    rules = policies(tmp_path, purposes=["traffic"])
    with pytest.raises(Refused, match="No policy speaks of 'gossip'"):
        rules.governing("square", "gossip", NOW)
    with pytest.raises(NotFound, match="there are assembly"):
        rules.named("nonsense")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"level_max": 4}, "level_max"),
        ({"lease_s_max": 7200}, "lease_s_max"),
        ({"retention_h": {0: 1, 1: 1, 2: 1, 3: 73, 4: 1, 5: 1}}, "retention_h: level 3 is kept 73 h"),
        ({"retention_h": {0: 1}}, "level 5 is missing"),
        ({"k_anonymity": 3}, "k_anonymity"),
        ({"colour": "red"}, "colour"),
        ({"ceiling": 2}, "ceiling: 2 is below level_max 3"),
        ({"zones": "square"}, "zones"),
        ({"since": "2027-01-15T12:00:00"}, "since: write the time with its offset"),
        ({"since": ONE, "until": AT_NOON}, "until: it ends before it begins"),
        ({"acts": {"warning.*": {"roles": ["janitor"]}}}, "acts.warning.*.roles: no such role as 'janitor'"),
        ({"break_glass": {"roles": ["operator"], "level_max": 5, "lasts_s_max": 60}}, "break_glass.level_max"),
    ],
)
def test_a_wrong_policy_is_refused_by_file_and_key(tmp_path, changed, said):
    with pytest.raises(ConfigError) as error:
        policies(tmp_path, **changed)
    assert "standard.yaml" in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [("policy: [", "not readable as YAML"), ("policy: a\npolicy: b\n", "stands twice"), ("", "Expected `object`")],
)
def test_a_file_that_is_no_policy_says_so(tmp_path, text, said):
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        Policies.load(tmp_path)


def test_a_name_stands_once_in_a_folder_and_a_folder_must_be_there(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text((CONTENT / "standard.yaml").read_text())
    with pytest.raises(ConfigError, match="is taken"):
        Policies.load(tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        Policies.load(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no policy"):
        Policies.load(tmp_path / "empty")


def test_small_counts_are_not_published():
    standard = Policies.load(CONTENT).named("standard")
    assert [standard.published(count) for count in (0, 9, 10, 400)] == [None, None, 10, 400]


def test_the_longest_fitting_pattern_rules_an_act():
    standard = Policies.load(CONTENT).named("standard")
    assert standard.act("warning.cap").typed
    assert standard.act("export.webhook").automatic
    assert not standard.act("door.unlock").automatic
