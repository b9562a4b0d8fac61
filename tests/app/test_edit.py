"""Edits of YAML: what is asked for changes, and not one comment."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.edit import add_entry, add_row, put_entry, set_key
from tocsin.contract.resources import content_folder
from tocsin.model import ConfigError

PLAIN = st.recursive(
    st.text(max_size=40) | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
    max_leaves=8,
)
LONG = {"kind": "mqtt", "parameters": {"url": "mqtt://127.0.0.1:1883", "routes": {"city/#": "gas", "#": "readings"}}}


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "some.yaml"
        path.write_text(text)
        return path

    return write


def comments(text):
    return re.findall(r"(?m)(?:^|\s)#.*$", text)


@pytest.mark.parametrize(
    "before",
    [
        "inputs: {}  # mine\n",
        "inputs:  # mine\n",
        "a: 1\n",
        "inputs:",
        "# all\ninputs:\n  # of x\n  x: 1\n\n# next\nb: 2\n",
    ],
)
@given(value=PLAIN)
def test_an_entry_is_added_and_everything_else_stays(tmp_path_factory, before, value):
    path = tmp_path_factory.mktemp("edit") / "some.yaml"
    path.write_text(before)
    add_entry(path, "inputs", "new", value)
    old, new = yaml.safe_load(before), yaml.safe_load(path.read_text())
    assert new == {**old, "inputs": {**(old.get("inputs") or {}), "new": value}}
    assert comments(before) == [line for line in comments(path.read_text()) if line in comments(before)]


def test_an_entry_goes_behind_the_last_one_and_before_the_comment_of_the_next_key(file):
    path = file("inputs:\n  # of x\n  x: 1\n\n# of b\nb: 2\n")
    add_entry(path, "inputs", "y", 2)
    assert path.read_text() == "inputs:\n  # of x\n  x: 1\n  y: 2\n\n# of b\nb: 2\n"


@given(first=PLAIN, second=PLAIN)
def test_an_entry_is_replaced(tmp_path_factory, first, second):
    path = tmp_path_factory.mktemp("edit") / "some.yaml"
    path.write_text("# head\ninputs:\n  old: 1\n# tail\nz: 1\n")
    for value in (first, second):
        put_entry(path, "inputs", "new", value)
    assert yaml.safe_load(path.read_text()) == {"inputs": {"old": 1, "new": second}, "z": 1}
    assert path.read_text().startswith("# head\ninputs:\n  old: 1\n  new:")


def test_an_entry_with_comments_is_not_replaced(file):
    path = file("inputs:\n  x:\n    kind: mqtt  # the old broker\n")
    with pytest.raises(ConfigError, match="comments of yours"):
        put_entry(path, "inputs", "x", LONG)
    assert "old broker" in path.read_text()


def test_a_topic_with_a_number_sign_is_no_comment(file):
    path = file("inputs: {}\n")
    for _ in range(2):
        put_entry(path, "inputs", "x", LONG)
    assert yaml.safe_load(path.read_text())["inputs"]["x"] == LONG


@pytest.mark.parametrize(
    "before", ["# head\n[]\n", "# head\n", "# head\n- {id: a}\n", "# head\n  - id: a\n    b: 1\n# tail\n"]
)
def test_a_row_is_appended(file, before):
    path = file(before)
    add_row(path, {"id": "new", "place": {"lon": 1.5, "lat": 2.0}, "sees": ["toxic"]})
    rows = yaml.safe_load(path.read_text())
    assert [*(yaml.safe_load(before) or []), rows[-1]] == rows
    assert rows[-1]["id"] == "new"
    assert path.read_text().startswith(before.replace("[]\n", "").rstrip())


@pytest.mark.parametrize(
    ("before", "edit"),
    [
        ("inputs: {a: 1}\n", lambda path: add_entry(path, "inputs", "b", 2)),
        ("inputs:\n  a: 1\n", lambda path: add_entry(path, "inputs", "a", 2)),
        ("- 1\n", lambda path: add_entry(path, "inputs", "a", 2)),
        ("a: [1\n", lambda path: add_entry(path, "inputs", "a", 2)),
        ("[1, 2]\n", lambda path: add_row(path, 3)),
        ("a: 1\n", lambda path: add_row(path, 3)),
        ("b: 1\n", lambda path: set_key(path, "a", 1)),
        ("a:\n  b: 1\n", lambda path: set_key(path, "a", 1)),
    ],
)
def test_what_cannot_be_edited_is_refused_and_left_as_it_is(file, before, edit):
    path = file(before)
    with pytest.raises(ConfigError, match=r"yourself|nothing was changed"):
        edit(path)
    assert path.read_text() == before


def test_a_key_gets_another_value_and_keeps_its_comment(file):
    path = file('# the map\nmap: ""  # none yet\ncentre: [1, 2]\nempty:\n')
    set_key(path, "map", "map.json")
    set_key(path, "centre", [7.42, 43.73])
    set_key(path, "empty", "no: more")
    assert path.read_text() == "# the map\nmap: map.json  # none yet\ncentre: [7.42, 43.73]\nempty: 'no: more'\n"


@pytest.mark.parametrize("name", ["inputs", "devices"])
def test_our_own_template_can_be_edited(file, name):
    before = (content_folder() / "templates" / "tocsin.yaml").read_text()
    path = file(before)
    add_entry(path, name, "new", LONG)
    assert yaml.safe_load(path.read_text())[name]["new"] == LONG
    assert len(comments(path.read_text())) == len(comments(before))
