"""Windows events: every form of JSON gives the same row, .evtx files give their records, damage gives a reason."""

import io
import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.formats import json_objects, windows
from tocsin.model import BadInput

STAMP = "2025-11-27T07:40:10.165324Z"
SYSTEM = {
    "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon", "Guid": "5770385F"}},
    "EventID": 1,
    "Version": 5,
    "Level": 4,
    "Task": 1,
    "Opcode": 0,
    "Keywords": "0x8000000000000000",
    "TimeCreated": {"#attributes": {"SystemTime": STAMP}},
    "EventRecordID": 7,
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "Computer": "door-7",
}
DATA = {"Image": r"C:\Windows\clip.exe", "CommandLine": "clip", "ProcessId": 1060}
ROW = {
    **DATA,
    **{name: SYSTEM[name] for name in ("EventID", "Channel", "Computer", "EventRecordID", "Level", "Task", "Opcode")},
    "Version": 5,
    "Keywords": "0x8000000000000000",
    "Provider_Name": "Microsoft-Windows-Sysmon",
    "at": 1764229210.165324,
}


def event(system=SYSTEM, **parts):
    return json.dumps({"Event": {"System": system, **(parts or {"EventData": DATA})}}).encode()


def test_an_event_is_one_flat_row():
    assert windows.row_of(event()) == ROW


def test_an_event_number_with_qualifiers_or_as_text_is_a_number():
    for number in ({"#attributes": {"Qualifiers": 16384}, "#text": 7045}, "7045"):
        assert windows.row_of(event({**SYSTEM, "EventID": number}))["EventID"] == 7045


def test_xml_attributes_with_an_at_sign_are_read_alike():
    system = {**SYSTEM, "Provider": {"@Name": "X"}, "TimeCreated": {"@SystemTime": STAMP}}
    data = {"Data": [{"@Name": "Image", "#text": "a.exe"}, {"@Name": "Empty"}]}
    row = windows.row_of(event(system, EventData=data))
    assert (row["Image"], row["Empty"], row["Provider_Name"], row["at"]) == ("a.exe", None, "X", ROW["at"])


def test_nameless_data_is_one_text():
    row = windows.row_of(event(EventData={"Data": {"#text": ["Stopped", "HostApplication=powershell"]}}))
    assert row["Data"] == "Stopped, HostApplication=powershell"


def test_user_data_is_unwrapped():
    row = windows.row_of(
        event(UserData={"EventXML": {"#attributes": {"xmlns": "x"}, "User": "anna", "Address": "::1"}})
    )
    assert (row["User"], row["Address"]) == ("anna", "::1")


def test_winlogbeat_and_nxlog_give_the_same_names():
    beats = {"@timestamp": STAMP, "winlog": {"event_id": "1", "channel": SYSTEM["Channel"], "computer_name": "door-7",
             "provider_name": "Microsoft-Windows-Sysmon", "record_id": 7, "event_data": DATA}}  # fmt: skip
    flat = {"EventTime": "2025-11-27 07:40:10.165324", "Hostname": "door-7", "SourceName": "Microsoft-Windows-Sysmon",
            "EventID": 1, "Channel": SYSTEM["Channel"], "RecordNumber": 7, "EventType": "INFO", **DATA}  # fmt: skip
    for form in (beats, flat):
        row = windows.row_of(json.dumps(form).encode())
        assert {name: ROW[name] for name in row if name in ROW and name != "EventTime"} == {
            name: value for name, value in row.items() if name != "EventTime"
        }


def test_system_wins_over_data_of_the_same_name():
    assert windows.row_of(event(EventData={"Channel": "forged", "EventID": 4}))["Channel"] == SYSTEM["Channel"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"[1]", "not an object"),
        (b'{"a": 1}', "no EventID"),
        (b'{"Event": {"a": 1}}', "no System"),
        (event({**SYSTEM, "EventID": "x"}), "no EventID that is a number"),
        (event({**SYSTEM, "EventID": True}), "no EventID that is a number"),
        (event({**SYSTEM, "TimeCreated": None}), "no time"),
        (event({**SYSTEM, "TimeCreated": {"#attributes": {"SystemTime": "yesterday"}}}), "no time"),
        (event(EventData={"n": 10**30}), "64 bits"),
        (event(EventData={"n": json.loads("[" * 80 + "]" * 80)}), "nested deeper"),
        (b'{"Event":' + b"[" * 100_000, "deep"),
        (b'{"Event": "\xff"}', "UTF-8"),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(raw, reason):
    with pytest.raises(BadInput, match=reason):
        windows.row_of(raw)


def test_a_reason_repeats_no_content():
    with pytest.raises(BadInput) as caught:
        windows.row_of(b'{"User": "anna.virtanen" oops}')
    assert "anna" not in str(caught.value)


@given(st.binary() | st.dictionaries(st.sampled_from(["Event", "winlog", "EventID", "Channel"]), st.none() | st.text()))
@settings(deadline=None)
def test_any_bytes_give_a_row_or_a_reason(raw):
    with suppress(BadInput):
        assert windows.row_of(raw if isinstance(raw, bytes) else json.dumps(raw).encode())["at"] >= 0


def recorded(suffix):
    folder = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "sigma" / "regression"
    found = sorted(folder.rglob(f"*{suffix}"))
    if not found and os.environ.get("TOCSIN_REQUIRE_ALL") == "1":
        pytest.fail(f"{folder} is absent")
    if not found:
        pytest.skip(f"recorded data is absent: {folder} (set TOCSIN_DATA)")
    return found


def test_an_evtx_file_and_its_export_hold_the_same_events():
    for path in recorded(".evtx")[:20]:
        export = path.with_suffix(".json")
        with path.open("rb") as raw, export.open("rb") as text:
            records = [windows.row_of(line) for line, problem in windows.evtx_pieces(raw) if not problem]
            exported = [windows.row_of(line) for line, problem in json_objects.pieces(text) if not problem]
        assert [{**row, "ParentCommandLine": ""} for row in records] == [
            {**row, "ParentCommandLine": ""}
            for row in exported  # the exports were trimmed by hand there
        ]


@pytest.mark.parametrize(
    ("size", "reason"), [(100, "no readable header"), (5_000, "it was cut"), (69_000, "it was cut")]
)
def test_a_truncated_evtx_file_says_so(size, reason):
    content = recorded(".evtx")[0].read_bytes()[:size]
    assert any(reason in problem for _, problem in windows.evtx_pieces(io.BytesIO(content)))


def test_a_damaged_record_is_told():
    content = bytearray(recorded(".evtx")[0].read_bytes())
    content[4_700:4_800] = bytes(range(100))
    assert any("damaged" in problem for _, problem in windows.evtx_pieces(io.BytesIO(bytes(content))))
