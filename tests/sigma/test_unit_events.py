"""Unit events: read, refused where hostile, run through matcher and correlator; and rows made from conditions."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model import BadInput
from tocsin.sigma.example_events import example_events
from tocsin.sigma.reading import read
from tocsin.sigma.taxonomy import Taxonomy
from tocsin.sigma.unit_events import read_events, run_events

TAXONOMIES = {
    "windows": Taxonomy.of(
        {
            "format": "windows",
            "lanes": [
                {"when": {"EventID": [1]}, "logsources": [{"product": "windows", "category": "process_creation"}]},
                {"when": {}, "logsources": [{"product": "windows"}]},
            ],
            "personal": {"User": "account"},
        }
    ),
    "zeek": Taxonomy.of(
        {
            "format": "zeek",
            "lanes": [{"when": {"log": ["conn"]}, "logsources": [{"product": "zeek", "service": "conn"}]}],
            "fields": {"dst_ip": ["id.resp_h"], "dst_port": ["id.resp_p"]},
        }
    ),
}
RULE = """
title: A tool
id: 11111111-1111-4111-8111-111111111111
name: tool
status: test
level: high
logsource: {product: windows, category: process_creation}
detection:
  tool: {Image|endswith: '\\x.exe'}
  line: {CommandLine|contains: [-a, -b]}
  filter: {User: SYSTEM}
  condition: tool and line and not filter
"""
CORRELATION = """
title: Two in a row
id: 22222222-2222-4222-8222-222222222222
level: high
correlation: {type: temporal_ordered, rules: [tool, talk], group-by: [host], timespan: 1m,
  aliases: {host: {tool: Computer, talk: name}}}
"""
TALK = """
title: A talk
id: 33333333-3333-4333-8333-333333333333
name: talk
status: test
level: low
logsource: {product: zeek, service: conn}
detection:
  talk: {dst_ip|cidr: 10.0.0.0/8, dst_port: 4444}
  condition: talk
"""


def loaded(*texts):
    found = read([(f"{number}.yml", text) for number, text in enumerate(texts)])
    assert found.refused == ()
    return found


def outcomes(text, *rules, of=0):
    book = loaded(*rules)
    target = [*book.correlations, *book.rules][of]
    (events,) = read_events("x.events.yml", textwrap.dedent(text))
    return run_events(events, target, book.rules, book.correlations, TAXONOMIES)


def problems(text, *rules):
    return [outcome.problem for outcome in outcomes(text, *rules)]


def test_rows_that_go_as_expected_have_no_problem():
    found = outcomes(
        r"""
        format: windows
        match: [{EventID: 1, Image: 'C:\x.exe', CommandLine: x -b}]
        no_match:
          - {EventID: 1, Image: 'C:\y.exe', CommandLine: x -b}
          - {EventID: 1, Image: 'C:\x.exe', CommandLine: -a, User: SYSTEM}
        """,
        RULE,
    )
    assert [(each.expected, each.actual, each.number, each.problem) for each in found] == [
        (True, True, 1, ""),
        (False, False, 1, ""),
        (False, False, 2, ""),
    ]
    assert found[0].fields == ("Image", "CommandLine")


def test_a_row_that_does_not_match_says_which_part_fails():
    (problem,) = problems(r"{format: windows, match: [{EventID: 1, Image: 'C:\x.exe', CommandLine: none}]}", RULE)
    assert problem == "It should match, but this does not hold: CommandLine contains any of '-a' or '-b'."


def test_a_row_of_another_log_source_says_so():
    (problem,) = problems("{format: windows, match: [{EventID: 4624}]}", RULE)
    assert "read as windows, where the rule does not look" in problem
    (problem,) = problems("{format: nothing, match: [{EventID: 1}]}", RULE)
    assert "no mapping for the format 'nothing'; there is: windows, zeek" in problem


def test_a_row_that_should_not_match_says_by_what_it_does():
    (problem,) = problems(r"{format: windows, no_match: [{EventID: 1, Image: 'C:\x.exe', CommandLine: -a}]}", RULE)
    assert problem == "It should not match, but does, by Image, CommandLine."


SEQUENCE = r"""
match:
  - - {format: windows, row: {EventID: 1, Computer: h, Image: 'C:\x.exe', CommandLine: -a}}
    - {format: zeek, row: {log: conn, name: h, id.resp_h: 10.1.1.1, id.resp_p: 4444}, at: 60}
