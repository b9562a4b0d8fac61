"""The regression suite counts what fires, what fires too often, and what else fires."""

import json

import pytest
import yaml

from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.sigma_regression import SigmaRegression

RULE = {
    "title": "Clip", "id": "11111111-1111-4111-8111-111111111111", "level": "low",
    "logsource": {"product": "windows", "category": "process_creation"},
    "detection": {"selection": {"Image|endswith": "\\clip.exe"}, "condition": "selection"},
}  # fmt: skip
OTHER = {**RULE, "title": "Anna", "id": "22222222-2222-4222-8222-222222222222",
         "detection": {"selection": {"User|contains": "anna"}, "condition": "selection"}}  # fmt: skip


def event(user):
    system = {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational",
              "TimeCreated": {"#attributes": {"SystemTime": "2025-01-01T00:00:00Z"}}}  # fmt: skip
    return {"Event": {"System": system, "EventData": {"Image": "C:\\x\\clip.exe", "User": user}}}


def folder(tmp_path, events, count):
    data = tmp_path / "data"
    test = data / "regression" / "clip"
    test.mkdir(parents=True)
    (data / "rules").mkdir()
    for rule in (RULE, OTHER):
        (data / "rules" / f"{rule['title']}.yml").write_text(yaml.safe_dump(rule))
    told = {"type": "evtx", "path": f"somewhere/{RULE['id']}.evtx", **({} if count is None else {"match_count": count})}
    info = {"rule_metadata": [{"id": RULE["id"], "title": "Clip"}], "regression_tests_info": [told]}
    (test / "info.yml").write_text(yaml.safe_dump(info))
    (test / f"{RULE['id']}.json").write_text("".join(json.dumps(one, indent=1) for one in events))
    return data


def run(data):
    return SigmaRegression().run(Order(command="test", data=data), workshop=None)


@pytest.mark.parametrize(("count", "exact", "reached"), [(2, 1, 1), (1, 0, 1), (3, 0, 0), (None, 1, 1)])
def test_a_rule_must_fire_as_often_as_its_test_says(tmp_path, count, exact, reached):
    report = run(folder(tmp_path, [event("x"), event("CORP\\Anna")], count))
    metrics = {name: report.metrics[name] for name in ("tests", "fired", "exact", "reached", "others", "events")}
    assert metrics == {"tests": 1, "fired": 1, "exact": exact, "reached": reached, "others": 1, "events": 2}
    assert report.detail["others"][0]["others"] == ["Anna (low)"]
    assert len(report.detail["failed"]) == 1 - exact


def test_a_line_that_cannot_be_read_fails_the_test(tmp_path):
    report = run(folder(tmp_path, [event("x"), {"Event": {"System": {}}}], 1))
    assert report.metrics["exact"] == 0
    assert "EventID" in next(iter(report.detail["failed"][0]["files"].values()))["rejected"][0]


def test_a_folder_without_tests_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="--data DIR"):
        run(tmp_path)


def test_the_suite_is_found_by_its_name():
    from tocsin.suites import suites

    assert suites("evaluate")["sigma-regression"] is SigmaRegression
