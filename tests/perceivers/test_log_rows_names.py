"""What names a person stays behind, in every format; rules can still ask about it; wrong clocks disturb nobody."""

import json

import pytest

from tocsin.contract.bodies import LogBatch
from tocsin.contract.resources import Resources
from tocsin.contract.rulebook import RuleBook
from tocsin.contract.ruletexts import RuleTexts
from tocsin.model import ConfigError, Origin, Reading
from tocsin.perceivers.log_rows import LogRows
from tocsin.sigma.matching import Matcher

KEY = b"k" * 32
STAMP = "2025-11-27T07:40:10Z"


def started(rules=None):
    return LogRows().start(Resources(token_key=KEY, rules=rules))


def perceived(format, *lines, header="", at=1.8e9, origin=Origin.REPLAY, rules=None):
    batch = LogBatch(format=format, lines=lines, offsets=tuple(range(len(lines))), header=header)
    return started(rules).perceive(Reading(at=at, origin=origin, source="s", seq=0, body=batch))


def row(format, line, **how):
    found = perceived(format, line, **how)
    assert not found.rejected
    return found.readings[0].body.rows[0]


def windows(**data):
    system = {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "c",
              "TimeCreated": {"#attributes": {"SystemTime": STAMP}}}  # fmt: skip
    return json.dumps({"Event": {"System": system, "EventData": data}}).encode()


def eve(**fields):
    return json.dumps({"timestamp": "1970-01-01T00:00:09+0000", **fields}).encode()


LINES = {
    "windows": windows(User=r"CORP\Anna", TargetUserSid="S-1-5-21-1-2-3-1001", CommandLine=r"type C:\Users\anna\x"),
    "eve": b'{"timestamp":"1970-01-01T00:00:09+0000","event_type":"smb","smb":{"ntlmssp":{"user":"anna"}}}',
    "zeek-json": b'{"ts":5.0,"_path":"kerberos","client":"anna/CORP","user":"anna"}',
    "syslog": b"2025-11-27T07:40:10Z h sshd[9]: Failed password for invalid user anna from 10.0.0.1 port 22 ssh2",
    "auditd": b'type=EXECVE msg=audit(5.0:1): a0="ls" a1="/home/anna/x"\x1dAUID="anna"',
    "wazuh": json.dumps({"timestamp": "1970-01-01T00:00:05+0000", "rule": {"level": 5}, "decoder": {"name": "sshd"},
                         "data": {"srcuser": "anna"}, "full_log": "x sshd: Invalid user anna from 10.0.0.1"}).encode(),
    "mosquitto": b"5: New client connected from 10.0.0.7:1 as cam (p2, c1, k60, u'anna').",
}  # fmt: skip


@pytest.mark.parametrize("format", LINES)
def test_no_account_leaves_and_the_same_account_is_the_same_token_everywhere(format):
    token = row("zeek-json", LINES["zeek-json"])["user"]
    text = json.dumps(row(format, LINES[format]))
    assert "anna" not in text.lower()
    assert token in text


def test_the_parts_of_a_message_are_fields():
    found = row("syslog", LINES["syslog"])
    assert (found["src_ip"], found["src_port"], found["outcome"]) == ("10.0.0.1", "22", "Failed")
    assert found["message"] == f"Failed password for invalid user {found['user']} from 10.0.0.1 port 22 ssh2"


def test_a_sudo_line_tells_who_what_and_where():
    line = (
        b"2025-11-27T07:40:10Z h sudo:  anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/bin/cat /home/anna/x"
    )
    found = row("syslog", line)
    assert (found["USER"], found["TTY"]) == ("root", "pts/0")
    assert found["PWD"] == f"/home/{found['user']}"
    assert found["COMMAND"] == f"/bin/cat /home/{found['user']}/x"


@pytest.mark.parametrize("user", [r"NT AUTHORITY\SYSTEM", "DOOR-7$", r"NT SERVICE\MSSQL", "-"])
def test_accounts_of_no_person_stay_readable(user):
    assert row("windows", windows(User=user))["User"] == user


@pytest.mark.parametrize(
    ("log", "field", "stays"),
    [("sip", "uri", False), ("http", "uri", True), ("kerberos", "client", False), ("ssh", "client", True)],
)
def test_a_name_is_personal_only_in_the_log_that_it_belongs_to(log, field, stays):
    line = json.dumps({"ts": 5.0, "_path": log, field: "anna@x"}).encode()
    assert ("anna" in row("zeek-json", line)[field]) is stays