no_match:
  - - {format: windows, row: {EventID: 1, Computer: h, Image: 'C:\x.exe', CommandLine: -a}}
    - {format: zeek, row: {log: conn, name: h, id.resp_h: 10.1.1.1, id.resp_p: 4444}, at: 61}
  - - {format: zeek, row: {log: conn, name: h, id.resp_h: 10.1.1.1, id.resp_p: 4444}}
    - {format: windows, row: {EventID: 1, Computer: h, Image: 'C:\x.exe', CommandLine: -a}}
"""


def test_sequences_run_a_correlation_over_formats():
    assert problems(SEQUENCE, RULE, TALK, CORRELATION) == ["", "", ""]


def test_a_silent_correlation_says_which_rule_no_event_matches():
    half = r"match: [[{format: windows, row: {EventID: 1, Computer: h, Image: 'C:\x.exe', CommandLine: -a}}]]"
    assert problems(half, RULE, TALK, CORRELATION) == ["It should fire, but does not: no event matches 'A talk'."]


def test_a_silent_correlation_whose_rules_all_match_says_where_to_look():
    late = SEQUENCE.replace("at: 60", "at: 99")
    assert "look at times, groups and places" in problems(late, RULE, TALK, CORRELATION)[0]


def test_a_correlation_that_should_be_silent_says_when_it_fires():
    early = SEQUENCE.replace("at: 61", "at: 30")
    assert problems(early, RULE, TALK, CORRELATION)[1] == "It should not fire, but does at 30 s."


ABSENCE = """
title: It stopped
id: 44444444-4444-4444-8444-444444444444
level: high
correlation: {type: event_count, rules: [talk], timespan: 1m, condition: {lt: 1}}
"""


def test_time_passes_where_only_a_time_is_given():
    row = "{format: zeek, row: {log: conn, id.resp_h: 10.1.1.1, id.resp_p: 4444}}"
    text = f"match: [[{row}, {{at: 60}}]]\nno_match: [[{row}, {{at: 59}}]]"
    assert problems(text, TALK, ABSENCE) == ["", ""]


NEAR = """
title: Near
id: 55555555-5555-4555-8555-555555555555
level: high
tocsin: {near: 100m}
correlation: {type: event_count, rules: [talk], timespan: 1m, condition: {gte: 2}}
"""


def test_places_stand_beside_a_row_or_in_it():
    row = "log: conn, id.resp_h: 10.1.1.1, id.resp_p: 4444"
    beside = f"{{format: zeek, row: {{{row}}}, place: {{lon: 24.9, lat: 60.1}}}}"
    inside = f"{{format: zeek, row: {{{row}, lon: 24.9, lat: 60.1001}}}}"
    far = f"{{format: zeek, row: {{{row}, lon: 24.9, lat: 60.2}}}}"
    text = f"match: [[{beside}, {inside}]]\nno_match: [[{beside}, {far}], [{beside}, {{format: zeek, row: {{{row}}}}}]]"
    assert problems(text, TALK, NEAR) == ["", "", ""]


def test_several_documents_name_their_rules():
    found = read_events("x.events.yml", "{rule: tool, format: windows, match: [{a: 1}]}\n---\n{rule: talk, match: []}")
    assert [(each.rule, each.line) for each in found] == [("tool", 1), ("talk", 3)]
    assert found[0].match[0][0].row == {"a": 1, "at": 0.0}


# --- hostile ---


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("match: [", "x.events.yml:2: The file is no valid YAML"),
        ("[1, 2]", "is a mapping"),
        ("{format: zeek, matches: []}", "there is no 'matches' here"),
        ("{format: zeek, match: 5}", "match must be a list"),
        ("{format: zeek, match: [5]}", "match 1 must be a mapping"),
        ("{format: zeek, match: [[]]}", "match 1 is empty"),
        ("{match: [{a: 1}]}", "needs a format"),
        ("{format: 5, match: [{a: 1}]}", "format must be text"),
        ("{format: zeek, match: [[{row: 5}]]}", "event 1: row must be a mapping"),
        ("{format: zeek, match: [[{row: {a: 1}, at: soon}]]}", "at must be a number of seconds"),
        ("{format: zeek, match: [{a: 1, at: .nan}]}", "at must be a number of seconds"),
        ("{format: zeek, match: [{a: !!binary aGk=}]}", "holds a bytes"),
        ("{format: zeek, match: [{a: 99999999999999999999}]}", "integer beyond 64 bits"),
        ("{format: zeek, match: [{row: {a: 1}, place: here}]}", "place cannot be read"),
        ("{format: zeek, match: [{a: 1, a: 2}]}", "stands twice"),
        ("{format: zeek, match: [{a: " + "[" * 90 + "]" * 90 + "}]}", "nested"),
        ("a: &a [x]\nb: &b [*a, *a]\n" + "x" * 1_000_001, "1000"),
        ("{format: zeek, match: [" + "{a: 1}, " * 2_001 + "]}", "more than 2000 events"),
    ],
)
def test_hostile_files_are_refused_with_a_reason(text, reason):
    with pytest.raises(BadInput) as caught:
        read_events("x.events.yml", text)
    assert reason in str(caught.value)
    assert str(caught.value).startswith("x.events.yml")


def test_times_become_text_as_a_log_would_have_them():
    (events,) = read_events("x", "{format: zeek, match: [{day: 2024-05-01, then: 2024-05-01T10:00:00Z}]}")
    assert events.match[0][0].row == {"day": "2024-05-01", "then": "2024-05-01T10:00:00+00:00", "at": 0.0}


def test_nothing_to_try_is_said():
    with pytest.raises(BadInput, match="nothing to try"):
        problems("{format: zeek}", TALK)


def test_a_correlation_that_cannot_be_run_is_said():
    book = loaded(RULE, TALK)
    events = read_events("x", SEQUENCE)[0]
    (target,) = read([("c.yml", CORRELATION), ("r.yml", RULE), ("t.yml", TALK)]).correlations
    with pytest.raises(BadInput, match="No rule 'talk' is loaded"):
        run_events(events, target, book.rules[:1], [], TAXONOMIES)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    try:
        assert isinstance(read_events("x", text), list)
    except BadInput as error:
        assert str(error).startswith("x")  # noqa: PT017 - either outcome is right


# --- examples ---


def test_examples_match_and_there_is_one_per_branch():
    (rule,) = loaded(RULE).rules
    (example,) = example_events(rule, TAXONOMIES)
    assert example.row == {"EventID": 1, "Image": "\\x.exe", "CommandLine": "-a"}
    assert example.fields == ("Image", "CommandLine")


BRANCHES = """
title: Many ways
id: 66666666-6666-4666-8666-666666666666
status: test
level: low
logsource: {product: zeek, service: conn}
detection:
  net: {dst_ip|cidr: 10.0.0.0/8}
  port: {dst_port|gt: 1000}
  wild: {service: 'a*b?'}
  gone: {history: null}
  there: {note|exists: true}
  word: [needle]
  condition: net or port or (wild and gone) or there or word
"""


def test_examples_of_every_branch():
    (rule,) = loaded(BRANCHES).rules
    rows = [{k: v for k, v in each.row.items() if k != "log"} for each in example_events(rule, TAXONOMIES)]
    assert rows == [
        {"id.resp_h": "10.0.0.1"},
        {"id.resp_p": 1001},
        {"service": "abx"},
        {"note": "x"},
        {"message": "needle"},
    ]


def test_no_example_where_none_can_be_made_or_nothing_feeds_the_rule():
    (rule,) = loaded(TALK.replace("{dst_ip|cidr: 10.0.0.0/8, dst_port: 4444}", "{service|re: 'a[0-9]{3}'}")).rules
    assert example_events(rule, TAXONOMIES) == []
    assert example_events(loaded(TALK).rules[0], {}) == []
