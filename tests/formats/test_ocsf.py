"""OCSF: the published Zeek examples come out exactly, templates leave out what is not there, any row has an object."""

import io
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.contract.loglines import FORMATS
from tocsin.contract.resources import Resources
from tocsin.formats import json_objects, zeek
from tocsin.formats.ocsf import MILLISECONDS, SECONDS, Templates
from tocsin.model import ConfigError

FAMILIES = sorted({name.partition("-")[0] for name in FORMATS})
TEMPLATES = {family: Templates.of(Resources().document(f"sigma/mappings/{family}.yaml")) for family in FAMILIES}
LOGS = ["conn", "dns", "ftp", "http", "rdp", "smtp", "ssh", "ssl"]


def made(record, row, **fields):
    return Templates.of({"format": "x", "ocsf": [{"record": record, **fields}]}).record({"at": 5.5, **row})


def pairs(log):
    folder = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "ocsf_zeek"
    if not folder.is_dir():
        if os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
            pytest.fail(f"{folder} is absent")
        pytest.skip(f"recorded data is absent: {folder} (set TOCSIN_DATA)")
    golden = re.sub(rb" // .*", b"", (folder / f"{log}_log.ocsf").read_bytes())  # one example has comments
    raw = (folder / f"{log}_log.raw").read_bytes()
    return zip(*([line for line, _ in json_objects.pieces(io.BytesIO(text))] for text in (raw, golden)), strict=True)


def less_times(record):
    """The examples' times are not those of their raw records (off by 20 minutes to a day), but consistent."""
    times = {name: record.pop(name, None) for name in ("time", "start_time")}
    logged = record["metadata"].pop("logged_time")
    return record, logged - times["time"], times["start_time"] == times["time"]


@pytest.mark.parametrize("log", LOGS)
def test_a_published_example_comes_out_exactly(log):
    for raw, golden in pairs(log):
        record = TEMPLATES["zeek"].record(zeek.json_row("", raw), SECONDS)
        assert less_times(record) == less_times(json.loads(golden))


def test_times_are_milliseconds_unless_asked_otherwise():
    row = {"log": "conn", "at": 1.5, "duration": 65.338, "_write_ts": "1970-01-01T00:00:02Z"}
    record = TEMPLATES["zeek"].record(row)
    assert (record["time"], record["duration"], record["metadata"]["logged_time"]) == (1500, 65338, 2000)


def test_what_is_not_there_is_left_out():
    record = {"a": {"b": "$b", "kind": 9}, "c": [{"needs": ["d"], "d": "$d"}, "$e"], "f": 1}
    assert made(record, {}) == {"f": 1}
    assert made(record, {"b": 0, "e": 2}) == {"a": {"b": 0, "kind": 9}, "c": [2], "f": 1}


def test_fields_that_no_part_speaks_of_are_unmapped_in_objects():
    row = {"b": 1, "x.y": 2, "x.z": 3, "v": 4, "v.w": 5, "gone": 6}
    assert made({"a": "$b"}, row, ignored=["gone"]) == {"a": 1, "unmapped": {"x": {"y": 2, "z": 3}, "v": 4, "v.w": 5}}


def test_lists_are_walked_with_what_lies_beside_them():
    part = {"each_of": "$names", "with": "$ages", "as": {"name": "$item", "age": "$with"}}
    assert made({"people": [part]}, {"names": ["a", "b"], "ages": [7]})["people"] == [
        {"name": "a", "age": 7},
        {"name": "b"},
    ]


def test_a_lookup_knows_truth_values_and_numbers():
    part = {"n": {"lookup": "$v", "map": {True: 1, 5: 2}, "else": 0}}
    assert [made(part, {"v": value}).get("n") for value in (True, 5, "5", "no")] == [1, 2, 2, 0]


def test_a_template_that_cannot_be_used_is_refused():
    with pytest.raises(ConfigError, match="OCSF part of the mapping of x"):
        made({"a": "$b|loudly"}, {})


@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_of_every_format_has_an_object_with_a_class(family):
    record = TEMPLATES[family].record({"at": 1.0, "log": "new", "strange": {"a": 1}})
    assert {"class_uid", "category_uid", "severity_id", "time"} <= record.keys()
    assert record["unmapped"] == {"strange": {"a": 1}}


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(st.sampled_from(["state", "start", "status", "a"]), PLAIN)
NAMES = st.sampled_from(
    [
        "ts",
        "answers",
        "TTLs",
        "proxied",
        "duration",
        "_write_ts",
        "id.orig_h",
        "http",
        "dns",
        "EventID",
        "tags",
        "a.b",
        "a",
    ]
)


@given(
    st.sampled_from(FAMILIES),
    st.sampled_from(LOGS),
    st.dictionaries(NAMES, JSON),
    st.sampled_from([SECONDS, MILLISECONDS]),
)
@settings(deadline=None)
def test_no_row_is_too_strange(family, log, fields, per_s):
    row = {**fields, "at": 1.0, "log": log, "event_type": log}
    assert TEMPLATES[family].record(row, per_s)["class_uid"] is not None
