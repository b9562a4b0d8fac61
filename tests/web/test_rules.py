"""Rules as the console asks for them: from an incident to the rule, its matched fields, and how it is tuned."""

import json
import time

import pytest

from tests.web.house import running, wait_for

NETCAT = "6d2d0b1e-0000-4000-8000-00000000e001"
RULE = rf"""title: Netcat offers a shell
id: {NETCAT}
status: test
description: Somebody lets a shell be reached over the network.
level: critical
logsource: {{product: windows, category: process_creation}}
tags: [attack.command-and-control, attack.t0869, cve.2026-1]
detection:
  tool:
    Image|endswith: ['\nc.exe', '\ncat.exe']
    CommandLine|contains: ' -e '
  other:
    Image|endswith: '\nc.exe'
    CommandLine|contains: 'never'
  person:
    User|contains: anna
  condition: (tool or other) and person
falsepositives: [Network tests of our own staff]
"""
BROKEN = "title: Broken\nlogsource: {product: windows}\ndetection:\n  sel: {a|nonsense: 1}\n  condition: sel\n"
RATES = f"{NETCAT}: {{alarms: 0, days: 30.0, per_day_max: 0.0999, command: tocsin sigma backtest}}\n"


def event(**more):
    """One start of a process as an agent logs it."""
    told = {
        "EventTime": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "SourceName": "Microsoft-Windows-Sysmon",
        "Hostname": "pc-7",
        "Image": r"C:\tools\nc.exe",
        "CommandLine": "nc.exe -e cmd 10.0.0.9",
        "User": r"CITY\anna",
    }
    return json.dumps(told | more) + "\n"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A house with two rules of its own, one broken, and a log in which the other fires."""
    folder = tmp_path_factory.mktemp("city")
    rules, log = folder / "rules", folder / "sysmon.json"
    rules.mkdir()
    for name, text in (("netcat.yml", RULE), ("broken.yml", BROKEN), ("rates.yaml", RATES)):
        (rules / name).write_text(text)
    log.write_text(event())
    with running(folder / "data", rules=rules, log=log) as town:
        town.rules, town.log = rules, log
        wait_for(lambda: contributions(town), 20.0)
        yield town


@pytest.fixture
def desk(city):
    return city.signed_in("berta")


def contributions(town):
    stages = (stage for one in town.house.view.incidents() for stage in one.stages)
    return [part for stage in stages for part in stage.contributions if part.rule == NETCAT]


def evidence(desk):
    """The readings behind the rule's contribution."""
    for incident in desk.get("/api/state").json()["incidents"]:
        for part in (part for stage in incident["stages"] for part in stage["contributions"]):
            if part.get("rule") == NETCAT:
                ids = ",".join(name.replace("/", "%2F") for name in part["evidence"])
                return desk.get(f"/api/incidents/{incident['id']}/evidence?ids={ids}").json()
    return []


def decide(desk, verb, **body):
    return desk.post(f"/api/rules/{NETCAT}/{verb}", json=body)


@pytest.fixture
def lifted(desk):
    """Whatever a test tunes is lifted after it."""
    yield
    decide(desk, "lift-rule").raise_for_status()


# --- what is in force ---


def test_every_rule_and_every_refusal_is_listed(desk):
    told = desk.get("/api/rules").json()
    rows = {row["id"]: row for row in told["rules"]}
    assert rows[NETCAT]["hits"] == 1
    assert (rows[NETCAT]["looks_at"], rows[NETCAT].get("state", "in force")) == (
        "process starts on Windows",
        "in force",
    )
    (refused,) = told["refused"]
    assert (refused["path"], refused["line"]) == ("rules/broken.yml", 4)
    assert "nonsense" in refused["reason"]
    assert told["summary"]["loaded"] + told["summary"]["correlations"] == len(told["rules"])


def test_the_state_of_the_system_counts_them(desk):
    row = desk.get("/api/state").json()["system"]["rules"]
    assert row["refused_count"] == 1
    assert row["loaded"] > 0


def test_one_rule_is_told_whole(desk):
    told = desk.get(f"/api/rules/{NETCAT}").json()
    assert told["text"] == RULE.strip()
    assert told["words"].startswith("Looks at process starts on Windows.\nFires when")
    assert [one.get("name", "") for one in told["attack"]] == [
        "command and control",
        "Standard Application Layer Protocol",
        "",
    ]
    assert told["falsepositives"] == ["Network tests of our own staff"]
    assert told["forecast"].startswith("At most 0.0999 alarms a day (95 %): 0 in 30 days")


