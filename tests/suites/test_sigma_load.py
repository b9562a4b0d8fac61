"""The suite that loads rules counts them all, and says where each refused one is broken."""

from dataclasses import replace

import pytest

from tocsin.model import ConfigError
from tocsin.suites.sigma_load import SigmaLoad

RULE = "title: {0}\nlogsource: {{product: p}}\ndetection:\n  s: {{A|{1}: '{2}'}}\n  condition: s\n"


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "rules" / "deep"
    place.mkdir(parents=True)
    (place / "good.yml").write_text(RULE.format("Good", "re", "a.b"), encoding="utf-8")
    (place / "good.events.yml").write_text("match: []\n", encoding="utf-8")
    (place / "looking.yml").write_text(RULE.format("Looking", "re", "a(?!b)"), encoding="utf-8")
    (place / "broken.yml").write_bytes(b"title: \xff\nlogsource: {product: p}\n")
    (place / "filled.yml").write_text(RULE.format("Filled", "expand", "%a%"), encoding="utf-8")
    (tmp_path / "regression").mkdir()
    (tmp_path / "regression" / "info.yml").write_text("id: 1\n", encoding="utf-8")
    return tmp_path


def test_every_rule_is_counted_and_each_refusal_placed(order, workshop, folder):
    report = SigmaLoad().run(replace(order, data=folder), workshop)
    wanted = {"files": 4.0, "rules": 4.0, "loaded": 2.0, "refused": 2.0, "backtracking": 1.0}
    assert {name: report.metrics[name] for name in wanted} == wanted
    refused = [(each["file"], each["line"], each["feature"]) for each in report.detail["refused"]]
    assert refused == [("rules/deep/broken.yml", 1, "condition"), ("rules/deep/filled.yml", 4, "placeholder")]


def test_placeholders_can_be_given(order, workshop, folder):
    values = folder / "values.yaml"
    values.write_text("a: [x, y]\n", encoding="utf-8")
    report = SigmaLoad(placeholders=str(values)).run(replace(order, data=folder), workshop)
    assert report.metrics["loaded"] == 3


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_rules_says_what_to_do(order, workshop, tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="--data"):
        SigmaLoad().run(replace(order, data=tmp_path / name), workshop)
