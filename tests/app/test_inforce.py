"""An incident names what was in force when it was told."""

from msgspec.structs import replace

from tocsin.app.config import Settings
from tocsin.app.inforce import changes, in_force, together
from tocsin.city.context import City
from tocsin.contract.resources import content_folder
from tocsin.contract.ruletexts import RuleTexts
from tocsin.gate.policy import Policies
from tocsin.model import Origin, Place

CITY = City.empty("Test", Place(lon=1.0, lat=2.0))
POLICIES = Policies.load(content_folder() / "policies")
RULES = RuleTexts.of({"rules/a.yml": "title: A"})


def test_a_changed_setting_changes_one_part_and_the_whole():
    before = in_force(CITY, POLICIES, Settings(), content_folder(), RULES)
    after = in_force(CITY, POLICIES, replace(Settings(), banner="exercise"), content_folder(), RULES)
    assert {name for name in before if before[name] != after[name]} == {"settings"}
    assert together(before) != together(after)


def test_other_rules_change_one_part(tmp_path):
    before = in_force(CITY, POLICIES, Settings(), tmp_path, RULES)
    after = in_force(CITY, POLICIES, Settings(), tmp_path, RuleTexts.of({"rules/a.yml": "title: B"}))
    assert {name for name in before if before[name] != after[name]} == {"rules"}


def test_the_same_content_has_the_same_digest(tmp_path):
    (tmp_path / "fusion").mkdir()
    table = tmp_path / "fusion" / "hazards.yaml"
    table.write_text("a: 1\n")
    first = in_force(CITY, POLICIES, Settings(), tmp_path, RULES)
    table.write_text("a: 1\n")
    assert in_force(CITY, POLICIES, Settings(), tmp_path, RULES) == first
    table.write_text("a: 2\n")
    assert in_force(CITY, POLICIES, Settings(), tmp_path, RULES)["content"] != first["content"]


def test_every_part_is_a_fact():
    told = changes({"city": "c", "policies": "p"}, 5.0, Origin.EXERCISE)
    assert [(one.what, one.digest, one.at) for one in told] == [("city", "c", 5.0), ("policies", "p", 5.0)]