@pytest.mark.parametrize("path", ["rules/none", f"rules/{NETCAT}?digest=ab12", f"rules/{NETCAT}?digest=..%2Fx"])
def test_a_rule_that_is_not_there_is_a_404_that_names_no_folder(desk, city, path):
    answer = desk.get(f"/api/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert str(city.house.folder) not in answer.text


def test_attacks_have_names(desk):
    names = desk.get("/api/attack").json()
    assert names["techniques"]["T0846"] == "Remote System Discovery"
    assert next(iter(names["tactics"])) == "reconnaissance"


# --- why it rang ---


def test_evidence_carries_the_fields_that_made_the_rule_hold(desk):
    (reading,) = evidence(desk)
    (matched,) = reading["matched"]
    assert (matched["rule"], matched["part"]) == (NETCAT, NETCAT)
    fields = {one["field"]: one for one in matched["fields"]}
    assert list(fields) == ["Image", "CommandLine", "User"]
    assert fields["Image"]["wanted"] == ["\\nc.exe"]
    assert fields["CommandLine"]["values"] == ["nc.exe -e cmd 10.0.0.9"]
    assert fields["CommandLine"]["wanted"] == [" -e "], "an alternative that does not hold marks nothing"


def test_the_text_of_the_rule_is_marked_where_it_held(desk):
    """The field's name and the value found, wherever the rule asks for it; of a name only the field."""
    matched = evidence(desk)[0]["matched"][0]
    lines = desk.get(f"/api/rules/{NETCAT}").json()["text"].split("\n")
    marked = [lines[line][start:end] for line, start, end in matched["spans"]]
    image = ["Image|endswith", r"'\nc.exe'"]
    assert marked == [*image, "CommandLine|contains", "' -e '", *image, "User|contains"]


def test_a_name_stays_a_token_and_the_marks_of_admission_are_not_shown(desk):
    (reading,) = evidence(desk)
    person = next(one for one in reading["matched"][0]["fields"] if one["field"] == "User")
    assert person["personal"] is True
    assert "wanted" not in person
    assert person["values"][0].startswith("CITY\\t:")
    assert "anna" not in json.dumps(reading)
    assert "~" not in reading["raw"]


def test_a_reading_is_explained_by_the_rules_that_read_it(desk, city):
    """The rule is changed: what it matched before is still marked as it was, and said to be changed."""
    (before,) = evidence(desk)
    then = before["matched"][0]["digest"]
    path = city.rules / "netcat.yml"
    path.write_text(RULE.replace("nc.exe", "netcat.exe").replace("a shell", "shells"))
    desk.post("/api/rules/reload").raise_for_status()
    wait_for(lambda: desk.get(f"/api/rules/{NETCAT}").json()["rule"]["title"] == "Netcat offers shells")
    (after,) = evidence(desk)
    assert after["matched"] == before["matched"]
    shown = desk.get(f"/api/rules/{NETCAT}", params={"digest": then}).json()
    assert shown["text"] == RULE.strip()
    assert "changed since" in shown["changed"]
    path.write_text(RULE)
    desk.post("/api/rules/reload").raise_for_status()
    wait_for(lambda: desk.get(f"/api/rules/{NETCAT}").json()["rule"]["title"] == "Netcat offers a shell")


# --- tuning ---


def test_a_rule_is_suppressed_with_a_reason_until_a_moment_and_lifted(desk, lifted):
    until = time.time() + 3600
    row = decide(desk, "suppress-rule", text="Maintenance of pc-7.", until=until).json()
    assert (row["state"], row["reason"], row["suppressed_until"]) == ("suppressed", "Maintenance of pc-7.", until)
    assert row["by"] == desk.get("/api/session").json()["account"], "a pseudonym, not a name"
    assert "suppressed_until" not in decide(desk, "lift-rule").json()


def test_what_is_suppressed_is_counted(desk, city, lifted):
    decide(desk, "suppress-rule", text="Maintenance.", until=time.time() + 3600)
    with city.log.open("a") as file:
        file.write(event(CommandLine="nc.exe -e sh 10.0.0.10"))
    wait_for(lambda: desk.get(f"/api/rules/{NETCAT}").json()["rule"].get("suppressed"))


def test_an_exception_names_fields_and_who_made_it(desk, lifted):
    row = decide(desk, "except-rule", text="Our own.", until=time.time() + 60, others=["Computer=pc-7"]).json()
    (kept,) = row["exempt"]
    assert (row["state"], kept["values"], kept["reason"]) == ("in force with exceptions", ["Computer=pc-7"], "Our own.")
    assert kept["by"]


@pytest.mark.parametrize(
    ("verb", "body", "problem"),
    [
        ("suppress-rule", {"until": 3600.0}, "conflict"),
        ("suppress-rule", {"text": "No end."}, "conflict"),
        ("suppress-rule", {"text": "Too long.", "until": 91 * 86_400.0}, "conflict"),
        ("except-rule", {"text": "No field.", "until": 3600.0}, "bad-input"),
        ("obliterate", {"text": "x"}, "not-found"),
    ],
)
def test_a_tuning_without_reason_end_or_field_is_refused(desk, verb, body, problem):
    asked = body | ({"until": time.time() + body["until"]} if "until" in body else {})
    answer = decide(desk, verb, **asked)
    assert answer.json()["code"] == problem
    assert "exempt" not in desk.get(f"/api/rules/{NETCAT}").json()["rule"]


def test_a_viewer_tunes_nothing(city):
    answer = decide(city.signed_in("vera"), "suppress-rule", text="x", until=time.time() + 60)
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")


def test_an_operator_reads_no_folder_at_once(city):
    assert city.signed_in("anna").post("/api/rules/reload").status_code == 403