@pytest.mark.parametrize(
    ("format", "line"),
    [
        ("eve", eve(event_type="http", payload="secret", http={"http_request_body": "secret"})),
        ("eve", eve(event_type="ftp", ftp={"command": "PASS", "command_data": "secret"})),
        ("zeek-json", b'{"ts":5.0,"_path":"ftp","password":"secret","arg":"secret"}'),
        ("windows", windows(Message="secret")),
        ("auditd", b"type=TTY msg=audit(5.0:1): data=736563726574"),
    ],
)  # fmt: skip
def test_content_does_not_survive(format, line):
    text = json.dumps(row(format, line))
    assert "secret" not in text
    assert "736563726574" not in text


def test_an_address_of_the_web_is_split_for_rules():
    found = row("zeek-json", b'{"ts":5.0,"_path":"http","uri":"/a/b.aspx?x=1"}')
    assert (found["uri_stem"], found["uri_extension"]) == ("/a/b.aspx", "aspx")


RULE = """
title: Anna logs on
id: 11111111-1111-4111-8111-111111111111
level: low
logsource: {product: windows, category: process_creation}
detection:
  selection: {User|endswith: '\\anna'}
  condition: selection
"""


def test_a_rule_about_a_name_is_answered_beside_the_source():
    shipped = RuleTexts.read(Resources().content).texts
    rules = RuleTexts(
        digest="test-anna", texts={**{p: t for p, t in shipped.items() if "mappings" in p}, "a.yml": RULE}
    )
    book = RuleBook.load(Resources(rules=rules))
    matcher = Matcher(book.loaded.rules, book.taxonomies)
    for user, fires in ((r"CORP\Anna", True), (r"CORP\Anton", False)):
        found = row("windows", windows(User=user), rules=rules)
        assert [one.title for one in matcher.row("windows", found)] == ["Anna logs on"] * fires
        assert "Ann" not in json.dumps(found)


def test_a_city_s_own_mapping_can_add_to_what_names_a_person_and_not_take_away():
    shipped = RuleTexts.read(Resources().content).texts
    own = "format: zeek\nlanes: [{when: {}, logsources: [{product: zeek}]}]\npersonal: {badge: name}\n"
    rules = RuleTexts(digest="test-own", texts={**shipped, "rules/mappings/zeek.yaml": own})
    found = row("zeek-json", b'{"ts":5.0,"_path":"x","badge":"anna","user":"anna"}', rules=rules)
    assert found["badge"] == found["user"] != "anna"


@pytest.mark.parametrize(
    "wrong", ["personal: [a]", "personal: {a: face}", "texts: {m: [{pattern: '('}]}", "personal: {"]
)
def test_a_city_s_own_mapping_that_cannot_be_used_is_no_reason_to_let_names_pass(wrong):
    shipped = RuleTexts.read(Resources().content).texts
    rules = RuleTexts(digest=f"test-{wrong}", texts={**shipped, "rules/mappings/zeek.yaml": f"format: zeek\n{wrong}\n"})
    with pytest.raises(ConfigError):
        started(rules)


def test_a_clock_ten_years_off_is_set_aside_alone():
    lines = [b"%d: x" % at for at in (1_700_000_000, 2_015_000_000, 1_700_000_001, 1_700_000_002)]
    found = perceived("mosquitto", *lines)
    assert found.readings[0].at == 1_700_000_002.0
    assert found.readings[0].body.offsets == (0, 2, 3)
    assert [line for line, _ in found.rejected] == [lines[1]]


def test_a_live_line_from_the_future_is_set_aside_alone():
    lines = [b"%d: x" % at for at in (1_700_000_000, 1_700_010_000)]
    found = perceived("mosquitto", *lines, at=1_700_000_001.0, origin=Origin.LIVE)
    assert (found.readings[0].body.offsets, len(found.rejected)) == ((0,), 1)


def test_rows_of_ever_new_shapes_are_not_kept():
    running = started()
    for start in range(0, 6_000, 500):
        lines = tuple(b'{"ts":5.0,"f%d":1,"user":"u%d"}' % (n, n) for n in range(start, start + 500))
        batch = LogBatch(format="zeek-json", lines=lines, offsets=tuple(range(500)), header="x")
        running.perceive(Reading(at=9.0, origin=Origin.REPLAY, source="s", seq=0, body=batch))
    assert len(running._redactions["zeek"]._shapes) <= 4_096


def test_marks_that_a_line_brings_itself_are_no_marks():
    assert "~" not in row("zeek-json", b'{"ts":5.0,"~":["forged"]}')
