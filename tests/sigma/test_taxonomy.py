"""Rows find their lane and rules their fields, by a mapping document."""

import pytest

from tocsin.model import ConfigError
from tocsin.sigma.rule import Logsource
from tocsin.sigma.taxonomy import BRANCHES_MAX, Taxonomy, covers

DOCUMENT = {
    "format": "w",
    "lanes": [
        {
            "when": {"c": ["Sysmon"], "id": [1, 5]},
            "logsources": [{"product": "W", "category": "start"}],
            "fields": {"I": "own"},
        },
        {"when": {"c": ["sysmon"]}, "logsources": [{"product": "w", "service": "sysmon"}, {"category": "any"}]},
        {"when": {"in.side": ["yes"]}, "logsources": [{"product": "x"}]},
        {"when": {"flag": [True]}, "logsources": [{"product": "y"}]},
    ],
    "fields": {"I": ["first", "deep.second"]},
    "subject": ["host", "name"],
    "actors": ["from", "by"],
    "personal": {"who": "account", "I": "account"},
    "ocsf": {"any": "thing"},
}
ROUTES = [
    ({"c": "SYSMON", "id": 1}, 0),
    ({"c": "sysmon", "id": "5"}, 0),
    ({"c": "sysmon", "id": 2}, 1),
    ({"c": ["other", "sysmon"]}, 1),
    ({"c": "sysmon", "id": True}, 1),
    ({"in": {"side": "YES"}}, 2),
    ({"in.side": "yes"}, 2),
    ({"flag": True}, 3),
    ({"flag": 1}, -1),
    ({"flag": "true"}, 3),
    ({"c": {"sysmon": 1}}, -1),
    ({}, -1),
]


@pytest.fixture
def taxonomy():
    return Taxonomy.of(DOCUMENT)


def test_the_first_lane_whose_conditions_hold_is_the_rows(taxonomy):
    for row, number in ROUTES + ROUTES:
        assert taxonomy.lane(row).number == number, row


def test_routes_are_remembered_within_bounds(taxonomy):
    for number in range(3 * BRANCHES_MAX):
        taxonomy.lane({"c": f"c{number}", "id": number})
    assert len(taxonomy._root.branches) <= BRANCHES_MAX


READ = [
    ({"own": 1, "first": 2}, 0, 1),
    ({"first": 2, "deep": {"second": 3}}, 1, 2),
    ({"first": None, "deep": {"second": 3}}, 1, 3),
    ({"deep": [{"second": 3}, {"other": 1}, {"second": 4}]}, 1, [3, 4]),
    ({"deep.second": 5, "deep": {"second": 3}}, 1, 5),
    ({"deep": "flat"}, 1, None),
]


@pytest.mark.parametrize(("row", "lane", "value"), READ)
def test_the_first_name_that_is_there_is_read(taxonomy, row, lane, value):
    assert taxonomy.lanes[lane].reader("I")(row) == value


def test_a_rule_is_fed_where_each_part_it_gives_is_equal(taxonomy):
    fed = {name: [lane.number for lane in taxonomy.lanes if lane.feeds(source)] for name, source in SOURCES.items()}
    assert fed == {"all": [0, 1, 2, 3], "product": [0, 1], "both": [0], "service": [1], "none": []}


SOURCES = {
    "all": Logsource(),
    "product": Logsource(product="w"),
    "both": Logsource(product="w", category="start"),
    "service": Logsource(service="sysmon"),
    "none": Logsource(product="w", category="any"),
}


def test_covers_is_about_what_is_wanted():
    assert covers(Logsource(product="a", category="b"), Logsource(category="b"))
    assert not covers(Logsource(category="b"), Logsource(product="a", category="b"))


def test_who_is_concerned_and_who_acts(taxonomy):
    row = {"name": "b", "by": ["x", "y"], "from": "y"}
    assert (taxonomy.subject(row), taxonomy.actors(row)) == ("b", ("y", "x"))
    assert (taxonomy.subject({}), taxonomy.actors({})) == ("", ())


def test_fields_are_told_as_rules_name_them(taxonomy):
    assert taxonomy.fields({"deep": {"second": 3}, "z": 0}, ["I", "z", "absent"]) == {"I": 3, "z": 0}


def test_a_field_is_personal_by_either_name(taxonomy):
    lane = taxonomy.lanes[1]
    assert [taxonomy.is_personal(lane, name) for name in ("who", "I", "host")] == [True, True, False]


@pytest.mark.parametrize("broken", [{}, {"format": "w"}, {"format": "w", "lanes": [{"wen": {}, "logsources": []}]}])
def test_a_broken_mapping_says_what_is_wrong(broken):
    with pytest.raises(ConfigError, match="field mapping"):
        Taxonomy.of(broken)
